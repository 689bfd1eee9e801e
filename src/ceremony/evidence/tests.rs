//! What a folder proves, and what it cannot hide.

use super::{Claim, File, Pins, Report, Standing, examine};
use crate::policy;
use crate::testing::{Story, deeds, digest_of, parse, signed, time};
use keyferry_bundle::kinds::{Bundle, KeptAs, Made, Outcome};
use keyferry_bundle::{Digest, Log, Policy};

#[test]
fn a_folder_proves_its_ceremony_and_one_changed_byte_is_found() {
    let story = Story::sound();
    let folder = story.folder();
    let pin = digest_of(&story.policy);
    let report = examine(&folder, &Pins::one(pin));
    assert!(report.holds(), "{:#?}", report.claims);
    assert!(report.trust.unwrap().pinned);
    for (index, file) in folder.iter().enumerate() {
        for position in (0..file.bytes.len()).step_by(97) {
            for flip in [1, 4, 32, 0x80] {
                let mut spoiled = folder.clone();
                spoiled[index].bytes[position] ^= flip;
                let report = examine(&spoiled, &Pins::one(pin));
                let blamed =
                    |claim: &Claim| claim.file == file.name && claim.standing == Standing::Refused;
                assert!(report.claims.iter().any(blamed), "{} at {position}", file.name);
            }
        }
    }
}

#[test]
fn a_folder_without_its_policy_or_with_a_stranger_proves_nothing() {
    let story = Story::sound();
    let mut folder = story.folder();
    let stranger = File { name: "notes.txt".into(), bytes: b"hello".to_vec() };
    folder.push(stranger);
    assert!(!examine(&folder, &Pins::none()).holds());
    folder.retain(|file| !file.name.starts_with("policy") && !file.name.ends_with("txt"));
    assert!(!examine(&folder, &Pins::none()).holds());
    assert!(!examine(&[], &Pins::none()).holds());
    assert!(!examine(&story.folder(), &Pins::one(Digest::of(b"another policy"))).holds());
}

#[test]
fn a_token_beside_its_request_is_recognised() {
    let mut folder = Story::sound().folder();
    let name = "import-token-1-payments.bin".to_owned();
    folder.push(File { name: name.clone(), bytes: b"token".to_vec() });
    let report = examine(&folder, &Pins::none());
    assert!(report.holds(), "{:#?}", report.claims);
    assert!(report.claims.iter().any(|c| c.file == name && c.id == "request.token"));
    folder.last_mut().unwrap().bytes = b"another".to_vec();
    assert!(!examine(&folder, &Pins::none()).holds());
}

#[test]
fn two_plans_with_one_counter_are_a_fork() {
    let story = Story::sound();
    let mut folder = story.folder();
    let mut twin = story.plan.clone();
    twin.ceremony = parse("tests-2");
    folder.push(File { name: "z.json".into(), bytes: signed(&twin, &["alice", "bob"]) });
    let report = examine(&folder, &Pins::none());
    assert!(report.claims.iter().any(|c| c.sentence.contains("has the same counter as plan.json")));
    assert!(!report.holds());
}

/// A claim of that id about that file.
fn claim<'a>(report: &'a Report, id: &str, file: &str) -> &'a Claim {
    let found = report.claims.iter().find(|claim| claim.id == id && claim.file == file);
    found.unwrap_or_else(|| panic!("no {id} about {file} in {:#?}", report.claims))
}

/// The folder with more bundles is refused, and this is said of the last of them.
fn refused<T: Bundle>(story: &Story, more: &[(&str, &T, &[&str])], id: &str, expected: &str) {
    let mut folder = story.folder();
    for (name, body, signers) in more {
        folder.push(File { name: (*name).to_owned(), bytes: signed(*body, signers) });
    }
    let report = examine(&folder, &Pins::none());
    let (file, ..) = more.last().unwrap();
    let said = report.claims.iter().any(|claim| {
        claim.standing == Standing::Refused
            && (claim.id, claim.file.as_str()) == (id, *file)
            && claim.sentence.contains(expected)
    });
    assert!(said && !report.holds(), "{id}: {expected} {:#?}", report.claims);
}

const OFFICERS: &[&str] = &["alice", "bob"];
const OPERATOR: &[&str] = &["oscar"];
const ROOM: &[&str] = &["hsm", "wendy"];

#[test]
fn two_bundles_in_one_place_are_a_fork() {
    let story = Story::sound();
    let mut device = story.device.clone();
    device.firmware = parse("2.4.0");
    refused(
        &story,
        &[("z.json", &device, ROOM)],
        "device.serial",
        "of the same HSM under the same policy as device.json",
    );
    let mut request = story.request.clone();
    request.created = time("2026-11-04T00:00:01Z");
    request.targets[0].import_token_sha256 = Digest::of(b"second token");
    refused(
        &story,
        &[("z.json", &request, OPERATOR)],
        "request.counter",
        "has the same counter as request.json",
    );
    let mut response = story.response.clone();
    response.created = time("2026-11-04T01:00:01Z");
    refused(
        &story,
        &[("z.json", &response, ROOM)],
        "response.request",
        "answers the same request as response.json",
    );
    let mut receipt = story.receipt.clone();
    receipt.created = time("2026-11-04T02:00:01Z");
    refused(
        &story,
        &[("z.json", &receipt, OPERATOR)],
        "receipt.response",
        "is of the same response as receipt.json",
    );
}

#[test]
fn predecessors_are_found_or_left_open_or_refused() {
    let story = Story::sound();
    let mut second = story.request.clone();
    second.counter = 2;
    second.previous = Some(digest_of(&story.request));
    second.targets[0].import_token_sha256 = Digest::of(b"second token");
    let with = |name: &str, bytes| {
        let mut folder = story.folder();
        folder.push(File { name: name.to_owned(), bytes });
        examine(&folder, &Pins::none())
    };
    let report = with("request-2.json", signed(&second, OPERATOR));
    assert!(report.holds(), "{:#?}", report.claims);
    assert_eq!(
        claim(&report, "request.previous", "request-2.json").sentence,
        "follows request.json"
    );
    let mut third = second.clone();
    third.counter = 3;
    let at = "request-3.json";
    refused(
        &story,
        &[(at, &third, OPERATOR)],
        "request.previous",
        "names request.json as request 2, which it is not",
    );
    third.previous = Some(Digest::of(b"elsewhere"));
    let report = with(at, signed(&third, OPERATOR));
    assert_eq!(claim(&report, "request.previous", at).standing, Standing::Open);
    third.previous = second.previous;
    refused(
        &story,
        &[("request-2.json", &second, OPERATOR), (at, &third, OPERATOR)],
        "request.previous",
        "follows the same request as",
    );
    second.previous = Some(Digest::of(b"another"));
    refused(
        &story,
        &[("request-2.json", &second, OPERATOR)],
        "request.previous",
        "names another request 1 than request.json",
    );
    second.previous = Some(digest_of(&story.request));
    second.targets[0].import_token_sha256 = story.request.targets[0].import_token_sha256;
    refused(
        &story,
        &[("request-2.json", &second, OPERATOR)],
        "request.token",
        "import_token_sha256: is the token of request 1",
    );

    let mut plan = story.plan.clone();
    plan.counter = 2;
    plan.previous = Some(Digest::of(b"another plan 1"));
    refused(
        &story,
        &[("z.json", &plan, OFFICERS)],
        "plan.previous",
        "names another plan 1 than plan.json",
    );
    plan.previous = Some(digest_of(&story.plan));
    let report = with("z.json", signed(&plan, OFFICERS));
    assert_eq!(claim(&report, "plan.previous", "z.json").sentence, "follows plan.json");
    assert!(report.holds(), "{:#?}", report.claims);
}

/// A second request for the plan and what the room answered.
fn rewrapped(made: Made, check_value: Digest) -> Report {
    let first = Story::sound();
    let mut story = first.clone();
    story.request.counter = 2;
    story.request.previous = Some(digest_of(&first.request));
    story.request.targets[0].import_token_sha256 = Digest::of(b"second token");
    story.backup.check_value = check_value;
    let entry = &mut story.response.targets[0];
    entry.import_token_sha256 = Digest::of(b"second token");
    (entry.made, entry.check_value) = (made, check_value);
    story.log_after(&first);
    let mut folder = first.folder();
    for file in story.folder() {
        let fresh = ["backup-payments.json", "log.json", "request.json", "response.json"]
            .contains(&file.name.as_str());
        if fresh && folder.iter().all(|known| known.bytes != file.bytes) {
            folder.push(File { name: format!("2-{}", file.name), ..file });
        }
    }
    examine(&folder, &Pins::none())
}

#[test]
fn one_target_has_one_key_material() {
    let report = rewrapped(Made::Stored, Digest::of(b"check"));
    assert!(report.holds(), "{:#?}", report.claims);
    assert!(
        claim(&report, "response.made", "response.json")
            .sentence
            .contains("was generated for this response")
    );
    let stored = claim(&report, "response.made", "2-response.json");
    assert_eq!(stored.standing, Standing::Holds);
    assert!(
        stored.sentence.contains("the same as in response.json, which was the first"),
        "{}",
        stored.sentence
    );
    let twice = rewrapped(Made::Generated, Digest::of(b"check"));
    let told = claim(&twice, "response.made", "2-response.json");
    assert_eq!(told.standing, Standing::Refused);
    assert!(told.sentence.contains("but response.json has it already"), "{}", told.sentence);
    for made in [Made::Stored, Made::Generated] {
        let report = rewrapped(made, Digest::of(b"other material"));
        assert!(!report.holds());
        let other = claim(&report, "response.material", "2-response.json");
        assert!(other.sentence.contains("is other key material than in response.json"));
    }
    let mut story = Story::sound();
    story.response.targets[0].made = Made::Stored;
    story.record(&[&deeds::setting_up()[..], &deeds::answering_again(KeptAs::Opaque)].concat());
    story.relink();
    let report = examine(&story.folder(), &Pins::none());
    assert!(report.holds());
    assert_eq!(claim(&report, "response.made", "response.json").standing, Standing::Open);
    assert_eq!(report.missing_links().count(), 1);
    // Nothing was answered with it before: there is no earlier response to be missed.
    story.response.targets[0].made = Made::Resumed;
    story.record(&deeds::usual(KeptAs::Opaque));
    story.relink();
    let report = examine(&story.folder(), &Pins::none());
    let resumed = claim(&report, "response.made", "response.json");
    assert!(resumed.standing == Standing::Holds && resumed.sentence.contains("was cut off"));
    assert_eq!(report.missing_links().count(), 0);
}

#[test]
fn a_confirmed_import_is_no_proof_of_the_material() {
    let mut story = Story::sound();
    story.receipt.targets[0].outcome = Outcome::Confirmed;
    let report = examine(&story.folder(), &Pins::none());
    let told = &claim(&report, "receipt.import", "receipt.json").sentence;
    assert!(told.contains("it was not proved that KMS holds this very key material"), "{told}");
    assert!(report.holds());
    // Without any answer of KMS, the receipt is a link that is missing.
    story.receipt.targets[0].proof = None;
    let report = examine(&story.folder(), &Pins::none());
    let missing: Vec<&str> = report.missing_links().map(|claim| claim.id).collect();
    assert!(report.holds() && missing == ["receipt.proof"], "{missing:?}");
}

/// The version after the story's, and both of them accepted.
fn next_policy(story: &Story, created: &str) -> (Policy, Pins) {
    let mut next = story.policy.clone();
    next.version = 2;
    next.previous = Some(digest_of(&story.policy));
    next.created = time(created);
    let versions = [signed(&story.policy, OFFICERS), signed(&next, OFFICERS)];
    let pins = Pins::history(&policy::history(&versions).unwrap());
    (next, pins)
}

#[test]
fn a_pinned_history_vouches_for_older_ceremonies() {
    let story = Story::sound();
    let (next, pins) = next_policy(&story, "2026-11-20T00:00:00Z");
    // The folder of the first year on a machine that has gone on.
    let report = examine(&story.folder(), &pins);
    assert!(report.holds(), "{:#?}", report.claims);
    let pinned = &claim(&report, "policy.pinned", "policy-v1.json").sentence;
    assert!(pinned.contains("version 1, since replaced by version 2 here"), "{pinned}");
    assert!(
        claim(&report, "plan.policy", "plan.json")
            .sentence
            .contains("version 1, replaced by version 2")
    );
    let trust = report.trust.unwrap();
    assert_eq!((trust.version, trust.newest, trust.pinned), (1, 2, true));
    // Both versions in the folder: the newer vouches for the older, and not the other way round.
    let mut both = story.folder();
    both.push(File { name: "policy-v2.json".to_owned(), bytes: signed(&next, OFFICERS) });
    assert!(examine(&both, &pins).holds());
    assert!(examine(&both, &Pins::one(digest_of(&next))).holds());
    let report = examine(&both, &Pins::one(digest_of(&story.policy)));
    let late = claim(&report, "policy.pinned", "policy-v2.json");
    assert!(late.standing == Standing::Refused && late.sentence.contains("version 2 with digest"));
    assert_eq!(report.trust.unwrap().version, 1);
}

#[test]
fn a_plan_made_after_its_policy_was_replaced_is_refused() {
    let story = Story::sound();
    for created in ["2026-11-03T00:00:00Z", "2026-11-02T12:00:00Z"] {
        let (next, pins) = next_policy(&story, created);
        let mut both = story.folder();
        both.push(File { name: "policy-v2.json".to_owned(), bytes: signed(&next, OFFICERS) });
        for report in [examine(&story.folder(), &pins), examine(&both, &Pins::none())] {
            let late = claim(&report, "plan.policy", "plan.json");
            assert_eq!(late.standing, Standing::Refused);
            assert!(
                late.sentence.contains("after version 2 replaced version 1"),
                "{}",
                late.sentence
            );
        }
    }
    let (_, pins) = next_policy(&story, "2026-11-03T00:00:01Z");
    assert!(examine(&story.folder(), &pins).holds());
}

#[test]
fn a_chain_that_ends_early_is_incomplete_link_by_link() {
    let story = Story::sound();
    let mut folder = story.folder();
    assert_eq!(examine(&folder, &Pins::none()).missing_links().count(), 0);
    let without_log: Vec<File> =
        folder.iter().filter(|file| file.name != "log.json").cloned().collect();
    let report = examine(&without_log, &Pins::none());
    assert!(report.missing_links().map(|claim| claim.id).eq(["response.log"]));
    // Without its plan nobody can account for a log.
    folder.retain(|file| file.name != "log.json");
    for (gone, id, file) in [
        ("receipt", "response.imported", "response.json"),
        ("response", "request.answered", "request.json"),
        ("request", "plan.requested", "plan.json"),
        ("backup", "plan.requested", "plan.json"),
        ("plan", "device.planned", "device.json"),
    ] {
        folder.retain(|file| !file.name.starts_with(gone));
        let report = examine(&folder, &Pins::none());
        let missing: Vec<_> = report.missing_links().filter(|c| c.id != "response.log").collect();
        assert!(report.holds(), "{:#?}", report.claims);
        assert_eq!(
            missing.iter().map(|c| (c.id, c.file.as_str())).collect::<Vec<_>>(),
            [(id, file)]
        );
    }
}

#[test]
fn a_request_that_was_overtaken_is_no_missing_link() {
    let story = Story::sound();
    let mut next = story.clone();
    next.request.counter = 2;
    next.request.previous = Some(digest_of(&story.request));
    next.request.targets[0].import_token_sha256 = Digest::of(b"second token");
    next.response.targets[0].import_token_sha256 = Digest::of(b"second token");
    next.response.targets[0].made = Made::Resumed;
    next.log_after(&story);
    // The run that answered the first request was cut off, and the second one made what was missing.
    next.record_after(
        crate::log::last(&story.log).unwrap(),
        &[
            &deeds::answering_again(KeptAs::Opaque)[..],
            &[deeds::by(2, crate::hsm_log::command::EXPORT_WRAPPED, 0x0200, 0x0a01)],
        ]
        .concat(),
    );
    next.relink();
    let mut folder = next.folder();
    folder.push(File { name: "log-1.json".to_owned(), bytes: signed(&story.log, &["hsm"]) });
    folder
        .push(File { name: "request-1.json".to_owned(), bytes: signed(&story.request, OPERATOR) });
    let report = examine(&folder, &Pins::none());
    assert!(report.holds(), "{:#?}", report.claims);
    assert_eq!(report.missing_links().count(), 0, "{:#?}", report.claims);
    assert_eq!(claim(&report, "request.overtaken", "request-1.json").standing, Standing::Open);
    folder.push(File { name: "response-1.json".to_owned(), bytes: signed(&story.response, ROOM) });
    let report = examine(&folder, &Pins::none());
    assert!(report.holds(), "{:#?}", report.claims);
    assert_eq!(claim(&report, "response.overtaken", "response-1.json").standing, Standing::Open);
}

/// A second ceremony's log after the first one's.
fn second_log(first: &Story) -> Story {
    let mut second = first.clone();
    second.log_after(first);
    second
}

#[test]
fn a_log_begins_where_the_one_before_ends() {
    let first = Story::sound();
    let second = second_log(&first);
    let with = |log: &Log| {
        let mut folder = first.folder();
        folder.push(File { name: "z.json".into(), bytes: signed(log, &["hsm"]) });
        examine(&folder, &Pins::none())
    };
    let report = with(&second.log);
    assert_eq!(claim(&report, "log.start", "z.json").sentence, "begins where log.json ends");
    let mut other = second.clone();
    other.record_after(first.device.log_anchor, &deeds::answering_again(KeptAs::Opaque));
    let report = with(&other.log);
    assert_eq!(claim(&report, "log.start", "z.json").standing, Standing::Refused);
    // By itself, its predecessor is elsewhere.
    let mut folder = first.folder();
    folder.retain(|file| file.name != "log.json");
    folder.push(File { name: "z.json".into(), bytes: signed(&second.log, &["hsm"]) });
    let report = examine(&folder, &Pins::none());
    assert_eq!(claim(&report, "log.start", "z.json").standing, Standing::Open);
}

#[test]
fn two_logs_with_one_number_are_a_fork() {
    let story = Story::sound();
    let mut twin = story.log.clone();
    twin.created = time("2026-11-04T01:00:01Z");
    refused(
        &story,
        &[("z.json", &twin, &["hsm"])],
        "log.counter",
        "has the same counter as log.json",
    );
}

#[test]
fn a_gap_is_told_and_leaves_the_ceremony_incomplete() {
    let mut story = Story::sound();
    story.log.from = None;
    story.relink();
    let report = examine(&story.folder(), &Pins::none());
    assert!(report.holds(), "{:#?}", report.claims);
    assert_eq!(claim(&report, "log.gap", "log.json").standing, Standing::Open);
    assert!(report.missing_links().map(|claim| claim.id).eq(["log.gap"]));
}

#[test]
fn what_the_hsm_did_not_log_is_refused() {
    for (boots, sessions) in [(1, 0), (0, 1)] {
        let mut story = Story::sound();
        story.log.unlogged_boots = boots;
        story.log.unlogged_authentications = sessions;
        story.relink();
        let report = examine(&story.folder(), &Pins::none());
        assert_eq!(claim(&report, "log.unlogged", "log.json").standing, Standing::Refused);
    }
}

#[test]
fn a_log_of_another_plan_is_not_the_responses() {
    let mut story = Story::sound();
    story.log.plan = None;
    story.response.log = digest_of(&story.log);
    story.relink_receipt();
    let report = examine(&story.folder(), &Pins::none());
    let named = claim(&report, "response.log", "response.json");
    assert_eq!(named.standing, Standing::Refused);
    assert!(named.sentence.ends_with("is of another plan"), "{}", named.sentence);
}

#[test]
fn one_log_is_of_one_response() {
    let first = Story::sound();
    let mut second = first.clone();
    second.request.counter = 2;
    second.request.previous = Some(digest_of(&first.request));
    second.request.targets[0].import_token_sha256 = Digest::of(b"second token");
    second.response.targets[0].import_token_sha256 = Digest::of(b"second token");
    second.response.targets[0].made = Made::Stored;
    second.relink();
    let more: [(&str, Vec<u8>); 2] = [
        ("request-2.json", signed(&second.request, OPERATOR)),
        ("response-2.json", signed(&second.response, ROOM)),
    ];
    let mut folder = first.folder();
    folder.extend(more.map(|(name, bytes)| File { name: name.to_owned(), bytes }));
    let report = examine(&folder, &Pins::none());
    let named = claim(&report, "response.log", "response-2.json");
    assert_eq!(named.standing, Standing::Refused);
    assert_eq!(named.sentence, "names the same log as response.json");
}
