//! Everything that survives a power cut.

use super::{
    Algorithm, Capabilities, Kind, Label, Log, MAX_OBJECTS, Object, Options, Origin, Secret, Store,
    Wish, random,
};
use crate::keys::Curve;
use crate::wire::DeviceError;
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use zeroize::Zeroizing;

/// The version of the state file.
pub(crate) const VERSION: u32 = 2;
/// What the state file says of itself.
const NOTICE: &str =
    "state of a virtual HSM for rehearsals: its keys are in the clear and worth nothing";

/// The memory of a device.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct State {
    notice: String,
    pub(crate) version: u32,
    pub(crate) serial: u32,
    /// Whether it is a FIPS device, which can be put into FIPS-approved mode.
    pub(crate) fips_device: bool,
    /// The P-256 key with which the device opens asymmetric sessions. It outlives a reset.
    pub(crate) device_key: Secret,
    /// The key that attests others when no other key is named, once it was needed. It outlives a reset.
    pub(crate) attestation_key: Option<Secret>,
    pub(crate) options: Options,
    pub(crate) log: Log,
    pub(crate) store: Store,
    #[serde(skip)]
    changed: bool,
}

impl State {
    /// A device as it leaves the factory, with authentication key 1 and its published password.
    pub(crate) fn factory(serial: u32, fips_device: bool) -> Result<Self, DeviceError> {
        let mut store = Store::new(MAX_OBJECTS);
        store.add(factory_key())?;
        Ok(Self {
            notice: NOTICE.to_owned(),
            version: VERSION,
            serial,
            fips_device,
            device_key: Secret::new(&Curve::P256.generate()?),
            attestation_key: None,
            options: Options::default(),
            log: Log::new()?,
            store,
            changed: true,
        })
    }

    /// Back to the factory. What was burnt in stays, and the size of the store.
    pub(crate) fn reset(&mut self) -> Result<(), DeviceError> {
        let limit = self.store.limit();
        let fresh = Self::factory(self.serial, self.fips_device)?;
        let device_key = std::mem::replace(&mut self.device_key, fresh.device_key.clone());
        let attestation_key = self.attestation_key.take();
        *self = Self { device_key, attestation_key, ..fresh };
        self.store.set_limit(limit);
        Ok(())
    }

    /// Whether the factory's authentication key is there and still has its published password.
    pub(crate) fn has_factory_password(&self) -> bool {
        let key = self.store.get(Kind::AuthenticationKey, 1);
        key.is_some_and(|key| key.body.expose() == *password_keys(b"password"))
    }

    /// Whether a FIPS device is in its approved mode and nothing stands in the way.
    pub(crate) fn is_fips_approved(&self) -> bool {
        self.options.is_fips() && !self.has_factory_password()
    }

    /// Notes that the file is out of date.
    pub(crate) const fn touch(&mut self) {
        self.changed = true;
    }

    /// Whether the file is out of date; the caller brings it up to date.
    pub(crate) const fn take_changed(&mut self) -> bool {
        std::mem::replace(&mut self.changed, false)
    }
}

/// Eight random digits, as serial numbers have.
pub(crate) fn random_serial() -> Result<u32, DeviceError> {
    Ok(10_000_000 + u32::from_be_bytes(random()?) % 90_000_000)
}

fn factory_key() -> Object {
    let wish = Wish {
        id: 1,
        label: Label::new("DEFAULT AUTHKEY CHANGE THIS ASAP"),
        domains: 0xffff,
        capabilities: Capabilities::ALL,
        algorithm: Algorithm::Aes128Authentication,
    };
    let keys = password_keys(b"password");
    Object::new(Kind::AuthenticationKey, &wish, Origin::IMPORTED, &*keys)
        .delegating(Capabilities::ALL)
}

/// The two keys behind a password: PBKDF2-HMAC-SHA256, salt `Yubico`, 10,000 rounds; the first 16 bytes encrypt, the others
/// authenticate.
pub(crate) fn password_keys(password: &[u8]) -> Zeroizing<[u8; 32]> {
    let mut keys = Zeroizing::new([0; 32]);
    pbkdf2::pbkdf2_hmac::<Sha256>(password, b"Yubico", 10_000, &mut *keys);
    keys
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The default keys are constants in Yubico's `yubihsm.h`.
    #[test]
    fn the_factory_password_gives_the_published_keys() {
        let keys = password_keys(b"password");
        assert_eq!(
            u128::from_be_bytes(keys[..16].try_into().unwrap()),
            0x090b_47db_ed59_5654_901d_ee1c_c655_e420
        );
        assert_eq!(
            u128::from_be_bytes(keys[16..].try_into().unwrap()),
            0x592f_d483_f759_e299_09a0_4c45_05d2_ce0a
        );
    }

    #[test]
    fn serials_have_eight_digits() {
        for _ in 0..100 {
            assert_eq!(random_serial().unwrap().to_string().len(), 8);
        }
    }
}
