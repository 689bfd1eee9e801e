//! The machines' folders, and the medium between them.

use crate::cast::CEREMONY;
use keyferry_console::files::{self, Mode};
use keyferry_console::{Exit, Failure, Screen};
use std::path::{Path, PathBuf};

/// A folder for each machine.
#[derive(Debug)]
pub(crate) struct Stage {
    root: PathBuf,
    temporary: bool,
}

/// Machines: each has a trust folder of its own and sees nothing of the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// The officers' desk, off the network.
    Office,
    /// The bastion, with AWS credentials.
    Bastion,
    /// The HSM host.
    Room,
    /// Wherever an auditor sits, years later.
    Auditor,
}

impl Place {
    /// Every place.
    pub(crate) const ALL: [Self; 4] = [Self::Office, Self::Bastion, Self::Room, Self::Auditor];

    /// Its name, as shown and as a folder.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Office => "office",
            Self::Bastion => "bastion",
            Self::Room => "room",
            Self::Auditor => "auditor",
        }
    }
}

impl Stage {
    /// Makes the folders, in `kept` or in a temporary folder that is removed at the end.
    pub(crate) fn set(kept: Option<&Path>, screen: &Screen) -> Result<Self, Failure> {
        let stage = if let Some(root) = kept {
            files::new_folder(root)?;
            screen.say(format!("Every machine's folder stays in {}.", root.display()));
            Self { root: absolute(root)?, temporary: false }
        } else {
            let folder = tempfile::Builder::new().prefix("keyferry-stage-").tempdir();
            Self { root: folder.map_err(|error| unwritable(&error))?.keep(), temporary: true }
        };
        for place in Place::ALL {
            files::new_folder(&stage.folder(place))?;
        }
        Ok(stage)
    }

    /// A machine's folder.
    pub(crate) fn folder(&self, place: Place) -> PathBuf {
        self.root.join(place.name())
    }

    /// A file that belongs to no machine: the state of a virtual service.
    pub(crate) fn backstage(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    /// Keeps a copy of a service's state as it is now, for whoever wants to go on from here.
    pub(crate) fn remember(&self, state: &str, when: &str) -> Result<(), Failure> {
        copy(&self.backstage(state), &self.backstage(&format!("{when}.{state}")))
    }

    /// Carries files of the ceremony's folder from one machine to another; what is there already stays.
    pub(crate) fn carry(
        &self,
        from: Place,
        to: Place,
        wanted: impl Fn(&str) -> bool,
        screen: &Screen,
    ) -> Result<(), Failure> {
        let (source, target) = (self.folder(from).join(CEREMONY), self.folder(to).join(CEREMONY));
        if !target.exists() {
            files::new_folder(&target)?;
        }
        let mut carried = Vec::new();
        for name in names(&source)? {
            let path = target.join(&name);
            if wanted(&name) && !path.exists() {
                copy(&source.join(&name), &path)?;
                carried.push(name);
            }
        }
        screen.say(format!(
            "  carried from the {} to the {}: {}",
            from.name(),
            to.name(),
            carried.join(", ")
        ));
        Ok(())
    }

    /// Copies one file of a machine to another machine.
    pub(crate) fn hand(&self, from: Place, to: Place, name: &str) -> Result<(), Failure> {
        copy(&self.folder(from).join(name), &self.folder(to).join(name))
    }

    /// Copies a file of a machine into the ceremony's folder there.
    pub(crate) fn put(&self, place: Place, name: &str) -> Result<(), Failure> {
        let folder = self.folder(place);
        copy(&folder.join(name), &folder.join(CEREMONY).join(name))
    }

    /// The ceremony's folder as the auditor got it.
    pub(crate) fn leave_evidence(&self, out: &Path) -> Result<(), Failure> {
        files::new_folder(out)?;
        let source = self.folder(Place::Auditor).join(CEREMONY);
        for name in names(&source)? {
            copy(&source.join(&name), &out.join(&name))?;
        }
        Ok(())
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        if self.temporary {
            let _ = std::fs::remove_dir_all(&self.root);
        }
    }
}

fn copy(from: &Path, to: &Path) -> Result<(), Failure> {
    let bytes = files::read_bundle(from)?;
    files::write_new(to, &bytes, Mode::Public)
}

fn names(folder: &Path) -> Result<Vec<String>, Failure> {
    let entries = std::fs::read_dir(folder).map_err(|error| unwritable(&error))?;
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|error| unwritable(&error))?;
        names.push(entry.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}

fn absolute(path: &Path) -> Result<PathBuf, Failure> {
    std::path::absolute(path).map_err(|error| unwritable(&error))
}

fn unwritable(error: &std::io::Error) -> Failure {
    Failure::new(Exit::File, "file-unwritable", "the stage cannot be set").because(error)
}
