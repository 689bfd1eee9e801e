//! Drawing a wrap key and the polynomial that splits it.

use crate::hsm_access::hsm_failed;
use keyferry_bundle::{Custodian, Serial};
use keyferry_console::Failure;
use keyferry_hsm::{Hsm, KeyMaterial};
use keyferry_shares::{Split, SplitError, is_secret, randomness};
use zeroize::Zeroizing;

/// Bytes of an AES-256 key.
const KEY: usize = 32;
/// The most bytes that are drawn at once: well within every message.
const PIECE: usize = 64;
/// One key in 2^32 cannot be split. A generator that fails this often is broken.
const ATTEMPTS: usize = 4;

/// A wrap key from the HSM's generator, and its shares.
pub(super) fn split(
    hsm: &dyn Hsm,
    serial: Serial,
    threshold: u8,
    custodians: &[Custodian],
) -> Result<(KeyMaterial, Split), Failure> {
    let mut last = SplitError::Secret;
    for _ in 0..ATTEMPTS {
        let key = hsm.random(KEY).map_err(|error| hsm_failed(&error))?;
        if !is_secret(key.expose()) {
            continue;
        }
        let random = coefficients(hsm, randomness(threshold))?;
        let (key_bytes, random) = (key.expose(), random.expose());
        match keyferry_shares::split(key_bytes, serial, threshold, custodians, random) {
            Ok(split) => return Ok((key, split)),
            Err(SplitError::Secret | SplitError::Randomness) => last = SplitError::Randomness,
            Err(error) => return Err(Failure::bug("the wrap key was not split").caused_by(&error)),
        }
    }
    Err(Failure::bug("the HSM's random generator is unsound").caused_by(&last))
}

/// Random bytes of the HSM and of this host, mixed: either alone suffices. Whoever knew them would need one share only.
fn coefficients(hsm: &dyn Hsm, length: usize) -> Result<KeyMaterial, Failure> {
    let mut bytes = Zeroizing::new(vec![0; length]);
    getrandom::fill(&mut bytes).map_err(Failure::bug)?;
    for piece in bytes.chunks_mut(PIECE) {
        let drawn = hsm.random(piece.len()).map_err(|error| hsm_failed(&error))?;
        piece.iter_mut().zip(drawn.expose()).for_each(|(to, from)| *to ^= from);
    }
    KeyMaterial::take(std::mem::take(&mut *bytes)).map_err(|error| hsm_failed(&error))
}
