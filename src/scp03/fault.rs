//! Why a message is not taken.

/// What is wrong with what the other side sent. After any of these a session must not go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The other side does not have the key.
    #[error("the cryptogram is wrong: the keys are not the same")]
    Cryptogram,
    /// The message was changed, or is not the one that is due.
    #[error("the message authentication code is wrong")]
    Mac,
    /// The message is for another session.
    #[error("it belongs to another session")]
    Session,
    /// Too short for what has to be in it, or too long for a frame.
    #[error("its length is wrong")]
    Length,
    /// It is not whole blocks, or what was decrypted does not end in 0x80 and zeros.
    #[error("its padding is wrong")]
    Padding,
}
