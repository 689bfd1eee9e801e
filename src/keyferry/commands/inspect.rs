//! `keyferry inspect`: what a bundle says, and whether anybody vouches for it.

use crate::body::Body;
use crate::cli::inspect::Args;
use crate::opened::{Trusted, open};
use crate::render::Page;
use keyferry_bundle::{Digest, Envelope, Kind, kinds::kind_of};
use keyferry_ceremony::draft::Seats;
use keyferry_console::{Exit, Failure, Screen, files, fingerprint, one_line};
use serde_json::{Value, json};
use std::path::Path;

/// A bundle and what is known about it.
pub(crate) struct Shown {
    /// The file.
    pub(crate) file: String,
    /// The kind its payload type names.
    pub(crate) kind: Option<Kind>,
    /// Its digest.
    pub(crate) digest: Digest,
    /// Remarks when it is verified, otherwise why it is not.
    pub(crate) verdict: Result<Vec<String>, Vec<String>>,
    /// Who signed; for an unverified bundle, key ids that claim to.
    pub(crate) signers: Vec<String>,
    /// The payload, or its text and why it cannot be read.
    pub(crate) body: Result<Body, (String, String)>,
}

/// Shows every file.
pub(crate) fn run(args: &Args, screen: &Screen) -> Result<(), Failure> {
    let trusted = Trusted::load(args.trust.trust.as_deref())?;
    let shown: Vec<Shown> =
        args.files.iter().map(|path| look(&trusted, path)).collect::<Result<_, _>>()?;
    print(&shown, screen)
}

/// Reads a file and holds it against what this machine trusts.
pub(crate) fn look(trusted: &Trusted, path: &Path) -> Result<Shown, Failure> {
    let file = path.display().to_string();
    let bytes = files::read_bundle(path)?;
    let (envelope, _) = Envelope::decode(&bytes).map_err(|error| {
        Failure::new(Exit::Refused, "bundle-refused", format!("{file} is no bundle")).because(error)
    })?;
    let digest = envelope.digest();
    let kind = kind_of(envelope.payload_type());
    let outcome = vouched(trusted, kind, path, &bytes);
    Ok(match outcome {
        Ok((opened, remarks)) => Shown {
            file,
            kind,
            digest,
            verdict: Ok(remarks),
            signers: match &opened.seats {
                Some(seats) => Seats::signers(seats).iter().map(ToString::to_string).collect(),
                None => vec!["the HSM".to_owned()],
            },
            body: Ok(opened.body),
        },
        Err(reasons) => Shown {
            file,
            kind,
            digest,
            verdict: Err(reasons),
            signers: envelope.signatures().iter().map(|s| s.key_id.to_string()).collect(),
            body: claimed(kind, &envelope),
        },
    })
}

/// The bundle and remarks, if it is complete under the policy in force or under one that it replaced.
fn vouched(
    trusted: &Trusted,
    kind: Option<Kind>,
    path: &Path,
    bytes: &[u8],
) -> Result<(crate::opened::Opened, Vec<String>), Vec<String>> {
    let mut first = None;
    let newest = trusted.history().len();
    for versions in (1..=newest.max(1)).rev() {
        match open(&trusted.as_of(versions), path, bytes) {
            Ok(opened) => {
                let mut remarks = opened.remarks.clone();
                let discounted = opened.seats.iter().flat_map(Seats::discounted);
                remarks.extend(discounted.map(|holder| {
                    format!("{holder}'s signature does not count: the key is revoked")
                }));
                if let Some(missing) = opened.missing() {
                    return Err(vec![format!("it is not complete: {missing}")]);
                }
                if newest == 0 {
                    return Err(remarks);
                }
                if versions < newest {
                    remarks.push(format!("under policy version {versions}, since replaced"));
                }
                return Ok((opened, remarks));
            }
            Err(failure) => {
                first.get_or_insert(failure);
            }
        }
        if kind == Some(Kind::Policy) {
            break;
        }
    }
    let mut reasons = first.map(|failure| failure.because).unwrap_or_default();
    reasons.truncate(4);
    Err(reasons)
}

fn claimed(kind: Option<Kind>, envelope: &Envelope) -> Result<Body, (String, String)> {
    let text = || String::from_utf8_lossy(envelope.untrusted_payload()).into_owned();
    let kind = kind.ok_or_else(|| {
        (text(), format!("payload type {:?} is none of Keyferry's", envelope.payload_type()))
    })?;
    Body::claimed(kind, envelope).map_err(|error| (text(), error.to_string()))
}

impl Shown {
    fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        let rows: &[(&str, Vec<String>)] = &match &self.verdict {
            Ok(remarks) => {
                [("note", remarks.clone()), ("signed by", vec![self.signers.join(", ")])]
            }
            Err(reasons) => [("because", reasons.clone()), ("claims key", self.signers.clone())],
        };
        for (label, values) in rows {
            lines.extend(values.iter().map(|value| format!("({label}: {})", one_line(value))));
        }
        match &self.body {
            Ok(body) => lines.extend(Page::of(body).lines()),
            Err((text, problem)) => {
                lines.push(format!("(cannot be read: {})", one_line(problem)));
                lines.extend(text.lines().map(one_line));
            }
        }
        let mut rows = Page::default();
        for (label, value) in fingerprint::rows(&self.digest) {
            rows.row(label, value);
        }
        lines.extend(rows.lines().into_iter().skip(1));
        lines
    }

    fn json(&self) -> Value {
        let (verified, because) = match &self.verdict {
            Ok(remarks) => (true, remarks),
            Err(reasons) => (false, reasons),
        };
        json!({
            "file": self.file,
            "kind": self.kind,
            "digest": self.digest,
            "verified": verified,
            "because": because,
            "signers": self.signers,
            "payload": self.body.as_ref().ok(),
        })
    }
}

/// Prints every bundle, each line marked.
pub(crate) fn print(shown: &[Shown], screen: &Screen) -> Result<(), Failure> {
    let all: Vec<Value> = shown.iter().map(Shown::json).collect();
    screen.json(&json!({ "bundles": all }))?;
    for bundle in shown {
        let mark = if bundle.verdict.is_ok() { "VERIFIED  " } else { "UNVERIFIED" };
        screen.result(format!("{mark} | {}", one_line(&bundle.file)))?;
        for line in bundle.lines() {
            screen.result(format!("{mark} | {line}"))?;
        }
    }
    let unreadable = shown.iter().find_map(|bundle| {
        let (_, problem) = bundle.body.as_ref().err()?;
        Some((&bundle.file, problem))
    });
    match unreadable {
        None => Ok(()),
        Some((file, problem)) => {
            Err(Failure::new(Exit::Refused, "bundle-refused", format!("{file} cannot be read"))
                .because(problem))
        }
    }
}
