//! What the people of a ceremony signed, held against what AWS recorded.
//!
//! An event belongs to a bundle by key, account and region, by KMS's id of the material and the ceremony's name where there are any,
//! and by time. Times of events are AWS's, and so is `parameters_valid_to` of a request; `created` of a bundle is its maker's word.
//! The bastion's clock cannot be far off where AWS takes its calls: AWS refuses a signature that is more than five minutes old or
//! early, and [`TOLERANCE`] is that. The room's clock is not asked.
//!
//! That something is missing is said of times within those that the files cover alone; otherwise it is not shown.

mod expected;
mod matched;

#[cfg(test)]
mod tests;

use super::Report;
use super::chain::Chain;
use crate::cloudtrail::{Action, Contents, Event, Trail};
pub(super) use expected::Calls;

use expected::Uploaded;
use keyferry_bundle::KeyArn;
use matched::Matched;
use std::collections::BTreeMap;

/// How far the bastion's clock may be from AWS's, in seconds.
const TOLERANCE: i64 = 300;
/// How long import parameters work, in seconds (`GetParametersForImport`, AWS KMS API reference).
const PARAMETERS_WORK: i64 = 86_400;

/// States what the events say about the accepted bundles of a folder.
pub fn hold_against(chain: &Chain, trail: &Trail, report: &mut Report) {
    let mut calls = Calls::default();
    calls.take_in(chain, ToOwned::to_owned);
    calls.hold_against(trail, report);
}

impl Calls {
    /// States what the events say about them.
    pub(crate) fn hold_against(&self, trail: &Trail, report: &mut Report) {
        for contents in trail.files() {
            file(contents, report);
        }
        let mut matched = Matched::new(trail);
        let handed_out: Vec<_> =
            self.asked.iter().map(|asked| matched.asked(asked, report)).collect();
        let uploads: Vec<Uploaded<'_>> =
            self.uploads.iter().map(|upload| Uploaded::of(upload, &handed_out)).collect();
        let imports: Vec<Option<&Event>> =
            uploads.iter().map(|upload| matched.uploaded(upload, report)).collect();
        for (upload, import) in uploads.iter().zip(imports) {
            if let Some(import) = import {
                matched.repeated(upload, import, report);
            }
        }
        let mut of_key: BTreeMap<&KeyArn, Vec<&Uploaded<'_>>> = BTreeMap::new();
        for upload in &uploads {
            of_key.entry(&upload.upload.key).or_default().push(upload);
        }
        for event in matched.rest(self.planned.keys()) {
            unaccounted(event, of_key.get(&event.key).map_or(&[], Vec::as_slice), report);
        }
        let mut events: BTreeMap<&KeyArn, Vec<&Event>> = BTreeMap::new();
        for event in trail.events() {
            events.entry(&event.key).or_default().push(event);
        }
        for (key, due) in &self.planned {
            deleted(key, due, events.get(key).map_or(&[], Vec::as_slice), report);
        }
    }
}

/// What a file holds, and what nobody who reads it can know.
fn file(contents: &Contents, report: &mut Report) {
    let Contents { file, digest, events, about_material, failed } = contents;
    let sentence = format!(
        "holds {events} events: {about_material} about imported key material, and {failed} of such calls that failed; that they are AWS's and complete is not checked here: aws cloudtrail validate-logs; SHA-256 {digest}"
    );
    report.leaves_open("cloudtrail.files", file, sentence);
}

/// An event of a planned key that no bundle here accounts for, and the uploads of that key.
fn unaccounted(event: &Event, uploads: &[&Uploaded<'_>], report: &mut Report) {
    let id = "cloudtrail.event";
    match event.action {
        Action::Import => {
            let why: Vec<String> = uploads
                .iter()
                .filter_map(|nearly| Some((nearly.upload, nearly.differs(event)?)))
                .map(|(upload, why)| format!("; for {} it {why}", upload.file))
                .collect();
            let sentence = format!(
                "ImportKeyMaterial of {} {}: no receipt here accounts for it{}",
                event.key,
                told(event),
                why.concat()
            );
            report.refuses(id, &event.file, sentence);
        }
        Action::GetParameters => {
            let sentence = format!(
                "GetParametersForImport of {} {}: no request here is of it",
                event.key,
                told(event)
            );
            report.leaves_open(id, &event.file, sentence);
        }
        Action::Delete | Action::Expire => {}
    }
}

/// Deletions after a key's last import: KMS does not hold the key material any more, or holds it again for a reason not in these files.
/// `due` is when the plans let it expire.
fn deleted(key: &KeyArn, due: &[i64], events: &[&Event], report: &mut Report) {
    let imports = events.iter().filter(|event| event.action == Action::Import);
    let last = imports.map(|event| event.time).max();
    let expires = |event: &Event| due.iter().any(|due| *due <= event.time.unix_seconds());
    for event in events.iter().filter(|event| last.is_none_or(|last| last < event.time)) {
        let id = "cloudtrail.deleted";
        match event.action {
            Action::Expire if expires(event) => {
                let sentence = format!(
                    "KMS deleted the key material of {key} when it expired, as planned, {}",
                    told(event)
                );
                report.holds_that(id, &event.file, sentence);
            }
            Action::Expire | Action::Delete => {
                let sentence = format!(
                    "that KMS still holds the key material of {key} is not shown: it was deleted after the last import here, {}",
                    told(event)
                );
                report.leaves_open(id, &event.file, sentence);
            }
            Action::GetParameters | Action::Import => {}
        }
    }
}

/// When, by whom, under which id, and what else the event says for a person to compare.
fn told(event: &Event) -> String {
    let mut told = format!("at {}", event.time);
    let more = [
        (" by ", event.by.as_deref()),
        (", import type ", event.import_type.as_deref()),
        (", valid to ", event.valid_to.as_deref()),
        (", event ", Some(event.id.as_str())),
    ];
    for (word, value) in more {
        if let Some(value) = value {
            told = format!("{told}{word}{value}");
        }
    }
    told
}
