//! What one entry says that somebody did, and whether anybody was to do that.

use super::command::{self, name};
use super::{NO_KEY, Record};
use keyferry_bundle::kinds::{KeptAs, Target, UpkeepObject, Work};
use keyferry_bundle::{Device, ObjectId, Plan, TargetName, Upkeep};
use std::fmt;

/// The id of the factory's authentication key.
const FACTORY: u16 = 1;
/// The id of the factory's attestation key and of its certificate.
const ATTESTATION: u16 = 0;

/// What was to be done in a piece of log.
#[derive(Debug, Clone, Copy)]
pub struct Scene<'a> {
    /// The HSM.
    pub device: &'a Device,
    /// The plan that was carried out meanwhile.
    pub plan: Option<&'a Plan>,
    /// The records of what was done with the HSM outside of ceremonies.
    pub upkeeps: &'a [&'a Upkeep],
    /// Whether the piece begins at the device's anchor: then `init` is in it.
    pub from_anchor: bool,
}

/// What an entry says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deed {
    /// The device started.
    Started,
    /// A session was begun or proved with a credential of the device bundle.
    Session(ObjectId),
    /// The device refused a command, and nothing happened.
    Refused {
        /// Which.
        command: u8,
        /// The device's error code.
        code: u8,
    },
    /// Something was looked at that needs no entry; older firmware writes one all the same.
    Looked(u8),
    /// `init` set the device up.
    SetUp(u8),
    /// Entries were acknowledged.
    Acknowledged,
    /// The signing key signed.
    Signed,
    /// A key was attested.
    Attested,
    /// Key material was generated or stored.
    Made(TargetName),
    /// Key material was read by the host.
    ReadBack(TargetName),
    /// Key material was exported under the wrap key.
    Copied(TargetName),
    /// A public key was put to export key material under: AWS's, or an ephemeral one of the room's to wrap stored material again.
    PublicKeyPut(TargetName),
    /// Key material was exported under that public key.
    Wrapped(TargetName),
    /// That public key was deleted again.
    PublicKeyDeleted(TargetName),
    /// The backup or the administration credential did what it is for, and a record says so.
    Recorded {
        /// Which command.
        command: u8,
        /// About which object.
        object: u16,
    },
    /// The host looked at key material outside of any ceremony, as a record says.
    Shown {
        /// Which command.
        command: u8,
        /// Which object.
        object: u16,
    },
    /// The backup or the administration credential did what it is for, outside of any ceremony, and no record says so.
    Upkeep {
        /// Which command.
        command: u8,
        /// About which object.
        object: u16,
    },
}

impl fmt::Display for Deed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Started => f.write_str("the HSM started"),
            Self::Session(key) => write!(f, "a session of authentication key {key}"),
            Self::Refused { command, code } => {
                write!(f, "{} was refused with error {code:#04x}", name(*command))
            }
            Self::Looked(command) => f.write_str(&name(*command)),
            Self::SetUp(command) => write!(f, "{} by the factory's credential", name(*command)),
            Self::Acknowledged => f.write_str("entries were acknowledged"),
            Self::Signed => f.write_str("a bundle was signed"),
            Self::Attested => f.write_str("a key was attested"),
            Self::Made(target) => write!(f, "target {target}: key material was made"),
            Self::ReadBack(target) => write!(f, "target {target}: key material was read back"),
            Self::Copied(target) => write!(f, "target {target}: a copy under the wrap key"),
            Self::PublicKeyPut(target) => write!(f, "target {target}: a public key to wrap under"),
            Self::Wrapped(target) => write!(f, "target {target}: wrapped under that public key"),
            Self::PublicKeyDeleted(target) => {
                write!(f, "target {target}: that public key was deleted")
            }
            Self::Recorded { command, object } | Self::Shown { command, object } => {
                write!(f, "{} of object {object:#06x}, as recorded", name(*command))
            }
            Self::Upkeep { command, object } => {
                write!(f, "{} of object {object:#06x}, outside of any ceremony", name(*command))
            }
        }
    }
}

/// Whether a command's result is an error: an answer's code is the command's with the highest bit set.
const fn failed(record: &Record) -> bool {
    record.result != record.command | 0x80
}

impl Scene<'_> {
    /// What an entry says.
    ///
    /// # Errors
    /// What is strange about it: nobody was to do that.
    pub fn deed(&self, record: &Record) -> Result<Deed, String> {
        if *record == Record::RESET {
            return Err("the HSM was reset: everything in it was destroyed".to_owned());
        }
        if *record == (Record { tick: record.tick, ..Record::BOOT }) {
            return Ok(Deed::Started);
        }
        // Somebody tried: with a wrong password, or an authentication key that is gone.
        if failed(record) && record.session_key == NO_KEY {
            return Ok(Deed::Refused { command: record.command, code: record.result });
        }
        if self.role(record).is_none() {
            return Err(format!(
                "{} by {}, which is no credential of the device bundle",
                name(record.command),
                key(record.session_key)
            ));
        }
        if failed(record) {
            return Ok(Deed::Refused { command: record.command, code: record.result });
        }
        if !command::is_logged(record.command) {
            return Ok(Deed::Looked(record.command));
        }
        self.done(record).ok_or_else(|| {
            format!(
                "{} by {} of {}: neither plan nor setting up asks for it",
                name(record.command),
                key(record.session_key),
                objects(record)
            )
        })
    }

    /// Whose session it is; of one that is being opened, whose it is to be.
    fn role(&self, record: &Record) -> Option<Role> {
        let opening =
            matches!(record.command, command::CREATE_SESSION | command::AUTHENTICATE_SESSION);
        let id = if opening { record.target } else { record.session_key };
        let credentials = &self.device.credentials;
        [
            (credentials.ceremony, Role::Ceremony),
            (credentials.backup, Role::Backup),
            (credentials.audit, Role::Audit),
            (credentials.administration, Role::Administration),
        ]
        .into_iter()
        .find(|(known, _)| known.get() == id)
        .map(|(_, role)| role)
        .or((id == FACTORY && self.from_anchor).then_some(Role::Factory))
    }

    fn done(&self, record: &Record) -> Option<Deed> {
        let role = self.role(record)?;
        match (record.command, role) {
            (command::CREATE_SESSION | command::AUTHENTICATE_SESSION, _) => {
                ObjectId::new(record.target).ok().map(Deed::Session)
            }
            (command::SET_LOG_INDEX, Role::Ceremony | Role::Audit | Role::Factory) => {
                Some(Deed::Acknowledged)
            }
            (_, Role::Factory) => self.set_up(record),
            (_, Role::Ceremony) => self.ceremony(record).or_else(|| self.shown(record)),
            (command::EXPORT_WRAPPED | command::IMPORT_WRAPPED, Role::Backup)
            | (command::DELETE_OBJECT | command::CHANGE_AUTHENTICATION_KEY, Role::Administration) => {
                Some(self.kept_up(record))
            }
            (_, Role::Backup | Role::Audit | Role::Administration) => None,
        }
    }

    /// What the backup or the administration credential did.
    fn kept_up(&self, record: &Record) -> Deed {
        let other = if record.second == NO_KEY { record.target } else { record.second };
        let command = record.command;
        // Which of the two is called the target, and which the second object, no page says: either will do.
        let object = match command {
            command::EXPORT_WRAPPED | command::IMPORT_WRAPPED => {
                pair(record, self.device.wrap_key.get()).unwrap_or(other)
            }
            _ => other,
        };
        match self.recorded(command, object) {
            0 => Deed::Upkeep { command, object },
            _ => Deed::Recorded { command, object },
        }
    }

    /// How many records say that this was done with the object, by the backup or the administration credential.
    pub(super) fn recorded(&self, command: u8, object: u16) -> usize {
        let fits = |work: Work| match command {
            command::EXPORT_WRAPPED => work == Work::Backup,
            command::IMPORT_WRAPPED => matches!(work, Work::Restore | Work::Drill),
            command::DELETE_OBJECT => matches!(work, Work::Drill | Work::Abort),
            _ => false,
        };
        self.upkeeps_of(object).filter(|(upkeep, _)| fits(upkeep.work)).count()
    }

    /// The records that name an object, and what they say of it.
    pub(super) fn upkeeps_of(&self, object: u16) -> impl Iterator<Item = (&Upkeep, &UpkeepObject)> {
        self.upkeeps.iter().flat_map(move |upkeep| {
            let named = upkeep.objects.iter().filter(move |one| one.object_id.get() == object);
            named.map(|one| (*upkeep, one))
        })
    }

    /// What the ceremony's credential looked at to tell which key material an object is: each as far as a record names it.
    fn shown(&self, record: &Record) -> Option<Deed> {
        let (command, object) = (record.command, record.target);
        let fits = |(upkeep, one): (&Upkeep, &UpkeepObject)| match command {
            command::GET_OPAQUE => one.kept_as == KeptAs::Opaque,
            command::PUT_PUBLIC_WRAP_KEY | command::DELETE_OBJECT => {
                one.kept_as == KeptAs::SymmetricKey
            }
            command::GET_RSA_WRAPPED_KEY => {
                one.kept_as == KeptAs::SymmetricKey && record.second == object
            }
            command::SIGN_ATTESTATION_CERTIFICATE => {
                one.kept_as == KeptAs::AsymmetricKey && upkeep.work == Work::Backup
            }
            _ => false,
        };
        self.upkeeps_of(object).any(fits).then_some(Deed::Shown { command, object })
    }

    /// What `init` does: it makes the device's own keys, and nothing else.
    fn set_up(&self, record: &Record) -> Option<Deed> {
        let device = self.device;
        let signing = device.signing_key.object_id.get();
        let wrap_key = device.wrap_key.get();
        let split = device.shares.is_some();
        let credential = self.role(&Record { session_key: record.target, command: 0, ..*record });
        let fits = match record.command {
            command::SET_OPTION => true,
            command::GENERATE_ASYMMETRIC_KEY
            | command::SIGN_ATTESTATION_CERTIFICATE
            | command::SIGN_ECDSA => record.target == signing,
            // The certificate; the probe of a wrap key that was split.
            command::GET_OPAQUE => {
                record.target == ATTESTATION || split && record.target == wrap_key
            }
            command::GENERATE_WRAP_KEY => !split && record.target == wrap_key,
            // The probe, under the wrap key's own id, shows which key the HSM holds.
            command::PUT_WRAP_KEY | command::PUT_OPAQUE => split && record.target == wrap_key,
            command::EXPORT_WRAPPED | command::IMPORT_WRAPPED => {
                split && pair(record, wrap_key).is_some_and(|id| id == wrap_key || id == NO_KEY)
            }
            command::PUT_AUTHENTICATION_KEY => credential.is_some_and(|role| role != Role::Factory),
            command::DELETE_OBJECT => credential.is_some() || record.target == wrap_key,
            _ => false,
        };
        fits.then_some(Deed::SetUp(record.command))
    }

    fn ceremony(&self, record: &Record) -> Option<Deed> {
        let signing = self.device.signing_key.object_id.get();
        let target = |id: u16| {
            let targets = self.plan.map_or(&[][..], |plan| &plan.targets);
            targets.iter().find(|target| target.object_id.get() == id)
        };
        let named = |fits: fn(&Target) -> bool, deed: fn(TargetName) -> Deed| {
            target(record.target).filter(|t| fits(t)).map(|t| deed(t.name.clone()))
        };
        match record.command {
            command::SIGN_ECDSA => (record.target == signing).then_some(Deed::Signed),
            command::SIGN_ATTESTATION_CERTIFICATE => (record.target == signing
                || target(record.target).is_some())
            .then_some(Deed::Attested),
            command::GENERATE_ASYMMETRIC_KEY => named(is_private, Deed::Made),
            command::PUT_OPAQUE => named(|t| t.kept_as == KeptAs::Opaque, Deed::Made),
            command::PUT_SYMMETRIC_KEY => named(|t| t.kept_as == KeptAs::SymmetricKey, Deed::Made),
            // The certificate of the factory's attestation key.
            command::GET_OPAQUE if record.target == ATTESTATION => Some(Deed::Attested),
            command::GET_OPAQUE => named(|t| t.kept_as == KeptAs::Opaque, Deed::ReadBack),
            command::PUT_PUBLIC_WRAP_KEY => named(leaves_wrapped, Deed::PublicKeyPut),
            command::DELETE_OBJECT => named(leaves_wrapped, Deed::PublicKeyDeleted),
            // Which of the two is called the target, and which the second object, no page says: either will do.
            command::EXPORT_WRAPPED => pair(record, self.device.wrap_key.get())
                .and_then(target)
                .map(|t| Deed::Copied(t.name.clone())),
            command::GET_RSA_WRAPPED_KEY => target(record.target)
                .filter(|t| leaves_wrapped(t) && record.second == record.target)
                .map(|t| Deed::Wrapped(t.name.clone())),
            _ => None,
        }
    }
}

/// Who may do what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Factory,
    Ceremony,
    Backup,
    Audit,
    Administration,
}

/// The object that stands beside `known` in an entry.
const fn pair(record: &Record, known: u16) -> Option<u16> {
    if record.target == known {
        Some(record.second)
    } else if record.second == known {
        Some(record.target)
    } else {
        None
    }
}

fn is_private(target: &Target) -> bool {
    target.kept_as == KeptAs::AsymmetricKey
}

/// Whether the HSM itself wraps this key material under AWS's wrapping public key.
fn leaves_wrapped(target: &Target) -> bool {
    target.kept_as != KeptAs::Opaque
}

fn key(id: u16) -> String {
    if id == NO_KEY { "nobody".to_owned() } else { format!("authentication key {id:#06x}") }
}

fn objects(record: &Record) -> String {
    match (record.target, record.second) {
        (NO_KEY, NO_KEY) => "no object".to_owned(),
        (target, NO_KEY) => format!("object {target:#06x}"),
        (target, second) => format!("objects {target:#06x} and {second:#06x}"),
    }
}
