//! KMS keys.

use super::Story;
use crate::cast::OPERATOR;
use keyferry_bundle::{KeyArn, KeySpec};
use keyferry_console::{Exit, Failure};
use serde_json::Value;

impl Story<'_> {
    /// A KMS key that waits for key material.
    pub(crate) fn key(&self, alias: &str, spec: KeySpec, more: &[&str]) -> Result<KeyArn, Failure> {
        let arguments = create_key(alias, spec, more);
        let answer = self.bastion.run(OPERATOR, "keyferry-online", &arguments, &[])?;
        json_text(&answer, "/arn")?.parse().map_err(Failure::bug)
    }

    /// As [`Self::key`], and nobody looks any more.
    pub(crate) fn another_key(
        &self,
        alias: &str,
        spec: KeySpec,
        more: &[&str],
    ) -> Result<KeyArn, Failure> {
        let arguments = create_key(alias, spec, more);
        let answer = self.bastion.run_unseen("keyferry-online", &arguments)?;
        json_text(&answer, "/arn")?.parse().map_err(Failure::bug)
    }

    /// All is well with the keys of these ceremonies.
    pub(crate) fn status(&self, ceremonies: &[&str]) -> Result<(), Failure> {
        let arguments = [["status"].as_slice(), ceremonies].concat();
        self.bastion.run(OPERATOR, "keyferry-online", &arguments, &[]).map(drop)
    }

    /// Something is not, and the exit code says so too.
    pub(crate) fn status_warns(&self, ceremonies: &[&str], words: &str) -> Result<(), Failure> {
        let arguments = [["status"].as_slice(), ceremonies].concat();
        let expected = (Exit::Unchanged, words);
        self.bastion.refused(OPERATOR, "keyferry-online", &arguments, &[], expected)
    }
}

fn create_key<'s>(alias: &'s str, spec: KeySpec, more: &[&'s str]) -> Vec<&'s str> {
    let mut arguments = vec!["create-key", "--alias", alias];
    arguments.extend(["--description", "Payments, imported by Keyferry"]);
    arguments.extend(["--tag", "ceremony=payments-2026", "--json"]);
    arguments.extend(["--key-spec", spec.as_str()]);
    arguments.extend(more);
    arguments
}

/// A member of a program's JSON answer.
pub(crate) fn json_text(answer: &str, pointer: &str) -> Result<String, Failure> {
    let tree: Value = serde_json::from_str(answer).map_err(Failure::bug)?;
    tree.pointer(pointer)
        .and_then(Value::as_str)
        .map(str::to_owned)
        .ok_or_else(|| Failure::bug(format!("{pointer} is missing in {answer}")))
}
