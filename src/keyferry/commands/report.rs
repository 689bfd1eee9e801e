//! `keyferry report`: what a folder proves, as a page to hand on.

use super::outside::must_lie_outside;
use super::verify::{answer, conclude};
use crate::cli::report::Args;
use crate::examined::{Examined, Given};
use crate::report;
use crate::verdict::Verdict;
use keyferry_console::files::{self, Mode};
use keyferry_console::{Failure, Screen, clock};

/// Examines everything, writes the page, whatever it has to say, and says the verdict.
pub(crate) fn run(args: &Args, screen: &Screen) -> Result<(), Failure> {
    must_lie_outside("report", &args.html, &args.subject.paths)?;
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
