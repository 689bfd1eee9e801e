//! Who takes part.

use secrecy::ExposeSecret as _;

/// The security officers: two, and both are needed.
pub(crate) const OFFICERS: [&str; 2] = ["alice", "bob"];
/// The online operator.
pub(crate) const OPERATOR: &str = "oscar";
/// The witness.
pub(crate) const WITNESS: &str = "wendy";
/// The custodian of an age copy.
pub(crate) const CUSTODIAN: &str = "carol";
/// The ceremony; also its folder.
pub(crate) const CEREMONY: &str = "payments-2026";
/// The one target.
pub(crate) const TARGET: &str = "payments";
/// The HSM.
pub(crate) const HSM: &str = "hsm-1";
/// Its serial number.
pub(crate) const SERIAL: &str = "12345678";
/// The password that its operator chooses.
pub(crate) const HSM_PASSWORD: &str = "rehearsal password of hsm-1";

/// The password of its backup credential, which stays in a safe.
pub(crate) const BACKUP_PASSWORD: &str = "rehearsal password of the backup";

/// The auditor's own password.
pub(crate) const AUDIT_PASSWORD: &str = "rehearsal password of the audit";

/// The password of its administration, which stays in another safe.
pub(crate) const ADMINISTRATION_PASSWORD: &str = "rehearsal password of the administration";

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
