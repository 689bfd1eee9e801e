//! Asymmetric sessions: a key agreement on P-256 in the manner of Global Platform SCP11, as Yubico's libraries do it.
//!
//! Two shared secrets, of the ephemeral keys and of the lasting ones, go through the key derivation of ANSI X9.63 with SHA-256; out
//! come the key of a receipt and the three keys of a session.

use crate::keys::{Curve, Hash};
use crate::wire::DeviceError;
use keyferry_scp03::{AgreedKeys, BLOCK};
use zeroize::Zeroizing;

/// What the derivation takes in besides the secrets: key usage, key type (AES), bytes of a key.
const SHARED: [u8; 3] = [0x3c, 0x88, 0x10];
/// Comes before the two coordinates of a point.
const UNCOMPRESSED: u8 = 4;

/// What two sides have agreed on.
pub(super) struct Agreed {
    pub(super) point: Vec<u8>,
    pub(super) receipt: [u8; BLOCK],
    pub(super) keys: AgreedKeys,
}

/// Agrees with a client, of whom the coordinates of the lasting key and the ephemeral point are known.
pub(super) fn agree(device_key: &[u8], client: &[u8], point: &[u8]) -> Result<Agreed, DeviceError> {
    let curve = Curve::P256;
    let own = curve.generate()?;
    let own_point = [&[UNCOMPRESSED], curve.public(&own)?].concat();
    let ephemeral = curve.agree(&own, point)?;
    let lasting = curve.agree(device_key, &[&[UNCOMPRESSED], client].concat())?;
    let keys = derive(&ephemeral, &lasting)?;
    Ok(Agreed { receipt: keys.receipt(&own_point, point), point: own_point, keys })
}

/// The keys behind both shared secrets.
fn derive(ephemeral: &[u8], lasting: &[u8]) -> Result<AgreedKeys, DeviceError> {
    let mut keys = Zeroizing::new(Vec::with_capacity(AgreedKeys::LENGTH));
    for counter in 1..=2_u32 {
        let parts = [ephemeral, lasting, &counter.to_be_bytes(), &SHARED];
        keys.extend(Hash::Sha256.digest(&parts));
    }
    AgreedKeys::from_bytes(&keys).map_err(|_| DeviceError::InvalidData)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// What a client computes from its own two keys and the device's answer.
    fn receipt_for(own: &[u8], lasting: &[u8], device: &[u8], agreed: &Agreed) -> [u8; BLOCK] {
        let curve = Curve::P256;
        let point = |key: &[u8]| [&[UNCOMPRESSED], curve.public(key).unwrap()].concat();
        let ephemeral = curve.agree(own, &agreed.point).unwrap();
        let lasting = curve.agree(lasting, &point(device)).unwrap();
        derive(&ephemeral, &lasting).unwrap().receipt(&agreed.point, &point(own))
    }

    #[test]
    fn only_the_device_and_the_client_of_these_keys_get_the_same_receipt() {
        let curve = Curve::P256;
        let keys: Vec<_> = (0..4).map(|_| curve.generate().unwrap()).collect();
        let [device, client, own, other] = &keys[..] else { unreachable!() };
        let point = [&[UNCOMPRESSED], curve.public(own).unwrap()].concat();
        let agreed = agree(device, curve.public(client).unwrap(), &point).unwrap();
        assert_eq!(agreed.receipt, receipt_for(own, client, device, &agreed));
        assert_ne!(agreed.receipt, receipt_for(own, other, device, &agreed));
        assert_ne!(agreed.receipt, receipt_for(own, client, other, &agreed));
    }

    proptest! {
        #[test]
        fn any_point_is_taken_or_refused(point in prop::collection::vec(any::<u8>(), 0..70)) {
            let device = Curve::P256.body(&[1; 32]).unwrap();
            let client = Curve::P256.public(&device).unwrap();
            prop_assert!(agree(&device, client, &point).is_err());
        }
    }
}
