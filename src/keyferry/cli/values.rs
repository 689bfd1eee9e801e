//! Values of options that consist of parts.

use keyferry_bundle::{
    AgeRecipient, Domains, Holder, KeyArn, KeyId, ObjectId, TargetName, Timestamp,
};
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::str::FromStr;

/// `N:HOLDER,HOLDER`: how many of whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RoleValue {
    /// The least number of distinct holders.
    pub(crate) threshold: u8,
    /// Who counts.
    pub(crate) holders: Vec<Holder>,
}

impl FromStr for RoleValue {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.split_once(':').and_then(|(threshold, holders)| {
            let plain = threshold.bytes().all(|b| b.is_ascii_digit());
            Some((threshold.parse().ok().filter(|_| plain)?, holders))
        });
        let (threshold, holders) = parts.ok_or("expected N:HOLDER,HOLDER, such as 2:alice,bob")?;
        let holders = holders.split(',').map(str::parse).collect::<Result<Vec<Holder>, _>>()?;
        if holders.iter().collect::<BTreeSet<_>>().len() < holders.len() {
            return Err("a holder stands there twice".to_owned());
        }
        Ok(Self { threshold, holders })
    }
}

/// `HOLDER=FILE`: a person's public key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KeyValue {
    /// Who.
    pub(crate) holder: Holder,
    /// The PEM file.
    pub(crate) file: PathBuf,
}

impl FromStr for KeyValue {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let (holder, file) = text.split_once('=').ok_or("expected HOLDER=FILE.pub.pem")?;
        Ok(Self { holder: holder.parse()?, file: file.into() })
    }
}

/// `KEYID` or `KEYID@TIME`: a key that counts no more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RevokeValue {
    /// The key.
    pub(crate) key: KeyId,
    /// From when on; from now on where it is not said.
    pub(crate) since: Option<Timestamp>,
}

impl FromStr for RevokeValue {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let (key, since) = match text.split_once('@') {
            Some((key, since)) => (key, Some(since.parse()?)),
            None => (text, None),
        };
        Ok(Self { key: key.parse()?, since })
    }
}

/// `HOLDER=age1…`: somebody who keeps copies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CustodianValue {
    /// Who.
    pub(crate) holder: Holder,
    /// Their age recipient.
    pub(crate) recipient: AgeRecipient,
}

impl FromStr for CustodianValue {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let (holder, recipient) = text.split_once('=').ok_or("expected HOLDER=age1…")?;
        Ok(Self { holder: holder.parse()?, recipient: recipient.parse()? })
    }
}

/// `NAME=ARN`, `NAME=ARN@OBJECT_ID` or `NAME=ARN@OBJECT_ID#GENERATION`: a further key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AddValue {
    /// Its name in the plan.
    pub(crate) name: TargetName,
    /// The key.
    pub(crate) key: KeyArn,
    /// Where the HSM keeps its key material; not said where only one object is meant.
    pub(crate) object_id: Option<ObjectId>,
    /// Which of the key's key materials it is, where it is said.
    pub(crate) generation: Option<u32>,
}

impl FromStr for AddValue {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let (name, rest) = text.split_once('=').ok_or("expected NAME=ARN@OBJECT_ID")?;
        let (rest, generation) = match rest.split_once('#') {
            Some((rest, number)) => {
                let plain = number.bytes().all(|b| b.is_ascii_digit());
                let number = number.parse().ok().filter(|_| plain);
                (rest, Some(number.ok_or("expected a generation after #, such as #2")?))
            }
            None => (rest, None),
        };
        let (key, object_id) = match rest.split_once('@') {
            Some((key, id)) => (key, Some(id.parse()?)),
            None => (rest, None),
        };
        Ok(Self { name: name.parse()?, key: key.parse()?, object_id, generation })
    }
}

/// Domains by number, `1,2`, as Yubico's tools take them.
pub(crate) fn domains(text: &str) -> Result<Domains, String> {
    let mut mask = 0;
    for part in text.split(',') {
        let number: u16 = part.parse().ok().filter(|n| (1..=16).contains(n)).ok_or_else(|| {
            format!("expected domains from 1 to 16, such as 1,2; {part:?} is none")
        })?;
        mask |= 1 << (number - 1);
    }
    Domains::try_from(mask)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn parts_are_parsed_or_refused() {
        let role: RoleValue = "2:alice,bob".parse().unwrap();
        assert_eq!((role.threshold, role.holders.len()), (2, 2));
        for wrong in ["alice", "x:alice", "+2:alice,bob", "2:", "2:alice,,bob", "1:bob,bob", ":a"] {
            assert!(wrong.parse::<RoleValue>().is_err(), "{wrong}");
        }
        assert_eq!("a=b=c".parse::<KeyValue>().unwrap().file, PathBuf::from("b=c"));
        assert!("a".parse::<KeyValue>().is_err());
        assert!("a=age1".parse::<CustodianValue>().is_err());
        let key = "5".repeat(64);
        assert_eq!(key.parse::<RevokeValue>().unwrap().since, None);
        let since = format!("{key}@2026-11-24T00:00:00Z").parse::<RevokeValue>().unwrap().since;
        assert_eq!(since.unwrap().to_string(), "2026-11-24T00:00:00Z");
        for wrong in ["", "@", &format!("{key}@"), &format!("{key}@tomorrow"), &key[1..]] {
            assert!(wrong.parse::<RevokeValue>().is_err(), "{wrong}");
        }
        let arn = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
        let added: AddValue = format!("a={arn}@0x0a01#2").parse().unwrap();
        assert_eq!((added.name.as_str(), added.generation), ("a", Some(2)));
        assert_eq!(added.object_id.unwrap().get(), 0x0a01);
        assert_eq!(format!("a={arn}").parse::<AddValue>().unwrap().object_id, None);
        for wrong in ["a", "a=", "=b", "a=b@0x0a01", &format!("a={arn}@1"), &format!("a={arn}#x")] {
            assert!(wrong.parse::<AddValue>().is_err(), "{wrong}");
        }
        assert_eq!(domains("1,3,16").unwrap().mask(), 0b1000_0000_0000_0101);
        for wrong in ["", "0", "17", "1;2", "1,"] {
            assert!(domains(wrong).is_err(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn domains_read_back(mask in 1..=u16::MAX) {
            let wanted = Domains::try_from(mask).unwrap();
            prop_assert_eq!(domains(&wanted.to_string()).unwrap(), wanted);
        }

        #[test]
        fn nothing_panics(text in any::<String>()) {
            let _ = (text.parse::<RoleValue>(), text.parse::<KeyValue>(), domains(&text));
            let _ = (text.parse::<CustodianValue>(), text.parse::<RevokeValue>());
            let _ = text.parse::<AddValue>();
        }
    }
}
