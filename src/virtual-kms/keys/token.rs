//! Import tokens: a layout of our own, of AWS's sizes.
//!
//! | bytes | what |
//! |---|---|
//! | 4 | `KVT2` |
//! | 16 | id of the wrapping key pair, whose private key is in the state file |
//! | 8 | when it expires, milliseconds since 1970-01-01T00:00:00Z, big endian |
//! | 1 | wrapping algorithm: its place in [`WrappingAlgorithm::ALL`] |
//! | 1, then so many | length of the key ARN, and the key ARN |
//! | the rest but 32 | random |
//! | 32 | HMAC-SHA-256 of everything before it, under the service's token secret |
//!
//! AWS's tokens have 1757 bytes for `RSA_2048` and 3465 for `RSA_4096`; 2611 for `RSA_3072` is the middle, not recorded.

use crate::clock::Time;
use crate::random;
use crate::refusal::{Kind, Refusal};
use hmac::{Hmac, KeyInit as _, Mac as _};
use keyferry_bundle::{KeyArn, WrappingAlgorithm, WrappingKeySpec};
use sha2::Sha256;

type HmacSha256 = Hmac<Sha256>;

const MAGIC: &[u8; 4] = b"KVT2";
const TAG: usize = 32;

/// What a token says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Token {
    /// The wrapping key pair it was handed out with.
    pub(crate) wrapping_key: [u8; 16],
    /// When it expires.
    pub(crate) expires: Time,
    /// How the key material is to be wrapped.
    pub(crate) algorithm: WrappingAlgorithm,
    /// The key it is for: of related keys in several Regions one.
    pub(crate) key: KeyArn,
}

/// How many bytes a token has.
#[must_use]
pub const fn length(spec: WrappingKeySpec) -> usize {
    match spec {
        WrappingKeySpec::Rsa2048 => 1757,
        WrappingKeySpec::Rsa3072 => 2611,
        WrappingKeySpec::Rsa4096 => 3465,
    }
}

impl Token {
    /// Writes the token, authenticated under `secret`.
    pub(crate) fn seal(&self, spec: WrappingKeySpec, secret: &[u8]) -> Result<Vec<u8>, Refusal> {
        let key = self.key.to_string().into_bytes();
        let algorithm = WrappingAlgorithm::ALL.iter().position(|known| *known == self.algorithm);
        let mut bytes = Vec::with_capacity(length(spec));
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&self.wrapping_key);
        bytes.extend_from_slice(&self.expires.unix_millis().to_be_bytes());
        bytes.push(algorithm.and_then(|place| u8::try_from(place).ok()).ok_or_else(broken)?);
        bytes.push(u8::try_from(key.len()).map_err(|_| broken())?);
        bytes.extend_from_slice(&key);
        let mut padding = vec![0; (length(spec) - TAG).saturating_sub(bytes.len())];
        random::fill(&mut padding)?;
        bytes.extend_from_slice(&padding);
        let tag = mac(secret)?.chain_update(&bytes).finalize().into_bytes();
        bytes.extend_from_slice(&tag);
        Ok(bytes)
    }

    /// Reads a token that [`Self::seal`] wrote under the same secret.
    pub(crate) fn open(bytes: &[u8], secret: &[u8]) -> Result<Self, Refusal> {
        let invalid = || Kind::InvalidImportToken.with("the import token is not this service's");
        let (said, tag) = bytes
            .len()
            .checked_sub(TAG)
            .and_then(|at| bytes.split_at_checked(at))
            .ok_or_else(invalid)?;
        mac(secret)?.chain_update(said).verify_slice(tag).map_err(|_| invalid())?;
        parse(said).ok_or_else(invalid)
    }
}

fn parse(said: &[u8]) -> Option<Token> {
    let rest = said.strip_prefix(MAGIC)?;
    let (wrapping_key, rest) = rest.split_first_chunk::<16>()?;
    let (expires, rest) = rest.split_first_chunk::<8>()?;
    let (algorithm, rest) = rest.split_first()?;
    let (length, rest) = rest.split_first()?;
    let key = std::str::from_utf8(rest.get(..usize::from(*length))?).ok()?;
    Some(Token {
        wrapping_key: *wrapping_key,
        expires: Time::try_from(i64::from_be_bytes(*expires)).ok()?,
        algorithm: *WrappingAlgorithm::ALL.get(usize::from(*algorithm))?,
        key: key.parse().ok()?,
    })
}

fn mac(secret: &[u8]) -> Result<HmacSha256, Refusal> {
    HmacSha256::new_from_slice(secret).map_err(|_| broken())
}

fn broken() -> Refusal {
    Kind::Internal.with("an import token could not be made")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn token() -> Token {
        Token {
            wrapping_key: [7; 16],
            expires: Time::try_from(1_795_500_000_000).unwrap(),
            algorithm: WrappingAlgorithm::RsaAesKeyWrapSha256,
            key: "arn:aws:kms:eu-west-1:111122223333:key/mrk-1234abcd12ab34cd56ef1234567890ab"
                .parse()
                .unwrap(),
        }
    }

    #[test]
    fn tokens_are_of_awss_size_and_come_back() {
        for (spec, size) in WrappingKeySpec::ALL.iter().zip([1757, 2611, 3465]) {
            let bytes = token().seal(*spec, b"secret").unwrap();
            assert_eq!(bytes.len(), size);
            assert_eq!(Token::open(&bytes, b"secret").unwrap(), token());
            let other = Token::open(&bytes, b"another").unwrap_err();
            assert_eq!(other.kind, Kind::InvalidImportToken);
        }
    }

    #[test]
    fn no_byte_can_be_changed() {
        let bytes = token().seal(WrappingKeySpec::Rsa2048, b"secret").unwrap();
        for place in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[place] ^= 1;
            assert!(Token::open(&changed, b"secret").is_err(), "{place}");
        }
        assert!(Token::open(&bytes[..bytes.len() - 1], b"secret").is_err());
    }

    proptest! {
        #[test]
        fn no_bytes_are_out_of_hand(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(Token::open(&bytes, b"secret").is_err());
            let _ = parse(&bytes);
            let _ = parse(&[MAGIC.as_slice(), &bytes].concat());
        }
    }
}
