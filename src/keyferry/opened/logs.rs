//! The HSM's log that a response names, as far as it lies beside it.

use keyferry_bundle::{Device, Plan, Response, Verified};
use keyferry_ceremony::hsm_log::{Finding, Weight};
use keyferry_ceremony::log::{self, Part};
use keyferry_console::{Ceremony, Exit, Failure, Name};

/// Checks that the log is the one that the response names, and that what it says was to be done. What stands open is returned as
/// remarks, as is a log that is kept elsewhere.
pub(super) fn check(
    ceremony: &Ceremony,
    device: &Verified<Device>,
    plan: &Verified<Plan>,
    answer: &Response,
    counter: u32,
) -> Result<Vec<String>, Failure> {
    let name = Name::Log(counter);
    if !ceremony.has(&name) {
        return Ok(vec![format!("{name} is not here: what the HSM did was not checked")]);
    }
    let refuse = |because: String| {
        Failure::new(Exit::Refused, "bundle-refused", format!("{name} is not accepted"))
            .because(because)
            .hint("stop: the HSM did something else than the response says")
    };
    let found = ceremony.log(device, counter)?;
    if found.digest() != answer.log {
        return Err(refuse("it is not the log that the response names".to_owned()));
    }
    let plan = plan.body();
    let declared = log::declared(plan, &answer.targets);
    let upkeeps = ceremony.upkeeps(device)?;
    let upkeeps: Vec<_> = upkeeps.iter().map(Verified::body).collect();
    let findings = log::findings(device.body(), Some(plan), &upkeeps, &declared, found.body());
    let wrong =
        |part: Part, finding: &Finding| part == Part::Targets && finding.weight == Weight::Wrong;
    if let Some((_, finding)) = findings.iter().find(|(part, finding)| wrong(*part, finding)) {
        return Err(refuse(finding.text.clone()));
    }
    // What was done besides, the room has told a person: whoever signs decides, and every auditor sees it.
    let told = findings.into_iter().filter(|(_, finding)| finding.weight != Weight::Sound);
    Ok(told.map(|(_, finding)| format!("{name}: {}", finding.text)).collect())
}
