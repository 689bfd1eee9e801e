//! RSAES-OAEP: a published ciphertext opens, and what this program wraps opens too.

use super::told;
use crate::wrap;
use aes_kw::{KeyInit as _, KwpAes256};
use keyferry_bundle::{WrappingAlgorithm, WrappingKeySpec};
use keyferry_ceremony::self_test::{SelfTest, hex};
use keyferry_ceremony::wrapping_key::WrappingPublicKey;
use keyferry_hsm::KeyMaterial;
use rsa::pkcs8::{DecodePrivateKey as _, EncodePublicKey as _};

/// The private key of `rsa_oaep_2048_sha256_mgf1sha256_test.json` of Project Wycheproof: PKCS#8. Everybody knows it; nothing but the test
/// is ever wrapped for it.
const KEY: &str = include_str!("oaep-key.hex");
/// Bytes of what it makes.
const BLOCK: usize = 256;

pub(super) fn tests() -> [SelfTest; 3] {
    [
        SelfTest::answer(
            "RSAES-OAEP with SHA-256, opened",
            "Project Wycheproof, OAEP 2048, test 7",
            &hex("096958786ee7972050d67a9e4b69d6c6af7db7cc674386df725770dd29129b826e39552330104c8d
                  71e6cc3a3014dd2f61b54153af51b0438d447ee939f9e3c13bb8b00a37dea6a068f6c9d27e848b1b
                  e7a1eeeb3ee50b78036fba95ae46948ca5b13f356ea24db10f60dc09e4b8bad8f766b668ef725244
                  32080a0ce00ed676d6d5e354984b1078520412525848156d06f0652469f95791baa3d9a798ae5370
                  94f76f976faecd5c9ce0c930a75910c63dacf63485cb4b5e7bdbcf4d80e74037eaa1a8fe4b52930b
                  ec6be99cf6ac88cf5878dbf6859d456a95dbc34654eec425de84ca2a535d517403a9aada827e7d00
                  93ecfc97ed056a7652825e9a45cb2dcb"),
            &hex("e0e1e2e3e4e5e6e7e8e9eaebecedeeeff0f1f2f3f4f5f6f7f8f9fafbfcfdfeff"),
            |block| opened(&key()?, block),
        ),
        SelfTest::holds("RSAES_OAEP_SHA_256, wrapped", "opened again", || {
            let (key, wrapped) = wrapped(WrappingAlgorithm::RsaesOaepSha256)?;
            same(&opened(&key, &wrapped)?)
        }),
        SelfTest::holds("RSA_AES_KEY_WRAP_SHA_256, wrapped", "opened again", || {
            let (key, wrapped) = wrapped(WrappingAlgorithm::RsaAesKeyWrapSha256)?;
            let (block, wrapped) = wrapped.split_at_checked(BLOCK).ok_or("too short")?;
            let cipher = KwpAes256::new_from_slice(&opened(&key, block)?);
            let mut bytes = vec![0; wrapped.len()];
            let cipher = cipher.map_err(|error| error.to_string())?;
            same(cipher.unwrap_key(wrapped, &mut bytes).map_err(|error| error.to_string())?)
        }),
    ]
}

/// What is wrapped here.
const BYTES: [u8; 32] = [0x5a; 32];

fn key() -> Result<rsa::PrivateKey, String> {
    rsa::PrivateKey::from_pkcs8_der(&hex(KEY)).map_err(|error| error.to_string())
}

fn opened(key: &rsa::PrivateKey, block: &[u8]) -> Result<Vec<u8>, String> {
    key.oaep_decrypt::<sha2::Sha256>(block).map_err(|error| error.to_string())
}

fn wrapped(algorithm: WrappingAlgorithm) -> Result<(rsa::PrivateKey, Vec<u8>), String> {
    let key = key()?;
    let spki = key.to_public_key().to_public_key_der().map_err(|error| error.to_string())?;
    let under = WrappingPublicKey::from_der(spki.as_bytes(), WrappingKeySpec::Rsa2048);
    let under = under.map_err(|fault| fault.to_string())?;
    let material = KeyMaterial::take(BYTES.to_vec()).map_err(|error| error.to_string())?;
    let wrapped = wrap(&material, &under, algorithm).map_err(told)?;
    Ok((key, wrapped.as_bytes().to_vec()))
}

fn same(bytes: &[u8]) -> Result<(), String> {
    if bytes == BYTES { Ok(()) } else { Err("other bytes come out".to_owned()) }
}
