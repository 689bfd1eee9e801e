//! The trust folder of a machine: every version of the policy, and the pin.

use crate::files::{self, Mode};
use crate::{Exit, Failure};
use keyferry_bundle::Digest;
use serde::{Deserialize, Serialize};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// The most versions that are looked for.
const MAX_VERSIONS: u32 = 256;

/// What somebody decided to trust.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pin {
    keyferry: u32,
    /// The policy's digest.
    pub policy: Digest,
    /// Its version.
    pub version: u32,
}

/// A trust folder's content.
#[derive(Debug, Clone)]
pub struct Trust {
    /// Every version, oldest first.
    pub policies: Vec<Vec<u8>>,
    /// The pin.
    pub pin: Pin,
}

/// The folder: as given, `$KEYFERRY_TRUST`, or the user's configuration folder.
///
/// # Errors
/// When there is none of them.
pub fn folder(given: Option<&Path>) -> Result<PathBuf, Failure> {
    let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    let configuration = || {
        let base = variable("XDG_CONFIG_HOME")
            .map(PathBuf::from)
            .or_else(|| variable("HOME").map(|home| PathBuf::from(home).join(".config")))?;
        Some(base.join("keyferry/trust"))
    };
    given
        .map(Path::to_owned)
        .or_else(|| variable("KEYFERRY_TRUST").map(PathBuf::from))
        .or_else(configuration)
        .ok_or_else(|| Failure::usage("no trust folder").hint("pass --trust DIR"))
}

fn policy_file(folder: &Path, version: u32) -> PathBuf {
    folder.join(format!("policy-v{version}.json"))
}

impl Trust {
    /// Reads the folder, if a policy was ever pinned there.
    ///
    /// # Errors
    /// When its files cannot be read.
    pub fn find(folder: &Path) -> Result<Option<Self>, Failure> {
        let path = folder.join("pin.json");
        // Anything but "not there" is a failure: a pin that cannot be read must not pass for one that never was.
        if path.symlink_metadata().is_err_and(|error| error.kind() == ErrorKind::NotFound) {
            return Ok(None);
        }
        let bytes = files::read_capped(&path, 4096)?;
        let pin: Pin = serde_json::from_slice(&bytes).map_err(|error| {
            Failure::new(Exit::File, "pin", format!("{} is damaged", path.display()))
                .because(error)
                .hint("pin the policy again with `keyferry policy pin`, in a new folder")
        })?;
        let mut policies = Vec::new();
        for version in 1..=pin.version.min(MAX_VERSIONS) {
            policies.push(files::read_bundle(&policy_file(folder, version))?);
        }
        Ok(Some(Self { policies, pin }))
    }

    /// As [`Self::find`], where a policy must have been pinned.
    ///
    /// # Errors
    /// [`Exit::Policy`] when none was.
    pub fn load(folder: &Path) -> Result<Self, Failure> {
        Self::find(folder)?.ok_or_else(|| {
            Failure::new(Exit::Policy, "no-pin", "no policy is pinned on this machine")
                .because(format!("{} holds no pin.json", folder.display()))
                .hint("pin one with `keyferry policy pin policy-v1.json`")
        })
    }

    /// Writes a policy beside its predecessors, then moves the pin to it.
    ///
    /// # Errors
    /// When a file cannot be written; the old pin then still stands.
    pub fn pin(folder: &Path, bytes: &[u8], policy: Digest, version: u32) -> Result<(), Failure> {
        files::make_folders(folder)?;
        let path = policy_file(folder, version);
        if path.exists() && files::read_bundle(&path)? == bytes {
            // An earlier run was cut off between the policy and the pin.
        } else {
            files::write_new(&path, bytes, Mode::Public)?;
        }
        let pin = Pin { keyferry: 1, policy, version };
        let text = serde_json::to_vec(&pin).map_err(Failure::bug)?;
        files::replace(&folder.join("pin.json"), &text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pin_is_kept_with_its_policies() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Trust::load(folder.path()).unwrap_err().exit, Exit::Policy);
        for version in 1..=2 {
            let bytes = format!("policy {version}").into_bytes();
            let digest = Digest::of(&bytes);
            Trust::pin(folder.path(), &bytes, digest, version).unwrap();
            let trust = Trust::load(folder.path()).unwrap();
            assert_eq!((trust.pin.policy, trust.pin.version), (digest, version));
            assert_eq!(trust.policies.len(), version as usize);
        }
        let other = Trust::pin(folder.path(), b"other", Digest::of(b"other"), 2);
        assert_eq!(other.unwrap_err().code, "file-exists");
        let link = folder.path().join("other");
        std::fs::create_dir(&link).unwrap();
        std::os::unix::fs::symlink("nowhere", link.join("pin.json")).unwrap();
        assert!(Trust::find(&link).is_err());
        std::fs::write(folder.path().join("pin.json"), b"{}").unwrap();
        assert_eq!(Trust::load(folder.path()).unwrap_err().code, "pin");
    }
}
