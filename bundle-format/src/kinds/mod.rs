//! The kinds of bundle, a module each. Field documentation says who sets a field and who checks it.

mod backup;
mod common;
mod device;
mod log;
mod material;
mod plan;
mod policy;
mod receipt;
mod request;
mod response;
mod shares;
mod transcript;
mod upkeep;

pub use backup::{AgeCopy, Backup, WrappedCopy};
pub use common::{AttestationChain, Custodian, Expiration};
pub use device::{Audit, AuditSetting, Credentials, Device, DeviceKey};
pub use log::{Log, LogHead};
pub use material::{Pin, PlannedMaterial};
pub use plan::{KeptAs, Operation, Plan, Target};
pub use policy::{Allowed, Policy, PolicyKey, Revocation, RoleRule, Roles};
pub use receipt::{Outcome, Proof, ProofMethod, Receipt, ReceiptTarget};
pub use request::{ParametersSource, Request, RequestTarget};
pub use response::{Isolation, Made, Response, ResponseTarget};
pub use shares::{ShareHolder, ShareScheme, ShareSet};
pub use transcript::{Ended, Line, LineKind, Transcript};
pub use upkeep::{InventoryEntry, InventoryKind, Upkeep, UpkeepObject, Work};

use crate::envelope::MAX_PAYLOAD_BYTES;
use crate::identifiers::word_type;
use crate::{Envelope, Environment, FieldError, Timestamp, json};
use serde::{Serialize, de::DeserializeOwned};

word_type!(
    /// What a bundle is.
    Kind {
        /// Whose signatures count, and what they may ask for.
        Policy = "policy",
        /// An initialised HSM and its signing key.
        Device = "device",
        /// What a ceremony is to do.
        Plan = "plan",
        /// AWS's wrapping public keys, brought to the room.
        Request = "request",
        /// Encrypted key material, brought back.
        Response = "response",
        /// What copies of one key material exist.
        Backup = "backup",
        /// What KMS said.
        Receipt = "receipt",
        /// A piece of the HSM's audit log.
        Log = "log",
        /// What the room's program showed, asked and was answered.
        Transcript = "transcript",
        /// What was done with an HSM outside of a ceremony.
        Upkeep = "upkeep",
    }
);

/// The DSSE payload type of version 1 of `kind`.
#[must_use]
pub fn payload_type(kind: Kind) -> String {
    format!("application/vnd.keyferry.{kind}.v1+json")
}

/// The kind and version 1 that a payload type names, if it names one.
#[must_use]
pub fn kind_of(payload_type: &str) -> Option<Kind> {
    let name = payload_type.strip_prefix("application/vnd.keyferry.")?.strip_suffix(".v1+json")?;
    name.parse().ok()
}

/// A payload that a bundle can carry.
pub trait Bundle: Serialize + DeserializeOwned {
    /// Which kind.
    const KIND: Kind;

    /// The environment the bundle belongs to.
    fn environment(&self) -> Environment;

    /// When its maker says it was made.
    fn created(&self) -> Timestamp;

    /// The rules of the kind that go beyond each field's grammar.
    ///
    /// # Errors
    /// Names the first field that breaks one.
    fn check(&self) -> Result<(), FieldError>;

    /// Checks the payload and puts it into an envelope that is still to be signed.
    ///
    /// # Errors
    /// As [`Self::check`], and when the payload is larger than a reader accepts.
    fn to_envelope(&self) -> Result<Envelope, FieldError> {
        self.check()?;
        let payload = json::encode(self).map_err(|problem| FieldError::new("$", problem))?;
        if payload.len() > MAX_PAYLOAD_BYTES {
            let problem = format!("makes {} bytes, more than {MAX_PAYLOAD_BYTES}", payload.len());
            return Err(FieldError::new("$", problem));
        }
        Ok(Envelope::unsigned(payload_type(Self::KIND), payload))
    }
}
