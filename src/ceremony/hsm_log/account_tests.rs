//! What a log can hide and what it cannot: each attack on a log, and the entry that is named.

use super::*;
use crate::testing::{Story, deeds, told};
use keyferry_bundle::kinds::{KeptAs, LogHead, Made};
use keyferry_bundle::{Base64, LogDigest, Serial};
use proptest::prelude::*;

/// The log with its entries changed.
fn with(story: &Story, change: impl FnOnce(&mut Vec<[u8; ENTRY]>)) -> Story {
    let mut story = story.clone();
    let mut entries = story.log.entries().to_vec();
    change(&mut entries);
    story.log.entries = Base64::new(entries.concat()).unwrap();
    story
}

fn refused(story: &Story) -> String {
    told(story.accept_log())
}

/// Continues the chain honestly from an entry on, as whoever holds the bytes can.
fn forge(entries: &mut [[u8; ENTRY]], from: usize) {
    let mut before = Entry::decode(&entries[from - 1]);
    for bytes in &mut entries[from..] {
        let entry = Entry::after(&before.digest, before.number + 1, Entry::decode(bytes).record);
        *bytes = entry.encode();
        before = entry;
    }
}

#[test]
fn the_sound_log_is_accepted() {
    let story = Story::sound();
    assert_eq!(told(story.accept_log()), "accepted");
    let entries = follow(story.log.from, story.log.entries()).unwrap();
    let findings = account(&story, &entries, Made::Generated);
    assert!(findings.iter().all(|f| f.weight == Weight::Sound), "{findings:?}");
}

#[test]
fn a_forged_entry_breaks_the_chain() {
    // Entry 4 is the first after the anchor; entry 16 would be an export.
    let story = with(&Story::sound(), |entries| entries[6][7..9].copy_from_slice(&[0x0a, 0x02]));
    assert!(refused(&story).contains("entry 10 is not bound to the entry before"));
}

#[test]
fn a_truncated_log_is_detected_by_the_next_one() {
    let story = Story::sound();
    let short = with(&story, |entries| entries.truncate(5));
    // By itself it is a log: what is missing shows where the next one begins.
    let before = short.accept_log().unwrap();
    let mut next = story.clone();
    next.log.counter = 2;
    next.log.previous = Some(before.digest());
    next.log.from = crate::log::last(&story.log);
    next.record_after(next.log.from.unwrap(), &[Record::BOOT]);
    let after = next.accept_log().unwrap();
    let refusal = told(crate::log::continues(&after, &before));
    assert!(refusal.contains("begins after entry 17"), "{refusal}");
    assert!(refusal.contains("ends with entry 8"), "{refusal}");
}

#[test]
fn reordered_entries_are_named() {
    let story = with(&Story::sound(), |entries| entries.swap(2, 3));
    assert!(refused(&story).contains("entry 7 stands where entry 6 belongs"));
}

#[test]
fn renumbered_entries_are_named() {
    let story = with(&Story::sound(), |entries| {
        entries.remove(4);
        for (index, bytes) in entries.iter_mut().enumerate() {
            let number = u16::try_from(index).unwrap() + 4;
            bytes[..2].copy_from_slice(&number.to_be_bytes());
        }
    });
    assert!(refused(&story).contains("entry 8 is not bound to the entry before"));
}

#[test]
fn spliced_logs_are_named() {
    let mut other = Story::sound();
    other.device.log_anchor = LogHead { number: 3, digest: LogDigest::from_bytes([9; 16]) };
    other.record(&deeds::usual(KeptAs::Opaque));
    let tail = other.log.entries()[6..].to_vec();
    let story = with(&Story::sound(), |entries| {
        entries.truncate(6);
        entries.extend(tail);
    });
    assert!(refused(&story).contains("entry 10 is not bound to the entry before"));
}

#[test]
fn a_log_of_another_serial_is_refused() {
    let mut story = Story::sound();
    story.log.serial = Serial::new(7);
    assert!(refused(&story).contains("serial: is 7, but the device bundle has 12345678"));
}

#[test]
fn a_log_from_before_the_anchor_is_refused() {
    let mut story = Story::sound();
    story.log.from = Some(LogHead { number: 1, digest: LogDigest::from_bytes([1; 16]) });
    assert!(refused(&story).contains("from: begins after entry 1"));
}

/// The chain has no key: a host that makes it anew is caught by what the entries say, or by the second reader.
#[test]
fn a_host_that_forges_the_whole_chain_must_still_account_for_every_entry() {
    let story = with(&Story::sound(), |entries| {
        let export = deeds::by(2, command::EXPORT_WRAPPED, 0x0200, 0x0bad);
        let number = Entry::decode(&entries[12]).number;
        entries[12] = Entry { number, record: export, digest: [0; 16] }.encode();
        forge(entries, 12);
    });
    assert_eq!(refused(&story), "accepted");
    let entries = follow(story.log.from, story.log.entries()).unwrap();
    let findings = account(&story, &entries, Made::Generated);
    let wrong: Vec<_> = findings.iter().filter(|f| f.weight == Weight::Wrong).collect();
    assert!(wrong[0].text.starts_with("entry 16: EXPORT WRAPPED by authentication key 0x0002"));
    // The copy that the response speaks of is missing as well.
    assert!(wrong[1].text.contains("copied never"), "{wrong:?}");
}

fn account(story: &Story, entries: &[Entry], made: Made) -> Vec<Finding> {
    let target = &story.plan.targets[0];
    let declared =
        Declared { target: target.name.clone(), targets: 1, made, kept_as: target.kept_as };
    let scene =
        Scene { device: &story.device, plan: Some(&story.plan), upkeeps: &[], from_anchor: true };
    let account = Account { scene, entries, declared: &[declared] };
    [account.entries(), vec![account.starts()], account.targets()].concat()
}

/// What is found in the sound log with more entries at its end.
fn found(more: &[Record]) -> Vec<Finding> {
    let mut story = Story::sound();
    story.record(&[&deeds::usual(KeptAs::Opaque)[..], more].concat());
    let entries = follow(story.log.from, story.log.entries()).unwrap();
    let mut findings = account(&story, &entries, Made::Generated);
    findings.retain(|finding| finding.weight != Weight::Sound);
    findings
}

#[test]
fn what_nobody_was_to_do_is_wrong() {
    let by = deeds::by;
    for (record, words) in [
        (by(2, command::EXPORT_WRAPPED, 0x0200, 0x0a01), "copied 2 times"),
        (by(2, command::PUT_OPAQUE, 0x0a02, NO_KEY), "PUT OPAQUE"),
        (by(2, command::SIGN_ECDSA, 0x0101, NO_KEY), "SIGN ECDSA"),
        (by(2, command::GENERATE_ASYMMETRIC_KEY, 0x0a01, NO_KEY), "GENERATE ASYMMETRIC KEY"),
        (by(2, command::PUT_PUBLIC_WRAP_KEY, 0x0a01, NO_KEY), "PUT PUBLIC WRAP KEY"),
        (by(2, command::GET_RSA_WRAPPED_KEY, 0x0a01, 0x0a01), "GET RSA WRAPPED KEY"),
        (by(4, command::SIGN_ECDSA, 0x0100, NO_KEY), "by authentication key 0x0004"),
        (by(3, command::DELETE_OBJECT, 0x0a01, NO_KEY), "by authentication key 0x0003"),
        (by(5, command::IMPORT_WRAPPED, 0x0200, 0x0a01), "by authentication key 0x0005"),
        (by(9, command::GET_OPAQUE, 0x0a01, NO_KEY), "is no credential of the device bundle"),
        (by(2, 0xee, NO_KEY, NO_KEY), "command 0xee"),
        (by(1, command::PUT_AUTHENTICATION_KEY, 0x0006, NO_KEY), "PUT AUTHENTICATION KEY"),
        (by(1, command::PUT_ASYMMETRIC_KEY, 0x0100, NO_KEY), "PUT ASYMMETRIC KEY"),
        (Record::RESET, "the HSM was reset"),
    ] {
        let found = found(&[record]);
        assert!(
            found.iter().any(|f| f.weight == Weight::Wrong && f.text.contains(words)),
            "{words}: {found:?}"
        );
    }
}

#[test]
fn upkeep_outside_of_ceremonies_stands_open() {
    for record in [
        deeds::by(3, command::IMPORT_WRAPPED, 0x0200, 0x0a02),
        deeds::by(5, command::DELETE_OBJECT, 0x0a02, NO_KEY),
    ] {
        let found = found(&[record]);
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].weight, Weight::Open);
        assert!(found[0].text.contains("of object 0x0a02, outside of any ceremony"), "{found:?}");
    }
}

#[test]
fn key_material_that_was_read_once_more_is_told() {
    let found = found(&[deeds::by(2, command::GET_OPAQUE, 0x0a01, NO_KEY)]);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].weight, Weight::Open);
    assert!(found[0].text.contains("read by the host 2 times"), "{found:?}");
}

#[test]
fn an_unplanned_power_cycle_is_wrong() {
    assert!(found(&[Record::BOOT]).is_empty());
    let found = found(&[Record::BOOT, Record::BOOT]);
    assert_eq!(found[0].text, "the HSM was started 3 times, the plan allows 2");
}

#[test]
fn what_the_hsm_refused_did_not_happen() {
    let mut failed = deeds::by(2, command::EXPORT_WRAPPED, 0x0200, 0x0a01);
    failed.result = 0x09;
    let wrong_password =
        Record { result: 0x04, ..deeds::by(NO_KEY, command::AUTHENTICATE_SESSION, 77, NO_KEY) };
    assert!(found(&[failed, wrong_password]).is_empty());
}

/// Of a private key: made, attested, copied, wrapped once under AWS's key, which is deleted.
#[test]
fn a_private_key_leaves_under_awss_key_exactly_once() {
    let mut story = Story::sound();
    story.plan.targets[0].kept_as = KeptAs::AsymmetricKey;
    let by = |command, target, second| deeds::by(2, command, target, second);
    let once = [
        by(command::PUT_PUBLIC_WRAP_KEY, 0x0a01, NO_KEY),
        by(command::GET_RSA_WRAPPED_KEY, 0x0a01, 0x0a01),
        by(command::DELETE_OBJECT, 0x0a01, NO_KEY),
    ];
    let begin = [
        by(command::GENERATE_ASYMMETRIC_KEY, 0x0a01, NO_KEY),
        by(command::SIGN_ATTESTATION_CERTIFICATE, 0x0a01, 0),
        by(command::EXPORT_WRAPPED, 0x0a01, 0x0200),
    ];
    let weights = |records: &[Record], made| {
        let mut story = story.clone();
        story.record(records);
        let entries = follow(story.log.from, story.log.entries()).unwrap();
        let findings = account(&story, &entries, made);
        findings.iter().map(|f| f.weight).max().unwrap()
    };
    let sound = [&begin[..], &once].concat();
    assert_eq!(weights(&sound, Made::Generated), Weight::Sound);
    let twice = [&sound[..], &once].concat();
    assert_eq!(weights(&twice, Made::Generated), Weight::Wrong);
    assert_eq!(weights(&twice, Made::Resumed), Weight::Open);
    assert_eq!(weights(&once, Made::Stored), Weight::Sound);
    assert_eq!(weights(&once, Made::Generated), Weight::Wrong);
    assert_eq!(weights(&begin, Made::Generated), Weight::Wrong);
    assert_eq!(weights(&once[..2], Made::Stored), Weight::Open);
}

/// A wrap key in shares is put in, and shown by a probe under its own id. Nothing else leaves under it while the device is set up, and
/// where there are no shares nobody outside may ever have had its bytes.
#[test]
fn a_wrap_key_is_put_in_just_where_it_is_in_shares() {
    let plain = Story::sound();
    let mut split = Story::sound();
    split.split_wrap_key();
    let strange = |story: &Story, records: &[Record]| {
        let scene = Scene { device: &story.device, plan: None, upkeeps: &[], from_anchor: true };
        records.iter().filter(|record| scene.deed(record).is_err()).count()
    };
    assert_eq!(strange(&split, &deeds::splitting()), 0);
    assert_eq!(strange(&plain, &deeds::splitting()), 4);
    assert_eq!(strange(&plain, &deeds::setting_up()), 0);
    assert_eq!(strange(&split, &deeds::setting_up()), 1);
    for (command, object) in [
        (command::EXPORT_WRAPPED, 0x0a01),
        (command::IMPORT_WRAPPED, 0x0a01),
        (command::EXPORT_WRAPPED, 0x0100),
    ] {
        let record = deeds::by(1, command, 0x0200, object);
        assert_eq!(strange(&split, &[record]), 1, "{record:?}");
    }
    assert_eq!(strange(&split, &[deeds::by(1, command::PUT_OPAQUE, 0x0a01, NO_KEY)]), 1);
    assert_eq!(strange(&split, &[deeds::by(1, command::PUT_WRAP_KEY, 0x0201, NO_KEY)]), 1);
}

/// What a restore, a drill, a backup or the end of a plan leaves, with the records that account for it.
#[test]
fn records_account_for_what_was_done_outside_of_ceremonies_and_for_no_more() {
    use keyferry_bundle::Upkeep;
    use keyferry_bundle::kinds::{UpkeepObject, Work};
    let story = Story::sound();
    let record = |work: Work, kept_as: KeptAs| Upkeep {
        environment: story.policy.environment,
        device: crate::testing::digest_of(&story.device),
        created: story.plan.created,
        serial: story.device.serial,
        counter: 1,
        previous: None,
        work,
        plan: None,
        reason: None,
        objects: vec![UpkeepObject {
            object_id: "0x0b01".parse().unwrap(),
            kept_as,
            check_value: story.backup.check_value,
            public_key: None,
            wrapped: None,
            source: None,
            attestation: None,
        }],
        inventory: vec![],
    };
    let id = 0x0b01;
    let import = deeds::by(3, command::IMPORT_WRAPPED, 0x0200, id);
    let export = deeds::by(3, command::EXPORT_WRAPPED, id, 0x0200);
    let delete = deeds::by(5, command::DELETE_OBJECT, id, NO_KEY);
    let read = deeds::by(2, command::GET_OPAQUE, id, NO_KEY);
    let taken_out = [
        deeds::by(2, command::PUT_PUBLIC_WRAP_KEY, id, NO_KEY),
        deeds::by(2, command::GET_RSA_WRAPPED_KEY, id, id),
        deeds::by(2, command::DELETE_OBJECT, id, NO_KEY),
    ];
    let weight = |upkeeps: &[&Upkeep], records: &[Record]| {
        let mut story = story.clone();
        story.record(&[&deeds::usual(KeptAs::Opaque)[..], records].concat());
        let entries = follow(story.log.from, story.log.entries()).unwrap();
        let (device, plan) = (&story.device, Some(&story.plan));
        let scene = Scene { device, plan, upkeeps, from_anchor: true };
        let findings = Account { scene, entries: &entries, declared: &[] }.entries();
        findings.iter().map(|finding| finding.weight).max().unwrap()
    };
    let (sound, open, wrong) = (Weight::Sound, Weight::Open, Weight::Wrong);
    let restore = record(Work::Restore, KeptAs::Opaque);
    let drill = record(Work::Drill, KeptAs::Opaque);
    let backup = record(Work::Backup, KeptAs::Opaque);
    let abort = record(Work::Abort, KeptAs::Opaque);
    let symmetric = record(Work::Drill, KeptAs::SymmetricKey);
    let whole = [&[import][..], &taken_out, &[delete]].concat();
    for (upkeeps, records, expected) in [
        (&[][..], &[import][..], open),
        (&[], &[import, read], wrong),
        (&[&restore], &[import, read], sound),
        (&[&restore], &[import, import, read], open),
        (&[&restore], &[import, read, read], open),
        (&[&restore], &[import, read, delete], open),
        (&[&restore], &[export], open),
        (&[&drill], &[import, read, delete], sound),
        (&[&drill, &restore], &[import, read, delete, import, read], sound),
        (&[&backup], &[read, export], sound),
        (&[&backup], &[read, export, import], open),
        (&[&abort], &[read, delete], sound),
        (&[&abort], &[read, import, delete], open),
        (&[&symmetric], &whole, sound),
        (&[&drill], &whole, wrong),
        (&[&symmetric], &[import, read], wrong),
        // Its own credential alone, and of its own objects.
        (&[&drill], &[deeds::by(2, command::IMPORT_WRAPPED, 0x0200, id)], wrong),
        (&[&drill], &[deeds::by(5, command::IMPORT_WRAPPED, 0x0200, id)], wrong),
        (&[&drill], &[deeds::by(3, command::IMPORT_WRAPPED, 0x0200, 0x0b02)], open),
        (&[&drill], &[deeds::by(2, command::GET_OPAQUE, 0x0b02, NO_KEY)], wrong),
    ] {
        assert_eq!(weight(upkeeps, records), expected, "{records:?}");
    }
}

/// A key that came in under wrap is passed for one that was made or left here.
#[test]
fn a_restored_key_is_not_passed_for_another() {
    let import = deeds::by(3, command::IMPORT_WRAPPED, 0x0200, 0x0a01);
    let delete = deeds::by(5, command::DELETE_OBJECT, 0x0a01, NO_KEY);
    let read = deeds::by(2, command::GET_OPAQUE, 0x0a01, NO_KEY);
    let copied = deeds::by(2, command::EXPORT_WRAPPED, 0x0200, 0x0a01);
    let weight = |records: &[Record], made: Made| {
        let mut story = Story::sound();
        story.record(&[&deeds::setting_up()[..], records].concat());
        let entries = follow(story.log.from, story.log.entries()).unwrap();
        let declared = Declared {
            target: story.plan.targets[0].name.clone(),
            targets: 1,
            made,
            kept_as: KeptAs::Opaque,
        };
        let (device, plan) = (&story.device, Some(&story.plan));
        let scene = Scene { device, plan, upkeeps: &[], from_anchor: true };
        Account { scene, entries: &entries, declared: &[declared] }.targets()[0].weight
    };
    let came = [import, read, copied];
    assert_eq!(weight(&came, Made::Restored), Weight::Sound);
    assert_eq!(weight(&came, Made::Kept), Weight::Wrong);
    assert_eq!(weight(&came, Made::Generated), Weight::Wrong);
    assert_eq!(weight(&came[1..], Made::Kept), Weight::Sound);
    // After a drill, the HSM made it all the same.
    let made = [&[import, delete][..], &deeds::responding(KeptAs::Opaque)].concat();
    assert_eq!(weight(&made, Made::Generated), Weight::Sound);
}

#[test]
fn audit_options_that_leave_something_unseen_refuse_the_device() {
    use keyferry_bundle::kinds::AuditSetting;
    let mut story = Story::sound();
    story.device.audit.force = AuditSetting::On;
    assert!(told(story.accept_device()).contains("audit.force: is on"));
    for code in [command::EXPORT_WRAPPED, command::GET_RSA_WRAPPED_KEY, command::SET_OPTION] {
        let mut story = Story::sound();
        story.device.audit.fixed.retain(|known| *known != code);
        let refusal = told(story.accept_device());
        assert!(refusal.contains(&format!("do not name {}", command::name(code))), "{refusal}");
    }
    // Older firmware does not know the command.
    let mut story = Story::sound();
    story.device.firmware = "2.2.0".parse().unwrap();
    story.device.audit.fixed.retain(|known| *known <= command::CHANGE_AUTHENTICATION_KEY);
    assert_eq!(told(story.accept_device()), "accepted");
}

proptest! {
    /// Whatever a device may say, reading it does not fail.
    #[test]
    fn every_entry_has_a_meaning_or_is_strange(bytes in prop::array::uniform32(any::<u8>())) {
        let story = Story::sound();
        let scene = Scene { device: &story.device, plan: Some(&story.plan), upkeeps: &[], from_anchor: true };
        match scene.deed(&Entry::decode(&bytes).record) {
            Ok(deed) => prop_assert!(!deed.to_string().is_empty()),
            Err(strange) => prop_assert!(!strange.is_empty()),
        }
    }

    /// No single bit of a log can change unseen.
    #[test]
    fn no_bit_of_a_log_can_change(at in 0_usize..8 * ENTRY * 14) {
        let story = with(&Story::sound(), |entries| {
            entries[at / 8 / ENTRY][at / 8 % ENTRY] ^= 1 << (at % 8);
        });
        prop_assert!(story.accept_log().is_err());
    }
}
