//! What the fuzz targets and the random tests call: decoders and commands without a file, a session or a connector.

use crate::commands::{self, Context};
use crate::session::Authority;
use crate::store::{Capabilities, State};
use crate::wire::{Command, DeviceError, Frame, header};

/// A device in memory that has a key of every type, all with every capability, and a session that may do everything.
#[derive(Clone)]
pub struct Bench {
    state: State,
}

impl std::fmt::Debug for Bench {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Bench").finish_non_exhaustive()
    }
}

impl Bench {
    /// Makes one; none when no random bytes can be had.
    #[must_use]
    pub fn new() -> Option<Self> {
        let mut bench = Self { state: State::factory(12_345_678, true).ok()? };
        for (command, data) in furnished() {
            bench.carry_out(command, &data).ok()?;
        }
        Some(bench)
    }

    /// Carries out a command of any code; whether the device accepted it.
    pub fn run(&mut self, code: u8, data: &[u8]) -> bool {
        Command::from_code(code).is_some_and(|command| self.carry_out(command, data).is_ok())
    }

    fn carry_out(&mut self, command: Command, data: &[u8]) -> Result<Vec<u8>, DeviceError> {
        let authority = Authority {
            key: 1,
            domains: u16::MAX,
            capabilities: Capabilities::ALL,
            delegated: Capabilities::ALL,
        };
        commands::run(command, &mut Context::new(&mut self.state, authority), data)
    }
}

/// Whether bytes are a frame. What is one has the length it says.
#[must_use]
pub fn is_frame(bytes: &[u8]) -> bool {
    Frame::parse(bytes).is_ok_and(|frame| {
        [&header(frame.code, frame.data.len())[..], frame.data].concat() == bytes
    })
}

/// Whether bytes are a certificate that an attestation could take its issuer from.
#[must_use]
pub fn is_certificate(bytes: &[u8]) -> bool {
    <x509_cert::Certificate as der::Decode>::from_der(bytes).is_ok()
}

/// The first 53 bytes of every command that makes an object.
pub(crate) fn wish(id: u16, capabilities: u64, algorithm: u8) -> Vec<u8> {
    let mut data = id.to_be_bytes().to_vec();
    data.extend_from_slice(&[b'x'; 40]);
    data.extend_from_slice(&[0, 1]);
    data.extend_from_slice(&capabilities.to_be_bytes());
    data.push(algorithm);
    data
}

/// The commands that make one or two objects of every type, with ids from 1 on and every capability.
pub(crate) fn furnished() -> Vec<(Command, Vec<u8>)> {
    let all = Capabilities::ALL.0;
    let with = |id, algorithm, rest: &[u8]| [&wish(id, all, algorithm)[..], rest].concat();
    let delegating = |id, algorithm, rest: &[u8]| {
        [&wish(id, all, algorithm)[..], &all.to_be_bytes(), rest].concat()
    };
    let primes: String = include_str!("attestation/root-primes.hex").split_whitespace().collect();
    let primes = base16ct::lower::decode_vec(primes).unwrap_or_default();
    let modulus = [0xff; 256];
    vec![
        (Command::PutAsymmetricKey, with(1, 12, &[1; 32])),
        (Command::PutAsymmetricKey, with(2, 11, &primes)),
        (Command::PutAsymmetricKey, with(3, 46, &[1; 32])),
        (Command::PutWrapKey, delegating(1, 29, &[1; 16])),
        (Command::PutWrapKey, delegating(2, 11, &primes)),
        (Command::PutPublicWrapKey, delegating(1, 9, &modulus)),
        (Command::PutHmacKey, with(1, 20, &[1; 32])),
        (Command::PutTemplate, with(1, 36, &[3, 0, 2, 0, 2])),
        (Command::PutOtpAeadKey, with(1, 37, &[1; 20])),
        (Command::PutSymmetricKey, with(1, 50, &[1; 16])),
        (Command::PutOpaque, with(1, 31, &[0x30, 0])),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bench_is_furnished_and_takes_commands() {
        let mut bench = Bench::new().unwrap();
        assert_eq!(bench.state.store.len(), 1 + furnished().len());
        assert!(bench.run(0x56, &[&[0, 1][..], &[7; 32]].concat()));
        assert!(!bench.run(0x56, &[0, 9]));
        assert!(!bench.run(0xff, &[]));
        assert!(is_frame(&[1, 0, 1, 9]) && !is_frame(&[1, 0, 1]));
        assert!(!is_certificate(&[0x30, 0]));
    }
}
