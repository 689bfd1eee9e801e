//! What shows which key KMS holds. Each sentence is stated only after the rule that checks it has run: `response::accept` and
//! `receipt::accept` refuse an attestation or an answer that does not hold.

use super::Report;
use super::chain::{Chain, Link};
use crate::proof::{Attested, attested, generated_before, signing_key_attested};
use keyferry_bundle::kinds::{Made, Proof, ProofMethod};
use keyferry_bundle::{Base64, Device, Receipt, Response};

/// What the HSM attests about its signing key.
pub(super) fn device(chain: &Chain, link: &Link<Device>, report: &mut Report) {
    let Ok(policy) = chain.policy_of(link) else { return };
    let id = "device.attestation";
    match signing_key_attested(policy.body(), link.bundle.body()) {
        Ok(Attested::ToARoot) => {
            let sentence = "the HSM generated its signing key, which can sign and do nothing else, says its attestation, which leads to a root of the policy";
            report.holds_that(id, &link.file, sentence);
        }
        Ok(Attested::NotLookedAt) => {
            let sentence = "that the HSM generated its signing key is the witnesses' word; the policy lists no attestation root";
            report.leaves_open(id, &link.file, sentence);
        }
        Err(problem) => report.refuses(id, &link.file, format!("the attestation {problem}")),
    }
}

/// Who has a share of the wrap key.
pub(super) fn shares(link: &Link<Device>, report: &mut Report) {
    let Some(set) = &link.bundle.body().shares else { return };
    let names: Vec<&str> = set.holders.iter().map(|share| share.holder.as_str()).collect();
    let sentence = format!(
        "the wrap key is split {} of {} among {}; each proved a share under the commitments; that the HSM holds the wrap key they make is the room's word",
        set.threshold,
        names.len(),
        names.join(", ")
    );
    report.holds_that("device.shares", &link.file, sentence);
}

/// What the HSM attests about private keys.
pub(super) fn response(chain: &Chain, link: &Link<Response>, report: &mut Report) {
    let plan = chain.request_of(link).and_then(|request| chain.plan_of(request));
    let Ok(plan) = plan else { return };
    let Ok(device) = chain.device_of(plan) else { return };
    let Ok(policy) = chain.policy_of(device) else { return };
    for target in &link.bundle.body().targets {
        let planned = plan.bundle.body().target(&target.name);
        let (Some(planned), Some(key), Some(attestation)) =
            (planned, &target.public_key, &target.attestation)
        else {
            continue;
        };
        let id = "response.attestation";
        let name = &target.name;
        let restored = target.made == Made::Restored;
        let held = if restored {
            generated_before(policy.body(), planned, key, attestation)
        } else {
            attested(policy.body(), device.bundle.body(), planned, key, attestation)
        };
        match held {
            Ok(Attested::ToARoot) => {
                let which = if restored { "an HSM of the policy" } else { "the HSM" };
                let sentence = format!(
                    "target {name}: {which} generated this private key and it can leave the HSM under wrap alone, says its attestation, which leads to a root of the policy"
                );
                report.holds_that(id, &link.file, sentence);
            }
            Ok(Attested::NotLookedAt) => {
                let sentence = format!(
                    "target {name}: that the HSM generated this private key is the witnesses' word; the policy lists no attestation root"
                );
                report.leaves_open(id, &link.file, sentence);
            }
            Err(problem) => {
                report.refuses(id, &link.file, format!("target {name}: the attestation {problem}"));
            }
        }
    }
}

/// What KMS answered.
pub(super) fn receipt(chain: &Chain, link: &Link<Receipt>, report: &mut Report) {
    let id = "receipt.proof";
    for target in &link.bundle.body().targets {
        let name = &target.name;
        let Some(proof) = &target.proof else {
            let sentence = format!("target {name}: nothing shows which key material KMS holds");
            report.leaves_open(id, &link.file, sentence);
            continue;
        };
        let shown = match proof.method {
            ProofMethod::Signature => {
                "KMS signed a fresh challenge, which names the response, with the private key of the response: KMS holds that key"
            }
            ProofMethod::SharedSecret => {
                "KMS has the public key of the response, and the operator states that it agreed on a secret under it"
            }
            ProofMethod::Mac if shown_elsewhere(chain, link, &proof.answer) => {
                "the operator states that KMS computed the MAC again whose hash the room had published; an earlier receipt shows it already"
            }
            ProofMethod::Mac => {
                "KMS computed the MAC whose hash the room had published: KMS holds that key material"
            }
            ProofMethod::Decryption => {
                "KMS has the public key of the response, and the operator states that it decrypted a fresh challenge under it"
            }
            ProofMethod::RoundTrip => {
                "the operator states that KMS encrypted and decrypted with it: the key works; which key material it is, no answer of KMS can show"
            }
        };
        report.holds_that(id, &link.file, format!("target {name}: {shown}"));
    }
}

/// Whether a proof shows to everybody that KMS holds this key material; otherwise it is the operator's word.
pub(super) fn shows(chain: &Chain, link: &Link<Receipt>, proof: &Proof) -> bool {
    match proof.method {
        ProofMethod::Signature => true,
        ProofMethod::Mac => !shown_elsewhere(chain, link, &proof.answer),
        ProofMethod::Decryption | ProofMethod::SharedSecret | ProofMethod::RoundTrip => false,
    }
}

/// Whether a receipt for an earlier response of the same plan gives the same answer: a MAC is bound to the plan, so whoever read that
/// receipt knows it.
fn shown_elsewhere(chain: &Chain, link: &Link<Receipt>, answer: &Base64) -> bool {
    let place = |link: &Link<Receipt>| {
        let response = chain.responses.get(link.follows)?;
        let request = chain.request_of(response).ok()?;
        Some((request.follows, request.bundle.body().counter))
    };
    let Some((plan, counter)) = place(link) else { return false };
    let before = chain
        .receipts
        .iter()
        .filter(|other| place(other).is_some_and(|(of, number)| of == plan && number < counter));
    let mut proofs = before.flat_map(|other| &other.bundle.body().targets);
    proofs.any(|target| target.proof.as_ref().is_some_and(|proof| proof.answer == *answer))
}
