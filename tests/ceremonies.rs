//! Whole ceremonies: the real programs as processes, the two virtual services, and everything that must be refused.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests say what they expect"
)]

mod air_gap;
mod at_once;
mod bastion;
mod evidence;
mod hsm_log;
mod key_specs;
mod kills;
mod known_answer;
mod media;
mod opened;
mod private_keys;
mod proxy;
mod room;
mod scenarios;
mod script;
mod second_year;
mod secrets;
mod self_tests;
mod setting_up;
mod transcripts;
mod upkeep;
mod usage;
mod wrap_key_shares;
