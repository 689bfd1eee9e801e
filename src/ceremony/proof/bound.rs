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

    /// What KMS is to sign, to decrypt or to give back, around 32 bytes that were drawn for the occasion: at most 180 bytes of ASCII,
    /// since RSAES-OAEP with SHA-256 under a 2048-bit key takes 190 (RFC 8017 section 7.1.1).
    #[must_use]
    pub fn challenge(&self, target: &TargetName, drawn: [u8; 32]) -> Vec<u8> {
        format!("{}{}", self.beginning(target), Digest::from_bytes(drawn)).into_bytes()
    }

    /// Whether a challenge is one of this response and target.
    pub(super) fn has_challenge(&self, target: &TargetName, challenge: &[u8]) -> bool {
        let drawn = challenge.strip_prefix(self.beginning(target).as_bytes());
        drawn
            .and_then(|drawn| str::from_utf8(drawn).ok())
            .is_some_and(|drawn| drawn.parse::<Digest>().is_ok())
    }

    fn beginning(&self, target: &TargetName) -> String {
        format!("keyferry proof v1 {} {target} ", self.response)
    }
}

/// What the room computes the MAC of, and KMS must: 25 bytes of ASCII, the plan's digest in hexadecimal, a blank and the target's name.
/// It is another text than the check value's: a check value is no answer to anything.
#[must_use]
pub fn known_answer_message(plan: Digest, target: &TargetName) -> Vec<u8> {
    format!("keyferry known answer v1 {plan} {target}").into_bytes()
}
