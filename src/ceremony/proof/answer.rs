//! What KMS answered, held against what the response says. The bastion asks this before it signs a receipt, the auditor asks it again.

use super::bound::{Bound, known_answer_message};
use super::signature::{shared_secret, verifies};
use crate::wrapping::{Plaintext, plaintext};
use keyferry_bundle::kinds::{Proof, ProofMethod, ResponseTarget, Target};
use keyferry_bundle::{Base64, Digest, KeySpec, KeyUsage};

/// How a key of this spec and usage is asked.
#[must_use]
pub const fn method(spec: KeySpec, usage: KeyUsage) -> ProofMethod {
    match (plaintext(spec), usage) {
        (_, KeyUsage::GenerateVerifyMac) => ProofMethod::Mac,
        (Plaintext::Raw(_), _) => ProofMethod::RoundTrip,
        (Plaintext::Pkcs8, KeyUsage::SignVerify) => ProofMethod::Signature,
        (Plaintext::Pkcs8, KeyUsage::KeyAgreement) => ProofMethod::SharedSecret,
        (Plaintext::Pkcs8, KeyUsage::EncryptDecrypt) => ProofMethod::Decryption,
    }
}

/// Checks a proof against the plan and the response that it is `bound` to.
///
/// # Errors
/// The member that does not hold, and why.
pub fn check(
    bound: Bound,
    planned: &Target,
    answered: &ResponseTarget,
    proof: &Proof,
) -> Result<(), (&'static str, String)> {
    let (spec, usage) = (planned.key_spec, planned.key_usage);
    let expected = method(spec, usage);
    if proof.method != expected {
        return Err(("method", format!("is {}, but a {spec} key takes {expected}", proof.method)));
    }
    if proof.public_key.is_some() && answered.public_key.is_none() {
        return Err(("public_key", format!("is there, but a {spec} key has none")));
    }
    if proof.public_key != answered.public_key {
        let other = "is not the one that the HSM attested: KMS holds another key";
        return Err(("public_key", other.to_owned()));
    }
    let (challenge, answer) = (proof.challenge.as_bytes(), proof.answer.as_bytes());
    let (asked, form) = match expected {
        ProofMethod::Signature | ProofMethod::Decryption | ProofMethod::RoundTrip => (
            bound.has_challenge(&planned.name, challenge),
            "is not one for this response and target",
        ),
        ProofMethod::Mac => (
            challenge == known_answer_message(bound.plan, &planned.name),
            "is not the known answer's message for this plan and target",
        ),
        // A scalar of the curve; whether it is one shows below.
        ProofMethod::SharedSecret => (true, ""),
    };
    if !asked {
        return Err(("challenge", form.to_owned()));
    }
    let key = answered.public_key.as_ref().map(Base64::as_bytes).unwrap_or_default();
    let holds = match expected {
        ProofMethod::Signature => verifies(spec, key, challenge, answer),
        ProofMethod::SharedSecret => {
            shared_secret(spec, key, challenge).is_some_and(|secret| secret == answer)
        }
        ProofMethod::Decryption | ProofMethod::RoundTrip => challenge == answer,
        ProofMethod::Mac => answered.known_answer == Some(Digest::of(answer)),
    };
    if holds {
        return Ok(());
    }
    let problem = match expected {
        ProofMethod::Signature => "is no signature by the attested key",
        ProofMethod::SharedSecret => "is not what the attested key and the ephemeral one agree on",
        ProofMethod::Mac => {
            "is not the MAC whose hash the response has: KMS holds other key material"
        }
        ProofMethod::Decryption | ProofMethod::RoundTrip => "is not what was encrypted",
    };
    Err(("answer", problem.to_owned()))
}
