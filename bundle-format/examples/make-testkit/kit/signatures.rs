//! Who signed, what they signed, and how many of them count.

use super::Kit;
use super::cast::{
    hsm_and_witness, id, key, officers, operator, quorum_of_dated, sealed, sign, signed,
    spoil_bytes,
};
use super::story::{plan, request, response, time};
use super::vector::{Rule, Trust, Vector};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use keyferry_bundle::kinds::{Bundle as _, payload_type};
use keyferry_bundle::{Kind, Role, json};

const GROUP: &str = "signatures";

pub(crate) fn add(kit: &mut Kit) {
    quorums(kit);
    keys(kit);
    messages(kit);
    kinds(kit);
    validity(kit);
}

fn plan_by(signers: &[&str]) -> Vec<u8> {
    signed(&plan(), signers)
}

fn refused(expect: &str, bundle: Vec<u8>, comment: &str) -> Vector {
    Vector::refused(expect, Kind::Plan, officers(), bundle, comment)
}

fn quorums(kit: &mut Kit) {
    let mut add = |name: &str, trust: Trust, bundle: Vec<u8>, comment: &str| {
        let vector = Vector::refused("quorum-short", Kind::Plan, trust, bundle, comment);
        kit.add(GROUP, name, vector);
    };
    add("none", officers(), plan_by(&[]), "no signature");
    add("one-of-two", officers(), plan_by(&["alice"]), "one officer of two");
    add(
        "two-keys-of-one-holder",
        officers(),
        plan_by(&["bob", "bob-2"]),
        "two keys of one holder count once",
    );
    let Trust::Requirements { mut enrolled, quorums, revoked } = officers() else { unreachable!() };
    enrolled.push(key("oscar"));
    let trust = Trust::Requirements { enrolled, quorums, revoked };
    add(
        "other-role",
        trust,
        plan_by(&["alice", "oscar"]),
        "an enrolled key of another role does not count",
    );
    let Trust::Requirements { enrolled, mut quorums, revoked } = officers() else { unreachable!() };
    quorums.push(Rule { role: Role::Witness, threshold: 1, keys: vec![id("carol")] });
    let trust = Trust::Requirements { enrolled, quorums, revoked };
    add(
        "second-quorum",
        trust,
        plan_by(&["alice", "bob"]),
        "the first quorum is met, the second is not",
    );
    let bundle = signed(&response(), &["wendy", "paula"]);
    let comment = "witnesses without the HSM";
    let vector =
        Vector::refused("quorum-short", Kind::Response, hsm_and_witness(), bundle, comment);
    kit.add(GROUP, "no-hsm", vector);

    let Trust::Requirements { enrolled, mut quorums, revoked } = officers() else { unreachable!() };
    for quorum in &mut quorums {
        quorum.threshold = 0;
    }
    let trust = Trust::Requirements { enrolled, quorums, revoked };
    let comment = "a reader that asks for no signature gets no bundle: threshold 0";
    kit.add(
        GROUP,
        "threshold-0",
        Vector::refused("no-quorum", Kind::Plan, trust, plan_by(&["alice", "bob"]), comment),
    );
    let trust =
        Trust::Requirements { enrolled: vec![key("alice")], quorums: vec![], revoked: vec![] };
    let comment = "a reader that asks for no signature gets no bundle: no quorum";
    kit.add(
        GROUP,
        "no-quorum",
        Vector::refused("no-quorum", Kind::Plan, trust, plan_by(&["alice"]), comment),
    );
}

fn keys(kit: &mut Kit) {
    let by_two = plan_by(&["alice", "bob"]);
    let stranger = plan_by(&["alice", "bob", "mallory"]);
    kit.add(
        GROUP,
        "unknown-signer",
        refused("unknown-signer", stranger, "a quorum, and a key nobody enrolled"),
    );
    let first = plan_by(&["mallory"]);
    kit.add(
        GROUP,
        "unknown-signer-alone",
        refused("unknown-signer", first, "nobody but a key that nobody enrolled"),
    );
    let (alice, bob) = (id("alice").to_string(), id("bob").to_string());
    let other = spoil_bytes(&by_two, &bob, &id("carol").to_string());
    kit.add(
        GROUP,
        "keyid-of-another",
        refused("bad-signature", other, "bob's signature under carol's key id"),
    );
    let made_up = spoil_bytes(&plan_by(&["alice", "bob"]), &bob, &"5".repeat(64));
    kit.add(
        GROUP,
        "keyid-made-up",
        refused(
            "unknown-signer",
            made_up,
            "one key under a key id that is not its own: only the SHA-256 of its SPKI finds it",
        ),
    );
    let entry = |name: &str, keyid: &str| {
        let pae = plan().to_envelope().unwrap().pae();
        let sig = STANDARD.encode(sign(name, &pae));
        format!("{{\"keyid\":\"{keyid}\",\"sig\":\"{sig}\"}}")
    };
    let alone = plan_by(&["alice"]);
    let one = entry("alice", &alice);
    let again = spoil_bytes(&alone, &one, &format!("{one},{one}"));
    kit.add(GROUP, "repeated", refused("repeated-signer", again, "the same signature twice"));
    let again = spoil_bytes(&by_two, &one, &format!("{one},{one}"));
    kit.add(
        GROUP,
        "repeated-beside-quorum",
        refused("repeated-signer", again, "a quorum, and one of its signatures twice"),
    );
    let second = entry("alice", &"6".repeat(64));
    let again = spoil_bytes(&alone, &one, &format!("{one},{second}"));
    kit.add(
        GROUP,
        "one-key-under-two-ids",
        refused("unknown-signer", again, "one key's signature under two key ids"),
    );
}

/// An envelope with alice's sound signature and one by bob that is not.
fn with_second(sig: &[u8]) -> Vec<u8> {
    let alone = String::from_utf8(plan_by(&["alice"])).unwrap();
    let second =
        format!("}},{{\"keyid\":\"{}\",\"sig\":\"{}\"}}]", id("bob"), STANDARD.encode(sig));
    alone.replace("}]", &second).into_bytes()
}

fn messages(kit: &mut Kit) {
    let payload = json::encode(&plan()).unwrap();
    let pae = |kind: &str, payload: &[u8]| keyferry_bundle::envelope::pae(kind, payload);
    let kind = payload_type(Kind::Plan);
    let mut add = |name: &str, message: &[u8], comment: &str| {
        let bundle = with_second(&sign("bob", message));
        kit.add(GROUP, name, refused("bad-signature", bundle, comment));
    };
    add(
        "over-other-type",
        &pae(&payload_type(Kind::Request), &payload),
        "a signature over the same payload as another payload type",
    );
    add("over-other-payload", &pae(&kind, b"{}"), "a signature over another payload");
    add("over-bare-payload", &payload, "a signature over the payload without PAE");
    add(
        "over-base64",
        &pae(&kind, STANDARD.encode(&payload).as_bytes()),
        "a signature over the payload's base64",
    );
    add(
        "over-digest",
        super::story::digest_of(&plan()).as_bytes(),
        "an Ed25519 signature over the SHA-256 of the PAE",
    );
    let dsse_v0 = format!("DSSEv0 {} {kind} {} ", kind.len(), payload.len());
    add(
        "over-other-pae",
        &[dsse_v0.as_bytes(), &payload].concat(),
        "a signature over the PAE of another DSSE version",
    );
    let mut sig = sign("bob", &pae(&kind, &payload));
    sig[20] ^= 1;
    kit.add(
        GROUP,
        "one-bit",
        refused("bad-signature", with_second(&sig), "one bit of a signature changed"),
    );
    let mut payload = payload;
    payload.push(b' ');
    let sound = plan_by(&["alice", "bob"]);
    let changed = STANDARD.encode(&payload);
    let bundle = spoil_bytes(&sound, &STANDARD.encode(json::encode(&plan()).unwrap()), &changed);
    kit.add(
        GROUP,
        "payload-white-space",
        refused(
            "bad-signature",
            bundle,
            "a space added to the payload after signing: the same JSON, not the same bytes",
        ),
    );
}

fn kinds(kit: &mut Kit) {
    let mut add = |name: &str, payload_type: &str, comment: &str| {
        let bundle = sealed(payload_type, &json::encode(&plan()).unwrap(), &["alice", "bob"]);
        kit.add(GROUP, name, refused("wrong-kind", bundle, comment));
    };
    add(
        "kind-request",
        &payload_type(Kind::Request),
        "a request, where a plan is asked for, with the officers' signatures",
    );
    add("kind-version-2", "application/vnd.keyferry.plan.v2+json", "version 2");
    add(
        "kind-upper-case",
        "application/vnd.keyferry.PLAN.v1+json",
        "payload types are compared byte for byte",
    );
    add(
        "kind-parameter",
        "application/vnd.keyferry.plan.v1+json; charset=utf-8",
        "a media type parameter",
    );
    add("kind-blank", "application/vnd.keyferry.plan.v1+json ", "a space at the end");
    add("kind-empty", "", "an empty payload type");
    add("kind-in-toto", "application/vnd.in-toto+json", "another user of DSSE");
}

fn validity(kit: &mut Kit) {
    let mut add = |name: &str, from: Option<&str>, to: Option<&str>, comment: &str| {
        let trust = quorum_of_dated(Role::OnlineOperator, "oscar", from.map(time), to.map(time));
        let bundle = signed(&request(), &["oscar"]);
        let vector = Vector::refused("outside-validity", Kind::Request, trust, bundle, comment);
        kit.add(GROUP, name, vector);
    };
    add(
        "before-validity",
        Some("2026-11-04T08:00:01Z"),
        None,
        "made a second before the key's validity begins",
    );
    add(
        "after-validity",
        None,
        Some("2026-11-04T07:59:59Z"),
        "made a second after the key's validity ended",
    );
    let Trust::Requirements { enrolled: mut dated, .. } =
        quorum_of_dated(Role::Witness, "paula", None, Some(time("2026-01-01T00:00:00Z")))
    else {
        unreachable!()
    };
    let Trust::Requirements { mut enrolled, quorums, revoked } = operator() else { unreachable!() };
    enrolled.append(&mut dated);
    let trust = Trust::Requirements { enrolled, quorums, revoked };
    let bundle = signed(&request(), &["oscar", "paula"]);
    let comment = "the quorum is met without the key that is outside its validity";
    kit.add(
        GROUP,
        "outside-validity-beside-quorum",
        Vector::refused("outside-validity", Kind::Request, trust, bundle, comment),
    );
}
