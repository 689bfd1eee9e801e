//! One test vector: a bundle, what it is held against, and what must come out (`testkit/README.md`).

use keyferry_bundle::kinds::{Bundle, Revocation};
use keyferry_bundle::{
    Backup, Base64, Device, Digest, Enrolled, Error, Holder, KeyAlgorithm, KeyId, Kind, Log, Plan,
    Policy, PublicKey, Quorum, Receipt, Request, Requirements, Response, Role, Timestamp,
    Transcript, Unverified, Upkeep, Verified,
};
use serde::{Deserialize, Serialize};

/// A file of `testkit/`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Vector {
    /// For people.
    pub(crate) comment: String,
    /// `accepted`, or an error code of SPEC.md section 11.
    pub(crate) expect: String,
    /// The field an `envelope-member` or `payload-field` refusal names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) field: Option<String>,
    /// Words of this implementation's message, so that a vector cannot fail for another reason than its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) says: Option<String>,
    /// Which schema refuses it, where one can.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) schema: Option<Refusing>,
    /// What kind the reader asks for.
    pub(crate) kind: Kind,
    /// What it is held against.
    pub(crate) trust: Trust,
    /// The digest of an accepted bundle.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) digest: Option<Digest>,
    /// The signers of an accepted bundle, in their order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) signers: Option<Vec<SignerEntry>>,
    /// The file's bytes; absent for the empty file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) bundle: Option<Base64>,
}

/// A schema of `schemas/`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Refusing {
    Envelope,
    Payload,
}

/// What a bundle is held against.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", tag = "rule")]
pub(crate) enum Trust {
    /// Keys and quorums as they stand here.
    Requirements {
        enrolled: Vec<Key>,
        quorums: Vec<Rule>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        revoked: Vec<Revocation>,
    },
    /// A policy's own, which must be version 1.
    FirstPolicy,
    /// A policy's own and those of the version before.
    NextPolicy { policy: Base64 },
    /// The policy's for these roles, and the device's own.
    Device { policy: Base64, roles: Vec<Role> },
}

/// An enrolled key.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Key {
    pub(crate) holder: Holder,
    pub(crate) algorithm: KeyAlgorithm,
    pub(crate) spki: Base64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) valid_from: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) valid_to: Option<Timestamp>,
}

/// A quorum.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rule {
    pub(crate) role: Role,
    pub(crate) threshold: u8,
    pub(crate) keys: Vec<KeyId>,
}

/// One who signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SignerEntry {
    pub(crate) holder: Holder,
    pub(crate) keyid: KeyId,
}

/// What an accepted bundle comes to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Accepted {
    pub(crate) digest: Digest,
    pub(crate) signers: Vec<SignerEntry>,
}

impl Vector {
    /// A vector that is to be refused.
    pub(crate) fn refused(
        expect: &str,
        kind: Kind,
        trust: Trust,
        bundle: Vec<u8>,
        comment: &str,
    ) -> Self {
        Self {
            comment: comment.to_owned(),
            expect: expect.to_owned(),
            field: None,
            says: None,
            schema: None,
            kind,
            trust,
            digest: None,
            signers: None,
            bundle: Base64::new(bundle).ok(),
        }
    }

    /// A vector that is to be accepted; digest and signers are taken from the implementation.
    pub(crate) fn accepted(kind: Kind, trust: Trust, bundle: Vec<u8>, comment: &str) -> Self {
        let mut vector = Self::refused("accepted", kind, trust, bundle, comment);
        let accepted = vector.run().unwrap_or_else(|error| panic!("{comment}: {error}"));
        vector.digest = Some(accepted.digest);
        vector.signers = Some(accepted.signers);
        vector
    }

    pub(crate) fn field(mut self, field: &str) -> Self {
        self.field = Some(field.to_owned());
        self
    }

    pub(crate) fn says(mut self, words: &str) -> Self {
        self.says = Some(words.to_owned());
        self
    }

    pub(crate) fn schema(mut self, which: Refusing) -> Self {
        self.schema = Some(which);
        self
    }

    /// The file.
    pub(crate) fn to_text(&self) -> String {
        serde_json::to_string_pretty(self).unwrap() + "\n"
    }

    /// The bundle's bytes.
    pub(crate) fn bytes(&self) -> &[u8] {
        self.bundle.as_ref().map_or(&[], |bundle| bundle.as_bytes())
    }

    /// Reads and verifies the bundle as its kind and trust say.
    pub(crate) fn run(&self) -> Result<Accepted, Error> {
        self.run_on(self.bytes())
    }

    /// As [`Self::run`], on other bytes.
    pub(crate) fn run_on(&self, bytes: &[u8]) -> Result<Accepted, Error> {
        match (self.kind, &self.trust) {
            (Kind::Policy, Trust::FirstPolicy) => {
                Unverified::<Policy>::from_slice(bytes)?.verify_first().map(|v| come_to(&v))
            }
            (Kind::Policy, Trust::NextPolicy { policy }) => {
                let current = first_policy(policy);
                let next = Unverified::<Policy>::from_slice(bytes)?;
                next.verify_successor(&current).map(|v| come_to(&v))
            }
            (Kind::Device, Trust::Device { policy, roles }) => {
                let policy = first_policy(policy);
                let device = Unverified::<Device>::from_slice(bytes)?;
                device.verify_under(&policy, roles).map(|v| come_to(&v))
            }
            (Kind::Plan, trust) => plainly::<Plan>(bytes, trust),
            (Kind::Request, trust) => plainly::<Request>(bytes, trust),
            (Kind::Response, trust) => plainly::<Response>(bytes, trust),
            (Kind::Backup, trust) => plainly::<Backup>(bytes, trust),
            (Kind::Receipt, trust) => plainly::<Receipt>(bytes, trust),
            (Kind::Log, trust) => plainly::<Log>(bytes, trust),
            (Kind::Transcript, trust) => plainly::<Transcript>(bytes, trust),
            (Kind::Upkeep, trust) => plainly::<Upkeep>(bytes, trust),
            (Kind::Policy | Kind::Device, trust) => {
                panic!("{trust:?} is no trust for {}", self.kind)
            }
        }
    }
}

fn first_policy(bundle: &Base64) -> Verified<Policy> {
    Unverified::<Policy>::from_slice(bundle.as_bytes()).unwrap().verify_first().unwrap()
}

fn plainly<T: Bundle>(bytes: &[u8], trust: &Trust) -> Result<Accepted, Error> {
    let Trust::Requirements { enrolled, quorums, revoked } = trust else {
        panic!("{trust:?} is no trust for {}", T::KIND)
    };
    let enrolled = enrolled.iter().map(|entry| {
        let key = PublicKey::from_spki_der(entry.spki.as_bytes()).unwrap();
        assert_eq!(key.algorithm(), entry.algorithm);
        let (valid_from, valid_to) = (entry.valid_from, entry.valid_to);
        Enrolled { holder: entry.holder.clone(), key, valid_from, valid_to }
    });
    let quorums = quorums.iter().map(|rule| Quorum {
        role: rule.role,
        threshold: rule.threshold,
        keys: rule.keys.clone(),
    });
    let (enrolled, quorums) = (enrolled.collect(), quorums.collect());
    let required = Requirements { enrolled, quorums, revoked: revoked.clone() };
    Unverified::<T>::from_slice(bytes)?.verify(&required).map(|v| come_to(&v))
}

fn come_to<T>(verified: &Verified<T>) -> Accepted {
    let signers = verified
        .signers()
        .iter()
        .map(|s| SignerEntry { holder: s.holder.clone(), keyid: s.key_id.clone() });
    Accepted { digest: verified.digest(), signers: signers.collect() }
}
