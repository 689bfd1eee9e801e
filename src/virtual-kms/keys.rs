//! KMS keys: what they are, what state they are in, and how material gets in. Pure: time and randomness come from outside.

pub(crate) mod algorithm;
pub mod ciphertext;
mod ec_key;
mod incoming;
pub(crate) mod key;
pub(crate) mod material;
mod private_key;
mod relation;
mod rotation;
mod rsa_key;
pub(crate) mod spec;
pub mod token;
pub(crate) mod unwrap;
pub(crate) mod wrapping;

pub(crate) use incoming::Incoming;
pub(crate) use key::{Deletion, Key, KeyState, Origin};
pub(crate) use material::{Announced, ImportType};
pub(crate) use private_key::PrivateKey;
pub(crate) use relation::Relation;
pub(crate) use rotation::MOST as MOST_ROTATIONS;
pub(crate) use rsa_key::RsaKey;

#[cfg(test)]
mod incoming_tests;
#[cfg(test)]
mod key_tests;
