//! `keyferry policy new`.

use super::{policy_parts as parts, sign};
use crate::body::Body;
use crate::cli::policy::NewArgs;
use crate::cli::values::RoleValue;
use crate::opened::{Opened, Trusted, file_name};
use keyferry_bundle::kinds::{Allowed, PolicyKey, Roles};
use keyferry_bundle::{Bundle as _, Policy, Verified, WrappingAlgorithm};
use keyferry_ceremony::{draft, wrapping};
use keyferry_console::ceremony::refused;
use keyferry_console::files::{self, Mode};
use keyferry_console::{Exit, Failure, Person, Screen, clock, shell};
use serde_json::json;
use std::path::Path;

/// Makes a policy, signs it with the identities given, and writes it.
pub(crate) fn run(args: &NewArgs, person: &Person, screen: &Screen) -> Result<(), Failure> {
    files::must_be_free(&args.out)?;
    let previous = args.previous.as_deref().map(|path| previous(args, path)).transpose()?;
    let policy = build(args, previous.as_ref())?;
    let mut envelope = policy.to_envelope().map_err(|field| {
        Failure::new(Exit::Refused, "bundle-refused", "this policy cannot be made").because(field)
    })?;
    let name = file_name(&args.out);
    let reopen = |bytes: &[u8]| {
        let (body, seats) =
            draft::policy(previous.as_ref(), bytes).map_err(|refusal| refused(&name, &refusal))?;
        let envelope = crate::opened::envelope(&name, bytes)?.0;
        let body = Body::Policy(Box::new(body));
        Ok(Opened { body, envelope, seats: Some(seats), remarks: Vec::new() })
    };
    sign::show(&reopen(&envelope.encode())?, screen);
    for remark in keyferry_ceremony::policy::remarks(&policy) {
        screen.warn(remark);
    }
    for identity in &args.identity {
        sign::sign_new_policy(&mut envelope, reopen, identity, person, screen)?;
    }
    let bytes = envelope.encode();
    let made = reopen(&bytes)?;
    files::write_new(&args.out, &bytes, Mode::Public)?;
    sign::tell_missing(&made, screen);
    if made.missing().is_some() {
        let file = shell(&args.out);
        screen
            .say(format!("hint: keyferry sign {file} --identity FILE, by each of its policy-root"));
    }
    screen.result(args.out.display().to_string())?;
    screen.json(&json!({
        "file": args.out.display().to_string(),
        "version": policy.version,
        "digest": envelope.digest(),
        "complete": made.missing().is_none(),
        "missing": made.missing(),
    }))
}

/// The version before: the one that is pinned, or a version 1 whose own quorum signed it.
fn previous(args: &NewArgs, path: &Path) -> Result<Verified<Policy>, Failure> {
    let (name, bytes) = (file_name(path), files::read_bundle(path)?);
    let trusted = Trusted::load(args.trust.trust.as_deref())?;
    let (envelope, _) = crate::opened::envelope(&name, &bytes)?;
    let pinned = trusted.history().iter().find(|known| known.digest() == envelope.digest());
    if let Some(pinned) = pinned {
        return Ok(pinned.clone());
    }
    keyferry_ceremony::policy::in_force(&[bytes], None).map_err(|refusal| {
        refused(&name, &refusal).hint("pin it first: keyferry policy pin, version by version")
    })
}

fn build(args: &NewArgs, previous: Option<&Verified<Policy>>) -> Result<Policy, Failure> {
    let keys: Vec<PolicyKey> = args.key.iter().map(parts::key).collect::<Result<_, _>>()?;
    let rule = |option: &str, value: &RoleValue| parts::rule(option, value, &keys, "key");
    let roots = args.attestation_root.iter().map(|path| parts::root(path));
    Ok(Policy {
        environment: args.environment,
        name: args.name.clone(),
        version: previous.map_or(1, |before| before.body().version.saturating_add(1)),
        previous: previous.map(Verified::digest),
        created: clock::now()?,
        expires: args.expires,
        roles: Roles {
            policy_root: rule("policy-root", &args.policy_root)?,
            ceremony_officer: rule("ceremony-officer", &args.ceremony_officer)?,
            online_operator: rule("online-operator", &args.online_operator)?,
            witness: rule("witness", &args.witness)?,
        },
        keys,
        // What was revoked stays so.
        revoked: previous.map(|before| before.body().revoked.clone()).unwrap_or_default(),
        allowed: Allowed {
            partition: args.partition.clone(),
            accounts: args.account.clone(),
            regions: args.region.clone(),
            key_specs: args.key_spec.clone(),
            wrapping_algorithms: wrapping_algorithms(args),
            smallest_wrapping_key: args.smallest_wrapping_key,
        },
        devices: args.device.clone(),
        attestation_roots: roots.collect::<Result<_, _>>()?,
        custodians: args.custodian.iter().map(parts::custodian).collect(),
    })
}

/// As given, or the usual one of each key spec, none twice.
fn wrapping_algorithms(args: &NewArgs) -> Vec<WrappingAlgorithm> {
    if !args.wrapping_algorithm.is_empty() {
        return args.wrapping_algorithm.clone();
    }
    let mut usual: Vec<_> = args.key_spec.iter().map(|spec| wrapping::usual(*spec)).collect();
    usual.sort();
    usual.dedup();
    usual
}
