//! `keyferry plan lint`.

use super::plan_new::{earlier, predecessor};
use crate::cli::plan::LintArgs;
use crate::opened::{Trusted, envelope, file_name};
use keyferry_bundle::{Device, Kind, Plan, Policy, Verified};
use keyferry_ceremony::budget;
use keyferry_ceremony::draft::Progress;
use keyferry_ceremony::hsm_log::CAPACITY;
use keyferry_ceremony::lint::{self, Beside, Finding, Lint, Standing};
use keyferry_console::{Ceremony, Exit, Failure, Name, Screen, clock, files, one_line};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// Looks at a plan and says what was found.
pub(crate) fn run(args: &LintArgs, screen: &Screen) -> Result<(), Failure> {
    let path = plan_in(&args.path)?;
    let trusted = Trusted::load(args.trust.trust.as_deref())?;
    let policy = trusted.in_force()?;
    let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let ceremony = Ceremony::under(folder.unwrap_or(Path::new(".")), trusted.history())?;
    let device = ceremony.device()?;
    let bytes = files::read_bundle(&path)?;
    // A file that is no bundle at all is not worth a list.
    envelope(&file_name(&path), &bytes)?;
    let beside = beside(args, &trusted, &device)?;
    let found = lint::lint(policy, &device, &bytes, clock::now()?, &beside);
    screen.json(&answer(&path, policy.body(), &found))?;
    for finding in &found.findings {
        screen.result(line(finding))?;
    }
    if let Some((plan, _)) = &found.plan {
        screen.result(takes(policy.body(), plan))?;
    }
    conclude(&path, &found, screen)
}

/// The plan before, and where pinned key material came from, as far as they were named.
fn beside(
    args: &LintArgs,
    trusted: &Trusted,
    device: &Verified<Device>,
) -> Result<Beside, Failure> {
    let previous = args.previous.as_deref().map(|path| predecessor(trusted, device, path));
    let previous = previous.transpose()?.map(|plan| (plan.digest(), plan.body().clone()));
    let known = earlier::all(trusted, &args.of)?;
    let responses = known.iter().map(|known| (known.pin.response, known.serial)).collect();
    Ok(Beside { previous, responses })
}

/// A folder's plan, or the file itself, which has the one name that everybody else looks for.
fn plan_in(path: &Path) -> Result<PathBuf, Failure> {
    if Name::parse(&file_name(path)) == Some(Name::Plan) {
        return Ok(path.to_owned());
    }
    if !path.is_file() {
        return Ok(path.join(Name::Plan.to_string()));
    }
    Err(Failure::new(Exit::Refused, "misnamed", format!("{} is not accepted", file_name(path)))
        .because(format!("a {} has another name in its ceremony's folder", Kind::Plan))
        .hint("name the ceremony's folder, or plan.json in it"))
}

const fn standing(standing: Standing) -> &'static str {
    match standing {
        Standing::Refused => "refused",
        Standing::NotAllowed => "not-allowed",
        Standing::Remark => "remark",
    }
}

fn line(finding: &Finding) -> String {
    let word = match finding.standing {
        Standing::Refused | Standing::NotAllowed => "FAIL",
        Standing::Remark => "REMARK",
    };
    let code = finding.code;
    let told = match &finding.field {
        Some(field) => format!("{word:6}  {field}: {} [{code}]", finding.sentence),
        None => format!("{word:6}  {} [{code}]", finding.sentence),
    };
    one_line(&told)
}

/// How many commands of the HSM a plan takes, each key material once, as if it were made for one key.
fn commands(plan: &Plan) -> usize {
    plan.materials().iter().map(|material| budget::commands(material.leader).len()).sum()
}

fn takes(policy: &Policy, plan: &Plan) -> String {
    format!(
        "It takes {} HSM commands, at most {} of {CAPACITY} log entries, and {} answers at prompts from fetch to receipt.",
        commands(plan),
        budget::plan_log_entries(plan),
        budget::prompts(policy)
    )
}

fn answer(path: &Path, policy: &Policy, found: &Lint) -> Value {
    let finding = |finding: &Finding| {
        json!({
            "code": finding.code.as_str(),
            "standing": standing(finding.standing),
            "field": finding.field,
            "sentence": finding.sentence,
        })
    };
    let plan = found.plan.as_ref();
    json!({
        "file": path.display().to_string(),
        "ceremony": plan.map(|(plan, _)| &plan.ceremony),
        "counter": plan.map(|(plan, _)| plan.counter),
        "digest": plan.map(|(_, digest)| digest),
        "refused": found.refuses(),
        "signed": found.progress.as_ref().map(|progress| &progress.counted),
        "missing": found.progress.as_ref().map(Progress::missing),
        "findings": found.findings.iter().map(finding).collect::<Vec<_>>(),
        "takes": plan.map(|(plan, _)| json!({
            "commands": commands(plan),
            "log_entries": budget::plan_log_entries(plan),
            "log_capacity": CAPACITY,
            "prompts": budget::prompts(policy),
        })),
    })
}

/// Ends as the findings demand.
fn conclude(path: &Path, found: &Lint, screen: &Screen) -> Result<(), Failure> {
    let name = path.display();
    if !found.refuses() {
        return screen.result(format!("{name}: nothing would be refused"));
    }
    Err(refused(&name.to_string(), found))
}

/// What will be refused of a plan, as a failure.
pub(crate) fn refused(name: &str, found: &Lint) -> Failure {
    let (exit, code) = if found.refuses_by_policy_only() {
        (Exit::Policy, "policy-not-met")
    } else {
        (Exit::Refused, "bundle-refused")
    };
    let failing = found.findings.iter().filter(|f| f.standing != Standing::Remark);
    let told = |finding: &Finding| match &finding.field {
        Some(field) => format!("{field}: {}", finding.sentence),
        None => finding.sentence.clone(),
    };
    failing
        .map(told)
        .fold(Failure::new(exit, code, format!("{name} will be refused")), Failure::because)
}
