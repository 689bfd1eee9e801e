//! What a sound ceremony states, claim by claim: `docs/claims.md` names these tests for every claim that holds.

use super::Standing::{Holds, Open};
use super::{Claim, File, Pins, Report, Standing, examine};
use crate::testing::{Story, digest_of, signed};
use keyferry_bundle::Digest;
use keyferry_bundle::kinds::Isolation;

/// The folder of a story with its token and the copy under wrap beside it.
fn whole(story: &Story) -> Vec<File> {
    let mut folder = story.folder();
    for (name, bytes) in
        [("backup-payments.yhw", &b"copy"[..]), ("import-token-1-payments.bin", b"token")]
    {
        if !folder.iter().any(|file| file.name == name) {
            folder.push(File { name: name.to_owned(), bytes: bytes.to_vec() });
        }
    }
    folder
}

fn stated(report: &Report) -> Vec<(&str, &str, Standing)> {
    report.claims.iter().map(|c| (c.file.as_str(), c.id, c.standing)).collect()
}

fn claim<'a>(report: &'a Report, id: &str) -> &'a Claim {
    report.claims.iter().find(|claim| claim.id == id).unwrap()
}

#[test]
fn a_sound_ceremony_states_these_claims_and_no_others() {
    let story = Story::sound();
    let report = examine(&whole(&story), &Pins::one(digest_of(&story.policy)));
    assert_eq!(
        stated(&report),
        [
            ("policy-v1.json", "policy.signed", Holds),
            ("policy-v1.json", "policy.pinned", Holds),
            ("device.json", "device.signed", Holds),
            ("device.json", "device.attestation", Open),
            ("device.json", "device.policy", Holds),
            ("plan.json", "plan.approved", Holds),
            ("plan.json", "plan.allowed", Holds),
            ("plan.json", "plan.device", Holds),
            ("plan.json", "plan.policy", Holds),
            ("request.json", "request.signed", Holds),
            ("request.json", "request.plan", Holds),
            ("request.json", "request.endpoint", Holds),
            ("request.json", "request.wrapping-key", Holds),
            ("backup-payments.json", "backup.signed", Holds),
            ("response.json", "response.signed", Holds),
            ("response.json", "response.request", Holds),
            ("response.json", "response.isolation", Holds),
            ("response.json", "response.backup", Holds),
            ("response.json", "response.made", Holds),
            ("log.json", "log.signed", Holds),
            ("log.json", "log.start", Holds),
            ("log.json", "log.unlogged", Holds),
            ("log.json", "log.entries", Holds),
            ("log.json", "log.starts", Holds),
            ("log.json", "log.targets", Holds),
            ("response.json", "response.log", Holds),
            ("receipt.json", "receipt.signed", Holds),
            ("receipt.json", "receipt.endpoint", Holds),
            ("receipt.json", "receipt.import", Holds),
            ("receipt.json", "receipt.proof", Holds),
            ("transcript-1.json", "transcript.signed", Holds),
            ("transcript-1.json", "transcript.chain", Holds),
            ("transcript-1.json", "transcript.about", Holds),
            ("backup-payments.yhw", "backup.copy", Holds),
            ("import-token-1-payments.bin", "request.token", Holds),
        ]
    );
}

#[test]
fn a_wrap_key_in_shares_is_stated_with_everybody_who_proved_one() {
    let mut story = Story::sound();
    let report = examine(&whole(&story), &Pins::none());
    assert!(report.claims.iter().all(|claim| claim.id != "device.shares"));
    story.split_wrap_key();
    let report = examine(&whole(&story), &Pins::none());
    assert!(report.holds(), "{:#?}", report.claims);
    let told = claim(&report, "device.shares");
    assert_eq!(told.standing, Holds);
    assert!(told.sentence.starts_with("the wrap key is split 2 of 3 among carol, dave, erin;"));
}

#[test]
fn what_nothing_can_show_is_called_somebodys_word() {
    let mut story = Story::sound();
    let report = examine(&whole(&story), &Pins::none());
    for (id, word) in [
        ("request.endpoint", "the operator states"),
        ("request.wrapping-key", "the bastion's word"),
        ("response.isolation", "the room's host states"),
        ("receipt.endpoint", "the operator states"),
        ("receipt.import", "the operator states"),
        ("receipt.proof", "the operator states"),
        ("device.attestation", "the witnesses' word"),
    ] {
        let told = &claim(&report, id).sentence;
        assert!(told.contains(word), "{id}: {told}");
    }
    story.response.isolation = Isolation::Overridden;
    story.receipt.targets[0].proof = None;
    story.relink();
    let report = examine(&whole(&story), &Pins::none());
    assert!(claim(&report, "response.isolation").sentence.contains("was on a network"));
    assert_eq!(claim(&report, "receipt.proof").standing, Open);
}

#[test]
fn copies_and_tokens_that_are_elsewhere_stand_open_and_strangers_are_refused() {
    let story = Story::sound();
    let mut folder = story.folder();
    folder.retain(|file| file.name.ends_with("json"));
    let report = examine(&folder, &Pins::none());
    assert!(report.holds(), "{:#?}", report.claims);
    for id in ["backup.copy", "request.token"] {
        assert_eq!(claim(&report, id).standing, Open, "{id}");
    }
    let mut folder = whole(&story);
    folder.iter_mut().find(|file| file.name.ends_with("yhw")).unwrap().bytes.push(b'!');
    let report = examine(&folder, &Pins::none());
    assert_eq!(claim(&report, "folder.files").file, "backup-payments.yhw");
    assert_eq!(claim(&report, "folder.files").standing, Standing::Refused);
    assert_eq!(claim(&report, "backup.copy").standing, Open);
}

#[test]
fn a_backup_of_other_material_is_refused_by_its_response() {
    let mut story = Story::sound();
    story.backup.check_value = Digest::of(b"other material");
    story.relink();
    let report = examine(&whole(&story), &Pins::none());
    assert_eq!(claim(&report, "response.backup").standing, Standing::Refused);
    let story = Story::sound();
    let mut folder = whole(&story);
    folder.retain(|file| file.name != "backup-payments.json");
    let report = examine(&folder, &Pins::none());
    let told = claim(&report, "response.backup");
    assert!(told.standing == Standing::Refused && told.sentence.contains("is not there"));
}

#[test]
fn a_quorum_that_is_short_refuses_each_bundle_under_its_own_claim() {
    let story = Story::sound();
    let short: [(&str, Vec<u8>, &str); 6] = [
        ("policy-v1.json", signed(&story.policy, &["alice"]), "policy.signed"),
        ("device.json", signed(&story.device, &["hsm"]), "device.signed"),
        ("plan.json", signed(&story.plan, &["alice"]), "plan.approved"),
        ("request.json", signed(&story.request, &["wendy"]), "request.signed"),
        ("response.json", signed(&story.response, &["hsm"]), "response.signed"),
        ("receipt.json", signed(&story.receipt, &["wendy"]), "receipt.signed"),
    ];
    for (name, bytes, id) in short {
        let mut folder = whole(&story);
        folder.iter_mut().find(|file| file.name == name).unwrap().bytes = bytes;
        let report = examine(&folder, &Pins::none());
        let blamed = report.claims.iter().find(|c| c.file == name && c.id == id).unwrap();
        let fails = matches!(blamed.standing, Standing::NotAllowed | Standing::Refused);
        assert!(fails && !report.holds(), "{blamed:#?}");
    }
    let mut spoiled = whole(&story);
    let backup = spoiled.iter_mut().find(|file| file.name == "backup-payments.json").unwrap();
    backup.bytes = signed(&story.backup, &["wendy"]);
    let report = examine(&spoiled, &Pins::none());
    assert_eq!(claim(&report, "backup.signed").standing, Standing::NotAllowed);
}
