//! The rules of a ceremony, pure: no clock, no files, no network, no HSM.
//!
//! Bundles form a chain: policy <- device <- plan <- request <- response <- receipt, with a backup beside each response. Each
//! module accepts one link: it takes bytes and the links already accepted, and gives back a
//! [`Verified`](keyferry_bundle::Verified) bundle or a [`Refusal`]. The bastion, the room and the auditor call the same functions.

pub mod attestation;
pub mod backup;
pub mod budget;
pub mod cloudtrail;
pub mod device;
pub mod draft;
pub mod endpoint;
pub mod evidence;
pub mod hsm_log;
pub mod ledger;
mod links;
pub mod lint;
pub mod log;
pub mod plan;
pub mod policy;
pub mod proof;
pub mod receipt;
mod refusal;
pub mod request;
pub mod response;
mod roots;
pub mod self_test;
pub mod transcript;
pub mod upkeep;
pub mod wrapping;
pub mod wrapping_key;

pub use links::Countersigned;
pub use refusal::Refusal;

#[cfg(test)]
mod forgery_tests;
#[cfg(test)]
mod material_rules_tests;
#[cfg(test)]
mod matrix_tests;
#[cfg(test)]
mod policy_tests;
#[cfg(test)]
mod quorum_tests;
#[cfg(test)]
mod rules_tests;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
