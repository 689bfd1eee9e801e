//! ECDSA signatures: what DER and the curve leave open, and what they do not.

use super::Kit;
use super::cast::{hsm, id, p256, signed};
use super::story::backup;
use super::vector::Vector;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use keyferry_bundle::Kind;
use keyferry_bundle::kinds::Bundle;
use p256::ecdsa::{Signature, signature::Signer as _};

const GROUP: &str = "ecdsa";

fn bundle(signatures: &[Vec<u8>]) -> Vec<u8> {
    let text = String::from_utf8(signed(&backup(), &[])).unwrap();
    let entry = |sig: &Vec<u8>| {
        format!("{{\"keyid\":\"{}\",\"sig\":\"{}\"}}", id("hsm-1"), STANDARD.encode(sig))
    };
    let entries: Vec<String> = signatures.iter().map(entry).collect();
    text.replace("[]}\n", &format!("[{}]}}\n", entries.join(","))).into_bytes()
}

/// A DER INTEGER of the content given.
fn integer(content: &[u8]) -> Vec<u8> {
    [&[2, u8::try_from(content.len()).unwrap()], content].concat()
}

/// A DER INTEGER of a positive number.
fn positive(number: &[u8]) -> Vec<u8> {
    let start = number.iter().position(|byte| *byte != 0).unwrap_or(number.len() - 1);
    let number = &number[start..];
    if number[0] & 0x80 == 0 { integer(number) } else { integer(&[&[0], number].concat()) }
}

fn sequence(r: &[u8], s: &[u8]) -> Vec<u8> {
    [&[0x30, u8::try_from(r.len() + s.len()).unwrap()], r, s].concat()
}

pub(crate) fn add(kit: &mut Kit) {
    let pae = backup().to_envelope().unwrap().pae();
    let signature: Signature = p256("hsm-1").sign(&pae);
    let (r, s) = signature.split_bytes();
    let other = Signature::from_scalars(r, (-*signature.s()).to_bytes()).unwrap();
    let (_, other_s) = other.split_bytes();
    let (low, high) = if s < other_s { (s, other_s) } else { (other_s, s) };
    let low = sequence(&positive(&r), &positive(&low));
    let high = sequence(&positive(&r), &positive(&high));
    for (name, signature) in [("low-s", &low), ("high-s", &high)] {
        let comment = "both S and n-S are accepted: HSMs make either, digests do not cover signatures, and a key counts once";
        let bundle = bundle(std::slice::from_ref(signature));
        kit.add(GROUP, name, Vector::accepted(Kind::Backup, hsm(), bundle, comment));
    }
    let both = bundle(&[low.clone(), high.clone()]);
    let comment = "S and n-S side by side: two signatures, one key";
    kit.add(
        GROUP,
        "both-s",
        Vector::refused("repeated-signer", Kind::Backup, hsm(), both, comment),
    );
    let mut add = |name: &str, signature: Vec<u8>, comment: &str| {
        let bundle = bundle(&[signature]);
        kit.add(
            GROUP,
            name,
            Vector::refused("bad-signature", Kind::Backup, hsm(), bundle, comment),
        );
    };
    let (pr, ps) = (positive(&r), positive(&s));
    let body = [pr.as_slice(), &ps].concat();
    let length = u8::try_from(body.len()).unwrap();
    add("raw", [r.as_slice(), s.as_slice()].concat(), "r and s side by side, without DER");
    add(
        "trailing-byte",
        [sequence(&pr, &ps).as_slice(), &[0]].concat(),
        "a byte after the SEQUENCE",
    );
    add(
        "trailing-in-sequence",
        sequence(&pr, &[ps.as_slice(), &[5, 0]].concat()),
        "a NULL after s",
    );
    add(
        "long-form-length",
        [&[0x30, 0x81, length], body.as_slice()].concat(),
        "BER: a length in long form",
    );
    add(
        "indefinite-length",
        [&[0x30, 0x80], body.as_slice(), &[0, 0]].concat(),
        "BER: an indefinite length",
    );
    add(
        "padded-r",
        sequence(&integer(&[&[0, 0], r.as_slice()].concat()), &ps),
        "BER: zeros before r",
    );
    let negative = |number: &[u8]| integer(&[&[0xff], number].concat());
    add("negative-r", sequence(&negative(&r), &ps), "r is negative");
    add("zero-r", sequence(&integer(&[0]), &ps), "r is 0");
    add("zero-s", sequence(&pr, &integer(&[0])), "s is 0");
    add("zeros", sequence(&integer(&[0]), &integer(&[0])), "r and s are 0");
    add("order-s", sequence(&pr, &positive(&ORDER)), "s is the order of the curve");
    add("set", [&[0x31, length], body.as_slice()].concat(), "a SET for a SEQUENCE");
    add("swapped", sequence(&ps, &pr), "s before r");
    let digest = super::story::digest_of(&backup());
    let twice: p256::ecdsa::DerSignature = p256("hsm-1").sign(digest.as_bytes());
    add(
        "hashed-twice",
        twice.as_bytes().to_vec(),
        "a signature over the SHA-256 of the SHA-256 of the PAE",
    );
}

/// n (SEC 2 section 2.4.2).
const ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6,
    0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
];
