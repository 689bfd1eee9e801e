//! The rules of plans that import again, rotate, or give several keys one key material: each spoilt ceremony is refused, field named.

use crate::hsm_log::{Finding, Record, Weight, command};
use crate::log::{self, Part};
use crate::testing::{Story, deeds, parse, told};
use crate::{Countersigned, Refusal, backup, response};
use keyferry_bundle::kinds::{KeptAs, Made};
use keyferry_bundle::{Digest, KeySpec, KeyUsage};

fn first() -> Story {
    Story::sound().identified()
}

fn shared() -> Story {
    let mut story = first();
    story.shared();
    story
}

/// Spoils a sound ceremony, makes its links again, and asks.
#[track_caller]
fn refused<T>(
    mut story: Story,
    spoil: impl FnOnce(&mut Story),
    ask: impl Fn(&Story) -> Result<T, Refusal>,
    saying: &str,
) {
    assert_eq!(told(ask(&story)), "accepted");
    spoil(&mut story);
    story.relink();
    let told = told(ask(&story));
    assert!(told.contains(saying), "told: {told}");
}

#[test]
fn sound_ceremonies_of_every_operation_are_accepted() {
    for story in [first().again(), first().rotated(), first().rotated().rotated(), shared()] {
        assert_eq!(told(story.accept_receipt()), "accepted");
        assert_eq!(told(story.accept_backup()), "accepted");
        assert_eq!(told(story.accept_log()), "accepted");
    }
}

#[test]
fn a_private_key_is_never_rotated() {
    let spki = Story::sound().device.signing_key.spki;
    let story = Story::of(KeySpec::EccNistP256, KeyUsage::SignVerify, Some(spki.as_bytes()), None);
    assert_eq!(told(story.accept_plan()), "accepted");
    let told = told(story.rotated().accept_plan());
    assert!(
        told.contains("targets[0].key_spec: is of a key whose material never changes"),
        "{told}"
    );
}

#[test]
fn key_material_is_kept_or_restored_just_where_nothing_is_generated() {
    for made in [Made::Kept, Made::Restored] {
        let spoil = |story: &mut Story| story.response.targets[0].made = made;
        refused(first(), spoil, Story::accept_response, "but the plan is to import");
        refused(first().rotated(), spoil, Story::accept_response, "but the plan is to rotate");
    }
    for made in [Made::Generated, Made::Stored, Made::Resumed] {
        let spoil = |story: &mut Story| story.response.targets[0].made = made;
        let saying = format!("targets[0].made: is {made}, but the plan is to reimport");
        refused(first().again(), spoil, Story::accept_response, &saying);
    }
    let mut restored = first().again();
    restored.response.targets[0].made = Made::Restored;
    restored.relink();
    assert_eq!(told(restored.accept_response()), "accepted");
}

#[test]
fn imported_again_it_is_the_key_material_that_the_plan_names() {
    let spoil = |story: &mut Story| {
        story.response.targets[0].check_value = Digest::of(b"other");
        story.backup.check_value = Digest::of(b"other");
    };
    let saying = "targets[0].check_value: is ";
    refused(first().again(), spoil, Story::accept_response, saying);
    let spoil = |story: &mut Story| {
        story.receipt.targets[0].key_material_id = Some(parse(&"0".repeat(64)));
    };
    let saying = "targets[0].key_material_id: is 0000";
    refused(first().again(), spoil, Story::accept_receipt, saying);
}

#[test]
fn targets_of_one_object_are_answered_with_one_key_material() {
    let ask = Story::accept_response;
    let whose = "payments, which gets the same key material, has";
    let spoil = |story: &mut Story| story.response.targets[1].made = Made::Stored;
    refused(shared(), spoil, ask, &format!("targets[1].made: is stored, but {whose}"));
    let spoil = |story: &mut Story| story.response.targets[1].check_value = Digest::of(b"other");
    refused(shared(), spoil, ask, "targets[1].check_value: is ");
    // The link to the backup is made again with the others: it is spoilt after that.
    let mut story = shared();
    story.response.targets[1].backup = Digest::of(b"other");
    let told = told(ask(&story));
    assert!(told.contains("targets[1].backup: is ") && told.contains(whose), "{told}");
}

#[test]
fn a_backup_is_named_after_the_first_target_and_of_the_planned_generation() {
    let replica = |story: &mut Story| {
        story.backup.target = parse("replica");
        story.backup.key.clone_from(&story.plan.targets[1].key);
    };
    let saying = "target: gets the key material of payments, whose name the backup has";
    refused(shared(), replica, Story::accept_backup, saying);
    let spoil = |story: &mut Story| story.backup.generation = 2;
    refused(first(), spoil, Story::accept_backup, "generation: is 2, but the plan has 1");
    let spoil = |story: &mut Story| story.backup.generation = 1;
    refused(first().rotated(), spoil, Story::accept_backup, "generation: is 1, but the plan has 2");
}

#[test]
fn every_target_of_a_key_material_names_its_one_backup() {
    let story = shared();
    let (plan, device) = (story.accept_plan().unwrap(), story.accept_device().unwrap());
    let found = story.accept_backup().unwrap();
    for entry in &story.response.targets {
        assert_eq!(told(response::check_backup(&plan, &device, entry, &found)), "accepted");
    }
    let mut other = story.response.targets[1].clone();
    other.check_value = Digest::of(b"other");
    let told = told(response::check_backup(&plan, &device, &other, &found));
    assert!(told.contains("check_value: is "), "{told}");
    assert!(backup::recipients(&story.policy, &story.plan, &story.plan.targets[1]).is_empty());
}

#[test]
fn a_rotated_key_has_the_plan_s_generations_and_then_the_new_one() {
    let third = || first().rotated().rotated();
    let ask = Story::accept_receipt;
    let spoil = |story: &mut Story| story.receipt.targets[0].generations.clear();
    refused(third(), spoil, ask, "targets[0].generations: is missing: the key was rotated");
    let spoil = |story: &mut Story| story.receipt.targets[0].generations.truncate(2);
    refused(third(), spoil, ask, "targets[0].generations: do not end with key_material_id");
    let spoil = |story: &mut Story| _ = story.receipt.targets[0].generations.remove(0);
    refused(third(), spoil, ask, "targets[0].generations: are not the plan's earlier ones");
    let spoil = |story: &mut Story| _ = story.receipt.targets[0].generations.remove(1);
    refused(third(), spoil, ask, "targets[0].generations: are not the plan's earlier ones");
    let spoil = |story: &mut Story| story.receipt.targets[0].generations.swap(0, 1);
    refused(third(), spoil, ask, "targets[0].generations: are not the plan's earlier ones");
    let spoil = |story: &mut Story| story.receipt.targets[0].key_material_id = None;
    refused(third(), spoil, ask, "targets[0].generations: do not end with key_material_id");
    // Otherwise nobody has to list them.
    let mut again = first().again();
    assert!(again.receipt.targets[0].generations.is_empty());
    again.receipt.targets[0].generations = vec![parse(&"1".repeat(64))];
    assert_eq!(told(again.accept_receipt()), "accepted");
}

/// What the log of a ceremony says of its key material, where the HSM did this.
fn of_log(story: &Story, done: &[Record]) -> Finding {
    let mut story = story.clone();
    let records = [&deeds::setting_up()[..], &[Record::BOOT], &deeds::session(2), done].concat();
    story.record(&records);
    story.relink();
    let log = story.accept_log().unwrap();
    let declared = log::declared(&story.plan, &story.response.targets);
    let findings = log::findings(&story.device, Some(&story.plan), &[], &declared, log.body());
    let mut of_targets = findings.into_iter().filter(|(part, _)| *part == Part::Targets);
    let (_, finding) = of_targets.next().unwrap();
    assert_eq!(of_targets.next(), None, "a key material is told once");
    finding
}

#[test]
fn what_is_imported_again_is_copied_and_never_made() {
    for made in [Made::Kept, Made::Restored] {
        let mut again = first().again();
        again.response.targets[0].made = made;
        let kept = deeds::keeping(KeptAs::Opaque);
        assert_eq!(of_log(&again, &kept).weight, Weight::Sound);
        let made = deeds::by(2, command::PUT_OPAQUE, 0x0a01, 0xffff);
        let finding = of_log(&again, &[&[made], &kept[..]].concat());
        assert_eq!(finding.weight, Weight::Wrong);
        assert!(finding.text.contains("made once"), "{}", finding.text);
        let uncopied: Vec<Record> =
            kept.iter().filter(|r| r.command != command::EXPORT_WRAPPED).copied().collect();
        let finding = of_log(&again, &uncopied);
        assert_eq!(finding.weight, Weight::Wrong);
        assert!(finding.text.contains("copied never"), "{}", finding.text);
        // A second copy may be of a run that was cut off, or somebody's.
        let copied = deeds::by(2, command::EXPORT_WRAPPED, 0x0200, 0x0a01);
        assert_eq!(of_log(&again, &[&[copied], &kept[..]].concat()).weight, Weight::Open);
    }
}

/// Two keys that get one private key.
fn two_private_keys() -> Story {
    let spki = Story::sound().device.signing_key.spki;
    let mut story =
        Story::of(KeySpec::EccNistP256, KeyUsage::SignVerify, Some(spki.as_bytes()), None);
    story.shared();
    story.response.targets[1].encrypted_key_material =
        story.response.targets[0].encrypted_key_material.clone();
    story.relink();
    assert_eq!(told(story.accept_receipt()), "accepted");
    story
}

#[test]
fn a_private_key_leaves_once_for_each_of_its_targets() {
    let story = two_private_keys();
    let once = deeds::responding(KeptAs::AsymmetricKey);
    let twice = [&once[..], &deeds::leaving()].concat();
    assert_eq!(of_log(&story, &twice).weight, Weight::Sound);
    let finding = of_log(&story, &once);
    assert_eq!(finding.weight, Weight::Wrong);
    assert!(finding.text.contains("wrapped once in the HSM"), "{}", finding.text);
    // Generated, it leaves no oftener.
    let finding = of_log(&story, &[&twice[..], &deeds::leaving()].concat());
    assert_eq!(finding.weight, Weight::Wrong);
    // One target: once.
    let single = Story::of(
        KeySpec::EccNistP256,
        KeyUsage::SignVerify,
        Some(story.device.signing_key.spki.as_bytes()),
        None,
    );
    assert_eq!(of_log(&single, &twice).weight, Weight::Wrong);
    assert_eq!(of_log(&single, &once).weight, Weight::Sound);
}

#[test]
fn a_symmetric_key_is_taken_out_once_for_all_of_its_targets() {
    let mut story = shared();
    for target in &mut story.plan.targets {
        target.kept_as = KeptAs::SymmetricKey;
    }
    story.relink();
    assert_eq!(of_log(&story, &deeds::responding(KeptAs::SymmetricKey)).weight, Weight::Sound);
    let again = [&deeds::responding(KeptAs::SymmetricKey)[..], &deeds::leaving()].concat();
    assert_eq!(of_log(&story, &again).weight, Weight::Wrong);
}

#[test]
fn an_upkeep_is_signed_by_hsm_and_witnesses_of_this_device() {
    use crate::testing::{digest_of, signed, time};
    use keyferry_bundle::Upkeep;
    use keyferry_bundle::kinds::Work;
    let mut story = Story::sound();
    story.split_wrap_key();
    let upkeep = Upkeep {
        environment: story.device.environment,
        device: digest_of(&story.device),
        created: time("2026-11-05T00:00:00Z"),
        serial: story.device.serial,
        counter: 1,
        previous: None,
        work: Work::Backup,
        plan: None,
        reason: None,
        objects: vec![],
        inventory: vec![],
    };
    let (policy, device) = (story.accept_policy().unwrap(), story.accept_device().unwrap());
    let ask = |spoil: &dyn Fn(&mut Upkeep), by: &[&str]| {
        let mut upkeep = upkeep.clone();
        spoil(&mut upkeep);
        let bytes = signed(&upkeep, by);
        told(crate::upkeep::accept(&policy, &device, &bytes, Countersigned::Required))
    };
    assert_eq!(ask(&|_| (), &["hsm", "wendy"]), "accepted");
    assert!(ask(&|_| (), &["wendy"]).contains("hsm-signer needs 1"));
    assert!(ask(&|_| (), &["hsm"]).contains("witness needs 1"));
    let room = &["hsm", "wendy"];
    assert!(ask(&|u| u.device = Digest::of(b"other"), room).contains("device: names"));
    let other = |u: &mut Upkeep| u.serial = keyferry_bundle::Serial::new(7);
    assert!(ask(&other, room).contains("serial: is 7"));
}
