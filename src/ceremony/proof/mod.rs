//! What shows which key it is: in the response, what the HSM says of it; in the receipt, what KMS answers.
//!
//! Of a private key the HSM attests the public half, and KMS signs under the same public half; that it agreed on a secret or decrypted
//! under it is the operator's word. Of an HMAC key the room computes one MAC and publishes its hash, and KMS computes the MAC. Of a
//! symmetric key nothing outside KMS can tell; that it works is shown.

mod answer;
mod bound;
mod material;
mod signature;
mod spec;

#[cfg(test)]
mod tests;

pub use answer::{check as check_answer, method};
pub use bound::{Bound, known_answer_message};
pub(crate) use material::check as check_material;
pub use material::{Attested, attested, generated_before, signing_key_attested};
pub(crate) use signature::{shared_secret as agrees_on, verifies as signed_by};
