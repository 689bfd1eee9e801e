//! Which wrapping AWS accepts for which key (AWS KMS developer guide, "Importing key material: Download the wrapping public key
//! and import token", "Select a wrapping algorithm"). KMS's emulators do not enforce this table.

use keyferry_bundle::kinds::KeptAs;
use keyferry_bundle::{Curve, KeyFamily, KeySpec, KeyUsage, WrappingAlgorithm, WrappingKeySpec};

/// A pair the table refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Forbidden {
    /// SHA-1.
    #[error("{0} uses SHA-1; use its SHA-256 form")]
    Sha1(WrappingAlgorithm),
    /// RSA AES key wrap for raw bytes.
    #[error("{0} is for RSA and ECC private keys; a {1} key takes RSAES_OAEP_SHA_256")]
    RawBytes(WrappingAlgorithm, KeySpec),
    /// OAEP for a key that does not fit into one block.
    #[error("a {0} private key does not fit into RSAES_OAEP; use RSA_AES_KEY_WRAP_SHA_256")]
    TooLong(KeySpec),
    /// OAEP for P-521 with the smallest wrapping key.
    #[error(
        "an ECC_NIST_P521 private key does not fit into RSAES_OAEP under an RSA_2048 wrapping key"
    )]
    P521UnderRsa2048,
    /// A private key in a form that only a host could make.
    #[error(
        "a {0} private key is wrapped inside the HSM, which takes RSA_AES_KEY_WRAP_SHA_256: {1} would need it on the host"
    )]
    OnTheHost(KeySpec, WrappingAlgorithm),
    /// A key whose import AWS does not document.
    #[error("AWS does not document the import of {0} keys")]
    Undocumented(KeySpec),
}

/// What the plaintext of a key spec is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Plaintext {
    /// Raw bytes, exactly so many.
    Raw(usize),
    /// An unencrypted PKCS#8 `PrivateKeyInfo` in DER (RFC 5958).
    Pkcs8,
}

/// What is wrapped for a key spec.
#[must_use]
pub const fn plaintext(spec: KeySpec) -> Plaintext {
    match spec.raw_length() {
        Some(length) => Plaintext::Raw(length),
        None => Plaintext::Pkcs8,
    }
}

/// What AWS lets a key of a spec do (AWS KMS API reference, `CreateKey`, `KeyUsage`).
#[must_use]
pub const fn usages(spec: KeySpec) -> &'static [KeyUsage] {
    match spec.family() {
        KeyFamily::Symmetric => &[KeyUsage::EncryptDecrypt],
        KeyFamily::Hmac(_) => &[KeyUsage::GenerateVerifyMac],
        KeyFamily::Rsa(_) => &[KeyUsage::SignVerify, KeyUsage::EncryptDecrypt],
        KeyFamily::Ecc(Curve::P256 | Curve::P384 | Curve::P521) => {
            &[KeyUsage::SignVerify, KeyUsage::KeyAgreement]
        }
        KeyFamily::Ecc(Curve::P256k1) | KeyFamily::Ed25519 => &[KeyUsage::SignVerify],
    }
}

/// What a key of a spec usually does.
#[must_use]
pub const fn usual_usage(spec: KeySpec) -> KeyUsage {
    match usages(spec) {
        [usage, ..] => *usage,
        [] => KeyUsage::EncryptDecrypt,
    }
}

/// As what an HSM usually keeps the material of a spec.
#[must_use]
pub const fn usually_kept(spec: KeySpec) -> KeptAs {
    match kept(spec) {
        [kept, ..] => *kept,
        [] => KeptAs::Opaque,
    }
}

/// As what an HSM can keep the material of a spec; the first is the usual one.
#[must_use]
pub const fn kept(spec: KeySpec) -> &'static [KeptAs] {
    match plaintext(spec) {
        Plaintext::Raw(_) if matches!(spec, KeySpec::SymmetricDefault) => {
            &[KeptAs::Opaque, KeptAs::SymmetricKey]
        }
        Plaintext::Raw(_) => &[KeptAs::Opaque],
        Plaintext::Pkcs8 => &[KeptAs::AsymmetricKey],
    }
}

/// How the key material of a spec usually travels.
#[must_use]
pub const fn usual(spec: KeySpec) -> WrappingAlgorithm {
    match plaintext(spec) {
        Plaintext::Raw(_) => WrappingAlgorithm::RsaesOaepSha256,
        Plaintext::Pkcs8 => WrappingAlgorithm::RsaAesKeyWrapSha256,
    }
}

/// What a plan may ask for: what AWS takes ([`check`]), and of private keys only what the HSM wraps itself.
///
/// # Errors
/// Why the combination is refused.
pub fn plannable(
    spec: KeySpec,
    algorithm: WrappingAlgorithm,
    wrapping_key: WrappingKeySpec,
) -> Result<(), Forbidden> {
    check(spec, algorithm, wrapping_key)?;
    if plaintext(spec) == Plaintext::Pkcs8 && algorithm == WrappingAlgorithm::RsaesOaepSha256 {
        return Err(Forbidden::OnTheHost(spec, algorithm));
    }
    Ok(())
}

/// Looks a combination up. SHA-1 forms are refused throughout, though AWS still takes them.
///
/// # Errors
/// Why the combination is refused.
pub const fn check(
    spec: KeySpec,
    algorithm: WrappingAlgorithm,
    wrapping_key: WrappingKeySpec,
) -> Result<(), Forbidden> {
    use KeySpec as K;
    use WrappingAlgorithm as W;
    match (algorithm, spec) {
        (W::RsaesOaepSha1 | W::RsaAesKeyWrapSha1, _) => Err(Forbidden::Sha1(algorithm)),
        (_, K::EccNistEdwards25519) => Err(Forbidden::Undocumented(spec)),
        (W::RsaesOaepSha256, K::Rsa2048 | K::Rsa3072 | K::Rsa4096) => Err(Forbidden::TooLong(spec)),
        (W::RsaesOaepSha256, K::EccNistP521)
            if matches!(wrapping_key, WrappingKeySpec::Rsa2048) =>
        {
            Err(Forbidden::P521UnderRsa2048)
        }
        (
            W::RsaAesKeyWrapSha256,
            K::SymmetricDefault | K::Hmac224 | K::Hmac256 | K::Hmac384 | K::Hmac512,
        ) => Err(Forbidden::RawBytes(algorithm, spec)),
        (W::RsaesOaepSha256 | W::RsaAesKeyWrapSha256, _) => Ok(()),
    }
}

/// Whether encrypted key material of so many bytes can be: one RSA block for OAEP; for RSA AES key wrap an RSA block and what AES key wrap
/// with padding (RFC 5649) makes of anything, whole half-blocks and at least two of them.
#[must_use]
pub const fn may_be_so_long(
    algorithm: WrappingAlgorithm,
    wrapping_key: WrappingKeySpec,
    length: usize,
) -> bool {
    let Some(rest) = length.checked_sub(wrapping_key.modulus_bits() / 8) else { return false };
    match algorithm {
        WrappingAlgorithm::RsaesOaepSha256 | WrappingAlgorithm::RsaesOaepSha1 => rest == 0,
        WrappingAlgorithm::RsaAesKeyWrapSha256 | WrappingAlgorithm::RsaAesKeyWrapSha1 => {
            rest >= 16 && rest.is_multiple_of(8)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The developer guide's table, a row a key spec: OAEP under wrapping keys of 2048, 3072, 4096 bits, then RSA AES key wrap.
    const TABLE: &[(&str, &str)] = &[
        ("SYMMETRIC_DEFAULT", "yyy nnn"),
        ("HMAC_224", "yyy nnn"),
        ("HMAC_256", "yyy nnn"),
        ("HMAC_384", "yyy nnn"),
        ("HMAC_512", "yyy nnn"),
        ("RSA_2048", "nnn yyy"),
        ("RSA_3072", "nnn yyy"),
        ("RSA_4096", "nnn yyy"),
        ("ECC_NIST_P256", "yyy yyy"),
        ("ECC_NIST_P384", "yyy yyy"),
        ("ECC_NIST_P521", "nyy yyy"),
        ("ECC_SECG_P256K1", "yyy yyy"),
        ("ECC_NIST_EDWARDS25519", "nnn nnn"),
    ];

    #[test]
    fn every_cell_of_the_matrix() {
        assert_eq!(TABLE.len(), KeySpec::ALL.len());
        for (spec, cells) in TABLE {
            let spec: KeySpec = spec.parse().unwrap();
            let cells: Vec<bool> = cells.replace(' ', "").chars().map(|c| c == 'y').collect();
            let algorithms =
                [WrappingAlgorithm::RsaesOaepSha256, WrappingAlgorithm::RsaAesKeyWrapSha256];
            for (a, algorithm) in algorithms.into_iter().enumerate() {
                for (k, key) in WrappingKeySpec::ALL.iter().enumerate() {
                    let allowed = check(spec, algorithm, *key).is_ok();
                    assert_eq!(allowed, cells[a * 3 + k], "{spec} {algorithm} {key}");
                }
            }
        }
    }

    #[test]
    fn sha1_is_refused_everywhere() {
        for spec in KeySpec::ALL {
            for key in WrappingKeySpec::ALL {
                for algorithm in
                    [WrappingAlgorithm::RsaesOaepSha1, WrappingAlgorithm::RsaAesKeyWrapSha1]
                {
                    assert_eq!(check(*spec, algorithm, *key), Err(Forbidden::Sha1(algorithm)));
                }
            }
        }
    }

    #[test]
    fn plaintexts_fit_into_oaep_where_the_matrix_says_so() {
        // RFC 8017 section 7.1.1: at most k - 2*hLen - 2 bytes.
        for spec in KeySpec::ALL {
            for key in WrappingKeySpec::ALL {
                if let Plaintext::Raw(length) = plaintext(*spec) {
                    assert!(length <= key.modulus_bits() / 8 - 66, "{spec} {key}");
                }
            }
        }
    }

    #[test]
    fn ciphertexts_have_the_lengths_their_algorithms_make() {
        let fits = |algorithm, length| may_be_so_long(algorithm, WrappingKeySpec::Rsa3072, length);
        let (oaep, wrapped) =
            (WrappingAlgorithm::RsaesOaepSha256, WrappingAlgorithm::RsaAesKeyWrapSha256);
        for length in 0..1024 {
            assert_eq!(fits(oaep, length), length == 384, "{length}");
            let whole = length >= 384 + 16 && length % 8 == 0;
            assert_eq!(fits(wrapped, length), whole, "{length}");
        }
    }
}
