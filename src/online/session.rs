//! Whose credentials, which region, which endpoint: shown first, and held against the plan.

use crate::calls::failed;
use crate::desk::Desk;
use crate::kms::{Kms, Session};
use keyferry_bundle::kinds::Target;
use keyferry_bundle::{Endpoint, Environment};
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
    if is_of_aws(&session.endpoint) {
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

/// Whether a host belongs to AWS: the service's own endpoint, a FIPS, dual-stack or VPC endpoint.
pub(crate) fn is_of_aws(endpoint: &Endpoint) -> bool {
    let text = endpoint.as_str();
    let Some(rest) = text.strip_prefix("https://") else { return text == "aws-default" };
    let authority = rest.split('/').next().unwrap_or_default();
    let host = authority.split(':').next().unwrap_or_default();
    [".amazonaws.com", ".amazonaws.com.cn", ".api.aws", ".api.amazonwebservices.com.cn"]
        .iter()
        .any(|suffix| host.ends_with(suffix))
}

/// Refuses credentials or a region that are not the plan's.
pub(crate) fn must_fit(session: &Session, targets: &[Target]) -> Result<(), Failure> {
    for target in targets {
        let key = &target.key;
        same("partition", &session.partition, &key.partition, target)?;
        same("account", &session.account, &key.account, target)?;
        same("region", &session.region, &key.region, target)?;
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

#[cfg(test)]
mod tests {
    use super::*;
    use keyferry_ceremony::testing::parse;

    #[test]
    fn endpoints_of_aws_are_told_from_others() {
        for ours in [
            "aws-default",
            "https://kms-fips.us-east-1.amazonaws.com",
            "https://kms.cn-north-1.amazonaws.com.cn",
            "https://kms.eu-central-1.api.aws",
            "https://vpce-1.kms.eu-central-1.vpce.amazonaws.com:443",
        ] {
            assert!(is_of_aws(&parse(ours)), "{ours}");
        }
        for other in [
            "http://kms.eu-central-1.amazonaws.com",
            "http://127.0.0.1:4566",
            "https://amazonaws.com.example.org",
            "https://evil-amazonaws.com",
            "https://example.org/a.amazonaws.com",
        ] {
            assert!(!is_of_aws(&parse(other)), "{other}");
        }
    }
}
