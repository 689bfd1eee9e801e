//! What the room leaves beside a ceremony, transcripts and upkeeps, where it breaks a rule of its kind.

use super::Kit;
use super::cast::{hsm, hsm_and_witness};
use super::rules::{Row, rows};
use super::story::{transcript, upkeep};
use keyferry_bundle::kinds::Work;
use keyferry_bundle::{Digest, Transcript, Upkeep};

pub(crate) fn add(kit: &mut Kit) {
    transcripts(kit);
    upkeeps(kit);
}

fn upkeeps(kit: &mut Kit) {
    let table: &[Row<Upkeep>] = &[
        ("counter-0", |u| u.counter = 0, "counter", true, "counters count from 1"),
        ("no-previous", |u| u.counter = 2, "previous", false, "upkeep 2 without a predecessor"),
        ("abort-of-nothing", |u| u.work = Work::Abort, "plan", false, "which plan was given up?"),
        (
            "backup-of-a-plan",
            |u| u.plan = Some(Digest::of(b"")),
            "plan",
            false,
            "a backup is of no plan",
        ),
        (
            "restore-from-nowhere",
            |u| u.work = Work::Restore,
            "objects[0].source",
            false,
            "put back from what?",
        ),
        (
            "backup-without-copy",
            |u| u.objects[0].wrapped = None,
            "objects[0].wrapped",
            false,
            "a backup without a copy",
        ),
        (
            "object-twice",
            |u| u.objects.push(u.objects[0].clone()),
            "objects[1].object_id",
            false,
            "an object twice",
        ),
        (
            "inventory-twice",
            |u| u.inventory.push(u.inventory[0]),
            "inventory[3]",
            false,
            "an object twice in the inventory",
        ),
        (
            "too-many-objects",
            |u| u.objects = vec![u.objects[0].clone(); 257],
            "objects",
            true,
            "257 objects",
        ),
    ];
    rows(kit, upkeep, &hsm_and_witness(), &["hsm-1", "wendy"], table);
}

fn transcripts(kit: &mut Kit) {
    let table: &[Row<Transcript>] = &[
        ("counter-0", |t| t.counter = 0, "counter", true, "counters count from 1"),
        ("no-previous", |t| t.counter = 2, "previous", false, "transcript 2 without a predecessor"),
        (
            "previous-of-first",
            |t| t.previous = Some(Digest::of(b"")),
            "previous",
            false,
            "transcript 1 with a predecessor",
        ),
        ("parts-0", |t| t.parts = 0, "parts", true, "a run of no parts"),
        ("parts-17", |t| t.parts = 17, "parts", true, "17 parts"),
        ("part-0", |t| t.part = 0, "part", true, "parts count from 1"),
        ("part-beyond", |t| t.part = 2, "part", false, "part 2 of 1"),
        (
            "parts-before-the-first",
            |t| (t.part, t.parts) = (2, 2),
            "counter",
            false,
            "part 2 in transcript 1",
        ),
        (
            "unrecorded-between-parts",
            |t| {
                (t.part, t.parts, t.counter, t.unrecorded) = (2, 2, 2, 1);
                t.previous = Some(Digest::of(b""));
            },
            "unrecorded",
            false,
            "a run between two parts of one run",
        ),
        (
            "about-twice",
            |t| t.about.push(t.about[0]),
            "about[2]",
            true,
            "a bundle that is named twice",
        ),
        (
            "too-many-about",
            |t| t.about = (0..1025_u16).map(|n| Digest::of(&n.to_be_bytes())).collect(),
            "about",
            true,
            "1,025 bundles",
        ),
        ("no-lines", |t| t.lines.clear(), "lines", true, "no lines"),
        (
            "too-many-lines",
            |t| t.lines = vec![t.lines[2].clone(); 1025],
            "lines",
            true,
            "1,025 lines",
        ),
    ];
    rows(kit, transcript, &hsm(), &["hsm-1"], table);
}
