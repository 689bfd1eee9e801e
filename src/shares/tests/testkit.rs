//! The test vectors with shares, whose polynomial the testkit's own generator computed.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use keyferry_bundle::kinds::ShareSet;
use keyferry_bundle::{Base64, Device, Envelope, Serial, json};
use keyferry_shares::verify_proofs;
use std::path::Path;

/// The device of a vector.
fn vector(name: &str) -> Device {
    let path = format!("../../bundle-format/testkit/accepted/{name}.json");
    let text = std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap();
    let members = json::tree(&text).unwrap();
    let bundle = members.get("bundle").and_then(|bundle| bundle.as_str()).unwrap();
    let bytes = Base64::try_from(bundle.to_owned()).unwrap();
    let envelope = Envelope::decode_canonical(bytes.as_bytes()).unwrap();
    json::decode(envelope.untrusted_payload()).unwrap()
}

#[test]
fn proofs_of_another_implementation_hold_and_do_not_where_something_is_changed() {
    let device = vector("device-in-shares");
    let set = device.shares.unwrap();
    assert_eq!(verify_proofs(&set, device.serial), Ok(()));
    let refused = |change: &dyn Fn(&mut ShareSet), serial: Serial| {
        let mut changed = set.clone();
        change(&mut changed);
        changed.id = changed.computed_id(serial);
        verify_proofs(&changed, serial).is_err()
    };
    assert!(!refused(&|_| {}, device.serial));
    assert!(refused(&|_| {}, Serial::new(7)));
    assert!(refused(&|set| set.commitments.swap(0, 1), device.serial));
    let swap = |set: &mut ShareSet| {
        let [one, two, ..] = set.holders.as_mut_slice() else { return };
        std::mem::swap(&mut one.proof, &mut two.proof);
    };
    assert!(refused(&swap, device.serial));
}

#[test]
fn a_set_of_another_hsm_has_proofs_for_both() {
    let device = vector("device-joined");
    let set = device.shares.unwrap();
    assert_eq!(verify_proofs(&set, device.serial), Ok(()));
    assert!(verify_proofs(&set, Serial::new(8)).is_err());
    for place in [0, 2] {
        let mut old = set.clone();
        old.holders[place].present.clone_from(&set.holders[place].proof);
        let refused = verify_proofs(&old, device.serial).unwrap_err();
        assert_eq!(refused.field, format!("shares.holders[{place}].present"));
    }
}
