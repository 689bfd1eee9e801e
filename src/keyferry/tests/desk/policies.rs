//! Versions of the policy.

use super::{Desk, PASSPHRASE, Run};
use serde_json::Value;

impl Desk {
    /// `policy edit` to a file.
    pub(crate) fn edit(&self, out: &str, more: &[&str]) -> Run {
        self.run(&[&["--json", "policy", "edit", "--out", out], more].concat(), &[])
    }

    /// Both officers sign a policy.
    pub(crate) fn approve(&self, file: &str) {
        for name in ["alice", "bob"] {
            let args = ["policy", "sign", file, "--identity", name];
            self.run(&args, &[PASSPHRASE, "Tests"]).done();
        }
    }

    /// Edits, signs and pins.
    pub(crate) fn replace(&self, out: &str, more: &[&str]) {
        self.edit(out, more).done();
        self.approve(out);
        self.pin(out).done();
    }

    /// The id of somebody's key.
    pub(crate) fn key_of(&self, name: &str) -> String {
        let args = ["--json", "identity", "show", name];
        let shown = self.run(&args, &[PASSPHRASE]).done().json();
        shown["key_id"].as_str().unwrap().to_owned()
    }
}

/// Each change of an answer as one line.
pub(crate) fn told(run: &Run) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap_or("-").chars().take(20).collect::<String>();
    let line = |change: &Value| {
        let role = change["role"].as_str().map(|role| format!(" {role}")).unwrap_or_default();
        let whose = change["whose"].as_str().map(|name| format!(" of {name}")).unwrap_or_default();
        let (from, to) = (text(&change["from"]), text(&change["to"]));
        let (kind, subject) = (text(&change["change"]), text(&change["subject"]));
        format!("{kind} {subject}{role}{whose}: {from} > {to}")
    };
    run.json()["changes"].as_array().unwrap().iter().map(line).collect()
}
