//! `docs/usage.md` is what the programs say of themselves. `KEYFERRY_BLESS=1 cargo test -p keyferry-tests usage` writes it anew.

use std::collections::BTreeSet;
use std::fmt::Write as _;

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/usage.md");

fn describe(command: &mut clap::Command, path: &str, text: &mut String) {
    let name = format!("{path}{}", command.get_name());
    if command.has_subcommands() {
        let names: Vec<String> =
            command.get_subcommands().map(|sub| sub.get_name().to_owned()).collect();
        for sub in names.iter().filter(|sub| *sub != "help") {
            let sub = command.find_subcommand_mut(sub).unwrap();
            describe(sub, &format!("{name} "), text);
        }
    } else {
        let help = command.render_help().to_string();
        let lines: Vec<&str> = help.lines().map(str::trim_end).collect();
        writeln!(text, "\n### {name}\n```\n{}\n```", lines.join("\n")).unwrap();
    }
}

fn usage() -> String {
    let mut text = String::from(
        "# Usage\n\nEvery command of every program, as `--help` shows it. Options under \"Every command\" go with each of a program's commands.\n",
    );
    for mut command in
        [keyferry::command(), keyferry_online::command(), keyferry_offline::command()]
    {
        command = command.term_width(100);
        command.build();
        writeln!(text, "\n## {}", command.get_name()).unwrap();
        if let Some(about) = command.get_about() {
            writeln!(text, "{about}.").unwrap();
        }
        describe(&mut command, "", &mut text);
    }
    text
}

#[test]
fn the_documented_usage_is_the_programs_own() {
    let usage = usage();
    if std::env::var_os("KEYFERRY_BLESS").is_some() {
        std::fs::write(PATH, &usage).unwrap();
    }
    let documented = std::fs::read_to_string(PATH).unwrap_or_default();
    assert!(documented == usage, "docs/usage.md is out of date: KEYFERRY_BLESS=1 writes it anew");
}

#[test]
fn every_command_of_the_readme_and_the_runbook_exists() {
    let usage = usage();
    for document in ["README.md", "docs/runbook.md"] {
        let text = std::fs::read_to_string(format!("{}/../{document}", env!("CARGO_MANIFEST_DIR")));
        let text = text.unwrap();
        let mut seen = 0;
        for line in text.lines().flat_map(|line| line.split('`')) {
            let mut words = line.split_whitespace().filter(|word| !word.starts_with('-'));
            let Some(program @ ("keyferry" | "keyferry-online" | "keyferry-offline")) =
                words.next()
            else {
                continue;
            };
            let words: Vec<&str> =
                words.filter(|w| !w.starts_with("usb:") && !w.starts_with("http")).collect();
            let Some(first) = words.first() else { continue };
            if !first.bytes().all(|b| b.is_ascii_lowercase() || b == b'-') {
                continue;
            }
            let one = format!("### {program} {first}\n");
            let two = format!("### {program} {}\n", words.get(..2).unwrap_or(&words).join(" "));
            assert!(usage.contains(&one) || usage.contains(&two), "{document}: {line}");
            seen += 1;
        }
        assert!(seen > 5, "{document}: {seen}");
    }
}

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// Every Rust file below these folders of the project: its path and its text.
fn sources(folders: &[&str]) -> Vec<(String, String)> {
    let mut sources = Vec::new();
    let mut folders: Vec<String> = folders.iter().map(|name| format!("{ROOT}/{name}")).collect();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path.display().to_string());
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                sources.push((path.display().to_string(), text));
            }
        }
    }
    sources
}

/// Whether a test of that name is there; those of `rules_tests.rs` are rows of a macro.
fn is_a_test(sources: &[(String, String)], name: &str) -> bool {
    let (function, row) = (format!("fn {name}("), format!("    {name}: accept_"));
    sources.iter().any(|(_, text)| text.contains(&function) || text.contains(&row))
}

/// What stands in code marks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

#[test]
fn every_test_that_the_threat_model_names_exists() {
    let sources = sources(&["tests", "src", "bundle-format"]);
    let document = std::fs::read_to_string(format!("{ROOT}/docs/threat-model.md")).unwrap();
    let mut seen = 0;
    let numbered = |line: &&str| line.starts_with("| ") && line[2..].starts_with(char::is_numeric);
    for row in document.lines().filter(numbered) {
        let Some(tests) = row.trim_end_matches('|').rsplit('|').next() else { continue };
        for name in quoted(tests).filter(|name| !name.contains('/')) {
            let there = is_a_test(&sources, name);
            assert!(there, "docs/threat-model.md names {name}, which is no test");
            seen += 1;
        }
    }
    assert!(seen > 30, "{seen}");
}

#[test]
fn every_test_that_the_table_of_faults_names_exists() {
    let sources = sources(&["tests", "src"]);
    let document = std::fs::read_to_string(format!("{ROOT}/docs/exit-codes.md")).unwrap();
    let faults = document.split_once("## Faults").unwrap().1.split_once("\n## ").unwrap().0;
    let rows = faults.lines().filter(|line| line.starts_with("| ")).skip(1);
    let mut seen = 0;
    for row in rows {
        let cells: Vec<&str> = row.trim_matches('|').split(" | ").collect();
        let [_fault, _ends, _next, test] = cells[..] else { panic!("{row}") };
        let name = quoted(test).next().unwrap();
        assert!(is_a_test(&sources, name), "docs/exit-codes.md names {name}, which is no test");
        seen += 1;
    }
    assert!(seen > 12, "{seen}");
}

/// The ids of claims in the code: texts such as `plan.approved`.
fn ids_in_the_code() -> BTreeSet<String> {
    let mut code = sources(&["src/ceremony/evidence"]);
    code.retain(|(path, _)| !path.ends_with("tests.rs"));
    let more = "src/keyferry/examined.rs";
    code.push((more.to_owned(), std::fs::read_to_string(format!("{ROOT}/{more}")).unwrap()));
    let word =
        |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_lowercase() || b == b'-');
    let id = |text: &&str| text.split_once('.').is_some_and(|(of, what)| word(of) && word(what));
    code.iter().flat_map(|(_, text)| text.split('"').filter(id)).map(ToOwned::to_owned).collect()
}

#[test]
fn every_claim_is_documented_with_tests_that_exist() {
    let sources = sources(&["tests", "src", "bundle-format"]);
    let document = std::fs::read_to_string(format!("{ROOT}/docs/claims.md")).unwrap();
    let mut documented = BTreeSet::new();
    for row in document.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<&str> = row.trim_matches('|').split('|').collect();
        let [id, _means, _rests_on, holds, or_else] = cells[..] else { panic!("{row}") };
        let id = quoted(id).next().unwrap();
        assert!(documented.insert(id.to_owned()), "docs/claims.md has {id} twice");
        assert!(quoted(or_else).count() > 0, "docs/claims.md: no test shows {id} failing or open");
        for name in quoted(holds).chain(quoted(or_else)) {
            assert!(is_a_test(&sources, name), "docs/claims.md names {name}, which is no test");
        }
    }
    let stated = ids_in_the_code();
    assert!(stated.len() > 40, "{stated:#?}");
    assert_eq!(stated, documented, "the claims in the code and in docs/claims.md");
}
