//! Public keys that must not be enrolled. Each stands in a policy that is otherwise sound.

use super::Kit;
use super::cast::{base64, ed25519, p256, sealed, spoil};
use super::story::{policy, stream};
use super::vector::{Trust, Vector};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use curve25519_dalek::constants::EIGHT_TORSION;
use keyferry_bundle::envelope::pae;
use keyferry_bundle::kinds::payload_type;
use keyferry_bundle::{Digest, Kind};

const GROUP: &str = "keys";
/// SubjectPublicKeyInfo of an Ed25519 key up to the key (RFC 8410 section 4).
const ED25519: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
/// SubjectPublicKeyInfo of an uncompressed P-256 point up to its coordinates (RFC 5480 section 2).
const P256: [u8; 27] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a,
    0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04,
];

pub(crate) fn add(kit: &mut Kit) {
    small_order(kit);
    ed25519_forms(kit);
    p256_forms(kit);
    others(kit);
}

/// A policy whose only policy-root key is carol's, replaced by these bytes.
fn with_key(spki: &[u8], signature: Option<&[u8]>) -> Vec<u8> {
    let mut body = policy();
    body.roles.policy_root = super::story::rule(1, &["carol"]);
    body.roles.ceremony_officer = super::story::rule(1, &["alice"]);
    let carol = super::cast::id("carol").to_string();
    let old = super::cast::public("carol").to_spki_der().unwrap();
    let text = super::cast::text(&body).replace(&carol, &Digest::of(spki).to_string());
    let text = spoil(&text, &STANDARD.encode(old), &STANDARD.encode(spki));
    let kind = payload_type(Kind::Policy);
    let Some(signature) = signature else { return sealed(&kind, text.as_bytes(), &["carol"]) };
    // The fixed signature fits every message; the PAE is named to show what it would be over.
    assert!(!pae(&kind, text.as_bytes()).is_empty());
    let open = String::from_utf8(sealed(&kind, text.as_bytes(), &[])).unwrap();
    let id = Digest::of(spki);
    let entry = format!("[{{\"keyid\":\"{id}\",\"sig\":\"{}\"}}]", STANDARD.encode(signature));
    open.replace("[]}\n", &(entry + "}\n")).into_bytes()
}

fn refused(kit: &mut Kit, name: &str, bundle: Vec<u8>, says: &str, comment: &str) {
    let vector =
        Vector::refused("payload-field", Kind::Policy, Trust::FirstPolicy, bundle, comment);
    kit.add(GROUP, name, vector.field("keys[3].spki").says(says));
}

fn small_order(kit: &mut Kit) {
    let identity = EIGHT_TORSION[0].compress().to_bytes();
    let fixed = [identity, [0; 32]].concat();
    for (index, point) in EIGHT_TORSION.iter().enumerate() {
        let spki = [ED25519.as_slice(), point.compress().as_bytes()].concat();
        let comment = "a small-order key, and a fixed signature that fits one message in eight or every message";
        let name = format!("ed25519-small-order-{index}");
        refused(kit, &name, with_key(&spki, Some(&fixed)), "small-order", comment);
    }
    let mut other = identity;
    other[31] |= 0x80;
    let spki = [ED25519.as_slice(), &other].concat();
    refused(
        kit,
        "ed25519-identity-negative",
        with_key(&spki, Some(&fixed)),
        "Ed25519",
        "the identity with a sign bit",
    );
    let mut other = [0xff; 32];
    (other[0], other[31]) = (0xee, 0x7f);
    let spki = [ED25519.as_slice(), &other].concat();
    refused(
        kit,
        "ed25519-identity-plus-p",
        with_key(&spki, Some(&fixed)),
        "small-order",
        "the identity, its y written as p + 1",
    );
}

fn ed25519_forms(kit: &mut Kit) {
    let key = ed25519("carol").verifying_key();
    let spki = |key: &[u8]| [ED25519.as_slice(), key].concat();
    let mixed = key.to_edwards() + EIGHT_TORSION[1];
    let bundle = with_key(&spki(mixed.compress().as_bytes()), None);
    refused(
        kit,
        "ed25519-mixed-order",
        bundle,
        "no key generation",
        "a key with a small-order part",
    );
    let mut off = *key.as_bytes();
    while ed25519_dalek::VerifyingKey::from_bytes(&off).is_ok() {
        off[0] = off[0].wrapping_add(1);
    }
    refused(
        kit,
        "ed25519-no-point",
        with_key(&spki(&off), None),
        "not a valid Ed25519",
        "no point of the curve",
    );
    refused(
        kit,
        "ed25519-bare",
        with_key(key.as_bytes(), None),
        "DER",
        "32 bytes without a SubjectPublicKeyInfo",
    );
    let sound = spki(key.as_bytes());
    refused(
        kit,
        "ed25519-trailing-byte",
        with_key(&[sound.as_slice(), &[0]].concat(), None),
        "DER",
        "a byte after the DER",
    );
    let long = [&[0x30, 0x81, 0x2a], &sound[2..]].concat();
    refused(
        kit,
        "ed25519-long-form-length",
        with_key(&long, None),
        "DER",
        "BER: a length in long form",
    );
    let null = [&[0x30, 0x2c, 0x30, 0x07], &sound[4..9], &[0x05, 0x00], &sound[9..]].concat();
    refused(
        kit,
        "ed25519-null-parameters",
        with_key(&null, None),
        "Ed25519",
        "NULL parameters, which RFC 8410 forbids",
    );
    let mut unused = sound.clone();
    unused[11] = 1;
    refused(
        kit,
        "ed25519-unused-bit",
        with_key(&unused, None),
        "not a valid Ed25519",
        "a BIT STRING with an unused bit",
    );
    let mut x25519 = sound;
    x25519[8] = 0x6e;
    refused(kit, "x25519", with_key(&x25519, None), "named-curve P-256", "an X25519 key");
}

fn p256_forms(kit: &mut Kit) {
    let point = p256("carol").verifying_key().to_sec1_point(false);
    let coordinates = &point.as_bytes()[1..];
    let sound = [P256.as_slice(), coordinates].concat();
    let mut body = policy();
    body.roles.policy_root = super::story::rule(1, &["alice"]);
    let carol = super::cast::id("carol").to_string();
    let text = super::cast::text(&body).replace(&carol, &Digest::of(&sound).to_string());
    let old = super::cast::public("carol").to_spki_der().unwrap();
    let text = spoil(&text, &STANDARD.encode(old), base64_text(&sound).as_str());
    let bundle = sealed(&payload_type(Kind::Policy), text.as_bytes(), &["alice"]);
    refused(
        kit,
        "algorithm-mismatch",
        bundle,
        "is a key for ecdsa-p256-sha256, not ed25519",
        "a P-256 key under the algorithm ed25519",
    );
    let mut p = |name: &str, spki: &[u8], says: &str, comment: &str| {
        let text = text.replace(&base64_text(&sound), &base64_text(spki));
        let text = text.replace(&Digest::of(&sound).to_string(), &Digest::of(spki).to_string());
        let text = spoil(
            &text,
            "{\"holder\":\"carol\",\"algorithm\":\"ed25519\"",
            "{\"holder\":\"carol\",\"algorithm\":\"ecdsa-p256-sha256\"",
        );
        let bundle = sealed(&payload_type(Kind::Policy), text.as_bytes(), &["alice"]);
        refused(kit, name, bundle, says, comment);
    };
    let compressed = p256("carol").verifying_key().to_sec1_point(true);
    let head = [&[0x30, 0x39], &P256[2..23], &[0x03, 0x22, 0x00]].concat();
    p(
        "p256-compressed",
        &[head.as_slice(), compressed.as_bytes()].concat(),
        "one DER form",
        "a compressed point: the same key under another key id",
    );
    let mut off = sound.clone();
    if let Some(last) = off.last_mut() {
        *last ^= 1;
    }
    p("p256-no-point", &off, "P-256", "no point of the curve");
    let mut hybrid = sound.clone();
    hybrid[26] = if coordinates[63] & 1 == 0 { 6 } else { 7 };
    p("p256-hybrid", &hybrid, "P-256", "a point in hybrid form");
    p(
        "p256-infinity",
        &[&[0x30, 0x19], &P256[2..23], &[0x03, 0x02, 0x00, 0x00]].concat(),
        "P-256",
        "the point at infinity",
    );
    p("p256-trailing-byte", &[sound.as_slice(), &[0]].concat(), "DER", "a byte after the DER");
    let mut k1 = sound[..1].to_vec();
    k1.extend([0x56, 0x30, 0x10, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01]);
    k1.extend([0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x0a]);
    k1.extend(&sound[23..]);
    p("secp256k1", &k1, "P-256", "another curve: secp256k1");
    let none = [&[0x30, 0x4f, 0x30, 0x09], &P256[4..13], &sound[23..]].concat();
    p("p256-no-curve", &none, "P-256", "id-ecPublicKey without parameters");
}

fn base64_text(bytes: &[u8]) -> String {
    String::from(base64(bytes))
}

fn others(kit: &mut Kit) {
    let rsa = include_bytes!("rsa2048.spki.der");
    refused(kit, "rsa", with_key(rsa, None), "named-curve P-256", "an RSA key");
    refused(kit, "junk", with_key(&stream(44), None), "DER", "bytes that are no DER");
}
