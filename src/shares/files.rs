//! The two files that travel besides the shares: what everybody may know of a set before it is proved, and a custodian's proof. Strict
//! JSON as in bundles; neither is signed: what they say is held against the shares, the HSM and each other.

use crate::proof::verify_proof;
use keyferry_bundle::json::{self, DecodeError};
use keyferry_bundle::kinds::ShareSet;
use keyferry_bundle::{Base64, Digest, FieldError, Holder, Serial};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// What a set's file is called.
pub const SET_FILE: &str = "shares.json";

/// What the age file with a share is called.
#[must_use]
pub fn share_file(index: u8, holder: &Holder) -> String {
    format!("share-{index}-{holder}.age")
}

/// What the file with the proof of a share is called.
#[must_use]
pub fn proof_file(index: u8, holder: &Holder) -> String {
    format!("share-{index}-{holder}.proof.json")
}

/// `shares.json`: a set that is still to be proved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetFile {
    /// The HSM whose wrap key was split.
    pub serial: Serial,
    /// The set, without proofs.
    pub shares: ShareSet,
    /// An object that the HSM exported under the wrap key when it was split: it takes it back as long as it holds that key.
    pub probe: Base64,
}

impl SetFile {
    /// Reads and checks.
    ///
    /// # Errors
    /// Names the member that is wrong.
    pub fn decode(bytes: &[u8]) -> Result<Self, FieldError> {
        let file: Self = decode(bytes)?;
        file.shares.check("shares", file.serial)?;
        if file.shares.hsm.is_some() {
            return Err(FieldError::new("shares.hsm", "stands in a device bundle, not here"));
        }
        match file.shares.holders.iter().position(|holder| holder.proof.is_some()) {
            None => Ok(file),
            Some(place) => {
                let field = format!("shares.holders[{place}].proof");
                Err(FieldError::new(field, "stands in the device bundle, not here"))
            }
        }
    }

    /// Writes.
    ///
    /// # Errors
    /// None that a sound set can cause.
    pub fn encode(&self) -> Result<Vec<u8>, String> {
        encode(self)
    }
}

/// `share-N-HOLDER.proof.json`: a custodian's proof.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProofFile {
    /// The set.
    pub set: Digest,
    /// The HSM.
    pub serial: Serial,
    /// The share's number.
    pub index: u8,
    /// Whose it is.
    pub holder: Holder,
    /// As [`ShareHolder::proof`](keyferry_bundle::kinds::ShareHolder).
    pub proof: Base64,
}

impl ProofFile {
    /// What its file is called.
    #[must_use]
    pub fn name(&self) -> String {
        proof_file(self.index, &self.holder)
    }

    /// Reads.
    ///
    /// # Errors
    /// Names the member that is wrong.
    pub fn decode(bytes: &[u8]) -> Result<Self, FieldError> {
        decode(bytes)
    }

    /// Writes.
    ///
    /// # Errors
    /// None.
    pub fn encode(&self) -> Result<Vec<u8>, String> {
        encode(self)
    }

    /// The proof, if it is that of `index` of this set, and holds.
    ///
    /// # Errors
    /// Names the member that differs, or says that the proof does not hold.
    pub fn accept(&self, set: &ShareSet, serial: Serial, index: u8) -> Result<Base64, FieldError> {
        if self.serial != serial {
            let problem = format!("is {}, not {serial}", self.serial);
            return Err(FieldError::new("serial", problem));
        }
        if self.set != set.id {
            return Err(FieldError::new("set", "is another set's"));
        }
        let expected = set.holders.iter().find(|holder| holder.index == index);
        let expected = expected
            .filter(|_| self.index == index)
            .ok_or_else(|| FieldError::new("index", format!("is {}, not {index}", self.index)))?;
        if self.holder != expected.holder {
            let problem = format!("is {}, not {}", self.holder, expected.holder);
            return Err(FieldError::new("holder", problem));
        }
        verify_proof(set, serial, expected, &self.proof)
            .map_err(|problem| FieldError::new("proof", problem))?;
        Ok(self.proof.clone())
    }
}

fn decode<T: DeserializeOwned + Serialize>(bytes: &[u8]) -> Result<T, FieldError> {
    json::decode(bytes).map_err(|error| match error {
        DecodeError::NotStrict(problem) => FieldError::new("$", problem),
        DecodeError::Field(error) => error,
    })
}

/// For people too: one member a line would not be this format's only form, but a line feed at the end is.
fn encode<T: Serialize>(value: &T) -> Result<Vec<u8>, String> {
    let mut bytes = json::encode(value)?;
    bytes.push(b'\n');
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{SERIAL, made};
    use proptest::prelude::*;

    fn file() -> SetFile {
        let probe = Base64::new([1, 2, 3]).unwrap();
        SetFile { serial: SERIAL, shares: made("file", 2, 3).set, probe }
    }

    #[test]
    fn a_set_file_reads_back_and_every_changed_bit_is_refused() {
        let file = file();
        let bytes = file.encode().unwrap();
        assert_eq!(SetFile::decode(&bytes), Ok(file.clone()));
        // What is not part of the set's id: the probe, which the HSM judges, and white space at the end.
        let free: Vec<usize> = {
            let at = bytes.windows(7).position(|window| window == b"\"probe\"").unwrap();
            (at + 9..at + 13).chain([bytes.len() - 1]).collect()
        };
        for bit in 0..bytes.len() * 8 {
            let mut changed = bytes.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            let taken = SetFile::decode(&changed).is_ok();
            assert!(!taken || free.contains(&(bit / 8)), "{}", String::from_utf8_lossy(&changed));
        }
    }

    #[test]
    fn a_set_file_has_no_proofs() {
        let mut file = file();
        file.shares.holders[1].proof = Some(Base64::new([1]).unwrap());
        let refused = SetFile::decode(&file.encode().unwrap()).unwrap_err();
        assert_eq!(refused.field, "shares.holders[1].proof");
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(SetFile::decode(&bytes).is_err());
            prop_assert!(ProofFile::decode(&bytes).is_err());
        }
    }
}
