//! What folders show about each other, and what none of them can hide from the others.

use super::{Across, Claim, File, Pins, Report, Shared, Standing};
use crate::cloudtrail::Trail;
use crate::log;
use crate::testing::{Story, deeds, digest_of, parse, signed, time};
use keyferry_bundle::Digest;
use keyferry_bundle::kinds::{Bundle, Revocation};
use serde_json::json;

const OFFICERS: &[&str] = &["alice", "bob"];

/// Some folders, read one after the other.
struct Read {
    shared: Shared,
    reports: Vec<Report>,
    across: Across,
    between: Report,
}

impl Read {
    fn new(beside: &[File], folders: &[(&str, Vec<File>)], pins: &Pins) -> Self {
        let mut within: Vec<File> = Vec::new();
        for (folder, files) in folders {
            for file in files.iter().filter(|file| Shared::takes(&file.bytes)) {
                if within.iter().chain(beside).all(|known| known.bytes != file.bytes) {
                    let name = format!("{folder}/{}", file.name);
                    within.push(File { name, bytes: file.bytes.clone() });
                }
            }
        }
        let shared = Shared::examine(beside, &within, pins);
        let mut across = Across::with_calls();
        let mut reports = Vec::new();
        for (folder, files) in folders {
            let (mut report, chain) = shared.examine_ceremony(files, pins);
            across.take_in(folder, &chain, &mut report);
            reports.push(report);
        }
        let between = across.settle(&shared);
        Self { shared, reports, across, between }
    }

    fn of(folders: &[(&str, Vec<File>)]) -> Self {
        Self::new(&[], folders, &Pins::none())
    }

    /// Which folders hold by themselves and beside those before them.
    fn hold(&self) -> Vec<bool> {
        self.reports.iter().map(Report::holds).collect()
    }
}

#[track_caller]
fn claim<'a>(report: &'a Report, id: &str, file: &str) -> &'a Claim {
    let found = report.claims.iter().find(|claim| claim.id == id && claim.file == file);
    found.unwrap_or_else(|| panic!("no {id} about {file} in {:#?}", report.claims))
}

#[track_caller]
fn refused(report: &Report, id: &str, file: &str, says: &str) {
    let said = |claim: &Claim| {
        (claim.id, claim.file.as_str(), claim.standing) == (id, file, Standing::Refused)
            && claim.sentence.contains(says)
    };
    assert!(report.claims.iter().any(said), "no {id} about {file} in {:#?}", report.claims);
}

fn replaced<T: Bundle>(mut folder: Vec<File>, name: &str, body: &T, by: &[&str]) -> Vec<File> {
    folder.iter_mut().find(|file| file.name == name).unwrap().bytes = signed(body, by);
    folder
}

#[test]
fn each_plan_follows_one_of_another_folder() {
    let first = Story::sound();
    let (second, third) = (first.next(), first.next().next());
    // Whichever is read first.
    let read = Read::of(&[("b", third.folder()), ("a", second.folder()), ("c", first.folder())]);
    assert_eq!(read.hold(), [true; 3]);
    for (id, file, sentence) in [
        ("plan.previous", "b/plan.json", "follows a/plan.json"),
        ("plan.previous", "a/plan.json", "follows c/plan.json"),
        ("log.start", "b/log.json", "begins where a/log.json ends"),
        ("log.start", "a/log.json", "begins where c/log.json ends"),
        ("transcript.chain", "b/transcript-1.json", "follows a/transcript-1.json"),
        ("transcript.chain", "a/transcript-1.json", "follows c/transcript-1.json"),
    ] {
        let told = claim(&read.between, id, file);
        assert_eq!((told.standing, told.sentence.as_str()), (Standing::Holds, sentence));
    }
    assert_eq!(read.between.claims.len(), 6, "{:#?}", read.between.claims);
    for report in &read.reports {
        assert!(report.claims.iter().all(|claim| claim.id != "plan.previous"));
        assert!(report.claims.iter().all(|claim| !claim.id.starts_with("policy.")));
        assert_eq!(report.missing_links().count(), 0, "{:#?}", report.claims);
    }
    // A policy and a device bundle that lie in each folder are stated once.
    let stated: Vec<_> =
        read.shared.report().claims.iter().map(|c| (c.id, c.file.as_str())).collect();
    assert_eq!(
        stated,
        [
            ("policy.signed", "b/policy-v1.json"),
            ("policy.pinned", "b/policy-v1.json"),
            ("device.signed", "b/device.json"),
            ("device.attestation", "b/device.json"),
            ("device.policy", "b/device.json"),
        ]
    );
    let third = Read::of(&[("a", first.folder()), ("b", third.folder())]);
    let open = claim(&third.between, "plan.previous", "b/plan.json");
    assert_eq!(open.standing, Standing::Open);
    assert!(open.sentence.contains("plan 2, which it follows, is in none of these folders"));
    let open = claim(&third.between, "log.start", "b/log.json");
    assert_eq!(open.standing, Standing::Open);
    assert!(open.sentence.contains("where log 2 ended, which is in none of these folders"));
}

#[test]
fn each_log_begins_where_one_of_another_folder_ends() {
    let first = Story::sound();
    let second = first.next();
    let with = |spoil: &dyn Fn(&mut Story)| {
        let mut other = second.clone();
        spoil(&mut other);
        other.relink();
        Read::of(&[("b", other.folder()), ("a", first.folder())])
    };
    let read = with(&|other| {
        let records = [deeds::by(2, 0x56, 0x0100, 0xffff); 2];
        other.record_after(log::last(&second.log).unwrap(), &records);
    });
    let says = "that is not where a/log.json ends";
    refused(&read.between, "log.start", "b/log.json", says);
    let read = with(&|other| other.log.previous = Some(Digest::of(b"another log")));
    let says = "names another log 1 than a/log.json";
    refused(&read.between, "log.start", "b/log.json", says);
    let read = with(&|other| other.log.counter = 3);
    refused(&read.between, "log.start", "b/log.json", "names a/log.json as log 2, which it is not");
    // After a gap nothing is claimed, but for what it names.
    let read = with(&|other| other.log.from = None);
    assert_eq!(claim(&read.reports[0], "log.gap", "log.json").standing, Standing::Open);
    assert!(read.between.claims.iter().all(|claim| claim.id != "log.start"));
    let read = with(&|other| {
        (other.log.from, other.log.previous) = (None, Some(Digest::of(b"another log")));
    });
    refused(&read.between, "log.start", "b/log.json", "names another log 1 than a/log.json");
    // Two logs of one number; a copy of the log before is none.
    let mut twin = second.clone();
    twin.log.created = time("2026-11-04T01:00:01Z");
    twin.plan.counter = 3;
    twin.relink();
    let read = Read::of(&[("a", first.folder()), ("b", second.folder()), ("c", twin.folder())]);
    let says = "has the same counter as b/log.json";
    refused(&read.reports[2], "log.counter", "log.json", says);
    let mut whole = second.folder();
    whole.push(File { name: "log-1.json".to_owned(), bytes: signed(&first.log, &["hsm"]) });
    let read = Read::of(&[("a", first.folder()), ("b", whole)]);
    assert_eq!(read.hold(), [true; 2]);
    let told = claim(&read.reports[1], "log.start", "log.json");
    assert_eq!(told.sentence, "begins where log-1.json ends");
}

#[test]
fn a_plan_that_names_another_predecessor_is_refused_at_the_end() {
    let first = Story::sound();
    let mut other = first.next();
    other.plan.previous = Some(Digest::of(b"elsewhere"));
    other.relink();
    for folders in [
        [("a", first.folder()), ("b", other.folder())],
        [("a", other.folder()), ("b", first.folder())],
    ] {
        let read = Read::of(&folders);
        assert_eq!(read.hold(), [true; 2]);
        let bad = read.between.claims.iter().find(|claim| claim.id == "plan.previous").unwrap();
        assert!(bad.standing == Standing::Refused, "{bad:#?}");
        assert!(bad.sentence.contains("names another plan 1 than"), "{bad:#?}");
    }
    let mut skipped = first.next().next();
    skipped.plan.previous = Some(digest_of(&first.plan));
    skipped.relink();
    let read = Read::of(&[("a", first.folder()), ("b", skipped.folder())]);
    let says = "names a/plan.json as plan 2, which it is not";
    refused(&read.between, "plan.previous", "b/plan.json", says);
}

#[test]
fn forks_are_found_where_the_second_folder_is_read() {
    let first = Story::sound();
    let second = first.next();
    // Two plans of one number, or after one plan.
    let mut twin = second.clone();
    twin.plan.ceremony = parse("tests-2b");
    twin.relink();
    let read = Read::of(&[("a", first.folder()), ("b", second.folder()), ("c", twin.folder())]);
    assert_eq!(read.hold(), [true, true, false]);
    let says = "has the same counter as b/plan.json";
    refused(&read.reports[2], "plan.counter", "plan.json", says);
    let mut after = second.clone();
    after.plan.counter = 3;
    after.relink();
    let read = Read::of(&[("b", second.folder()), ("c", after.folder())]);
    refused(&read.reports[1], "plan.previous", "plan.json", "follows the same plan as b/plan.json");
    // The same ceremony twice.
    let read = Read::of(&[("a", first.folder()), ("b", first.folder())]);
    assert_eq!(read.hold(), [true, false]);
    refused(&read.reports[1], "plan.counter", "plan.json", "is the plan a/plan.json too");
    assert_eq!(read.reports[1].claims.iter().filter(|claim| claim.fails()).count(), 1);
}

#[test]
fn a_plan_that_the_room_never_began_takes_no_number_from_the_next() {
    let first = Story::sound();
    let second = first.next();
    let mut refused_by_the_room = second.clone();
    refused_by_the_room.plan.ceremony = parse("tests-2a");
    refused_by_the_room.relink();
    let third = second.next();
    let alone = |story: &Story, files: &[&str]| {
        let mut folder = story.folder();
        folder.retain(|file| Shared::takes(&file.bytes) || files.contains(&file.name.as_str()));
        folder
    };
    for files in [&["plan.json"][..], &["plan.json", "request.json"]] {
        let idle = alone(&refused_by_the_room, files);
        let read = Read::of(&[
            ("a", first.folder()),
            ("b", idle),
            ("c", second.folder()),
            ("d", third.folder()),
        ]);
        assert_eq!(read.hold(), [true; 4]);
        assert!(read.between.holds(), "{:#?}", read.between.claims);
        let told = claim(&read.between, "plan.counter", "b/plan.json");
        assert_eq!(told.standing, Standing::Open);
        assert!(told.sentence.contains("has the same counter as c/plan.json"), "{told:?}");
    }
    // Of two that nobody answered, the second is told.
    let idle = [&refused_by_the_room, &second].map(|story| alone(story, &["plan.json"]));
    let [one, other] = idle;
    let read = Read::of(&[("a", first.folder()), ("b", one), ("c", other)]);
    let told = claim(&read.between, "plan.counter", "c/plan.json");
    assert!(
        told.standing == Standing::Open && told.sentence.contains("as b/plan.json"),
        "{told:?}"
    );
    // A copy of a plan without the rest of its folder is still one too many.
    let copy = alone(&second, &["plan.json"]);
    let read = Read::of(&[("a", first.folder()), ("b", copy), ("c", second.folder())]);
    refused(&read.between, "plan.counter", "b/plan.json", "is the plan c/plan.json too");
}

#[test]
fn what_follows_one_plan_in_two_folders_is_a_fork_too() {
    let first = Story::sound();
    let beside = |spoil: &dyn Fn(&mut Story)| {
        let mut other = first.clone();
        spoil(&mut other);
        other.relink();
        let read = Read::of(&[("a", first.folder()), ("b", other.folder())]);
        read.reports.into_iter().nth(1).unwrap()
    };
    let report = beside(&|other| other.request.created = time("2026-11-04T00:00:01Z"));
    refused(&report, "request.counter", "request.json", "has the same counter as a/request.json");
    refused(&report, "request.token", "request.json", "has an import token of a/request.json");
    let report = beside(&|other| other.response.created = time("2026-11-04T01:00:01Z"));
    let says = "answers the same request as a/response.json";
    refused(&report, "response.request", "response.json", says);
    let report = beside(&|other| {
        other.response.targets[0].check_value = Digest::of(b"other material");
        other.backup.check_value = Digest::of(b"other material");
    });
    let says = "target payments: is other key material than in a/response.json";
    refused(&report, "response.material", "response.json", says);
    let report = beside(&|other| other.receipt.created = time("2026-11-04T02:00:01Z"));
    let says = "is of the same response as a/receipt.json";
    refused(&report, "receipt.response", "receipt.json", says);
    let report = beside(&|other| {
        other.request.counter = 3;
        other.request.previous = Some(Digest::of(b"request 2"));
    });
    assert!(report.claims.iter().all(|claim| claim.id != "request.counter"));
    let follows = |counter| {
        let mut story = first.clone();
        story.request.counter = counter;
        story.request.previous = Some(Digest::of(b"request 1"));
        story.relink();
        story.folder()
    };
    let read = Read::of(&[("a", follows(2)), ("b", follows(3))]);
    let says = "follows the same request as a/request.json";
    refused(&read.reports[1], "request.previous", "request.json", says);
}

#[test]
fn another_hsm_bundle_or_policy_fails_where_it_lies_and_nowhere_else() {
    let first = Story::sound();
    let mut other = first.next();
    other.device.firmware = parse("2.4.0");
    other.relink();
    let third = first.next();
    let read = Read::of(&[("a", first.folder()), ("b", other.folder()), ("c", third.folder())]);
    let shared = read.shared.report();
    let says = "is of the same HSM under the same policy as a/device.json";
    refused(shared, "device.serial", "b/device.json", says);
    refused(&read.reports[1], "device.serial", "device.json", says);
    assert!(read.reports[0].holds() && !read.reports[1].holds());

    let mut stranger = first.next();
    stranger.policy.name = parse("Others");
    stranger.relink();
    let pins = Pins::one(digest_of(&first.policy));
    // The stranger comes first and is refused all the same: a pin vouches for the other.
    let folders = [("a", stranger.folder()), ("b", first.folder()), ("c", third.folder())];
    let read = Read::new(&[], &folders, &pins);
    assert_eq!(read.hold(), [false, true, true]);
    assert!(read.reports[0].claims.iter().any(|c| c.id == "policy.signed" && c.fails()));
    assert!(!read.shared.report().holds());
}

#[test]
fn the_newest_pinned_policy_vouches_for_those_of_older_folders() {
    let first = Story::sound();
    let mut second = first.next();
    second.policy.version = 2;
    second.policy.previous = Some(digest_of(&first.policy));
    second.policy.created = time("2026-11-02T12:00:00Z");
    second.relink();
    let older = File { name: "policy-v1.json".to_owned(), bytes: signed(&first.policy, OFFICERS) };
    let mut folder = second.folder();
    folder.iter_mut().find(|file| file.name == "policy-v1.json").unwrap().name =
        "policy-v2.json".to_owned();
    folder.push(older);
    let folders = [("a", first.folder()), ("b", folder)];
    let read = Read::new(&[], &folders, &Pins::one(digest_of(&second.policy)));
    assert!(read.shared.report().holds(), "{:#?}", read.shared.report().claims);
    assert_eq!(read.shared.report().trust.as_ref().unwrap().version, 2);
    // Version 2 lies in the other folder alone, and still the first plan came too late for version 1.
    assert_eq!(read.hold(), [false, true]);
    let says = "after version 2 replaced version 1";
    refused(&read.reports[0], "plan.policy", "plan.json", says);
    // What the pinned version follows comes before a stranger's first version, though that is read first.
    let mut stranger = first.next();
    stranger.policy.name = parse("Others");
    stranger.relink();
    let [older, newer] = folders.clone();
    let all = [("0", stranger.folder()), older, newer];
    let read = Read::new(&[], &all, &Pins::one(digest_of(&second.policy)));
    assert_eq!(read.shared.report().trust.as_ref().unwrap().version, 2);
    assert_eq!(read.hold(), [false, false, true]);
    // A version that nothing vouches for fails whatever rests on it.
    let read = Read::new(&[], &folders, &Pins::one(digest_of(&first.policy)));
    refused(read.shared.report(), "policy.pinned", "b/policy-v2.json", "is not pinned here");
    refused(&read.reports[1], "policy.pinned", "policy-v2.json", "is not pinned here");
}

#[test]
fn a_version_in_one_folder_revokes_a_key_for_all_of_them() {
    let story = Story::sound();
    let mut next = story.policy.clone();
    (next.version, next.previous) = (2, Some(digest_of(&story.policy)));
    next.created = time("2026-12-01T00:00:00Z");
    let wendy = next.keys.remove(4).public_key().unwrap().id().unwrap();
    next.roles.witness.keys.retain(|key| *key != wendy);
    next.revoked = vec![Revocation { key: wendy, since: story.response.created }];
    let version = File { name: "policy-v2.json".to_owned(), bytes: signed(&next, OFFICERS) };
    let (old, newer) = (story.folder(), vec![version]);
    for folders in [[("a", old.clone()), ("b", newer.clone())], [("b", newer), ("a", old)]] {
        let read = Read::of(&folders);
        let report = read.reports.iter().find(|report| !report.holds()).unwrap();
        let lost = claim(report, "response.signed", "response.json");
        assert_eq!(lost.standing, Standing::NotAllowed);
        assert!(lost.sentence.contains("a revoked key does not count: wendy"), "{}", lost.sentence);
        claim(read.shared.report(), "policy.revoked", "a/policy-v1.json");
    }
    assert_eq!(Read::of(&[("a", story.folder())]).hold(), [true]);
}

#[test]
fn copies_may_have_other_signatures_and_all_of_them_must_be_good() {
    let (first, second) = (Story::sound(), Story::sound().next());
    let more = replaced(second.folder(), "device.json", &second.device, &["hsm", "wendy", "bob"]);
    let more = replaced(more, "policy-v1.json", &second.policy, &["alice", "bob", "bob2"]);
    let read = Read::of(&[("a", first.folder()), ("b", more)]);
    assert!(read.shared.report().holds(), "{:#?}", read.shared.report().claims);
    assert_eq!(read.hold(), [true; 2]);
    for (name, id, by) in [
        ("device.json", "device.signed", &["hsm"][..]),
        ("policy-v1.json", "policy.signed", &["bob"]),
    ] {
        let bad = match name {
            "device.json" => replaced(second.folder(), name, &second.device, by),
            _ => replaced(second.folder(), name, &second.policy, by),
        };
        // In whichever order.
        for folders in [
            [("a", first.folder()), ("b", bad.clone())],
            [("b", bad.clone()), ("c", first.folder())],
        ] {
            let read = Read::of(&folders);
            let place = folders.iter().position(|(name, _)| *name == "b").unwrap();
            let told = claim(&read.reports[place], id, name);
            assert!(told.standing == Standing::NotAllowed, "{told:#?}");
            assert!(read.reports[1 - place].holds(), "{:#?}", read.reports[1 - place].claims);
        }
    }
}

#[test]
fn what_lies_beside_the_folders_is_for_all_of_them() {
    let (first, second) = (Story::sound(), Story::sound().next());
    let common = |file: &File| Shared::takes(&file.bytes);
    let beside: Vec<File> = first.folder().into_iter().filter(common).collect();
    let own = |story: &Story| {
        let mut folder = story.folder();
        folder.retain(|file| !Shared::takes(&file.bytes));
        folder
    };
    let folders = [("a", own(&first)), ("b", own(&second))];
    let read = Read::new(&beside, &folders, &Pins::none());
    assert_eq!(read.hold(), [true; 2]);
    assert!(read.shared.report().holds() && read.between.missing_links().next().is_none());
    // An HSM's bundle that lies in one folder alone is for that one.
    let folders = [("a", first.folder()), ("b", own(&second))];
    let read = Read::new(&[], &folders, &Pins::none());
    assert_eq!(read.hold(), [true, false]);
    // Nothing is for an HSM: told once.
    let folders = [("a", own(&first)[..2].to_vec())];
    let read = Read::new(&beside, &folders, &Pins::none());
    assert_eq!(claim(&read.between, "device.planned", "device.json").standing, Standing::Open);
    // Strangers beside them.
    let notes = File { name: "notes.txt".to_owned(), bytes: b"hello".to_vec() };
    let copy = File { name: "a.yhw".to_owned(), bytes: b"copy".to_vec() };
    let read = Read::new(&[notes, copy], &[("a", first.folder())], &Pins::none());
    refused(read.shared.report(), "folder.files", "notes.txt", "is no file that a ceremony leaves");
    refused(read.shared.report(), "folder.files", "a.yhw", "is not what any bundle");
    assert_eq!(read.hold(), [true]);
}

#[test]
fn a_policy_or_device_that_was_not_there_before_is_refused() {
    let (first, second) = (Story::sound(), Story::sound().next());
    let shared = Shared::examine(&[], &first.folder()[..0], &Pins::none());
    let (report, _) = shared.examine_ceremony(&second.folder(), &Pins::none());
    refused(&report, "policy.signed", "policy-v1.json", "was not there when");
    refused(&report, "device.signed", "device.json", "was not there when");
}

#[test]
fn an_event_is_held_against_all_ceremonies_and_told_once() {
    let (first, second) = (Story::sound(), Story::sound().next());
    let key = |story: &Story| story.plan.targets[0].key.to_string();
    let event = |name: &str, key: &str, id: &str, at: &str| {
        json!({
            "eventSource": "kms.amazonaws.com",
            "eventName": name,
            "eventTime": at,
            "eventID": id,
            "awsRegion": "eu-central-1",
            "recipientAccountId": "111122223333",
            "resources": [{ "ARN": key }],
        })
    };
    let mut events = Vec::new();
    for (index, story) in [&first, &second].into_iter().enumerate() {
        let key = key(story);
        let id = |what| format!("{what}-{index}");
        events.push(event("GetParametersForImport", &key, &id("asked"), "2026-11-04T00:00:10Z"));
        events.push(event("ImportKeyMaterial", &key, &id("sent"), "2026-11-04T01:59:00Z"));
    }
    let stray = event("ImportKeyMaterial", &key(&second), "stray", "2026-11-05T12:00:00Z");
    let read = Read::of(&[("a", first.folder()), ("b", second.folder())]);
    let held = |events: &[serde_json::Value]| {
        let mut trail = Trail::default();
        trail.add("trail.json", json!({ "Records": events }).to_string().as_bytes()).unwrap();
        read.across.hold_against(&trail, &read.shared)
    };
    let report = held(&events);
    assert!(report.holds(), "{:#?}", report.claims);
    for (id, file, event) in [
        ("cloudtrail.request", "a/request.json", "asked-0"),
        ("cloudtrail.import", "b/receipt.json", "sent-1"),
    ] {
        let told = claim(&report, id, file);
        assert!(told.standing == Standing::Holds && told.sentence.ends_with(event), "{told:#?}");
    }
    events.push(stray);
    let report = held(&events);
    let told: Vec<_> = report.claims.iter().filter(|claim| claim.fails()).collect();
    assert!(told.len() == 1 && told[0].id == "cloudtrail.event", "{told:#?}");
    assert!(told[0].sentence.contains("event stray: no receipt here accounts for it; for b/"));
}
