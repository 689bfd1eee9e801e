//! Asymmetric sessions: a key agreement on P-256 in the manner of Global Platform SCP11, as Yubico's libraries do it.
//!
//! Two shared secrets, of the ephemeral keys and of the lasting ones, go through the key derivation of ANSI X9.63 with SHA-256; out
//! come the key of a receipt and the three keys of a session.

use super::scp03::{BLOCK, Key, receipt};
use crate::keys::{Curve, Hash};
use crate::wire::{DeviceError, Fields};
use zeroize::Zeroizing;

/// What the derivation takes in besides the secrets: key usage, key type (AES), bytes of a key.
const SHARED: [u8; 3] = [0x3c, 0x88, 0x10];
/// Comes before the two coordinates of a point.
const UNCOMPRESSED: u8 = 4;

/// What two sides have agreed on.
pub(super) struct Agreed {
    pub(super) point: Vec<u8>,
    pub(super) receipt: [u8; BLOCK],
    pub(super) encryption: Key,
    pub(super) mac: Key,
    pub(super) response_mac: Key,
}

/// Agrees with a client, of whom the coordinates of the lasting key and the ephemeral point are known.
pub(super) fn agree(device_key: &[u8], client: &[u8], point: &[u8]) -> Result<Agreed, DeviceError> {
    let curve = Curve::P256;
    let own = curve.generate()?;
    let own_point = [&[UNCOMPRESSED], curve.public(&own)?].concat();
    let ephemeral = curve.agree(&own, point)?;
    let lasting = curve.agree(device_key, &[&[UNCOMPRESSED], client].concat())?;
    let mut keys = Zeroizing::new(Vec::with_capacity(4 * BLOCK));
    for counter in 1..=2_u32 {
        let parts = [&ephemeral[..], &lasting, &counter.to_be_bytes(), &SHARED];
        keys.extend(Hash::Sha256.digest(&parts));
    }
    let mut keys = Fields::new(&keys);
    let receipt_key = Key::new(keys.array()?);
    Ok(Agreed {
        receipt: receipt(&receipt_key, &[&own_point, point]),
        point: own_point,
        encryption: Key::new(keys.array()?),
        mac: Key::new(keys.array()?),
        response_mac: Key::new(keys.array()?),
    })
}
