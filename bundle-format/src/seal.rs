//! From bytes that claim something to a payload that somebody trusted has signed.

mod count;

pub use count::{Counted, Tally};

use crate::kinds::{Bundle, Policy, Revocation, payload_type};
use crate::{Digest, Envelope, Error, Holder, KeyId, Part, PublicKey, Role, Timestamp, json};
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
    discounted: Vec<Signer>,
    envelope: Envelope,
    /// Of a policy: what later versions revoke.
    later: Vec<Revocation>,
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
    /// Keys that count no more on a bundle from a date on.
    pub revoked: Vec<Revocation>,
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
        let counted = requirements.count(signers, body.created());
        requirements.check_counted(&counted)?;
        Ok(self.seal(body, counted))
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
        let counted = requirements.count(signers, body.created());
        requirements.check_counted(&counted)?;
        Ok(self.seal(body, counted))
    }

    fn seal(self, body: T, counted: Counted) -> Verified<T> {
        let (envelope, later) = (self.envelope, Vec::new());
        let (digest, Counted { signers, discounted }) = (envelope.digest(), counted);
        Verified { body, digest, signers, discounted, envelope, later }
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

    /// Everybody whose signature was checked and counts.
    #[must_use]
    pub fn signers(&self) -> &[Signer] {
        &self.signers
    }

    /// Everybody whose signature is sound and does not count, because the key was revoked by then.
    #[must_use]
    pub fn discounted(&self) -> &[Signer] {
        &self.discounted
    }

    /// The envelope, to be written or countersigned.
    #[must_use]
    pub const fn envelope(&self) -> &Envelope {
        &self.envelope
    }
}

impl Verified<Policy> {
    pub(crate) fn later(&self) -> &[Revocation] {
        &self.later
    }

    pub(crate) fn learn(&mut self, later: Vec<Revocation>) {
        self.later.extend(later);
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
