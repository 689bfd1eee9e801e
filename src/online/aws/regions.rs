//! Clients for other Regions, with the settings of the first.

use super::{AwsOptions, Client};
use crate::kms::Kms;
use crate::regions::Regions;
use keyferry_bundle::AwsRegion;
use keyferry_ceremony::endpoint::is_of_aws;
use keyferry_console::Failure;
use std::rc::Rc;

impl Regions for AwsOptions {
    fn at(&self, region: &AwsRegion) -> Result<Rc<dyn Kms>, Failure> {
        Ok(Rc::new(Client::new(&self.elsewhere(region))?))
    }
}

impl AwsOptions {
    /// The same settings in another Region. An endpoint of AWS belongs to one Region; any other stays.
    fn elsewhere(&self, region: &AwsRegion) -> Self {
        let foreign = |url: &keyferry_bundle::Endpoint| {
            !url.as_str().contains(".amazonaws.com") || is_of_aws(url, region)
        };
        Self {
            region: Some(region.clone()),
            endpoint_url: self.endpoint_url.clone().filter(foreign),
            ..self.clone()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_of_another_region_stays_behind_and_a_foreign_one_comes_along() {
        let there = "eu-west-1".parse().unwrap();
        let of = |url: &str| {
            let options =
                AwsOptions { endpoint_url: Some(url.parse().unwrap()), ..AwsOptions::default() };
            options.elsewhere(&there).endpoint_url.map(|url| url.to_string())
        };
        assert_eq!(of("https://kms.eu-central-1.amazonaws.com"), None);
        for kept in ["https://kms.eu-west-1.amazonaws.com", "http://127.0.0.1:4566", "aws-default"]
        {
            assert_eq!(of(kept).as_deref(), Some(kept));
        }
    }
}
