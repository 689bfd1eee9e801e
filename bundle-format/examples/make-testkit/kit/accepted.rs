//! Bundles that every reader must accept, for ever.

use super::Kit;
use super::cast::{
    base64, hsm, hsm_and_witness, officers, operator, quorum, quorum_of_dated, sealed, signed,
    spoil, text,
};
use super::shares::{in_shares, joined};
use super::story::{
    backup, device, digest_of, first_policy, log, next_policy, parse, pin, plan, policy, receipt,
    request, response, rule, second_target, stream, time, transcript, upkeep,
};
use super::vector::{Trust, Vector};
use keyferry_bundle::envelope::{MAX_PAYLOAD_BYTES, MAX_SIGNATURES};
use keyferry_bundle::kinds::{
    Ended, Isolation, Made, Operation, Outcome, ParametersSource, Pin, Proof, ProofMethod,
    Transcript, Work, payload_type,
};
use keyferry_bundle::{Digest, Environment, Expiration, ExpirationModel, KeySpec, Kind, Log, Role};

const GROUP: &str = "accepted";

pub(crate) fn add(kit: &mut Kit) {
    each_kind(kit);
    variations(kit);
    later(kit);
    logs(kit);
    transcripts(kit);
    proofs(kit);
    json_freedom(kit);
    signatures(kit);
}

fn add_one(kit: &mut Kit, name: &str, kind: Kind, trust: Trust, bundle: Vec<u8>, comment: &str) {
    kit.add(GROUP, name, Vector::accepted(kind, trust, bundle, comment));
}

fn each_kind(kit: &mut Kit) {
    let policy_trust = Trust::FirstPolicy;
    let next_trust = Trust::NextPolicy { policy: base64(&first_policy()) };
    let device_trust =
        Trust::Device { policy: base64(&first_policy()), roles: vec![Role::Witness] };
    add_one(kit, "policy", Kind::Policy, policy_trust, first_policy(), "policy version 1");
    let next = signed(&next_policy(), &["alice", "bob", "dave"]);
    add_one(
        kit,
        "policy-next",
        Kind::Policy,
        next_trust,
        next,
        "policy version 2: carol goes, dave comes",
    );
    let bundle = signed(&device(), &["hsm-1", "wendy"]);
    add_one(kit, "device", Kind::Device, device_trust, bundle, "signed by the HSM and a witness");
    let bundle = signed(&plan(), &["alice", "bob"]);
    add_one(kit, "plan", Kind::Plan, officers(), bundle, "signed by two officers");
    let bundle = signed(&request(), &["oscar"]);
    add_one(kit, "request", Kind::Request, operator(), bundle, "signed by the operator");
    let bundle = signed(&backup(), &["hsm-1"]);
    add_one(kit, "backup", Kind::Backup, hsm(), bundle, "signed by the HSM");
    let bundle = signed(&response(), &["hsm-1", "wendy"]);
    add_one(
        kit,
        "response",
        Kind::Response,
        hsm_and_witness(),
        bundle,
        "signed by the HSM and a witness",
    );
    let bundle = signed(&receipt(), &["oscar"]);
    add_one(kit, "receipt", Kind::Receipt, operator(), bundle, "signed by the operator");
    let bundle = signed(&log(), &["hsm-1"]);
    add_one(kit, "log", Kind::Log, hsm(), bundle, "signed by the HSM");
    let bundle = signed(&transcript(), &["hsm-1"]);
    add_one(kit, "transcript", Kind::Transcript, hsm(), bundle, "signed by the HSM");
    let bundle = signed(&upkeep(), &["hsm-1", "wendy"]);
    let comment = "a backup of everything, signed by the HSM and a witness";
    add_one(kit, "upkeep", Kind::Upkeep, hsm_and_witness(), bundle, comment);
}

fn variations(kit: &mut Kit) {
    let mut body = policy();
    body.environment = Environment::Production;
    body.custodians.clear();
    body.roles.witness = rule(2, &["wendy", "paula"]);
    let bundle = signed(&body, &["carol", "bob-2"]);
    add_one(
        kit,
        "policy-production",
        Kind::Policy,
        Trust::FirstPolicy,
        bundle,
        "production, no custodians",
    );

    let trust = Trust::Device { policy: base64(&first_policy()), roles: vec![] };
    let bundle = signed(&device(), &["hsm-1"]);
    add_one(
        kit,
        "device-alone",
        Kind::Device,
        trust,
        bundle,
        "before any witness signed: no role is asked for",
    );

    let trust = Trust::Device { policy: base64(&first_policy()), roles: vec![Role::Witness] };
    let bundle = signed(&in_shares(), &["hsm-1", "wendy"]);
    add_one(
        kit,
        "device-in-shares",
        Kind::Device,
        trust,
        bundle,
        "a wrap key in shares, any two of three, each proved",
    );

    let trust = Trust::Device { policy: base64(&first_policy()), roles: vec![Role::Witness] };
    let bundle = signed(&joined(), &["hsm-1", "wendy"]);
    add_one(
        kit,
        "device-joined",
        Kind::Device,
        trust,
        bundle,
        "the wrap key of another HSM, put together from two shares of three",
    );

    let mut body = plan();
    body.counter = 2;
    body.previous = Some(digest_of(&plan()));
    body.custodians.clear();
    body.targets.push(second_target());
    body.targets[0].expiration = Expiration {
        model: ExpirationModel::Expires,
        valid_to: Some(body.created.plus_days(Expiration::MAX_DAYS)),
    };
    let bundle = signed(&body, &["carol", "bob-2"]);
    add_one(
        kit,
        "plan-next",
        Kind::Plan,
        officers(),
        bundle,
        "plan 2: two targets, one multi-Region, one that expires after 365 days",
    );

    let mut body = request();
    body.counter = u32::MAX;
    body.previous = Some(digest_of(&request()));
    body.endpoint = parse("console");
    body.targets[0].source = ParametersSource::Console;
    let bundle = signed(&body, &["oscar"]);
    add_one(
        kit,
        "request-last",
        Kind::Request,
        operator(),
        bundle,
        "the largest counter; from the AWS console",
    );

    let mut body = backup();
    body.age = None;
    body.generation = 2;
    let bundle = signed(&body, &["hsm-1"]);
    add_one(
        kit,
        "backup-without-age",
        Kind::Backup,
        hsm(),
        bundle,
        "second generation, no age copy",
    );

    let mut body = response();
    body.isolation = Isolation::Overridden;
    body.targets[0].made = Made::Stored;
    let bundle = signed(&body, &["hsm-1", "paula"]);
    add_one(
        kit,
        "response-overridden",
        Kind::Response,
        hsm_and_witness(),
        bundle,
        "a rehearsal on a networked host, with a P-256 witness",
    );

    let mut body = receipt();
    body.targets[0].outcome = Outcome::Confirmed;
    body.targets[0].key_material_id = None;
    body.targets[0].expiration = Expiration {
        model: ExpirationModel::Expires,
        valid_to: Some(time("2027-02-28T23:59:59Z")),
    };
    let bundle = signed(&body, &["oscar"]);
    add_one(
        kit,
        "receipt-confirmed",
        Kind::Receipt,
        operator(),
        bundle,
        "confirmed afterwards; expires; no key material id",
    );
}

/// What comes after the first import.
fn later(kit: &mut Kit) {
    let mut body = plan();
    body.operation = Operation::Reimport;
    body.targets[0].material = Some(pin());
    let mut replica = second_target();
    replica.object_id = parse("0x0a01");
    replica.material = Some(Pin { key_material_id: None, ..pin() });
    body.targets.push(replica);
    let mut older = body.targets[0].clone();
    older.name = parse("older");
    older.generation = 2;
    older.object_id = parse("0x0a02");
    body.targets.push(older);
    let bundle = signed(&body, &["alice", "bob"]);
    let comment = "two generations of one key, and one key material for two keys, imported again";
    add_one(kit, "plan-reimport", Kind::Plan, officers(), bundle, comment);

    let mut body = plan();
    body.operation = Operation::Rotate;
    body.targets[0].generation = 3;
    body.targets[0].earlier = vec![pin(), pin()];
    let bundle = signed(&body, &["alice", "bob"]);
    add_one(kit, "plan-rotate", Kind::Plan, officers(), bundle, "a third generation");

    let mut body = response();
    body.targets[0].made = Made::Restored;
    let mut second = body.targets[0].clone();
    second.name = parse("ledger");
    second.made = Made::Kept;
    body.targets.push(second);
    let bundle = signed(&body, &["hsm-1", "wendy"]);
    let comment = "key material that was restored, and some that was kept";
    add_one(kit, "response-reimport", Kind::Response, hsm_and_witness(), bundle, comment);

    let mut body = receipt();
    body.targets[0].generations =
        (0..26_u8).map(|n| parse(&Digest::of(&[n]).to_string())).collect();
    let bundle = signed(&body, &["oscar"]);
    add_one(kit, "receipt-rotate", Kind::Receipt, operator(), bundle, "26 generations");

    let mut body = upkeep();
    body.counter = u32::MAX;
    body.previous = Some(digest_of(&upkeep()));
    body.work = Work::Drill;
    body.objects[0].source = Some(digest_of(&backup()));
    let bundle = signed(&body, &["hsm-1", "wendy"]);
    let comment = "a drill, the largest counter";
    add_one(kit, "upkeep-drill", Kind::Upkeep, hsm_and_witness(), bundle, comment);

    let mut body = upkeep();
    body.work = Work::Abort;
    body.plan = Some(digest_of(&plan()));
    body.objects[0].wrapped = None;
    (body.reason, body.inventory) = (None, vec![]);
    let bundle = signed(&body, &["hsm-1", "wendy"]);
    add_one(kit, "upkeep-abort", Kind::Upkeep, hsm_and_witness(), bundle, "a plan given up");
}

/// A log at its limits.
fn logs(kit: &mut Kit) {
    let mut body = log();
    body.counter = u32::MAX;
    body.previous = Some(digest_of(&log()));
    (body.plan, body.from) = (None, None);
    body.entries = base64(&stream(32 * Log::MAX_ENTRIES));
    (body.unlogged_boots, body.unlogged_authentications) = (u16::MAX, u16::MAX);
    let bundle = signed(&body, &["hsm-1"]);
    let comment = "4,096 entries, after a gap and without a plan";
    add_one(kit, "log-at-limit", Kind::Log, hsm(), bundle, comment);
}

/// The ends of what a transcript may hold.
fn transcripts(kit: &mut Kit) {
    let mut add = |name: &str, body: &Transcript, comment: &str| {
        add_one(kit, name, Kind::Transcript, hsm(), signed(body, &["hsm-1"]), comment);
    };
    let mut body = transcript();
    body.counter = u32::MAX;
    body.previous = Some(digest_of(&transcript()));
    body.unrecorded = u32::MAX;
    body.about.clear();
    body.ended = Ended::Declined;
    add(
        "transcript-declined",
        &body,
        "the largest counters; declined, so that nothing was written",
    );

    let mut body = transcript();
    body.counter = 16;
    body.previous = Some(digest_of(&transcript()));
    (body.part, body.parts) = (16, 16);
    body.ended = Ended::Failed;
    body.about = (0..1024_u16).map(|n| Digest::of(&n.to_be_bytes())).collect();
    body.command = parse(&"c".repeat(1024));
    body.lines = vec![body.lines[2].clone(); 1024];
    body.lines[1023].text = parse(&"~ ".repeat(512));
    add("transcript-at-limit", &body, "part 16 of 16: 1,024 lines, the last of 1,024 characters");
}

/// What an HMAC key has and a symmetric key has not.
fn proofs(kit: &mut Kit) {
    let mut body = response();
    body.targets[0].key_spec = KeySpec::Hmac256;
    body.targets[0].made = Made::Resumed;
    body.targets[0].known_answer = Some(Digest::of(b"MAC of the testkit"));
    let bundle = signed(&body, &["hsm-1", "wendy"]);
    add_one(
        kit,
        "response-known-answer",
        Kind::Response,
        hsm_and_witness(),
        bundle,
        "an HMAC key with its known answer, after a run that was cut off",
    );

    let message = format!("keyferry known answer v1 {} payments", digest_of(&plan()));
    let mut said = receipt();
    said.response = digest_of(&body);
    said.targets[0].key_material_id = None;
    said.targets[0].proof = Some(Proof {
        method: ProofMethod::Mac,
        challenge: base64(message.as_bytes()),
        answer: base64(b"MAC of the testkit"),
        public_key: None,
    });
    let bundle = signed(&said, &["oscar"]);
    add_one(kit, "receipt-proof", Kind::Receipt, operator(), bundle, "shows a MAC of an HMAC key");
}

/// What strict JSON leaves free inside a payload: the signature covers the bytes as they are.
fn json_freedom(kit: &mut Kit) {
    let plain = text(&request());
    let mut free = |name: &str, payload: &str, comment: &str| {
        let bundle = sealed(&payload_type(Kind::Request), payload.as_bytes(), &["oscar"]);
        add_one(kit, name, Kind::Request, operator(), bundle, comment);
    };
    let spaced = spoil(
        &plain,
        "{\"environment\":\"rehearsal\",",
        "\r\n\t { \"environment\" : \"rehearsal\" ,\n",
    );
    free("payload-white-space", &(spaced + " \n"), "white space between the payload's tokens");
    let moved = spoil(&plain, "{\"environment\":\"rehearsal\",", "{");
    let moved = spoil(&moved, "\"counter\":1,", "\"counter\":1,\"environment\":\"rehearsal\",");
    free("payload-member-order", &moved, "the payload's members in another order");
    let escaped =
        spoil(&plain, "\"environment\":\"rehearsal\"", "\"envir\\u006fnment\":\"\\u0072ehearsal\"");
    free("payload-escapes", &escaped, "escapes in a name and a value that need none");
    let padding = " ".repeat(MAX_PAYLOAD_BYTES - plain.len());
    free("payload-at-limit", &(plain.clone() + &padding), "a payload of exactly 384,000 bytes");
}

fn signatures(kit: &mut Kit) {
    let bundle = signed(&plan(), &["carol", "bob-2", "bob", "alice"]);
    add_one(
        kit,
        "more-than-needed",
        Kind::Plan,
        officers(),
        bundle,
        "four signatures of three holders, in no order",
    );

    let names: Vec<String> = (1..=MAX_SIGNATURES).map(|n| format!("officer-{n:02}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let trust = quorum(Role::CeremonyOfficer, 32, &names);
    let bundle = signed(&plan(), &names);
    add_one(kit, "signatures-at-limit", Kind::Plan, trust, bundle, "32 signatures, all needed");

    let created = request().created;
    let trust = quorum_of_dated(Role::OnlineOperator, "oscar", Some(created), Some(created));
    let bundle = signed(&request(), &["oscar"]);
    add_one(
        kit,
        "validity-at-both-ends",
        Kind::Request,
        trust,
        bundle,
        "made in the first and last second of the key's validity",
    );
}
