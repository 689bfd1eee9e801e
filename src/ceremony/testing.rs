//! A small cast with fixed keys, and one sound ceremony that tests then spoil, one field at a time. Behind the feature `testing`,
//! for the tests of the programs; nothing in a program itself may ask for it.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    clippy::missing_errors_doc,
    clippy::must_use_candidate,
    reason = "test code: every value here is fixed, and a panic is a failing test"
)]

mod cast;
pub mod deeds;
mod generations;
mod shares;
mod story;

pub use cast::{
    RECIPIENT, WRAPPING_KEY, a_policy, digest_of, hsm_key, parse, person, signed, time, told,
};
pub use story::{Story, sound_audit};
