//! Attestation: a certificate that says where an asymmetric key came from and what may be done with it.

use super::device::FIRMWARE;
use super::{Answer, Context};
use crate::attestation::{Certificate, Signer, bits, device_name, integer, octets, text};
use crate::keys::{Body, Family};
use crate::store::{Algorithm, Capabilities, Kind, Object, Secret, State};
use crate::wire::{DeviceError, Fields};
use der::Decode as _;
use x509_cert::name::Name;

/// The algorithm of a device's own attestation key.
const OWN: Algorithm = Algorithm::Rsa2048;

/// SIGN ATTESTATION CERTIFICATE: the key, then the attesting key; 0 is the device's own. Another one has a certificate with the same
/// id, whose subject becomes the issuer.
pub(super) fn attest(context: &mut Context<'_>, data: &[u8]) -> Answer {
    let mut fields = Fields::new(data);
    let (id, attesting) = (fields.u16()?, fields.u16()?);
    fields.end()?;
    context.touched.target = id;
    context.touched.second = attesting;
    context.object(Kind::AsymmetricKey, id)?;
    if attesting == 0 {
        let own = own_key(context.state)?;
        let issuer = crate::attestation::name(&device_name(context.state.serial))?;
        let key = context.object(Kind::AsymmetricKey, id)?;
        return certificate(context.state, key, issuer)?
            .sign(Signer { algorithm: OWN, body: &own });
    }
    let needed = Capabilities::SIGN_ATTESTATION_CERTIFICATE;
    let signer = context.key(Kind::AsymmetricKey, attesting, needed)?;
    let template = context.object(Kind::Opaque, attesting)?;
    if template.algorithm != Algorithm::OpaqueX509 {
        return Err(DeviceError::InvalidData);
    }
    let template = x509_cert::Certificate::from_der(template.body.expose());
    let template = template.map_err(|_| DeviceError::InvalidData)?;
    let issuer = template.tbs_certificate().subject().clone();
    let key = context.object(Kind::AsymmetricKey, id)?;
    let signer = Signer { algorithm: signer.algorithm, body: signer.body.expose() };
    certificate(context.state, key, issuer)?.sign(signer)
}

/// What an attestation says of a key.
fn certificate(state: &State, key: &Object, issuer: Name) -> Result<Certificate, DeviceError> {
    let subject = format!("VIRTUAL YubiHSM Attestation id:0x{:04x}", key.id);
    let public = (key.algorithm, key.body.expose());
    let mut certificate = Certificate::new(issuer, &subject, public)?;
    let label = key.label.0.split(|byte| *byte == 0).next().unwrap_or_default();
    certificate.extend(1, &octets(&FIRMWARE)?)?;
    certificate.extend(2, &integer(state.serial)?)?;
    certificate.extend(3, &bits(&[key.origin.0])?)?;
    certificate.extend(4, &bits(&key.domains.to_be_bytes())?)?;
    certificate.extend(5, &bits(&key.capabilities.0.to_be_bytes())?)?;
    certificate.extend(6, &integer(key.id.into())?)?;
    certificate.extend(9, &text(label)?)?;
    if state.fips_device {
        certificate.extend(12, &integer(u32::from(state.is_fips_approved()))?)?;
    }
    Ok(certificate)
}

/// The certificate of the device's own attestation key.
pub(super) fn device_certificate(state: &mut State) -> Answer {
    let own = own_key(state)?;
    crate::attestation::device_certificate(state.serial, FIRMWARE, (OWN, &own))
}

/// The device's own attestation key, made when it is needed first.
fn own_key(state: &mut State) -> Result<Body, DeviceError> {
    if let Some(key) = &state.attestation_key {
        return Ok(key.expose().to_vec().into());
    }
    let own = Family::of(OWN)?.generate()?;
    state.attestation_key = Some(Secret::new(&own));
    state.touch();
    Ok(own)
}
