//! Key material over many ceremonies: what a plan names is what was brought, and a key's generations do not contradict each other.

use super::{Across, File, Pins, Report, Shared, Standing, examine};
use crate::testing::{Story, parse};
use keyferry_bundle::Digest;

/// Folders read one after the other: what is said of each, and then of all of them.
fn read(stories: &[&Story]) -> (Vec<Report>, Report) {
    let folders: Vec<Vec<File>> = stories.iter().map(|story| story.folder()).collect();
    let within: Vec<File> = folders
        .iter()
        .flatten()
        .filter(|file| Shared::takes(&file.bytes))
        .take(2)
        .cloned()
        .collect();
    let shared = Shared::examine(&[], &within, &Pins::none());
    let mut across = Across::default();
    let mut reports = Vec::new();
    for (index, files) in folders.iter().enumerate() {
        let (mut report, chain) = shared.examine_ceremony(files, &Pins::none());
        across.take_in(&format!("{index}"), &chain, &mut report);
        reports.push(report);
    }
    let between = across.settle(&shared);
    (reports, between)
}

fn claims<'a>(report: &'a Report, id: &str) -> Vec<(Standing, &'a str)> {
    let found = report.claims.iter().filter(|claim| claim.id == id);
    found.map(|claim| (claim.standing, claim.sentence.as_str())).collect()
}

#[track_caller]
fn one<'a>(report: &'a Report, id: &str, standing: Standing) -> &'a str {
    match claims(report, id)[..] {
        [(found, sentence)] if found == standing => sentence,
        ref other => panic!("{id}: {other:#?} in {:#?}", report.claims),
    }
}

fn first() -> Story {
    Story::sound().identified()
}

#[test]
fn key_material_that_a_plan_names_is_found_in_the_response_that_brought_it() {
    let first = first();
    let (again, rotated) = (first.again(), first.rotated());
    for later in [&again, &rotated] {
        // Whichever is read first.
        for order in [[&first, later], [later, &first]] {
            let (reports, between) = read(&order);
            assert!(reports.iter().all(Report::holds), "{reports:#?}");
            let told = one(&between, "plan.material", Standing::Holds);
            assert!(told.contains("is the key material of target payments in "), "{told}");
            assert!(told.contains("by its check value, and KMS's id of it that of its receipt"));
        }
        let (reports, between) = read(&[later]);
        assert!(reports.iter().all(Report::holds), "{reports:#?}");
        let told = one(&between, "plan.material", Standing::Open);
        assert!(told.contains("is not here; its digest is"), "{told}");
        // By itself it is as complete as any other ceremony.
        let alone = examine(&later.folder(), &Pins::none());
        one(&alone, "plan.material", Standing::Open);
        assert_eq!(alone.missing_links().filter(|c| c.id == "plan.material").count(), 0);
        assert!(alone.holds(), "{:#?}", alone.claims);
    }
}

#[test]
fn the_third_generation_names_both_before_it() {
    let first = first();
    let second = first.rotated();
    let third = second.rotated();
    let (reports, between) = read(&[&first, &second, &third]);
    assert!(reports.iter().all(Report::holds), "{reports:#?}");
    let told = claims(&between, "plan.material");
    assert_eq!(told.len(), 3, "{told:#?}");
    assert!(told.iter().all(|(standing, _)| *standing == Standing::Holds), "{told:#?}");
    let told = claims(&reports[2], "plan.allowed");
    assert!(told[0].1.ends_with("; it is rotated to generation 3"), "{told:?}");
}

#[test]
fn a_plan_that_names_other_key_material_than_was_brought_is_refused() {
    let first = first();
    let spoil = |spoil: &dyn Fn(&mut Story)| {
        let mut again = first.again();
        spoil(&mut again);
        again.relink();
        let (_, between) = read(&[&first, &again]);
        one(&between, "plan.material", Standing::Refused).to_owned()
    };
    let other = Digest::of(b"other");
    let told = spoil(&|again| {
        again.plan.targets[0].material.as_mut().unwrap().check_value = other;
        again.response.targets[0].check_value = other;
        again.backup.check_value = other;
    });
    assert!(told.contains("response.json brought no such key material"), "{told}");
    let told = spoil(&|again| {
        let id = Some(parse(&"0".repeat(64)));
        again.plan.targets[0].material.as_mut().unwrap().key_material_id.clone_from(&id);
        again.receipt.targets[0].key_material_id = id;
    });
    assert!(told.contains("its id in KMS is"), "{told}");
    let key = "arn:aws:kms:eu-central-1:111122223333:key/88888888-12ab-34cd-56ef-1234567890ab";
    let told = spoil(&|again| {
        again.plan.targets[0].key = parse(key);
        again.request.targets[0].key = parse(key);
        again.backup.key = parse(key);
        again.response.targets[0].key = parse(key);
        again.receipt.targets[0].key = parse(key);
    });
    assert!(told.contains("brought it to another key than"), "{told}");
    let told = spoil(&|again| {
        again.plan.targets[0].generation = 2;
        again.backup.generation = 2;
    });
    assert!(told.contains("brought it as generation 1"), "{told}");
}

#[test]
fn another_key_may_get_the_same_key_material_without_an_id() {
    let first = first();
    let mut again = first.again();
    let key: keyferry_bundle::KeyArn =
        parse("arn:aws:kms:eu-central-1:111122223333:key/88888888-12ab-34cd-56ef-1234567890ab");
    again.plan.targets[0].material.as_mut().unwrap().key_material_id = None;
    again.plan.targets[0].key = key.clone();
    again.request.targets[0].key = key.clone();
    again.backup.key = key.clone();
    again.response.targets[0].key = key.clone();
    again.receipt.targets[0].key = key;
    again.relink();
    let (_, between) = read(&[&first, &again]);
    one(&between, "plan.material", Standing::Holds);
}

/// A ceremony that imports into the key of the first one, as if there had been none.
fn unaware(first: &Story) -> Story {
    let mut other = first.rotated();
    other.plan.operation = keyferry_bundle::kinds::Operation::Import;
    other.plan.targets[0].generation = 1;
    other.plan.targets[0].earlier.clear();
    other.backup.generation = 1;
    other.receipt.targets[0].generations.clear();
    other.relink();
    other
}

#[test]
fn a_key_gets_one_key_material_as_one_generation() {
    let first = first();
    let other = unaware(&first);
    let (reports, _) = read(&[&first, &other]);
    let told = one(&reports[1], "receipt.generation", Standing::Refused);
    assert!(told.contains("got other key material as generation 1 than 0/receipt.json says"));
    // One that was never imported contradicts nothing.
    let mut folder = other.folder();
    folder.retain(|file| file.name != "receipt.json");
    let mut both = flat(&first, "a");
    both.extend(folder.into_iter().filter(|file| !Shared::takes(&file.bytes)));
    assert_eq!(claims(&examine(&both, &Pins::none()), "receipt.generation"), []);
}

/// A rotation to the key material that the key has already.
fn repeated(first: &Story) -> Story {
    let mut second = first.rotated();
    let check_value = first.response.targets[0].check_value;
    second.response.targets[0].check_value = check_value;
    second.backup.check_value = check_value;
    second.relink();
    second
}

#[test]
fn a_key_gets_each_key_material_as_one_generation() {
    let first = first();
    let (reports, _) = read(&[&first, &repeated(&first)]);
    let told = one(&reports[1], "receipt.generation", Standing::Refused);
    assert!(told.contains("got as another generation what it has already"), "{told}");
}

/// The files of a ceremony under names of their own.
fn flat(story: &Story, prefix: &str) -> Vec<File> {
    let own = |file: File| File { name: format!("{prefix}-{}", file.name), ..file };
    story.folder().into_iter().map(own).collect()
}

#[test]
fn generations_in_one_folder_are_held_against_each_other_too() {
    let first = first();
    let mut both = flat(&first, "a");
    let later = |story: &Story| {
        let files = story.folder().into_iter();
        files.filter(|file| !Shared::takes(&file.bytes)).collect::<Vec<File>>()
    };
    both.extend(later(&first.rotated()));
    let report = examine(&both, &Pins::none());
    one(&report, "plan.material", Standing::Holds);
    assert_eq!(claims(&report, "receipt.generation"), []);
    both.truncate(first.folder().len());
    both.extend(later(&unaware(&first)));
    let report = examine(&both, &Pins::none());
    one(&report, "receipt.generation", Standing::Refused);
    both.truncate(first.folder().len());
    both.extend(later(&repeated(&first)));
    let report = examine(&both, &Pins::none());
    let told = one(&report, "receipt.generation", Standing::Refused);
    assert!(told.contains("got as another generation what it has already"), "{told}");
}

#[test]
fn keys_that_share_key_material_say_so() {
    let mut story = first();
    story.shared();
    let report = examine(&story.folder(), &Pins::none());
    assert!(report.holds(), "{:#?}", report.claims);
    let told = claims(&report, "plan.allowed");
    assert!(told[1].1.ends_with("it gets the same key material as target payments"), "{told:#?}");
    let backups = claims(&report, "response.backup");
    assert!(backups.iter().all(|(_, told)| told.ends_with("is backed up in backup-payments.json")));
    assert_eq!(backups.len(), 2);
}
