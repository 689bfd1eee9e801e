//! HTTP/1.1 on loopback. A server of our own, because one that answers every request cannot lose an answer when asked to.

mod message;
mod server;

pub(crate) use message::{Request, Response};
pub(crate) use server::{Handler, Reply, Server};
