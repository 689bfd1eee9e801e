//! AWS's wrapping public key, checked before anything is encrypted under it. AWS signs nothing about it: these checks find a broken
//! or a weak key, never a swapped one.

use der::Encode as _;
use keyferry_bundle::WrappingKeySpec;
use rsa::pkcs1::RsaPublicKeyRef;
use spki::SubjectPublicKeyInfoRef;

/// AWS KMS API reference, `GetParametersForImport`: `PublicKey` has at most 4096 bytes.
const MAX_DER_BYTES: usize = 4096;
/// Trial division goes up to here, as in public CAs' checks of subscriber keys.
const LARGEST_SMALL_FACTOR: u32 = 751;

/// Why a wrapping public key is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Too long for any wrapping public key.
    #[error("{0} bytes, more than the {MAX_DER_BYTES} that KMS hands out")]
    TooLong(usize),
    /// Not one SubjectPublicKeyInfo in DER, or something follows it.
    #[error("is not exactly one SubjectPublicKeyInfo in DER")]
    NotDer,
    /// Another algorithm.
    #[error("is not an rsaEncryption key with NULL parameters")]
    NotRsa,
    /// The modulus length is not the one of the wrapping key spec.
    #[error("has a {found}-bit modulus, but {spec} was asked for")]
    ModulusLength {
        /// Bits found.
        found: usize,
        /// The spec asked for.
        spec: WrappingKeySpec,
    },
    /// The modulus is even.
    #[error("has an even modulus")]
    EvenModulus,
    /// The modulus has a small prime factor.
    #[error("has a modulus divisible by {0}")]
    SmallFactor(u32),
    /// The public exponent is not 65537.
    #[error("has a public exponent other than 65537")]
    Exponent,
}

/// A wrapping public key that passed every check.
#[derive(Debug, Clone)]
pub struct WrappingPublicKey {
    key: rsa::PublicKey,
    spec: WrappingKeySpec,
}

impl WrappingPublicKey {
    /// Reads a DER SubjectPublicKeyInfo (RFC 5280 section 4.1, RFC 8017 appendix A.1) of exactly the kind asked for.
    ///
    /// # Errors
    /// The first check it fails.
    pub fn from_der(der: &[u8], spec: WrappingKeySpec) -> Result<Self, Fault> {
        if der.len() > MAX_DER_BYTES {
            return Err(Fault::TooLong(der.len()));
        }
        let info = SubjectPublicKeyInfoRef::try_from(der).map_err(|_| Fault::NotDer)?;
        if info.to_der().map_err(|_| Fault::NotDer)? != der {
            return Err(Fault::NotDer);
        }
        let null_parameters = info.algorithm.parameters.is_some_and(der::AnyRef::is_null);
        if info.algorithm.oid != rsa::pkcs1::ALGORITHM_OID || !null_parameters {
            return Err(Fault::NotRsa);
        }
        let bits = info.subject_public_key.as_bytes().ok_or(Fault::NotDer)?;
        let parts = RsaPublicKeyRef::try_from(bits).map_err(|_| Fault::NotDer)?;
        let modulus = parts.modulus.as_bytes();
        check_modulus(modulus, spec)?;
        if parts.public_exponent.as_bytes() != [1, 0, 1] {
            return Err(Fault::Exponent);
        }
        let key = rsa::PublicKey::new(
            rsa::BoxedUint::from_be_slice_vartime(modulus),
            rsa::BoxedUint::from_be_slice_vartime(parts.public_exponent.as_bytes()),
        )
        .map_err(|_| Fault::NotRsa)?;
        Ok(Self { key, spec })
    }

    /// The key, to encrypt under.
    #[must_use]
    pub const fn rsa(&self) -> &rsa::PublicKey {
        &self.key
    }

    /// Its kind.
    #[must_use]
    pub const fn spec(&self) -> WrappingKeySpec {
        self.spec
    }
}

fn check_modulus(modulus: &[u8], spec: WrappingKeySpec) -> Result<(), Fault> {
    let first = modulus.first().copied().unwrap_or_default();
    let found = modulus.len() * 8 - first.leading_zeros() as usize;
    if found != spec.modulus_bits() {
        return Err(Fault::ModulusLength { found, spec });
    }
    if modulus.last().is_none_or(|last| last % 2 == 0) {
        return Err(Fault::EvenModulus);
    }
    let divides = |divisor: &u32| {
        modulus.iter().fold(0, |rest, byte| (rest * 256 + u32::from(*byte)) % divisor) == 0
    };
    // The least divisor above 1 is prime, so odd numbers will do.
    match (3..=LARGEST_SMALL_FACTOR).step_by(2).find(divides) {
        Some(factor) => Err(Fault::SmallFactor(factor)),
        None => Ok(()),
    }
}
