//! An EC2 that follows a script, as [`super::Script`] does for KMS.

use crate::ec2::{Ec2, NewVolume, Place, Volume, VolumeId};
use crate::kms::CallError;
use keyferry_bundle::KeyArn;
use std::cell::RefCell;
use std::collections::VecDeque;

type Answer<T> = Result<T, CallError>;

/// Looks at what is to be created, and answers.
type Created = Box<dyn FnOnce(&NewVolume) -> Answer<Volume>>;

/// A request that must come next, and what is answered.
pub(crate) enum Ec2Step {
    /// Looks at what is to be created, and answers.
    Create(Created),
    Describe(&'static str, Answer<Volume>),
    GetDefault(Answer<String>),
    SetDefault(KeyArn, Answer<String>),
    ByDefault(Answer<bool>),
}

pub(crate) struct Ec2Script(RefCell<VecDeque<Ec2Step>>);

impl Ec2Script {
    pub(crate) fn of(steps: impl IntoIterator<Item = Ec2Step>) -> Self {
        Self(RefCell::new(steps.into_iter().collect()))
    }

    /// No step is left.
    pub(crate) fn finish(self) {
        let left = self.0.into_inner().len();
        assert_eq!(left, 0, "{left} steps were never asked for");
    }

    fn next(&self, asked: &str) -> Ec2Step {
        self.0.borrow_mut().pop_front().unwrap_or_else(|| panic!("{asked} is not in the script"))
    }
}

impl Ec2 for Ec2Script {
    fn place(&self) -> Place {
        let endpoint = "https://ec2.eu-central-1.amazonaws.com".parse().unwrap();
        Place { region: "eu-central-1".parse().unwrap(), endpoint, of_aws: true }
    }

    fn create_volume(&self, volume: &NewVolume) -> Answer<Volume> {
        let Ec2Step::Create(answer) = self.next("CreateVolume") else {
            panic!("CreateVolume is not next")
        };
        answer(volume)
    }

    fn describe_volume(&self, id: &VolumeId) -> Answer<Volume> {
        let Ec2Step::Describe(expected, answer) = self.next("DescribeVolumes") else {
            panic!("DescribeVolumes is not next")
        };
        assert_eq!(id.as_str(), expected);
        answer
    }

    fn get_ebs_default_key(&self) -> Answer<String> {
        let Ec2Step::GetDefault(answer) = self.next("GetEbsDefaultKmsKeyId") else {
            panic!("GetEbsDefaultKmsKeyId is not next")
        };
        answer
    }

    fn set_ebs_default_key(&self, key: &KeyArn) -> Answer<String> {
        let Ec2Step::SetDefault(expected, answer) = self.next("ModifyEbsDefaultKmsKeyId") else {
            panic!("ModifyEbsDefaultKmsKeyId is not next")
        };
        assert_eq!(key, &expected);
        answer
    }

    fn encrypts_by_default(&self) -> Answer<bool> {
        let Ec2Step::ByDefault(answer) = self.next("GetEbsEncryptionByDefault") else {
            panic!("GetEbsEncryptionByDefault is not next")
        };
        answer
    }
}
