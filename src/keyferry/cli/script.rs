//! `keyferry script`.

use crate::script::Format;
use keyferry_console::args::CeremonyArgs;
use std::path::PathBuf;
use std::str::FromStr;

#[derive(Debug, clap::Args)]
#[command(after_help = "Example: keyferry script payments-1 --out payments-1-script.html

The script is of the request that is fetched next: make it before `keyferry-online fetch`, print it, and take it through the whole \
ceremony. FILE is not overwritten and lies beside the folder, not in it. Exit codes: 4 the plan is not approved and --draft is not \
given, 8 FILE is in the way.")]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) ceremony: CeremonyArgs,

    /// The file to write: Markdown if it ends in .md, a page to print if it ends in .html
    #[arg(long, value_name = "FILE.md|FILE.html")]
    pub(crate) out: Out,

    /// The folder of the room's memory, as it is called in the room
    #[arg(long, value_name = "DIR", default_value = "memory")]
    pub(crate) room: PathBuf,

    /// Go on although the plan is not approved or would be refused later; the script says DRAFT on every page
    #[arg(long)]
    pub(crate) draft: bool,
}

/// A file and what its name says is in it.
#[derive(Debug, Clone)]
pub(crate) struct Out {
    pub(crate) path: PathBuf,
    pub(crate) format: Format,
}

impl FromStr for Out {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let path = PathBuf::from(text);
        let format = match path.extension().and_then(|extension| extension.to_str()) {
            Some("md") => Format::Markdown,
            Some("html") => Format::Html,
            Some(_) | None => return Err("expected a file name that ends in .md or .html".into()),
        };
        Ok(Self { path, format })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_says_what_is_written() {
        for (name, format) in [
            ("a/b.md", Some(Format::Markdown)),
            ("b.html", Some(Format::Html)),
            ("b.HTML", None),
            ("b.txt", None),
            ("html", None),
            ("", None),
        ] {
            assert_eq!(name.parse::<Out>().ok().map(|out| out.format), format, "{name}");
        }
    }
}
