//! A folder of evidence, read and examined under what this machine or the command line trusts.

use crate::cli::verify::Subject;
use crate::opened::Trusted;
use crate::trail;
use keyferry_ceremony::evidence::{self, Chain, Claim, File, Pins, Report, Standing};
use keyferry_console::Failure;
use keyferry_console::folder::{self, Item};
use keyferry_console::trust;

/// What was read and what came of it.
#[derive(Debug)]
pub(crate) struct Examined {
    /// Every file, as read.
    pub(crate) files: Vec<File>,
    /// Every claim.
    pub(crate) report: Report,
    /// Everything accepted.
    pub(crate) chain: Chain,
}

impl Examined {
    /// Reads everything and examines it.
    pub(crate) fn read(subject: &Subject) -> Result<Self, Failure> {
        let pins = pins(subject)?;
        let recorded = trail::read(&subject.cloudtrail)?;
        let (items, folders) = folder::read(&subject.paths)?;
        if let Some([first, _]) = items.array_windows().find(|[a, b]| a.name == b.name) {
            return Err(Failure::usage(format!("two files are called {}", first.name))
                .hint("verify one ceremony at a time"));
        }
        let file = |item: Item| File { name: item.name, bytes: item.bytes };
        let files: Vec<File> = items.into_iter().map(file).collect();
        let (mut report, chain) = evidence::examine_and_keep(&files, &pins);
        report.claims.extend(folders.into_iter().map(|file| Claim {
            id: "folder.files",
            file,
            sentence: "is a folder: nothing in it was checked".to_owned(),
            standing: Standing::Refused,
        }));
        if !subject.cloudtrail.is_empty() {
            evidence::hold_against(&chain, &recorded, &mut report);
        }
        Ok(Self { files, report, chain })
    }
}

/// What vouches for the policy: the fingerprint given, or every version that this machine has pinned.
fn pins(subject: &Subject) -> Result<Pins, Failure> {
    if let Some(pin) = subject.pin {
        return Ok(Pins::one(pin));
    }
    let folder = subject.trust.trust.as_deref();
    // An auditor's machine may have no trust folder at all.
    if subject.no_pin || trust::folder(folder).is_err() {
        return Ok(Pins::none());
    }
    Ok(Pins::history(Trusted::load(folder)?.history()))
}
