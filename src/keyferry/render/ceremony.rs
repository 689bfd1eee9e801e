//! The pages of a ceremony's own bundles.

use super::{Page, expiry, list};
use keyferry_bundle::kinds::{Isolation, Made, Operation, Outcome, ParametersSource};
use keyferry_bundle::{Backup, Device, Digest, Plan, Receipt, Request, Response};

pub(super) fn device(device: &Device) -> Page {
    let mut page =
        Page::new(format!("HSM \"{}\", device bundle for {}", device.name, device.environment));
    page.row("serial", device.serial);
    page.row("firmware", &device.firmware);
    page.row("made", device.created);
    let key = &device.signing_key;
    let id = key.public_key().and_then(|key| key.id());
    page.row("signing key", format!("{} \"{}\"", key.object_id, key.label));
    page.row("its key id", id.map_or_else(|problem| problem, |id| id.to_string()));
    let attested = if key.attestation.is_some() { "by the HSM" } else { "not" };
    page.row("attested", attested);
    page.row("wrap key", device.wrap_key);
    if let Some(shares) = &device.shares {
        let names = shares.holders.iter().map(|share| share.holder.as_str());
        let (threshold, count) = (shares.threshold, shares.holders.len());
        page.row("  in shares", format!("any {threshold} of {count}: {}", list(names)));
        page.row("  set", shares.id);
    }
    let credentials = &device.credentials;
    page.row(
        "authentication keys",
        format!(
            "{} ceremony, {} backup, {} audit, {} administration",
            credentials.ceremony, credentials.backup, credentials.audit, credentials.administration
        ),
    );
    let fixed = &device.audit.fixed;
    page.row(
        "audit",
        format!("force {}; {} commands are logged until a reset", device.audit.force, fixed.len()),
    );
    let anchor = device.log_anchor;
    page.row("log anchor", format!("entry {}, digest {}", anchor.number, anchor.digest));
    page.row("domains", device.domains);
    page.row("policy", device.policy);
    page
}

pub(super) fn plan(plan: &Plan) -> Page {
    let what = match plan.operation {
        Operation::Import => "import new key material",
        Operation::Reimport => "import known key material again; none is generated",
        Operation::Rotate => "rotate keys to new key material",
    };
    let mut page = Page::new(format!(
        "plan {} of ceremony \"{}\", for {}: {what}",
        plan.counter, plan.ceremony, plan.environment
    ));
    page.row("made", plan.created);
    for target in &plan.targets {
        page.row("target", &target.name);
        page.row("  KMS key", &target.key);
        page.row("  account, region", format!("{}, {}", target.key.account, target.key.region));
        let kind = if target.multi_region { ", multi-Region" } else { "" };
        page.row("  key spec", format!("{}{kind}", target.key_spec));
        page.row("  key usage", target.key_usage);
        page.row(
            "  wrapped with",
            format!("{} under {}", target.wrapping_algorithm, target.wrapping_key_spec),
        );
        page.row("  expiration", expiry(&target.expiration));
        page.row(
            "  HSM object",
            format!("{} \"{}\", domains {}", target.object_id, target.label, target.domains),
        );
        page.row("  kept as", target.kept_as);
        page.row("  generation", target.generation);
        if let Some(leader) = plan.leader(target).filter(|leader| leader.name != target.name) {
            page.row("  key material", format!("the same as target \"{}\" gets", leader.name));
        }
        if let Some(pin) = &target.material {
            page.row("  must be", format!("the key material with check value {}", pin.check_value));
            page.row("  of response", pin.response);
            if let Some(id) = &pin.key_material_id {
                page.row("  KMS's id of it", id);
            }
        }
        for (earlier, pin) in (1..).zip(&target.earlier) {
            page.row(
                "  before it",
                format!("generation {earlier}, check value {}", pin.check_value),
            );
        }
    }
    page.row("age copies for", list(&plan.custodians));
    page.row("HSM starts", format!("{} at most since the log before", plan.boots));
    page.row("policy", plan.policy);
    page.row("device", plan.device);
    previous(&mut page, plan.previous);
    page
}

pub(super) fn request(request: &Request) -> Page {
    let mut page = Page::new(format!("request {}, for {}", request.counter, request.environment));
    page.row("made", request.created);
    page.row("asked by account", &request.account);
    page.row("at endpoint", &request.endpoint);
    for target in &request.targets {
        page.row("target", &target.name);
        page.row("  KMS key", &target.key);
        page.row(
            "  to be wrapped with",
            format!("{} under {}", target.wrapping_algorithm, target.wrapping_key_spec),
        );
        page.row("  wrapping public key", Digest::of(target.wrapping_public_key.as_bytes()));
        page.row("  import token", target.import_token_sha256);
        page.row("  both work until", target.parameters_valid_to);
        page.row(
            "  handed out by",
            match target.source {
                ParametersSource::Api => "GetParametersForImport",
                ParametersSource::Console => "the AWS console",
            },
        );
    }
    page.row("plan", request.plan);
    previous(&mut page, request.previous);
    page
}

pub(super) fn response(response: &Response) -> Page {
    let mut page = Page::new(format!("response, for {}", response.environment));
    page.row("made", response.created);
    page.row("HSM serial", response.serial);
    page.row(
        "room's host",
        match response.isolation {
            Isolation::Isolated => "off every network, it says",
            Isolation::Overridden => "WAS ON A NETWORK: the check was overridden",
        },
    );
    for target in &response.targets {
        page.row("target", &target.name);
        page.row("  KMS key", &target.key);
        page.row("  key spec", target.key_spec);
        page.row(
            "  key material",
            match target.made {
                Made::Generated => "drawn from the HSM's random generator for this response",
                Made::Stored => "read back from what an earlier run of this plan stored",
                Made::Resumed => "read back from what a run of this plan stored that was cut off",
                Made::Kept => "read back from what an earlier plan stored",
                Made::Restored => "read back from what was restored into this HSM from a copy",
            },
        );
        page.row(
            "  encrypted with",
            format!(
                "{}, {} bytes",
                target.wrapping_algorithm,
                target.encrypted_key_material.as_bytes().len()
            ),
        );
        page.row("  wrapping public key", target.wrapping_public_key_sha256);
        page.row("  import token", target.import_token_sha256);
        page.row("  HSM object", target.object_id);
        page.row("  check value", target.check_value);
        if let Some(key) = &target.public_key {
            page.row("  public key", Digest::of(key.as_bytes()));
            let attested = if target.attestation.is_some() { "by the HSM" } else { "not" };
            page.row("  attested", attested);
        }
        if let Some(answer) = target.known_answer {
            page.row("  known answer", answer);
        }
        page.row("  backup bundle", target.backup);
    }
    page.row("HSM log", response.log);
    page.row("request", response.request);
    page.row("plan", response.plan);
    page.row("device", response.device);
    page
}

pub(super) fn backup(backup: &Backup) -> Page {
    let mut page = Page::new(format!(
        "backup of target \"{}\", generation {}, for {}",
        backup.target, backup.generation, backup.environment
    ));
    page.row("made", backup.created);
    page.row("KMS key", &backup.key);
    page.row("HSM serial", backup.serial);
    page.row("HSM object", backup.object_id);
    page.row("check value", backup.check_value);
    page.row("copy under wrap key", backup.wrapped.wrap_key);
    page.row("  its SHA-256", backup.wrapped.sha256);
    match &backup.age {
        None => page.row("age copy", "none"),
        Some(age) => {
            page.row("age copy for", list(age.recipients.iter().map(|c| &c.holder)));
            page.row("  its SHA-256", age.sha256);
        }
    }
    page.row("plan", backup.plan);
    page.row("device", backup.device);
    page
}

pub(super) fn receipt(receipt: &Receipt) -> Page {
    let mut page = Page::new(format!("receipt, for {}", receipt.environment));
    page.row("made", receipt.created);
    page.row("uploaded by account", &receipt.account);
    page.row("at endpoint", &receipt.endpoint);
    for target in &receipt.targets {
        page.row("target", &target.name);
        page.row("  KMS key", &target.key);
        page.row(
            "  outcome",
            match target.outcome {
                Outcome::Imported => "KMS answered the import",
                Outcome::Confirmed => "no answer came; DescribeKey confirmed the import",
            },
        );
        page.row("  expiration", expiry(&target.expiration));
        if let Some(id) = &target.key_material_id {
            page.row("  key material id", id);
        }
        for (generation, id) in (1_u32..).zip(&target.generations) {
            page.row("  KMS lists", format!("generation {generation}: {id}"));
        }
        page.row("  proof", target.proof.as_ref().map_or("none", |proof| proof.method.as_str()));
    }
    page.row("response", receipt.response);
    page
}

pub(super) fn previous(page: &mut Page, previous: Option<Digest>) {
    if let Some(previous) = previous {
        page.row("follows", previous);
    }
}
