//! `keyferry plan new`.

mod batch;
mod chosen;
pub(super) mod earlier;
mod reimport;
mod rotate;
mod wanted;

use crate::body::Body;
use crate::cli::plan::NewArgs;
use crate::opened::{Trusted, expired, file_name};
use crate::render::Page;
use keyferry_bundle::{Bundle as _, Device, Plan, Policy, Verified};
use keyferry_ceremony::{Countersigned, device, lint, plan};
use keyferry_console::ceremony::refused;
use keyferry_console::{Exit, Failure, Name, Screen, clock, files, shell};
use serde_json::json;
use std::path::Path;

/// So many days before it expires, a policy is told to.
const SOON: u16 = 60;

/// Makes a plan, checks it, and makes the ceremony's folder with everything it stands on. Nothing is there before all is checked.
pub(crate) fn run(args: &NewArgs, screen: &Screen) -> Result<(), Failure> {
    files::must_be_free(&args.folder)?;
    let trusted = Trusted::load(args.trust.trust.as_deref())?;
    let policy = trusted.in_force()?;
    if let Some(expired) = expired(policy.body())? {
        return Err(Failure::new(
            Exit::Policy,
            "policy-expired",
            "no plan is made under an expired policy",
        )
        .because(expired)
        .hint("make the next version: keyferry policy edit --expires TIME"));
    }
    let bytes = files::read_bundle(&args.device)?;
    let device = device::accept(policy, &bytes, Countersigned::Required)
        .map_err(|refusal| refused(file_name(&args.device), &refusal))?;
    let body = build(args, &trusted, policy, &device)?;
    let envelope = body.to_envelope().map_err(|field| {
        Failure::new(Exit::Refused, "bundle-refused", "this plan cannot be made").because(field)
    })?;
    plan::check(policy, &device, &body).map_err(|refusal| refused("this plan", &refusal))?;

    let mut contents: Vec<(String, Vec<u8>)> = trusted
        .history()
        .iter()
        .map(|policy| (Name::Policy(policy.body().version).to_string(), policy.envelope().encode()))
        .collect();
    contents.push((Name::Device.to_string(), bytes));
    contents.push((Name::Plan.to_string(), envelope.encode()));
    files::write_folder(&args.folder, contents)?;

    let page = Page::of(&Body::Plan(Box::new(body.clone())));
    screen.heading(&page.heading);
    screen.table(&page.rows);
    if let Some(expires) = policy.body().expires.filter(|end| *end <= body.created.plus_days(SOON))
    {
        screen.warn(format!("the policy expires at {expires}: later plans need the next version"));
    }
    if let Some(warning) = lint::copies(device.body(), &body) {
        screen.warn(warning);
    }
    let path = args.folder.join(Name::Plan.to_string());
    let file = path.display().to_string();
    screen.say(format!(
        "Next: each ceremony officer: keyferry sign {} --identity FILE",
        shell(&path)
    ));
    screen.result(&file)?;
    screen.json(&json!({
        "folder": args.folder.display().to_string(),
        "file": file,
        "ceremony": body.ceremony,
        "operation": body.operation,
        "targets": body.targets.len(),
        "counter": body.counter,
        "digest": envelope.digest(),
    }))
}

/// The plan before, in its own ceremony's folder: it may have been made under an older policy or device bundle, but for the same HSM.
pub(super) fn predecessor(
    trusted: &Trusted,
    device: &Verified<Device>,
    path: &Path,
) -> Result<Verified<Plan>, Failure> {
    let bytes = files::read_bundle(path)?;
    let beside = path.with_file_name(Name::Device.to_string());
    let (before, plan) =
        plan::accept_under(trusted.history(), &files::read_bundle(&beside)?, &bytes)
            .map_err(|refusal| refused(path.display(), &refusal))?;
    let (found, ours) = (before.body().serial, device.body().serial);
    if found == ours {
        return Ok(plan);
    }
    Err(Failure::new(
        Exit::Refused,
        "bundle-refused",
        format!("{} is not accepted", path.display()),
    )
    .because(format!("it is for HSM {found}, but this plan is for HSM {ours}"))
    .hint("name the plan before for the same HSM, or --first if there was none"))
}

fn build(
    args: &NewArgs,
    trusted: &Trusted,
    policy: &Verified<Policy>,
    device: &Verified<Device>,
) -> Result<Plan, Failure> {
    let previous = match &args.place.previous {
        None => None,
        Some(path) => Some(predecessor(trusted, device, path)?),
    };
    let taken = previous.iter().flat_map(|before| &before.body().targets).map(|t| t.object_id);
    let taken = taken.chain(device.body().own_ids().into_iter().map(|(_, id)| id)).collect();
    Ok(Plan {
        environment: policy.body().environment,
        policy: policy.digest(),
        device: device.digest(),
        created: clock::now()?,
        ceremony: args.ceremony_id.clone(),
        counter: previous.as_ref().map_or(1, |before| before.body().counter.saturating_add(1)),
        previous: previous.as_ref().map(Verified::digest),
        operation: args.operation,
        targets: chosen::targets(args, trusted, taken)?,
        boots: args.boots,
        custodians: args.custodian.clone(),
    })
}
