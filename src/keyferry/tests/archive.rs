//! `keyferry verify` over folders of ceremonies, with the real program.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod desk;

use desk::Desk;
use keyferry_bundle::Digest;
use keyferry_ceremony::evidence::{self, Claim, Pins, Standing};
use keyferry_ceremony::testing::{Story, digest_of, parse, signed, time};
use serde_json::{Value, json};
use std::os::unix::fs::symlink;

/// So many ceremonies, one after the other.
fn stories(number: usize) -> Vec<Story> {
    std::iter::successors(Some(Story::sound()), |story| Some(story.next())).take(number).collect()
}

/// What a sound ceremony comes to by itself: claims that hold, and that stand open; files. What another folder could show of it is told
/// elsewhere.
fn comes_to(story: &Story) -> [usize; 3] {
    let files = story.folder();
    let report = evidence::examine(&files, &Pins::none());
    let count = |standing| {
        let own = |claim: &&Claim| {
            !claim.id.starts_with("policy.")
                && !claim.id.starts_with("device.")
                && claim.standing == standing
                && !claim.sentence.contains("is kept elsewhere")
        };
        report.claims.iter().filter(own).count()
    };
    [count(Standing::Holds), count(Standing::Open), files.len()]
}

/// The line about a sound ceremony.
fn line(story: &Story) -> String {
    let [hold, open, files] = comes_to(story);
    let name = &story.plan.ceremony;
    format!("PASS       {name}: {hold} claims about {files} files hold; {open} not shown")
}

/// The ceremony's folder in `all`, under that name.
fn write(desk: &Desk, name: &str, story: &Story) {
    std::fs::create_dir_all(desk.path(&format!("all/{name}"))).unwrap();
    for file in story.folder() {
        desk.write(&format!("all/{name}/{}", file.name), &file.bytes);
    }
}

fn archive(stories: &[Story]) -> Desk {
    let desk = Desk::empty();
    for story in stories {
        write(&desk, story.plan.ceremony.as_str(), story);
    }
    desk
}

const VERIFY: [&str; 3] = ["verify", "all", "--no-pin"];

fn verify(desk: &Desk, more: &[&str]) -> desk::Run {
    desk.run(&[&VERIFY[..], more].concat(), &[])
}

fn answer(desk: &Desk, more: &[&str]) -> Value {
    desk.run(&[&["--json"], &VERIFY[..], more].concat(), &[]).json()
}

#[test]
fn each_ceremony_that_holds_is_one_line() {
    let stories = stories(11);
    let desk = archive(&stories);
    let run = verify(&desk, &[]).done();
    let told: Vec<&str> = run.out.lines().collect();
    assert_eq!(told[0], "PASS       policies and HSMs: 3 claims about 2 files hold; 2 not shown");
    // In the order of their names, whichever follows which.
    for (place, number) in [(1, 1), (2, 10), (3, 11), (4, 2)] {
        assert_eq!(told[place], line(&stories[number - 1]));
    }
    // Each plan, each log and each transcript follows the one before.
    assert_eq!(told[12], "PASS       between the ceremonies: 30 claims hold");
    let [first, open, files] = comes_to(&stories[0]);
    let [later, ..] = comes_to(&stories[1]);
    let hold = 3 + first + 10 * later + 30;
    let all = format!(
        "VERIFIED, IF the policy is yours: 11 ceremonies, {hold} claims about {} files hold under policy \"Tests\" version 1, rehearsal, with this fingerprint:",
        11 * files
    );
    assert_eq!(told[14], all);
    let pin = digest_of(&stories[0].policy).to_string();
    assert!(told[15].ends_with(&format!(
        "{} {} {} {}",
        &pin[..4],
        &pin[4..8],
        &pin[8..12],
        &pin[12..16]
    )));
    assert_eq!((told.len(), run.err.as_str()), (19, ""));
    let run = desk.run(&["verify", "all", "--pin", &pin, "--complete"], &[]).done();
    assert!(run.out.contains("VERIFIED: 11 ceremonies, "), "{run:#?}");
    assert!(run.out.contains("under the pinned policy \"Tests\" version 1"), "{run:#?}");
    let all = verify(&desk, &["--all-claims"]).done();
    let claims = all.out.lines().filter(|line| line.ends_with(']')).count();
    assert_eq!(claims, hold + 2 + 11 * open, "{all:#?}");
    assert!(all.out.contains("tests-11/plan.json\n    PASS       follows tests-10/plan.json"));
}

#[test]
fn the_json_answer_is_one_document() {
    let desk = archive(&stories(3));
    let json = answer(&desk, &[]);
    let mut members: Vec<&str> = json.as_object().unwrap().keys().map(String::as_str).collect();
    members.sort_unstable();
    assert_eq!(
        members,
        ["between", "ceremonies", "complete", "keyferry", "policy", "shared", "totals", "verified"]
    );
    assert_eq!((&json["verified"], &json["complete"]), (&json!(true), &json!(true)));
    assert_eq!(json["policy"]["name"], "Tests");
    assert_eq!(json["shared"]["claims"].as_array().unwrap().len(), 5);
    assert_eq!(json["shared"]["claims"][0]["file"], "tests-1/policy-v1.json");
    let ceremonies = json["ceremonies"].as_array().unwrap();
    assert_eq!(ceremonies.len(), 3);
    let ceremony = &ceremonies[1];
    assert_eq!(ceremony["folder"], "tests-2");
    assert_eq!((&ceremony["verified"], &ceremony["complete"]), (&json!(true), &json!(true)));
    let [hold, open, files] = comes_to(&Story::sound());
    let [later, ..] = comes_to(&Story::sound().next());
    assert_eq!((&ceremony["files"], &ceremony["error"]), (&json!(files), &Value::Null));
    let claim = &ceremony["claims"][0];
    assert_eq!((&claim["id"], &claim["file"]), (&json!("plan.approved"), &json!("plan.json")));
    assert_eq!(
        json["between"]["claims"][0],
        json!({
            "id": "plan.previous",
            "file": "tests-2/plan.json",
            "sentence": "follows tests-1/plan.json",
            "standing": "holds",
        })
    );
    assert_eq!(
        json["totals"],
        json!({
            "ceremonies": 3,
            "failed": 0,
            "files": 3 * files,
            "claims": { "hold": 3 + hold + 2 * later + 6, "open": 2 + 3 * open, "fail": 0 },
        })
    );
}

#[test]
fn a_bad_ceremony_among_good_ones_is_told_in_full() {
    let mut stories = stories(4);
    stories[2].response.targets[0].check_value = Digest::of(b"other material");
    stories[2].relink();
    stories[3].transcript.previous = Some(digest_of(&stories[2].transcript));
    let desk = archive(&stories);
    let run = verify(&desk, &[]).refused(3, "tests-3/backup-payments.json: ");
    assert!(run.err.contains("error: not accepted: tests-3\n"), "{run:#?}");
    assert!(run.out.contains("NOT VERIFIED: tests-3; 3 of 4 ceremonies hold"), "{run:#?}");
    let [hold, open, files] = comes_to(&stories[1]);
    let bad = format!(
        "FAIL       tests-3: {} claims about {files} files hold; {open} not shown",
        hold - 1
    );
    for line in [
        line(&stories[1]).as_str(),
        bad.as_str(),
        "  plan.json",
        "    PASS       plan 3 of ceremony tests-3 is approved",
        "    FAIL       the backup bundle does not fit its chain: ",
        line(&stories[3]).as_str(),
    ] {
        assert!(run.out.lines().any(|told| told.starts_with(line)), "{line}: {run:#?}");
    }
    let json = answer(&desk, &[]);
    let verified = json["ceremonies"].as_array().unwrap().iter().map(|one| &one["verified"]);
    assert_eq!(verified.collect::<Vec<_>>(), [true, true, false, true]);
    assert_eq!((&json["verified"], &json["totals"]["failed"]), (&json!(false), &json!(1)));
}

#[test]
fn forks_are_found_across_folders_and_so_is_a_predecessor_that_is_another() {
    let stories = stories(3);
    let desk = archive(&stories);
    let mut twin = stories[1].clone();
    twin.plan.ceremony = parse("twin");
    twin.relink();
    write(&desk, "twin", &twin);
    let run =
        verify(&desk, &[]).refused(3, "twin/plan.json: has the same counter as tests-2/plan.json");
    assert!(run.out.contains("NOT VERIFIED: twin; 3 of 4 ceremonies hold"), "{run:#?}");
    std::fs::remove_dir_all(desk.path("all/twin")).unwrap();
    // What only all of them together show: plan 3 is read after plan 2, plan 2 is another.
    let mut other = stories[1].clone();
    other.plan.ceremony = parse("other");
    other.relink();
    std::fs::remove_dir_all(desk.path("all/tests-2")).unwrap();
    write(&desk, "tests-2", &other);
    let says = "tests-3/plan.json: names another plan 2 than tests-2/plan.json";
    let run = verify(&desk, &[]).refused(3, says);
    for line in [
        line(&stories[2]).as_str(),
        // Of ceremony 2.
        "FAIL       between the ceremonies: 3 claims hold",
        "NOT VERIFIED: tests-3; 2 of 3 ceremonies hold",
    ] {
        assert!(run.out.contains(line), "{line}: {run:#?}");
    }
    std::fs::remove_dir_all(desk.path("all/tests-2")).unwrap();
    let run = verify(&desk, &["--all-claims"]).done();
    assert!(
        run.out.contains("NOT SHOWN  plan 2, which it follows, is in none of these folders"),
        "{run:#?}"
    );
}

#[test]
fn what_lies_beside_the_folders_is_shared_or_refused() {
    let stories = stories(2);
    let desk = archive(&stories);
    for name in ["policy-v1.json", "device.json"] {
        std::fs::rename(
            desk.path(&format!("all/tests-1/{name}")),
            desk.path(&format!("all/{name}")),
        )
        .unwrap();
        std::fs::remove_file(desk.path(&format!("all/tests-2/{name}"))).unwrap();
    }
    let run = verify(&desk, &[]).done();
    assert!(run.out.contains("policies and HSMs: 3 claims about 2 files hold"), "{run:#?}");
    let [_, _, files] = comes_to(&stories[0]);
    let files = 2 * (files - 2);
    assert!(run.out.contains(&format!(" claims about {files} files hold under")), "{run:#?}");
    // An HSM's setup in a folder of its own is no ceremony.
    std::fs::create_dir(desk.path("all/setup")).unwrap();
    std::fs::copy(desk.path("all/device.json"), desk.path("all/setup/device.json")).unwrap();
    let run = verify(&desk, &[]).done();
    assert!(run.out.contains("PASS       setup: nothing of its own"), "{run:#?}");
    assert!(run.out.contains("VERIFIED, IF the policy is yours: 2 ceremonies"), "{run:#?}");
    desk.write("all/notes.txt", b"hello");
    let run = verify(&desk, &[]).refused(3, "notes.txt: is no file that a ceremony leaves");
    assert!(run.out.contains("NOT VERIFIED: notes.txt; 2 of 2 ceremonies hold"), "{run:#?}");
    desk.write("all/broken.json", b"{}");
    verify(&desk, &[]).refused(3, "broken.json: is no bundle");
    // A ceremony's bundle beside them: then this is a ceremony, with folders in it.
    desk.write("all/plan.json", &signed(&stories[0].plan, &["alice", "bob"]));
    verify(&desk, &[]).refused(3, "tests-1: is a folder: nothing in it was checked");
}

#[test]
fn folders_that_hold_nothing_or_folders_or_links_are_refused() {
    let desk = archive(&stories(2));
    std::fs::create_dir(desk.path("all/empty")).unwrap();
    let run = verify(&desk, &[]).refused(3, "empty: holds nothing");
    assert!(run.out.contains("NOT VERIFIED: empty; 2 of 3 ceremonies hold"), "{run:#?}");
    std::fs::remove_dir(desk.path("all/empty")).unwrap();
    std::fs::create_dir(desk.path("all/tests-1/more")).unwrap();
    verify(&desk, &[]).refused(3, "tests-1/more: is a folder: nothing in it was checked");
    std::fs::remove_dir(desk.path("all/tests-1/more")).unwrap();
    // A link in a ceremony is that ceremony's failure; the others are told.
    symlink("plan.json", desk.path("all/tests-1/link.json")).unwrap();
    let run = verify(&desk, &[]).refused(8, "link.json cannot be read: it is a symbolic link");
    assert!(run.out.contains("PASS       tests-2: "), "{run:#?}");
    assert!(run.out.contains("NOT VERIFIED: tests-1; 1 of 2 ceremonies hold"), "{run:#?}");
    let json = answer(&desk, &[]);
    assert_eq!(json["ceremonies"][0]["error"]["code"], "file-unreadable");
    assert_eq!(
        (&json["ceremonies"][0]["verified"], &json["verified"]),
        (&json!(false), &json!(false))
    );
    std::fs::remove_file(desk.path("all/tests-1/link.json")).unwrap();
    // A link to a folder is none.
    symlink("tests-1", desk.path("all/tests-3")).unwrap();
    verify(&desk, &[]).refused(8, "tests-3 cannot be read");
}

#[test]
fn the_worst_ending_wins() {
    let mut stories = stories(3);
    let desk = archive(&stories);
    desk.write("all/tests-1/response.json", &signed(&stories[0].response, &["hsm"]));
    std::fs::remove_file(desk.path("all/tests-1/receipt.json")).unwrap();
    let run = verify(&desk, &[]).refused(4, "witness needs 1");
    assert!(run.out.contains("NOT VERIFIED: tests-1; 2 of 3 ceremonies hold"), "{run:#?}");
    symlink("plan.json", desk.path("all/tests-2/link.json")).unwrap();
    verify(&desk, &[]).refused(8, "not accepted: tests-1, tests-2");
    stories[2].receipt.created = time("2026-11-04T02:00:01Z");
    desk.write("all/tests-3/receipt-2.json", &signed(&stories[2].receipt, &["oscar"]));
    verify(&desk, &[]).refused(3, "not accepted: tests-1, tests-2, tests-3");
}

#[test]
fn what_is_missing_is_told_by_folder() {
    let desk = archive(&stories(3));
    std::fs::remove_file(desk.path("all/tests-2/receipt.json")).unwrap();
    let run = verify(&desk, &[]).done();
    for line in [
        "PASS       tests-2: INCOMPLETE, ",
        "VERIFIED, IF the policy is yours, INCOMPLETE: 3 ceremonies",
        "Open: tests-2/response.json has no receipt here.",
    ] {
        assert!(run.out.contains(line), "{line}: {run:#?}");
    }
    verify(&desk, &["--complete"]).refused(3, "tests-2/response.json has no receipt here");
    assert_eq!(answer(&desk, &[])["complete"], false);
    // An HSM without any plan is missing one, wherever its bundle lies.
    for path in desk.listing().iter().filter(|path| path.is_file()) {
        let name = path.file_name().unwrap().to_str().unwrap();
        if !["policy-v1.json", "device.json"].contains(&name) {
            std::fs::remove_file(path).unwrap();
        }
    }
    verify(&desk, &["--complete"]).refused(3, "tests-1/device.json has no plan here");
}

#[test]
fn reasons_that_repeat_without_end_are_counted() {
    let stories = stories(30);
    let desk = archive(&stories);
    for name in stories.iter().map(|story| &story.plan.ceremony) {
        std::fs::remove_file(desk.path(&format!("all/{name}/backup-payments.json"))).unwrap();
    }
    let run = verify(&desk, &[]).refused(3, "because: and 40 more\n");
    assert!(run.err.contains("tests-27, and 10 more\n"), "{run:#?}");
    assert_eq!(run.err.lines().count(), 1 + 20 + 1, "{run:#?}");
    assert!(run.out.contains("\nFAIL       tests-30"), "{run:#?}");
}

#[test]
fn events_are_held_against_all_of_them() {
    let stories = stories(2);
    let desk = archive(&stories);
    let event = |name: &str, story: &Story, id: &str, at: &str| {
        json!({
            "eventSource": "kms.amazonaws.com",
            "eventName": name,
            "eventTime": at,
            "eventID": id,
            "awsRegion": "eu-central-1",
            "recipientAccountId": "111122223333",
            "resources": [{ "ARN": story.plan.targets[0].key }],
        })
    };
    let mut events = Vec::new();
    for (story, id) in stories.iter().zip(["a", "b"]) {
        events.push(event(
            "GetParametersForImport",
            story,
            &format!("{id}1"),
            "2026-11-04T00:00:10Z",
        ));
        events.push(event("ImportKeyMaterial", story, &format!("{id}2"), "2026-11-04T01:59:00Z"));
    }
    let trail = |events: &[Value]| {
        desk.write("trail.json", json!({ "Records": events }).to_string().as_bytes());
    };
    trail(&events);
    let run = verify(&desk, &["--cloudtrail", "trail.json"]).done();
    assert!(run.out.contains("PASS       CloudTrail: 4 claims hold; 1 not shown\n  trail.json\n    NOT SHOWN  holds 4 events"), "{run:#?}");
    let json = answer(&desk, &["--cloudtrail", "trail.json"]);
    assert_eq!(json["cloudtrail"]["claims"].as_array().unwrap().len(), 5);
    assert_eq!(json["cloudtrail"]["claims"][1]["file"], "tests-1/request.json");
    // One event is nobody's: told once, and no ceremony fails for it.
    events.push(event("ImportKeyMaterial", &stories[1], "stray", "2026-11-05T12:00:00Z"));
    trail(&events);
    let run = verify(&desk, &["--cloudtrail", "trail.json"])
        .refused(3, "event stray: no receipt here accounts for it");
    assert_eq!(run.out.matches("event stray").count(), 1, "{run:#?}");
    assert!(run.out.contains("NOT VERIFIED: trail.json; 2 of 2 ceremonies hold"), "{run:#?}");
    // One ceremony has no event though the files cover its time.
    events.truncate(3);
    events.push(event("DescribeKey", &stories[0], "before", "2026-11-03T00:00:00Z"));
    events.push(event("DescribeKey", &stories[0], "after", "2026-11-06T00:00:00Z"));
    trail(&events);
    let run = verify(&desk, &["--cloudtrail", "trail.json"])
        .refused(3, "tests-2/receipt.json: target payments: ImportKeyMaterial into");
    assert!(run.out.contains("NOT VERIFIED: tests-2; 1 of 2 ceremonies hold"), "{run:#?}");
}

#[test]
fn a_report_is_about_one_ceremony() {
    let desk = archive(&stories(2));
    desk.run(&["report", "all", "--no-pin", "--html", "page.html"], &[])
        .refused(2, "a report is about one ceremony");
    assert!(!desk.path("page.html").exists());
    desk.run(&["report", "all/tests-1", "--no-pin", "--html", "page.html"], &[]).done();
}

#[test]
fn folders_of_one_name_and_hostile_names() {
    let stories = stories(2);
    let desk = archive(&stories[..1]);
    std::fs::create_dir_all(desk.path("more/tests-1")).unwrap();
    desk.run(&["verify", "all", "more", "--no-pin"], &[])
        .refused(2, "two folders are called tests-1");
    std::fs::remove_dir_all(desk.path("more")).unwrap();
    write(&desk, "\u{1b}[2J\nVERIFIED", &stories[1]);
    desk.write("all/\u{1b}[2J\nVERIFIED/notes.txt", b"hello");
    for run in [verify(&desk, &[]), verify(&desk, &["--all-claims"])] {
        let run = run.refused(3, "is no file that a ceremony leaves");
        assert!(!run.out.contains('\u{1b}') && !run.err.contains('\u{1b}'), "{run:#?}");
        assert!(!run.out.lines().any(|line| line.starts_with("VERIFIED")), "{run:#?}");
    }
}
