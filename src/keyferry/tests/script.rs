//! `keyferry script`, with the real program.
#![allow(clippy::unwrap_used, reason = "test code: a panic is a failing test")]

mod desk;

use desk::Desk;
use keyferry_console::fingerprint;

fn text(desk: &Desk, name: &str) -> String {
    String::from_utf8(desk.read(name)).unwrap()
}

#[test]
fn the_paper_carries_the_fingerprints_that_the_screen_shows() {
    let desk = Desk::planned();
    let screen = |file: &str| -> String {
        let run = desk.run(&["fingerprint", file], &[]).done();
        run.out.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    for out in ["script.md", "script.html"] {
        let run = desk.run(&["script", "tests-1", "--out", out], &[]).done();
        assert!(run.out.ends_with(&format!("{out}\n")), "{run:#?}");
        let page = text(&desk, out);
        for file in ["tests-1/plan.json", "tests-1/policy-v1.json", "tests-1/device.json"] {
            let digest = desk.digest(file);
            assert!(page.contains(&fingerprint::hex(&digest)), "{file} in {out}");
            for group in fingerprint::groups(&digest) {
                assert!(screen(file).contains(&group), "{file}");
            }
            for four in fingerprint::words(&digest).split_whitespace().collect::<Vec<_>>().chunks(4)
            {
                assert!(page.contains(&four.join(" ")), "{file} in {out}");
            }
        }
        assert!(!page.contains("DRAFT") && page.contains(desk::KEY), "{page}");
    }
    let json = desk.run(&["--json", "script", "tests-1", "--out", "json.md"], &[]).done().json();
    assert_eq!(json["digest"], desk.digest("tests-1/plan.json").to_string());
    assert_eq!((&json["draft"], &json["ceremony"]), (&false.into(), &"tests-1".into()));
    assert!(json["steps"].as_u64().unwrap() > 30);
}

#[test]
fn a_plan_that_is_not_approved_makes_a_draft_or_nothing() {
    let desk = Desk::ready();
    desk.plan("tests-1", &[]).done();
    desk.sign("tests-1/plan.json", "bob", "tests-1").done();
    desk.run(&["script", "tests-1", "--out", "script.html"], &[])
        .refused(4, "1 more must sign as ceremony-officer: alice");
    assert!(!desk.path("script.html").exists());
    desk.run(&["script", "tests-1", "--out", "script.html", "--draft"], &[]).done();
    let page = text(&desk, "script.html");
    assert!(page.contains("DRAFT: the plan is not approved: 1 more of alice"), "{page}");
    assert!(page.contains("keyferry sign tests-1/plan.json --identity alice.identity"));
    desk.sign("tests-1/plan.json", "alice", "tests-1").done();
    desk.run(&["script", "tests-1", "--out", "final.html"], &[]).done();
    let page = text(&desk, "final.html");
    assert!(!page.contains("DRAFT") && page.contains("<dd>bob, alice</dd>"), "{page}");
    desk.run(&["script", "tests-1", "--out", "draft.md", "--draft"], &[]).done();
    assert!(text(&desk, "draft.md").starts_with("# DRAFT: "));
}

#[test]
fn a_plan_that_would_be_refused_later_has_no_script_for_the_room() {
    let desk = Desk::ready();
    // In the past by the time that the script is made.
    let now = keyferry_console::clock::now().unwrap();
    let soon = keyferry_bundle::Timestamp::from_unix_seconds(now.unix_seconds() + 3).unwrap();
    desk.plan("tests-1", &["--valid-to", &soon.to_string()]).done();
    for name in ["alice", "bob"] {
        desk.sign("tests-1/plan.json", name, "tests-1").done();
    }
    while keyferry_console::clock::now().unwrap() <= soon {
        Desk::wait_for_another_second();
    }
    desk.run(&["script", "tests-1", "--out", "script.md"], &[])
        .refused(3, "by this machine's clock");
    let run = desk.run(&["script", "tests-1", "--out", "script.md", "--draft"], &[]).done();
    assert!(run.err.contains("warning: by this machine's clock"), "{run:#?}");
    assert!(text(&desk, "script.md").contains("made as a draft; not for the room"));
}

#[test]
fn a_script_overwrites_nothing_and_stays_out_of_the_ceremony() {
    let desk = Desk::planned();
    desk.write("script.md", b"mine");
    desk.run(&["script", "tests-1", "--out", "script.md"], &[]).refused(8, "already there");
    assert_eq!(desk.read("script.md"), b"mine");
    for path in ["tests-1/script.md", "./tests-1/../tests-1/script.html"] {
        desk.run(&["script", "tests-1", "--out", path], &[]).refused(2, "would lie in the folder");
    }
    desk.run(&["verify", "tests-1"], &[]).done();
    desk.run(&["script", "tests-1", "--out", "missing/script.md"], &[]).refused(8, "written");
    desk.run(&["script", "missing", "--out", "new.md"], &[]).refused(8, "cannot be read");
    let before = desk.listing();
    for name in ["script", "script.txt", "script.pdf"] {
        let run = desk.run(&["script", "tests-1", "--out", name], &[]);
        assert!(run.code == 2 && run.err.contains("ends in .md or .html"), "{run:#?}");
    }
    assert_eq!(desk.listing(), before);
}

#[test]
fn a_signature_that_does_not_hold_makes_no_script_not_even_a_draft() {
    let desk = Desk::planned();
    let mut plan = desk.read("tests-1/plan.json");
    let at = plan.len() - 20;
    plan[at] = if plan[at] == b'A' { b'B' } else { b'A' };
    desk.write("tests-1/plan.json", &plan);
    for more in [&[][..], &["--draft"]] {
        let args = [&["script", "tests-1", "--out", "script.md"][..], more].concat();
        desk.run(&args, &[]).refused(3, "plan.json is not accepted");
    }
    assert!(!desk.path("script.md").exists());
}

#[test]
fn a_second_request_has_a_script_of_its_own() {
    let desk = Desk::held();
    desk.run(&["script", "tests-1", "--out", "again.md", "--room", "/media/room"], &[]).done();
    let page = text(&desk, "again.md");
    for told in [
        "keyferry inspect tests-1/request-2.json",
        "respond tests-1 --room /media/room\n",
        "is in the HSM already: it is read back, not made anew",
        "`response-1.json`",
    ] {
        assert!(page.contains(told), "{told} is not in\n{page}");
    }
}
