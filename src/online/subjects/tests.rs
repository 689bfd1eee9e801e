use super::*;
use crate::testing::World;
use keyferry_ceremony::testing::{Story, signed, time};

/// A ceremony with a receipt of that time.
fn imported(created: &str) -> World {
    let mut story = Story::sound();
    story.receipt.created = time(created);
    let world = World::answered(story);
    world.put("receipt-1.json", &signed(&world.story.receipt, &["oscar"]));
    world
}

const EARLY: &str = "2026-11-04T04:00:00Z";
const LATE: &str = "2026-11-04T05:00:00Z";

#[test]
fn of_two_receipts_for_one_generation_the_later_counts() {
    let (early, late) = (imported(EARLY), imported(LATE));
    let trust = early.ceremony().trust;
    for order in [[&early, &late], [&late, &early]] {
        let keys = order.map(|world| world.ceremony().folder.display().to_string());
        let subjects = Subjects { keys: keys.into(), trust: trust.clone() };
        let (found, _) = subjects.read().unwrap();
        assert_eq!((found.len(), found[0].expected.len()), (1, 1));
        assert_eq!(found[0].expected[0].receipt.as_ref().unwrap().1, time(LATE));
    }
}

#[test]
fn what_is_neither_a_folder_nor_a_key_is_usage() {
    let trust = TrustArg { trust: None };
    let subjects = Subjects { keys: vec!["no such folder".to_owned()], trust };
    assert_eq!(subjects.read().unwrap_err().exit, keyferry_console::Exit::Usage);
}
