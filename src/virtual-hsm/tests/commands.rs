//! Every command of crate `yubihsm`'s client that `client.rs` has not seen, except those the crate itself marks as untested: keys and
//! what they do. (The marked ones are ECDH, RSA signatures and SSH certificates; Yubico's device tests and the tests inside the crate
//! have them.)

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use der::{Decode as _, Encode as _};
use keyferry_virtual_hsm::{Options, Service, root_certificate};
use rsa::pkcs1v15::Pkcs1v15Sign;
use rsa::pkcs8::DecodePublicKey as _;
use rsa::{BoxedUint, PublicKey};
use sha2::{Digest as _, Sha256};
use std::time::Duration;
use tempfile::TempDir;
use x509_cert::Certificate;
use yubihsm::asymmetric::Algorithm::{
    EcBp256, EcBp384, EcBp512, EcK256, EcP224, EcP256, EcP384, EcP521, Ed25519,
};
use yubihsm::audit::{AuditCommand, AuditOption};
use yubihsm::authentication::Credentials;
use yubihsm::command::Code;
use yubihsm::object::{Label, Type};
use yubihsm::{
    Capability, Client, Connector, Domain, HttpConfig, asymmetric, hmac, opaque, otp, ssh, template,
};

fn service() -> (TempDir, Service, Client) {
    let folder = tempfile::tempdir().unwrap();
    let service = Service::start(Options::new(folder.path().join("hsm.json"))).unwrap();
    let address = service.address();
    let config =
        HttpConfig { addr: address.ip().to_string(), port: address.port(), timeout_ms: 20_000 };
    let client = Client::open(Connector::http(&config), Credentials::default(), false).unwrap();
    (folder, service, client)
}

fn label() -> Label {
    Label::from_bytes(b"label").unwrap()
}

#[track_caller]
fn refused<T: std::fmt::Debug>(outcome: Result<T, yubihsm::client::Error>, why: &str) {
    let error = outcome.unwrap_err().to_string();
    assert!(error.contains(why), "{error}");
}

#[test]
fn hmac_keys_sign_and_verify() {
    let (_folder, _service, client) = service();
    let both = Capability::SIGN_HMAC | Capability::VERIFY_HMAC;
    for algorithm in [
        hmac::Algorithm::Sha1,
        hmac::Algorithm::Sha256,
        hmac::Algorithm::Sha384,
        hmac::Algorithm::Sha512,
    ] {
        let made = client.generate_hmac_key(0, label(), Domain::DOM1, both, algorithm).unwrap();
        let tag = client.sign_hmac(made, b"message".to_vec()).unwrap();
        assert_eq!(tag.len(), algorithm.key_len());
        client.verify_hmac(made, b"message".to_vec(), tag.clone()).unwrap();
        assert!(client.verify_hmac(made, b"another".to_vec(), tag).is_err());
    }
    // RFC 4231, test case 2 needs a key shorter than the crate allows; test case 1 has 20 bytes.
    let sha256 = hmac::Algorithm::Sha256;
    let put =
        client.put_hmac_key(7, label(), Domain::DOM1, Capability::SIGN_HMAC, sha256, [11; 20]);
    let tag = client.sign_hmac(put.unwrap(), b"Hi There".to_vec()).unwrap();
    assert_eq!(tag.as_slice()[..4], [0xb0, 0x34, 0x4c, 0x61]);
    refused(client.verify_hmac(7, b"Hi There".to_vec(), tag), "permissions");
}

#[test]
fn an_rsa_key_decrypts() {
    let (_folder, _service, client) = service();
    let algorithm = asymmetric::Algorithm::Rsa2048;
    let capability = Capability::DECRYPT_OAEP;
    let key =
        client.generate_asymmetric_key(0, label(), Domain::DOM1, capability, algorithm).unwrap();
    let modulus = client.get_public_key(key).unwrap().into_vec();
    let modulus = BoxedUint::from_be_slice(&modulus, 2048).unwrap();
    let public = PublicKey::new(modulus, 65537_u64.into()).unwrap();
    let sealed =
        public.oaep_encrypt_with_rng::<Sha256, _>(&mut getrandom::SysRng, b"secret").unwrap();
    let mask = yubihsm::rsa::mgf::Algorithm::Sha256;
    let empty = Sha256::digest(b"").to_vec();
    let opened = client.decrypt_oaep(key, mask, sealed.clone(), empty).unwrap();
    assert_eq!(opened.as_slice(), b"secret");
    let other = Sha256::digest(b"label").to_vec();
    refused(client.decrypt_oaep(key, mask, sealed, other), "invalid data");
}

#[test]
fn keys_of_every_curve_are_put_and_generated() {
    let (_folder, _service, client) = service();
    for algorithm in [EcP224, EcP256, EcP384, EcP521, EcK256, EcBp256, EcBp384, EcBp512, Ed25519] {
        let none = Capability::empty();
        let (domain, mut scalar) = (Domain::DOM1, vec![0; algorithm.key_len()]);
        refused(
            client.put_asymmetric_key(0, label(), domain, none, EcP256, [0; 32]),
            "invalid data",
        );
        *scalar.last_mut().unwrap() = 1;
        let put = client.put_asymmetric_key(0, label(), domain, none, algorithm, scalar).unwrap();
        let made = client.generate_asymmetric_key(0, label(), domain, none, algorithm).unwrap();
        for key in [put, made] {
            let public = client.get_public_key(key).unwrap();
            let points = if algorithm == Ed25519 { 1 } else { 2 };
            assert_eq!(public.len(), points * algorithm.key_len(), "{algorithm:?}");
        }
        assert_ne!(client.get_public_key(put).unwrap(), client.get_public_key(made).unwrap());
    }
}

#[test]
fn templates_come_back() {
    let (_folder, _service, client) = service();
    let template = template::Template::Ssh(ssh::Template::from_bytes(b"template".to_vec()));
    let id = client.put_template(3, label(), Domain::DOM1, Capability::empty(), template).unwrap();
    assert_eq!(client.get_template(id).unwrap(), b"template");
    client.delete_object(id, Type::Template).unwrap();
    refused(client.get_template(id), "not found");
}

/// The crate leaves out the nonce id, so that a device finds four bytes too few.
#[test]
fn an_otp_key_without_a_nonce_id_is_refused() {
    let (_folder, _service, client) = service();
    let (capability, algorithm) = (Capability::DECRYPT_OTP, otp::Algorithm::Aes128);
    let put = client.put_otp_aead_key(3, label(), Domain::DOM1, capability, algorithm, [5; 16]);
    refused(put, "length");
}

#[test]
fn audit_options_are_set() {
    let (_folder, _service, client) = service();
    assert_eq!(client.get_force_audit_option().unwrap(), AuditOption::Off);
    client.set_force_audit_option(AuditOption::On).unwrap();
    assert_eq!(client.get_force_audit_option().unwrap(), AuditOption::On);
    client.set_force_audit_option(AuditOption::Fix).unwrap();
    refused(client.set_force_audit_option(AuditOption::Off), "permissions");
    client.set_command_audit_option(Code::SignHmac, AuditOption::On).unwrap();
    let options = client.get_commands_audit_options().unwrap();
    let on = options.iter().filter(|option| option.audit_option() == AuditOption::On);
    assert_eq!(on.map(AuditCommand::command_type).collect::<Vec<_>>(), [Code::SignHmac]);
    assert_eq!(client.get_command_audit_option(Code::SignHmac).unwrap(), AuditOption::On);
    assert_eq!(client.get_command_audit_option(Code::Echo).unwrap(), AuditOption::Off);
}

#[test]
fn a_device_comes_back_from_a_reset() {
    let (_folder, _service, mut client) = service();
    let (domain, none) = (Domain::DOM1, Capability::empty());
    client.put_opaque(9, label(), domain, none, opaque::Algorithm::Data, vec![1]).unwrap();
    client.reset_device_and_reconnect(Duration::from_secs(5)).unwrap();
    assert_eq!(client.list_objects(&[]).unwrap().len(), 1);
}

#[test]
fn an_attestation_leads_to_the_root_of_rehearsals() {
    let (_folder, service, client) = service();
    let (domain, capability) = (Domain::DOM2, Capability::SIGN_ECDSA);
    let key = client
        .generate_asymmetric_key(3, label(), domain, capability, asymmetric::Algorithm::EcP256)
        .unwrap();
    let attested = client.sign_attestation_certificate(key, None).unwrap().into_vec();
    let device = client.get_opaque(0).unwrap();
    let root = base64_of(root_certificate());
    for (below, above) in [(&attested, &device), (&device, &root), (&root, &root)] {
        assert!(is_issued_by(below, above));
    }
    assert!(!is_issued_by(&attested, &root));
    assert!(root_certificate().starts_with("-----BEGIN CERTIFICATE-----\n"));

    let attested = Certificate::from_der(&attested).unwrap();
    let content = attested.tbs_certificate();
    assert_eq!(content.issuer().to_string(), {
        format!("CN=VIRTUAL YubiHSM Attestation ({}) - PROVES NOTHING", service.serial())
    });
    let extensions: Vec<(String, Vec<u8>)> = content
        .extensions()
        .unwrap()
        .iter()
        .map(|extension| (extension.extn_id.to_string(), extension.extn_value.as_bytes().to_vec()))
        .collect();
    // Values as in the sample of a real device, all bare primitives.
    let expected: [(u8, Vec<u8>); 7] = [
        (1, vec![4, 3, 2, 4, 1]),
        (2, service.serial().to_der().unwrap()),
        (3, vec![3, 2, 0, 1]),
        (4, vec![3, 3, 0, 0, 2]),
        (5, vec![3, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0x80]),
        (6, vec![2, 1, 3]),
        (9, [&[12, 5], &b"label"[..]].concat()),
    ];
    let expected = expected.map(|(arc, value)| (format!("1.3.6.1.4.1.41482.4.{arc}"), value));
    assert_eq!(extensions, expected);
    let point = client.get_public_key(key).unwrap().into_vec();
    assert!(content.subject_public_key_info().subject_public_key.raw_bytes().ends_with(&point));
    refused(client.sign_attestation_certificate(4, None), "not found");
}

fn base64_of(pem: &str) -> Vec<u8> {
    use base64::prelude::{BASE64_STANDARD, Engine as _};
    let text: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    BASE64_STANDARD.decode(text).unwrap()
}

fn is_issued_by(below: &[u8], above: &[u8]) -> bool {
    let (below, above) =
        (Certificate::from_der(below).unwrap(), Certificate::from_der(above).unwrap());
    let key = above.tbs_certificate().subject_public_key_info().to_der().unwrap();
    let key = PublicKey::from_public_key_der(&key).unwrap();
    let digest = Sha256::digest(below.tbs_certificate().to_der().unwrap());
    let signature = below.signature().raw_bytes();
    below.tbs_certificate().issuer() == above.tbs_certificate().subject()
        && key.verify(Pkcs1v15Sign::new::<Sha256>(), &digest, signature).is_ok()
}
