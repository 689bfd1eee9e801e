//! What the room takes, and what it refuses because of what it remembers.

use super::{Ledger, Memory, Place};
use crate::testing::{Story, digest_of, told};
use keyferry_bundle::kinds::Made;
use keyferry_bundle::{Digest, Plan, Request, Transcript, Verified};
use proptest::prelude::*;
use std::sync::LazyLock;

/// The sound plan and its first requests.
fn chain(length: u32) -> (Verified<Plan>, Vec<Verified<Request>>) {
    let mut story = Story::sound();
    let plan = story.accept_plan().unwrap();
    (plan, (0..length).map(|_| next(&mut story)).collect())
}

/// The story's request, accepted; the story goes on to the one after it.
fn next(story: &mut Story) -> Verified<Request> {
    let request = story.accept_request().unwrap();
    story.request.counter += 1;
    story.request.previous = Some(request.digest());
    let counter = story.request.counter;
    story.request.targets[0].import_token_sha256 = Digest::of(&counter.to_be_bytes());
    request
}

/// A plan after `last`, with its first request.
fn following(last: &Verified<Plan>, counter: u32) -> (Verified<Plan>, Vec<Verified<Request>>) {
    let mut story = Story::sound();
    story.plan.counter = counter;
    story.plan.previous = Some(last.digest());
    story.request.plan = digest_of(&story.plan);
    (story.accept_plan().unwrap(), vec![story.accept_request().unwrap()])
}

#[test]
fn the_ledger_answers_each_request_once() {
    let (plan, requests) = chain(2);
    let mut ledger = Ledger::default();
    let admit = |ledger: &Ledger, upto: usize| ledger.admit(Memory::Kept, &plan, &requests[..upto]);
    admit(&ledger, 1).unwrap();
    ledger.begin(&plan, &requests[0]);
    admit(&ledger, 1).unwrap(); // after a crash
    ledger.answered(&plan, &requests[0]);
    assert!(told(admit(&ledger, 1)).contains("request 1 was answered already"));
    // A second download for the same plan is a new request.
    admit(&ledger, 2).unwrap();
    ledger.begin(&plan, &requests[1]);
    assert!(told(admit(&ledger, 1)).contains("but request 2 came before"));
    assert!(told(admit(&ledger, 0)).contains("no request is there"));
}

#[test]
fn requests_come_without_a_gap() {
    let (plan, requests) = chain(4);
    let mut ledger = Ledger::default();
    let admit = |ledger: &Ledger, requests: &[Verified<Request>]| {
        told(ledger.admit(Memory::Kept, &plan, requests))
    };
    // A new room demands them from the first on.
    assert!(admit(&ledger, &requests[1..2]).contains("bring every request from number 1 on"));
    assert_eq!(admit(&ledger, &requests[..3]), "accepted");
    ledger.begin(&plan, &requests[0]);
    ledger.answered(&plan, &requests[0]);
    assert_eq!(admit(&ledger, &requests[1..2]), "accepted");
    // Those that were never brought must be.
    assert!(admit(&ledger, &requests[3..]).contains("is 4, but request 1 came here last"));
    assert_eq!(admit(&ledger, &requests[1..]), "accepted");
    let gap = [requests[0].clone(), requests[2].clone()];
    assert!(
        admit(&ledger, &gap).contains("counter: is 3, after request 1"),
        "{}",
        admit(&ledger, &gap)
    );
}

#[test]
fn requests_follow_the_one_that_came_here() {
    let (plan, requests) = chain(2);
    let mut story = Story::sound();
    story.request.created = crate::testing::time("2026-11-04T00:00:01Z");
    let twin = next(&mut story);
    let after_twin = story.accept_request().unwrap();
    let mut ledger = Ledger::default();
    ledger.begin(&plan, &requests[0]);
    let admit = |requests: &[Verified<Request>]| told(ledger.admit(Memory::Kept, &plan, requests));
    assert!(admit(std::slice::from_ref(&twin)).contains("is 1, but request 1 came before"));
    assert!(
        admit(std::slice::from_ref(&after_twin))
            .contains("previous: of request 2 is not request 1 as it came here")
    );
    assert!(admit(&[twin.clone(), after_twin]).contains("is not request 1 as it came here"));
    assert!(admit(&[twin, requests[1].clone()]).contains("previous: is not request 1"));
    assert_eq!(admit(&requests), "accepted");
}

#[test]
fn the_ledger_takes_no_older_plan() {
    let (plan, requests) = chain(2);
    let mut ledger = Ledger::default();
    ledger.begin(&plan, &requests[0]);
    ledger.answered(&plan, &requests[0]);
    let admit = |ledger: &Ledger, (plan, requests): &(Verified<Plan>, Vec<Verified<Request>>)| {
        told(ledger.admit(Memory::New, plan, requests))
    };
    let second = following(&plan, 2);
    let remedy = "make the plan anew with --previous the plan last begun here, number 1";
    for (wrong, problem) in [
        (following(&plan, 3), "counter: is 3, but plan 1 was begun last"),
        (following(&second.0, 2), "previous: is not plan 1, the last one begun here"),
    ] {
        let told = admit(&ledger, &wrong);
        assert!(told.contains(problem) && told.contains(remedy), "{told}");
    }
    assert_eq!(admit(&ledger, &second), "accepted");
    ledger.begin(&second.0, &second.1[0]);
    // A plan that was begun may still answer its next request: the same material, wrapped anew.
    assert_eq!(told(ledger.admit(Memory::Kept, &plan, &requests)), "accepted");
    // One that was not is too old.
    let mut other = Story::sound();
    other.plan.ceremony = crate::testing::parse("tests-9");
    other.request.plan = digest_of(&other.plan);
    let other = (other.accept_plan().unwrap(), vec![other.accept_request().unwrap()]);
    assert!(admit(&ledger, &other).contains("is 1, but plan 2 was begun before"));
}

#[test]
fn a_room_that_remembers_nothing_begins_with_plan_1_unless_it_is_new() {
    let first = Story::sound().accept_plan().unwrap();
    let (plan, requests) = following(&first, 7);
    let admit = |memory| told(Ledger::default().admit(memory, &plan, &requests));
    assert!(admit(Memory::Kept).contains("counter: is 7, but this room remembers no plan"));
    assert_eq!(admit(Memory::New), "accepted");
}

#[test]
fn stored_material_is_known_by_its_check_value() {
    let (plan, requests) = chain(1);
    let target = &plan.body().targets[0].name;
    let mut ledger = Ledger::default();
    ledger.begin(&plan, &requests[0]);
    assert!(ledger.may_have_stored(&plan, target).is_none());
    // A run that was cut off before the HSM had it; the next one drew anew.
    ledger.storing(&plan, target, Digest::of(b"lost"));
    ledger.storing(&plan, target, Digest::of(b"stored"));
    let remembered = ledger.may_have_stored(&plan, target).unwrap();
    assert_eq!(remembered.confirm(Digest::of(b"stored")), Ok(Made::Resumed));
    let other = remembered.confirm(Digest::of(b"lost")).unwrap_err().to_string();
    assert!(other.starts_with("target payments: the check value is "), "{other}");
    ledger.answered(&plan, &requests[0]);
    let remembered = ledger.may_have_stored(&plan, target).unwrap();
    assert_eq!(remembered.confirm(Digest::of(b"stored")), Ok(Made::Stored));
    let (other, _) = following(&plan, 2);
    assert!(ledger.may_have_stored(&other, target).is_none());
}

/// A transcript in the place that the memory gives it, signed.
fn transcript(ledger: &Ledger) -> Verified<Transcript> {
    let place = ledger.next_transcript().unwrap();
    let mut story = Story::sound();
    story.transcript.counter = place.counter;
    story.transcript.previous = place.previous;
    story.transcript.unrecorded = place.unrecorded;
    story.accept_transcript().unwrap()
}

#[test]
fn transcripts_are_numbered_once_and_runs_without_one_are_counted() {
    let mut ledger = Ledger::default();
    ledger.session_opened();
    let first = transcript(&ledger);
    let place = |counter, previous, unrecorded| Some(Place { counter, previous, unrecorded });
    assert_eq!(ledger.next_transcript(), place(1, None, 0));
    // Cut off before it was remembered: its number is still free, and the next transcript tells of the run.
    ledger.session_opened();
    assert_eq!(ledger.next_transcript(), place(1, None, 1));
    ledger.recorded(&first);
    // Cut off before it was written: nobody gets its number.
    ledger.session_opened();
    assert_eq!(ledger.next_transcript(), place(2, Some(first.digest()), 0));
    ledger.session_opened();
    ledger.session_opened();
    assert_eq!(ledger.next_transcript(), place(2, Some(first.digest()), 2));
    let read = Ledger::decode(&ledger.encode().unwrap()).unwrap();
    assert_eq!(read, ledger);
    let text = String::from_utf8(ledger.encode().unwrap()).unwrap();
    for (from, to) in [
        ("\"counter\":1,", "\"counter\":0,"),
        (&*format!("\"digest\":\"{}\",", first.digest()), ""),
        ("\"unrecorded\":3", "\"unrecorded\":-3"),
    ] {
        let spoiled = text.replacen(from, to, 1);
        assert_ne!(spoiled, text, "{from}");
        assert!(Ledger::decode(spoiled.as_bytes()).is_err(), "{spoiled}");
    }
    let last = text.replacen("\"counter\":1", &format!("\"counter\":{}", u32::MAX), 1);
    assert_eq!(Ledger::decode(last.as_bytes()).unwrap().next_transcript(), None);
}

#[test]
fn a_memory_is_read_strictly() {
    let (plan, requests) = chain(1);
    let mut ledger = Ledger::default();
    ledger.begin(&plan, &requests[0]);
    ledger.storing(&plan, &plan.body().targets[0].name, Digest::of(b"check"));
    let bytes = ledger.encode().unwrap();
    assert_eq!(Ledger::decode(&bytes), Ok(ledger));
    let text = String::from_utf8(bytes).unwrap();
    for (from, to) in [
        ("{\"plans\"", "{\"plans\":[],\"plans\""),
        ("\"counter\":1", "\"counter\":1,\"more\":1"),
        ("\"counter\":1", "\"counter\":1.0"),
        ("\"answered\":false", "\"answered\":null"),
        ("]}]}", "]}]}]"),
    ] {
        let spoiled = text.replacen(from, to, 1);
        assert_ne!(spoiled, text, "{from}");
        assert!(Ledger::decode(spoiled.as_bytes()).is_err(), "{spoiled}");
    }
    let entry = text.trim_start_matches("{\"plans\":[").trim_end_matches("]}");
    let twice = format!("{{\"plans\":[{entry}]}},{entry}]}}]}}");
    assert!(Ledger::decode(twice.as_bytes()).is_err());
    let entry = format!("{entry}]}}");
    let twice = format!("{{\"plans\":[{entry},{entry}]}}");
    assert_eq!(Ledger::decode(twice.as_bytes()), Err("its counters do not rise".to_owned()));
}

proptest! {
    #[test]
    fn what_is_read_is_written_the_same(at in 0_usize..600, byte in any::<u8>()) {
        static MEMORY: LazyLock<Vec<u8>> = LazyLock::new(|| {
            let (plan, requests) = chain(1);
            let mut ledger = Ledger::default();
            ledger.begin(&plan, &requests[0]);
            ledger.encode().unwrap()
        });
        let mut bytes = MEMORY.clone();
        let length = bytes.len();
        bytes[at % length] = byte;
        if let Ok(read) = Ledger::decode(&bytes) {
            prop_assert_eq!(Ledger::decode(&read.encode().unwrap()), Ok(read));
        }
    }
}

/// An upkeep in the place that the memory gives it, signed.
fn upkeep(ledger: &Ledger, plan: Option<&Verified<Plan>>) -> Verified<keyferry_bundle::Upkeep> {
    use keyferry_bundle::kinds::Work;
    let (place, story) = (ledger.next_upkeep().unwrap(), Story::sound());
    let body = keyferry_bundle::Upkeep {
        environment: story.policy.environment,
        device: digest_of(&story.device),
        created: story.plan.created,
        serial: story.device.serial,
        counter: place.counter,
        previous: place.previous,
        work: if plan.is_some() { Work::Abort } else { Work::Drill },
        plan: plan.map(Verified::digest),
        reason: None,
        objects: vec![],
        inventory: vec![],
    };
    let bytes = crate::testing::signed(&body, &["hsm", "wendy"]);
    let (policy, device) = (story.accept_policy().unwrap(), story.accept_device().unwrap());
    crate::upkeep::accept(&policy, &device, &bytes, crate::Countersigned::Required).unwrap()
}

#[test]
fn upkeeps_are_numbered_once_and_what_a_drill_left_is_known() {
    let mut ledger = Ledger::default();
    let object = "0x0a01".parse().unwrap();
    assert!(!ledger.may_be_of_a_drill(object));
    ledger.drilling([object]);
    let mut ledger = Ledger::decode(&ledger.encode().unwrap()).unwrap();
    assert!(ledger.may_be_of_a_drill(object) && ledger.is_empty());
    let first = upkeep(&ledger, None);
    ledger.kept_up(&first);
    let ledger = Ledger::decode(&ledger.encode().unwrap()).unwrap();
    assert!(!ledger.may_be_of_a_drill(object));
    let place = ledger.next_upkeep().unwrap();
    assert_eq!((place.counter, place.previous), (2, Some(first.digest())));
    let half = br#"{"plans":[],"upkeeps":{"counter":1}}"#;
    assert!(Ledger::decode(half).unwrap_err().contains("upkeep"));
}

#[test]
fn a_plan_that_is_given_up_is_never_answered_and_the_next_follows_it() {
    let (plan, requests) = chain(2);
    let admit = |ledger: &Ledger| told(ledger.admit(Memory::Kept, &plan, &requests[..1]));
    let give_up = |ledger: &Ledger| told(ledger.may_give_up(Memory::Kept, &plan));
    let mut ledger = Ledger::default();
    assert_eq!(give_up(&ledger), "accepted");
    ledger.begin(&plan, &requests[0]);
    assert_eq!(give_up(&ledger), "accepted");
    let mut answered = ledger.clone();
    answered.answered(&plan, &requests[0]);
    assert!(give_up(&answered).contains("request 1 of it was answered"));
    ledger.give_up(&plan);
    // Cut off before it was recorded: nothing is answered, and it may be finished.
    let mut ledger = Ledger::decode(&ledger.encode().unwrap()).unwrap();
    assert!(ledger.is_being_given_up(&plan));
    assert!(admit(&ledger).contains("plan 1 was given up"));
    assert_eq!(give_up(&ledger), "accepted");
    let record = upkeep(&ledger, Some(&plan));
    ledger.kept_up(&record);
    assert!(!ledger.is_being_given_up(&plan));
    assert!(give_up(&ledger).contains("plan 1 was given up"));
    assert!(admit(&ledger).contains("plan 1 was given up"));
    let (second, of_second) = following(&plan, 2);
    assert_eq!(told(ledger.admit(Memory::Kept, &second, &of_second)), "accepted");
    // Not one that is not next.
    let (third, _) = following(&plan, 3);
    assert!(told(ledger.may_give_up(Memory::Kept, &third)).contains("is 3, but plan 1"));
}
