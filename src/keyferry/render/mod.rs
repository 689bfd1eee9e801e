//! Bundles as people read them: a heading and rows, a module a kind.

mod ceremony;
pub(crate) mod changes;
mod log;
mod policy;
mod report;
mod transcript;
mod upkeep;

pub(crate) use report::{lines as report_lines, standing, word};

use crate::body::Body;
use keyferry_bundle::{Digest, Expiration};
use keyferry_ceremony::evidence::Accepted;
use keyferry_console::{fingerprint, one_line};

/// What stands on a page.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Page {
    /// What it is.
    pub(crate) heading: String,
    /// Labels and values; a value may have several lines.
    pub(crate) rows: Vec<(String, String)>,
}

impl Page {
    fn new(heading: String) -> Self {
        Self { heading, rows: Vec::new() }
    }

    /// Adds a row.
    #[expect(clippy::needless_pass_by_value, reason = "borrowed and owned values alike make rows")]
    pub(crate) fn row(&mut self, label: impl Into<String>, value: impl ToString) {
        self.rows.push((label.into(), value.to_string()));
    }

    /// The page of a payload.
    pub(crate) fn of(body: &Body) -> Self {
        match body {
            Body::Policy(policy) => policy::page(policy),
            Body::Device(device) => ceremony::device(device),
            Body::Plan(plan) => ceremony::plan(plan),
            Body::Request(request) => ceremony::request(request),
            Body::Response(response) => ceremony::response(response),
            Body::Backup(backup) => ceremony::backup(backup),
            Body::Receipt(receipt) => ceremony::receipt(receipt),
            Body::Log(log) => log::page(log),
            Body::Transcript(transcript) => transcript::page(transcript),
            Body::Upkeep(upkeep) => upkeep::page(upkeep),
        }
    }

    /// The page of a bundle that was accepted.
    pub(crate) fn of_accepted(bundle: Accepted<'_>) -> Self {
        match bundle {
            Accepted::Policy(link) => policy::page(link.bundle().body()),
            Accepted::Device(link) => ceremony::device(link.bundle().body()),
            Accepted::Plan(link) => ceremony::plan(link.bundle().body()),
            Accepted::Request(link) => ceremony::request(link.bundle().body()),
            Accepted::Response(link) => ceremony::response(link.bundle().body()),
            Accepted::Backup(link) => ceremony::backup(link.bundle().body()),
            Accepted::Receipt(link) => ceremony::receipt(link.bundle().body()),
            Accepted::Log(link) => log::page(link.bundle().body()),
            Accepted::Transcript(link) => transcript::page(link.bundle().body()),
            Accepted::Upkeep(link) => upkeep::page(link.bundle().body()),
        }
    }

    /// Every line, aligned. No text in it can start a line of its own.
    pub(crate) fn lines(&self) -> Vec<String> {
        let rows: Vec<(String, &String)> =
            self.rows.iter().map(|(label, value)| (one_line(label), value)).collect();
        let width = rows.iter().map(|(label, _)| label.len()).max().unwrap_or(0);
        let mut lines = vec![one_line(&self.heading)];
        for (label, value) in &rows {
            let mut label = label.as_str();
            for part in value.lines() {
                lines.push(format!("  {label:width$}  {}", one_line(part)).trim_end().to_owned());
                label = "";
            }
        }
        lines
    }
}

fn list<T: ToString>(values: impl IntoIterator<Item = T>) -> String {
    let all: Vec<String> = values.into_iter().map(|value| value.to_string()).collect();
    if all.is_empty() { "nobody".to_owned() } else { all.join(", ") }
}

/// When KMS deletes key material, in words.
pub(crate) fn expiry(expiration: &Expiration) -> String {
    match expiration.valid_to {
        Some(date) => format!("KMS deletes it at {date}"),
        None => "KMS keeps it until somebody deletes it".to_owned(),
    }
}

/// A digest in words, two groups a line, each line with the number of its first group: so it fits a narrow screen.
pub(crate) fn words_by_group(digest: &Digest) -> String {
    let words = fingerprint::words(digest);
    let words: Vec<&str> = words.split_whitespace().collect();
    let line = |(row, four): (usize, &[&str])| format!("{:>2}  {}", row * 2 + 1, four.join(" "));
    words.chunks(4).enumerate().map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests;
