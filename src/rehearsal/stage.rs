//! The machines' folders, and the medium between them.

use keyferry_console::files::{self, Mode};
use keyferry_console::{Exit, Failure, Name, Screen};
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

    /// Carries files of a ceremony's folder from one machine to another; what is there already stays.
    pub(crate) fn carry(
        &self,
        (from, source): (Place, &str),
        (to, target): (Place, &str),
        wanted: impl Fn(&Name) -> bool,
        screen: &Screen,
    ) -> Result<(), Failure> {
        let (source, target) = (self.folder(from).join(source), self.folder(to).join(target));
        if !target.exists() {
            files::new_folder(&target)?;
        }
        let mut carried = Vec::new();
        for name in names(&source)? {
            let path = target.join(&name);
            if Name::parse(&name).is_some_and(|it| wanted(&it)) && !path.exists() {
                copy(&source.join(&name), &path)?;
                carried.push(name);
            }
        }
        screen.say(format!(
            "  carried from the {} to the {}: {}",
            from.name(),
            to.name(),
            listed(&carried)
        ));
        Ok(())
    }

    /// Copies one file of a machine to another machine, under the same name.
    pub(crate) fn hand(&self, from: Place, to: Place, name: &str) -> Result<(), Failure> {
        let target = self.folder(to).join(name);
        if let Some(folder) = target.parent()
            && !folder.exists()
        {
            files::new_folder(folder)?;
        }
        copy(&self.folder(from).join(name), &target)
    }

    /// Copies a file of a machine into a ceremony's folder there.
    pub(crate) fn put(&self, place: Place, file: &str, ceremony: &str) -> Result<(), Failure> {
        let folder = self.folder(place);
        let name = Path::new(file).file_name().unwrap_or_default();
        copy(&folder.join(file), &folder.join(ceremony).join(name))
    }

    /// A folder of the auditor's, as the auditor got it: a ceremony, or a folder of ceremonies.
    pub(crate) fn leave_evidence(&self, folder: &str, out: &Path) -> Result<(), Failure> {
        copy_folder(&self.folder(Place::Auditor).join(folder), out)
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        if self.temporary {
            let _ = std::fs::remove_dir_all(&self.root);
        }
    }
}

/// The most names of files that are shown.
const MOST_NAMES: usize = 12;

fn listed(names: &[String]) -> String {
    match names {
        [first @ .., last] if names.len() > MOST_NAMES => {
            let first: Vec<&str> = first.iter().take(2).map(String::as_str).collect();
            format!("{}, ... {last}: {} files", first.join(", "), names.len())
        }
        _ => names.join(", "),
    }
}

fn copy(from: &Path, to: &Path) -> Result<(), Failure> {
    let bytes = files::read_bundle(from)?;
    files::write_new(to, &bytes, Mode::Public)
}

fn copy_folder(from: &Path, to: &Path) -> Result<(), Failure> {
    files::new_folder(to)?;
    for name in names(from)? {
        let (from, to) = (from.join(&name), to.join(&name));
        if from.is_dir() {
            copy_folder(&from, &to)?;
        } else {
            copy(&from, &to)?;
        }
    }
    Ok(())
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
