//! Who signed, and whose signatures count.

use super::{Enrolled, Quorum, Requirements, Signer};
use crate::kinds::Revocation;
use crate::{Envelope, Error, Holder, KeyId, Role, Timestamp};
use std::collections::BTreeSet;

/// Signatures that were checked, by whether they count on the bundle they are on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counted {
    /// They do.
    pub signers: Vec<Signer>,
    /// They do not: the key was revoked by then.
    pub discounted: Vec<Signer>,
}

/// How far a quorum is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tally {
    /// The role.
    pub role: Role,
    /// The least number of distinct holders.
    pub needed: u8,
    /// The distinct holders who signed in it.
    pub counted: BTreeSet<Holder>,
}

impl Requirements {
    /// The enrolled key with that id.
    #[must_use]
    pub fn enrolled_key(&self, id: &KeyId) -> Option<&Enrolled> {
        self.enrolled.iter().find(|enrolled| enrolled.key.id().is_ok_and(|known| known == *id))
    }

    /// Checks every signature. One that is by nobody known, does not verify, or repeats a key refuses the whole bundle, even where
    /// enough others remain.
    ///
    /// # Errors
    /// The first signature that is wrong; [`Error::NoQuorum`] when nothing is required.
    pub fn signers(&self, envelope: &Envelope) -> Result<Vec<Signer>, Error> {
        if self.quorums.is_empty() || self.quorums.iter().any(|quorum| quorum.threshold == 0) {
            return Err(Error::NoQuorum);
        }
        let pae = envelope.pae();
        let mut signers: Vec<Signer> = Vec::new();
        for (index, signature) in envelope.signatures().iter().enumerate() {
            let key_id = signature.key_id.clone();
            let enrolled = self
                .enrolled_key(&key_id)
                .ok_or_else(|| Error::UnknownSigner { index, key_id: key_id.clone() })?;
            let holder = enrolled.holder.clone();
            if signers.iter().any(|signer| signer.key_id == key_id) {
                return Err(Error::RepeatedSigner { index, holder });
            }
            if !enrolled.key.verifies(&pae, &signature.bytes) {
                return Err(Error::BadSignature { index, holder });
            }
            signers.push(Signer { holder, key_id });
        }
        Ok(signers)
    }

    /// The one function that counts signatures: by distinct key, and by distinct holder.
    #[must_use]
    pub fn tally(&self, signers: &[Signer]) -> Vec<Tally> {
        let count = |quorum: &Quorum| {
            let counted = signers.iter().filter(|signer| quorum.keys.contains(&signer.key_id));
            Tally {
                role: quorum.role,
                needed: quorum.threshold,
                counted: counted.map(|signer| signer.holder.clone()).collect(),
            }
        };
        self.quorums.iter().map(count).collect()
    }

    /// Checks that every quorum is met.
    ///
    /// # Errors
    /// [`Error::QuorumShort`] for the first that is not.
    pub fn check_quorums(&self, signers: &[Signer]) -> Result<(), Error> {
        let short = |tally: &Tally| tally.counted.len() < usize::from(tally.needed);
        match self.tally(signers).into_iter().find(short) {
            None => Ok(()),
            Some(Tally { role, needed, counted }) => {
                let (counted, revoked) = (counted.into_iter().collect(), Vec::new());
                Err(Error::QuorumShort { role, needed, counted, revoked })
            }
        }
    }

    /// Why a signature by that key does not count on a bundle of that date, if it does not.
    #[must_use]
    pub fn revocation(&self, key: &KeyId, created: Timestamp) -> Option<&Revocation> {
        self.revoked.iter().find(|entry| entry.key == *key && created >= entry.since)
    }

    /// Parts the signatures on a bundle of that date. One by a revoked key refuses nothing: what others signed stays signed by them.
    #[must_use]
    pub fn count(&self, signers: Vec<Signer>, created: Timestamp) -> Counted {
        let counts = |signer: &Signer| self.revocation(&signer.key_id, created).is_none();
        let (signers, discounted) = signers.into_iter().partition(counts);
        Counted { signers, discounted }
    }

    /// Checks that every quorum is met by those that count.
    ///
    /// # Errors
    /// As [`Self::check_quorums`], with the holders of the keys that were revoked.
    pub fn check_counted(&self, counted: &Counted) -> Result<(), Error> {
        self.check_quorums(&counted.signers).map_err(|mut error| {
            if let Error::QuorumShort { revoked, .. } = &mut error {
                revoked.extend(counted.discounted.iter().map(|signer| signer.holder.clone()));
            }
            error
        })
    }

    /// Checks that nobody's key was out of its validity. Order in time is only claimed, so one that was refuses the bundle instead
    /// of silently not counting.
    ///
    /// # Errors
    /// [`Error::OutsideValidity`] for the first.
    pub fn check_validity(&self, signers: &[Signer], created: Timestamp) -> Result<(), Error> {
        for signer in signers {
            let outside = |enrolled: &&Enrolled| {
                enrolled.key.id().is_ok_and(|id| id == signer.key_id)
                    && (enrolled.valid_from.is_some_and(|from| created < from)
                        || enrolled.valid_to.is_some_and(|to| created > to))
            };
            if self.enrolled.iter().any(|enrolled| outside(&enrolled)) {
                return Err(Error::OutsideValidity { holder: signer.holder.clone(), created });
            }
        }
        Ok(())
    }

    /// Every signature, then every quorum.
    pub(super) fn check_signatures(&self, envelope: &Envelope) -> Result<Vec<Signer>, Error> {
        let signers = self.signers(envelope)?;
        self.check_quorums(&signers)?;
        Ok(signers)
    }
}
