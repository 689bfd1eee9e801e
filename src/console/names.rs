//! The names files have in a ceremony's folder. Fixed, so that nobody types them and a file that does not belong shows.

use crate::files::temporary;
use keyferry_bundle::TargetName;
use std::fmt;

/// One file of a ceremony's folder.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Name {
    /// `policy-vN.json`: a version of the policy.
    Policy(u32),
    /// `device.json`: the HSM's device bundle.
    Device,
    /// `plan.json`: the plan.
    Plan,
    /// `request-N.json`: the request with counter N.
    Request(u32),
    /// `import-token-N-TARGET.bin`: an import token that belongs to request N. It stays on the bastion.
    ImportToken(u32, TargetName),
    /// `response-N.json`: the response to request N.
    Response(u32),
    /// `backup-TARGET.json`: what copies of a target's key material exist.
    Backup(TargetName),
    /// `backup-TARGET.yhw`: the copy under the HSM's wrap key.
    WrappedCopy(TargetName),
    /// `backup-TARGET.age`: the copy for custodians.
    AgeCopy(TargetName),
    /// `log-N.json`: the HSM's log up to response N.
    Log(u32),
    /// `receipt-N.json`: the receipt for response N.
    Receipt(u32),
    /// `journal-N.json`: how far the upload of response N is. It stays on the bastion, and is gone once there is a receipt.
    Journal(u32),
    /// `transcript-N.json`: what the room's Nth run with this HSM showed and asked.
    Transcript(u32),
    /// `upkeep-N.json`: what was done with the HSM outside of a ceremony.
    Upkeep(u32),
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Policy(version) => write!(f, "policy-v{version}.json"),
            Self::Device => f.write_str("device.json"),
            Self::Plan => f.write_str("plan.json"),
            Self::Request(counter) => write!(f, "request-{counter}.json"),
            Self::ImportToken(counter, target) => write!(f, "import-token-{counter}-{target}.bin"),
            Self::Response(counter) => write!(f, "response-{counter}.json"),
            Self::Backup(target) => write!(f, "backup-{target}.json"),
            Self::WrappedCopy(target) => write!(f, "backup-{target}.yhw"),
            Self::AgeCopy(target) => write!(f, "backup-{target}.age"),
            Self::Log(counter) => write!(f, "log-{counter}.json"),
            Self::Receipt(counter) => write!(f, "receipt-{counter}.json"),
            Self::Journal(counter) => write!(f, "journal-{counter}.json"),
            Self::Transcript(counter) => write!(f, "transcript-{counter}.json"),
            Self::Upkeep(counter) => write!(f, "upkeep-{counter}.json"),
        }
    }
}

impl Name {
    /// Whether the file of that name is half of a ceremony's file: what a run of our own that was cut off left. Nobody reads it, the next
    /// run sweeps it away.
    #[must_use]
    pub fn is_half(text: &str) -> bool {
        temporary::target_of(text).and_then(Self::parse).is_some()
    }

    /// The file of that name, if it is one of a ceremony.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let between = |prefix: &str, suffix: &str| {
            text.strip_prefix(prefix).and_then(|rest| rest.strip_suffix(suffix))
        };
        let counter = |prefix: &str| between(prefix, ".json").and_then(number);
        let target = |suffix: &str| between("backup-", suffix).and_then(|name| name.parse().ok());
        match text {
            "device.json" => return Some(Self::Device),
            "plan.json" => return Some(Self::Plan),
            _ => {}
        }
        let token = || {
            let (counter, target) = between("import-token-", ".bin")?.split_once('-')?;
            Some(Self::ImportToken(number(counter)?, target.parse().ok()?))
        };
        None.or_else(|| counter("policy-v").map(Self::Policy))
            .or_else(|| counter("request-").map(Self::Request))
            .or_else(|| counter("response-").map(Self::Response))
            .or_else(|| counter("log-").map(Self::Log))
            .or_else(|| counter("receipt-").map(Self::Receipt))
            .or_else(|| counter("journal-").map(Self::Journal))
            .or_else(|| counter("transcript-").map(Self::Transcript))
            .or_else(|| counter("upkeep-").map(Self::Upkeep))
            .or_else(|| target(".json").map(Self::Backup))
            .or_else(|| target(".yhw").map(Self::WrappedCopy))
            .or_else(|| target(".age").map(Self::AgeCopy))
            .or_else(token)
    }
}

fn number(text: &str) -> Option<u32> {
    let plain = text.bytes().all(|b| b.is_ascii_digit()) && !text.starts_with('0');
    text.parse().ok().filter(|_| plain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_read_back() {
        let target: TargetName = "a.b-1".parse().unwrap();
        for name in [
            Name::Policy(1),
            Name::Device,
            Name::Plan,
            Name::Request(12),
            Name::ImportToken(2, target.clone()),
            Name::Response(1),
            Name::Backup(target.clone()),
            Name::WrappedCopy(target.clone()),
            Name::AgeCopy(target),
            Name::Log(2),
            Name::Receipt(3),
            Name::Transcript(4),
            Name::Upkeep(5),
            Name::Journal(6),
        ] {
            assert_eq!(Name::parse(&name.to_string()), Some(name));
        }
        for stranger in ["notes.txt", "request-0.json", "request-01.json", "request.json", "plan"] {
            assert_eq!(Name::parse(stranger), None, "{stranger}");
        }
    }

    proptest! {
        #[test]
        fn only_what_would_be_written_is_read(text in "(policy-v|request-|log-|journal-|transcript-|upkeep-|backup-|import-token-|x)?[a-z0-9.-]{0,20}(.json|.bin|.yhw|.age)?") {
            if let Some(name) = Name::parse(&text) {
                prop_assert_eq!(name.to_string(), text);
            }
        }
    }
}
