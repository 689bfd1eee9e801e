//! The printed script against the programs: its commands exist, the screens show what it says they show, and the HSM's log gets what was
//! counted.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use keyferry_bundle::Plan;
use keyferry_ceremony::budget;
use keyferry_ceremony::hsm_log::Entry;
use keyferry_ceremony::hsm_log::command::{
    AUTHENTICATE_SESSION, BOOT, CREATE_SESSION, SIGN_ECDSA, is_logged,
};
use keyferry_tests::{Run, Scene, rehearse};
use serde_json::Value;
use std::collections::BTreeMap;

const CEREMONY: &str = "payments-2026";

/// The script that an officer prints, as Markdown.
fn script(scene: &Scene) -> String {
    let arguments = ["script", CEREMONY, "--out", "script.md"];
    let run = scene.run("office", "keyferry", &arguments, &[]).unwrap();
    assert_eq!(run.code, 0, "{}", run.stderr);
    std::fs::read_to_string(scene.machine("office").join("script.md")).unwrap()
}

/// The steps: what stands between two headings of steps.
fn steps(script: &str) -> impl Iterator<Item = &str> {
    script.split("\n### Step ").skip(1)
}

/// The commands of a step or a script: each stands alone between two fences.
fn commands(text: &str) -> impl Iterator<Item = &str> {
    let lines = text.lines().zip(text.lines().skip(1)).zip(text.lines().skip(2));
    lines.filter_map(|((before, line), after)| {
        (before == "```" && !line.is_empty() && after == "```").then_some(line)
    })
}

/// What the screen must show, without its label.
fn expected(step: &str) -> impl Iterator<Item = &str> {
    let values = step.lines().filter_map(|line| line.strip_prefix("- [ ] ")?.split_once(": `"));
    values.map(|(_, value)| value.trim_end_matches('`'))
}

/// The step that has this command.
fn step<'a>(script: &'a str, command: &str) -> &'a str {
    steps(script)
        .find(|step| commands(step).any(|line| line.contains(command)))
        .unwrap_or_else(|| panic!("no step says {command} in\n{script}"))
}

/// Each value stands on the screen, but for those that a rehearsal cannot show.
#[track_caller]
fn shows(run: &Run, step: &str, but: &[&str]) {
    let screen = format!("{}\n{}", run.stdout, run.stderr);
    let mut seen = 0;
    for value in expected(step).filter(|value| !but.contains(value)) {
        assert!(screen.contains(value), "{value:?} is not on\n{screen}");
        seen += 1;
    }
    assert!(seen > 0, "{step}");
}

#[test]
fn every_command_of_a_script_is_one_that_the_programs_take() {
    let script = script(&Scene::new().unwrap());
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for line in commands(&script) {
        let words: Vec<&str> = line.split(' ').collect();
        let program = match words[0] {
            "keyferry" => keyferry::command(),
            "keyferry-online" => keyferry_online::command(),
            "keyferry-offline" => keyferry_offline::command(),
            // The host's own.
            "swapon" | "sha256sum" | "ip" => continue,
            other => panic!("{other}: {line}"),
        };
        let parsed = program.try_get_matches_from(&words);
        assert!(parsed.is_ok(), "{line}: {}", parsed.unwrap_err());
        *seen.entry(words[0].to_owned()).or_default() += 1;
    }
    assert!(seen.len() == 3 && seen.values().all(|count| *count >= 3), "{seen:?}");
}

#[test]
fn the_screens_show_what_a_script_says_they_show() {
    let scene = Scene::new().unwrap();
    let script = script(&scene);
    let run = scene.run("room", "keyferry", &["policy", "show"], &[]).unwrap();
    shows(&run, step(&script, "keyferry policy show"), &[]);
    let plan = ["inspect", "payments-2026/plan.json"];
    let run = scene.run("office", "keyferry", &plan, &[]).unwrap();
    shows(&run, step(&script, "inspect payments-2026/plan.json"), &[]);

    let scene = scene.before_response().unwrap().before_import().unwrap();
    let kms = scene.kms(&[]).unwrap();
    let run = scene.online(&kms.url, &["status", CEREMONY], &[]).unwrap();
    shows(&run, step(&script, "keyferry-online status"), &[]);
    let fetch = ["fetch", CEREMONY, "--identity", "oscar.identity", "--again", "--dry-run"];
    let run = scene.online(&kms.url, &fetch, &[]).unwrap();
    shows(&run, step(&script, "--dry-run"), &[]);
    let import = ["import", CEREMONY, "--identity", "oscar.identity", "--dry-run"];
    let run = scene.online(&kms.url, &import, &[]).unwrap();
    shows(&run, step(&script, "keyferry-online import"), &[]);

    let hsm = scene.hsm(&[]).unwrap();
    let inspect = ["inspect", "--serial", "12345678", "--hsm", &hsm.url, "--allow-network"];
    let run = scene.run("room", "keyferry-offline", &inspect, &[]).unwrap();
    shows(&run, step(&script, " inspect --serial"), &[]);

    let run = scene.respond(&hsm.url).unwrap();
    assert_eq!(run.code, 0, "{}", run.stderr);
    // A rehearsal's host is on a network, and says so.
    shows(&run, step(&script, " respond "), &["off every network"]);
    let after: Vec<&str> =
        steps(&script).skip_while(|step| !step.contains(" respond ")).skip(1).take(3).collect();
    let [target, word, end] = after[..] else { panic!("{after:?}") };
    shows(&run, target, &[]);
    assert!(word.contains("The word: `payments-2026`"), "{word}");
    shows(&run, end, &[]);
    assert!(expected(target).count() >= 6, "{target}");
    let audit = ["log", "audit", CEREMONY, "--hsm", &hsm.url, "--allow-network"];
    let run = scene.run("room", "keyferry-offline", &audit, &["rehearsal password of the audit"]);
    shows(&run.unwrap(), step(&script, " log audit "), &[]);
}

/// Entries that the virtual HSM's log has: number and command, oldest first.
fn logged(scene: &Scene) -> Vec<(u16, u8)> {
    let state = std::fs::read(scene.backstage("virtual-hsm.json")).unwrap();
    let state: Value = serde_json::from_slice(&state).unwrap();
    let entries = state["log"]["entries"].as_array().unwrap().iter();
    let decode = |entry: &Value| {
        let bytes = STANDARD.decode(entry.as_str().unwrap()).unwrap();
        let entry = Entry::decode(&bytes.try_into().unwrap());
        (entry.number, entry.record.command)
    };
    entries.map(decode).collect()
}

#[test]
fn the_log_gets_the_entries_that_were_counted() {
    for options in [
        &[][..],
        &["--keep-as", "symmetric-key"],
        &["--key-spec", "ECC_NIST_P256"],
        &["--key-spec", "RSA_2048"],
    ] {
        let rehearsed = rehearse(options).unwrap();
        let scene = Scene::of(&rehearsed).unwrap().before_response().unwrap();
        let plan: Plan = scene.body("room", "plan.json").unwrap();
        let before = logged(&scene).last().unwrap().0;
        let hsm = scene.hsm(&[]).unwrap();
        let run = scene.respond(&hsm.url).unwrap();
        assert_eq!(run.code, 0, "{}", run.stderr);
        drop(hsm);
        let new = logged(&scene).into_iter().filter(|(number, _)| *number > before);
        let found: Vec<u8> = new.map(|(_, code)| code).filter(|code| *code != BOOT).collect();
        // Nobody waits here, so a session is opened once.
        let is_session = |code: &u8| [CREATE_SESSION, AUTHENTICATE_SESSION].contains(code);
        let target = budget::commands(&plan.targets[0]).into_iter();
        let mut wanted = vec![CREATE_SESSION, AUTHENTICATE_SESSION];
        wanted.extend(target.filter(|code| is_logged(*code) && !is_session(code)));
        let (made, signed) = found.split_at(wanted.len());
        assert_eq!(made, wanted, "{options:?}");
        // What else is signed at the end: the log, the response and the transcript.
        assert_eq!(signed.len(), 3, "{options:?}: {signed:?}");
        assert!(signed.iter().all(|code| *code == SIGN_ECDSA), "{options:?}: {signed:?}");
        let most = usize::from(budget::log_entries(&plan.targets[0]));
        assert!(found.len() <= most && most <= found.len() + 12, "{options:?}: {found:?}");
        assert_eq!(budget::plan_log_entries(&plan), budget::log_entries(&plan.targets[0]));
    }
}
