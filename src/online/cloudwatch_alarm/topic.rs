//! An SNS topic's ARN.

use keyferry_bundle::{AccountId, AwsRegion, KeyArn, Partition};
use keyferry_console::Failure;
use std::fmt;
use std::str::FromStr;

/// The topic that an alarm tells (Amazon SNS API reference, `CreateTopic`: 1 to 256 letters, digits, hyphens and underscores; FIFO topics
/// take no alarms).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Topic {
    partition: Partition,
    region: AwsRegion,
    account: AccountId,
    name: String,
}

impl FromStr for Topic {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let parts: Vec<&str> = text.split(':').collect();
        let &["arn", partition, "sns", region, account, name] = parts.as_slice() else {
            return Err("expected an SNS topic's ARN: arn:aws:sns:REGION:ACCOUNT:NAME".to_owned());
        };
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
        if !(1..=256).contains(&name.len()) || !name.bytes().all(plain) {
            return Err("expected a topic's name of 1 to 256 letters, digits, - and _".to_owned());
        }
        Ok(Self {
            partition: partition.parse()?,
            region: region.parse()?,
            account: account.parse()?,
            name: name.to_owned(),
        })
    }
}

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { partition, region, account, name } = self;
        write!(f, "arn:{partition}:sns:{region}:{account}:{name}")
    }
}

impl Topic {
    /// An alarm tells topics of its own Region alone.
    pub(super) fn must_fit(&self, key: &KeyArn) -> Result<(), Failure> {
        if (&self.partition, &self.region) == (&key.partition, &key.region) {
            return Ok(());
        }
        Err(Failure::usage("the topic is in another Region than the key")
            .because(format!("{self}, and {key}"))
            .hint("an alarm is where its metric is: name a topic there, and the keys of one Region at a time"))
    }
}
