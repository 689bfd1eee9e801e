//! Tests over HTTP, against a service that runs in this process.

mod agreement;
mod cipher;
mod client;
mod deletion;
mod ebs;
mod forms;
mod import;
mod keys;
mod macs;
mod other_key;
mod parameters;
mod private_keys;
mod regions;
mod rotation;
mod rsa_encryption;
mod running;
mod signing;
mod wire;
mod wrapping;

pub(crate) use client::{Answer, Client};
