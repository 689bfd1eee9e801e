//! Codes of the commands that a log can name, and which of them must be logged.

use keyferry_bundle::{Device, FieldError, Firmware, kinds::AuditSetting};

macro_rules! commands {
    ($($name:ident = $code:literal, $words:literal;)+) => {
        $(#[doc = $words] pub const $name: u8 = $code;)+
        const NAMES: &[(u8, &str)] = &[$(($name, $words),)+];
    };
}

commands! {
    BOOT = 0x00, "start";
    ECHO = 0x01, "ECHO";
    CREATE_SESSION = 0x03, "CREATE SESSION";
    AUTHENTICATE_SESSION = 0x04, "AUTHENTICATE SESSION";
    SESSION_MESSAGE = 0x05, "SESSION MESSAGE";
    DEVICE_INFO = 0x06, "DEVICE INFO";
    RESET_DEVICE = 0x08, "RESET DEVICE";
    GET_DEVICE_PUBLIC_KEY = 0x0a, "GET DEVICE PUBLIC KEY";
    CLOSE_SESSION = 0x40, "CLOSE SESSION";
    GET_STORAGE_INFO = 0x41, "GET STORAGE INFO";
    PUT_OPAQUE = 0x42, "PUT OPAQUE";
    GET_OPAQUE = 0x43, "GET OPAQUE";
    PUT_AUTHENTICATION_KEY = 0x44, "PUT AUTHENTICATION KEY";
    PUT_ASYMMETRIC_KEY = 0x45, "PUT ASYMMETRIC KEY";
    GENERATE_ASYMMETRIC_KEY = 0x46, "GENERATE ASYMMETRIC KEY";
    SIGN_PKCS1 = 0x47, "SIGN PKCS1";
    LIST_OBJECTS = 0x48, "LIST OBJECTS";
    DECRYPT_PKCS1 = 0x49, "DECRYPT PKCS1";
    EXPORT_WRAPPED = 0x4a, "EXPORT WRAPPED";
    IMPORT_WRAPPED = 0x4b, "IMPORT WRAPPED";
    PUT_WRAP_KEY = 0x4c, "PUT WRAP KEY";
    GET_LOG_ENTRIES = 0x4d, "GET LOG ENTRIES";
    GET_OBJECT_INFO = 0x4e, "GET OBJECT INFO";
    SET_OPTION = 0x4f, "SET OPTION";
    GET_OPTION = 0x50, "GET OPTION";
    GET_PSEUDO_RANDOM = 0x51, "GET PSEUDO RANDOM";
    PUT_HMAC_KEY = 0x52, "PUT HMAC KEY";
    SIGN_HMAC = 0x53, "SIGN HMAC";
    GET_PUBLIC_KEY = 0x54, "GET PUBLIC KEY";
    SIGN_PSS = 0x55, "SIGN PSS";
    SIGN_ECDSA = 0x56, "SIGN ECDSA";
    DERIVE_ECDH = 0x57, "DERIVE ECDH";
    DELETE_OBJECT = 0x58, "DELETE OBJECT";
    DECRYPT_OAEP = 0x59, "DECRYPT OAEP";
    GENERATE_HMAC_KEY = 0x5a, "GENERATE HMAC KEY";
    GENERATE_WRAP_KEY = 0x5b, "GENERATE WRAP KEY";
    VERIFY_HMAC = 0x5c, "VERIFY HMAC";
    SIGN_SSH_CERTIFICATE = 0x5d, "SIGN SSH CERTIFICATE";
    PUT_TEMPLATE = 0x5e, "PUT TEMPLATE";
    GET_TEMPLATE = 0x5f, "GET TEMPLATE";
    DECRYPT_OTP = 0x60, "DECRYPT OTP";
    CREATE_OTP_AEAD = 0x61, "CREATE OTP AEAD";
    RANDOMIZE_OTP_AEAD = 0x62, "RANDOMIZE OTP AEAD";
    REWRAP_OTP_AEAD = 0x63, "REWRAP OTP AEAD";
    SIGN_ATTESTATION_CERTIFICATE = 0x64, "SIGN ATTESTATION CERTIFICATE";
    PUT_OTP_AEAD_KEY = 0x65, "PUT OTP AEAD KEY";
    GENERATE_OTP_AEAD_KEY = 0x66, "GENERATE OTP AEAD KEY";
    SET_LOG_INDEX = 0x67, "SET LOG INDEX";
    WRAP_DATA = 0x68, "WRAP DATA";
    UNWRAP_DATA = 0x69, "UNWRAP DATA";
    SIGN_EDDSA = 0x6a, "SIGN EDDSA";
    BLINK_DEVICE = 0x6b, "BLINK DEVICE";
    CHANGE_AUTHENTICATION_KEY = 0x6c, "CHANGE AUTHENTICATION KEY";
    PUT_SYMMETRIC_KEY = 0x6d, "PUT SYMMETRIC KEY";
    GENERATE_SYMMETRIC_KEY = 0x6e, "GENERATE SYMMETRIC KEY";
    DECRYPT_ECB = 0x6f, "DECRYPT ECB";
    ENCRYPT_ECB = 0x70, "ENCRYPT ECB";
    DECRYPT_CBC = 0x71, "DECRYPT CBC";
    ENCRYPT_CBC = 0x72, "ENCRYPT CBC";
    PUT_PUBLIC_WRAP_KEY = 0x73, "PUT PUBLIC WRAP KEY";
    GET_RSA_WRAPPED_KEY = 0x74, "GET RSA WRAPPED KEY";
    PUT_RSA_WRAPPED_KEY = 0x75, "PUT RSA WRAPPED KEY";
    EXPORT_RSA_WRAPPED = 0x76, "EXPORT RSA WRAPPED";
    IMPORT_RSA_WRAPPED = 0x77, "IMPORT RSA WRAPPED";
}

/// What a device may do without leaving an entry: it says something about itself, and makes, uses and gives away nothing.
/// SESSION MESSAGE is among them because a full log could not be read any more if it were logged (Yubico/yubihsm-shell, pull
/// request 509).
const UNLOGGED: &[u8] = &[
    ECHO,
    SESSION_MESSAGE,
    DEVICE_INFO,
    GET_DEVICE_PUBLIC_KEY,
    CLOSE_SESSION,
    GET_STORAGE_INFO,
    LIST_OBJECTS,
    GET_LOG_ENTRIES,
    GET_OBJECT_INFO,
    GET_OPTION,
    GET_PSEUDO_RANDOM,
    GET_PUBLIC_KEY,
    GET_TEMPLATE,
    VERIFY_HMAC,
    BLINK_DEVICE,
];

/// The command's name in Yubico's command reference; a code that has none is told as such.
#[must_use]
pub fn name(code: u8) -> String {
    NAMES
        .iter()
        .find(|(known, _)| *known == code)
        .map_or_else(|| format!("command {code:#04x}"), |(_, words)| (*words).to_owned())
}

/// Whether `init` has the device log this command, known here or not.
#[must_use]
pub fn is_logged(code: u8) -> bool {
    !UNLOGGED.contains(&code)
}

/// Commands that firmware of this version knows and that leave an entry.
fn must_be_logged(firmware: &Firmware) -> impl Iterator<Item = u8> {
    let newest = if firmware.is_at_least(2, 4) {
        IMPORT_RSA_WRAPPED
    } else if firmware.is_at_least(2, 3) {
        ENCRYPT_CBC
    } else {
        CHANGE_AUTHENTICATION_KEY
    };
    let known = NAMES.iter().map(|(code, _)| *code).filter(|code| *code != BOOT);
    known.filter(move |code| *code <= newest && is_logged(*code))
}

/// Whether the device's audit options let nothing happen unseen: a full log stops it, and every command that makes, uses, exports or
/// deletes something is logged, until it is reset.
///
/// # Errors
/// Names what is missing.
pub fn check_audit(device: &Device) -> Result<(), FieldError> {
    if device.audit.force != AuditSetting::Fixed {
        let problem = format!(
            "is {}: a full log would be written over; it must be {}",
            device.audit.force,
            AuditSetting::Fixed
        );
        return Err(FieldError::new("audit.force", problem));
    }
    match must_be_logged(&device.firmware).find(|code| !device.audit.fixed.contains(code)) {
        None => Ok(()),
        Some(code) => {
            let problem = format!("do not name {} ({code}), which must be logged", name(code));
            Err(FieldError::new("audit.fixed", problem))
        }
    }
}
