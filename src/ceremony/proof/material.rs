//! What a response says of a target's key material.

use crate::attestation::{self, Fault, Origin};
use crate::wrapping::{Plaintext, plaintext};
use keyferry_bundle::kinds::{AttestationChain, ResponseTarget, Target};
use keyferry_bundle::{Base64, Device, Digest, KeySpec, Policy};

/// The capability of leaving under wrap: the only one a generated key has.
const EXPORTABLE_UNDER_WRAP: u64 = 1 << 16;

/// Whether an attestation was held against a root.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attested {
    /// Its chain leads to a root of the policy, and it says what it must.
    ToARoot,
    /// The policy lists no root: it was not believed, and not looked at.
    NotLookedAt,
}

/// How long the MAC of an HMAC key is: its hash's output, which is also the length of the key material.
#[must_use]
pub const fn mac_length(spec: KeySpec) -> Option<usize> {
    match (spec, plaintext(spec)) {
        (KeySpec::SymmetricDefault, _) | (_, Plaintext::Pkcs8) => None,
        (_, Plaintext::Raw(length)) => Some(length),
    }
}

/// Which members a target's spec asks for, and that they agree with each other and, where the policy lists roots, with what the HSM
/// attests. Names the member and the fault.
pub(crate) fn check(
    policy: &Policy,
    device: &Device,
    planned: &Target,
    entry: &ResponseTarget,
) -> Result<(), (&'static str, String)> {
    let (present, answer) = (entry.public_key.as_ref(), entry.known_answer.as_ref());
    let unwanted = |member, found: bool| {
        let problem = || (member, format!("is there, but a {} key has none", planned.key_spec));
        if found { Err(problem()) } else { Ok(()) }
    };
    match mac_length(planned.key_spec) {
        None => unwanted("known_answer", answer.is_some())?,
        Some(length) if answer.is_some_and(|mac| mac.as_bytes().len() == length) => {}
        Some(length) => return Err(("known_answer", format!("is no MAC of {length} bytes"))),
    }
    if plaintext(planned.key_spec) != Plaintext::Pkcs8 {
        unwanted("public_key", present.is_some())?;
        return unwanted("attestation", entry.attestation.is_some());
    }
    let key = present.ok_or(("public_key", "is missing".to_owned()))?;
    let chain = entry.attestation.as_ref().ok_or(("attestation", "is missing".to_owned()))?;
    if entry.check_value != Digest::of(key.as_bytes()) {
        return Err(("check_value", "is not the SHA-256 of the public key".to_owned()));
    }
    attested(policy, device, planned, key, chain).map(drop).map_err(|fault| ("attestation", fault))
}

/// Holds an attestation against the policy's roots, the device and the plan: this HSM generated this key under this object id, and it
/// can do nothing but leave under wrap.
///
/// # Errors
/// What does not hold.
pub fn attested(
    policy: &Policy,
    device: &Device,
    planned: &Target,
    key: &Base64,
    chain: &AttestationChain,
) -> Result<Attested, String> {
    if policy.attestation_roots.is_empty() {
        return Ok(Attested::NotLookedAt);
    }
    let roots: Vec<&[u8]> = policy.attestation_roots.iter().map(Base64::as_bytes).collect();
    let issuers: Vec<&[u8]> = chain.issuers.iter().map(Base64::as_bytes).collect();
    let found = attestation::verify(chain.certificate.as_bytes(), &issuers, &roots)
        .map_err(|fault: Fault| fault.to_string())?;
    let same = |what: &str, holds: bool| {
        if holds { Ok(()) } else { Err(format!("is of another {what}")) }
    };
    same("key", found.spki == key.as_bytes())?;
    same("serial number", found.serial == device.serial)?;
    same("object id", found.object_id == planned.object_id)?;
    same("label", found.label == planned.label.as_str())?;
    same("set of domains", found.domains == planned.domains)?;
    if found.origin != Origin::Generated {
        return Err("is of a key that the HSM did not generate".to_owned());
    }
    if found.capabilities.mask() != EXPORTABLE_UNDER_WRAP {
        return Err("is of a key that can do more than leave under wrap".to_owned());
    }
    Ok(Attested::ToARoot)
}
