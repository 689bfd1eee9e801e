//! Whose credentials, which region, which endpoint: shown first, and held against the plan.

use crate::calls::failed;
use crate::desk::Desk;
use crate::kms::{Kms, Session};
use keyferry_bundle::kinds::Target;
use keyferry_bundle::{Environment, Plan};
use keyferry_ceremony::endpoint::is_of_aws;
use keyferry_console::screen::Tone;
use keyferry_console::{Exit, Failure};
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

/// Refuses credentials or a region that are not the plan's, and in production whatever is not AWS.
pub(crate) fn must_fit(session: &Session, plan: &Plan) -> Result<(), Failure> {
    for target in &plan.targets {
        let key = &target.key;
        same("partition", &session.partition, &key.partition, target)?;
        same("account", &session.account, &key.account, target)?;
        same("region", &session.region, &key.region, target)?;
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
