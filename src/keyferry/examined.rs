//! A folder of evidence, read and examined under what this machine or the command line trusts.

use crate::cli::verify::Subject;
use crate::opened::Trusted;
use crate::trail;
use keyferry_ceremony::cloudtrail::Trail;
use keyferry_ceremony::evidence::{self, Chain, Claim, File, Pins, Report, Shared, Standing};
use keyferry_console::folder::{self, Contents, Folder, Item};
use keyferry_console::trust;
use keyferry_console::{Exit, Failure, Name};

/// What the command line names, read.
#[derive(Debug)]
pub(crate) struct Given {
    /// What is trusted.
    pub(crate) pins: Pins,
    /// What AWS recorded, if that was given.
    pub(crate) recorded: Option<Trail>,
    /// The files, and the folders in their folder.
    pub(crate) contents: Contents,
}

impl Given {
    /// Reads it.
    pub(crate) fn read(subject: &Subject) -> Result<Self, Failure> {
        let pins = pins(subject)?;
        let recorded = trail::read(&subject.cloudtrail)?;
        let contents = folder::read(&subject.paths)?;
        if let Some([first, _]) = contents.items.array_windows().find(|[a, b]| a.name == b.name) {
            return Err(Failure::usage(format!("two files are called {}", first.name))
                .hint("verify one ceremony at a time"));
        }
        let recorded = (!subject.cloudtrail.is_empty()).then_some(recorded);
        Ok(Self { pins, recorded, contents })
    }

    /// Whether it is a folder of ceremonies rather than a ceremony: there are folders, and no bundle of a ceremony beside them.
    pub(crate) fn is_archive(&self) -> bool {
        let Contents { items, folders } = &self.contents;
        !folders.is_empty() && !items.iter().any(|item| Shared::leaves(&item.bytes))
    }
}

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
    /// Examines the files of one ceremony.
    pub(crate) fn of(given: Given) -> Self {
        let Given { pins, recorded, contents } = given;
        let files = files(contents.items);
        let (mut report, chain) = evidence::examine_and_keep(&files, &pins);
        report.claims.extend(unread(contents.folders));
        if let Some(recorded) = recorded {
            evidence::hold_against(&chain, &recorded, &mut report);
        }
        Self { files, report, chain }
    }
}

/// Files as they are examined. What a cut may leave is no evidence of anything: half of a file, and beside the receipt the bastion's note
/// of how far its upload is.
pub(crate) fn files(items: Vec<Item>) -> Vec<File> {
    let left =
        |name: &str| Name::is_half(name) || matches!(Name::parse(name), Some(Name::Journal(_)));
    let evidence = items.into_iter().filter(|item| !left(&item.name));
    evidence.map(|item| File { name: item.name, bytes: item.bytes }).collect()
}

/// What is said of folders in the folder of a ceremony.
pub(crate) fn unread(folders: Vec<Folder>) -> impl Iterator<Item = Claim> {
    folders.into_iter().map(|folder| Claim {
        id: "folder.files",
        file: folder.name,
        sentence: "is a folder: nothing in it was checked".to_owned(),
        standing: Standing::Refused,
    })
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
    let trusted = Trusted::load(folder)?;
    // Whoever names a folder means the pin in it: a slip of the pen must not leave the evidence to vouch for itself.
    if let Some(folder) = folder.filter(|_| trusted.history().is_empty()) {
        return Err(Failure::new(
            Exit::Policy,
            "no-pin",
            format!("no policy is pinned in {}", folder.display()),
        )
        .because("--trust names it, and it holds no pin.json")
        .hint("name the folder with the pin, or go by the fingerprint alone: --pin FINGERPRINT, or --no-pin"));
    }
    Ok(Pins::history(trusted.history()))
}
