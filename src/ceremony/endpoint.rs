//! Which service answered: in production, nobody but AWS.

use crate::{Refusal, links::same};
use keyferry_bundle::{AccountId, AwsRegion, Endpoint, Environment, KeyArn, Kind, Policy};

/// The suffix of AWS's public names in a region.
fn suffix(region: &AwsRegion) -> &'static str {
    if region.as_str().starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" }
}

/// The URL that `aws-default` stands for in a region.
#[must_use]
pub fn default_url(region: &AwsRegion) -> String {
    format!("https://kms.{region}.{}", suffix(region))
}

/// Whether an endpoint is AWS's own for KMS in that region: the service's, its FIPS or dual-stack one, an interface endpoint of a VPC
/// (AWS General Reference, "AWS Key Management Service endpoints and quotas"; AWS KMS developer guide, "Connect to AWS KMS through a
/// VPC endpoint"), or the console.
#[must_use]
pub fn is_of_aws(endpoint: &Endpoint, region: &AwsRegion) -> bool {
    let text = endpoint.as_str();
    if text == Endpoint::AWS_DEFAULT || text == Endpoint::CONSOLE {
        return true;
    }
    let Some(host) = text.strip_prefix("https://") else { return false };
    let host = host.strip_suffix(":443").unwrap_or(host);
    let suffix = suffix(region);
    let public = |service: &str| {
        host == format!("{service}.{region}.{suffix}")
            || host == format!("{service}.{region}.api.aws")
    };
    let in_vpc = || {
        let label = host.strip_suffix(&format!(".kms.{region}.vpce.{suffix}"));
        label.is_some_and(|label| {
            !label.is_empty()
                && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        })
    };
    public("kms") || public("kms-fips") || in_vpc()
}

/// The rules for whose credentials spoke to what, in a request and in a receipt: the account is the policy's and every key's, and in
/// production the endpoint is AWS's own for every key.
pub(crate) fn check<'a>(
    kind: Kind,
    policy: &Policy,
    account: &AccountId,
    endpoint: &Endpoint,
    keys: impl IntoIterator<Item = &'a KeyArn>,
) -> Result<(), Refusal> {
    if !policy.allowed.accounts.contains(account) {
        let problem = format!("{account} is not an account of the policy");
        return Err(Refusal::not_allowed(kind, "account", problem));
    }
    for key in keys {
        same(kind, "account", account, &key.account, &format!("key {}", key.key_id))?;
        if policy.environment == Environment::Production && !is_of_aws(endpoint, &key.region) {
            let problem = format!("{endpoint} is no endpoint of AWS KMS in {}", key.region);
            return Err(Refusal::not_allowed(kind, "endpoint", problem));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::is_of_aws;
    use crate::testing::parse;

    #[test]
    fn endpoints_of_aws_are_told_from_others() {
        let frankfurt = parse("eu-central-1");
        for ours in [
            "aws-default",
            "console",
            "https://kms.eu-central-1.amazonaws.com",
            "https://kms-fips.eu-central-1.amazonaws.com",
            "https://kms.eu-central-1.api.aws",
            "https://kms-fips.eu-central-1.api.aws",
            "https://vpce-1-2b.kms.eu-central-1.vpce.amazonaws.com:443",
        ] {
            assert!(is_of_aws(&parse(ours), &frankfurt), "{ours}");
        }
        for other in [
            "http://kms.eu-central-1.amazonaws.com",
            "http://127.0.0.1:4566",
            "https://kms.us-east-1.amazonaws.com",
            "https://kms.eu-central-1.amazonaws.com.cn",
            "https://kms.eu-central-1.amazonaws.com:8443",
            "https://kms.eu-central-1.amazonaws.com/path",
            "https://bucket.s3.eu-central-1.amazonaws.com",
            "https://x.execute-api.eu-central-1.amazonaws.com",
            "https://.kms.eu-central-1.vpce.amazonaws.com",
            "https://a.b.kms.eu-central-1.vpce.amazonaws.com",
            "https://vpce-1.kms.us-east-1.vpce.amazonaws.com",
            "https://amazonaws.com.example.org",
            "https://evil-amazonaws.com",
            "https://example.org/a.amazonaws.com",
        ] {
            assert!(!is_of_aws(&parse(other), &frankfurt), "{other}");
        }
        let beijing = parse("cn-north-1");
        assert!(is_of_aws(&parse("https://kms.cn-north-1.amazonaws.com.cn"), &beijing));
        assert!(!is_of_aws(&parse("https://kms.cn-north-1.amazonaws.com"), &beijing));
    }
}
