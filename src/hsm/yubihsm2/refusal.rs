//! The device's error codes (YubiHSM 2 user guide, "Error codes"; numbers as in python-yubihsm `defs.py`); 0x00, which is no error, is
//! never one.

/// OBJECT NOT FOUND.
pub(super) const NOT_FOUND: u8 = 0x0b;
/// AUTHENTICATION FAILED.
pub(super) const AUTHENTICATION_FAILED: u8 = 0x04;

const NAMES: &[(u8, &str)] = &[
    (0x01, "invalid command"),
    (0x02, "invalid data"),
    (0x03, "invalid session"),
    (AUTHENTICATION_FAILED, "authentication failed"),
    (0x05, "sessions full"),
    (0x06, "session failed"),
    (0x07, "storage failed"),
    (0x08, "wrong length"),
    (0x09, "insufficient permissions"),
    (0x0a, "log full"),
    (NOT_FOUND, "object not found"),
    (0x0c, "invalid id"),
    (0x0e, "SSH CA constraint violation"),
    (0x0f, "invalid OTP"),
    (0x10, "demo mode"),
    (0x11, "object exists"),
    (0x12, "algorithm disabled"),
    (0xff, "command not executed"),
];

/// What a code means, or the code itself.
pub(super) fn name(code: u8) -> String {
    match NAMES.iter().find(|(known, _)| *known == code) {
        Some((_, name)) => (*name).to_owned(),
        None => format!("error {code:#04x}, which has no published name"),
    }
}
