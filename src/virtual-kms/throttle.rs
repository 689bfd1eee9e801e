//! AWS's pace of `GetParametersForImport`, on request: one a second in each Region of each account.

use crate::clock::Time;
use crate::refusal::{Kind, Refusal};
use keyferry_bundle::{AccountId, AwsRegion};
use std::collections::BTreeMap;

/// AWS KMS developer guide, "Request quotas": `GetParametersForImport`, 1 a second.
const MILLIS: i64 = 1000;

/// When each Region's last request was let through, by the host's clock.
#[derive(Debug, Default)]
pub(crate) struct Throttle(BTreeMap<(AccountId, AwsRegion), Time>);

impl Throttle {
    /// Lets a request through, or refuses it as too fast.
    pub(crate) fn pass(
        &mut self,
        account: &AccountId,
        region: &AwsRegion,
        host: Time,
    ) -> Result<(), Refusal> {
        let place = (account.clone(), region.clone());
        let last = self.0.get(&place);
        if last.is_some_and(|last| (0..MILLIS).contains(&host.millis_since(*last))) {
            return Err(Kind::Throttling.with("Rate exceeded"));
        }
        self.0.insert(place, host);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_a_second_passes_in_each_region() {
        let mut throttle = Throttle::default();
        let account = "111122223333".parse().unwrap();
        let [here, there] = ["eu-central-1", "eu-west-1"].map(|region| region.parse().unwrap());
        let mut pass = |region, millis| {
            let host = Time::try_from(millis).unwrap();
            throttle.pass(&account, region, host).is_ok()
        };
        let seen = [pass(&here, 0), pass(&here, 999), pass(&there, 999), pass(&here, 1000)];
        assert_eq!(seen, [true, false, true, true]);
        assert!(pass(&here, 500), "a clock that went back does not stop it for long");
    }
}
