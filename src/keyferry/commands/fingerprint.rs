//! `keyferry fingerprint`.

use crate::cli::fingerprint::Args;
use crate::opened::{envelope, file_name};
use keyferry_console::{Failure, Screen, files, fingerprint, one_line};
use serde_json::json;

/// Shows the digest of each bundle as people compare it.
pub(crate) fn run(args: &Args, screen: &Screen) -> Result<(), Failure> {
    let mut found = Vec::new();
    for path in &args.files {
        let (envelope, kind) = envelope(&file_name(path), &files::read_bundle(path)?)?;
        found.push((path.display().to_string(), kind, envelope.digest()));
    }
    let answer: Vec<_> = found
        .iter()
        .map(|(file, kind, digest)| {
            json!({"file": file, "kind": kind, "digest": digest, "words": fingerprint::words(digest)})
        })
        .collect();
    screen.json(&json!({ "fingerprints": answer }))?;
    for (file, kind, digest) in &found {
        screen.result(format!("{} ({kind})", one_line(file)))?;
        screen.result(indented(&fingerprint::hex(digest)))?;
        screen.result(indented(&fingerprint::words(digest)))?;
    }
    Ok(())
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("  {line}")).collect::<Vec<_>>().join("\n")
}
