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
    WrapKey,
    /// As [`Self::WrapKey`], but put in from outside, by shares of which custodians can put it into another device.
    SplitWrapKey,
    /// A credential.
    Credential(Duty),
    /// Key material, as an opaque object.
    KeyMaterial,
    /// Key material, as a private key that was generated in the device and leaves it under wrap alone.
    GeneratedKey,
    /// Key material, as an AES-256 key that cannot be read and leaves the device under wrap alone.
    SymmetricKey,
    /// AWS's wrapping public key, for the moment of one export.
    PublicWrapKey,
}

/// What a credential is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Duty {
    /// Ceremonies: generates, keeps, wraps, signs.
    Ceremony,
    /// Exports copies under the wrap key and restores them, outside of ceremonies.
    Backup,
    /// Reads the log, and acknowledges it.
    Audit,
    /// Deletes key material, outside of ceremonies.
    Administration,
}

impl Duty {
    /// Every duty.
    pub const ALL: [Self; 4] = [Self::Ceremony, Self::Backup, Self::Audit, Self::Administration];
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

/// What the backup credential and the wrap key may do.
const BACKUP: Capabilities = Capabilities::EXPORT_WRAPPED.and(Capabilities::IMPORT_WRAPPED);
/// What the audit credential may do. Acknowledging takes the same capability as reading (command reference, SET LOG INDEX).
const AUDIT: Capabilities = Capabilities::GET_LOG_ENTRIES.and(Capabilities::GET_OPTION);
/// What the administration's credential may do.
const ADMINISTRATION: Capabilities = Capabilities::DELETE_OPAQUE
    .and(Capabilities::DELETE_ASYMMETRIC_KEY)
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
            Self::WrapKey | Self::SplitWrapKey => ObjectKind::WrapKey,
            Self::Credential(_) => ObjectKind::AuthenticationKey,
            Self::KeyMaterial => ObjectKind::Opaque,
            Self::SymmetricKey => ObjectKind::SymmetricKey,
            Self::PublicWrapKey => ObjectKind::PublicWrapKey,
        }
    }

    /// Where such an object must come from.
    #[must_use]
    pub const fn origin(self) -> Origin {
        match self {
            Self::SigningKey | Self::WrapKey | Self::GeneratedKey => Origin::Generated,
            Self::SplitWrapKey
            | Self::Credential(_)
            | Self::KeyMaterial
            | Self::SymmetricKey
            | Self::PublicWrapKey => Origin::Imported,
        }
    }

    /// What such an object may do on a device. No credential makes or deletes a credential or a wrap key.
    pub(crate) fn capabilities(self, device: &DeviceInfo) -> Capabilities {
        let symmetric = device.has(Feature::SymmetricKeys);
        match self {
            Self::Credential(Duty::Ceremony) if device.has(Feature::RsaWrap) => RSA_WRAP,
            Self::Credential(Duty::Ceremony) if symmetric => SYMMETRIC,
            Self::Credential(Duty::Ceremony) => GENERATED,
            // The wrap key puts a copy back where one is restored.
            Self::Credential(Duty::Backup) | Self::WrapKey | Self::SplitWrapKey => BACKUP,
            Self::Credential(Duty::Audit) => AUDIT,
            Self::Credential(Duty::Administration) if symmetric => ADMINISTRATION_SYMMETRIC,
            Self::Credential(Duty::Administration) => ADMINISTRATION,
            Self::SigningKey => Capabilities::SIGN_ECDSA,
            Self::KeyMaterial | Self::GeneratedKey | Self::SymmetricKey => {
                Capabilities::EXPORTABLE_UNDER_WRAP
            }
            Self::PublicWrapKey => Capabilities::EXPORT_WRAPPED,
        }
    }

    /// Whether such an object may have these capabilities. A credential's set depends on the firmware it was made on.
    fn allows(self, found: Capabilities) -> Result<(), String> {
        let allowed: &[Capabilities] = match self {
            Self::Credential(Duty::Ceremony) => &[GENERATED, SYMMETRIC, RSA_WRAP],
            Self::Credential(Duty::Audit) => &[AUDIT],
            Self::Credential(Duty::Administration) => &[ADMINISTRATION, ADMINISTRATION_SYMMETRIC],
            Self::SigningKey => &[Capabilities::SIGN_ECDSA],
            Self::Credential(Duty::Backup) | Self::WrapKey | Self::SplitWrapKey => &[BACKUP],
            Self::KeyMaterial | Self::GeneratedKey | Self::SymmetricKey => {
                &[Capabilities::EXPORTABLE_UNDER_WRAP]
            }
            Self::PublicWrapKey => &[Capabilities::EXPORT_WRAPPED],
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

    /// What objects may be able to do that it makes or wraps: to leave under wrap, as key material does; and from the ceremony's
    /// credential, to be a public wrap key.
    pub(crate) fn delegated(self, own: Capabilities) -> Capabilities {
        match self {
            Self::Credential(Duty::Ceremony) if own == RSA_WRAP => {
                Capabilities::EXPORTABLE_UNDER_WRAP | Capabilities::EXPORT_WRAPPED
            }
            Self::Credential(Duty::Ceremony | Duty::Backup)
            | Self::WrapKey
            | Self::SplitWrapKey
            | Self::PublicWrapKey => Capabilities::EXPORTABLE_UNDER_WRAP,
            Self::Credential(Duty::Audit | Duty::Administration)
            | Self::SigningKey
            | Self::KeyMaterial
            | Self::GeneratedKey
            | Self::SymmetricKey => Capabilities::NONE,
        }
    }

    fn takes(self, algorithm: Algorithm) -> bool {
        match self {
            Self::SigningKey => algorithm == Algorithm::EC_P256,
            Self::WrapKey | Self::SplitWrapKey => algorithm == Algorithm::AES256_CCM_WRAP,
            Self::Credential(_) => algorithm == Algorithm::AES128_AUTHENTICATION,
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
        self.may_do(purpose, purpose.origin())
    }

    /// Whether this object is what one of that purpose is after it was put back from a copy: the same but for where it came from.
    ///
    /// # Errors
    /// Names what differs.
    pub fn serves_as_copy(&self, purpose: Purpose) -> Result<(), String> {
        self.may_do(purpose, Origin::ImportedWrapped)
    }

    fn may_do(&self, purpose: Purpose, origin: Origin) -> Result<(), String> {
        if self.kind != purpose.kind() {
            return Err(format!("its type is {}, it must be {}", self.kind, purpose.kind()));
        }
        if !purpose.takes(self.algorithm) {
            return Err(format!("its algorithm is {}, which does not serve", self.algorithm));
        }
        if self.origin != origin {
            return Err(format!("its origin is {}, it must be {origin}", self.origin));
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
            (Purpose::WrapKey, Algorithm::AES256_CCM_WRAP),
            (Purpose::SplitWrapKey, Algorithm::AES256_CCM_WRAP),
            (Purpose::Credential(Duty::Ceremony), Algorithm::AES128_AUTHENTICATION),
            (Purpose::Credential(Duty::Backup), Algorithm::AES128_AUTHENTICATION),
            (Purpose::Credential(Duty::Audit), Algorithm::AES128_AUTHENTICATION),
            (Purpose::Credential(Duty::Administration), Algorithm::AES128_AUTHENTICATION),
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
                // Without symmetric keys to delete it is the administration's of older firmware.
                let older = purpose == Purpose::Credential(Duty::Administration)
                    && object.capabilities == ADMINISTRATION;
                assert_eq!(object.serves(purpose).is_ok(), older, "{purpose:?} capability {bit}");
                let object = Object { delegated: other(sound.delegated), ..sound.clone() };
                assert!(object.serves(purpose).is_err(), "{purpose:?} delegated {bit}");
            }
            let object = Object { origin: Origin::ImportedWrapped, ..sound.clone() };
            assert!(object.serves(purpose).unwrap_err().contains("origin"));
            assert_eq!(object.serves_as_copy(purpose), Ok(()));
            assert!(sound.serves_as_copy(purpose).unwrap_err().contains("origin"));
            let object = Object { algorithm: Algorithm(200), ..sound.clone() };
            assert!(object.serves(purpose).unwrap_err().contains("algorithm"));
            let object = Object { kind: ObjectKind::HmacKey, ..sound };
            assert!(object.serves(purpose).unwrap_err().contains("type"));
        }
    }

    #[test]
    fn a_credential_has_no_capability_that_its_firmware_does_not_know() {
        for (firmware, known) in [("2.2.0", 0x2f), ("2.3.0", 0x36), ("2.4.0", 0x38)] {
            for duty in Duty::ALL {
                let purpose = Purpose::Credential(duty);
                let key = made(purpose, Algorithm::AES128_AUTHENTICATION, firmware);
                assert_eq!(key.serves(purpose), Ok(()));
                assert_eq!(key.capabilities.0 >> known, 0, "{firmware}");
            }
        }
    }

    #[test]
    fn no_credential_does_the_work_of_another() {
        for own in Duty::ALL {
            let key = made(Purpose::Credential(own), Algorithm::AES128_AUTHENTICATION, "2.4.0");
            for other in Duty::ALL.into_iter().filter(|other| *other != own) {
                assert!(key.serves(Purpose::Credential(other)).is_err(), "{own:?} as {other:?}");
            }
        }
    }

    #[test]
    fn a_wrap_key_that_was_put_in_is_no_generated_one_nor_the_other_way_round() {
        let generated = made(Purpose::WrapKey, Algorithm::AES256_CCM_WRAP, "2.4.1");
        let split = made(Purpose::SplitWrapKey, Algorithm::AES256_CCM_WRAP, "2.4.1");
        for (object, purpose) in [(&generated, Purpose::SplitWrapKey), (&split, Purpose::WrapKey)] {
            assert!(object.serves(purpose).unwrap_err().contains("origin"), "{purpose:?}");
        }
    }
}
