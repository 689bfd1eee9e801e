//! Every vector of `testkit/`, found by walking it, comes out as it says.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

#[path = "../examples/make-testkit/kit/mod.rs"]
mod kit;

use keyferry_bundle::{Envelope, Error, Kind};
use kit::vector::Vector;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testkit")
}

/// Every vector file's text by its path in `testkit/`. An empty folder, or a file that is neither a vector nor a README, is a
/// mistake.
fn walk(folder: &Path, prefix: &str, found: &mut BTreeMap<String, String>) -> Result<(), String> {
    let mut entries = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = format!("{prefix}{}", path.file_name().unwrap().to_str().unwrap());
        entries += 1;
        if path.is_dir() {
            walk(&path, &format!("{name}/"), found)?;
        } else if path.extension().is_some_and(|extension| extension == "json") {
            found.insert(name, fs::read_to_string(&path).unwrap());
        } else if name != "README.md" {
            return Err(format!("{name} is no vector"));
        }
    }
    if entries == 0 { Err(format!("{prefix} is empty")) } else { Ok(()) }
}

fn vectors() -> BTreeMap<String, Vector> {
    let mut files = BTreeMap::new();
    walk(&folder(), "", &mut files).unwrap();
    let read = |(name, text): (String, String)| {
        let vector = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        (name, vector)
    };
    files.into_iter().map(read).collect()
}

fn field(error: &Error) -> Option<&str> {
    if let Error::Envelope(at) | Error::Field(at) = error { Some(&at.field) } else { None }
}

/// What is wrong with a vector's outcome, if anything.
fn fault(vector: &Vector) -> Option<String> {
    match vector.run() {
        Ok(_) if vector.expect != "accepted" => Some("is accepted".to_owned()),
        Ok(accepted) => {
            let same =
                Some(accepted.digest) == vector.digest && Some(accepted.signers) == vector.signers;
            (!same).then(|| "is accepted with another digest or by other signers".to_owned())
        }
        Err(error) => {
            let same = error.code() == vector.expect
                && field(&error) == vector.field.as_deref()
                && vector.says.as_ref().is_none_or(|words| error.to_string().contains(words));
            (!same).then(|| format!("is refused as {}: {error}", error.code()))
        }
    }
}

#[test]
fn every_vector_comes_out_as_it_says() {
    let vectors = vectors();
    let faults: Vec<String> = vectors
        .iter()
        .filter_map(|(name, vector)| fault(vector).map(|fault| format!("{name} {fault}")))
        .collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(vectors.len() >= 80, "{} vectors, fewer than 80", vectors.len());
}

#[test]
fn an_outcome_that_differs_is_noticed() {
    let vectors = vectors();
    let sound = &vectors["accepted/plan.json"];
    let refused = &vectors["identifiers/arn-alias.json"];
    assert_eq!((fault(sound), fault(refused)), (None, None));
    let other = |change: fn(&mut Vector), vector: &Vector| {
        let mut vector = vector.clone();
        change(&mut vector);
        fault(&vector).is_some()
    };
    assert!(other(|v| v.expect = "bad-signature".to_owned(), sound));
    assert!(other(|v| v.digest = None, sound));
    assert!(other(|v| v.signers.as_mut().unwrap().truncate(1), sound));
    assert!(other(|v| v.expect = "accepted".to_owned(), refused));
    assert!(other(|v| v.expect = "payload-json".to_owned(), refused));
    assert!(other(|v| v.field = Some("policy".to_owned()), refused));
    assert!(other(|v| v.says = Some("no such words".to_owned()), refused));
}

#[test]
fn an_empty_folder_and_a_stray_file_are_noticed() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("walk");
    fs::create_dir_all(folder.join("group")).unwrap();
    fs::remove_file(folder.join("group/stray.txt")).ok();
    let walked = || walk(&folder, "", &mut BTreeMap::new());
    assert_eq!(walked(), Err("group/ is empty".to_owned()));
    fs::write(folder.join("group/stray.txt"), "").unwrap();
    assert_eq!(walked(), Err("group/stray.txt is no vector".to_owned()));
}

/// Every error code of SPEC.md section 11 that a bundle alone can cause, and every kind, is met at least once.
#[test]
fn nothing_is_left_out() {
    let vectors = vectors();
    let met: BTreeSet<&str> = vectors.values().map(|vector| vector.expect.as_str()).collect();
    let codes = [
        "accepted",
        "oversize",
        "envelope-json",
        "envelope-member",
        "not-canonical",
        "wrong-kind",
        "payload-json",
        "payload-field",
        "unknown-signer",
        "bad-signature",
        "repeated-signer",
        "outside-validity",
        "no-quorum",
        "quorum-short",
    ];
    assert_eq!(met, BTreeSet::from(codes));
    for kind in Kind::ALL {
        let of_kind = |accepted: bool| {
            vectors.values().any(|v| v.kind == *kind && (v.expect == "accepted") == accepted)
        };
        assert!(of_kind(true) && of_kind(false), "{kind}");
    }
}

/// Reading and writing an accepted bundle gives its very bytes back.
#[test]
fn accepted_bundles_are_written_back_byte_for_byte() {
    for (name, vector) in vectors().iter().filter(|(_, vector)| vector.expect == "accepted") {
        let envelope = Envelope::decode_canonical(vector.bytes()).unwrap();
        assert!(envelope.encode() == vector.bytes(), "{name}");
    }
}

/// What is committed is what the generator makes today, so that a vector cannot change without anybody seeing it.
#[test]
fn the_generator_makes_what_is_committed() {
    let mut committed = BTreeMap::new();
    walk(&folder(), "", &mut committed).unwrap();
    let made: BTreeMap<String, String> = kit::files().into_iter().collect();
    for (name, text) in &made {
        assert!(committed.get(name) == Some(text), "{name} is not what the generator makes");
    }
    let extra: Vec<&String> = committed.keys().filter(|name| !made.contains_key(*name)).collect();
    assert!(extra.is_empty(), "no generator makes {extra:?}");
}
