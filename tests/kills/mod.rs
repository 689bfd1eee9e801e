//! Programs that are cut off at every step, one after the other: killed before and after each command to the HSM and each call of KMS,
//! without power, without an answer, and ended before each step that changes the medium. What the program says to do next is done, and
//! then the rest of the ceremony: it ends verified, with nothing made twice, nothing lost, nothing left over.
//!
//! Nothing is sampled: a sound run tells how many commands, calls and steps there are, and each of them is a point. The whole of it takes
//! minutes: `cargo test -p keyferry-tests kills -- --ignored --nocapture`. A part of it is in every test run.
#![allow(clippy::print_stdout, reason = "how many points were tried is to be seen")]
#![allow(clippy::wildcard_enum_match_arm, reason = "every other cut leaves the command as it is")]

mod bastion;
mod cut;
mod faults;
mod medium;
mod points;
mod room;
mod scenario;
mod setting_up;

pub(crate) use cut::{Cut, What};
pub(crate) use points::each;
pub(crate) use scenario::Scenario;
