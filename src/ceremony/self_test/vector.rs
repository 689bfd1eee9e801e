//! Reads a vector of `bundle-format/testkit` (its README says what the members mean) and tries it.

use keyferry_bundle::kinds::{Bundle, Revocation};
use keyferry_bundle::{
    Backup, Base64, Device, Digest, Enrolled, Error, Holder, KeyAlgorithm, KeyId, Kind, Log, Plan,
    Policy, PublicKey, Quorum, Receipt, Request, Requirements, Response, Role, Timestamp,
    Transcript, Unverified, Upkeep, Verified,
};
use serde::Deserialize;

#[derive(Deserialize)]
struct Vector {
    expect: String,
    field: Option<String>,
    says: Option<String>,
    kind: Kind,
    trust: Trust,
    digest: Option<Digest>,
    signers: Option<Vec<Signed>>,
    bundle: Option<Base64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", tag = "rule")]
enum Trust {
    Requirements {
        enrolled: Vec<Key>,
        quorums: Vec<Rule>,
        #[serde(default)]
        revoked: Vec<Revocation>,
    },
    FirstPolicy,
    NextPolicy {
        policy: Base64,
    },
    Device {
        policy: Base64,
        roles: Vec<Role>,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Key {
    holder: Holder,
    algorithm: KeyAlgorithm,
    spki: Base64,
    valid_from: Option<Timestamp>,
    valid_to: Option<Timestamp>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rule {
    role: Role,
    threshold: u8,
    keys: Vec<KeyId>,
}

#[derive(PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Signed {
    holder: Holder,
    keyid: KeyId,
}

/// What an accepted bundle comes to.
type Accepted = (Digest, Vec<Signed>);

/// Whether a vector's bundle comes out as the vector says.
///
/// # Errors
/// What came out instead.
pub(super) fn run(text: &str) -> Result<(), String> {
    let vector: Vector = serde_json::from_str(text).map_err(|error| error.to_string())?;
    match (vector.verify()?, vector.expect.as_str()) {
        (Ok((digest, signers)), "accepted") => {
            let same = Some(digest) == vector.digest && Some(signers) == vector.signers;
            same.then_some(())
                .ok_or_else(|| "it is accepted with another digest or by other signers".to_owned())
        }
        (Ok(_), expected) => Err(format!("it is accepted; it must be refused as {expected}")),
        (Err(error), expected) => {
            let field = if let Error::Envelope(at) | Error::Field(at) = &error {
                Some(&at.field)
            } else {
                None
            };
            let same = error.code() == expected
                && field == vector.field.as_ref()
                && vector.says.as_ref().is_none_or(|words| error.to_string().contains(words));
            same.then_some(()).ok_or_else(|| format!("it is refused as {}: {error}", error.code()))
        }
    }
}

impl Vector {
    /// What verification says; the outer error is about the vector itself.
    fn verify(&self) -> Result<Result<Accepted, Error>, String> {
        let bytes = self.bundle.as_ref().map_or(&[][..], Base64::as_bytes);
        Ok(match (self.kind, &self.trust) {
            (Kind::Policy, Trust::FirstPolicy) => first(bytes).map(|policy| come_to(&policy)),
            (Kind::Policy, Trust::NextPolicy { policy }) => {
                let current = first(policy.as_bytes()).map_err(|error| error.to_string())?;
                Unverified::<Policy>::from_slice(bytes)
                    .and_then(|next| next.verify_successor(&current))
                    .map(|policy| come_to(&policy))
            }
            (Kind::Device, Trust::Device { policy, roles }) => {
                let policy = first(policy.as_bytes()).map_err(|error| error.to_string())?;
                Unverified::<Device>::from_slice(bytes)
                    .and_then(|device| device.verify_under(&policy, roles))
                    .map(|device| come_to(&device))
            }
            (kind, Trust::Requirements { enrolled, quorums, revoked }) => {
                let required = requirements(enrolled, quorums, revoked)?;
                match kind {
                    Kind::Plan => plainly::<Plan>(bytes, &required),
                    Kind::Request => plainly::<Request>(bytes, &required),
                    Kind::Response => plainly::<Response>(bytes, &required),
                    Kind::Backup => plainly::<Backup>(bytes, &required),
                    Kind::Receipt => plainly::<Receipt>(bytes, &required),
                    Kind::Log => plainly::<Log>(bytes, &required),
                    Kind::Transcript => plainly::<Transcript>(bytes, &required),
                    Kind::Upkeep => plainly::<Upkeep>(bytes, &required),
                    Kind::Policy | Kind::Device => return Err(unfit(kind)),
                }
            }
            (kind, _) => return Err(unfit(kind)),
        })
    }
}

fn unfit(kind: Kind) -> String {
    format!("the vector holds a {kind} against what no {kind} is held against")
}

fn first(bytes: &[u8]) -> Result<Verified<Policy>, Error> {
    Unverified::<Policy>::from_slice(bytes)?.verify_first()
}

fn plainly<T: Bundle>(bytes: &[u8], required: &Requirements) -> Result<Accepted, Error> {
    Unverified::<T>::from_slice(bytes)?.verify(required).map(|bundle| come_to(&bundle))
}

fn requirements(
    enrolled: &[Key],
    quorums: &[Rule],
    revoked: &[Revocation],
) -> Result<Requirements, String> {
    let enrol = |entry: &Key| {
        let key = PublicKey::from_spki_der(entry.spki.as_bytes())?;
        if key.algorithm() != entry.algorithm {
            return Err("a key of the vector is of another algorithm".to_owned());
        }
        let (valid_from, valid_to) = (entry.valid_from, entry.valid_to);
        Ok(Enrolled { holder: entry.holder.clone(), key, valid_from, valid_to })
    };
    let quorum = |rule: &Rule| Quorum {
        role: rule.role,
        threshold: rule.threshold,
        keys: rule.keys.clone(),
    };
    Ok(Requirements {
        enrolled: enrolled.iter().map(enrol).collect::<Result<_, String>>()?,
        quorums: quorums.iter().map(quorum).collect(),
        revoked: revoked.to_vec(),
    })
}

fn come_to<T>(verified: &Verified<T>) -> Accepted {
    let signed = verified
        .signers()
        .iter()
        .map(|signer| Signed { holder: signer.holder.clone(), keyid: signer.key_id.clone() });
    (verified.digest(), signed.collect())
}
