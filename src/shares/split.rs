//! Splitting.

use crate::share::{Share, ShareValue, verify};
use crate::{combine, feldman};
use keyferry_bundle::kinds::{ShareHolder, ShareScheme, ShareSet};
use keyferry_bundle::{Base64, Custodian, Digest, FieldError, Serial};

/// Bytes that one coefficient takes. One draw in 2^32 is above the group's order and made again, so each may be drawn twice.
const COEFFICIENT: usize = 64;

/// What splitting makes.
#[derive(Debug)]
pub struct Split {
    /// The public part, without proofs.
    pub set: ShareSet,
    /// The shares, in the order of the set's holders.
    pub shares: Vec<Share>,
}

/// Why nothing was split.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SplitError {
    /// Not 32 bytes that are a number from 1 up to the group's order: one draw in 2^32.
    #[error("these bytes cannot be split: draw others")]
    Secret,
    /// Too few or unlucky random bytes.
    #[error("the random bytes did not suffice: draw others")]
    Randomness,
    /// Threshold or custodians make no set.
    #[error("no set of shares can be made")]
    Set(#[from] FieldError),
    /// What was made does not hold.
    #[error("the shares that were made do not make the secret")]
    Unsound,
}

/// Whether bytes can be split.
#[must_use]
pub fn is_secret(bytes: &[u8]) -> bool {
    bytes.try_into().ok().and_then(feldman::scalar).is_some()
}

/// How many random bytes [`split`] takes.
#[must_use]
pub fn randomness(threshold: u8) -> usize {
    usize::from(threshold.saturating_sub(1)) * COEFFICIENT
}

/// Splits a wrap key for the HSM of that serial number among `custodians`, in their order, and holds every share against the
/// commitments. With `threshold` shares anybody makes the wrap key; `random` is as secret as the wrap key, and as random.
///
/// # Errors
/// As [`SplitError`] says; nothing is made then.
pub fn split(
    secret: &[u8],
    serial: Serial,
    threshold: u8,
    custodians: &[Custodian],
    random: &[u8],
) -> Result<Split, SplitError> {
    let bytes: &[u8; 32] = secret.try_into().map_err(|_| SplitError::Secret)?;
    let secret = feldman::scalar(bytes).ok_or(SplitError::Secret)?;
    let holder = |(index, custodian): (u8, &Custodian)| ShareHolder {
        index,
        holder: custodian.holder.clone(),
        recipient: custodian.recipient.clone(),
        proof: None,
        present: None,
    };
    let holders: Vec<ShareHolder> = (1..=u8::MAX).zip(custodians).map(holder).collect();
    let count = u8::try_from(holders.len()).unwrap_or(u8::MAX);
    check_size(threshold, count)?;
    let (values, points) =
        feldman::split(&secret, threshold, count, random).ok_or(SplitError::Randomness)?;
    let points: Result<Vec<Base64>, String> = points.into_iter().map(Base64::new).collect();
    let mut set = ShareSet {
        scheme: ShareScheme::FeldmanP256,
        id: Digest::of(b""),
        hsm: None,
        threshold,
        commitments: points.map_err(|_| SplitError::Unsound)?,
        holders,
    };
    set.id = set.computed_id(serial);
    set.check("shares", serial)?;
    let share = |(holder, secret): (&ShareHolder, feldman::Secret)| {
        let value = ShareValue::new(secret.bytes()).ok()?;
        Share::of(&set, serial, holder, value)
    };
    let shares: Option<Vec<Share>> = set.holders.iter().zip(values).map(share).collect();
    let shares = shares.ok_or(SplitError::Randomness)?;
    let sound = shares.iter().all(|share| verify(&set, serial, share).is_ok())
        && combine::combine(&set, serial, &shares).is_ok_and(|again| *again == *bytes);
    if sound { Ok(Split { set, shares }) } else { Err(SplitError::Unsound) }
}

/// Before anything is computed; the set's own check says it again.
fn check_size(threshold: u8, count: u8) -> Result<(), FieldError> {
    let (threshold, count) = (usize::from(threshold), usize::from(count));
    if !(ShareSet::MIN..=ShareSet::MAX).contains(&count) {
        let problem = format!("are {count}, not {} to {}", ShareSet::MIN, ShareSet::MAX);
        return Err(FieldError::new("shares.holders", problem));
    }
    if !(ShareSet::MIN..=count).contains(&threshold) {
        let problem = format!("is {threshold}, not {} to {count}", ShareSet::MIN);
        return Err(FieldError::new("shares.threshold", problem));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{SERIAL, bytes, custodians, made, secret};

    fn attempt(threshold: u8, count: usize, random: usize) -> Result<Split, SplitError> {
        let random = bytes("random", random);
        split(&secret("secret"), SERIAL, threshold, &custodians(count), &random)
    }

    #[test]
    fn sizes_outside_of_2_to_16_are_refused() {
        for (threshold, count) in [(0, 3), (1, 3), (4, 3), (255, 3), (2, 0), (2, 1), (1, 1)] {
            let refused = attempt(threshold, count, 4096).unwrap_err();
            assert!(matches!(refused, SplitError::Set(_)), "{threshold} of {count}: {refused}");
        }
        assert!(attempt(16, 16, 4096).is_ok());
    }

    #[test]
    fn one_custodian_has_one_share() {
        let mut twice = custodians(3);
        twice[2] = twice[0].clone();
        let outcome = split(&secret("secret"), SERIAL, 2, &twice, &bytes("random", 64));
        let refused = outcome.unwrap_err();
        assert!(
            matches!(&refused, SplitError::Set(error) if error.field == "shares.holders[2].holder")
        );
    }

    #[test]
    fn random_bytes_that_do_not_reach_make_nothing() {
        for threshold in 2..=5 {
            let enough = usize::from(threshold - 1) * 32;
            assert!(randomness(threshold) > enough);
            assert!(attempt(threshold, 5, enough).is_ok());
            assert_eq!(attempt(threshold, 5, enough - 1).unwrap_err(), SplitError::Randomness);
        }
    }

    #[test]
    fn what_is_no_number_of_the_group_is_not_split() {
        let random = bytes("random", 64);
        for secret in [&[0; 32][..], &[0xff; 32], &[1; 31], &[1; 33], &[]] {
            assert!(!is_secret(secret));
            let outcome = split(secret, SERIAL, 2, &custodians(2), &random);
            assert_eq!(outcome.unwrap_err(), SplitError::Secret);
        }
        assert!(is_secret(&secret("secret")));
    }

    #[test]
    fn every_drawn_byte_counts_and_every_set_has_another_id() {
        let one = made("one", 3, 4);
        let same = made("one", 3, 4);
        assert_eq!(one.set, same.set);
        let random = bytes("one random", randomness(3));
        for byte in 0..64 {
            let mut random = random.clone();
            random[byte] ^= 1;
            let other = split(&secret("one"), SERIAL, 3, &custodians(4), &random).unwrap();
            assert_ne!(other.set.id, one.set.id, "{byte}");
            assert_eq!(other.set.commitments[0], one.set.commitments[0]);
        }
    }
}
