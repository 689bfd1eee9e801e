//! What goes over the wire: AWS JSON 1.1, the query protocol's one answer, and Signature Version 4.

pub(crate) mod blob;
pub(crate) mod json;
pub(crate) mod query;
pub(crate) mod signature;

pub(crate) use blob::Blob;
