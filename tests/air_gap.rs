//! The air gap as a fact of the dependency graphs.

use std::process::Command;

const NETWORK_STACK: &[&str] = &["tokio", "hyper", "rustls", "reqwest", "native-tls", "aws-"];

/// Names of all packages in a binary's graph, as cargo resolves it.
fn graph(package: &str) -> Vec<String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["tree", "--locked", "--offline", "--prefix", "none", "--edges", "normal,build"])
        .args(["--format", "{p}", "--package", package])
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect()
}

fn networked(package: &str) -> Vec<String> {
    let part = |name: &str| {
        NETWORK_STACK.iter().any(|stack| {
            name == *stack || name.starts_with(&format!("{}-", stack.trim_end_matches('-')))
        })
    };
    graph(package).into_iter().filter(|name| part(name)).collect()
}

#[test]
fn programs_of_the_office_and_the_room_have_no_network_stack() {
    for package in ["keyferry", "keyferry-offline"] {
        assert_eq!(networked(package), Vec::<String>::new(), "{package}");
    }
}

#[test]
fn the_bastion_has_one_so_the_check_can_fail() {
    let found = networked("keyferry-online");
    for name in ["tokio", "aws-sdk-kms"] {
        assert!(found.iter().any(|found| found == name), "{name} in {found:?}");
    }
}

#[test]
fn the_hsm_is_reached_from_the_room_alone() {
    for package in ["keyferry", "keyferry-online"] {
        assert!(!graph(package).iter().any(|name| name == "yubihsm"), "{package}");
    }
    assert!(graph("keyferry-offline").iter().any(|name| name == "yubihsm"));
}
