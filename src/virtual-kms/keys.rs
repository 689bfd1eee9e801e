//! KMS keys: what they are, what state they are in, and how material gets in. Pure: time and randomness come from outside.

pub mod ciphertext;
pub(crate) mod key;
pub(crate) mod material;
pub(crate) mod spec;
pub mod token;
pub(crate) mod wrapping;

pub(crate) use key::{Key, KeyState, Origin};
pub(crate) use material::{Announced, ImportType};
pub(crate) use spec::KeyUsage;

#[cfg(test)]
mod key_tests;
