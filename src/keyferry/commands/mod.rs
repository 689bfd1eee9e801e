//! What each command does.

pub(crate) mod fingerprint;
pub(crate) mod identity;
pub(crate) mod inspect;
pub(crate) mod plan_new;
pub(crate) mod policy_new;
pub(crate) mod policy_pin;
pub(crate) mod policy_show;
pub(crate) mod report;
pub(crate) mod share;
pub(crate) mod sign;
pub(crate) mod verify;
