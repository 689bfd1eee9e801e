//! From bytes that claim something to a payload that somebody trusted has signed.

use crate::kinds::{Bundle, payload_type};
use crate::{Digest, Envelope, Error, Holder, KeyId, Part, PublicKey, Role, Timestamp, json};
use std::collections::BTreeSet;
use std::marker::PhantomData;

/// A bundle of kind `T` whose signatures nobody has checked. Its payload cannot be reached.
#[derive(Debug, Clone)]
pub struct Unverified<T> {
    envelope: Envelope,
    kind: PhantomData<T>,
}

/// A payload that was parsed from the very bytes whose signatures were checked.
#[derive(Debug, Clone)]
pub struct Verified<T> {
    body: T,
    digest: Digest,
    signers: Vec<Signer>,
    envelope: Envelope,
}

/// Somebody whose signature was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signer {
    /// Who.
    pub holder: Holder,
    /// With which key.
    pub key_id: KeyId,
}

/// A key somebody is known to hold.
#[derive(Debug, Clone)]
pub struct Enrolled {
    /// Who holds it; an HSM's signing key has the holder that its device bundle gives it.
    pub holder: Holder,
    /// The key.
    pub key: PublicKey,
    /// It signs nothing created before this.
    pub valid_from: Option<Timestamp>,
    /// It signs nothing created after this.
    pub valid_to: Option<Timestamp>,
}

/// How many distinct holders of which keys must sign in a role.
#[derive(Debug, Clone)]
pub struct Quorum {
    /// The role.
    pub role: Role,
    /// The least number of distinct holders, at least 1.
    pub threshold: u8,
    /// The keys that count.
    pub keys: Vec<KeyId>,
}

/// What a bundle's signatures are held against: every signature must be by an enrolled key and every quorum must be met.
#[derive(Debug, Clone, Default)]
pub struct Requirements {
    /// Every key that may sign at all.
    pub enrolled: Vec<Enrolled>,
    /// The quorums: at least one, or nothing is accepted.
    pub quorums: Vec<Quorum>,
}

impl<T: Bundle> Unverified<T> {
    /// Reads the envelope; the payload stays closed.
    ///
    /// # Errors
    /// When the envelope is malformed, not canonical, or of another kind.
    pub fn from_slice(bytes: &[u8]) -> Result<Self, Error> {
        let envelope = Envelope::decode_canonical(bytes)?;
        let expected = payload_type(T::KIND);
        if envelope.payload_type() == expected {
            Ok(Self { envelope, kind: PhantomData })
        } else {
            Err(Error::WrongKind { expected, found: envelope.payload_type().to_owned() })
        }
    }

    /// The digest of what is claimed.
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.envelope.digest()
    }

    /// Checks every signature, then every quorum, then reads the payload.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn verify(self, requirements: &Requirements) -> Result<Verified<T>, Error> {
        let signers = requirements.check_signatures(&self.envelope)?;
        let body: T = claimed(&self.envelope)?;
        requirements.check_validity(&signers, body.created())?;
        Ok(self.seal(body, signers))
    }

    /// For the two kinds that bring a key of their own (`policy`, `device`): reads the payload only to learn what its
    /// signatures must be, then checks them.
    pub(crate) fn verify_by(
        self,
        requirements: impl FnOnce(&T) -> Result<Requirements, Error>,
    ) -> Result<Verified<T>, Error> {
        let body: T = claimed(&self.envelope)?;
        let requirements = requirements(&body)?;
        let signers = requirements.check_signatures(&self.envelope)?;
        requirements.check_validity(&signers, body.created())?;
        Ok(self.seal(body, signers))
    }

    fn seal(self, body: T, signers: Vec<Signer>) -> Verified<T> {
        Verified { body, digest: self.envelope.digest(), signers, envelope: self.envelope }
    }
}

impl<T> Verified<T> {
    /// The payload.
    #[must_use]
    pub const fn body(&self) -> &T {
        &self.body
    }

    /// The bundle's digest: what other bundles refer to it by.
    #[must_use]
    pub const fn digest(&self) -> Digest {
        self.digest
    }

    /// Everybody whose signature was checked.
    #[must_use]
    pub fn signers(&self) -> &[Signer] {
        &self.signers
    }

    /// The envelope, to be written or countersigned.
    #[must_use]
    pub const fn envelope(&self) -> &Envelope {
        &self.envelope
    }
}

/// The payload as it claims to be, with its own rules checked and its signatures not: for showing it, marked as such, for signing it,
/// and for the two kinds that bring a key of their own. Nothing else of it may be used.
///
/// # Errors
/// When it is not strict JSON, or a field breaks its grammar or its rules.
pub fn claimed<T: Bundle>(envelope: &Envelope) -> Result<T, Error> {
    let body: T = json::decode(envelope.untrusted_payload()).map_err(|error| match error {
        json::DecodeError::NotStrict(problem) => Error::Json { part: Part::Payload, problem },
        json::DecodeError::Field(field) => Error::Field(field),
    })?;
    body.check()?;
    Ok(body)
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
                Err(Error::QuorumShort { role, needed, counted: counted.into_iter().collect() })
            }
        }
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
    fn check_signatures(&self, envelope: &Envelope) -> Result<Vec<Signer>, Error> {
        let signers = self.signers(envelope)?;
        self.check_quorums(&signers)?;
        Ok(signers)
    }
}
