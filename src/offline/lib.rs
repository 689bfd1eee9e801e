//! `keyferry-offline`: the ceremony room. It talks to the HSM, reads bundles and writes bundles; it has no network stack.
//!
//! The reader's path: [`cli`](command) -> `init` or `respond` -> what the room refuses ([`isolation`], [`room`]) -> the HSM ->
//! `wrap`, `copies` -> signed bundles -> `transcript`.

mod audit;
mod check_value;
mod cli;
mod copies;
mod hsm_access;
mod init;
mod inspect;
pub mod isolation;
mod known_answer;
mod log;
mod respond;
pub mod room;
mod self_test;
mod transcript;
mod upkeep;
mod wrap;

pub use check_value::check_value;
pub use cli::{command, run};
pub use wrap::wrap;
