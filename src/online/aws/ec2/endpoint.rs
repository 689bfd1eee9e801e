//! Which endpoint EC2 calls go to: the option, then `AWS_ENDPOINT_URL_EC2`, `AWS_ENDPOINT_URL` and the profile as the SDK reads them, then
//! AWS's own (Amazon EC2 developer guide, "Amazon EC2 service endpoints").

use crate::ec2::Place;
use aws_config::SdkConfig;
use aws_types::service_config::ServiceConfigKey;
use keyferry_bundle::{AwsRegion, Endpoint};
use keyferry_console::Failure;

/// The URL to call, and what is shown of it.
pub(super) fn of(
    settings: &SdkConfig,
    region: AwsRegion,
    asked: Option<&Endpoint>,
) -> Result<(String, Place), Failure> {
    let set = || {
        let key = ServiceConfigKey::builder()
            .service_id("EC2")
            .env("AWS_ENDPOINT_URL")
            .profile("endpoint_url")
            .build()
            .ok()?;
        settings.service_config()?.load_config(key)
    };
    let url = asked.filter(|url| url.as_str() != Endpoint::AWS_DEFAULT).map(Endpoint::to_string);
    let url = url
        .or_else(set)
        .or_else(|| settings.endpoint_url().map(str::to_owned))
        .unwrap_or_else(|| own(settings, &region));
    let url = url.trim_end_matches('/').to_owned();
    let endpoint: Endpoint = url.parse().map_err(|problem: String| {
        Failure::usage(format!("EC2's endpoint makes no sense: {url}")).because(problem)
    })?;
    if endpoint.is_console() || endpoint.as_str() == Endpoint::AWS_DEFAULT {
        return Err(Failure::usage("that is no endpoint to call").because(url));
    }
    let of_aws = is_of_aws(&url, &region);
    Ok((format!("{url}/"), Place { region, endpoint, of_aws }))
}

fn suffix(region: &AwsRegion) -> &'static str {
    if region.as_str().starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" }
}

fn own(settings: &SdkConfig, region: &AwsRegion) -> String {
    let fips = if settings.use_fips() == Some(true) { "-fips" } else { "" };
    if settings.use_dual_stack() == Some(true) {
        return format!("https://ec2{fips}.{region}.api.aws");
    }
    format!("https://ec2{fips}.{region}.{}", suffix(region))
}

/// The service's own, its FIPS or dual-stack one, or an interface endpoint of a VPC.
fn is_of_aws(url: &str, region: &AwsRegion) -> bool {
    let Some(host) = url.strip_prefix("https://") else { return false };
    let host = host.strip_suffix(":443").unwrap_or(host);
    let suffix = suffix(region);
    let public = |service: &str| {
        host == format!("{service}.{region}.{suffix}")
            || host == format!("{service}.{region}.api.aws")
    };
    let in_vpc = host.strip_suffix(&format!(".ec2.{region}.vpce.{suffix}")).is_some_and(|label| {
        !label.is_empty()
            && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    });
    public("ec2") || public("ec2-fips") || in_vpc
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_aws_is_aws() {
        let region: AwsRegion = "eu-central-1".parse().unwrap();
        for own in [
            "https://ec2.eu-central-1.amazonaws.com",
            "https://ec2.eu-central-1.amazonaws.com:443",
            "https://ec2-fips.eu-central-1.amazonaws.com",
            "https://ec2.eu-central-1.api.aws",
            "https://vpce-0a1b.ec2.eu-central-1.vpce.amazonaws.com",
        ] {
            assert!(is_of_aws(own, &region), "{own}");
        }
        for other in [
            "http://ec2.eu-central-1.amazonaws.com",
            "https://ec2.eu-west-1.amazonaws.com",
            "https://ec2.eu-central-1.amazonaws.com.evil.example",
            "https://evil.example/.ec2.eu-central-1.vpce.amazonaws.com",
            "https://kms.eu-central-1.amazonaws.com",
            "http://127.0.0.1:4571",
        ] {
            assert!(!is_of_aws(other, &region), "{other}");
        }
    }

    #[test]
    fn the_option_comes_first_and_without_any_it_is_aws() {
        let region = || "eu-central-1".parse().unwrap();
        let settings = SdkConfig::builder().build();
        let (url, place) = of(&settings, region(), None).unwrap();
        assert_eq!((url.as_str(), place.of_aws), ("https://ec2.eu-central-1.amazonaws.com/", true));
        let set = SdkConfig::builder().endpoint_url("http://127.0.0.1:1").build();
        assert_eq!(of(&set, region(), None).unwrap().0, "http://127.0.0.1:1/");
        let asked = "http://127.0.0.1:2".parse().unwrap();
        let (url, place) = of(&set, region(), Some(&asked)).unwrap();
        assert_eq!((url.as_str(), place.of_aws), ("http://127.0.0.1:2/", false));
    }
}
