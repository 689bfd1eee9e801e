//! AWS KMS words (AWS KMS API reference: `CreateKey`, `GetParametersForImport`, `ImportKeyMaterial`).

use super::{string_type, word_type};

word_type!(
    /// A KMS key spec that takes imported key material.
    KeySpec {
        /// AES-256, 32 bytes; the only kind EBS takes.
        SymmetricDefault = "SYMMETRIC_DEFAULT",
        /// HMAC-SHA-224, 28 bytes.
        Hmac224 = "HMAC_224",
        /// HMAC-SHA-256, 32 bytes.
        Hmac256 = "HMAC_256",
        /// HMAC-SHA-384, 48 bytes.
        Hmac384 = "HMAC_384",
        /// HMAC-SHA-512, 64 bytes.
        Hmac512 = "HMAC_512",
        /// RSA, 2048-bit modulus.
        Rsa2048 = "RSA_2048",
        /// RSA, 3072-bit modulus.
        Rsa3072 = "RSA_3072",
        /// RSA, 4096-bit modulus.
        Rsa4096 = "RSA_4096",
        /// NIST P-256.
        EccNistP256 = "ECC_NIST_P256",
        /// NIST P-384.
        EccNistP384 = "ECC_NIST_P384",
        /// NIST P-521.
        EccNistP521 = "ECC_NIST_P521",
        /// secp256k1.
        EccSecgP256k1 = "ECC_SECG_P256K1",
        /// Ed25519: in the service model, its import not documented by AWS.
        EccNistEdwards25519 = "ECC_NIST_EDWARDS25519",
    }
);

word_type!(
    /// What a KMS key does with its material.
    KeyUsage {
        /// Encrypt and decrypt.
        EncryptDecrypt = "ENCRYPT_DECRYPT",
        /// Sign and verify.
        SignVerify = "SIGN_VERIFY",
        /// Make and verify message authentication codes.
        GenerateVerifyMac = "GENERATE_VERIFY_MAC",
        /// Derive shared secrets.
        KeyAgreement = "KEY_AGREEMENT",
    }
);

word_type!(
    /// How key material is encrypted under the wrapping public key. The two PKCS #1 v1.5 and SHA-1 forms that AWS knows or
    /// knew are named so that they can be refused by name.
    WrappingAlgorithm {
        /// RSAES-OAEP with SHA-256 and MGF1-SHA-256, empty label (RFC 8017 section 7.1).
        RsaesOaepSha256 = "RSAES_OAEP_SHA_256",
        /// RSAES-OAEP with SHA-1.
        RsaesOaepSha1 = "RSAES_OAEP_SHA_1",
        /// An ephemeral AES-256 key under RSAES-OAEP-SHA-256, then the material under AES-KWP (RFC 5649).
        RsaAesKeyWrapSha256 = "RSA_AES_KEY_WRAP_SHA_256",
        /// The same with SHA-1.
        RsaAesKeyWrapSha1 = "RSA_AES_KEY_WRAP_SHA_1",
    }
);

word_type!(
    /// The wrapping public key's kind.
    WrappingKeySpec {
        /// RSA, 2048-bit modulus.
        Rsa2048 = "RSA_2048",
        /// RSA, 3072-bit modulus.
        Rsa3072 = "RSA_3072",
        /// RSA, 4096-bit modulus; preferred.
        Rsa4096 = "RSA_4096",
    }
);

impl WrappingKeySpec {
    /// The modulus length in bits.
    #[must_use]
    pub const fn modulus_bits(self) -> usize {
        match self {
            Self::Rsa2048 => 2048,
            Self::Rsa3072 => 3072,
            Self::Rsa4096 => 4096,
        }
    }
}

word_type!(
    /// Whether KMS deletes the key material by itself.
    ExpirationModel {
        /// At `valid_to`, at most 365 days ahead.
        Expires = "KEY_MATERIAL_EXPIRES",
        /// Never.
        DoesNotExpire = "KEY_MATERIAL_DOES_NOT_EXPIRE",
    }
);

string_type!(
    /// KMS's own id of one key material of a symmetric key: 64 hexadecimal digits.
    KeyMaterialId,
    "^[0-9a-f]{64}$",
    "64 lower-case hexadecimal digits",
    |text| super::digest::parse_hex::<32>(text).is_some()
);

string_type!(
    /// What was spoken to: a service endpoint, by scheme and authority; the service's own for the region; or the AWS console, by
    /// hand.
    Endpoint,
    "^(aws-default|console|https?://[A-Za-z0-9.:\\[\\]_-]{1,200}(/[A-Za-z0-9._~-]{0,100})?)$",
    "aws-default, console, or an http(s) URL of a host, a port and at most one path segment",
    |text| {
        if text == Endpoint::AWS_DEFAULT || text == Endpoint::CONSOLE {
            return true;
        }
        let Some(rest) = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")) else {
            return false;
        };
        let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
        (1..=200).contains(&host.len())
            && host.bytes().all(|b| b.is_ascii_alphanumeric() || b".:[]_-".contains(&b))
            && path.len() <= 100
            && path.bytes().all(|b| b.is_ascii_alphanumeric() || b"._~-".contains(&b))
    }
);

impl Endpoint {
    /// The service's own endpoint in the region of the key.
    pub const AWS_DEFAULT: &'static str = "aws-default";
    /// The AWS console, whose files a person brought.
    pub const CONSOLE: &'static str = "console";

    /// Whether it is the console.
    #[must_use]
    pub fn is_console(&self) -> bool {
        self.0 == Self::CONSOLE
    }
}
