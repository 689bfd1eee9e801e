//! `keyferry report`, with the real program.

mod desk;

use desk::Desk;

#[test]
fn a_report_ends_as_verify_does_and_is_written_whatever_it_says() {
    let desk = Desk::held();
    let verdict = desk.run(&["verify", "tests-1"], &[]).done();
    let headline = verdict.out.lines().find(|line| line.starts_with("VERIFIED")).unwrap();
    let run = desk.run(&["report", "tests-1", "--html", "sound.html"], &[]).done();
    assert!(run.out.contains(headline) && run.err.contains("sound.html"), "{run:#?}");
    let page = String::from_utf8(desk.read("sound.html")).unwrap();
    assert!(page.contains(&headline.replace('"', "&quot;")), "{page}");
    assert!(page.contains("KMS key") && page.contains(desk::KEY));

    std::fs::remove_file(desk.path("tests-1/receipt-1.json")).unwrap();
    desk.run(&["report", "tests-1", "--html", "part.html", "--complete"], &[])
        .refused(3, "the chain is not complete");
    assert!(String::from_utf8(desk.read("part.html")).unwrap().contains("INCOMPLETE"));

    let mut plan = desk.read("tests-1/plan.json");
    plan[60] ^= 1;
    desk.write("tests-1/plan.json", &plan);
    desk.run(&["report", "tests-1", "--html", "spoiled.html"], &[]).refused(3, "plan.json");
    let page = String::from_utf8(desk.read("spoiled.html")).unwrap();
    assert!(page.contains("NOT VERIFIED: ") && page.contains("What fails"), "{page}");

    let json = desk.run(&["--json", "report", "tests-1", "--html", "json.html"], &[]);
    let json = json.refused(3, "plan.json").json();
    assert_eq!((&json["verified"], &json["html"]), (&false.into(), &"json.html".into()));
}

#[test]
fn a_policy_that_is_not_the_pinned_one_is_told_on_the_page_too() {
    let desk = Desk::held();
    let other = "0".repeat(64);
    desk.run(&["report", "tests-1", "--html", "other.html", "--pin", &other], &[])
        .refused(3, "is not pinned here");
    assert!(String::from_utf8(desk.read("other.html")).unwrap().contains("is not pinned here"));
    let run = desk.run(&["report", "tests-1", "--html", "none.html", "--no-pin"], &[]).done();
    assert!(run.out.contains("IF the policy is yours"), "{run:#?}");
}

#[test]
fn a_report_overwrites_nothing_and_stays_out_of_the_evidence() {
    let desk = Desk::held();
    desk.write("report.html", b"mine");
    desk.run(&["report", "tests-1", "--html", "report.html"], &[]).refused(8, "already there");
    assert_eq!(desk.read("report.html"), b"mine");
    for path in ["tests-1/report.html", "./tests-1/../tests-1/report.html"] {
        desk.run(&["report", "tests-1", "--html", path], &[]).refused(2, "would lie in the folder");
        desk.run(&["report", "tests-1/plan.json", "--html", path], &[])
            .refused(2, "would lie in the folder");
    }
    desk.run(&["verify", "tests-1"], &[]).done();
    desk.run(&["report", "tests-1", "--html", "missing/report.html"], &[]).refused(8, "written");
    desk.run(&["report", "missing", "--html", "new.html"], &[]).refused(8, "cannot be read");
    assert!(!desk.path("new.html").exists());
}
