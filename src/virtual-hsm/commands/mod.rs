//! What the commands do, one family a file.

mod asymmetric;
mod audit;
mod authentication;
mod device;
mod objects;
mod opaque;
mod options;
mod random;
mod wrap;

pub(crate) use device::info as device_info;

use crate::session::Authority;
use crate::store::{Capabilities, Kind, NO_KEY, Object, State};
use crate::wire::{Command, DeviceError};

/// What a command answers.
pub(crate) type Answer = Result<Vec<u8>, DeviceError>;

/// The objects a command was about, for the log.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Touched {
    pub(crate) target: u16,
    pub(crate) second: u16,
}

/// A command at work: on what, in whose name.
pub(crate) struct Context<'a> {
    pub(crate) state: &'a mut State,
    pub(crate) authority: Authority,
    pub(crate) touched: Touched,
}

impl<'a> Context<'a> {
    pub(crate) const fn new(state: &'a mut State, authority: Authority) -> Self {
        Self { state, authority, touched: Touched { target: NO_KEY, second: NO_KEY } }
    }

    /// Refuses a session without a capability.
    fn require(&self, needed: Capabilities) -> Result<(), DeviceError> {
        if self.authority.capabilities.contain(needed) {
            Ok(())
        } else {
            Err(DeviceError::InsufficientPermissions)
        }
    }

    /// Whether the session shares a domain with an object.
    const fn sees(&self, object: &Object) -> bool {
        self.authority.domains & object.domains != 0
    }

    /// An object in the session's domains. Another one might as well not exist.
    fn object(&self, kind: Kind, id: u16) -> Result<&Object, DeviceError> {
        let found = self.state.store.get(kind, id).filter(|object| self.sees(object));
        found.ok_or(DeviceError::ObjectNotFound)
    }

    /// A key that has a capability itself.
    fn key(&self, kind: Kind, id: u16, needed: Capabilities) -> Result<&Object, DeviceError> {
        let key = self.object(kind, id)?;
        if key.capabilities.contain(needed) {
            Ok(key)
        } else {
            Err(DeviceError::InsufficientPermissions)
        }
    }

    /// Adds an object within what the session may hand on: its own domains, its delegated capabilities.
    fn create(&mut self, object: Object) -> Result<u16, DeviceError> {
        self.state.options.require(object.algorithm)?;
        if object.domains == 0 {
            return Err(DeviceError::InvalidData);
        }
        let Authority { domains, delegated, .. } = self.authority;
        if object.domains & !domains != 0
            || !delegated.contain(object.capabilities)
            || !delegated.contain(object.delegated)
        {
            return Err(DeviceError::InsufficientPermissions);
        }
        let id = self.state.store.add(object)?;
        self.state.touch();
        Ok(id)
    }

    /// As [`Self::create`], for a command that answers with the id.
    fn put(&mut self, object: Object) -> Answer {
        self.touched.target = object.id;
        let id = self.create(object)?;
        self.touched.target = id;
        Ok(id.to_be_bytes().to_vec())
    }
}

/// What a session needs for a command; DELETE OBJECT depends on the object, and what is not here needs nothing.
const NEEDED: &[(Command, Capabilities)] = &[
    (Command::ResetDevice, Capabilities::RESET_DEVICE),
    (Command::PutOpaque, Capabilities::PUT_OPAQUE),
    (Command::GetOpaque, Capabilities::GET_OPAQUE),
    (Command::PutAuthenticationKey, Capabilities::PUT_AUTHENTICATION_KEY),
    (Command::ChangeAuthenticationKey, Capabilities::CHANGE_AUTHENTICATION_KEY),
    (Command::PutAsymmetricKey, Capabilities::PUT_ASYMMETRIC_KEY),
    (Command::GenerateAsymmetricKey, Capabilities::GENERATE_ASYMMETRIC_KEY),
    (Command::SignEcdsa, Capabilities::SIGN_ECDSA),
    (Command::SignEddsa, Capabilities::SIGN_EDDSA),
    (Command::ExportWrapped, Capabilities::EXPORT_WRAPPED),
    (Command::ImportWrapped, Capabilities::IMPORT_WRAPPED),
    (Command::PutWrapKey, Capabilities::PUT_WRAP_KEY),
    (Command::GenerateWrapKey, Capabilities::GENERATE_WRAP_KEY),
    (Command::WrapData, Capabilities::WRAP_DATA),
    (Command::UnwrapData, Capabilities::UNWRAP_DATA),
    (Command::GetLogEntries, Capabilities::GET_LOG_ENTRIES),
    (Command::SetLogIndex, Capabilities::GET_LOG_ENTRIES),
    (Command::SetOption, Capabilities::SET_OPTION),
    (Command::GetOption, Capabilities::GET_OPTION),
    (Command::GetPseudoRandom, Capabilities::GET_PSEUDO_RANDOM),
];

/// Carries out a command of a session.
pub(crate) fn run(command: Command, context: &mut Context<'_>, data: &[u8]) -> Answer {
    if let Some((_, needed)) = NEEDED.iter().find(|(which, _)| *which == command) {
        context.require(*needed)?;
    }
    match command {
        Command::Echo => Ok(data.to_vec()),
        Command::DeviceInfo => device::info(context.state, data),
        Command::ResetDevice => device::reset(context, data),
        Command::GetStorageInfo => device::storage_info(context, data),
        Command::BlinkDevice => device::blink(data),
        Command::CloseSession => device::close_session(data),
        Command::GetPseudoRandom => random::get(data),
        Command::PutOpaque => opaque::put(context, data),
        Command::GetOpaque => opaque::get(context, data),
        Command::PutAuthenticationKey => authentication::put(context, data),
        Command::ChangeAuthenticationKey => authentication::change(context, data),
        Command::PutAsymmetricKey => asymmetric::put(context, data),
        Command::GenerateAsymmetricKey => asymmetric::generate(context, data),
        Command::GetPublicKey => asymmetric::public_key(context, data),
        Command::SignEcdsa => asymmetric::sign_ecdsa(context, data),
        Command::SignEddsa => asymmetric::sign_eddsa(context, data),
        Command::PutWrapKey => wrap::put(context, data),
        Command::GenerateWrapKey => wrap::generate(context, data),
        Command::ExportWrapped => wrap::export(context, data),
        Command::ImportWrapped => wrap::import(context, data),
        Command::WrapData => wrap::wrap_data(context, data),
        Command::UnwrapData => wrap::unwrap_data(context, data),
        Command::ListObjects => objects::list(context, data),
        Command::GetObjectInfo => objects::info(context, data),
        Command::DeleteObject => objects::delete(context, data),
        Command::GetLogEntries => audit::read(context, data),
        Command::SetLogIndex => audit::acknowledge(context, data),
        Command::SetOption => options::set(context, data),
        Command::GetOption => options::get(context, data),
        Command::CreateSession
        | Command::AuthenticateSession
        | Command::SessionMessage
        | Command::Unpublished07
        | Command::Unpublished09
        | Command::SignPkcs1
        | Command::SignPss
        | Command::DecryptPkcs1
        | Command::DeriveEcdh
        | Command::PutHmacKey
        | Command::SignHmac
        | Command::DecryptOaep
        | Command::GenerateHmacKey
        | Command::VerifyHmac
        | Command::SignSshCertificate
        | Command::PutTemplate
        | Command::GetTemplate
        | Command::DecryptOtp
        | Command::CreateOtpAead
        | Command::RandomizeOtpAead
        | Command::RewrapOtpAead
        | Command::SignAttestationCertificate
        | Command::PutOtpAeadKey
        | Command::GenerateOtpAeadKey
        | Command::GetDevicePublicKey
        | Command::PutSymmetricKey
        | Command::GenerateSymmetricKey
        | Command::DecryptEcb
        | Command::EncryptEcb
        | Command::DecryptCbc
        | Command::EncryptCbc
        | Command::PutPublicWrapKey
        | Command::GetRsaWrappedKey
        | Command::PutRsaWrappedKey
        | Command::ExportRsaWrapped
        | Command::ImportRsaWrapped => Err(DeviceError::InvalidCommand),
    }
}
