//! Ed25519 signatures that only a strict reader refuses.

use super::Kit;
use super::cast::{ed25519, id, operator, signed};
use super::story::request;
use super::vector::Vector;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use curve25519_dalek::constants::{ED25519_BASEPOINT_TABLE, EIGHT_TORSION};
use curve25519_dalek::edwards::EdwardsPoint;
use curve25519_dalek::scalar::Scalar;
use keyferry_bundle::Kind;
use keyferry_bundle::kinds::Bundle;
use sha2::{Digest as _, Sha512};

const GROUP: &str = "ed25519";
/// The order of the base point (RFC 8032 section 5.1), little-endian.
const ORDER: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];

pub(crate) fn add(kit: &mut Kit) {
    let pae = request().to_envelope().unwrap().pae();
    let sound = super::cast::sign("oscar", &pae);
    let mut add = |name: &str, signature: &[u8], comment: &str| {
        let text = String::from_utf8(signed(&request(), &[])).unwrap();
        let entry = format!(
            "[{{\"keyid\":\"{}\",\"sig\":\"{}\"}}]",
            id("oscar"),
            STANDARD.encode(signature)
        );
        let bundle = text.replace("[]}\n", &(entry + "}\n")).into_bytes();
        kit.add(
            GROUP,
            name,
            Vector::refused("bad-signature", Kind::Request, operator(), bundle, comment),
        );
    };
    add("malleable-s", &plus_order(&sound), "S + L: the other half of a malleable pair");
    add(
        "high-bits-of-s",
        &[&sound[..63], &[sound[63] | 0xe0]].concat(),
        "the three highest bits of S set",
    );
    add(
        "small-order-r",
        &crafted(&pae, EdwardsPoint::default(), Scalar::ZERO),
        "R is the identity: fits the equation, and only who checks R's order sees it",
    );
    let r = Scalar::from(7_u8);
    add(
        "r-with-torsion",
        &crafted(&pae, ED25519_BASEPOINT_TABLE * &r + EIGHT_TORSION[1], r),
        "R has a small-order part: fits the equation times eight only",
    );
    add("zeros", &[0; 64], "64 zero bytes");
    add("too-short", &sound[..63], "63 bytes");
    add("too-long", &[sound.as_slice(), &[0]].concat(), "65 bytes");
    add("swapped", &[&sound[32..], &sound[..32]].concat(), "S before R");
    add(
        "hexadecimal",
        format!("{}{}", hex(&sound, 0), hex(&sound, 32)).as_bytes(),
        "the signature in hexadecimal, then base64",
    );
}

fn plus_order(signature: &[u8]) -> Vec<u8> {
    let mut sum = signature.to_vec();
    let mut carry = 0;
    for (byte, order) in sum[32..].iter_mut().zip(ORDER) {
        carry += u16::from(*byte) + u16::from(order);
        *byte = carry.to_le_bytes()[0];
        carry >>= 8;
    }
    sum
}

/// oscar's signature with a chosen R, of which `r` is the part that the base point makes.
fn crafted(message: &[u8], point: EdwardsPoint, r: Scalar) -> Vec<u8> {
    let key = ed25519("oscar");
    let point = point.compress().to_bytes();
    let hash = Sha512::new()
        .chain_update(point)
        .chain_update(key.verifying_key().as_bytes())
        .chain_update(message)
        .finalize();
    let challenge = Scalar::from_bytes_mod_order_wide(&hash.into());
    let s = r + challenge * key.to_scalar();
    [point, s.to_bytes()].concat()
}

/// 32 bytes from `from` in hexadecimal, as digests are written.
fn hex(bytes: &[u8], from: usize) -> String {
    let bytes: [u8; 32] = bytes[from..from + 32].try_into().unwrap();
    keyferry_bundle::Digest::from_bytes(bytes).to_string()
}
