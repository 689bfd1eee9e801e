//! The programs, built by cargo as this one was.

use keyferry_console::{Exit, Failure, Screen};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Where the built programs are.
#[derive(Debug, Clone)]
pub struct Programs(PathBuf);

impl Programs {
    /// Those of another folder.
    #[cfg(test)]
    pub(crate) fn in_folder(folder: &Path) -> Self {
        Self(folder.to_owned())
    }

    /// The path of a program.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.0.join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
    }
}

/// Has cargo build every program of the workspace. All at once, so that they share what `cargo test --workspace` builds.
///
/// # Errors
/// When cargo fails, with its own messages on stderr.
pub fn build(screen: &Screen) -> Result<Programs, Failure> {
    let fail = |because: String| {
        Failure::new(Exit::File, "build", "the programs cannot be built")
            .because(because)
            .hint("run `cargo build --workspace` and read what it says")
    };
    let own = std::env::current_exe().map_err(|error| fail(error.to_string()))?;
    let folder =
        profile_folder(&own).ok_or_else(|| fail("this program is not in target/".into()))?;
    screen.say("Building the programs, if they are not built yet ...");
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(["build", "--workspace", "--bins", "--locked", "--manifest-path"]);
    command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../Cargo.toml"));
    if folder.file_name().is_some_and(|name| name == "release") {
        command.arg("--release");
    }
    if !std::io::IsTerminal::is_terminal(&std::io::stderr()) {
        command.arg("--quiet");
    }
    command.stdin(Stdio::null()).stdout(Stdio::null());
    let status = command.status().map_err(|error| fail(error.to_string()))?;
    if status.success() { Ok(Programs(folder)) } else { Err(fail(format!("cargo: {status}"))) }
}

/// `target/PROFILE`, whether this runs as a program there or as a test one folder below.
fn profile_folder(own: &Path) -> Option<PathBuf> {
    let folder = own.parent()?;
    let folder = if folder.ends_with("deps") { folder.parent()? } else { folder };
    Some(folder.to_owned())
}
