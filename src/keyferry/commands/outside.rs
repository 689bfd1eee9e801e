//! Pages about a folder lie beside it.

use keyferry_console::Failure;
use std::path::{Path, PathBuf};

/// Evidence holds nothing but evidence: `verify` would refuse the page in it.
pub(super) fn must_lie_outside(what: &str, page: &Path, paths: &[PathBuf]) -> Result<(), Failure> {
    let parent = page.parent().filter(|parent| !parent.as_os_str().is_empty());
    let Ok(parent) = parent.unwrap_or(Path::new(".")).canonicalize() else { return Ok(()) };
    let holds =
        |path: &PathBuf| path == &parent || path.is_file() && path.parent() == Some(&parent);
    match paths.iter().find(|path| path.canonicalize().is_ok_and(|path| holds(&path))) {
        None => Ok(()),
        Some(folder) => {
            Err(Failure::usage(format!("the {what} would lie in the folder it is about"))
                .because(format!("nothing is accepted in {} but evidence", folder.display()))
                .hint("write it beside the folder"))
        }
    }
}
