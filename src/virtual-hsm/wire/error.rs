//! The device's error codes.

/// Why the device refuses a command, as Yubico's libraries number it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[repr(u8)]
pub(crate) enum DeviceError {
    /// No such command, or not here.
    #[error("invalid command")]
    InvalidCommand = 0x01,
    /// The data make no sense.
    #[error("invalid data")]
    InvalidData = 0x02,
    /// No such session.
    #[error("invalid session")]
    InvalidSession = 0x03,
    /// A cryptogram or a MAC is wrong.
    #[error("authentication failed")]
    AuthenticationFailed = 0x04,
    /// Sixteen sessions are open.
    #[error("sessions full")]
    SessionsFull = 0x05,
    /// The store is full or cannot be written.
    #[error("storage failed")]
    StorageFailed = 0x07,
    /// Too few or too many bytes.
    #[error("wrong length")]
    WrongLength = 0x08,
    /// A capability is missing.
    #[error("insufficient permissions")]
    InsufficientPermissions = 0x09,
    /// The log is full and every command must be logged.
    #[error("log full")]
    LogFull = 0x0a,
    /// No such object, or none in the session's domains.
    #[error("object not found")]
    ObjectNotFound = 0x0b,
    /// The object id is not allowed here.
    #[error("invalid id")]
    InvalidId = 0x0c,
    /// The SSH certificate goes beyond its template.
    #[error("ssh ca constraint violation")]
    SshCaConstraintViolation = 0x0e,
    /// The one-time password is not one of this credential.
    #[error("invalid otp")]
    InvalidOtp = 0x0f,
    /// An object of this type and id is there already.
    #[error("object exists")]
    ObjectExists = 0x11,
    /// The algorithm is switched off.
    #[error("algorithm disabled")]
    AlgorithmDisabled = 0x12,
}

impl DeviceError {
    /// The byte on the wire and in the log.
    pub(crate) const fn code(self) -> u8 {
        self as u8
    }
}
