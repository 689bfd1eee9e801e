//! A piece of the HSM's audit log. `keyferry-offline` drains it and the HSM signs it. The device does not sign its log itself, and the
//! chain of its digests has no key: what makes it evidence is that the pieces follow each other from an anchor, and that every entry
//! is accounted for.

use super::common::check_counter;
use super::{Bundle, Kind};
use crate::{Base64, Digest, Environment, FieldError, LogDigest, Serial, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A log's payload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Log {
    /// As in the policy.
    pub environment: Environment,
    /// The device bundle of the HSM.
    pub device: Digest,
    /// When the room says it was made.
    pub created: Timestamp,
    /// The HSM's serial number.
    pub serial: Serial,
    /// 1, 2, 3, … among the logs of one HSM since it was last reset, over its device bundles.
    #[schemars(range(min = 1, max = u32::MAX))]
    pub counter: u32,
    /// The digest of the log before; absent in log 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<Digest>,
    /// The plan that was carried out meanwhile; absent where none was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<Digest>,
    /// The entry before the first one here: the device's anchor, or the last one of the log before. Absent where the HSM does not have
    /// the entries any more that lead up to these: then nobody can say what is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<LogHead>,
    /// Entries as the device gave them, 32 bytes each, 1 to 4,096.
    #[schemars(extend("maxLength" = 174_764))]
    pub entries: Base64,
    /// Starts that the device did not log, because its log was full.
    pub unlogged_boots: u16,
    /// Authentications that it did not log.
    pub unlogged_authentications: u16,
}

/// Where a log stands: the last entry that was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LogHead {
    /// Its number; after 65,535 comes 0.
    pub number: u16,
    /// Its digest.
    pub digest: LogDigest,
}

/// Bytes of an entry.
const ENTRY: usize = 32;

impl Log {
    /// The most entries that one bundle holds.
    pub const MAX_ENTRIES: usize = 4096;

    /// The entries, 32 bytes each (YubiHSM 2 command reference, GET LOG ENTRIES).
    #[must_use]
    pub fn entries(&self) -> &[[u8; ENTRY]] {
        self.entries.as_bytes().as_chunks().0
    }
}

impl Bundle for Log {
    const KIND: Kind = Kind::Log;

    fn environment(&self) -> Environment {
        self.environment
    }

    fn created(&self) -> Timestamp {
        self.created
    }

    fn check(&self) -> Result<(), FieldError> {
        check_counter("counter", self.counter, self.previous.as_ref())?;
        let length = self.entries.as_bytes().len();
        if length == 0 || !length.is_multiple_of(ENTRY) {
            let problem = format!("has {length} bytes, not a multiple of {ENTRY} from {ENTRY} on");
            return Err(FieldError::new("entries", problem));
        }
        let count = length / ENTRY;
        if count > Self::MAX_ENTRIES {
            let problem = format!("has {count} entries, more than {}", Self::MAX_ENTRIES);
            return Err(FieldError::new("entries", problem));
        }
        Ok(())
    }
}
