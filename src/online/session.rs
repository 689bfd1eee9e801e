//! Whose credentials, which region, which endpoint: shown first, and held against the plan.

use crate::calls::failed;
use crate::desk::Desk;
use crate::kms::{KeyRef, Kms, Session};
use crate::regions::{Everywhere, Regions};
use keyferry_bundle::kinds::Target;
use keyferry_bundle::{Environment, Plan};
use keyferry_ceremony::endpoint::is_of_aws;
use keyferry_console::screen::Tone;
use keyferry_console::{Exit, Failure};
use std::collections::BTreeSet;
use std::fmt::Display;

/// Asks AWS who this is and shows the answer.
pub(crate) fn open(
    desk: Desk<'_>,
    kms: &dyn Kms,
    environment: Option<Environment>,
) -> Result<Session, Failure> {
    let session =
        kms.get_caller_identity().map_err(|error| failed("sts:GetCallerIdentity", &error))?;
    show(desk, &session, environment);
    Ok(session)
}

fn show(desk: Desk<'_>, session: &Session, environment: Option<Environment>) {
    desk.screen.heading("AWS");
    desk.screen.table(&[
        ("account", session.account.as_str()),
        ("caller", &session.caller),
        ("region", session.region.as_str()),
        ("endpoint", session.endpoint.as_str()),
    ]);
    if is_of_aws(&session.endpoint, &session.region) {
        return;
    }
    desk.screen.warn(format!("{} is no endpoint of AWS", session.endpoint));
    if environment == Some(Environment::Production) {
        let loud = "THIS IS PRODUCTION, AND WHATEVER ANSWERS THERE DECIDES UNDER WHICH KEY THE MATERIAL IS WRAPPED.";
        desk.screen.tell(Tone::Bad, loud);
        desk.screen.tell(
            Tone::Bad,
            "Stop unless you know who runs it: --endpoint-url, AWS_ENDPOINT_URL_KMS, AWS_ENDPOINT_URL or the profile sets it.",
        );
    }
}

/// As [`open`], then in every other Region that the plan has keys in. The one of the first is what bundles name.
pub(crate) fn open_all<'a>(
    desk: Desk<'_>,
    kms: &'a dyn Kms,
    regions: &'a dyn Regions,
    plan: &Plan,
) -> Result<(Session, Everywhere<'a>), Failure> {
    let first = open(desk, kms, Some(plan.environment))?;
    must_fit(&first, plan)?;
    let mut everywhere = Everywhere::new(kms, first.region.clone(), regions);
    let mut seen = BTreeSet::from([first.region.clone()]);
    for target in &plan.targets {
        if !seen.insert(target.key.region.clone()) {
            continue;
        }
        let name = KeyRef::from(&target.key);
        let there = everywhere.ask(&name, |kms| open(desk, kms, Some(plan.environment)))??;
        same("region", &there.region, &target.key.region, target)?;
        must_fit(&there, plan)?;
    }
    Ok((first, everywhere))
}

/// Refuses credentials that are not the plan's, a Region that it has no key in, and in production whatever is not AWS.
pub(crate) fn must_fit(session: &Session, plan: &Plan) -> Result<(), Failure> {
    let here = |target: &&Target| target.key.region == session.region;
    for target in &plan.targets {
        let key = &target.key;
        same("partition", &session.partition, &key.partition, target)?;
        same("account", &session.account, &key.account, target)?;
        if !plan.targets.iter().any(|target| here(&target)) {
            same("region", &session.region, &key.region, target)?;
        }
        if !here(&target) {
            continue;
        }
        let ours = is_of_aws(&session.endpoint, &key.region);
        if plan.environment == Environment::Production && !ours {
            return Err(Failure::new(
                Exit::Policy,
                "foreign-endpoint",
                "nobody but AWS takes part in production",
            )
            .because(format!("{} is no endpoint of AWS KMS in {}", session.endpoint, key.region))
            .hint("leave out --endpoint-url, and see what sets AWS_ENDPOINT_URL_KMS, AWS_ENDPOINT_URL or the profile's"));
        }
    }
    Ok(())
}

fn same<V: PartialEq + Display>(
    what: &'static str,
    found: &V,
    planned: &V,
    target: &Target,
) -> Result<(), Failure> {
    if found == planned {
        return Ok(());
    }
    let code = match what {
        "account" => "wrong-account",
        "region" => "wrong-region",
        _ => "wrong-partition",
    };
    Err(Failure::new(Exit::Policy, code, format!("this is not the plan's {what}"))
        .because(format!(
            "{what} is {found}, but target {} of the plan is in {planned}",
            target.name
        ))
        .hint("use the plan's: --profile and --region, or AWS_PROFILE and AWS_REGION"))
}
