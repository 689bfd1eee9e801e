//! Command codes, in the order in which the device lists them under its command-audit option.

macro_rules! commands {
    ($($(#[$doc:meta])* $name:ident = $code:literal,)+) => {
        /// A command of firmware 2.4. Sealed: a code that is not here is answered with "invalid command".
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[repr(u8)]
        pub(crate) enum Command {
            $($(#[$doc])* $name = $code,)+
        }

        impl Command {
            /// Every command, in the device's order.
            pub(crate) const ALL: &[Self] = &[$(Self::$name,)+];
        }
    };
}

// Order: https://docs.yubico.com/hardware/yubihsm-2/hsm-2-user-guide/hsm2-option-audit-guide.html
commands! {
    Echo = 0x01,
    CreateSession = 0x03,
    AuthenticateSession = 0x04,
    SessionMessage = 0x05,
    DeviceInfo = 0x06,
    /// Listed by the device, published nowhere.
    Unpublished07 = 0x07,
    /// Listed by the device, published nowhere.
    Unpublished09 = 0x09,
    ResetDevice = 0x08,
    CloseSession = 0x40,
    GetStorageInfo = 0x41,
    PutOpaque = 0x42,
    GetOpaque = 0x43,
    PutAuthenticationKey = 0x44,
    PutAsymmetricKey = 0x45,
    GenerateAsymmetricKey = 0x46,
    SignPkcs1 = 0x47,
    SignPss = 0x55,
    SignEcdsa = 0x56,
    ListObjects = 0x48,
    DecryptPkcs1 = 0x49,
    DeriveEcdh = 0x57,
    ExportWrapped = 0x4a,
    ImportWrapped = 0x4b,
    PutWrapKey = 0x4c,
    GetLogEntries = 0x4d,
    SetLogIndex = 0x67,
    GetObjectInfo = 0x4e,
    SetOption = 0x4f,
    GetOption = 0x50,
    GetPseudoRandom = 0x51,
    PutHmacKey = 0x52,
    SignHmac = 0x53,
    GetPublicKey = 0x54,
    DeleteObject = 0x58,
    DecryptOaep = 0x59,
    GenerateHmacKey = 0x5a,
    GenerateWrapKey = 0x5b,
    VerifyHmac = 0x5c,
    SignSshCertificate = 0x5d,
    PutTemplate = 0x5e,
    GetTemplate = 0x5f,
    DecryptOtp = 0x60,
    CreateOtpAead = 0x61,
    RandomizeOtpAead = 0x62,
    RewrapOtpAead = 0x63,
    SignAttestationCertificate = 0x64,
    PutOtpAeadKey = 0x65,
    GenerateOtpAeadKey = 0x66,
    WrapData = 0x68,
    UnwrapData = 0x69,
    SignEddsa = 0x6a,
    BlinkDevice = 0x6b,
    ChangeAuthenticationKey = 0x6c,
    GetDevicePublicKey = 0x0a,
    PutSymmetricKey = 0x6d,
    GenerateSymmetricKey = 0x6e,
    DecryptEcb = 0x6f,
    EncryptEcb = 0x70,
    DecryptCbc = 0x71,
    EncryptCbc = 0x72,
    PutPublicWrapKey = 0x73,
    GetRsaWrappedKey = 0x74,
    PutRsaWrappedKey = 0x75,
    ExportRsaWrapped = 0x76,
    ImportRsaWrapped = 0x77,
}

impl Command {
    /// The command behind a code.
    pub(crate) fn from_code(code: u8) -> Option<Self> {
        Self::ALL.iter().copied().find(|command| command.code() == code)
    }

    /// The code on the wire.
    pub(crate) const fn code(self) -> u8 {
        self as u8
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_is_the_published_one() {
        let published = "010304050607090840414243444546475556484957\
                         4a4b4c4d674e4f50515253545859\
                         5a5b5c5d5e5f60616263646566\
                         68696a6b6c0a6d6e6f7071727374757677";
        let published: Vec<u8> = (0..published.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&published[at..at + 2], 16).unwrap())
            .collect();
        let ours: Vec<u8> = Command::ALL.iter().map(|command| command.code()).collect();
        assert_eq!(ours, published);
    }

    #[test]
    fn unknown_codes_stay_unknown() {
        assert_eq!(Command::from_code(0x46), Some(Command::GenerateAsymmetricKey));
        assert_eq!(Command::from_code(0x02), None);
        assert_eq!(Command::from_code(0xff), None);
    }
}
