//! One certificate of the chain, and what it may issue (RFC 5280 sections 4.1 and 6.1).

use super::{Fault, Position, signature};
use der::asn1::ObjectIdentifier;
use der::{Decode as _, Encode as _};
use spki::SubjectPublicKeyInfoOwned;
use x509_cert::TbsCertificate;
use x509_cert::certificate::Version;
use x509_cert::ext::pkix::{BasicConstraints, KeyUsage};

/// A certificate may fill an opaque object, and none comes near that (YubiHSM 2 user guide: a message of firmware 2.4 has 3136 bytes).
pub(super) const MAX_DER_BYTES: usize = 4096;

const BASIC_CONSTRAINTS: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.19");
const KEY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.15");

/// A certificate that is well formed; nothing about it is verified.
#[derive(Debug)]
pub(super) struct Certificate {
    position: Position,
    inner: x509_cert::Certificate,
    /// The signed part.
    tbs: Vec<u8>,
}

impl Certificate {
    /// Reads exactly one certificate in DER, version 3, whose critical extensions are all understood here.
    pub(super) fn parse(position: Position, der: &[u8]) -> Result<Self, Fault> {
        if der.len() > MAX_DER_BYTES {
            return Err(Fault::TooLong(position));
        }
        let not_der = |_| Fault::NotDer(position);
        let inner = x509_cert::Certificate::from_der(der).map_err(not_der)?;
        let tbs = inner.tbs_certificate().to_der().map_err(not_der)?;
        // What is signed is what was parsed only if there is one way to write it.
        if inner.to_der().map_err(not_der)? != der
            || inner.tbs_certificate().version() != Version::V3
        {
            return Err(Fault::NotDer(position));
        }
        let extensions = inner.tbs_certificate().extensions().into_iter().flatten();
        let unknown = |oid| oid != BASIC_CONSTRAINTS && oid != KEY_USAGE;
        let critical =
            extensions.filter(|it| it.critical).map(|it| it.extn_id).find(|oid| unknown(*oid));
        match critical {
            Some(oid) => Err(Fault::Critical(position, oid.to_string())),
            None => Ok(Self { position, inner, tbs }),
        }
    }

    pub(super) const fn position(&self) -> Position {
        self.position
    }

    /// The contents of every extension with this identifier.
    pub(super) fn extensions(&self, oid: ObjectIdentifier) -> impl Iterator<Item = &[u8]> {
        let all = self.tbs().extensions().into_iter().flatten();
        all.filter(move |it| it.extn_id == oid).map(|it| it.extn_value.as_bytes())
    }

    /// The subject's key: `SubjectPublicKeyInfo` in DER.
    pub(super) fn spki(&self) -> Result<Vec<u8>, Fault> {
        self.key().to_der().map_err(|_| Fault::NotDer(self.position))
    }

    /// The subject's name (RFC 4514).
    pub(super) fn name(&self) -> String {
        self.tbs().subject().to_string()
    }

    /// The issuer's name (RFC 4514).
    pub(super) fn issuer_name(&self) -> String {
        self.tbs().issuer().to_string()
    }

    pub(super) fn is_named_by(&self, child: &Self) -> bool {
        child.tbs().issuer() == self.tbs().subject()
    }

    /// That this one issued `child`, as the issuer with `below` others between it and the attestation.
    pub(super) fn issued(&self, child: &Self, below: usize) -> Result<(), Fault> {
        if !self.is_named_by(child) {
            return Err(Fault::IssuerName {
                child: child.position,
                named: child.issuer_name(),
                issuer: self.position,
            });
        }
        self.may_issue(below)?;
        let inner = &child.inner;
        if inner.signature_algorithm() != child.tbs().signature() {
            return Err(Fault::Algorithm(child.position));
        }
        let signature = inner.signature().as_bytes().ok_or(Fault::NotDer(child.position))?;
        match signature::verifies(self.key(), inner.signature_algorithm(), &child.tbs, signature) {
            Some(true) => Ok(()),
            Some(false) => Err(Fault::Signature(child.position, self.position)),
            None => Err(Fault::Algorithm(child.position)),
        }
    }

    /// That it may issue, `below` issuers above the attestation. Otherwise a key that a device merely attested could attest others.
    fn may_issue(&self, below: usize) -> Result<(), Fault> {
        let refuse = |reason| Err(Fault::MayNotIssue(self.position, reason));
        let Ok(constraints) = self.tbs().get_extension::<BasicConstraints>() else {
            return refuse("its basic constraints are malformed or there twice");
        };
        let Some((_, BasicConstraints { ca: true, path_len_constraint: path_length })) =
            constraints
        else {
            return refuse("it is no authority's certificate");
        };
        if path_length.is_some_and(|limit| below > usize::from(limit)) {
            return refuse("its path length does not reach this far down");
        }
        match self.tbs().get_extension::<KeyUsage>() {
            Ok(None) => Ok(()),
            Ok(Some((_, usage))) if usage.key_cert_sign() => Ok(()),
            Ok(Some(_)) => refuse("its key is not for signing certificates"),
            Err(_) => refuse("its key usage is malformed or there twice"),
        }
    }

    fn key(&self) -> &SubjectPublicKeyInfoOwned {
        self.tbs().subject_public_key_info()
    }

    fn tbs(&self) -> &TbsCertificate {
        self.inner.tbs_certificate()
    }
}
