//! A ceremony and what AWS recorded of it, or did not.

use super::hold_against;
use crate::cloudtrail::Trail;
use crate::evidence::{Claim, Pins, Report, Standing, examine_and_keep};
use crate::testing::{Story, digest_of, parse, time};
use keyferry_bundle::kinds::Made;
use keyferry_bundle::{Digest, Expiration, ExpirationModel};
use serde_json::{Value, json};

const ACCOUNT: &str = "111122223333";
const REGION: &str = "eu-central-1";

fn event(name: &str, number: u8, at: &str) -> Value {
    let key = Story::sound().plan.targets[0].key.to_string();
    json!({
        "userIdentity": { "arn": "arn:aws:iam::111122223333:user/oscar" },
        "eventTime": at,
        "eventSource": "kms.amazonaws.com",
        "eventName": name,
        "awsRegion": REGION,
        "requestParameters": {},
        "responseElements": null,
        "eventID": format!("event-{number}"),
        "resources": [{ "ARN": key }],
        "recipientAccountId": ACCOUNT,
    })
}

/// What somebody else did that day, in the same account and region.
fn bystander(at: &str) -> Value {
    json!({
        "eventTime": at,
        "eventSource": "s3.amazonaws.com",
        "eventName": "GetObject",
        "awsRegion": REGION,
        "recipientAccountId": ACCOUNT,
    })
}

/// What AWS records of [`Story::sound`], within a longer day.
fn sound() -> Vec<Value> {
    let mut asked = event("GetParametersForImport", 1, "2026-11-04T00:00:00Z");
    asked["requestParameters"] =
        json!({ "wrappingAlgorithm": "RSAES_OAEP_SHA_256", "wrappingKeySpec": "RSA_2048" });
    let mut uploaded = event("ImportKeyMaterial", 2, "2026-11-04T01:59:58Z");
    uploaded["requestParameters"] = json!({
        "expirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE",
        "importType": "NEW_KEY_MATERIAL",
        "keyMaterialDescription": "tests-1",
    });
    uploaded["responseElements"] = json!({ "keyMaterialId": "ab".repeat(32) });
    vec![bystander("2026-11-03T12:00:00Z"), asked, uploaded, bystander("2026-11-06T12:00:00Z")]
}

fn a_story() -> Story {
    let mut story = Story::sound();
    story.receipt.targets[0].key_material_id = Some(parse(&"ab".repeat(32)));
    story
}

fn held(story: &Story, events: &[Value]) -> Report {
    let mut trail = Trail::default();
    let file = json!({ "Records": events }).to_string();
    trail.add("trail.json", file.as_bytes()).unwrap();
    let (mut report, chain) = examine_and_keep(&story.folder(), &Pins::none());
    assert!(report.holds(), "{:#?}", report.claims);
    hold_against(&chain, &trail, &mut report);
    report
}

fn claims<'a>(report: &'a Report, id: &str) -> Vec<&'a Claim> {
    report.claims.iter().filter(|claim| claim.id == id).collect()
}

/// The one claim of that id.
fn one<'a>(report: &'a Report, id: &str) -> &'a Claim {
    let [claim] = claims(report, id)[..] else { panic!("{id} {:#?}", report.claims) };
    claim
}

#[track_caller]
fn stands(report: &Report, id: &str, standing: Standing, says: &str) {
    let claim = one(report, id);
    assert!(claim.standing == standing && claim.sentence.contains(says), "{claim:#?}");
}

#[test]
fn a_ceremony_and_its_events_find_each_other() {
    let report = held(&a_story(), &sound());
    assert!(report.holds(), "{:#?}", report.claims);
    stands(&report, "cloudtrail.request", Standing::Holds, "event event-1");
    stands(
        &report,
        "cloudtrail.import",
        Standing::Holds,
        "by arn:aws:iam::111122223333:user/oscar",
    );
    assert_eq!(one(&report, "cloudtrail.import").file, "receipt.json");
    stands(&report, "cloudtrail.files", Standing::Open, "4 events: 2 about imported key material");
    assert!(claims(&report, "cloudtrail.event").is_empty());
    assert!(claims(&report, "cloudtrail.deleted").is_empty());
}

#[test]
fn a_ceremony_without_an_event_is_refused_where_the_files_cover_its_time() {
    let mut events = sound();
    events.remove(2);
    let report = held(&a_story(), &events);
    assert!(!report.holds());
    stands(&report, "cloudtrail.import", Standing::Refused, "AWS recorded none that fits");
    events.remove(1);
    stands(&held(&a_story(), &events), "cloudtrail.request", Standing::Refused, "none that fits");
    // The files end before it, begin when it could have been over, or are of another region.
    let [before, after] = events.as_slice() else { panic!("{events:#?}") };
    let late = vec![bystander("2026-11-04T01:00:00Z"), after.clone()];
    for events in [vec![before.clone()], late, vec![]] {
        let report = held(&a_story(), &events);
        assert!(report.holds(), "{:#?}", report.claims);
        stands(&report, "cloudtrail.import", Standing::Open, "is not shown: the files have");
        stands(&report, "cloudtrail.request", Standing::Open, "is not shown: the files have");
    }
}

#[test]
fn an_event_without_a_ceremony_is_refused() {
    let story = a_story();
    let second = |change: &dyn Fn(&mut Value)| {
        let mut events = sound();
        let mut stray = events[2].clone();
        stray["eventID"] = json!("stray");
        change(&mut stray);
        events.push(stray);
        held(&story, &events)
    };
    for (change, why) in [
        (
            &(|e: &mut Value| e["eventTime"] = json!("2026-11-05T12:00:00Z"))
                as &dyn Fn(&mut Value),
            "is not of the time between",
        ),
        (&|e| e["eventTime"] = json!("2026-11-03T23:00:00Z"), "is not of the time between"),
        (
            &|e| e["responseElements"]["keyMaterialId"] = json!("cd".repeat(32)),
            "has another key material id",
        ),
        (
            &|e| e["requestParameters"]["keyMaterialDescription"] = json!("tests-9"),
            "names another ceremony",
        ),
        (
            &|e| e["requestParameters"]["expirationModel"] = json!("KEY_MATERIAL_EXPIRES"),
            "has another expiration model",
        ),
        (&|e| e["recipientAccountId"] = json!("444455556666"), "of another account or region"),
        (&|e| e["awsRegion"] = json!("eu-west-1"), "of another account or region"),
    ] {
        let report = second(change);
        stands(
            &report,
            "cloudtrail.event",
            Standing::Refused,
            "event stray: no receipt here accounts",
        );
        stands(&report, "cloudtrail.event", Standing::Refused, why);
        stands(&report, "cloudtrail.import", Standing::Holds, "event event-2");
    }
    // A key that no plan here is for, and an upload that KMS refused.
    let elsewhere =
        "arn:aws:kms:eu-central-1:111122223333:key/99999999-12ab-34cd-56ef-1234567890ab";
    assert!(second(&|e| e["resources"] = json!([{ "ARN": elsewhere }])).holds());
    let failed = second(&|e| e["errorCode"] = json!("IncorrectKeyMaterialException"));
    assert!(failed.holds());
    stands(&failed, "cloudtrail.files", Standing::Open, "and 1 of such calls that failed");
}

#[test]
fn an_import_whose_receipt_is_not_here_is_refused() {
    let story = a_story();
    let mut folder = story.folder();
    folder.retain(|file| file.name != "receipt.json");
    let (mut report, chain) = examine_and_keep(&folder, &Pins::none());
    let mut trail = Trail::default();
    trail.add("trail.json", json!({ "Records": sound() }).to_string().as_bytes()).unwrap();
    hold_against(&chain, &trail, &mut report);
    stands(&report, "cloudtrail.event", Standing::Refused, "no receipt here accounts for it");
}

#[test]
fn each_of_two_hasty_ceremonies_finds_its_own_events() {
    let first = a_story();
    let mut second = first.clone();
    second.request.counter = 2;
    second.request.previous = Some(digest_of(&first.request));
    second.request.created = time("2026-11-04T00:02:00Z");
    second.request.targets[0].parameters_valid_to = time("2026-11-05T00:02:00Z");
    for token in [
        &mut second.request.targets[0].import_token_sha256,
        &mut second.response.targets[0].import_token_sha256,
    ] {
        *token = Digest::of(b"second token");
    }
    second.response.targets[0].made = Made::Stored;
    second.receipt.created = time("2026-11-04T02:03:00Z");
    second.log_after(&first);
    let mut folder = first.folder();
    for mut file in second.folder() {
        if ["log.json", "request.json", "response.json", "receipt.json"]
            .contains(&file.name.as_str())
        {
            file.name = format!("2-{}", file.name);
            folder.push(file);
        }
    }
    let (mut report, chain) = examine_and_keep(&folder, &Pins::none());
    assert!(report.holds(), "{:#?}", report.claims);
    let mut events = sound();
    for (index, id, at) in
        [(1, "event-3", "2026-11-04T00:02:00Z"), (2, "event-4", "2026-11-04T02:02:58Z")]
    {
        let mut event = events[index].clone();
        event["eventID"] = json!(id);
        event["eventTime"] = json!(at);
        events.push(event);
    }
    let mut trail = Trail::default();
    trail.add("trail.json", json!({ "Records": events }).to_string().as_bytes()).unwrap();
    hold_against(&chain, &trail, &mut report);
    assert!(report.holds(), "{:#?}", report.claims);
    for (id, file, event) in [
        ("cloudtrail.request", "request.json", "event-1"),
        ("cloudtrail.request", "2-request.json", "event-3"),
        ("cloudtrail.import", "receipt.json", "event-2"),
        ("cloudtrail.import", "2-receipt.json", "event-4"),
    ] {
        let mut of_file = claims(&report, id).into_iter().filter(|claim| claim.file == file);
        let claim = of_file.next().unwrap();
        assert!(claim.sentence.ends_with(event), "{claim:#?}");
        assert!(of_file.next().is_none());
    }
}

#[test]
fn parameters_that_nobody_asked_for_here_are_told() {
    let mut events = sound();
    events.push(event("GetParametersForImport", 3, "2026-11-04T00:30:00Z"));
    let report = held(&a_story(), &events);
    assert!(report.holds());
    stands(&report, "cloudtrail.event", Standing::Open, "no request here is of it");
    // Another wrapping algorithm was asked for than the request says.
    let mut events = sound();
    events[1]["requestParameters"]["wrappingAlgorithm"] = json!("RSAES_OAEP_SHA_1");
    let report = held(&a_story(), &events);
    stands(&report, "cloudtrail.request", Standing::Refused, "none that fits");
}

#[test]
fn an_upload_that_was_repeated_belongs_to_its_receipt() {
    let mut events = sound();
    let mut again = events[2].clone();
    again["eventID"] = json!("event-3");
    again["eventTime"] = json!("2026-11-04T01:58:00Z");
    events.push(again);
    let report = held(&a_story(), &events);
    assert!(report.holds(), "{:#?}", report.claims);
    let [last, earlier] = claims(&report, "cloudtrail.import")[..] else { panic!() };
    assert!(last.sentence.contains("event-2") && earlier.sentence.contains("event-3"));
    assert!(
        earlier.standing == Standing::Holds && earlier.sentence.contains("the same key material")
    );
    // Without KMS's id of the material nothing tells.
    let report = held(&Story::sound(), &events);
    let [_, earlier] = claims(&report, "cloudtrail.import")[..] else { panic!() };
    assert!(earlier.standing == Standing::Open && earlier.sentence.contains("is not shown"));
}

#[test]
fn key_material_that_was_deleted_since_is_told() {
    let story = a_story();
    let with = |name: &str, at: &str, story: &Story| {
        let mut events = sound();
        if story.plan.targets[0].expiration.model == ExpirationModel::Expires {
            events[2]["requestParameters"]["expirationModel"] = json!("KEY_MATERIAL_EXPIRES");
        }
        events.push(event(name, 9, at));
        held(story, &events)
    };
    let report = with("DeleteImportedKeyMaterial", "2026-11-05T00:00:00Z", &story);
    assert!(report.holds());
    stands(&report, "cloudtrail.deleted", Standing::Open, "deleted after the last import here");
    let before = with("DeleteImportedKeyMaterial", "2026-11-04T01:00:00Z", &story);
    assert!(claims(&before, "cloudtrail.deleted").is_empty());
    let expiry = |date: &str| {
        let mut story = a_story();
        let expires = Expiration { model: ExpirationModel::Expires, valid_to: Some(time(date)) };
        story.plan.targets[0].expiration = expires;
        story.receipt.targets[0].expiration = expires;
        story.relink();
        with("DeleteExpiredKeyMaterial", "2026-11-05T09:00:00Z", &story)
    };
    stands(&expiry("2026-11-05T09:00:00Z"), "cloudtrail.deleted", Standing::Holds, "as planned");
    stands(&expiry("2026-12-01T00:00:00Z"), "cloudtrail.deleted", Standing::Open, "is not shown");
}
