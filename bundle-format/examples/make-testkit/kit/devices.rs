//! Device bundles that do not fit the policy, or are not signed by their own key.

use super::Kit;
use super::cast::{base64, public, signed};
use super::story::{device, first_policy, parse};
use super::vector::{Refusing, Trust, Vector};
use keyferry_bundle::{Device, Digest, Kind, Role, Serial};

const GROUP: &str = "device";

pub(crate) fn add(kit: &mut Kit) {
    fields(kit);
    signers(kit);
}

fn refused(expect: &str, body: &Device, signers: &[&str], comment: &str) -> Vector {
    let trust = Trust::Device { policy: base64(&first_policy()), roles: vec![Role::Witness] };
    Vector::refused(expect, Kind::Device, trust, signed(body, signers), comment)
}

fn fields(kit: &mut Kit) {
    let mut broken = |name: &str, change: &dyn Fn(&mut Device), field: &str, comment: &str| {
        let mut body = device();
        change(&mut body);
        let vector = refused("payload-field", &body, &["hsm-1", "wendy"], comment);
        kit.add(GROUP, name, vector.field(field));
    };
    let spki = |name: &str| base64(&public(name).to_spki_der().unwrap());
    broken(
        "other-policy",
        &|d| d.policy = Digest::of(b"another policy"),
        "policy",
        "of another policy",
    );
    broken(
        "unknown-serial",
        &|d| d.serial = Serial::new(87_654_321),
        "serial",
        "a serial number that the policy does not list",
    );
    broken("name-of-a-person", &|d| d.name = parse("wendy"), "name", "the HSM has a person's name");
    broken(
        "ed25519-key",
        &|d| d.signing_key.spki = spki("dave"),
        "signing_key.spki",
        "an Ed25519 key for an HSM",
    );
    broken(
        "no-key",
        &|d| d.signing_key.spki = base64(b"junk"),
        "signing_key.spki",
        "bytes that are no key",
    );
    broken(
        "administration-key-of-ceremonies",
        &|d| d.credentials.administration = d.credentials.ceremony,
        "credentials.administration",
        "one authentication key for ceremonies and administration",
    );
    broken(
        "wrap-key-on-the-signing-keys-id",
        &|d| d.wrap_key = d.signing_key.object_id,
        "wrap_key",
        "two of the device's keys with one id",
    );
    broken(
        "audit-of-session-messages",
        &|d| d.audit.fixed = vec![0x03, 0x04, 0x05],
        "audit.fixed",
        "SESSION MESSAGE is logged: a full log could not be read any more",
    );
    broken(
        "audit-out-of-order",
        &|d| d.audit.fixed = vec![0x04, 0x03],
        "audit.fixed",
        "commands that do not rise",
    );
    let mut body = device();
    body.audit.fixed = vec![0x03, 0x03];
    let vector = refused("payload-field", &body, &["hsm-1", "wendy"], "one command twice");
    let vector = vector.field("audit.fixed").schema(Refusing::Payload);
    kit.add(GROUP, "audit-of-one-command-twice", vector);
    let mut body = device();
    body.signing_key.spki = spki("paula");
    let comment = "the HSM has a witness's key: one signature would be the HSM's and the witness's";
    let vector = refused("payload-field", &body, &["paula"], comment);
    kit.add(GROUP, "key-of-a-person", vector.field("signing_key.spki"));
    let text = super::cast::text(&device());
    let mut grammar = |name: &str, from: &str, to: &str, field: &str, comment: &str| {
        let payload = super::cast::spoil(&text, from, to);
        let kind = keyferry_bundle::kinds::payload_type(Kind::Device);
        let trust = Trust::Device { policy: base64(&first_policy()), roles: vec![] };
        let bundle = super::cast::sealed(&kind, payload.as_bytes(), &["hsm-1"]);
        let vector = Vector::refused("payload-field", Kind::Device, trust, bundle, comment);
        kit.add(GROUP, name, vector.field(field).schema(Refusing::Payload));
    };
    grammar(
        "audit-setting-unknown",
        "\"force\":\"fixed\"",
        "\"force\":\"always\"",
        "audit.force",
        "an audit setting that no device has",
    );
    grammar(
        "log-digest-short",
        "415f51f1f035a1b713e730e4464e4033",
        "415f51f1f035a1b713e730e4464e40",
        "log_anchor.digest",
        "a log digest of 15 bytes",
    );
    grammar("domains-0", "\"domains\":1", "\"domains\":0", "domains", "no domain at all");
    grammar("firmware-leading-zero", "2.4.1", "2.04.1", "firmware", "a leading zero in a version");
    grammar("firmware-two-parts", "2.4.1", "2.4", "firmware", "a version of two parts");
    grammar("serial-string", "12345678", "\"12345678\"", "serial", "a serial number as a string");
    grammar("serial-too-large", "12345678", "4294967296", "serial", "a serial number of 33 bits");
    grammar(
        "object-id-0",
        "0x0100",
        "0x0000",
        "signing_key.object_id",
        "object id 0x0000 is reserved",
    );
    grammar("object-id-ffff", "0x0200", "0xffff", "wrap_key", "object id 0xffff is reserved");
    grammar(
        "label-blank-at-end",
        "keyferry signing",
        "keyferry signing ",
        "signing_key.label",
        "a label with a space at its end",
    );
    grammar(
        "label-too-long",
        "keyferry signing",
        &"x".repeat(41),
        "signing_key.label",
        "a label of 41 characters",
    );
}

fn signers(kit: &mut Kit) {
    let mut add = |name: &str, expect: &str, signers: &[&str], comment: &str| {
        kit.add(GROUP, name, refused(expect, &device(), signers, comment));
    };
    add("no-witness", "quorum-short", &["hsm-1"], "no witness");
    add("no-device", "quorum-short", &["wendy", "paula"], "witnesses, but not the HSM itself");
    add("other-device", "unknown-signer", &["hsm-2", "wendy"], "signed by another HSM");
    add("operator-for-witness", "quorum-short", &["hsm-1", "oscar"], "an operator is no witness");
}
