//! Command codes.

use std::fmt;

macro_rules! commands {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $words:literal;)+) => {
        impl CommandCode {
            $($(#[$doc])* pub const $name: Self = Self($code);)+
            const NAMES: &[(Self, &str)] = &[$((Self::$name, $words),)+];
        }
    };
}

/// The code of a command (YubiHSM 2 user guide, "Commands"; codes as in python-yubihsm `defs.py`). Any code is kept, named or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CommandCode(pub u8);

commands! {
    /// Begins a session.
    CREATE_SESSION = 0x03, "CREATE SESSION";
    /// Proves that the client has the keys.
    AUTHENTICATE_SESSION = 0x04, "AUTHENTICATE SESSION";
    /// Carries any other command.
    SESSION_MESSAGE = 0x05, "SESSION MESSAGE";
    /// Says who the device is.
    DEVICE_INFO = 0x06, "DEVICE INFO";
    /// Ends the session.
    CLOSE_SESSION = 0x40, "CLOSE SESSION";
    /// Says what fits.
    GET_STORAGE_INFO = 0x41, "GET STORAGE INFO";
    /// Stores an opaque object.
    PUT_OPAQUE = 0x42, "PUT OPAQUE";
    /// Reads an opaque object.
    GET_OPAQUE = 0x43, "GET OPAQUE";
    /// Stores an authentication key.
    PUT_AUTHENTICATION_KEY = 0x44, "PUT AUTHENTICATION KEY";
    /// Generates an asymmetric key.
    GENERATE_ASYMMETRIC_KEY = 0x46, "GENERATE ASYMMETRIC KEY";
    /// Lists objects.
    LIST_OBJECTS = 0x48, "LIST OBJECTS";
    /// Exports an object under a wrap key.
    EXPORT_WRAPPED = 0x4a, "EXPORT WRAPPED";
    /// Import an object under wrap.
    IMPORT_WRAPPED = 0x4b, "IMPORT WRAPPED";
    /// Stores a wrap key.
    PUT_WRAP_KEY = 0x4c, "PUT WRAP KEY";
    /// Reads the log.
    GET_LOG_ENTRIES = 0x4d, "GET LOG ENTRIES";
    /// Describes an object.
    GET_OBJECT_INFO = 0x4e, "GET OBJECT INFO";
    /// Sets an option.
    SET_OPTION = 0x4f, "SET OPTION";
    /// Reads an option.
    GET_OPTION = 0x50, "GET OPTION";
    /// Gives random bytes.
    GET_PSEUDO_RANDOM = 0x51, "GET PSEUDO RANDOM";
    /// Gives a public key.
    GET_PUBLIC_KEY = 0x54, "GET PUBLIC KEY";
    /// Signs a digest with ECDSA.
    SIGN_ECDSA = 0x56, "SIGN ECDSA";
    /// Deletes an object.
    DELETE_OBJECT = 0x58, "DELETE OBJECT";
    /// Generates a wrap key.
    GENERATE_WRAP_KEY = 0x5b, "GENERATE WRAP KEY";
    /// Attests an asymmetric key.
    SIGN_ATTESTATION_CERTIFICATE = 0x64, "SIGN ATTESTATION CERTIFICATE";
    /// Acknowledges log entries.
    SET_LOG_INDEX = 0x67, "SET LOG INDEX";
    /// Stores a symmetric key; firmware 2.3.
    PUT_SYMMETRIC_KEY = 0x6d, "PUT SYMMETRIC KEY";
    /// Stores a public wrap key; firmware 2.4.
    PUT_PUBLIC_WRAP_KEY = 0x73, "PUT PUBLIC WRAP KEY";
    /// Exports a key's bytes under a public wrap key; firmware 2.4.
    GET_RSA_WRAPPED_KEY = 0x74, "GET RSA WRAPPED KEY";
}

impl fmt::Display for CommandCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match Self::NAMES.iter().find(|(known, _)| known == self) {
            Some((_, name)) => f.write_str(name),
            None => write!(f, "command {:#04x}", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_command_keeps_its_code() {
        assert_eq!(CommandCode(0xee).to_string(), "command 0xee");
        assert_eq!(CommandCode(0x74).to_string(), "GET RSA WRAPPED KEY");
    }
}
