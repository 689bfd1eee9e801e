//! Faults on request: `POST /virtual/fault` with `{"operation":"ImportKeyMaterial","kind":"lose-answer","count":1}`.
//!
//! The next `count` (1 to 1000, by default 1) well-signed requests of that operation fail so; faults of one operation queue up in
//! the order they were asked for. They are not kept in the state file.
//!
//! | kind | what happens |
//! |---|---|
//! | `lose-answer` | the request is carried out, then the connection is closed without a byte |
//! | `throttle` | nothing is carried out; `ThrottlingException`, status 400; of EC2 `RequestLimitExceeded`, status 503 |
//! | `internal` | nothing is carried out; `KMSInternalException`, of EC2 `InternalError`, status 500 |
//!
//! Operations of STS and EC2 fail like those of KMS. In whichever Region and account the next request comes, it is the one that fails.
//!
//! One fault is a key's: `{"kind":"other-key","key_id":"1234abcd-12ab-34cd-56ef-1234567890ab"}` (or the ARN, or an alias; without an ARN
//! a key of the first Region). From then on
//! the key holds fresh key material of the same spec instead of what was imported, or, where there is none yet, instead of what
//! the next import brings: its public key, signatures, MACs, ciphertexts and key material id are another key's, and the key
//! material that was imported is refused as `IncorrectKeyMaterialException`. It is kept in the state file and cannot be undone.

use crate::operations::Operation;
use serde::Deserialize;
use std::collections::VecDeque;

/// How a request fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fault {
    /// Carried out, never answered.
    LoseAnswer,
    /// Refused as too fast.
    Throttle,
    /// Refused as the service's own fault.
    Internal,
}

/// What goes wrong with a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeyFault {
    /// It is another.
    OtherKey,
}

/// The faults still to happen.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    waiting: VecDeque<(Operation, Fault, u16)>,
}

impl Faults {
    /// Lets the next `count` requests of `operation` fail, after those asked for before.
    pub(crate) fn add(&mut self, operation: Operation, fault: Fault, count: u16) {
        self.waiting.push_back((operation, fault, count));
    }

    /// The fault of this request.
    pub(crate) fn take(&mut self, operation: Operation) -> Option<Fault> {
        let (_, fault, left) =
            self.waiting.iter_mut().find(|(of, _, left)| *of == operation && *left > 0)?;
        *left -= 1;
        let fault = *fault;
        self.waiting.retain(|(_, _, left)| *left > 0);
        Some(fault)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_happen_in_order_and_end() {
        let mut faults = Faults::default();
        faults.add(Operation::Decrypt, Fault::Throttle, 2);
        faults.add(Operation::Encrypt, Fault::LoseAnswer, 1);
        faults.add(Operation::Decrypt, Fault::Internal, 1);
        let mut decrypt = || faults.take(Operation::Decrypt);
        let seen = [decrypt(), decrypt(), decrypt(), decrypt()];
        let expected = [Some(Fault::Throttle), Some(Fault::Throttle), Some(Fault::Internal), None];
        assert_eq!(seen, expected);
        assert_eq!(faults.take(Operation::Encrypt), Some(Fault::LoseAnswer));
        assert_eq!(faults.take(Operation::Encrypt), None);
    }
}
