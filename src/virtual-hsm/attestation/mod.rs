//! Attestation certificates in the encoding of a real device, and the root under which virtual devices issue theirs.
//!
//! A real certificate of firmware 2.4.1 (the sample in crate `attestation-validator` 0.2.0) has a random serial number of 16 bytes, the
//! dates 2017-01-01 and 2071-10-05 whatever the day, the name `YubiHSM Attestation id:0x0003`, and extensions under
//! 1.3.6.1.4.1.41482.4 whose values are bare primitives: 1 firmware OCTET STRING, 2 serial INTEGER, 3 origin BIT STRING, 4 domains BIT
//! STRING, 5 capabilities BIT STRING, 6 object id INTEGER, 9 label `UTF8String`. It is signed by the device's RSA-2048 key, whose own
//! certificate has 1, 2, key identifiers and a critical path length of 0. The same here; every name says that nothing stands behind it.

mod certificate;
mod root;

pub(crate) use certificate::{Certificate, Signer, bits, integer, name, octets, text};
pub use root::root_certificate;
pub(crate) use root::{device_certificate, device_name};
