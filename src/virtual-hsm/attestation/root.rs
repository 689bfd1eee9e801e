//! The root of all virtual devices, and the certificates it issues to them.
//!
//! Its private key is published in `root-primes.hex`, so that rehearsals anywhere can name one root. It proves nothing.

use super::certificate::{Certificate, Signer, integer, name, octets};
use crate::keys::{Body, Family};
use crate::store::Algorithm;
use crate::wire::DeviceError;
use der::asn1::OctetString;
use pkcs8::AssociatedOid as _;
use x509_cert::ext::pkix::{
    AuthorityKeyIdentifier, BasicConstraints, KeyUsage, KeyUsages, SubjectKeyIdentifier,
};

const ALGORITHM: Algorithm = Algorithm::Rsa4096;
const PRIMES: &str = include_str!("root-primes.hex");
const ROOT: &str = include_str!("root.pem");
const NAME: &str = "Keyferry Virtual YubiHSM Root - REHEARSAL ONLY - PROVES NOTHING";

/// The certificate, in PEM, under which virtual devices attest their keys. A rehearsal's policy may name it as an attestation root; a
/// policy of production must not.
#[must_use]
pub const fn root_certificate() -> &'static str {
    ROOT
}

/// The common name of a device's attestation key.
pub(crate) fn device_name(serial: u32) -> String {
    format!("VIRTUAL YubiHSM Attestation ({serial}) - PROVES NOTHING")
}

/// The certificate of a device's attestation key.
pub(crate) fn device_certificate(
    serial: u32,
    firmware: [u8; 3],
    (algorithm, body): (Algorithm, &[u8]),
) -> Result<Vec<u8>, DeviceError> {
    let root = root_body()?;
    let issuer = made(&root)?;
    let mut certificate = Certificate::new(name(NAME)?, &device_name(serial), (algorithm, body))?;
    certificate.extend(1, &octets(&firmware)?)?;
    certificate.extend(2, &integer(serial)?)?;
    let identifier = certificate.key_identifier();
    certificate.extend_with(SubjectKeyIdentifier::OID, false, &octets(&identifier)?)?;
    let authority = OctetString::new(issuer.key_identifier());
    let authority = AuthorityKeyIdentifier {
        key_identifier: Some(authority.map_err(|_| DeviceError::InvalidData)?),
        ..AuthorityKeyIdentifier::default()
    };
    certificate.extend_with(AuthorityKeyIdentifier::OID, false, &authority)?;
    certificate.extend_with(BasicConstraints::OID, true, &authority_down_to(0))?;
    certificate.sign(Signer { algorithm: ALGORITHM, body: &root })
}

fn root_body() -> Result<Body, DeviceError> {
    let hex: String = PRIMES.split_whitespace().collect();
    let primes = base16ct::lower::decode_vec(hex).map_err(|_| DeviceError::InvalidData)?;
    Family::of(ALGORITHM)?.body(&primes)
}

/// The root's certificate before it is signed.
fn made(root: &[u8]) -> Result<Certificate, DeviceError> {
    let mut certificate = Certificate::new(name(NAME)?, NAME, (ALGORITHM, root))?.numbered(&[1]);
    let identifier = certificate.key_identifier();
    certificate.extend_with(SubjectKeyIdentifier::OID, false, &octets(&identifier)?)?;
    certificate.extend_with(BasicConstraints::OID, true, &authority_down_to(2))?;
    let usage = KeyUsage(KeyUsages::KeyCertSign | KeyUsages::CRLSign);
    certificate.extend_with(KeyUsage::OID, true, &usage)?;
    Ok(certificate)
}

const fn authority_down_to(depth: u8) -> BasicConstraints {
    BasicConstraints { ca: true, path_len_constraint: Some(depth) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::prelude::{BASE64_STANDARD, Engine as _};

    #[test]
    fn the_committed_root_is_the_one_these_primes_make() {
        let root = root_body().unwrap();
        let signer = Signer { algorithm: ALGORITHM, body: &root };
        let encoded = BASE64_STANDARD.encode(made(&root).unwrap().sign(signer).unwrap());
        let lines: Vec<&str> =
            encoded.as_bytes().chunks(64).map(|line| str::from_utf8(line).unwrap()).collect();
        let pem = format!(
            "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n",
            lines.join("\n")
        );
        assert!(pem == ROOT, "{pem}");
    }
}
