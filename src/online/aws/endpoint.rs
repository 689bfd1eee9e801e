//! Which endpoint KMS calls really go to: asked of the SDK itself, by preparing a call that is stopped before it is sent, so that
//! no variable, profile or FIPS setting can be overlooked.

use super::failures::call_error;
use super::sent::Sent;
use crate::kms::CallError;
use keyferry_bundle::{AwsRegion, Endpoint};
use keyferry_ceremony::endpoint::default_url;

/// The endpoint as a bundle names it.
pub(super) fn in_use(
    runtime: &tokio::runtime::Runtime,
    kms: &aws_sdk_kms::Client,
    region: &AwsRegion,
) -> Result<Endpoint, CallError> {
    let probe = Sent::stopped();
    let call = kms.list_aliases().customize().interceptor(probe.clone()).send();
    let outcome = runtime.block_on(call);
    match (probe.url(), outcome) {
        (Some(url), _) => named(&url, region).map_err(CallError::NotSent),
        (None, Err(error)) => Err(call_error(&error, &probe)),
        (None, Ok(_)) => Err(CallError::NotSent("the endpoint could not be found out".to_owned())),
    }
}

/// Whether it stands for the service's own endpoint.
pub(super) fn is_default(endpoint: &Endpoint) -> bool {
    endpoint.as_str() == Endpoint::AWS_DEFAULT
}

/// `aws-default` for the service's own endpoint in the region, else scheme and authority and at most one path segment.
fn named(url: &str, region: &AwsRegion) -> Result<Endpoint, String> {
    let url = url.trim_end_matches('/');
    if url == default_url(region) {
        return Endpoint::AWS_DEFAULT.parse();
    }
    url.parse().map_err(|problem| format!("endpoint {url}: {problem}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_regions_own_endpoint_is_the_default() {
        let region = "eu-central-1".parse().unwrap();
        let named = |url| named(url, &region).unwrap().to_string();
        assert_eq!(named("https://kms.eu-central-1.amazonaws.com/"), "aws-default");
        for other in [
            "https://kms.eu-west-1.amazonaws.com",
            "http://kms.eu-central-1.amazonaws.com",
            "https://kms-fips.eu-central-1.amazonaws.com",
            "https://kms.eu-central-1.amazonaws.com.cn",
            "http://127.0.0.1:4566",
        ] {
            assert_eq!(named(other), other);
        }
    }
}
