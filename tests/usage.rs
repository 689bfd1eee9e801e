//! `docs/usage.md` is what the programs say of themselves. `KEYFERRY_BLESS=1 cargo test -p keyferry-tests usage` writes it anew.

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

#[test]
fn every_test_that_the_threat_model_names_exists() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    let mut sources = String::new();
    let mut folders = vec![format!("{root}/tests"), format!("{root}/src")];
    folders.push(format!("{root}/bundle-format"));
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path.display().to_string());
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                sources.push_str(&std::fs::read_to_string(path).unwrap());
            }
        }
    }
    let document = std::fs::read_to_string(format!("{root}/docs/threat-model.md")).unwrap();
    let mut seen = 0;
    let numbered = |line: &&str| line.starts_with("| ") && line[2..].starts_with(char::is_numeric);
    for row in document.lines().filter(numbered) {
        let Some(tests) = row.trim_end_matches('|').rsplit('|').next() else { continue };
        for name in tests.split('`').skip(1).step_by(2).filter(|name| !name.contains('/')) {
            let defined = sources.contains(&format!("fn {name}("))
                || sources.contains(&format!("    {name}: accept_"));
            assert!(defined, "docs/threat-model.md names {name}, which is no test");
            seen += 1;
        }
    }
    assert!(seen > 30, "{seen}");
}
