//! One sound ceremony; every other vector is one of its bundles, spoiled in one place.

use super::cast::{base64, key, public, seed, signed};
use keyferry_bundle::kinds::{
    AgeCopy, Allowed, Audit, AuditSetting, Bundle, Credentials, DeviceKey, Ended, Expiration,
    InventoryEntry, InventoryKind, Isolation, KeptAs, Line, LineKind, LogHead, Made, Operation,
    Outcome, ParametersSource, Pin, PolicyKey, ReceiptTarget, RequestTarget, ResponseTarget,
    RoleRule, Roles, Target, UpkeepObject, Work, WrappedCopy,
};
use keyferry_bundle::{
    Backup, Custodian, Device, Digest, Domains, Environment, ExpirationModel, KeySpec, KeyUsage,
    Log, Plan, Policy, Receipt, Request, Response, Serial, Timestamp, Transcript, Upkeep,
    WrappingAlgorithm, WrappingKeySpec,
};

/// An `RSA_2048` public key made for this kit; its private half is gone.
const WRAPPING_KEY: &[u8] = include_bytes!("rsa2048.spki.der");
/// The check value of the 32 bytes 00, 01, … 1f (SPEC.md section 9).
const CHECK_VALUE: &str = "95793d8b40484b557cab8e0f761c7e6dab3e8db0c5727b9a6cbf6bceb272f45d";

pub(crate) fn parse<T: std::str::FromStr<Err = String>>(text: &str) -> T {
    text.parse().unwrap()
}

pub(crate) fn time(text: &str) -> Timestamp {
    parse(text)
}

pub(crate) fn digest_of<T: Bundle>(body: &T) -> Digest {
    body.to_envelope().unwrap().digest()
}

pub(crate) fn policy_key(name: &str) -> PolicyKey {
    let key = key(name);
    PolicyKey {
        holder: key.holder,
        algorithm: key.algorithm,
        spki: key.spki,
        valid_from: None,
        valid_to: None,
    }
}

pub(crate) fn rule(threshold: u8, names: &[&str]) -> RoleRule {
    RoleRule { threshold, keys: names.iter().map(|name| super::cast::id(name)).collect() }
}

pub(crate) fn policy() -> Policy {
    let custodian =
        |holder, recipient| Custodian { holder: parse(holder), recipient: parse(recipient) };
    let people = ["alice", "bob", "bob-2", "carol", "oscar", "wendy", "paula"];
    Policy {
        environment: Environment::Rehearsal,
        name: parse("Keyferry testkit"),
        version: 1,
        previous: None,
        created: time("2026-11-01T08:00:00Z"),
        expires: None,
        keys: people.map(policy_key).to_vec(),
        revoked: vec![],
        roles: Roles {
            policy_root: rule(2, &["alice", "bob", "bob-2", "carol"]),
            ceremony_officer: rule(2, &["alice", "bob", "bob-2", "carol"]),
            online_operator: rule(1, &["oscar"]),
            witness: rule(1, &["wendy", "paula"]),
        },
        allowed: Allowed {
            partition: parse("aws"),
            accounts: vec![parse("111122223333")],
            regions: vec![parse("eu-central-1"), parse("us-east-1")],
            key_specs: vec![KeySpec::SymmetricDefault],
            wrapping_algorithms: vec![WrappingAlgorithm::RsaesOaepSha256],
            smallest_wrapping_key: WrappingKeySpec::Rsa2048,
        },
        devices: vec![Serial::new(12_345_678)],
        attestation_roots: vec![],
        custodians: vec![
            custodian("carla", "age13re7j20r53mu7huw9s4xe43hplx8t66nc03d9s0na6s2p6lmf3wqs0ncga"),
            custodian("claus", "age12z58s03a68u5sd8njyu9lye6u0gxhnveamjulvvnymt8lug4mugsk9ljsj"),
        ],
    }
}

/// Version 1, signed: what later versions and devices are held against.
pub(crate) fn first_policy() -> Vec<u8> {
    signed(&policy(), &["alice", "bob"])
}

/// Version 2: dave comes, carol goes.
pub(crate) fn next_policy() -> Policy {
    let mut next = policy();
    next.version = 2;
    next.previous = Some(digest_of(&policy()));
    next.created = time("2026-11-20T08:00:00Z");
    next.keys.retain(|key| key.holder.as_str() != "carol");
    next.keys.push(policy_key("dave"));
    next.roles.policy_root = rule(2, &["alice", "bob", "dave"]);
    next.roles.ceremony_officer = rule(2, &["alice", "bob", "dave"]);
    next
}

pub(crate) fn device() -> Device {
    Device {
        environment: Environment::Rehearsal,
        policy: digest_of(&policy()),
        created: time("2026-11-02T08:00:00Z"),
        name: parse("hsm-1"),
        serial: Serial::new(12_345_678),
        firmware: parse("2.4.1"),
        signing_key: DeviceKey {
            object_id: parse("0x0100"),
            label: parse("keyferry signing"),
            spki: base64(&public("hsm-1").to_spki_der().unwrap()),
            attestation: None,
        },
        wrap_key: parse("0x0200"),
        credentials: Credentials {
            ceremony: parse("0x0002"),
            backup: parse("0x0003"),
            audit: parse("0x0004"),
            administration: parse("0x0005"),
        },
        domains: Domains::ONE,
        audit: Audit { force: AuditSetting::Fixed, fixed: vec![0x03, 0x04, 0x67] },
        log_anchor: LogHead { number: 46, digest: parse("415f51f1f035a1b713e730e4464e4033") },
        shares: None,
    }
}

pub(crate) fn plan() -> Plan {
    Plan {
        environment: Environment::Rehearsal,
        policy: digest_of(&policy()),
        device: digest_of(&device()),
        created: time("2026-11-03T08:00:00Z"),
        ceremony: parse("payments-2026"),
        counter: 1,
        previous: None,
        operation: Operation::Import,
        targets: vec![Target {
            name: parse("payments"),
            key: parse(
                "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
            ),
            key_spec: KeySpec::SymmetricDefault,
            key_usage: KeyUsage::EncryptDecrypt,
            multi_region: false,
            wrapping_algorithm: WrappingAlgorithm::RsaesOaepSha256,
            wrapping_key_spec: WrappingKeySpec::Rsa2048,
            expiration: Expiration { model: ExpirationModel::DoesNotExpire, valid_to: None },
            object_id: parse("0x0a01"),
            kept_as: KeptAs::Opaque,
            label: parse("payments 2026"),
            domains: Domains::ONE,
            generation: 1,
            material: None,
            earlier: vec![],
        }],
        custodians: vec![parse("carla")],
        boots: 3,
    }
}

/// A second target, distinct from the first in everything that must be.
pub(crate) fn second_target() -> Target {
    let mut target = plan().targets.remove(0);
    target.name = parse("ledger");
    target.key =
        parse("arn:aws:kms:us-east-1:111122223333:key/mrk-1234abcd12ab34cd56ef1234567890ab");
    target.multi_region = true;
    target.object_id = parse("0x0a02");
    target
}

pub(crate) fn request() -> Request {
    Request {
        environment: Environment::Rehearsal,
        plan: digest_of(&plan()),
        created: time("2026-11-04T08:00:00Z"),
        counter: 1,
        previous: None,
        account: parse("111122223333"),
        endpoint: parse("https://kms.eu-central-1.amazonaws.com"),
        targets: vec![RequestTarget {
            name: parse("payments"),
            key: plan().targets.remove(0).key,
            wrapping_algorithm: WrappingAlgorithm::RsaesOaepSha256,
            wrapping_key_spec: WrappingKeySpec::Rsa2048,
            wrapping_public_key: base64(WRAPPING_KEY),
            import_token_sha256: Digest::of(b"import token of the testkit"),
            parameters_valid_to: time("2026-11-05T08:00:00Z"),
            source: ParametersSource::Api,
        }],
    }
}

pub(crate) fn backup() -> Backup {
    Backup {
        environment: Environment::Rehearsal,
        plan: digest_of(&plan()),
        device: digest_of(&device()),
        created: time("2026-11-04T09:00:00Z"),
        serial: Serial::new(12_345_678),
        target: parse("payments"),
        key: plan().targets.remove(0).key,
        generation: 1,
        object_id: parse("0x0a01"),
        check_value: parse(CHECK_VALUE),
        wrapped: WrappedCopy {
            wrap_key: parse("0x0200"),
            sha256: Digest::of(b"copy under wrap of the testkit"),
        },
        age: Some(AgeCopy {
            recipients: vec![policy().custodians.remove(0)],
            sha256: Digest::of(b"age copy of the testkit"),
        }),
    }
}

pub(crate) fn response() -> Response {
    Response {
        environment: Environment::Rehearsal,
        request: digest_of(&request()),
        plan: digest_of(&plan()),
        device: digest_of(&device()),
        created: time("2026-11-04T09:00:00Z"),
        serial: Serial::new(12_345_678),
        isolation: Isolation::Isolated,
        log: digest_of(&log()),
        targets: vec![ResponseTarget {
            name: parse("payments"),
            key: plan().targets.remove(0).key,
            key_spec: KeySpec::SymmetricDefault,
            wrapping_algorithm: WrappingAlgorithm::RsaesOaepSha256,
            wrapping_public_key_sha256: Digest::of(WRAPPING_KEY),
            import_token_sha256: Digest::of(b"import token of the testkit"),
            // As long as RSAES-OAEP under RSA_2048 makes it; not a ciphertext of anything.
            encrypted_key_material: base64(&stream(256)),
            object_id: parse("0x0a01"),
            made: Made::Generated,
            check_value: parse(CHECK_VALUE),
            public_key: None,
            attestation: None,
            known_answer: None,
            backup: digest_of(&backup()),
        }],
    }
}

/// Entries 47 to 51 of the sample in Yubico's command reference, GET LOG ENTRIES; the anchor is entry 46.
const ENTRIES: &str = "002f4c004d0001aff7ffffcc00055de25496a60d478c2b9c801d8d32ca66b554\
     003000_0000ffff000000000000000000_14ac7747ba9bbb243cfc70befeb5349b\
     003103000affff0001ffff830000008b_b20a8f25c025e693a8e869b443294a20\
     0032040011ffff0001ffff840000008b_ebfae425c319ac7a0afbb8b92597de7c\
     00336700020001ffffffffe7000002b9_2e395d1b706668737e1d2215813db47e";

pub(crate) fn log() -> Log {
    let digits: String = ENTRIES.chars().filter(|c| *c != '_').collect();
    let bytes = (0..digits.len()).step_by(2);
    let bytes: Vec<u8> =
        bytes.map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap()).collect();
    Log {
        environment: Environment::Rehearsal,
        device: digest_of(&device()),
        created: time("2026-11-04T09:00:00Z"),
        serial: Serial::new(12_345_678),
        counter: 1,
        previous: None,
        plan: Some(digest_of(&plan())),
        from: Some(device().log_anchor),
        entries: base64(&bytes),
        unlogged_boots: 0,
        unlogged_authentications: 0,
    }
}

pub(crate) fn receipt() -> Receipt {
    Receipt {
        environment: Environment::Rehearsal,
        response: digest_of(&response()),
        created: time("2026-11-04T10:00:00Z"),
        account: parse("111122223333"),
        endpoint: parse("https://kms.eu-central-1.amazonaws.com"),
        targets: vec![ReceiptTarget {
            name: parse("payments"),
            key: plan().targets.remove(0).key,
            outcome: Outcome::Imported,
            expiration: Expiration { model: ExpirationModel::DoesNotExpire, valid_to: None },
            key_material_id: Some(parse(&Digest::of(b"key material id").to_string())),
            generations: vec![],
            proof: None,
        }],
    }
}

pub(crate) fn upkeep() -> Upkeep {
    let entry = |kind, id| InventoryEntry { kind, object_id: parse(id) };
    Upkeep {
        environment: Environment::Rehearsal,
        device: digest_of(&device()),
        created: time("2026-11-04T12:00:00Z"),
        serial: Serial::new(12_345_678),
        counter: 1,
        previous: None,
        work: Work::Backup,
        plan: None,
        reason: Some(parse("yearly copy")),
        objects: vec![UpkeepObject {
            object_id: parse("0x0a01"),
            kept_as: KeptAs::Opaque,
            check_value: parse(CHECK_VALUE),
            public_key: None,
            wrapped: Some(Digest::of(b"copy under wrap of the testkit")),
            source: None,
            attestation: None,
        }],
        inventory: vec![
            entry(InventoryKind::AsymmetricKey, "0x0100"),
            entry(InventoryKind::Opaque, "0x0a01"),
            entry(InventoryKind::WrapKey, "0x0200"),
        ],
    }
}

/// A pin of the response of this story.
pub(crate) fn pin() -> Pin {
    Pin {
        response: digest_of(&response()),
        check_value: parse(CHECK_VALUE),
        key_material_id: receipt().targets.remove(0).key_material_id,
    }
}

pub(crate) fn transcript() -> Transcript {
    let line = |kind, text| Line { kind, text: parse(text) };
    Transcript {
        environment: Environment::Rehearsal,
        device: digest_of(&device()),
        created: time("2026-11-04T09:00:00Z"),
        serial: Serial::new(12_345_678),
        program: parse("keyferry-offline 0.1.0"),
        command: parse("keyferry-offline respond payments-2026 --room memory"),
        counter: 1,
        previous: None,
        unrecorded: 0,
        part: 1,
        parts: 1,
        about: vec![digest_of(&backup()), digest_of(&response())],
        ended: Ended::Done,
        lines: vec![
            line(LineKind::Secret, "Password of authentication key 0x0002"),
            line(LineKind::Said, "Ceremony payments-2026 (rehearsal)"),
            line(LineKind::Said, ""),
            line(LineKind::Asked, "Generate and wrap this key material?"),
            line(LineKind::Answered, "payments-2026"),
        ],
    }
}

/// So many fixed bytes.
pub(crate) fn stream(length: usize) -> Vec<u8> {
    (0_u32..).flat_map(|block| seed("stream", &block.to_string())).take(length).collect()
}
