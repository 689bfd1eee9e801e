//! What shows which key it is: in the response, what the HSM says of it; in the receipt, what KMS answers.
//!
//! Of a private key the HSM attests the public half, and KMS signs (or agrees, or decrypts) under the same public half. Of an HMAC key the
//! room computes one MAC, and KMS computes the same. Of a symmetric key nothing outside KMS can tell; that it works is shown.

mod answer;
mod material;
mod signature;

#[cfg(test)]
mod tests;

pub use answer::{check as check_answer, method};
pub(crate) use material::check as check_material;
pub use material::{Attested, attested, mac_length, signing_key_attested};

/// What MACs and check values are made of (SPEC.md section 9).
pub const MESSAGE: &[u8] = b"keyferry check value v1";
