//! The 32 bytes in the HSM, in the upload and in the custodian's copy are the same 32 bytes.

use base64::Engine as _;
use keyferry_bundle::{ObjectId, Receipt, Response, Serial};
use keyferry_hsm::{Address, Credential, Hsm as _, KeyMaterial, ObjectKind, Place, YubiHsm2};
use keyferry_tests::Scene;
use std::io::Read as _;

/// What the rehearsal's HSM holds.
pub(crate) fn in_the_hsm(scene: &Scene) -> KeyMaterial {
    held(&scene.hsm(&[]).unwrap().url).unwrap()
}

/// What an HSM of the rehearsal holds as the target's key material, if anything.
pub(crate) fn held(url: &str) -> Option<KeyMaterial> {
    let address: Address = url.parse().unwrap();
    let key = "0x0002".parse().unwrap();
    let credential = Credential::new(key, "rehearsal password of hsm-1".to_owned().into());
    let hsm = YubiHsm2::open(&address, Serial::new(12_345_678), &credential).unwrap();
    let id = "0x0a01".parse().unwrap();
    let found = hsm.object(ObjectKind::Opaque, id).unwrap();
    found.map(|_| hsm.opaque(id).unwrap())
}

/// Puts other bytes in the place of the target's key material, as somebody with both of the HSM's passwords could.
pub(crate) fn replace(url: &str, bytes: Vec<u8>) {
    let address: Address = url.parse().unwrap();
    let serial = Serial::new(12_345_678);
    let id: ObjectId = "0x0a01".parse().unwrap();
    let open = |key: &str, password: &str| {
        let credential = Credential::new(key.parse().unwrap(), password.to_owned().into());
        YubiHsm2::open(&address, serial, &credential).unwrap()
    };
    open("0x0005", "rehearsal password of the administration").delete_opaque(id).unwrap();
    let place =
        Place { id, label: "payments".parse().unwrap(), domains: keyferry_bundle::Domains::ONE };
    let material = KeyMaterial::take(bytes).unwrap();
    open("0x0002", "rehearsal password of hsm-1").put_opaque(&place, &material).unwrap();
}

/// Deletes the key material, and restores it from the copy under wrap as the runbook says.
pub(crate) fn restore(scene: &Scene, url: &str) -> YubiHsm2 {
    let address: Address = url.parse().unwrap();
    let open = |key: &str, password: &str| {
        let credential = Credential::new(key.parse().unwrap(), password.to_owned().into());
        YubiHsm2::open(&address, Serial::new(12_345_678), &credential).unwrap()
    };
    let administration = open("0x0005", "rehearsal password of the administration");
    administration.delete_opaque("0x0a01".parse().unwrap()).unwrap();
    assert!(held(url).is_none());
    let text = std::fs::read_to_string(scene.file("auditor", "backup-payments.yhw")).unwrap();
    let export = base64::engine::general_purpose::STANDARD.decode(text.trim()).unwrap();
    let backup = open("0x0003", "rehearsal password of the backup");
    backup.import_wrapped("0x0200".parse().unwrap(), &export).unwrap();
    backup
}

/// What the custodian's identity opens.
fn in_the_age_copy(scene: &Scene) -> Vec<u8> {
    let text = std::fs::read_to_string(scene.machine("office").join("carol.age-identity")).unwrap();
    let identity: age::x25519::Identity = text.trim().parse().unwrap();
    let file = std::fs::read(scene.file("auditor", "backup-payments.age")).unwrap();
    let mut opened = Vec::new();
    age::Decryptor::new(file.as_slice())
        .unwrap()
        .decrypt(std::iter::once(&identity as &dyn age::Identity))
        .unwrap()
        .read_to_end(&mut opened)
        .unwrap();
    opened
}

/// What the private half of the wrapping public key opens: RSAES-OAEP, SHA-256, MGF1-SHA-256, empty label.
fn in_the_upload(scene: &Scene) -> Vec<u8> {
    use rsa::pkcs8::DecodePrivateKey as _;
    let response: Response = scene.body("auditor", "response-1.json").unwrap();
    let target = &response.targets[0];
    let state = std::fs::read(scene.machine("office").join("../virtual-kms.json")).unwrap();
    let tree: serde_json::Value = serde_json::from_slice(&state).unwrap();
    let opened = private_keys(&tree).into_iter().find_map(|der| {
        let key = rsa::PrivateKey::from_pkcs8_der(&der).ok()?;
        key.oaep_decrypt::<sha2::Sha256>(target.encrypted_key_material.as_bytes()).ok()
    });
    opened.expect("the virtual KMS holds the private half")
}

/// Every base64 string of the state that may be a private key.
fn private_keys(tree: &serde_json::Value) -> Vec<Vec<u8>> {
    if let Some(text) = tree.as_str().filter(|text| text.len() > 1000) {
        return base64::engine::general_purpose::STANDARD.decode(text).into_iter().collect();
    }
    let items = tree.as_array().into_iter().flatten();
    let members = tree.as_object().into_iter().flat_map(|members| members.values());
    items.chain(members).flat_map(private_keys).collect()
}

#[test]
fn one_key_material_in_the_hsm_in_the_upload_and_in_the_copy() {
    let scene = Scene::new().unwrap();
    let held = in_the_hsm(&scene);
    assert_eq!(held.expose().len(), 32);
    assert_eq!(in_the_upload(&scene), held.expose());
    assert_eq!(in_the_age_copy(&scene), held.expose());
    let response: Response = scene.body("auditor", "response-1.json").unwrap();
    let check = keyferry_offline::check_value(&held).unwrap();
    assert_eq!(response.targets[0].check_value, check);
}

#[test]
fn the_copy_under_wrap_restores_the_key_material() {
    let scene = Scene::new().unwrap();
    let service = scene.hsm(&[]).unwrap();
    let before = held(&service.url).unwrap();
    let backup = restore(&scene, &service.url);
    assert!(held(&service.url).unwrap().same_as(&before));
    // It restores, and can neither read nor use what it restored.
    assert!(backup.opaque("0x0a01".parse().unwrap()).is_err());
    assert!(backup.random(32).is_err());
}

#[test]
fn kms_named_the_key_material() {
    let receipt: Receipt = Scene::new().unwrap().body("auditor", "receipt-1.json").unwrap();
    assert!(receipt.targets[0].key_material_id.is_some());
}
