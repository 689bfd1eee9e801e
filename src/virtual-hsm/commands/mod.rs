//! What the commands do, one family a file.

mod asymmetric;
mod attestation;
mod audit;
mod authentication;
mod decrypt;
mod device;
mod envelope;
mod hmac;
mod objects;
mod opaque;
mod options;
mod otp;
mod random;
mod rsa_wrap;
mod sign;
mod ssh;
mod symmetric;
mod template;
mod wrap;

pub(crate) use device::{info as device_info, public_key as device_public_key};

use crate::session::Authority;
use crate::store::{Algorithm, Capabilities, Kind, NO_KEY, Object, State, Wish};
use crate::wire::{Command, DeviceError, Fields};

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

    /// Reads the id of the object a command is about, and notes it for the log.
    fn target(&mut self, fields: &mut Fields<'_>) -> Result<u16, DeviceError> {
        let id = fields.u16()?;
        self.touched.target = id;
        Ok(id)
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

    /// Refuses a wish for an object that the session may not make. Delegated capabilities are left to [`Self::create`].
    fn may_create(&self, wish: &Wish) -> Result<(), DeviceError> {
        self.permit(wish.algorithm, wish.domains, wish.capabilities)
    }

    /// What the session may hand on: algorithms that are on, its own domains, its delegated capabilities.
    fn permit(
        &self,
        algorithm: Algorithm,
        domains: u16,
        capabilities: Capabilities,
    ) -> Result<(), DeviceError> {
        self.state.options.require(algorithm)?;
        if domains == 0 {
            return Err(DeviceError::InvalidData);
        }
        let authority = &self.authority;
        if domains & !authority.domains != 0 || !authority.delegated.contain(capabilities) {
            return Err(DeviceError::InsufficientPermissions);
        }
        Ok(())
    }

    /// Adds an object within what the session may hand on.
    fn create(&mut self, object: Object) -> Result<u16, DeviceError> {
        self.permit(object.algorithm, object.domains, object.capabilities)?;
        if !self.authority.delegated.contain(object.delegated) {
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
    (Command::SignPkcs1, Capabilities::SIGN_PKCS),
    (Command::SignPss, Capabilities::SIGN_PSS),
    (Command::DecryptPkcs1, Capabilities::DECRYPT_PKCS),
    (Command::DecryptOaep, Capabilities::DECRYPT_OAEP),
    (Command::DeriveEcdh, Capabilities::DERIVE_ECDH),
    (Command::PutHmacKey, Capabilities::PUT_HMAC_KEY),
    (Command::GenerateHmacKey, Capabilities::GENERATE_HMAC_KEY),
    (Command::SignHmac, Capabilities::SIGN_HMAC),
    (Command::VerifyHmac, Capabilities::VERIFY_HMAC),
    (Command::SignSshCertificate, Capabilities::SIGN_SSH_CERTIFICATE),
    (Command::PutTemplate, Capabilities::PUT_TEMPLATE),
    (Command::GetTemplate, Capabilities::GET_TEMPLATE),
    (Command::DecryptOtp, Capabilities::DECRYPT_OTP),
    (Command::CreateOtpAead, Capabilities::CREATE_OTP_AEAD),
    (Command::RandomizeOtpAead, Capabilities::RANDOMIZE_OTP_AEAD),
    (Command::RewrapOtpAead, Capabilities::REWRAP_FROM_OTP_AEAD_KEY),
    (Command::RewrapOtpAead, Capabilities::REWRAP_TO_OTP_AEAD_KEY),
    (Command::SignAttestationCertificate, Capabilities::SIGN_ATTESTATION_CERTIFICATE),
    (Command::PutOtpAeadKey, Capabilities::PUT_OTP_AEAD_KEY),
    (Command::GenerateOtpAeadKey, Capabilities::GENERATE_OTP_AEAD_KEY),
    (Command::PutSymmetricKey, Capabilities::PUT_SYMMETRIC_KEY),
    (Command::GenerateSymmetricKey, Capabilities::GENERATE_SYMMETRIC_KEY),
    (Command::DecryptEcb, Capabilities::DECRYPT_ECB),
    (Command::EncryptEcb, Capabilities::ENCRYPT_ECB),
    (Command::DecryptCbc, Capabilities::DECRYPT_CBC),
    (Command::EncryptCbc, Capabilities::ENCRYPT_CBC),
    (Command::PutPublicWrapKey, Capabilities::PUT_PUBLIC_WRAP_KEY),
    (Command::GetRsaWrappedKey, Capabilities::EXPORT_WRAPPED),
    (Command::PutRsaWrappedKey, Capabilities::IMPORT_WRAPPED),
    (Command::ExportRsaWrapped, Capabilities::EXPORT_WRAPPED),
    (Command::ImportRsaWrapped, Capabilities::IMPORT_WRAPPED),
];

/// Carries out a command of a session.
pub(crate) fn run(command: Command, context: &mut Context<'_>, data: &[u8]) -> Answer {
    for (_, needed) in NEEDED.iter().filter(|(which, _)| *which == command) {
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
        Command::SignEcdsa => sign::ecdsa(context, data),
        Command::SignEddsa => sign::eddsa(context, data),
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
        Command::SignPkcs1 => sign::pkcs1(context, data),
        Command::SignPss => sign::pss(context, data),
        Command::DecryptPkcs1 => decrypt::pkcs1(context, data),
        Command::DecryptOaep => decrypt::oaep(context, data),
        Command::DeriveEcdh => decrypt::ecdh(context, data),
        Command::PutHmacKey => hmac::put(context, data),
        Command::GenerateHmacKey => hmac::generate(context, data),
        Command::SignHmac => hmac::sign(context, data),
        Command::VerifyHmac => hmac::verify(context, data),
        Command::PutSymmetricKey => symmetric::put(context, data),
        Command::GenerateSymmetricKey => symmetric::generate(context, data),
        Command::EncryptEcb => symmetric::encrypt_ecb(context, data),
        Command::DecryptEcb => symmetric::decrypt_ecb(context, data),
        Command::EncryptCbc => symmetric::encrypt_cbc(context, data),
        Command::DecryptCbc => symmetric::decrypt_cbc(context, data),
        Command::PutTemplate => template::put(context, data),
        Command::GetTemplate => template::get(context, data),
        Command::SignSshCertificate => ssh::certify(context, data),
        Command::PutOtpAeadKey => otp::put(context, data),
        Command::GenerateOtpAeadKey => otp::generate(context, data),
        Command::CreateOtpAead => otp::create(context, data),
        Command::RandomizeOtpAead => otp::randomize(context, data),
        Command::RewrapOtpAead => otp::rewrap(context, data),
        Command::DecryptOtp => otp::decrypt(context, data),
        Command::SignAttestationCertificate => attestation::attest(context, data),
        Command::GetDevicePublicKey => device::public_key(context.state, data),
        Command::PutPublicWrapKey => wrap::put_public(context, data),
        Command::GetRsaWrappedKey => rsa_wrap::get_key(context, data),
        Command::PutRsaWrappedKey => rsa_wrap::put_key(context, data),
        Command::ExportRsaWrapped => rsa_wrap::export(context, data),
        Command::ImportRsaWrapped => rsa_wrap::import(context, data),
        Command::CreateSession
        | Command::AuthenticateSession
        | Command::SessionMessage
        | Command::Unpublished07
        | Command::Unpublished09 => Err(DeviceError::InvalidCommand),
    }
}
