//! Every vector, by group.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::too_many_lines,
    reason = "tables of test data: a mistake in them should stop the run"
)]

mod accepted;
mod cast;
mod devices;
mod ecdsa;
mod ed25519;
mod envelopes;
mod fields;
mod forms;
mod keys;
mod logs;
mod policies;
mod revocations;
mod room_rules;
mod rules;
mod shares;
mod signatures;
mod story;
mod strict;
pub(crate) mod vector;
mod words;

use std::collections::BTreeMap;
use vector::Vector;

/// The vectors made so far, by group and name.
#[derive(Default)]
pub(crate) struct Kit {
    vectors: BTreeMap<String, Vector>,
}

impl Kit {
    fn add(&mut self, group: &str, name: &str, vector: Vector) {
        let path = format!("{group}/{name}.json");
        assert!(self.vectors.insert(path.clone(), vector).is_none(), "{path} is there twice");
    }
}

/// Every file of `testkit/` but its README: path and text.
pub(crate) fn files() -> Vec<(String, String)> {
    let mut kit = Kit::default();
    accepted::add(&mut kit);
    envelopes::add(&mut kit);
    forms::add(&mut kit);
    strict::add(&mut kit);
    signatures::add(&mut kit);
    ed25519::add(&mut kit);
    ecdsa::add(&mut kit);
    keys::add(&mut kit);
    policies::add(&mut kit);
    revocations::add(&mut kit);
    devices::add(&mut kit);
    shares::add(&mut kit);
    rules::add(&mut kit);
    room_rules::add(&mut kit);
    logs::add(&mut kit);
    fields::add(&mut kit);
    words::add(&mut kit);
    kit.vectors.into_iter().map(|(path, vector)| (path, vector.to_text())).collect()
}
