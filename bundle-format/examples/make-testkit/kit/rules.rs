//! Plans, requests, responses, backups and receipts that break a rule of their kind.

use super::Kit;
use super::cast::{hsm, hsm_and_witness, officers, operator, signed};
use super::story::{
    backup, parse, pin, plan, receipt, request, response, second_target, stream, time,
};
use super::vector::{Refusing, Trust, Vector};
use keyferry_bundle::kinds::{Bundle, Isolation, Operation, ParametersSource};
use keyferry_bundle::{
    Backup, Digest, Environment, Expiration, ExpirationModel, KeySpec, Plan, Receipt, Request,
    Response,
};

pub(crate) fn add(kit: &mut Kit) {
    plans(kit);
    requests(kit);
    responses(kit);
    backups(kit);
    receipts(kit);
}

pub(crate) type Change<T> = fn(&mut T);
/// A name, what is changed, the field at fault, whether the schema can say so, and a comment.
pub(crate) type Row<T> = (&'static str, Change<T>, &'static str, bool, &'static str);

pub(crate) fn rows<T: Bundle>(
    kit: &mut Kit,
    sound: impl Fn() -> T,
    trust: &Trust,
    signers: &[&str],
    rows: &[Row<T>],
) {
    for (name, change, field, schema, comment) in rows {
        let mut body = sound();
        change(&mut body);
        let bundle = signed(&body, signers);
        let vector = Vector::refused("payload-field", T::KIND, trust.clone(), bundle, comment);
        let vector = vector.field(field);
        let vector = if *schema { vector.schema(Refusing::Payload) } else { vector };
        kit.add(T::KIND.as_str(), name, vector);
    }
}

fn expires(date: Option<&str>) -> Expiration {
    Expiration { model: ExpirationModel::Expires, valid_to: date.map(time) }
}

fn plans(kit: &mut Kit) {
    let table: &[Row<Plan>] = &[
        ("counter-0", |p| p.counter = 0, "counter", true, "counters count from 1"),
        ("no-previous", |p| p.counter = 2, "previous", false, "plan 2 without a predecessor"),
        (
            "previous-of-first",
            |p| p.previous = Some(Digest::of(b"")),
            "previous",
            false,
            "plan 1 with a predecessor",
        ),
        ("no-targets", |p| p.targets.clear(), "targets", true, "no targets"),
        (
            "too-many-targets",
            |p| p.targets = (0..257).map(|_| second_target()).collect(),
            "targets",
            true,
            "257 targets",
        ),
        (
            "name-twice",
            |p| p.targets.push(with(|t| t.name = parse("payments"))),
            "targets[1].name",
            false,
            "two targets of one name",
        ),
        (
            "key-twice",
            |p| p.targets.push(with(|t| t.key = plan().targets.remove(0).key)),
            "targets[1].key",
            false,
            "two targets with one KMS key",
        ),
        (
            "object-shared-by-two-labels",
            |p| {
                p.targets
                    .push(with(|t| (t.object_id, t.label) = (parse("0x0a01"), parse("other"))));
            },
            "targets[1].label",
            false,
            "two targets with one object, under two labels",
        ),
        (
            "object-shared-by-two-specs",
            |p| {
                p.targets.push(with(|t| {
                    (t.object_id, t.key_spec) = (parse("0x0a01"), KeySpec::Hmac256);
                }));
            },
            "targets[1].key_spec",
            false,
            "two targets with one object, of two key specs",
        ),
        (
            "generation-0",
            |p| p.targets[0].generation = 0,
            "targets[0].generation",
            true,
            "generations count from 1",
        ),
        (
            "generation-27",
            |p| p.targets[0].generation = 27,
            "targets[0].generation",
            true,
            "KMS rotates a key 25 times",
        ),
        (
            "import-of-a-second",
            |p| p.targets[0].generation = 2,
            "targets[0].generation",
            false,
            "the first import brings the first generation",
        ),
        (
            "import-pinned",
            |p| p.targets[0].material = Some(pin()),
            "targets[0].material",
            false,
            "generated, and known before",
        ),
        (
            "import-with-earlier",
            |p| p.targets[0].earlier.push(pin()),
            "targets[0].earlier",
            false,
            "the first, and one before",
        ),
        (
            "reimport-without-pin",
            |p| p.operation = Operation::Reimport,
            "targets[0].material",
            false,
            "nothing says what is to be imported again",
        ),
        (
            "rotate-to-the-first",
            |p| p.operation = Operation::Rotate,
            "targets[0].generation",
            false,
            "a rotation brings the second generation or a later one",
        ),
        (
            "rotate-without-earlier",
            |p| (p.operation, p.targets[0].generation) = (Operation::Rotate, 2),
            "targets[0].earlier",
            false,
            "a second generation without the first",
        ),
        (
            "rotate-pinned",
            |p| {
                (p.operation, p.targets[0].generation) = (Operation::Rotate, 2);
                (p.targets[0].material, p.targets[0].earlier) = (Some(pin()), vec![pin()]);
            },
            "targets[0].material",
            false,
            "a new generation that is known before",
        ),
        (
            "custodian-twice",
            |p| p.custodians.push(parse("carla")),
            "custodians[1]",
            true,
            "a custodian twice",
        ),
        (
            "too-many-custodians",
            |p| p.custodians = (0..17).map(|n| parse(&format!("c{n}"))).collect(),
            "custodians",
            true,
            "17 custodians",
        ),
        (
            "date-without-expiry",
            |p| p.targets[0].expiration.valid_to = Some(time("2027-01-01T00:00:00Z")),
            "targets[0].expiration.valid_to",
            false,
            "KEY_MATERIAL_DOES_NOT_EXPIRE with a date",
        ),
        (
            "expiry-without-date",
            |p| p.targets[0].expiration = expires(None),
            "targets[0].expiration.valid_to",
            false,
            "KEY_MATERIAL_EXPIRES without a date",
        ),
        (
            "expiry-at-once",
            |p| p.targets[0].expiration = expires(Some("2026-11-03T08:00:00Z")),
            "targets[0].expiration.valid_to",
            false,
            "expires when the plan is made",
        ),
        (
            "expiry-after-366-days",
            |p| p.targets[0].expiration = expires(Some("2027-11-03T08:00:01Z")),
            "targets[0].expiration.valid_to",
            false,
            "expires a second after the 365 days AWS allows",
        ),
        (
            "multi-region-flag",
            |p| p.targets[0].multi_region = true,
            "targets[0].multi_region",
            false,
            "multi-Region, but the key id is not",
        ),
        (
            "multi-region-key",
            |p| p.targets[0].key = second_target().key,
            "targets[0].multi_region",
            false,
            "the key id is multi-Region, but the target is not",
        ),
    ];
    rows(kit, plan, &officers(), &["alice", "bob"], table);
}

fn with(
    change: impl FnOnce(&mut keyferry_bundle::kinds::Target),
) -> keyferry_bundle::kinds::Target {
    let mut target = second_target();
    change(&mut target);
    target
}

fn requests(kit: &mut Kit) {
    let again = |r: &mut Request| {
        let mut entry = r.targets[0].clone();
        entry.name = parse("ledger");
        entry.key = second_target().key;
        entry.import_token_sha256 = Digest::of(b"another token");
        r.targets.push(entry);
    };
    // A second entry, sound in itself.
    let mut two = request();
    again(&mut two);
    assert!(two.check().is_ok());
    let table: &[Row<Request>] = &[
        ("counter-0", |r| r.counter = 0, "counter", true, "counters count from 1"),
        ("no-previous", |r| r.counter = 2, "previous", false, "request 2 without a predecessor"),
        (
            "previous-of-first",
            |r| r.previous = Some(Digest::of(b"")),
            "previous",
            false,
            "request 1 with a predecessor",
        ),
        ("no-targets", |r| r.targets.clear(), "targets", true, "no targets"),
        (
            "console-answers-as-an-endpoint",
            |r| r.targets[0].source = ParametersSource::Console,
            "targets[0].source",
            false,
            "from the console, but an endpoint is named",
        ),
        (
            "api-of-the-console",
            |r| r.endpoint = parse("console"),
            "targets[0].source",
            false,
            "from the API, but the console is named",
        ),
    ];
    rows(kit, request, &operator(), &["oscar"], table);
    let table: &[Row<Request>] = &[
        (
            "name-twice",
            |r| r.targets[1].name = parse("payments"),
            "targets[1].name",
            false,
            "two entries of one name",
        ),
        (
            "token-twice",
            |r| r.targets[1].import_token_sha256 = r.targets[0].import_token_sha256,
            "targets[1].import_token_sha256",
            false,
            "two entries with one import token",
        ),
        (
            "too-many-targets",
            |r| r.targets = vec![r.targets[0].clone(); 257],
            "targets",
            true,
            "257 targets",
        ),
    ];
    rows(kit, || two.clone(), &operator(), &["oscar"], table);
}

fn responses(kit: &mut Kit) {
    let mut two = response();
    let mut entry = two.targets[0].clone();
    entry.name = parse("ledger");
    entry.key = second_target().key;
    entry.object_id = parse("0x0a02");
    two.targets.push(entry);
    assert!(two.check().is_ok());
    let table: &[Row<Response>] = &[
        (
            "overridden-in-production",
            |r| (r.environment, r.isolation) = (Environment::Production, Isolation::Overridden),
            "isolation",
            false,
            "the isolation check was overridden, in production",
        ),
        ("no-targets", |r| r.targets.clear(), "targets", true, "no targets"),
        (
            "name-twice",
            |r| r.targets[1].name = parse("payments"),
            "targets[1].name",
            false,
            "two entries of one name",
        ),
        (
            "material-too-long",
            |r| r.targets[1].encrypted_key_material = super::cast::base64(&stream(6145)),
            "targets[1].encrypted_key_material",
            true,
            "6,145 bytes of encrypted key material",
        ),
        (
            "too-many-targets",
            |r| r.targets = vec![r.targets[0].clone(); 257],
            "targets",
            true,
            "257 targets",
        ),
    ];
    rows(kit, || two.clone(), &hsm_and_witness(), &["hsm-1", "wendy"], table);
}

fn backups(kit: &mut Kit) {
    let table: &[Row<Backup>] = &[
        ("generation-0", |b| b.generation = 0, "generation", true, "generations count from 1"),
        (
            "no-recipients",
            |b| recipients(b, Vec::clear),
            "age.recipients",
            true,
            "an age copy that nobody can open",
        ),
        (
            "recipient-twice",
            |b| recipients(b, |list| list.push(list[0].clone())),
            "age.recipients[1].recipient",
            true,
            "a recipient twice",
        ),
        (
            "too-many-recipients",
            |b| recipients(b, |list| *list = vec![list[0].clone(); 17]),
            "age.recipients",
            true,
            "17 recipients",
        ),
    ];
    rows(kit, backup, &hsm(), &["hsm-1"], table);
}

fn recipients(backup: &mut Backup, change: fn(&mut Vec<keyferry_bundle::Custodian>)) {
    change(&mut backup.age.as_mut().unwrap().recipients);
}

fn receipts(kit: &mut Kit) {
    let mut two = receipt();
    let mut entry = two.targets[0].clone();
    entry.name = parse("ledger");
    entry.key = second_target().key;
    two.targets.push(entry);
    assert!(two.check().is_ok());
    let table: &[Row<Receipt>] = &[
        ("no-targets", |r| r.targets.clear(), "targets", true, "no targets"),
        (
            "name-twice",
            |r| r.targets[1].name = parse("payments"),
            "targets[1].name",
            false,
            "two entries of one name",
        ),
        (
            "too-many-targets",
            |r| r.targets = vec![r.targets[0].clone(); 257],
            "targets",
            true,
            "257 targets",
        ),
        (
            "generation-twice",
            |r| {
                let id = r.targets[0].key_material_id.clone().unwrap();
                r.targets[0].generations = vec![id.clone(), id];
            },
            "targets[0].generations[1]",
            true,
            "one key material, current twice",
        ),
        (
            "date-without-expiry",
            |r| r.targets[0].expiration.valid_to = Some(time("2027-01-01T00:00:00Z")),
            "targets[0].expiration.valid_to",
            false,
            "KEY_MATERIAL_DOES_NOT_EXPIRE with a date",
        ),
        (
            "console",
            |r| r.endpoint = parse("console"),
            "endpoint",
            false,
            "uploaded by the console",
        ),
        (
            "expiry-without-date",
            |r| r.targets[1].expiration = expires(None),
            "targets[1].expiration.valid_to",
            false,
            "KEY_MATERIAL_EXPIRES without a date",
        ),
    ];
    rows(kit, || two.clone(), &operator(), &["oscar"], table);
}
