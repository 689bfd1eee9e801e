//! Claims in words. Each is stated only after the code that checks it has run.

use super::chain::{Chain, Link};
use super::sort::Sorted;
use super::{Report, proofs};
use crate::response;
use keyferry_bundle::kinds::{Isolation, Operation, Outcome, ResponseTarget, Target, Work};
use keyferry_bundle::{
    Backup, Device, Endpoint, ExpirationModel, Plan, Policy, Receipt, Request, Response, Signer,
    Verified,
};

fn signers<T>(bundle: &Verified<T>) -> String {
    let names = |signers: &[Signer]| {
        let names: Vec<&str> = signers.iter().map(|signer| signer.holder.as_str()).collect();
        names.join(", ")
    };
    let (counted, discounted) = (names(bundle.signers()), names(bundle.discounted()));
    if discounted.is_empty() {
        counted
    } else {
        format!("{counted}; a revoked key does not count: {discounted}")
    }
}

pub(super) fn policy(link: &Link<Policy>, report: &mut Report) {
    let policy = link.bundle.body();
    let sentence = format!(
        "policy {:?} version {}, {}, is signed by its policy-root quorum: {}",
        policy.name.as_str(),
        policy.version,
        policy.environment,
        signers(&link.bundle)
    );
    report.holds_that("policy.signed", &link.file, sentence);
}

pub(super) fn device(chain: &Chain, link: &Link<Device>, report: &mut Report) {
    let device = link.bundle.body();
    let sentence = format!(
        "HSM {}, serial {}, firmware {}, is a device of the policy; signed by its own key and the witness quorum: {}",
        device.name,
        device.serial,
        device.firmware,
        signers(&link.bundle)
    );
    report.holds_that("device.signed", &link.file, sentence);
    proofs::device(chain, link, report);
    proofs::shares(link, report);
}

pub(super) fn plan(chain: &Chain, link: &Link<Plan>, report: &mut Report) {
    let plan = link.bundle.body();
    let sentence = format!(
        "plan {} of ceremony {} is approved by the ceremony-officer quorum: {}",
        plan.counter,
        plan.ceremony,
        signers(&link.bundle)
    );
    report.holds_that("plan.approved", &link.file, sentence);
    for target in &plan.targets {
        let sentence = format!(
            "target {}: {} key {} with {} under {} is within the policy and AWS's wrapping matrix{}",
            target.name,
            target.key_spec,
            target.key,
            target.wrapping_algorithm,
            target.wrapping_key_spec,
            material(plan, target)
        );
        report.holds_that("plan.allowed", &link.file, sentence);
    }
    if let Ok(device) = chain.device_of(link) {
        let sentence = format!("is for the HSM of {}", device.file);
        report.holds_that("plan.device", &link.file, sentence);
    }
}

/// What the plan does with it, where that is not to import key material of its own.
fn material(plan: &Plan, target: &Target) -> String {
    let mut told = match plan.operation {
        Operation::Import => String::new(),
        Operation::Reimport => {
            format!("; its generation {} is imported again", target.generation)
        }
        Operation::Rotate => format!("; it is rotated to generation {}", target.generation),
    };
    if let Some(leader) = plan.leader(target).filter(|leader| leader.name != target.name) {
        told = format!("{told}; it gets the same key material as target {}", leader.name);
    }
    told
}

pub(super) fn request(chain: &Chain, link: &Link<Request>, report: &mut Report) {
    let request = link.bundle.body();
    let sentence = format!(
        "request {} is signed by the online-operator quorum: {}",
        request.counter,
        signers(&link.bundle)
    );
    report.holds_that("request.signed", &link.file, sentence);
    if let Ok(plan) = chain.plan_of(link) {
        let sentence = format!("asks for exactly the keys of {}", plan.file);
        report.holds_that("request.plan", &link.file, sentence);
    }
    let sentence = format!(
        "the operator states that account {} asked at {}",
        request.account,
        place(&request.endpoint)
    );
    report.holds_that("request.endpoint", &link.file, sentence);
    for target in &request.targets {
        let sentence = format!(
            "target {}: the wrapping public key is a sound {} key; that it is AWS's is the bastion's word",
            target.name, target.wrapping_key_spec
        );
        report.holds_that("request.wrapping-key", &link.file, sentence);
    }
}

/// An endpoint as a sentence calls it.
fn place(endpoint: &Endpoint) -> String {
    match endpoint.as_str() {
        Endpoint::AWS_DEFAULT => "AWS's own endpoint of the region".to_owned(),
        Endpoint::CONSOLE => "the AWS console".to_owned(),
        url => format!("endpoint {url}"),
    }
}

pub(super) fn answer(chain: &Chain, link: &Link<Response>, report: &mut Report) {
    let response = link.bundle.body();
    let sentence =
        format!("is signed by the HSM and the witness quorum: {}", signers(&link.bundle));
    report.holds_that("response.signed", &link.file, sentence);
    if let Ok(request) = chain.request_of(link) {
        let sentence = format!(
            "answers {} on HSM serial {}: keys, wrapping public keys and import tokens are the same",
            request.file, response.serial
        );
        report.holds_that("response.request", &link.file, sentence);
    }
    let isolation = match response.isolation {
        Isolation::Isolated => "the room's host states that it was off every network",
        Isolation::Overridden => "the room's host was on a network: allowed in a rehearsal only",
    };
    report.holds_that("response.isolation", &link.file, isolation);
    for target in &response.targets {
        backup_of(chain, link, target, report);
    }
    proofs::response(chain, link, report);
}

/// The backup that a response names for one of its targets.
fn backup_of(chain: &Chain, link: &Link<Response>, target: &ResponseTarget, report: &mut Report) {
    let fits = |backup: &Link<Backup>| {
        let plan = chain.plan_of(chain.request_of(link)?)?;
        let device = chain.device_of(plan)?;
        response::check_backup(&plan.bundle, &device.bundle, target, &backup.bundle)
    };
    let mut named = chain.backups.iter().filter(|backup| backup.bundle.digest() == target.backup);
    let Some(backup) = named.next() else {
        let problem = format!("target {}: its backup bundle is not there", target.name);
        return report.refuses("response.backup", &link.file, problem);
    };
    match fits(backup) {
        Ok(()) => {
            let sentence = format!(
                "target {}: the same key material, by its check value, is backed up in {}",
                target.name, backup.file
            );
            report.holds_that("response.backup", &link.file, sentence);
        }
        Err(refusal) => report.refuses_bundle("response.backup", &backup.file, &refusal),
    }
}

pub(super) fn backup(link: &Link<Backup>, report: &mut Report) {
    let backup = link.bundle.body();
    let custodians = backup.age.as_ref().map_or_else(
        || "no age copy".to_owned(),
        |age| {
            let names: Vec<&str> = age.recipients.iter().map(|c| c.holder.as_str()).collect();
            format!("an age copy for {}", names.join(", "))
        },
    );
    let sentence = format!(
        "target {}: the HSM states a copy under wrap key {} and {custodians}",
        backup.target, backup.wrapped.wrap_key
    );
    report.holds_that("backup.signed", &link.file, sentence);
}

pub(super) fn receipt(chain: &Chain, link: &Link<Receipt>, report: &mut Report) {
    let receipt = link.bundle.body();
    let sentence = format!("is signed by the online-operator quorum: {}", signers(&link.bundle));
    report.holds_that("receipt.signed", &link.file, sentence);
    let sentence = format!(
        "the operator states that account {} uploaded at {}",
        receipt.account,
        place(&receipt.endpoint)
    );
    report.holds_that("receipt.endpoint", &link.file, sentence);
    let uploaded = chain.responses.get(link.follows).map_or("", |response| &response.file);
    for target in &receipt.targets {
        let how = match target.outcome {
            Outcome::Imported => "KMS answered the import",
            Outcome::Confirmed => "DescribeKey showed the key enabled after the import",
        };
        let expiry = match (target.expiration.model, target.expiration.valid_to) {
            (ExpirationModel::Expires, Some(date)) => format!("until {date}"),
            (ExpirationModel::Expires | ExpirationModel::DoesNotExpire, _) => {
                "without expiry".to_owned()
            }
        };
        let material = target
            .key_material_id
            .as_ref()
            .map_or_else(String::new, |id| format!(", key material id {id}"));
        let shown = target.proof.as_ref().is_some_and(|proof| proofs::shows(chain, link, proof));
        let proof = match target.outcome {
            Outcome::Confirmed if !shown => {
                "; it was not proved that KMS holds this very key material"
            }
            Outcome::Imported | Outcome::Confirmed => "",
        };
        let sentence = format!(
            "target {}: the operator states that {how} of {uploaded} into {} {expiry}{material}{proof}",
            target.name, target.key
        );
        report.holds_that("receipt.import", &link.file, sentence);
    }
    proofs::receipt(chain, link, report);
}

/// An HSM that no plan here is for.
pub(super) fn unplanned(device: &Link<Device>, report: &mut Report) {
    report.leaves_open("device.planned", &device.file, "has no plan here");
}

/// What has not happened yet, as far as this folder shows. What a later request of the same plan has overtaken never will.
pub(super) fn missing(chain: &Chain, report: &mut Report) {
    for (index, plan) in chain.plans.iter().enumerate() {
        if !chain.requests.iter().any(|request| request.follows == index) {
            report.leaves_open("plan.requested", &plan.file, "has no request here");
        }
    }
    let answered = |index: usize| chain.responses.iter().any(|response| response.follows == index);
    let imported = |index: usize| chain.receipts.iter().any(|receipt| receipt.follows == index);
    let unanswered = chain.requests.iter().enumerate().filter(|(index, _)| !answered(*index));
    for (_, request) in unanswered {
        match later(chain, request).find(|(later, _)| answered(*later)) {
            None => report.leaves_open("request.answered", &request.file, "has no response here"),
            Some((_, later)) => {
                let sentence = format!("has no response here: {} was answered instead", later.file);
                report.leaves_open("request.overtaken", &request.file, sentence);
            }
        }
    }
    let unimported = chain.responses.iter().enumerate().filter(|(index, _)| !imported(*index));
    for (_, response) in unimported {
        let of = |request: usize| chain.responses.iter().position(|other| other.follows == request);
        let overtaken = chain.request_of(response).ok().and_then(|request| {
            later(chain, request).find(|(later, _)| of(*later).is_some_and(imported))
        });
        match overtaken {
            None => report.leaves_open("response.imported", &response.file, "has no receipt here"),
            Some((_, later)) => {
                let sentence = format!(
                    "has no receipt here: the response to {} was imported instead",
                    later.file
                );
                report.leaves_open("response.overtaken", &response.file, sentence);
            }
        }
    }
}

/// The requests of the same plan that came after.
fn later<'a>(
    chain: &'a Chain,
    request: &Link<Request>,
) -> impl Iterator<Item = (usize, &'a Link<Request>)> {
    let (plan, counter) = (request.follows, request.bundle.body().counter);
    chain
        .requests
        .iter()
        .enumerate()
        .filter(move |(_, other)| other.follows == plan && other.bundle.body().counter > counter)
}

/// Files that bundles name by digest.
pub(super) fn attachments(chain: &Chain, sorted: &Sorted<'_>, report: &mut Report) {
    let mut named = Vec::new();
    for link in &chain.backups {
        let backup = link.bundle.body();
        named.push((backup.wrapped.sha256, "backup.copy", link.file.clone(), "copy under wrap"));
        if let Some(age) = &backup.age {
            named.push((age.sha256, "backup.copy", link.file.clone(), "age copy"));
        }
    }
    let backups = chain.upkeeps.iter().filter(|link| link.bundle.body().work == Work::Backup);
    for link in backups {
        let copies = link.bundle.body().objects.iter().filter_map(|object| object.wrapped);
        named.extend(
            copies.map(|digest| (digest, "upkeep.copy", link.file.clone(), "copy under wrap")),
        );
    }
    for link in &chain.requests {
        for target in &link.bundle.body().targets {
            let file = link.file.clone();
            named.push((target.import_token_sha256, "request.token", file, "import token"));
        }
    }
    for (file, digest) in &sorted.attachments {
        match named.iter().find(|(known, ..)| known == digest) {
            Some((_, claim, by, what)) => {
                report.holds_that(claim, &file.name, format!("is the {what} that {by} names"));
            }
            None => report.refuses("folder.files", &file.name, "is not what any bundle here names"),
        }
    }
    for (digest, claim, by, what) in &named {
        if !sorted.attachments.iter().any(|(_, known)| known == digest) {
            let sentence = format!("its {what} is not among these files; SHA-256 {digest}");
            report.leaves_open(claim, by, sentence);
        }
    }
}
