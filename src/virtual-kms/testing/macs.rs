//! `GenerateMac`, `VerifyMac`.

use super::Client;
use super::client::{base64, members, unbase64, with};
use crate::refusal::Kind;
use serde_json::json;

/// RFC 4231 test case 1 has a key of 20 bytes, which no key spec has. Zeros behind a key that is no longer than a block change no
/// HMAC, so the key filled up with zeros gives the same answer.
const RFC_4231: &[(&str, usize, &str)] = &[
    ("224", 28, "896fb1128abbdf196832107cd49df33f47b4b1169912ba4f53684b22"),
    ("256", 32, "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
    (
        "384",
        48,
        "afd03944d84895626b0825f4ab46907f15f9dadbe4101ec682aa034c7cebc59cfaea9ea9076ede7f4af152e8b2fa9cb6",
    ),
    (
        "512",
        64,
        "87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cdedaa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854",
    ),
];

#[test]
fn macs_are_those_of_rfc_4231() {
    let client = Client::new();
    for (size, length, expected) in RFC_4231 {
        let key = client.external(&format!("HMAC_{size}"), "GENERATE_VERIFY_MAC");
        let mut material = vec![0x0b; 20];
        material.resize(*length, 0);
        let algorithm = format!("HMAC_SHA_{size}");
        let input = json!({
            "KeyId": key, "Message": base64(b"Hi There"), "MacAlgorithm": algorithm,
        });
        let said = client.refused("GenerateMac", &input, Kind::InvalidState);
        assert!(said.ends_with("is pending import."), "{said}");
        client.import(&key, &material);
        let made = client.call("GenerateMac", &input);
        assert_eq!(members(&made), ["KeyId", "Mac", "MacAlgorithm"]);
        let mac = unbase64(&made["Mac"]);
        assert_eq!(base16ct::lower::encode_string(&mac), *expected);

        let verify = with(&input, "Mac", made["Mac"].clone());
        let verified = client.call("VerifyMac", &verify);
        assert_eq!(members(&verified), ["KeyId", "MacAlgorithm", "MacValid"]);
        assert_eq!(verified["MacValid"], true);
        let mut changed = mac.clone();
        changed[0] ^= 1;
        for (member, value) in [
            ("Mac", base64(&changed)),
            ("Mac", base64(&mac[..mac.len() - 1])),
            ("Mac", base64(&[&mac[..], &[0]].concat())),
            ("Message", base64(b"Hi there")),
        ] {
            client.refused("VerifyMac", &with(&verify, member, json!(value)), Kind::KmsInvalidMac);
        }
    }
}

#[test]
fn usages_algorithms_and_bounds_are_checked() {
    let client = Client::new();
    let key = client.external("HMAC_384", "GENERATE_VERIFY_MAC");
    client.import(&key, &[1; 48]);
    let input = json!({ "KeyId": key, "Message": "AAAA", "MacAlgorithm": "HMAC_SHA_384" });
    let refused = |member: &str, value, kind| {
        client.refused("GenerateMac", &with(&input, member, value), kind)
    };
    for other in ["HMAC_SHA_224", "HMAC_SHA_256", "HMAC_SHA_512"] {
        refused("MacAlgorithm", json!(other), Kind::InvalidKeyUsage);
    }
    refused("MacAlgorithm", json!("HMAC_MD5"), Kind::Validation);
    refused("MacAlgorithm", json!(null), Kind::Validation);
    refused("Message", json!(""), Kind::Validation);
    refused("Message", json!(base64(&[0; 4097])), Kind::Validation);
    client.refused("VerifyMac", &input, Kind::Validation);
    client.refused("VerifyMac", &with(&input, "Mac", json!("")), Kind::Validation);
    let symmetric = client.symmetric();
    client.import(&symmetric, &[1; 32]);
    let said = refused("KeyId", json!(symmetric), Kind::InvalidKeyUsage);
    let end = "key usage is ENCRYPT_DECRYPT which is not valid for GenerateMac.";
    assert!(said.ends_with(end), "{said}");
    let verify = with(&with(&input, "Mac", json!("AAAA")), "KeyId", json!(symmetric));
    client.refused("VerifyMac", &verify, Kind::InvalidKeyUsage);
}
