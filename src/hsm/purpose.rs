//! What each object of a ceremony is and may do: as little as possible.

use crate::{
    Algorithm, Capabilities, DeviceInfo, Feature, KeyAlgorithm, Object, ObjectKind, Origin,
};

/// What an object of a ceremony is for; decides its type, its algorithm, its capabilities and where it may come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Signs bundles: a P-256 key generated in the device that cannot be exported.
    SigningKey,
    /// Exports copies: an AES-256 wrap key generated in the device.
    BackupKey,
    /// The credential of ceremonies.
    CeremonyKey,
    /// The credential that restores copies, deletes key material and reads the log, outside of ceremonies.
    AdministrationKey,
    /// Key material, as an opaque object.
    KeyMaterial,
    /// Key material, as a private key that was generated in the device and leaves it under wrap alone.
    GeneratedKey,
    /// Key material, as an AES-256 key that cannot be read and leaves the device under wrap alone.
    SymmetricKey,
    /// AWS's wrapping public key, for the moment of one export.
    PublicWrapKey,
}

/// What `respond` and `inspect` need for key material in opaque objects.
const OPAQUE: Capabilities = Capabilities::GET_PSEUDO_RANDOM
    .and(Capabilities::PUT_OPAQUE)
    .and(Capabilities::GET_OPAQUE)
    .and(Capabilities::EXPORT_WRAPPED)
    .and(Capabilities::SIGN_ECDSA);
/// Besides, for private keys that the device generates, and for the log.
const GENERATED: Capabilities = OPAQUE
    .and(Capabilities::GENERATE_ASYMMETRIC_KEY)
    .and(Capabilities::SIGN_ATTESTATION_CERTIFICATE)
    .and(Capabilities::GET_LOG_ENTRIES)
    .and(Capabilities::GET_OPTION);
/// Besides, from firmware 2.3 on.
const SYMMETRIC: Capabilities = GENERATED.and(Capabilities::PUT_SYMMETRIC_KEY);
/// Besides, from firmware 2.4 on.
const RSA_WRAP: Capabilities =
    SYMMETRIC.and(Capabilities::PUT_PUBLIC_WRAP_KEY).and(Capabilities::DELETE_PUBLIC_WRAP_KEY);

/// What the administration's credential may do: nothing that makes, reads or exports key material.
const ADMINISTRATION: Capabilities = Capabilities::IMPORT_WRAPPED
    .and(Capabilities::DELETE_OPAQUE)
    .and(Capabilities::DELETE_ASYMMETRIC_KEY)
    .and(Capabilities::GET_LOG_ENTRIES)
    .and(Capabilities::GET_OPTION)
    .and(Capabilities::CHANGE_AUTHENTICATION_KEY);
/// Besides, from firmware 2.3 on.
const ADMINISTRATION_SYMMETRIC: Capabilities =
    ADMINISTRATION.and(Capabilities::DELETE_SYMMETRIC_KEY);

const RSA_KEYS: &[Algorithm] = &[Algorithm::RSA_2048, Algorithm::RSA_3072, Algorithm::RSA_4096];

impl Purpose {
    /// The object's type.
    #[must_use]
    pub const fn kind(self) -> ObjectKind {
        match self {
            Self::SigningKey | Self::GeneratedKey => ObjectKind::AsymmetricKey,
            Self::BackupKey => ObjectKind::WrapKey,
            Self::CeremonyKey | Self::AdministrationKey => ObjectKind::AuthenticationKey,
            Self::KeyMaterial => ObjectKind::Opaque,
            Self::SymmetricKey => ObjectKind::SymmetricKey,
            Self::PublicWrapKey => ObjectKind::PublicWrapKey,
        }
    }

    /// Where such an object must come from.
    #[must_use]
    pub const fn origin(self) -> Origin {
        match self {
            Self::SigningKey | Self::BackupKey | Self::GeneratedKey => Origin::Generated,
            Self::CeremonyKey
            | Self::AdministrationKey
            | Self::KeyMaterial
            | Self::SymmetricKey
            | Self::PublicWrapKey => Origin::Imported,
        }
    }

    /// What such an object may do on a device. The credential gets nothing that makes or deletes a credential or a wrap key.
    pub(crate) fn capabilities(self, device: &DeviceInfo) -> Capabilities {
        self.fixed().unwrap_or_else(|| {
            if self == Self::AdministrationKey {
                return if device.has(Feature::SymmetricKeys) {
                    ADMINISTRATION_SYMMETRIC
                } else {
                    ADMINISTRATION
                };
            }
            if device.has(Feature::RsaWrap) {
                RSA_WRAP
            } else if device.has(Feature::SymmetricKeys) {
                SYMMETRIC
            } else {
                GENERATED
            }
        })
    }

    /// What such an object may do on every device; none for the two credentials.
    const fn fixed(self) -> Option<Capabilities> {
        match self {
            Self::CeremonyKey | Self::AdministrationKey => None,
            Self::SigningKey => Some(Capabilities::SIGN_ECDSA),
            // Puts a copy back where one is restored.
            Self::BackupKey => Some(Capabilities::EXPORT_WRAPPED.and(Capabilities::IMPORT_WRAPPED)),
            Self::KeyMaterial | Self::GeneratedKey | Self::SymmetricKey => {
                Some(Capabilities::EXPORTABLE_UNDER_WRAP)
            }
            Self::PublicWrapKey => Some(Capabilities::EXPORT_WRAPPED),
        }
    }

    /// Whether such an object may have these capabilities. A credential's set depends on the firmware it was made on, and may be the
    /// one for opaque objects alone.
    fn allows(self, found: Capabilities) -> Result<(), String> {
        let allowed = match self.fixed() {
            Some(one) => vec![one],
            None if self == Self::AdministrationKey => {
                vec![ADMINISTRATION, ADMINISTRATION_SYMMETRIC]
            }
            None => vec![OPAQUE, GENERATED, SYMMETRIC, RSA_WRAP],
        };
        if allowed.contains(&found) {
            return Ok(());
        }
        let expected: Vec<_> = allowed.iter().map(|set| format!("{:#018x}", set.0)).collect();
        Err(format!(
            "its capabilities are {:#018x}, they must be {}",
            found.0,
            expected.join(" or ")
        ))
    }

    /// What objects may be able to do that it makes or wraps: to leave under wrap, as key material does; and from the credential, to
    /// be a public wrap key.
    pub(crate) fn delegated(self, own: Capabilities) -> Capabilities {
        match self {
            Self::CeremonyKey if own == RSA_WRAP => {
                Capabilities::EXPORTABLE_UNDER_WRAP | Capabilities::EXPORT_WRAPPED
            }
            Self::CeremonyKey | Self::AdministrationKey | Self::BackupKey | Self::PublicWrapKey => {
                Capabilities::EXPORTABLE_UNDER_WRAP
            }
            Self::SigningKey | Self::KeyMaterial | Self::GeneratedKey | Self::SymmetricKey => {
                Capabilities::NONE
            }
        }
    }

    fn takes(self, algorithm: Algorithm) -> bool {
        match self {
            Self::SigningKey => algorithm == Algorithm::EC_P256,
            Self::BackupKey => algorithm == Algorithm::AES256_CCM_WRAP,
            Self::CeremonyKey | Self::AdministrationKey => {
                algorithm == Algorithm::AES128_AUTHENTICATION
            }
            Self::KeyMaterial => algorithm == Algorithm::OPAQUE_DATA,
            Self::GeneratedKey => KeyAlgorithm::of(algorithm).is_some(),
            Self::SymmetricKey => algorithm == Algorithm::AES256,
            Self::PublicWrapKey => RSA_KEYS.contains(&algorithm),
        }
    }
}

impl Object {
    /// Whether this object is what one of that purpose must be.
    ///
    /// # Errors
    /// Names what differs.
    pub fn serves(&self, purpose: Purpose) -> Result<(), String> {
        if self.kind != purpose.kind() {
            return Err(format!("its type is {}, it must be {}", self.kind, purpose.kind()));
        }
        if !purpose.takes(self.algorithm) {
            return Err(format!("its algorithm is {}, which does not serve", self.algorithm));
        }
        if self.origin != purpose.origin() {
            return Err(format!("its origin is {}, it must be {}", self.origin, purpose.origin()));
        }
        purpose.allows(self.capabilities)?;
        let delegated = purpose.delegated(self.capabilities);
        if self.delegated != delegated {
            return Err(format!(
                "its delegated capabilities are {:#018x}, they must be {:#018x}",
                self.delegated.0, delegated.0
            ));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use keyferry_bundle::{Domains, ObjectId, Serial};

    fn device(firmware: &str) -> DeviceInfo {
        DeviceInfo {
            serial: Serial::new(1),
            firmware: firmware.parse().unwrap(),
            log_capacity: 62,
            log_used: 0,
            algorithms: Vec::new(),
        }
    }

    /// What one of that purpose is on a device.
    fn made(purpose: Purpose, algorithm: Algorithm, firmware: &str) -> Object {
        let capabilities = purpose.capabilities(&device(firmware));
        Object {
            kind: purpose.kind(),
            id: ObjectId::new(1).unwrap(),
            algorithm,
            label: "made".to_owned(),
            domains: Domains::ONE,
            capabilities,
            delegated: purpose.delegated(capabilities),
            origin: purpose.origin(),
            length: 1,
        }
    }

    #[test]
    fn what_is_made_serves_and_nothing_else_does() {
        for (purpose, algorithm) in [
            (Purpose::SigningKey, Algorithm::EC_P256),
            (Purpose::BackupKey, Algorithm::AES256_CCM_WRAP),
            (Purpose::CeremonyKey, Algorithm::AES128_AUTHENTICATION),
            (Purpose::KeyMaterial, Algorithm::OPAQUE_DATA),
            (Purpose::GeneratedKey, Algorithm::RSA_3072),
            (Purpose::SymmetricKey, Algorithm::AES256),
            (Purpose::PublicWrapKey, Algorithm::RSA_4096),
        ] {
            let sound = made(purpose, algorithm, "2.4.1");
            assert_eq!(sound.serves(purpose), Ok(()));
            for bit in 0..64 {
                let other = |set: Capabilities| Capabilities(set.0 ^ 1 << bit);
                let object = Object { capabilities: other(sound.capabilities), ..sound.clone() };
                assert!(object.serves(purpose).is_err(), "{purpose:?} capability {bit}");
                let object = Object { delegated: other(sound.delegated), ..sound.clone() };
                assert!(object.serves(purpose).is_err(), "{purpose:?} delegated {bit}");
            }
            let object = Object { origin: Origin::ImportedWrapped, ..sound.clone() };
            assert!(object.serves(purpose).unwrap_err().contains("origin"));
            let object = Object { algorithm: Algorithm(200), ..sound.clone() };
            assert!(object.serves(purpose).unwrap_err().contains("algorithm"));
            let object = Object { kind: ObjectKind::HmacKey, ..sound };
            assert!(object.serves(purpose).unwrap_err().contains("type"));
        }
    }

    #[test]
    fn a_credential_has_no_capability_that_its_firmware_does_not_know() {
        for (firmware, known) in [("2.2.0", 0x2f), ("2.3.0", 0x36), ("2.4.0", 0x38)] {
            let key = made(Purpose::CeremonyKey, Algorithm::AES128_AUTHENTICATION, firmware);
            assert_eq!(key.serves(Purpose::CeremonyKey), Ok(()));
            assert_eq!(key.capabilities.0 >> known, 0, "{firmware}");
        }
    }

    #[test]
    fn a_credential_for_opaque_objects_alone_still_serves() {
        let mut key = made(Purpose::CeremonyKey, Algorithm::AES128_AUTHENTICATION, "2.2.0");
        key.capabilities = OPAQUE;
        assert_eq!(key.serves(Purpose::CeremonyKey), Ok(()));
    }
}
