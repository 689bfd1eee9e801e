//! The vectors of `bundle-format/testkit` that every program carries.

use super::SelfTest;

macro_rules! vectors {
    ($($path:literal),* $(,)?) => {
        vec![$(SelfTest::vector(
            concat!("testkit/", $path),
            include_str!(concat!("../../../bundle-format/testkit/", $path)),
        )),*]
    };
}

/// One accepted bundle of each kind; each class of faults of JSON, of signatures and of counting them.
pub(super) fn tests() -> Vec<SelfTest> {
    vectors![
        "accepted/policy.json",
        "accepted/device.json",
        "accepted/plan.json",
        "accepted/request.json",
        "accepted/response.json",
        "accepted/backup.json",
        "accepted/receipt.json",
        "accepted/log.json",
        "accepted/transcript.json",
        "accepted/revoked-beside-quorum.json",
        "strict-json/array-for-object.json",
        "strict-json/duplicate-member-escaped.json",
        "strict-json/float.json",
        "strict-json/invalid-utf-8.json",
        "strict-json/negative.json",
        "strict-json/null-optional.json",
        "strict-json/too-deep.json",
        "strict-json/trailing-object.json",
        "strict-json/two-to-53.json",
        "strict-json/unknown-member.json",
        "keys/ed25519-small-order-1.json",
        "ed25519/malleable-s.json",
        "ed25519/r-with-torsion.json",
        "ed25519/small-order-r.json",
        "ecdsa/both-s.json",
        "ecdsa/high-s.json",
        "ecdsa/padded-r.json",
        "ecdsa/raw.json",
        "signatures/kind-request.json",
        "signatures/one-of-two.json",
        "signatures/over-bare-payload.json",
        "signatures/repeated-beside-quorum.json",
        "signatures/revoked-by-then.json",
        "signatures/threshold-0.json",
        "signatures/two-keys-of-one-holder.json",
    ]
}
