//! Making the wrap key again.

use crate::feldman;
use crate::share::{Mismatch, Share, verify};
use keyferry_bundle::kinds::ShareSet;
use keyferry_bundle::{FieldError, Holder, Serial};
use zeroize::Zeroizing;

/// Why shares do not make the wrap key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CombineError {
    /// The set itself does not hold.
    #[error("the set of shares is not sound")]
    Set(#[from] FieldError),
    /// A share is not one of the set.
    #[error(transparent)]
    Share(#[from] Mismatch),
    /// A share is there twice.
    #[error("the share of {0} is there twice")]
    Twice(Holder),
    /// More are needed.
    #[error("{needed} shares are needed, {} there: {}", .got.len(), names(.got))]
    TooFew {
        /// The threshold.
        needed: u8,
        /// Whose are there.
        got: Vec<Holder>,
    },
    /// Sound shares make another secret than the one that was committed to: a defect.
    #[error("the shares do not make the secret that was committed to")]
    Unsound,
}

fn names(holders: &[Holder]) -> String {
    let names: Vec<&str> = holders.iter().map(Holder::as_str).collect();
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

/// The wrap key's bytes, from at least as many shares as the set's threshold says. Each is held against the commitments, and so is
/// what they make.
///
/// # Errors
/// Names the holder of the first share that is not one of the set or is there twice, or that there are too few.
pub fn combine(
    set: &ShareSet,
    serial: Serial,
    shares: &[Share],
) -> Result<Zeroizing<[u8; 32]>, CombineError> {
    set.check("shares", serial)?;
    let mut numbers = Vec::with_capacity(shares.len());
    for (place, share) in shares.iter().enumerate() {
        verify(set, serial, share)?;
        if shares.iter().take(place).any(|earlier| earlier.index == share.index) {
            return Err(CombineError::Twice(share.holder.clone()));
        }
        numbers.push(share.secret().ok_or(CombineError::Unsound)?);
    }
    if numbers.len() < usize::from(set.threshold) {
        let got = shares.iter().map(|share| share.holder.clone()).collect();
        return Err(CombineError::TooFew { needed: set.threshold, got });
    }
    feldman::combine(&numbers)
        .filter(|secret| feldman::is_committed(set, secret))
        .ok_or(CombineError::Unsound)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{SERIAL, copy, made, secret};
    use keyferry_bundle::Base64;

    fn pick(shares: &[Share], places: impl IntoIterator<Item = usize>) -> Vec<Share> {
        places.into_iter().map(|place| copy(&shares[place])).collect()
    }

    #[test]
    fn every_choice_of_enough_shares_makes_the_secret_and_no_smaller_one_does() {
        for count in 2..=6_usize {
            for threshold in 2..=count {
                let seed = format!("{threshold} of {count}");
                let split = made(&seed, threshold.try_into().unwrap(), count);
                for choice in 0..1_u32 << count {
                    let places = (0..count).filter(|place| choice >> place & 1 == 1);
                    let shares = pick(&split.shares, places);
                    let outcome = combine(&split.set, SERIAL, &shares);
                    if shares.len() >= threshold {
                        assert_eq!(*outcome.unwrap(), secret(&seed), "{seed}: {choice:b}");
                    } else {
                        let got: Vec<Holder> = shares.iter().map(|s| s.holder.clone()).collect();
                        let needed = split.set.threshold;
                        assert_eq!(outcome.unwrap_err(), CombineError::TooFew { needed, got });
                    }
                }
            }
        }
    }

    #[test]
    fn the_largest_set_holds() {
        let split = made("largest", 16, 16);
        assert_eq!(*combine(&split.set, SERIAL, &split.shares).unwrap(), secret("largest"));
        let short = pick(&split.shares, 0..15);
        let refused = combine(&split.set, SERIAL, &short).unwrap_err();
        assert!(refused.to_string().starts_with("16 shares are needed, 15 there: custodian-0, "));
    }

    #[test]
    fn the_order_of_shares_does_not_matter() {
        let split = made("order", 3, 5);
        let shares = pick(&split.shares, [4, 0, 2]);
        assert_eq!(*combine(&split.set, SERIAL, &shares).unwrap(), secret("order"));
    }

    #[test]
    fn a_share_that_is_there_twice_does_not_count_twice() {
        let split = made("twice", 3, 5);
        let shares = pick(&split.shares, [1, 3, 1]);
        let refused = combine(&split.set, SERIAL, &shares).unwrap_err();
        assert_eq!(refused.to_string(), "the share of custodian-1 is there twice");
    }

    #[test]
    fn shares_of_two_sets_do_not_mix() {
        let (ours, theirs) = (made("ours", 2, 3), made("theirs", 2, 3));
        let mut shares = pick(&ours.shares, [0]);
        shares.extend(pick(&theirs.shares, [1]));
        let refused = combine(&ours.set, SERIAL, &shares).unwrap_err();
        let expected = "the share of custodian-1 is of another set: it names another id";
        assert_eq!(refused.to_string(), expected);
        // Though it says that it is of this set.
        shares[1].set = shares[0].set;
        let refused = combine(&ours.set, SERIAL, &shares).unwrap_err();
        assert!(matches!(refused, CombineError::Share(Mismatch::Altered { .. })), "{refused}");
    }

    #[test]
    fn shares_of_another_hsm_are_refused() {
        let split = made("hsm", 2, 3);
        let other = Serial::new(7);
        assert!(matches!(combine(&split.set, other, &split.shares), Err(CombineError::Set(_))));
        let mut shares = pick(&split.shares, [0, 1]);
        shares[0].serial = other;
        let refused = combine(&split.set, SERIAL, &shares).unwrap_err();
        assert!(refused.to_string().ends_with("it is for HSM 7, not 12345678"), "{refused}");
    }

    #[test]
    fn a_set_with_another_commitment_holder_or_size_is_not_the_set() {
        let (split, other) = (made("set", 2, 3), made("other", 2, 3));
        let mut changed = split.set.clone();
        changed.commitments[1] = other.set.commitments[1].clone();
        assert!(matches!(combine(&changed, SERIAL, &split.shares), Err(CombineError::Set(_))));
        // With the id made to fit, the shares do not.
        changed.id = changed.computed_id(SERIAL);
        let mut shares = pick(&split.shares, [0, 1]);
        for share in &mut shares {
            share.set = crate::share::tag(&changed.id);
        }
        let refused = combine(&changed, SERIAL, &shares).unwrap_err();
        assert!(matches!(refused, CombineError::Share(Mismatch::Altered { .. })), "{refused}");
        let mut changed = split.set.clone();
        changed.commitments[0] = Base64::new([2; 33]).unwrap();
        assert!(matches!(combine(&changed, SERIAL, &split.shares), Err(CombineError::Set(_))));
    }
}
