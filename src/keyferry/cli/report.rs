//! `keyferry report`.

use super::verify::Subject;
use std::path::PathBuf;

#[derive(Debug, clap::Args)]
#[command(after_help = "Example: keyferry report payments-1 --html payments-1-report.html

The page needs nothing else and runs nothing: it can be read in any browser, printed and handed on. It is written for a folder \
that fails too. Exit codes are those of `verify`, 8 also when FILE is in the way.")]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) subject: Subject,

    /// The page to write, beside the ceremony's folder and not in it
    #[arg(long, value_name = "FILE", required = true)]
    pub(crate) html: PathBuf,
}
