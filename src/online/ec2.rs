//! EC2 as this program sees it: EBS volumes under a key, and the key that EBS takes by default. The Query protocol is behind it in
//! `aws/ec2/`; tests put a script there that checks every request.

use crate::kms::CallError;
use crate::names::TagArg;
use keyferry_bundle::{AwsRegion, Endpoint, KeyArn};
use std::fmt;
use std::str::FromStr;

/// The operations. None of them repeats a call that changes something.
pub trait Ec2 {
    /// Which endpoint is spoken to, and whether it is AWS's own in the Region.
    fn place(&self) -> Place;

    /// `CreateVolume`, encrypted under the key. A repetition with the same token makes no second volume.
    ///
    /// # Errors
    /// [`CallError`]; after [`CallError::NoAnswer`] the volume may exist.
    fn create_volume(&self, volume: &NewVolume) -> Result<Volume, CallError>;

    /// `DescribeVolumes` of one volume.
    ///
    /// # Errors
    /// [`CallError`].
    fn describe_volume(&self, id: &VolumeId) -> Result<Volume, CallError>;

    /// `GetEbsDefaultKmsKeyId`: a key's ARN, or an alias.
    ///
    /// # Errors
    /// [`CallError`].
    fn get_ebs_default_key(&self) -> Result<String, CallError>;

    /// `ModifyEbsDefaultKmsKeyId`; the answer is the key that is the default now.
    ///
    /// # Errors
    /// [`CallError`]; after [`CallError::NoAnswer`] it may be the default.
    fn set_ebs_default_key(&self, key: &KeyArn) -> Result<String, CallError>;

    /// `GetEbsEncryptionByDefault`.
    ///
    /// # Errors
    /// [`CallError`].
    fn encrypts_by_default(&self) -> Result<bool, CallError>;
}

/// Where calls go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The Region.
    pub region: AwsRegion,
    /// The endpoint.
    pub endpoint: Endpoint,
    /// Whether it is AWS's own.
    pub of_aws: bool,
}

/// What `CreateVolume` is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewVolume {
    /// The key it is encrypted under.
    pub key: KeyArn,
    /// Where.
    pub zone: Zone,
    /// How large, in GiB.
    pub gibibytes: u32,
    /// Its type.
    pub kind: VolumeType,
    /// Provisioned operations a second.
    pub iops: Option<u32>,
    /// Its tags.
    pub tags: Vec<TagArg>,
    /// What makes a repetition no second volume.
    pub token: ClientToken,
}

/// A volume as EC2 describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Volume {
    /// Its id.
    pub id: VolumeId,
    /// Its state.
    pub state: VolumeState,
    /// Whether it is encrypted.
    pub encrypted: bool,
    /// Under which key: its ARN.
    pub key: Option<String>,
}

/// A volume's state (Amazon EC2 API reference, `Volume`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VolumeState {
    /// Not ready yet.
    Creating,
    /// It can be attached.
    Available,
    /// Any other, by EC2's word.
    Other(String),
}

impl fmt::Display for VolumeState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Creating => "creating",
            Self::Available => "available",
            Self::Other(word) => word,
        })
    }
}

/// What a volume is made of (Amazon EBS user guide, "Amazon EBS volume types").
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum VolumeType {
    /// General purpose SSD.
    Gp3,
    /// General purpose SSD, of the generation before.
    Gp2,
    /// Provisioned IOPS SSD: needs --iops.
    Io2,
    /// Provisioned IOPS SSD, of the generation before: needs --iops.
    Io1,
    /// Throughput optimised HDD.
    St1,
    /// Cold HDD.
    Sc1,
}

impl VolumeType {
    /// AWS's word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Gp3 => "gp3",
            Self::Gp2 => "gp2",
            Self::Io2 => "io2",
            Self::Io1 => "io1",
            Self::St1 => "st1",
            Self::Sc1 => "sc1",
        }
    }
}

macro_rules! word {
    ($(#[$doc:meta])* $name:ident, $good:expr, $expected:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct $name(String);

        impl $name {
            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = String;
            fn from_str(text: &str) -> Result<Self, String> {
                let good: fn(&str) -> bool = $good;
                if good(text) { Ok(Self(text.to_owned())) } else { Err($expected.to_owned()) }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

word!(
    /// A volume's id.
    VolumeId,
    |text| text.strip_prefix("vol-").is_some_and(|id| {
        matches!(id.len(), 8 | 17) && id.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
    }),
    "expected a volume id: vol- and 8 or 17 hexadecimal digits"
);

word!(
    /// An Availability Zone, or a Local Zone.
    Zone,
    |text| (5..=64).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'),
    "expected an Availability Zone such as eu-central-1a"
);

word!(
    /// What EC2 knows a repeated call by (Amazon EC2 developer guide, "Ensuring idempotency": at most 64 ASCII characters).
    ClientToken,
    |text| (1..=64).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_')),
    "expected a token of 1 to 64 letters, digits, - and _"
);

impl ClientToken {
    /// A new one, from the operating system's generator.
    ///
    /// # Errors
    /// When there is none.
    pub fn draw() -> Result<Self, String> {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes).map_err(|error| error.to_string())?;
        Ok(Self(format!("{:032x}", u128::from_be_bytes(bytes))))
    }
}

impl Zone {
    /// Whether it is in the Region: zones begin with its name.
    #[must_use]
    pub fn is_in(&self, region: &AwsRegion) -> bool {
        self.0.strip_prefix(region.as_str()).is_some_and(|rest| !rest.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_zones_and_tokens_are_read_strictly() {
        for good in ["vol-0123abcd", "vol-0123456789abcdef0"] {
            assert_eq!(good.parse::<VolumeId>().unwrap().to_string(), good);
        }
        for wrong in
            ["vol-", "vol-0123456789ABCDEF0", "snap-0123abcd", "vol-0123abc", "vol-0123abcd "]
        {
            assert!(wrong.parse::<VolumeId>().is_err(), "{wrong}");
        }
        let zone: Zone = "eu-central-1a".parse().unwrap();
        assert!(zone.is_in(&"eu-central-1".parse().unwrap()));
        assert!(!zone.is_in(&"eu-west-1".parse().unwrap()));
        assert!(!"eu-central-1".parse::<Zone>().unwrap().is_in(&"eu-central-1".parse().unwrap()));
        assert!("eu central".parse::<Zone>().is_err());
        for wrong in ["", "a b", &"a".repeat(65)] {
            assert!(wrong.parse::<ClientToken>().is_err(), "{wrong}");
        }
        let (one, two) = (ClientToken::draw().unwrap(), ClientToken::draw().unwrap());
        assert!(one != two && one.as_str().parse::<ClientToken>().is_ok());
    }
}
