//! Showing that a share is there, without showing it: the share's number is a private key, its public point follows from the
//! commitments, and the custodian signs with it which set, HSM, number and name the share belongs to.

use crate::feldman;
use crate::share::{Mismatch, Share, verify};
use keyferry_bundle::kinds::{ShareHolder, ShareSet};
use keyferry_bundle::{Base64, FieldError, PublicKey, Serial};
use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{DerSignature, SigningKey};

/// Why a proof is not made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// The set itself does not hold.
    #[error("the set of shares is not sound")]
    Set(#[from] FieldError),
    /// The share is not one of the set.
    #[error(transparent)]
    Share(#[from] Mismatch),
    /// The signature that was made does not verify: a defect.
    #[error("the proof that was made does not hold")]
    Unsound,
}

/// Proves a share, after it was held against the set. The nonce is derived from key and message (RFC 6979): no random numbers.
///
/// # Errors
/// When the share is not one of the set.
pub fn prove(set: &ShareSet, serial: Serial, share: &Share) -> Result<Base64, ProofError> {
    set.check("shares", serial)?;
    sign(set, set.origin(serial), serial, share)
}

/// A proof of `share` for the HSM of serial number `to`, after it was held against the set for `serial`.
fn sign(set: &ShareSet, to: Serial, serial: Serial, share: &Share) -> Result<Base64, ProofError> {
    verify(set, serial, share)?;
    let key = SigningKey::from_slice(share.value.expose()).map_err(|_| ProofError::Unsound)?;
    let message = set.proof_message(to, share.index, &share.holder);
    let signature: DerSignature = key.sign(&message);
    let proof = Base64::new(signature.as_bytes()).map_err(|_| ProofError::Unsound)?;
    let holder = set.holders.iter().find(|holder| holder.index == share.index);
    match holder {
        Some(holder) if holds(set, to, holder, &proof) => Ok(proof),
        Some(_) | None => Err(ProofError::Unsound),
    }
}

/// The set as the device bundle of the HSM `to` has it, which gets the wrap key of the HSM `serial`: with the proofs that it has, and a new
/// one of everybody whose share is there.
///
/// # Errors
/// When a share is not one of the set, or too few are there.
pub fn present(
    set: &ShareSet,
    serial: Serial,
    to: Serial,
    shares: &[Share],
) -> Result<ShareSet, ProofError> {
    let first = set.origin(serial);
    let mut set = set.clone();
    set.hsm = None;
    set.holders.iter_mut().for_each(|holder| holder.present = None);
    set.check("shares", first)?;
    if to == first {
        return Ok(set);
    }
    for share in shares {
        let proof = sign(&set, to, first, share)?;
        let holder = set.holders.iter_mut().find(|holder| holder.index == share.index);
        holder.ok_or(ProofError::Unsound)?.present = Some(proof);
    }
    set.hsm = Some(first);
    set.check("shares", to)?;
    Ok(set)
}

/// Verifies one holder's proof against the commitments.
///
/// # Errors
/// Says that it does not hold, and whose it is.
pub fn verify_proof(
    set: &ShareSet,
    serial: Serial,
    holder: &ShareHolder,
    proof: &Base64,
) -> Result<(), String> {
    if holds(set, serial, holder, proof) {
        return Ok(());
    }
    let ShareHolder { index, holder, .. } = holder;
    Err(format!("is no proof of {holder}'s share {index} for HSM {serial}"))
}

/// Verifies the set of the HSM of that serial number and every holder's proof: for the HSM whose wrap key was split, and of those who were
/// there when another one got it, for that.
///
/// # Errors
/// Names the first member that breaks a rule, or the first proof that is missing or does not hold.
pub fn verify_proofs(set: &ShareSet, serial: Serial) -> Result<(), FieldError> {
    set.check_proved("shares", serial)?;
    let first = set.origin(serial);
    for (place, holder) in set.holders.iter().enumerate() {
        for (name, to, proof) in
            [("proof", first, &holder.proof), ("present", serial, &holder.present)]
        {
            let outcome = proof.as_ref().map(|proof| verify_proof(set, to, holder, proof));
            if let Some(Err(problem)) = outcome {
                return Err(FieldError::new(format!("shares.holders[{place}].{name}"), problem));
            }
        }
    }
    Ok(())
}

fn holds(set: &ShareSet, serial: Serial, holder: &ShareHolder, proof: &Base64) -> bool {
    let key = feldman::public_point(set, holder.index)
        .and_then(|point| PublicKey::from_p256_point(&point).ok());
    let message = set.proof_message(serial, holder.index, &holder.holder);
    key.is_some_and(|key| key.verifies(&message, proof.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ProofFile;
    use crate::testing::{SERIAL, copy, made};

    fn proved(seed: &str) -> ShareSet {
        let split = made(seed, 2, 3);
        let mut set = split.set.clone();
        for (holder, share) in set.holders.iter_mut().zip(&split.shares) {
            holder.proof = Some(prove(&split.set, SERIAL, share).unwrap());
        }
        set
    }

    #[test]
    fn proofs_hold_from_the_set_alone_and_only_all_of_them() {
        let set = proved("all");
        assert_eq!(verify_proofs(&set, SERIAL), Ok(()));
        for place in 0..3 {
            let mut short = set.clone();
            short.holders[place].proof = None;
            let refused = verify_proofs(&short, SERIAL).unwrap_err();
            assert_eq!(refused.field, format!("shares.holders[{place}].proof"));
        }
    }

    #[test]
    fn a_proof_of_another_set_serial_number_share_or_holder_does_not_hold() {
        let (ours, theirs) = (proved("ours"), proved("theirs"));
        let mut mixed = ours.clone();
        mixed.holders[1].proof.clone_from(&theirs.holders[1].proof);
        let refused = verify_proofs(&mixed, SERIAL).unwrap_err();
        assert_eq!(refused.field, "shares.holders[1].proof");
        assert_eq!(refused.problem, "is no proof of custodian-1's share 2 for HSM 12345678");
        let mut swapped = ours.clone();
        swapped.holders[0].proof.clone_from(&ours.holders[1].proof);
        assert!(verify_proofs(&swapped, SERIAL).is_err());
        // The same set for another HSM: the id is made to fit, the proofs are not.
        let other = Serial::new(7);
        assert_eq!(verify_proofs(&ours, other).unwrap_err().field, "shares.id");
        let mut moved = ours.clone();
        moved.id = moved.computed_id(other);
        assert_eq!(verify_proofs(&moved, other).unwrap_err().field, "shares.holders[0].proof");
        // Another name for a holder likewise.
        let mut renamed = ours;
        renamed.holders[2].holder = "mallory".parse().unwrap();
        assert_eq!(verify_proofs(&renamed, SERIAL).unwrap_err().field, "shares.id");
        renamed.id = renamed.computed_id(SERIAL);
        assert_eq!(verify_proofs(&renamed, SERIAL).unwrap_err().field, "shares.holders[0].proof");
    }

    /// Another HSM gets the wrap key from two shares of three.
    #[test]
    fn a_set_for_another_hsm_has_new_proofs_of_those_who_were_there() {
        let other = Serial::new(7);
        let set = proved("there");
        let shares: Vec<Share> = made("there", 2, 3).shares.drain(1..).collect();
        let joined = present(&set, SERIAL, other, &shares).unwrap();
        assert_eq!((joined.id, joined.hsm), (set.id, Some(SERIAL)));
        assert_eq!(verify_proofs(&joined, other), Ok(()));
        let there = |set: &ShareSet| {
            set.holders.iter().map(|holder| holder.present.is_some()).collect::<Vec<_>>()
        };
        assert_eq!(there(&joined), [false, true, true]);
        // From there on to a third one, and back.
        let third = present(&joined, other, Serial::new(8), &shares).unwrap();
        assert_eq!((third.hsm, verify_proofs(&third, Serial::new(8))), (Some(SERIAL), Ok(())));
        assert_eq!(present(&third, Serial::new(8), SERIAL, &[]), Ok(set.clone()));
        // It is no set of a third HSM, and none of the first.
        assert_eq!(
            verify_proofs(&joined, Serial::new(9)).unwrap_err().field,
            "shares.holders[1].present"
        );
        assert_eq!(verify_proofs(&joined, SERIAL).unwrap_err().field, "shares.hsm");
        // Too few were there, or somebody took the proof of another.
        let refused = present(&set, SERIAL, other, &shares[..1]).unwrap_err();
        assert!(matches!(&refused, ProofError::Set(e) if e.field == "shares.holders"), "{refused}");
        let mut fewer = joined.clone();
        fewer.holders[1].present = None;
        assert_eq!(verify_proofs(&fewer, other).unwrap_err().field, "shares.holders");
        let mut taken = joined.clone();
        taken.holders[0].present.clone_from(&joined.holders[1].present);
        assert_eq!(verify_proofs(&taken, other).unwrap_err().field, "shares.holders[0].present");
        let mut old = joined.clone();
        old.holders[1].present.clone_from(&joined.holders[1].proof);
        assert_eq!(verify_proofs(&old, other).unwrap_err().field, "shares.holders[1].present");
        let mut own = set;
        own.holders[0].present = own.holders[0].proof.clone();
        assert_eq!(verify_proofs(&own, SERIAL).unwrap_err().field, "shares.holders[0].present");
        let theirs = made("theirs", 2, 3).shares;
        let refused = present(&proved("there"), SERIAL, other, &theirs).unwrap_err();
        assert!(matches!(refused, ProofError::Share(Mismatch::OtherSet { .. })));
    }

    #[test]
    fn every_changed_bit_of_a_proof_is_refused() {
        let set = proved("bits");
        let good = set.holders[0].proof.clone().unwrap();
        for bit in 0..good.as_bytes().len() * 8 {
            let mut changed = good.as_bytes().to_vec();
            changed[bit / 8] ^= 1 << (bit % 8);
            let changed = Base64::new(changed).unwrap();
            assert!(verify_proof(&set, SERIAL, &set.holders[0], &changed).is_err(), "{bit}");
        }
    }

    #[test]
    fn a_share_that_is_not_of_the_set_is_not_proved() {
        let (ours, theirs) = (made("ours", 2, 3), made("theirs", 2, 3));
        let refused = prove(&ours.set, SERIAL, &theirs.shares[0]).unwrap_err();
        assert!(matches!(refused, ProofError::Share(Mismatch::OtherSet { .. })));
        let mut altered = copy(&ours.shares[0]);
        altered.value = copy(&ours.shares[1]).value;
        let refused = prove(&ours.set, SERIAL, &altered).unwrap_err();
        assert!(matches!(refused, ProofError::Share(Mismatch::Altered { .. })));
    }

    #[test]
    fn a_proof_file_is_taken_for_its_own_share_alone() {
        let set = proved("file");
        let file = ProofFile {
            set: set.id,
            serial: SERIAL,
            index: 2,
            holder: set.holders[1].holder.clone(),
            proof: set.holders[1].proof.clone().unwrap(),
        };
        let read = ProofFile::decode(&file.encode().unwrap()).unwrap();
        assert_eq!(read.accept(&set, SERIAL, 2), Ok(file.proof.clone()));
        let refused = |file: &ProofFile, index| file.accept(&set, SERIAL, index).unwrap_err().field;
        assert_eq!(refused(&file, 1), "index");
        assert_eq!(refused(&ProofFile { index: 1, ..file.clone() }, 2), "index");
        assert_eq!(refused(&ProofFile { index: 1, ..file.clone() }, 1), "holder");
        assert_eq!(refused(&ProofFile { serial: Serial::new(7), ..file.clone() }, 2), "serial");
        assert_eq!(refused(&ProofFile { set: proved("other").id, ..file.clone() }, 2), "set");
        let holder = set.holders[0].holder.clone();
        assert_eq!(refused(&ProofFile { holder, ..file.clone() }, 2), "holder");
        let proof = set.holders[0].proof.clone().unwrap();
        assert_eq!(refused(&ProofFile { proof, ..file }, 2), "proof");
    }
}
