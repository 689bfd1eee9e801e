//! A scripted KMS.
use crate::kms::Session;
use keyferry_ceremony::testing::parse;
pub(crate) fn session() -> Session {
    Session {
        partition: parse("aws"),
        account: parse("111122223333"),
        caller: "arn:aws:iam::111122223333:user/oscar".to_owned(),
        region: parse("eu-central-1"),
        endpoint: parse("aws-default"),
    }
}
