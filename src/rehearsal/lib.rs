//! A whole ceremony on one machine: the three real programs, as processes, against a virtual YubiHSM 2 and a virtual KMS.
//!
//! Every program runs in the folder of its machine, with the trust of that machine and nothing of the others; files travel
//! between folders as they would on a medium. What is shown is what the programs were called with and what they said.

mod application;
mod cast;
mod cli;
mod cloud;
mod machine;
mod programs;
mod scenarios;
mod services;
mod stage;
mod story;

pub use cli::run;
pub use programs::{Programs, build};
