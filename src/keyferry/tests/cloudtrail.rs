//! `keyferry verify --cloudtrail`, with the real program.

mod desk;

use desk::{Desk, KEY, Run};
use serde_json::{Value, json};

/// What AWS records of the desk's ceremony, between what it records of others.
fn records() -> Vec<Value> {
    let event = |name: &str, id: &str, at: &str| {
        json!({
            "userIdentity": { "arn": "arn:aws:iam::111122223333:user/oscar" },
            "eventTime": at,
            "eventSource": "kms.amazonaws.com",
            "eventName": name,
            "awsRegion": "eu-central-1",
            "requestParameters": {},
            "eventID": id,
            "resources": [{ "accountId": "111122223333", "type": "AWS::KMS::Key", "ARN": KEY }],
            "recipientAccountId": "111122223333",
        })
    };
    vec![
        event("ListAliases", "before", "2026-11-03T12:00:00Z"),
        event("GetParametersForImport", "asked", "2026-11-04T00:00:10Z"),
        event("ImportKeyMaterial", "uploaded", "2026-11-04T01:59:00Z"),
        event("ListAliases", "after", "2026-11-06T12:00:00Z"),
    ]
}

fn verified(desk: &Desk, records: &[Value], json: bool) -> Run {
    desk.write("trail.json", json!({ "Records": records }).to_string().as_bytes());
    let mut args = vec!["verify", "tests-1", "--cloudtrail", "trail.json"];
    if json {
        args.insert(0, "--json");
    }
    desk.run(&args, &[])
}

#[test]
fn a_ceremony_is_held_against_what_aws_recorded() {
    let desk = Desk::held();
    let told = verified(&desk, &records(), false).done();
    for line in [
        "PASS       target payments: AWS recorded GetParametersForImport at 2026-11-04T00:00:10Z by arn:aws:iam::111122223333:user/oscar, event asked [cloudtrail.request]",
        "PASS       target payments: AWS recorded ImportKeyMaterial at 2026-11-04T01:59:00Z",
        "trail.json\n  NOT SHOWN  holds 4 events",
        "VERIFIED: ",
    ] {
        assert!(told.out.contains(line), "{line} {told:#?}");
    }
    let json = verified(&desk, &records(), true).done().json();
    let claims = json["claims"].as_array().unwrap();
    let import = claims.iter().find(|claim| claim["id"] == "cloudtrail.import").unwrap();
    assert_eq!((&import["file"], &import["standing"]), (&json!("receipt-1.json"), &json!("holds")));
    let without = desk.run(&["verify", "tests-1"], &[]).done();
    assert!(!without.out.contains("cloudtrail"), "{without:#?}");
}

#[test]
fn events_without_a_ceremony_and_ceremonies_without_an_event_end_with_3() {
    let desk = Desk::held();
    let mut more = records();
    more.push(more[2].clone());
    more[4]["eventID"] = json!("stray");
    more[4]["eventTime"] = json!("2026-11-05T12:00:00Z");
    verified(&desk, &more, false).refused(3, "event stray: no receipt here accounts for it");
    let mut fewer = records();
    fewer.remove(2);
    verified(&desk, &fewer, false).refused(3, "AWS recorded none that fits");
}

#[test]
fn what_is_no_record_of_aws_is_refused() {
    let desk = Desk::held();
    verified(&desk, &[json!({})], false).refused(3, "trail.json is not what CloudTrail writes");
    desk.run(&["verify", "tests-1", "--cloudtrail", "missing.json"], &[])
        .refused(8, "missing.json cannot be read");
    let mut hostile = records();
    hostile[2]["eventTime"] = json!("2026-11-05T12:00:00Z");
    hostile[2]["userIdentity"]["arn"] = json!("\u{1b}[2J\r\nVERIFIED");
    let told = verified(&desk, &hostile, false);
    assert!(!told.out.contains('\u{1b}') && !told.err.contains('\u{1b}'), "{told:#?}");
    assert!(!told.out.lines().any(|line| line.starts_with("VERIFIED")), "{told:#?}");
}
