//! What an operator types for a new key: alias, tags, principals.

use crate::kms::KeyRef;
use keyferry_bundle::{AccountId, Partition};
use std::fmt;
use std::str::FromStr;

/// An alias name with its prefix: `alias/payments` (AWS KMS API reference, `CreateAlias`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alias(String);

impl FromStr for Alias {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let name = text.strip_prefix("alias/").unwrap_or(text);
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'_' | b'-');
        if name.starts_with("aws/") {
            return Err("aliases that begin with aws/ are AWS's own".to_owned());
        }
        if (1..=250).contains(&name.len()) && name.bytes().all(plain) {
            Ok(Self(format!("alias/{name}")))
        } else {
            Err("expected an alias of 1 to 250 letters, digits, / _ -".to_owned())
        }
    }
}

impl fmt::Display for Alias {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Alias {
    /// To look it up, or to make it.
    ///
    /// # Errors
    /// None that a held alias can cause.
    pub fn key_ref(&self) -> Result<KeyRef, String> {
        self.0.parse()
    }
}

/// A tag: `KEY=VALUE` (AWS KMS API reference, `Tag`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TagArg {
    /// Its key.
    pub key: String,
    /// Its value, may be empty.
    pub value: String,
}

impl FromStr for TagArg {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let (key, value) = text.split_once('=').ok_or("expected KEY=VALUE")?;
        let plain = |text: &str| {
            text.bytes().all(|b| b.is_ascii_alphanumeric() || b" _.:/=+-@".contains(&b))
        };
        if key.to_ascii_lowercase().starts_with("aws:") {
            return Err("tags that begin with aws: are AWS's own".to_owned());
        }
        if !(1..=128).contains(&key.len()) || value.len() > 256 {
            return Err("expected a key of 1 to 128 and a value of at most 256 characters".into());
        }
        if !plain(key) || !plain(value) {
            return Err("expected letters, digits, spaces and _ . : / = + - @".to_owned());
        }
        Ok(Self { key: key.to_owned(), value: value.to_owned() })
    }
}

/// An IAM user's or role's ARN. Whole accounts, sessions and wildcards are refused: a key policy should name whom it means.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Principal {
    partition: Partition,
    account: AccountId,
    resource: String,
}

impl FromStr for Principal {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let parts: Vec<&str> = text.split(':').collect();
        let &["arn", partition, service, "", account, resource] = parts.as_slice() else {
            return Err(
                "expected the ARN of an IAM user or role: arn:aws:iam::ACCOUNT:role/NAME".into()
            );
        };
        if service == "sts" {
            return Err("that is a session: name the role, arn:aws:iam::ACCOUNT:role/NAME".into());
        }
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"/+=,.@_-".contains(&b);
        let named = ["user/", "role/"]
            .iter()
            .filter_map(|kind| resource.strip_prefix(kind))
            .any(|name| !name.is_empty() && name.len() <= 576 && name.bytes().all(plain));
        if service != "iam" || !named {
            return Err("expected an IAM user or role by name, not an account or a wildcard".into());
        }
        Ok(Self {
            partition: partition.parse()?,
            account: account.parse()?,
            resource: resource.to_owned(),
        })
    }
}

impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "arn:{}:iam::{}:{}", self.partition, self.account, self.resource)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn aliases_get_their_prefix_once() {
        for text in ["payments", "alias/payments"] {
            assert_eq!(text.parse::<Alias>().unwrap().to_string(), "alias/payments");
        }
        for wrong in ["", "alias/", "aws/ebs", "alias/aws/ebs", "a b", "a:b", &"a".repeat(251)] {
            assert!(wrong.parse::<Alias>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn tags_split_at_the_first_equals_sign() {
        let tag: TagArg = "team=a=b".parse().unwrap();
        assert_eq!((tag.key.as_str(), tag.value.as_str()), ("team", "a=b"));
        for wrong in ["team", "=a", "aws:x=1", "AWS:x=1", "a=\u{e9}", "a=\n"] {
            assert!(wrong.parse::<TagArg>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn principals_are_people_and_roles_by_name() {
        for good in
            ["arn:aws:iam::111122223333:role/path/Admin", "arn:aws-cn:iam::111122223333:user/a+b"]
        {
            assert_eq!(good.parse::<Principal>().unwrap().to_string(), good);
        }
        for wrong in [
            "*",
            "111122223333",
            "arn:aws:iam::111122223333:root",
            "arn:aws:iam::111122223333:role/*",
            "arn:aws:iam::111122223333:role/",
            "arn:aws:iam::1111:role/a",
            "arn:aws:sts::111122223333:assumed-role/a/b",
        ] {
            assert!(wrong.parse::<Principal>().is_err(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn what_is_read_is_written_the_same(text in "arn:aws:iam::[0-9]{11,13}:(role|user|root|group)?/?[a-zA-Z*/\\\\\"+=,.@_ -]{0,20}") {
            if let Ok(principal) = text.parse::<Principal>() {
                prop_assert_eq!(principal.to_string(), text);
            }
        }
    }
}
