//! What the device attests, read and verified by the code that reads a real device's attestations.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use base64::prelude::{BASE64_STANDARD, Engine as _};
use keyferry_ceremony::attestation::{Attestation, Fault, Origin, Position, verify};
use keyferry_virtual_hsm::{Options, Service, root_certificate};
use tempfile::TempDir;
use yubihsm::authentication::Credentials;
use yubihsm::connector::HttpConfig;
use yubihsm::object::{Label, Type};
use yubihsm::{Capability, Client, Connector, Domain, asymmetric, opaque, wrap};

const P256: asymmetric::Algorithm = asymmetric::Algorithm::EcP256;
const YUBICO: &[u8] = include_bytes!("../../ceremony/testing/attestation/yubico-root.der");

/// A device, and the certificates above what it attests.
struct Scene {
    client: Client,
    service: Service,
    device: Vec<u8>,
    root: Vec<u8>,
    _folder: TempDir,
}

impl Scene {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let service = Service::start(Options::new(folder.path().join("hsm.json"))).unwrap();
        let (addr, port) = (service.address().ip().to_string(), service.address().port());
        let connector = Connector::http(&HttpConfig { addr, port, timeout_ms: 5000 });
        let client = Client::open(connector, Credentials::default(), false).unwrap();
        let device = client.get_opaque(0).unwrap();
        let pem: String =
            root_certificate().lines().filter(|line| !line.starts_with('-')).collect();
        let root = BASE64_STANDARD.decode(pem).unwrap();
        Self { client, service, device, root, _folder: folder }
    }

    fn generate(&self, id: u16, capabilities: Capability) {
        let domains = Domain::DOM1 | Domain::DOM16;
        self.client.generate_asymmetric_key(id, label("clé"), domains, capabilities, P256).unwrap();
    }

    /// What the device's own key says of a key.
    fn attested(&self, id: u16) -> Vec<u8> {
        self.client.sign_attestation_certificate(id, None).unwrap().into_vec()
    }

    fn verified(&self, id: u16) -> Attestation {
        verify(&self.attested(id), &[&self.device], &[YUBICO, &self.root]).unwrap()
    }
}

fn label(text: &str) -> Label {
    Label::from_bytes(text.as_bytes()).unwrap()
}

#[test]
fn every_extension_says_what_the_device_knows() {
    let scene = Scene::new();
    // Ids whose first bit would make a careless INTEGER negative.
    for id in [0x0003, 0x0080, 0x7fff, 0x8000, 0xfffe] {
        let capabilities = Capability::SIGN_ECDSA | Capability::EXPORTABLE_UNDER_WRAP;
        scene.generate(id, capabilities);
        let said = scene.verified(id);
        let known = scene.client.get_object_info(id, Type::AsymmetricKey).unwrap();
        let device = scene.client.device_info().unwrap();
        let firmware = [device.major_version, device.minor_version, device.build_version];
        assert_eq!(said.firmware.as_str(), firmware.map(|part| part.to_string()).join("."));
        assert_eq!(said.serial.get(), scene.service.serial());
        assert_eq!(said.origin, Origin::Generated);
        assert_eq!(said.domains.mask(), known.domains.bits());
        assert_eq!(said.domains.mask(), 0x8001);
        assert_eq!(said.capabilities.mask(), known.capabilities.bits());
        assert!(said.capabilities.is_exportable());
        assert_eq!(said.object_id.get(), id);
        assert_eq!(said.label, "clé");
        let point = scene.client.get_public_key(id).unwrap().bytes;
        assert_eq!(said.spki.split_at(said.spki.len() - 64).1, point);
        assert_eq!(said.issuers.len(), 1);
    }
    let (domain, none) = (Domain::DOM1, Capability::empty());
    scene.client.generate_asymmetric_key(1, label(""), domain, none, P256).unwrap();
    assert_eq!(scene.verified(1).label, "");
}

#[test]
fn imported_and_restored_keys_are_told_from_generated_ones() {
    let scene = Scene::new();
    let (client, domain) = (&scene.client, Domain::DOM1);
    let exportable = Capability::EXPORTABLE_UNDER_WRAP;
    client.put_asymmetric_key(1, label("in"), domain, exportable, P256, vec![7; 32]).unwrap();
    scene.generate(2, exportable);
    assert_eq!(scene.verified(1).origin, Origin::Imported);
    let exports = Capability::EXPORT_WRAPPED | Capability::IMPORT_WRAPPED;
    let algorithm = wrap::Algorithm::Aes256Ccm;
    client.generate_wrap_key(9, label("wrap"), domain, exports, exportable, algorithm).unwrap();
    for id in [1, 2] {
        let before = scene.verified(id);
        let message = client.export_wrapped(9, Type::AsymmetricKey, id).unwrap();
        client.delete_object(id, Type::AsymmetricKey).unwrap();
        client.import_wrapped(9, message).unwrap();
        let after = scene.verified(id);
        assert_eq!(after.origin, Origin::ImportedWrapped);
        assert_eq!((after.spki, after.object_id), (before.spki, before.object_id));
    }
}

#[test]
fn a_virtual_device_is_no_device_of_yubicos() {
    let scene = Scene::new();
    scene.generate(1, Capability::SIGN_ECDSA);
    let refused = verify(&scene.attested(1), &[&scene.device], &[YUBICO]).unwrap_err();
    assert!(
        matches!(&refused, Fault::UnknownRoot(name) if name.contains("PROVES NOTHING")),
        "{refused}"
    );
}

#[test]
fn a_key_of_the_device_cannot_attest_in_the_devices_name() {
    let scene = Scene::new();
    scene.generate(1, Capability::SIGN_ATTESTATION_CERTIFICATE);
    scene.generate(2, Capability::SIGN_ECDSA);
    let template = scene.attested(1);
    let (domains, kind) = (Domain::DOM1, opaque::Algorithm::X509Certificate);
    let none = Capability::empty();
    scene.client.put_opaque(1, label("t"), domains, none, kind, template.clone()).unwrap();
    let forged = scene.client.sign_attestation_certificate(2, Some(1)).unwrap().into_vec();
    let refused = verify(&forged, &[&template, &scene.device], &[&scene.root]).unwrap_err();
    let reason = "it is no authority's certificate";
    assert_eq!(refused, Fault::MayNotIssue(Position::Issuer(0), reason));
}
