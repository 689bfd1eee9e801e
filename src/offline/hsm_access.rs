//! Reaching the HSM, and what its failures mean to the person.

use keyferry_bundle::{Digest, Envelope, FieldError, ObjectId, PublicKey, Serial};
use keyferry_console::{Exit, Failure, Person, Screen};
use keyferry_hsm::{Address, Credential, Error, Hsm, YubiHsm2};

/// Options of every command.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct HsmArgs {
    /// Where the HSM is: `http://HOST:PORT` of a yubihsm-connector, or usb:SERIAL
    #[arg(
        long,
        global = true,
        value_name = "ADDRESS",
        default_value = "http://127.0.0.1:12345",
        help_heading = "HSM"
    )]
    pub(crate) hsm: Address,

    /// Go on although this host is on a network: for rehearsals only, and written into the bundles
    #[arg(long, global = true, help_heading = "HSM")]
    pub(crate) allow_network: bool,
}

impl HsmArgs {
    /// Asks for the password of `key` and opens a session with the device of that serial number.
    pub(crate) fn open(
        &self,
        serial: Serial,
        key: ObjectId,
        person: &Person,
        screen: &Screen,
    ) -> Result<YubiHsm2, Failure> {
        let password = person.secret(screen, &format!("Password of authentication key {key}"))?;
        YubiHsm2::open(&self.hsm, serial, &Credential::new(key, password))
            .map_err(|error| hsm_failed(&error))
    }
}

/// The device's SESSIONS FULL, STORAGE FAILED, INSUFFICIENT PERMISSIONS, LOG FULL and OBJECT EXISTS.
const HINTS: &[(u8, &str)] = &[
    (0x05, "all 16 sessions are in use: wait 30 seconds, then run the command again"),
    (0x07, "the object store is full: delete what is not needed, or use another HSM"),
    (
        0x09,
        "the authentication key lacks a capability: was the HSM set up with `keyferry-offline init`?",
    ),
    (0x0a, "the audit log is full: have the auditor read and acknowledge it"),
    (0x11, "the object id is taken: plan another one"),
];

/// A device's failure as the person sees it: exit 5 when nothing changed, 6 when nobody knows.
pub(crate) fn hsm_failed(error: &Error) -> Failure {
    let failure = |exit, code, what: &str| Failure::new(exit, code, what).because(error);
    match error {
        Error::Unreachable { .. } => {
            failure(Exit::Unchanged, "hsm-unreachable", "the HSM cannot be reached")
                .hint("check the cable, and that yubihsm-connector runs where --hsm says")
        }
        Error::WrongSerial { .. } => {
            failure(Exit::Unchanged, "hsm-wrong-serial", "this is another HSM")
                .hint("attach the HSM that the plan names")
        }
        Error::NotAlone(_) => {
            failure(Exit::Unchanged, "hsm-not-alone", "which HSM is meant is not clear")
                .hint("leave exactly one YubiHSM 2 on this host")
        }
        Error::Credential { .. } => {
            failure(Exit::Unchanged, "hsm-credential", "the HSM did not accept the credential")
                .hint("check the password and the authentication key's id")
        }
        Error::Refused { code, .. } => {
            let refused = failure(Exit::Unchanged, "hsm-refused", "the HSM refused");
            match HINTS.iter().find(|(known, _)| known == code) {
                Some((_, hint)) => refused.hint(*hint),
                None => refused,
            }
        }
        Error::NotAsked { .. } => {
            failure(Exit::Unchanged, "hsm-cannot", "this HSM cannot do what is needed")
                .hint("plan what it can do, or another HSM")
        }
        Error::NoAnswer { .. } if error.leaves_state_unknown() => {
            failure(Exit::Unknown, "hsm-state-unknown", "the HSM may or may not have done it")
                .hint("run the same command again: it looks first and repeats nothing")
        }
        Error::NoAnswer { .. } => {
            failure(Exit::Unchanged, "hsm-no-answer", "the HSM did not answer")
                .hint("check the connection, then run the same command again")
        }
        Error::Memory(_) => {
            failure(Exit::Unchanged, "memory", "key material has no safe place on this host")
                .hint("raise the limit on locked memory: ulimit -l")
        }
    }
}

/// Has the HSM sign a bundle, and checks what it signed.
pub(crate) fn sign(
    hsm: &dyn Hsm,
    key: ObjectId,
    public: &PublicKey,
    envelope: &mut Envelope,
) -> Result<(), Failure> {
    let digest: Digest = envelope.digest();
    let signature = hsm.sign(key, &digest).map_err(|error| hsm_failed(&error))?;
    envelope.add_signature(public, signature).map_err(|problem| {
        Failure::new(Exit::Unchanged, "hsm-signature", "the HSM's signature does not hold")
            .because(problem)
    })
}

/// A payload of our own that breaks its own rules: a defect, or an input no check foresaw.
pub(crate) fn unmakeable(error: &FieldError) -> Failure {
    Failure::bug(error)
}
