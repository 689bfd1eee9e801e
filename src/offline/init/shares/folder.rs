//! The folder with the share files, their public part and the proofs.

use super::Sharing;
use keyferry_bundle::kinds::{ShareHolder, ShareSet};
use keyferry_bundle::{Custodian, FieldError, Holder};
use keyferry_console::{Exit, Failure, files};
use keyferry_shares::{ProofFile, SET_FILE, SetFile, proof_file, share_file};
use std::path::{Path, PathBuf};

/// The most bytes a set or a proof may have.
const MAX_FILE: usize = 64 * 1024;

/// What the folder holds.
pub(in crate::init) enum Found {
    /// No set: one is to be made.
    Nothing,
    /// A set whose custodians have not all proved their shares; the proofs that are here stand in it.
    Waiting(SetFile),
    /// A set with every proof.
    Proved(SetFile),
}

impl Found {
    /// The set with every proof.
    pub(in crate::init) fn proved(&self) -> Option<ShareSet> {
        match self {
            Self::Proved(file) => Some(file.shares.clone()),
            Self::Nothing | Self::Waiting(_) => None,
        }
    }
}

pub(super) struct ShareFolder(PathBuf);

impl ShareFolder {
    pub(super) fn new(path: &Path) -> Self {
        Self(path.to_owned())
    }

    pub(super) fn set(&self) -> PathBuf {
        self.0.join(SET_FILE)
    }

    pub(super) fn share(&self, index: u8, holder: &Holder) -> PathBuf {
        self.0.join(share_file(index, holder))
    }

    fn proof(&self, index: u8, holder: &Holder) -> PathBuf {
        self.0.join(proof_file(index, holder))
    }

    /// Makes the folder where it is not there.
    pub(super) fn make(&self) -> Result<(), Failure> {
        if self.0.is_dir() { Ok(()) } else { files::new_folder(&self.0) }
    }

    /// Reads set and proofs, and refuses what does not belong to the HSM and to what was asked for.
    pub(super) fn found(&self, asked: &Sharing) -> Result<Found, Failure> {
        if !is_there(&self.set()) {
            return self.check_free(&asked.custodians).map(|()| Found::Nothing);
        }
        let bytes = files::read_capped(&self.set(), MAX_FILE)?;
        let mut file = SetFile::decode(&bytes).map_err(|error| self.refused(&error))?;
        self.check_asked(&file, asked)?;
        let serial = asked.serial;
        let mut proofs = Vec::new();
        for holder in &file.shares.holders {
            let path = self.proof(holder.index, &holder.holder);
            let accept =
                |bytes: &[u8]| ProofFile::decode(bytes)?.accept(&file.shares, serial, holder.index);
            proofs.push(if is_there(&path) {
                let bytes = files::read_capped(&path, MAX_FILE)?;
                Some(accept(&bytes).map_err(|error| not_proved(&path, &holder.holder, &error))?)
            } else {
                None
            });
        }
        let complete = proofs.iter().all(Option::is_some);
        for (holder, proof) in file.shares.holders.iter_mut().zip(proofs) {
            holder.proof = proof;
        }
        Ok(if complete { Found::Proved(file) } else { Found::Waiting(file) })
    }

    /// Without a set nothing may be there that would be one's: the share files of a run that was cut off are worthless, and not ours to
    /// remove.
    fn check_free(&self, custodians: &[Custodian]) -> Result<(), Failure> {
        let mut left = Vec::new();
        for (index, custodian) in (1..=u8::MAX).zip(custodians) {
            for path in [self.share(index, &custodian.holder), self.proof(index, &custodian.holder)]
            {
                if is_there(&path) {
                    left.push(path.display().to_string());
                }
            }
        }
        if left.is_empty() {
            return Ok(());
        }
        Err(Failure::new(
            Exit::File,
            "file-exists",
            "files of another set of shares are in the way",
        )
        .because(left.join(", "))
        .because(format!("{} is not there, so that set was never finished", self.set().display()))
        .hint("move them away, then run the command again: the wrap key they were of is deleted"))
    }

    /// The set is the one that this command line would make; where it names nobody, a policy with more custodians will do.
    fn check_asked(&self, file: &SetFile, asked: &Sharing) -> Result<(), Failure> {
        let wrong = |field: &str, problem: String| self.refused(&FieldError::new(field, problem));
        if file.serial != asked.serial {
            return Err(wrong("serial", format!("is {}, not {}", file.serial, asked.serial)));
        }
        let set = &file.shares;
        if set.threshold != asked.threshold {
            let problem = format!("is {}, but --shares says {}", set.threshold, asked.threshold);
            return Err(wrong("shares.threshold", problem));
        }
        let enrolled = |holder: &ShareHolder| {
            let same = |one: &Custodian| {
                (&one.holder, &one.recipient) == (&holder.holder, &holder.recipient)
            };
            asked.custodians.iter().any(same)
        };
        let all = !asked.named || set.holders.len() == asked.custodians.len();
        if all && set.holders.iter().all(enrolled) {
            return Ok(());
        }
        let names: Vec<&str> = set.holders.iter().map(|one| one.holder.as_str()).collect();
        let problem = format!(
            "are {}, and not with these recipients the custodians that are asked for",
            names.join(", ")
        );
        Err(wrong("shares.holders", problem))
    }

    fn refused(&self, error: &FieldError) -> Failure {
        let shown = self.set().display().to_string();
        Failure::new(Exit::Refused, "share-set", format!("{shown} is not accepted"))
            .because(error)
            .hint("run the very command that made it; to make other shares, reset the HSM and name another --share-folder")
    }
}

fn not_proved(path: &Path, holder: &Holder, error: &FieldError) -> Failure {
    Failure::new(Exit::Refused, "share-proof", format!("{} is not accepted", path.display()))
        .because(error)
        .hint(format!(
            "move it away and have {holder} prove the share again; if that fails, reset the HSM and begin again"
        ))
}

fn is_there(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}
