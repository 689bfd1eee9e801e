use super::*;
use crate::testing::{NOW, World, at_the_desk};
use keyferry_ceremony::testing::{Story, signed};
use keyferry_console::Exit;

fn check_at(world: &World, time: &str) -> Result<(), Failure> {
    let args = CheckArgs { ceremony: world.ceremony() };
    at_the_desk(time, |desk| run(desk, &args))
}

#[test]
fn a_sound_folder_is_accepted_before_and_after_the_room() {
    check_at(&World::fetched(Story::sound()), NOW).unwrap();
    check_at(&World::answered(Story::sound()), NOW).unwrap();
}

#[test]
fn without_a_request_there_is_nothing_to_check() {
    let failure = check_at(&World::new(Story::sound()), NOW).unwrap_err();
    assert_eq!(failure.exit, Exit::File);
    assert!(failure.hint.unwrap().contains("keyferry-online fetch"));
}

#[test]
fn expired_parameters_are_refused_with_the_way_out() {
    let failure = check_at(&World::fetched(Story::sound()), "2026-11-05T00:00:00Z").unwrap_err();
    assert_eq!((failure.exit, failure.code), (Exit::Unchanged, "parameters-expired"));
    assert!(failure.hint.unwrap().contains("keyferry-online fetch"));
    let done = World::answered(Story::sound());
    done.put("receipt-1.json", &signed(&done.story.receipt, &["oscar"]));
    check_at(&done, "2027-11-05T00:00:00Z").unwrap();
}

#[test]
fn signatures_are_counted_as_the_room_counts_them() {
    let world = World::fetched(Story::sound());
    for (signers, exit) in [
        (&["wendy"][..], Exit::Policy),
        (&[], Exit::Policy),
        (&["oscar", "mallory"], Exit::Refused),
    ] {
        world.put("request-1.json", &signed(&world.story.request, signers));
        assert_eq!(check_at(&world, NOW).unwrap_err().exit, exit, "{signers:?}");
    }
}

#[test]
fn a_token_of_another_download_is_noticed() {
    let world = World::fetched(Story::sound());
    world.put("import-token-1-payments.bin", b"token of another download");
    let failure = check_at(&world, NOW).unwrap_err();
    assert_eq!((failure.exit, failure.code), (Exit::Refused, "token-of-another-download"));
}

#[test]
fn a_response_without_its_witness_is_not_enough() {
    let world = World::answered(Story::sound());
    world.put("response-1.json", &signed(&world.story.response, &["hsm"]));
    assert_eq!(check_at(&world, NOW).unwrap_err().exit, Exit::Policy);
}

#[test]
fn a_request_of_another_account_region_or_key_is_refused() {
    let spoil: [fn(&mut Story); 4] = [
        |story| story.request.account = "999922223333".parse().unwrap(),
        |story| story.request.targets[0].key.region = "us-east-1".parse().unwrap(),
        |story| {
            let id = "00000000-12ab-34cd-56ef-1234567890ab";
            story.request.targets[0].key.key_id = id.parse().unwrap();
        },
        |story| story.request.plan = keyferry_bundle::Digest::of(b"another plan"),
    ];
    for (index, spoil) in spoil.into_iter().enumerate() {
        let mut story = Story::sound();
        spoil(&mut story);
        let failure = check_at(&World::fetched(story), NOW).unwrap_err();
        let expected = if index == 0 { Exit::Policy } else { Exit::Refused };
        assert_eq!(failure.exit, expected, "{failure:?}");
    }
}

#[test]
fn a_rehearsal_has_no_place_in_production() {
    let mut story = Story::sound();
    story.policy.environment = keyferry_bundle::Environment::Production;
    story.relink();
    let failure = check_at(&World::fetched(story), NOW).unwrap_err();
    assert_eq!(failure.exit, Exit::Refused);
    assert!(failure.because.concat().contains("environment"));
}
