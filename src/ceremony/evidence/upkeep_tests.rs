//! What is said of upkeeps: forked, of another HSM, of copies and plans that are not what they say, and restored key material that is
//! passed for other.

use super::{Across, File, Pins, Report, Shared, Standing, examine};
use crate::testing::{Story, digest_of, signed, time};
use keyferry_bundle::kinds::{
    InventoryEntry, InventoryKind, Made, Operation, Pin, UpkeepObject, Work,
};
use keyferry_bundle::{Digest, Upkeep};

/// The record of a restore of the sound story's key material, from its backup.
fn restored(story: &Story) -> Upkeep {
    let entry = |kind, id: &str| InventoryEntry { kind, object_id: id.parse().unwrap() };
    Upkeep {
        environment: story.policy.environment,
        device: digest_of(&story.device),
        created: time("2026-11-05T00:00:00Z"),
        serial: story.device.serial,
        counter: 1,
        previous: None,
        work: Work::Restore,
        plan: None,
        reason: None,
        objects: vec![UpkeepObject {
            object_id: story.backup.object_id,
            kept_as: story.plan.targets[0].kept_as,
            check_value: story.backup.check_value,
            public_key: None,
            wrapped: Some(story.backup.wrapped.sha256),
            source: Some(digest_of(&story.backup)),
            attestation: None,
        }],
        inventory: vec![entry(InventoryKind::Opaque, "0x0a01")],
    }
}

fn aborted(story: &Story) -> Upkeep {
    let mut upkeep = restored(story);
    upkeep.work = Work::Abort;
    upkeep.plan = Some(digest_of(&story.plan));
    (upkeep.objects[0].wrapped, upkeep.objects[0].source) = (None, None);
    upkeep
}

fn with(story: &Story, upkeeps: &[&Upkeep]) -> Report {
    let mut folder = story.folder();
    for (index, body) in upkeeps.iter().enumerate() {
        let name = format!("u{index}.json");
        folder.push(File { name, bytes: signed(*body, &["hsm", "wendy"]) });
    }
    examine(&folder, &Pins::none())
}

#[track_caller]
fn says(report: &Report, id: &str, file: &str, standing: Standing, text: &str) {
    let of = report.claims.iter().filter(|claim| claim.id == id && claim.file == file);
    let found: Vec<_> = of.map(|claim| (claim.standing, &claim.sentence)).collect();
    let said = found.iter().any(|(stands, told)| *stands == standing && told.contains(text));
    assert!(said, "{id} of {file}: {standing:?} {text:?} is not in {found:?}");
    assert_eq!(report.holds(), !matches!(standing, Standing::Refused | Standing::NotAllowed));
}

/// The sound story as one that imports again what came back.
fn reimported() -> Story {
    let mut story = Story::sound();
    story.plan.operation = Operation::Reimport;
    story.plan.targets[0].material = Some(Pin {
        response: Digest::of(b"an earlier response"),
        check_value: story.response.targets[0].check_value,
        key_material_id: None,
    });
    story.response.targets[0].made = Made::Restored;
    story.relink();
    story
}

#[test]
fn a_record_is_signed_by_hsm_and_witnesses_and_follows_the_one_before() {
    let story = Story::sound();
    let first = restored(&story);
    let second = Upkeep { counter: 2, previous: Some(digest_of(&first)), ..first.clone() };
    let report = with(&story, &[&second, &first]);
    says(&report, "upkeep.signed", "u1.json", Standing::Holds, "1 key materials were put back");
    says(&report, "upkeep.chain", "u0.json", Standing::Holds, "follows u1.json");
    let report = with(&story, &[&second]);
    says(&report, "upkeep.chain", "u0.json", Standing::Open, "record 1, which it follows");
    let twin = Upkeep { created: time("2026-11-06T00:00:00Z"), ..first.clone() };
    let report = with(&story, &[&first, &twin]);
    says(&report, "upkeep.chain", "u1.json", Standing::Refused, "has the same counter as u0.json");
    let third = Upkeep { counter: 3, ..second.clone() };
    let report = with(&story, &[&first, &second, &third]);
    says(&report, "upkeep.chain", "u2.json", Standing::Refused, "follows the same record");
    for signers in [&["hsm"][..], &["wendy"], &["oscar", "wendy"]] {
        let mut folder = story.folder();
        folder.push(File { name: "u0.json".to_owned(), bytes: signed(&first, signers) });
        let report = examine(&folder, &Pins::none());
        let claim = report.claims.iter().find(|claim| claim.id == "upkeep.signed").unwrap();
        assert!(claim.fails(), "{signers:?}: {claim:?}");
    }
}

#[test]
fn a_record_of_another_hsm_is_refused() {
    let story = Story::sound();
    for change in
        [(|u: &mut Upkeep| u.serial = keyferry_bundle::Serial::new(7)) as fn(&mut Upkeep), |u| {
            u.device = Digest::of(b"another");
        }]
    {
        let mut upkeep = restored(&story);
        change(&mut upkeep);
        let report = with(&story, &[&upkeep]);
        says(&report, "upkeep.signed", "u0.json", Standing::Refused, "");
    }
}

#[test]
fn what_was_put_back_is_held_against_the_copy_that_is_here() {
    let story = Story::sound();
    let report = with(&story, &[&restored(&story)]);
    says(&report, "upkeep.source", "u0.json", Standing::Holds, "those of backup-payments.json");
    for change in [
        (|o: &mut UpkeepObject| o.check_value = Digest::of(b"other")) as fn(&mut UpkeepObject),
        |o| o.wrapped = Some(Digest::of(b"other")),
        |o| o.object_id = "0x0a02".parse().unwrap(),
    ] {
        let mut upkeep = restored(&story);
        change(&mut upkeep.objects[0]);
        let report = with(&story, &[&upkeep]);
        says(&report, "upkeep.source", "u0.json", Standing::Refused, "has another copy or key");
    }
    let mut elsewhere = restored(&story);
    elsewhere.objects[0].source = Some(Digest::of(b"elsewhere"));
    let report = with(&story, &[&elsewhere]);
    says(&report, "upkeep.source", "u0.json", Standing::Open, "is kept elsewhere");
    // From the copies of a whole HSM.
    let mut whole = restored(&story);
    (whole.work, whole.objects[0].source) = (Work::Backup, None);
    let mut from = restored(&story);
    (from.counter, from.previous) = (2, Some(digest_of(&whole)));
    from.objects[0].source = Some(digest_of(&whole));
    let report = with(&story, &[&whole, &from]);
    says(&report, "upkeep.source", "u1.json", Standing::Holds, "those of u0.json");
}

#[test]
fn of_a_plan_that_was_given_up_nothing_is_answered() {
    let story = Story::sound();
    let report = with(&story, &[&aborted(&story)]);
    says(&report, "upkeep.plan", "u0.json", Standing::Refused, "yet response.json answers it");
    let mut other = aborted(&story);
    other.plan = Some(Digest::of(b"another"));
    let report = with(&story, &[&other]);
    says(&report, "upkeep.plan", "u0.json", Standing::Open, "is kept elsewhere");
}

#[test]
fn restored_key_material_has_a_record_and_no_other_name() {
    let story = reimported();
    let with_record = restored(&story);
    let claim = |report: &Report| {
        let found = report.claims.iter().find(|claim| claim.id == "response.restored");
        found.map(|claim| (claim.standing, claim.sentence.clone()))
    };
    let (standing, told) = claim(&with(&story, &[&with_record])).unwrap();
    assert!(standing == Standing::Holds && told.contains("u0.json says how"), "{told}");
    let none = claim(&with(&story, &[])).unwrap();
    assert_eq!(none.0, Standing::Refused, "{none:?}");
    // A drill leaves nothing; another key material or object is another.
    for change in [
        (|u: &mut Upkeep| u.work = Work::Drill) as fn(&mut Upkeep),
        |u| u.objects[0].check_value = Digest::of(b"other"),
        |u| u.objects[0].object_id = "0x0a02".parse().unwrap(),
    ] {
        let mut upkeep = restored(&story);
        change(&mut upkeep);
        assert_eq!(claim(&with(&story, &[&upkeep])).unwrap().0, Standing::Refused);
    }
    let mut kept = story.clone();
    kept.response.targets[0].made = Made::Kept;
    kept.relink();
    assert_eq!(claim(&with(&kept, &[&with_record])).unwrap().0, Standing::Open);
}

#[test]
fn copies_of_a_whole_backup_are_named_by_its_record() {
    let story = Story::sound();
    let mut whole = restored(&story);
    (whole.work, whole.objects[0].source) = (Work::Backup, None);
    whole.objects[0].wrapped = Some(Digest::of(b"a copy of it"));
    let report = with(&story, &[&whole]);
    says(&report, "upkeep.copy", "u0.json", Standing::Open, "is not among these files");
    let mut folder = story.folder();
    folder.push(File { name: "u0.json".to_owned(), bytes: signed(&whole, &["hsm", "wendy"]) });
    folder.push(File { name: "0x0a01.yhw".to_owned(), bytes: b"a copy of it".to_vec() });
    let report = examine(&folder, &Pins::none());
    let text = "is the copy under wrap that u0.json names";
    says(&report, "upkeep.copy", "0x0a01.yhw", Standing::Holds, text);
}

/// The copies lie in the folder of the ceremony that made them, the record in another one.
#[test]
fn records_and_their_copies_are_found_from_folder_to_folder() {
    let story = Story::sound();
    let between = |upkeeps: &[&Upkeep]| {
        let roots: Vec<File> =
            story.folder().into_iter().filter(|file| Shared::takes(&file.bytes)).collect();
        let shared = Shared::examine(&roots, &[], &Pins::none());
        let mut across = Across::default();
        let record = |(index, upkeep): (usize, &&Upkeep)| {
            let name = format!("u{index}.json");
            vec![File { name, bytes: signed(*upkeep, &["hsm", "wendy"]) }]
        };
        let folders: Vec<Vec<File>> =
            upkeeps.iter().enumerate().map(record).chain([story.folder()]).collect();
        let mut own = Vec::new();
        for (folder, files) in ["a", "b", "c"].into_iter().zip(&folders) {
            let (mut report, chain) = shared.examine_ceremony(files, &Pins::none());
            across.take_in(folder, &chain, &mut report);
            own.push(report);
        }
        (own, across.settle(&shared))
    };
    let first = restored(&story);
    let second = Upkeep { counter: 2, previous: Some(digest_of(&first)), ..first.clone() };
    let (own, all) = between(&[&first, &second]);
    says(&all, "upkeep.chain", "b/u1.json", Standing::Holds, "follows a/u0.json");
    let text = "those of c/backup-payments.json";
    says(&all, "upkeep.source", "a/u0.json", Standing::Holds, text);
    assert!(!own[0].claims.iter().any(|claim| claim.id == "upkeep.source"));
    let mut other = first.clone();
    other.objects[0].check_value = Digest::of(b"other");
    let (_, all) = between(&[&other]);
    says(&all, "upkeep.source", "a/u0.json", Standing::Refused, "has another copy or key");
    let mut elsewhere = first.clone();
    elsewhere.objects[0].source = Some(Digest::of(b"elsewhere"));
    let (_, all) = between(&[&elsewhere]);
    says(&all, "upkeep.source", "a/u0.json", Standing::Open, "is in none of these folders");
    let twin = Upkeep { created: time("2026-11-06T00:00:00Z"), ..first.clone() };
    let (own, _) = between(&[&first, &twin]);
    says(&own[1], "upkeep.chain", "u1.json", Standing::Refused, "same counter as a/u0.json");
}

/// One record does not account for the same work in two logs.
#[test]
fn a_record_accounts_once_over_all_logs() {
    use crate::testing::deeds;
    let first = Story::sound();
    let export = deeds::by(3, crate::hsm_log::command::EXPORT_WRAPPED, 0x0200, 0x0a01);
    let mut whole = restored(&first);
    (whole.work, whole.objects[0].source) = (Work::Backup, None);
    let told = |twice: bool| {
        let mut before = first.clone();
        before.record(
            &[&deeds::usual(keyferry_bundle::kinds::KeptAs::Opaque)[..], &[export]].concat(),
        );
        let mut after = before.clone();
        after.log.counter = 2;
        after.log.previous = Some(digest_of(&before.log));
        after.log.plan = None;
        let records = if twice { vec![export] } else { vec![crate::hsm_log::Record::BOOT] };
        after.record_after(crate::log::last(&before.log).unwrap(), &records);
        let mut folder = before.folder();
        folder.push(File { name: "log-2.json".to_owned(), bytes: signed(&after.log, &["hsm"]) });
        folder.push(File { name: "u0.json".to_owned(), bytes: signed(&whole, &["hsm", "wendy"]) });
        let report = examine(&folder, &Pins::none());
        let of = report.claims.iter().filter(|claim| claim.id == "log.entries");
        let open = of.filter(|claim| claim.standing == Standing::Open);
        open.map(|claim| claim.sentence.clone()).collect::<Vec<_>>()
    };
    assert_eq!(told(false), Vec::<String>::new());
    let open = told(true);
    assert!(
        open.len() == 1 && open[0].contains("EXPORT WRAPPED of object 0x0a01 2 times"),
        "{open:?}"
    );
}
