//! `keyferry report`: what a folder proves, as a page to hand on.

use super::verify::{answer, conclude};
use crate::cli::report::Args;
use crate::examined::{Examined, Given};
use crate::report;
use crate::verdict::Verdict;
use keyferry_console::files::{self, Mode};
use keyferry_console::{Failure, Screen, clock};
use std::path::{Path, PathBuf};

/// Examines everything, writes the page, whatever it has to say, and says the verdict.
pub(crate) fn run(args: &Args, screen: &Screen) -> Result<(), Failure> {
    must_lie_outside(&args.html, &args.subject.paths)?;
    files::must_be_free(&args.html)?;
    let given = Given::read(&args.subject)?;
    if given.is_archive() {
        return Err(Failure::usage("a report is about one ceremony")
            .because("these are folders of several")
            .hint("name one of them; keyferry verify takes all of them"));
    }
    let examined = Examined::of(given);
    let verdict = Verdict::of(&examined.report, args.subject.complete, examined.files.len());
    let page = report::page(&examined, &verdict, clock::now()?);
    files::write_new(&args.html, page.as_bytes(), Mode::Public)?;
    let mut answered = answer(&examined.report);
    if let Some(answered) = answered.as_object_mut() {
        answered.insert("html".to_owned(), args.html.display().to_string().into());
    }
    screen.json(&answered)?;
    screen.say(format!("The report is in {}", args.html.display()));
    conclude(verdict, screen)
}

/// Evidence holds nothing but evidence: `verify` would refuse the page in it.
fn must_lie_outside(page: &Path, paths: &[PathBuf]) -> Result<(), Failure> {
    let parent = page.parent().filter(|parent| !parent.as_os_str().is_empty());
    let Ok(parent) = parent.unwrap_or(Path::new(".")).canonicalize() else { return Ok(()) };
    let holds =
        |path: &PathBuf| path == &parent || path.is_file() && path.parent() == Some(&parent);
    match paths.iter().find(|path| path.canonicalize().is_ok_and(|path| holds(&path))) {
        None => Ok(()),
        Some(folder) => Err(Failure::usage("the report would lie in the folder it is about")
            .because(format!("verify refuses anything in {} but evidence", folder.display()))
            .hint("write it beside the folder")),
    }
}
