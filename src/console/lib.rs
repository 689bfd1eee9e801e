//! What a person sees and touches: prompts, tables, fingerprints, files, failures and exit codes. The only crate that prints.

pub mod args;
pub mod ceremony;
pub mod certificate;
pub mod clock;
pub mod custodian;
mod escape;
pub mod exit;
pub mod failure;
pub mod files;
pub mod fingerprint;
pub mod folder;
pub mod identity;
pub mod names;
pub mod process;
pub mod progress;
pub mod prompt;
mod recorder;
pub mod run;
pub mod screen;
pub mod self_test;
pub mod share;
pub mod trust;

pub use ceremony::Ceremony;
pub use escape::{escape, one_line, shell};
pub use exit::Exit;
pub use failure::Failure;
pub use names::Name;
pub use progress::Progress;
pub use prompt::Person;
pub use run::run;
pub use screen::Screen;
