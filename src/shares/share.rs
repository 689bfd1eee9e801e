//! What a custodian keeps.

use crate::feldman;
use keyferry_bundle::kinds::{ShareHolder, ShareSet};
use keyferry_bundle::{Digest, Holder, Serial};
use std::fmt;
use zeroize::Zeroizing;

/// The secret number of a share, big-endian, from 1 up to the group's order. Wiped when dropped; no copy, no `Debug` that shows it.
pub struct ShareValue(Zeroizing<[u8; 32]>);

impl ShareValue {
    /// Takes 32 bytes.
    ///
    /// # Errors
    /// When they are no such number.
    pub fn new(bytes: Zeroizing<[u8; 32]>) -> Result<Self, String> {
        match feldman::scalar(&bytes) {
            Some(_) => Ok(Self(bytes)),
            None => Err("it is no number below the order of P-256, or 0".to_owned()),
        }
    }

    /// The bytes. Whoever looks must not copy them anywhere else.
    #[must_use]
    pub fn expose(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for ShareValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ShareValue")
    }
}

/// The first bytes of a set's id, by which a share says which set it is of. The commitments decide.
pub(crate) type Tag = [u8; 8];

/// One share and what it says of itself.
#[derive(Debug)]
pub struct Share {
    pub(crate) set: Tag,
    pub(crate) threshold: u8,
    pub(crate) count: u8,
    pub(crate) index: u8,
    pub(crate) holder: Holder,
    pub(crate) serial: Serial,
    pub(crate) value: ShareValue,
}

impl Share {
    /// The share of a set's holder, if `value` is one.
    pub(crate) fn of(
        set: &ShareSet,
        serial: Serial,
        holder: &ShareHolder,
        value: ShareValue,
    ) -> Option<Self> {
        let count = u8::try_from(set.holders.len()).ok()?;
        let ShareHolder { index, holder, .. } = holder.clone();
        let (set, threshold) = (tag(&set.id), set.threshold);
        Some(Self { set, threshold, count, index, holder, serial, value })
    }

    /// Its number, from 1.
    #[must_use]
    pub const fn index(&self) -> u8 {
        self.index
    }

    /// Whose it is.
    #[must_use]
    pub const fn holder(&self) -> &Holder {
        &self.holder
    }

    /// The HSM whose wrap key was split.
    #[must_use]
    pub const fn serial(&self) -> Serial {
        self.serial
    }

    /// How many shares make the wrap key.
    #[must_use]
    pub const fn threshold(&self) -> u8 {
        self.threshold
    }

    /// How many shares there are.
    #[must_use]
    pub const fn count(&self) -> u8 {
        self.count
    }

    pub(crate) fn secret(&self) -> Option<feldman::Secret> {
        feldman::Secret::new(self.index, self.value.expose())
    }
}

/// The first bytes of an id.
pub(crate) fn tag(id: &Digest) -> Tag {
    let mut tag = Tag::default();
    tag.iter_mut().zip(id.as_bytes()).for_each(|(to, from)| *to = *from);
    tag
}

/// Why a share is not the one of its set.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Mismatch {
    /// It says that it is of another set.
    #[error("the share of {holder} is of another set: {what}")]
    OtherSet {
        /// Whose it says it is.
        holder: Holder,
        /// What differs.
        what: String,
    },
    /// The set has another holder under its number.
    #[error("the share of {holder} is numbered {index}, which the set gives to {other}")]
    OtherHolder {
        /// Whose it says it is.
        holder: Holder,
        /// Its number.
        index: u8,
        /// Whose number it is, or that there is none such.
        other: String,
    },
    /// Its value is not on the polynomial that was committed to.
    #[error("the share of {holder} was altered: it does not fit the set's commitments")]
    Altered {
        /// Whose it says it is.
        holder: Holder,
    },
}

/// Holds a share against its set.
///
/// # Errors
/// Names the holder and what differs.
pub fn verify(set: &ShareSet, serial: Serial, share: &Share) -> Result<(), Mismatch> {
    let holder = || share.holder.clone();
    let other_set = |what: String| Mismatch::OtherSet { holder: holder(), what };
    let serial = set.origin(serial);
    if share.serial != serial {
        return Err(other_set(format!("it is for HSM {}, not {serial}", share.serial)));
    }
    if share.set != tag(&set.id) {
        return Err(other_set("it names another id".to_owned()));
    }
    let count = set.holders.len();
    if (share.threshold, usize::from(share.count)) != (set.threshold, count) {
        let (threshold, of) = (share.threshold, share.count);
        let what = format!("it is of {threshold} of {of}, not {} of {count}", set.threshold);
        return Err(other_set(what));
    }
    let named = set.holders.iter().find(|one| one.index == share.index);
    if named.is_none_or(|one| one.holder != share.holder) {
        let other = named.map_or("nobody".to_owned(), |one| one.holder.to_string());
        return Err(Mismatch::OtherHolder { holder: holder(), index: share.index, other });
    }
    match share.secret() {
        Some(secret) if feldman::fits(set, &secret) => Ok(()),
        Some(_) | None => Err(Mismatch::Altered { holder: holder() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{SERIAL, copy, made};

    #[test]
    fn every_changed_bit_of_a_value_is_refused_and_named() {
        let split = made("bits", 2, 3);
        for share in &split.shares {
            assert_eq!(verify(&split.set, SERIAL, share), Ok(()));
            for bit in 0..256 {
                let mut value = Zeroizing::new(*share.value.expose());
                value[bit / 8] ^= 1 << (bit % 8);
                let Ok(value) = ShareValue::new(value) else { continue };
                let altered = Share { value, ..copy(share) };
                let refused = verify(&split.set, SERIAL, &altered).unwrap_err();
                assert_eq!(refused, Mismatch::Altered { holder: share.holder.clone() }, "{bit}");
            }
        }
    }

    #[test]
    fn a_share_under_another_number_or_name_is_refused() {
        let split = made("swapped", 2, 3);
        let [one, two, _] = split.shares.as_slice() else { panic!() };
        let swapped = Share { index: two.index, ..copy(one) };
        let refused = verify(&split.set, SERIAL, &swapped).unwrap_err().to_string();
        let expected = "the share of custodian-0 is numbered 2, which the set gives to custodian-1";
        assert_eq!(refused, expected);
        let named = Share { holder: two.holder.clone(), ..copy(&swapped) };
        let refused = verify(&split.set, SERIAL, &named).unwrap_err();
        assert_eq!(refused, Mismatch::Altered { holder: two.holder.clone() });
        for index in [0, 4, 255] {
            let strange = Share { index, ..copy(one) };
            let refused = verify(&split.set, SERIAL, &strange).unwrap_err().to_string();
            assert!(refused.ends_with("which the set gives to nobody"), "{refused}");
        }
    }

    #[test]
    fn a_share_that_says_other_sizes_is_of_another_set() {
        let split = made("sizes", 2, 3);
        let share = &split.shares[0];
        for (threshold, count) in [(3, 3), (2, 4), (3, 4)] {
            let other = Share { threshold, count, ..copy(share) };
            let refused = verify(&split.set, SERIAL, &other).unwrap_err().to_string();
            let expected = format!("it is of {threshold} of {count}, not 2 of 3");
            assert!(refused.ends_with(&expected), "{refused}");
        }
    }

    #[test]
    fn nothing_shows_a_value() {
        let split = made("debug", 2, 2);
        let shown = format!("{:?}", split.shares[0]);
        assert!(shown.contains("value: ShareValue,") || shown.contains("value: ShareValue }"));
        assert_eq!(format!("{:?}", split.shares[0].secret().unwrap()), "Secret");
    }

    #[test]
    fn only_numbers_of_the_group_are_values() {
        const ORDER: [u8; 32] = [
            0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
            0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63,
            0x25, 0x51,
        ];
        let mut last = ORDER;
        last[31] -= 1;
        for (bytes, good) in [([0; 32], false), (ORDER, false), ([0xff; 32], false), (last, true)] {
            assert_eq!(ShareValue::new(Zeroizing::new(bytes)).is_ok(), good, "{bytes:x?}");
        }
    }
}
