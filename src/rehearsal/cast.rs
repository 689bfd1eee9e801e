//! Who takes part.

use secrecy::ExposeSecret as _;
use std::str::FromStr;

/// Security officers, as many as are asked for.
const OFFICERS: &[&str] = &["alice", "bob", "dave", "erin", "frank", "grace", "heidi", "ivan"];
/// Witnesses.
const WITNESSES: &[&str] =
    &["wendy", "walter", "wanda", "wilma", "willem", "winona", "wyatt", "wen"];
/// Custodians: the first one keeps an age copy where the wrap key is not split.
const CUSTODIANS: &[&str] =
    &["carol", "chris", "cleo", "cyrus", "clara", "conrad", "cecily", "cosmo"];
/// The online operator.
pub(crate) const OPERATOR: &str = "oscar";
/// The ceremony; also its folder.
pub(crate) const CEREMONY: &str = "payments-2026";
/// The one target.
pub(crate) const TARGET: &str = "payments";
/// The HSM.
pub(crate) const HSM: &str = "hsm-1";
/// Its serial number.
pub(crate) const SERIAL: &str = "12345678";
/// The serial number of an HSM that stands by.
pub(crate) const SPARE_SERIAL: &str = "87654321";
/// The password that its operator chooses.
pub(crate) const HSM_PASSWORD: &str = "rehearsal password of hsm-1";

/// The password of its backup credential, which stays in a safe.
pub(crate) const BACKUP_PASSWORD: &str = "rehearsal password of the backup";

/// The auditor's own password.
pub(crate) const AUDIT_PASSWORD: &str = "rehearsal password of the audit";

/// The password of its administration, which stays in another safe.
pub(crate) const ADMINISTRATION_PASSWORD: &str = "rehearsal password of the administration";

/// How many of how many, such as `2-of-3`; a number alone is all of so many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Quorum {
    pub(crate) threshold: usize,
    of: usize,
}

impl FromStr for Quorum {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (threshold, of) = text.split_once("-of-").unwrap_or((text, text));
        let number = |text: &str| text.parse::<usize>().ok();
        match (number(threshold), number(of)) {
            (Some(threshold), Some(of))
                if (1..=of).contains(&threshold) && of <= OFFICERS.len() =>
            {
                Ok(Self { threshold, of })
            }
            (_, _) => {
                Err(format!("expected T-of-N with T from 1 to N, N at most {}", OFFICERS.len()))
            }
        }
    }
}

/// Everybody whose number is asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cast {
    pub(crate) officers: Quorum,
    pub(crate) witnesses: Quorum,
    /// Where the wrap key is split: among whom.
    pub(crate) custodians: Option<Quorum>,
}

impl Cast {
    pub(crate) fn officers(&self) -> &'static [&'static str] {
        first(OFFICERS, self.officers.of)
    }

    /// Officers who sign: as many as are needed.
    pub(crate) fn signing_officers(&self) -> &'static [&'static str] {
        first(OFFICERS, self.officers.threshold)
    }

    pub(crate) fn witnesses(&self) -> &'static [&'static str] {
        first(WITNESSES, self.witnesses.of)
    }

    /// Witnesses who sign.
    pub(crate) fn signing_witnesses(&self) -> &'static [&'static str] {
        first(WITNESSES, self.witnesses.threshold)
    }

    pub(crate) fn custodians(&self) -> &'static [&'static str] {
        first(CUSTODIANS, self.custodians.map_or(1, |quorum| quorum.of))
    }

    /// The officer who does the office's work.
    pub(crate) fn officer(&self) -> &'static str {
        self.officers().first().copied().unwrap_or_default()
    }

    /// Everybody with a signing identity.
    pub(crate) fn signers(&self) -> Vec<&'static str> {
        [self.officers(), &[OPERATOR], self.witnesses()].concat()
    }
}

fn first(names: &'static [&'static str], count: usize) -> &'static [&'static str] {
    names.get(..count).unwrap_or(names)
}

/// A person's passphrase. A rehearsal keeps no secrets worth keeping.
pub(crate) fn passphrase(name: &str) -> String {
    format!("rehearsal passphrase of {name}")
}

/// A custodian's new age identity: the file `age -d -i` takes, and its recipient.
pub(crate) fn age_identity() -> (String, String) {
    let identity = age::x25519::Identity::generate();
    let recipient = identity.to_public().to_string();
    (format!("{}\n", identity.to_string().expose_secret()), recipient)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quorum_is_some_of_so_many() {
        let of = |text: &str| text.parse::<Quorum>().map(|q| (q.threshold, q.of));
        assert_eq!((of("2-of-3"), of("2"), of("8-of-8")), (Ok((2, 3)), Ok((2, 2)), Ok((8, 8))));
        for text in ["", "0", "0-of-2", "3-of-2", "1-of-9", "2-3", "two"] {
            assert!(of(text).is_err(), "{text}");
        }
    }
}
