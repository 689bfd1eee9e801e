//! Pieces of the HSM's log that break a rule of their kind.

use super::Kit;
use super::cast::{base64, hsm, text};
use super::fields::{self, Sound};
use super::rules::{Row, rows};
use super::story::{log, stream};
use keyferry_bundle::{Digest, Kind, Log};

pub(crate) fn add(kit: &mut Kit) {
    let table: &[Row<Log>] = &[
        ("counter-0", |l| l.counter = 0, "counter", true, "counters count from 1"),
        ("no-previous", |l| l.counter = 2, "previous", false, "log 2 without a predecessor"),
        (
            "previous-of-first",
            |l| l.previous = Some(Digest::of(b"")),
            "previous",
            false,
            "log 1 with a predecessor",
        ),
        (
            "half-an-entry",
            |l| l.entries = base64(&stream(48)),
            "entries",
            false,
            "an entry and a half",
        ),
        (
            "too-many-entries",
            |l| l.entries = base64(&stream(32 * (Log::MAX_ENTRIES + 1))),
            "entries",
            true,
            "901 entries",
        ),
    ];
    rows(kit, log, &hsm(), &["hsm-1"], table);
    let sound = Sound { kind: Kind::Log, text: text(&log()), trust: hsm(), signers: &["hsm-1"] };
    fields::rows(
        kit,
        &sound,
        &[
            (
                "head-number-of-17-bits",
                "\"number\":46",
                "\"number\":65536",
                "from.number",
                "an entry's number of 17 bits",
            ),
            (
                "unlogged-boots-of-17-bits",
                "\"unlogged_boots\":0",
                "\"unlogged_boots\":65536",
                "unlogged_boots",
                "more starts than the device counts",
            ),
            (
                "head-without-digest",
                ",\"digest\":\"415f51f1f035a1b713e730e4464e4033\"",
                "",
                "from",
                "a head without its digest",
            ),
        ],
    );
}
