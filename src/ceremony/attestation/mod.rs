//! What a YubiHSM 2 attests about an asymmetric key of its own (user guide, "Attestation"): a strict parser, and the check of its chain
//! up to a listed root.
//!
//! A chain is the attestation, the device's certificate (its opaque object 0), the authority that made that one, and so on up to a
//! root. Dates are not looked at: the device copies fixed ones, and the clock in the room is not trusted. An attestation is therefore
//! never fresh: it says what the device made, not that the device is here; for that, let the attested key sign something of today.
//! `openssl verify` accepts a device's chain and `openssl verify -x509_strict` does not (the attestation names no authority key).

mod certificate;
mod extensions;
mod fault;
mod signature;
#[cfg(test)]
pub(crate) mod tests;
mod values;

pub use extensions::Extension;
pub use fault::{ExtensionFault, Fault, Position};
pub use values::{Attestation, Capabilities, Origin};

use certificate::Certificate;

/// The longest chain between an attestation and its root: a device's has two, and its root's path length allows no third.
pub const MAX_ISSUERS: usize = 4;

/// Verifies an attestation under one of the `roots`: the signatures all the way up, what each issuer may issue, then the extensions.
/// Everything is one DER certificate; `issuers` go upwards from the device's own and leave the root out.
///
/// # Errors
/// The first rule it breaks, with the certificate or the extension that breaks it.
pub fn verify(
    attestation: &[u8],
    issuers: &[&[u8]],
    roots: &[&[u8]],
) -> Result<Attestation, Fault> {
    if issuers.is_empty() || issuers.len() > MAX_ISSUERS {
        return Err(Fault::ChainLength(issuers.len()));
    }
    let leaf = Certificate::parse(Position::Attestation, attestation)?;
    let issuers = parse_all(issuers, Position::Issuer)?;
    let roots = parse_all(roots, Position::Root)?;

    let mut below = &leaf;
    for (depth, issuer) in issuers.iter().enumerate() {
        issuer.issued(below, depth)?;
        below = issuer;
    }
    let named = roots.iter().filter(|root| root.is_named_by(below));
    named
        .map(|root| root.issued(below, issuers.len()))
        .reduce(Result::or)
        .unwrap_or_else(|| Err(Fault::UnknownRoot(below.issuer_name())))?;

    let attestation = values::read(&leaf)?;
    let device = issuers.first().ok_or(Fault::ChainLength(0))?;
    let serial = values::serial(device)?;
    if serial != attestation.serial {
        return Err(Fault::OtherDevice { attested: attestation.serial, issuer: serial });
    }
    Ok(Attestation { issuers: issuers.iter().map(Certificate::name).collect(), ..attestation })
}

/// The key of a certificate that is to stand in a list of roots: its `SubjectPublicKeyInfo` in DER. Who signed it does not matter: an
/// authority below the vendor's root may be listed as well.
///
/// # Errors
/// That it is no certificate that [`verify`] could read.
pub fn root_key(root: &[u8]) -> Result<Vec<u8>, Fault> {
    Certificate::parse(Position::Root(0), root)?.spki()
}

fn parse_all(
    certificates: &[&[u8]],
    position: fn(usize) -> Position,
) -> Result<Vec<Certificate>, Fault> {
    let numbered = certificates.iter().enumerate();
    numbered.map(|(index, der)| Certificate::parse(position(index), der)).collect()
}
