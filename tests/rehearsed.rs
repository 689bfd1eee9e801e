//! One rehearsal for the whole test program.

use crate::Run;
use keyferry_console::Screen;
use keyferry_rehearsal::Programs;
use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;
use tempfile::TempDir;

/// A finished rehearsal.
#[derive(Debug)]
pub struct Rehearsed {
    /// The built programs.
    pub programs: Programs,
    /// Every machine's folder.
    pub stage: PathBuf,
    /// What the auditor got.
    pub evidence: PathBuf,
    /// How the rehearsal ended and what it showed.
    pub run: Run,
    // Removed with this value; the one that all tests share is never dropped, and stays in the system's folder for such files.
    _folder: TempDir,
}

/// The rehearsal, run at the first call.
///
/// # Panics
/// When the programs cannot be built or run: no test could mean anything then.
pub fn rehearsed() -> &'static Rehearsed {
    static REHEARSED: OnceLock<Rehearsed> = OnceLock::new();
    REHEARSED.get_or_init(|| match rehearse(&[]) {
        Ok(rehearsed) => rehearsed,
        #[expect(clippy::panic, reason = "no test could mean anything")]
        Err(problem) => panic!("{problem}"),
    })
}

/// Another rehearsal, with options.
///
/// # Errors
/// What went wrong, with what the rehearsal showed.
pub fn rehearse(options: &[&str]) -> Result<Rehearsed, String> {
    let programs =
        keyferry_rehearsal::build(&Screen::new(false)).map_err(|failure| format!("{failure:?}"))?;
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let (stage, evidence) = (folder.path().join("stage"), folder.path().join("evidence"));
    let mut command = Command::new(programs.path("keyferry-rehearsal"));
    command.arg("--out").arg(&evidence).arg("--stage").arg(&stage).args(options);
    let run = Run::of(&mut command, &[]).map_err(|error| error.to_string())?;
    if run.code != 0 {
        return Err(format!("the rehearsal ended with {}:\n{}", run.code, run.stderr));
    }
    Ok(Rehearsed { programs, stage, evidence, run, _folder: folder })
}
