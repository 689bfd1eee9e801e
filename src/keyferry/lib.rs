//! `keyferry`: officers, witnesses and auditors. It makes identities, policies and plans, adds signatures, shows bundles as
//! people read them and verifies what a ceremony left behind. It knows no network, no AWS and no HSM.
//!
//! The reader's path: `cli` (what can be asked) -> `commands` (one file each) -> `opened` (a bundle under the pinned policy and
//! its ceremony's folder) -> `render` (a bundle as a person reads it). Whole folders: `examined` -> `verdict` -> `report` (the page);
//! many of them: `archive`. A plan on paper: `script`.

mod archive;
mod body;
mod cli;
mod commands;
mod examined;
mod html;
mod markdown;
mod opened;
mod render;
mod report;
mod script;
mod trail;
mod verdict;

pub use cli::{command, run};
