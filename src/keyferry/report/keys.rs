//! Every key: what the plan asked for, how its material was made and wrapped, what is kept of it and what shows that KMS holds it.

use super::claims::{Numbered, brief};
use super::{exact, row, section};
use crate::html::Html;
use crate::render::expiry;
use keyferry_bundle::kinds::{
    KeptAs, Made, Operation, Outcome, ProofMethod, ReceiptTarget, Target,
};
use keyferry_bundle::{Backup, Plan};
use keyferry_ceremony::evidence::{Chain, Claim, KeyRecord, Link, Wrapping};
use std::collections::BTreeSet;

pub(super) fn write(html: &mut Html, chain: &Chain, numbered: &Numbered<'_>) {
    let keys = chain.keys();
    section(html, "keys", "Keys", |html| {
        if keys.is_empty() {
            html.leaf("p", "", "No plan was accepted: nothing is known about any key.");
        }
        for key in &keys {
            html.element("article", &[("class", "key")], |html| one(html, key, numbered));
        }
    });
}

fn one(html: &mut Html, key: &KeyRecord<'_>, numbered: &Numbered<'_>) {
    let target = key.target;
    let plan = key.plan.bundle().body();
    html.leaf("h3", "", format!("{}, of ceremony {}", target.name, plan.ceremony));
    html.element("dl", &[], |html| {
        exact(html, "KMS key", &target.key);
        let kind = if target.multi_region { ", multi-Region" } else { "" };
        row(html, "Key spec and usage", format!("{}, {}{kind}", target.key_spec, target.key_usage));
        row(html, "Expiration", expiry(&target.expiration));
        row(html, "Asked for by", format!("{}, plan {}", key.plan.file(), plan.counter));
        row(html, "Done with it", done(plan, target));
        if let Some(leader) = plan.leader(target).filter(|leader| leader.name != target.name) {
            row(html, "Shared", format!("the same key material as target {}", leader.name));
        }
        for (generation, pin) in (1_u32..).zip(&target.earlier) {
            exact(html, &format!("Check value of generation {generation}"), pin.check_value);
        }
        let (id, label, domains) = (target.object_id, &target.label, target.domains);
        let kept = match target.kept_as {
            KeptAs::Opaque => "bytes that the ceremony's credential can read back",
            KeptAs::SymmetricKey => "an AES key that cannot be read back",
            KeptAs::AsymmetricKey => "a private key that leaves the HSM under wrap alone",
        };
        row(html, "Kept in the HSM as", format!("{id} \"{label}\", domains {domains}: {kept}"));
        if key.wrappings.is_empty() {
            row(html, "Made", "no response for it was accepted");
        }
        for wrapping in &key.wrappings {
            wrapped(html, key, wrapping);
        }
        for backup in &key.backups {
            copies(html, backup);
        }
    });
    let mut files = BTreeSet::from([key.plan.file()]);
    files.extend(key.backups.iter().map(|link| link.file()));
    for wrapping in &key.wrappings {
        files.extend([wrapping.request.file(), wrapping.response.file()]);
        files.extend(wrapping.receipts.iter().map(|(link, _)| link.file()));
    }
    let about = format!("target {}:", target.name);
    let told =
        |claim: &Claim| files.contains(claim.file.as_str()) && claim.sentence.starts_with(&about);
    html.leaf("p", "soft", "What was checked about it:");
    brief(html, numbered.filter(told));
}

fn done(plan: &Plan, target: &Target) -> String {
    match plan.operation {
        Operation::Import => "its first key material is imported".to_owned(),
        Operation::Reimport => {
            format!("generation {} of its key material is imported again", target.generation)
        }
        Operation::Rotate => format!("it is rotated to generation {}", target.generation),
    }
}

fn wrapped(html: &mut Html, key: &KeyRecord<'_>, wrapping: &Wrapping<'_>) {
    let target = wrapping.target;
    let response = wrapping.response.bundle().body();
    let made = match (target.made, key.target.kept_as) {
        (Made::Generated, KeptAs::AsymmetricKey) => "generated inside the HSM for this response",
        (Made::Generated, KeptAs::Opaque | KeptAs::SymmetricKey) => {
            "drawn from the HSM's random generator for this response"
        }
        (Made::Stored, _) => "taken from what an earlier run of this plan had stored",
        (Made::Kept, _) => "taken from what an earlier plan had stored",
        (Made::Restored, _) => "taken from what had been restored into this HSM from a copy",
        (Made::Resumed, _) => "taken from what a run of this plan had stored that was cut off",
    };
    row(html, "Made", format!("{made}, on HSM serial {}", response.serial));
    let by = match key.target.kept_as {
        KeptAs::AsymmetricKey => "inside the HSM",
        KeptAs::Opaque | KeptAs::SymmetricKey => "on the room's host",
    };
    let (algorithm, spec) = (target.wrapping_algorithm, key.target.wrapping_key_spec);
    let file = wrapping.response.file();
    row(html, "Wrapped", format!("{algorithm} under {spec}, {by}: {file}"));
    exact(html, "Wrapping public key, SHA-256", target.wrapping_public_key_sha256);
    exact(html, "Check value", target.check_value);
    let attested = match &target.attestation {
        Some(chain) => format!(
            "a certificate of the HSM for this key and {} above it, in {file}",
            chain.issuers.len()
        ),
        None => "none: an HSM attests private keys alone".to_owned(),
    };
    row(html, "Attestation", attested);
    if wrapping.receipts.is_empty() {
        row(html, "In KMS", "no receipt for this response was accepted");
    }
    for (link, said) in &wrapping.receipts {
        row(html, "In KMS", format!("{}: {}", imported(said), link.file()));
        if let Some(id) = &said.key_material_id {
            exact(html, "Key material id", id);
        }
        row(html, "Proof", proof(said));
    }
}

fn imported(said: &ReceiptTarget) -> String {
    let how = match said.outcome {
        Outcome::Imported => "KMS answered the import",
        Outcome::Confirmed => "DescribeKey showed the key enabled after the import",
    };
    format!("{how}; {}", expiry(&said.expiration))
}

/// What was asked of KMS and answered; what follows from it is a claim's business.
const fn proof(said: &ReceiptTarget) -> &'static str {
    let Some(proof) = &said.proof else { return "none" };
    match proof.method {
        ProofMethod::Signature => "KMS signed a fresh message; the signature is in the receipt",
        ProofMethod::Decryption => {
            "KMS decrypted what was encrypted to the public key: the operator's word"
        }
        ProofMethod::SharedSecret => "KMS agreed on a secret with a fresh key: the operator's word",
        ProofMethod::Mac => {
            "KMS computed a MAC, which is held against what the response says of it"
        }
        ProofMethod::RoundTrip => {
            "KMS decrypted what it had encrypted: the operator's word; the key works"
        }
    }
}

fn copies(html: &mut Html, link: &Link<Backup>) {
    let backup = link.bundle().body();
    let (wrapped, file) = (&backup.wrapped, link.file());
    row(html, "Copy under wrap", format!("under wrap key {}: {file}", wrapped.wrap_key));
    exact(html, "Its SHA-256", wrapped.sha256);
    match &backup.age {
        None => row(html, "Copy for custodians", "none"),
        Some(age) => {
            let names: Vec<&str> = age.recipients.iter().map(|c| c.holder.as_str()).collect();
            let names = names.join(", ");
            row(html, "Copy for custodians", format!("age, opened by any of {names}: {file}"));
            exact(html, "Its SHA-256", age.sha256);
        }
    }
}
