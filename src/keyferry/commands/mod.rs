//! What each command does.

pub(crate) mod fingerprint;
pub(crate) mod identity;
pub(crate) mod inspect;
mod outside;
pub(crate) mod plan_lint;
pub(crate) mod plan_new;
pub(crate) mod policy_diff;
pub(crate) mod policy_edit;
pub(crate) mod policy_new;
mod policy_parts;
pub(crate) mod policy_pin;
pub(crate) mod policy_show;
pub(crate) mod policy_sign;
pub(crate) mod report;
pub(crate) mod script;
pub(crate) mod share;
pub(crate) mod sign;
pub(crate) mod verify;
