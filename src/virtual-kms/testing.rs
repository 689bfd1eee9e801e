//! Tests over HTTP, against a service that runs in this process.

mod cipher;
mod client;
mod import;
mod keys;
mod running;
mod wire;

pub(crate) use client::{Answer, Client};
