//! The texts that bind a proof to its place, so that no answer fits another target, plan or response (SPEC.md section 9).

use keyferry_bundle::{Digest, Response, TargetName, Verified};

/// The bundles that a proof is bound to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bound {
    /// The plan: the room knows it when it computes the known answer of an HMAC key.
    pub plan: Digest,
    /// The response: known only once the room has signed it.
    pub response: Digest,
}

impl Bound {
    /// To an accepted response, and through it to its plan.
    #[must_use]
    pub fn to(response: &Verified<Response>) -> Self {
        Self { plan: response.body().plan, response: response.digest() }
    }
}

/// What the room computes the MAC of, and KMS must: 25 bytes of ASCII, the plan's digest in hexadecimal, a blank and the target's name.
/// It is another text than the check value's: a check value is no answer to anything.
#[must_use]
pub fn known_answer_message(plan: Digest, target: &TargetName) -> Vec<u8> {
    format!("keyferry known answer v1 {plan} {target}").into_bytes()
}
