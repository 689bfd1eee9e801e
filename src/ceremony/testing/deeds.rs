//! Entries of the HSM's log, as the sound ceremony leaves them.

use crate::hsm_log::{NO_KEY, Record, command};
use keyferry_bundle::kinds::KeptAs;

/// A command of the session of one authentication key that succeeded.
pub const fn by(session_key: u16, command: u8, target: u16, second: u16) -> Record {
    Record { command, length: 9, session_key, target, second, result: command | 0x80, tick: 7 }
}

/// A session of that authentication key.
pub const fn session(key: u16) -> [Record; 2] {
    [
        by(NO_KEY, command::CREATE_SESSION, key, NO_KEY),
        by(NO_KEY, command::AUTHENTICATE_SESSION, key, NO_KEY),
    ]
}

/// What `init` does with the factory's credential.
pub fn setting_up() -> Vec<Record> {
    let by = |command, target| by(1, command, target, NO_KEY);
    vec![
        by(command::GENERATE_ASYMMETRIC_KEY, 0x0100),
        by(command::GENERATE_WRAP_KEY, 0x0200),
        by(command::PUT_AUTHENTICATION_KEY, 0x0005),
        by(command::PUT_AUTHENTICATION_KEY, 0x0004),
        by(command::PUT_AUTHENTICATION_KEY, 0x0003),
        by(command::PUT_AUTHENTICATION_KEY, 0x0002),
        by(command::DELETE_OBJECT, 0x0001),
    ]
}

/// What `init` does with it where the wrap key is split: put in and probed in one run, and probed again in the next.
pub fn splitting() -> Vec<Record> {
    let by = |command, target, second| by(1, command, target, second);
    let mut records = vec![
        by(command::PUT_WRAP_KEY, 0x0200, NO_KEY),
        by(command::PUT_OPAQUE, 0x0200, NO_KEY),
        by(command::EXPORT_WRAPPED, 0x0200, 0x0200),
        by(command::DELETE_OBJECT, 0x0200, NO_KEY),
    ];
    records.extend(session(1));
    records.extend([
        by(command::IMPORT_WRAPPED, 0x0200, 0x0200),
        by(command::DELETE_OBJECT, 0x0200, NO_KEY),
    ]);
    records.extend(setting_up());
    records.retain(|record| record.command != command::GENERATE_WRAP_KEY);
    records
}

/// What a response to the sound plan does, whose key material is kept like that.
pub fn responding(kept_as: KeptAs) -> Vec<Record> {
    let of = |command| by(2, command, 0x0a01, NO_KEY);
    let made = match kept_as {
        KeptAs::Opaque => vec![of(command::PUT_OPAQUE), of(command::GET_OPAQUE)],
        KeptAs::SymmetricKey => [&[of(command::PUT_SYMMETRIC_KEY)][..], &leaving()].concat(),
        KeptAs::AsymmetricKey => {
            let generated = of(command::GENERATE_ASYMMETRIC_KEY);
            let attested = by(2, command::SIGN_ATTESTATION_CERTIFICATE, 0x0a01, 0);
            [&[generated, attested][..], &leaving()].concat()
        }
    };
    let copied = by(2, command::EXPORT_WRAPPED, 0x0200, 0x0a01);
    let signed = by(2, command::SIGN_ECDSA, 0x0100, NO_KEY);
    [&made[..], &[copied, signed]].concat()
}

/// Key material leaves under a public key.
pub const fn leaving() -> [Record; 3] {
    [
        by(2, command::PUT_PUBLIC_WRAP_KEY, 0x0a01, NO_KEY),
        by(2, command::GET_RSA_WRAPPED_KEY, 0x0a01, 0x0a01),
        by(2, command::DELETE_OBJECT, 0x0a01, NO_KEY),
    ]
}

/// What a response does with key material that an earlier plan left in the HSM.
pub fn keeping(kept_as: KeptAs) -> Vec<Record> {
    let of = |command| by(2, command, 0x0a01, NO_KEY);
    let read = match kept_as {
        KeptAs::Opaque => vec![of(command::GET_OPAQUE)],
        KeptAs::SymmetricKey => leaving().to_vec(),
        KeptAs::AsymmetricKey => {
            let attested = by(2, command::SIGN_ATTESTATION_CERTIFICATE, 0x0a01, 0);
            [&[attested][..], &leaving()].concat()
        }
    };
    let copied = by(2, command::EXPORT_WRAPPED, 0x0200, 0x0a01);
    let signed = by(2, command::SIGN_ECDSA, 0x0100, NO_KEY);
    [&read[..], &[copied, signed]].concat()
}

/// What a response with stored key material does, after the two signatures of the response before.
pub fn answering_again(kept_as: KeptAs) -> Vec<Record> {
    let sign = by(2, command::SIGN_ECDSA, 0x0100, NO_KEY);
    let again = match kept_as {
        KeptAs::Opaque => vec![by(2, command::GET_OPAQUE, 0x0a01, NO_KEY)],
        KeptAs::SymmetricKey | KeptAs::AsymmetricKey => leaving().to_vec(),
    };
    [&[sign, sign][..], &session(2), &again].concat()
}

/// The log of the sound ceremony, from the anchor on.
pub fn usual(kept_as: KeptAs) -> Vec<Record> {
    [&setting_up()[..], &[Record::BOOT], &session(2), &responding(kept_as)].concat()
}
