//! What a response says of a target's key material.

use super::spec;
use crate::attestation::{self, Fault, Origin};
use crate::wrapping::{Plaintext, plaintext};
use keyferry_bundle::kinds::{AttestationChain, Made, ResponseTarget, Target};
use keyferry_bundle::{Base64, Device, Digest, Domains, KeyUsage, Label, ObjectId, Policy, Serial};

/// The capability of leaving under wrap: the only one that generated key material has.
const EXPORTABLE_UNDER_WRAP: u64 = 1 << 16;
/// The capability of signing with ECDSA: the only one that a signing key has.
const SIGN_ECDSA: u64 = 1 << 7;

/// Whether an attestation was held against a root.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attested {
    /// Its chain leads to a root of the policy, and it says what it must.
    ToARoot,
    /// The policy lists no root: it was not believed, and not looked at.
    NotLookedAt,
}

/// Which members a target's spec asks for, and that they agree with each other and, where the policy lists roots, with what the HSM
/// attests. Names the member and the fault.
pub(crate) fn check(
    policy: &Policy,
    device: &Device,
    planned: &Target,
    entry: &ResponseTarget,
) -> Result<(), (&'static str, String)> {
    let present = entry.public_key.as_ref();
    let unwanted = |member, found: bool| {
        let problem = || (member, format!("is there, but a {} key has none", planned.key_spec));
        if found { Err(problem()) } else { Ok(()) }
    };
    match planned.key_usage {
        KeyUsage::GenerateVerifyMac if entry.known_answer.is_none() => {
            return Err(("known_answer", "is missing".to_owned()));
        }
        KeyUsage::GenerateVerifyMac => {}
        KeyUsage::EncryptDecrypt | KeyUsage::SignVerify | KeyUsage::KeyAgreement => {
            unwanted("known_answer", entry.known_answer.is_some())?;
        }
    }
    if plaintext(planned.key_spec) != Plaintext::Pkcs8 {
        unwanted("public_key", present.is_some())?;
        return unwanted("attestation", entry.attestation.is_some());
    }
    let key = present.ok_or(("public_key", "is missing".to_owned()))?;
    if !spec::fits(planned.key_spec, key.as_bytes()) {
        return Err(("public_key", format!("is no {} key", planned.key_spec)));
    }
    let chain = entry.attestation.as_ref().ok_or(("attestation", "is missing".to_owned()))?;
    if entry.check_value != Digest::of(key.as_bytes()) {
        return Err(("check_value", "is not the SHA-256 of the public key".to_owned()));
    }
    let attested = match entry.made {
        Made::Restored => generated_before(policy, planned, key, chain),
        Made::Generated | Made::Stored | Made::Resumed | Made::Kept => {
            attested(policy, device, planned, key, chain)
        }
    };
    attested.map(drop).map_err(|fault| ("attestation", fault))
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
    Expected::of_material(planned, key).held(policy, &[device.serial], chain)
}

/// As [`attested`], of a key that was restored: the attestation is that of the HSM that generated it, which is one of the policy's.
///
/// # Errors
/// What does not hold.
pub fn generated_before(
    policy: &Policy,
    planned: &Target,
    key: &Base64,
    chain: &AttestationChain,
) -> Result<Attested, String> {
    Expected::of_material(planned, key).held(policy, &policy.devices, chain)
}

/// Holds the attestation of a device's signing key against the policy's roots: this HSM generated it, and it can do nothing but sign;
/// above all it cannot be exported.
///
/// # Errors
/// What does not hold, or that a policy with roots finds none.
pub fn signing_key_attested(policy: &Policy, device: &Device) -> Result<Attested, String> {
    let signing = &device.signing_key;
    let expected = Expected {
        key: &signing.spki,
        object_id: signing.object_id,
        label: &signing.label,
        domains: device.domains,
        capabilities: SIGN_ECDSA,
        what_else: "do more than sign",
    };
    match &signing.attestation {
        Some(chain) => expected.held(policy, &[device.serial], chain),
        None if policy.attestation_roots.is_empty() => Ok(Attested::NotLookedAt),
        None => Err("is missing: the policy lists attestation roots".to_owned()),
    }
}

/// What an attestation must say.
struct Expected<'a> {
    key: &'a Base64,
    object_id: ObjectId,
    label: &'a Label,
    domains: Domains,
    /// The only ones.
    capabilities: u64,
    what_else: &'static str,
}

impl<'a> Expected<'a> {
    const fn of_material(planned: &'a Target, key: &'a Base64) -> Self {
        Self {
            key,
            object_id: planned.object_id,
            label: &planned.label,
            domains: planned.domains,
            capabilities: EXPORTABLE_UNDER_WRAP,
            what_else: "do more than leave under wrap",
        }
    }

    fn held(
        &self,
        policy: &Policy,
        serials: &[Serial],
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
        same("key", found.spki == self.key.as_bytes())?;
        same("serial number", serials.contains(&found.serial))?;
        same("object id", found.object_id == self.object_id)?;
        same("label", found.label == self.label.as_str())?;
        same("set of domains", found.domains == self.domains)?;
        if found.origin != Origin::Generated {
            return Err("is of a key that the HSM did not generate".to_owned());
        }
        if found.capabilities.mask() != self.capabilities {
            return Err(format!("is of a key that can {}", self.what_else));
        }
        Ok(Attested::ToARoot)
    }
}
