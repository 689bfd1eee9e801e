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
//! | `hang-before` | nothing is carried out, and nothing answered while the client waits |
//! | `hang-after` | the request is carried out, and nothing answered while the client waits |
//!
//! With `"call":3` in place of operation and count the third well-signed request from then on fails so, whatever its operation; each such
//! fault replaces the one before. `GET /virtual/calls` answers `{"calls":7,"hanging":false,"done":{"ImportKeyMaterial":1}}`: how many there
//! were since such a fault was asked for last, or since the start; whether a client waits; and how often each operation was carried out.
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
use serde_json::{Value, json};
use std::collections::{BTreeMap, VecDeque};

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
    /// Neither carried out nor answered.
    HangBefore,
    /// Carried out, not answered.
    HangAfter,
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
    /// The number of the request that fails, whatever its operation.
    at: Option<(u64, Fault)>,
    calls: u64,
    done: BTreeMap<String, u64>,
    /// Whether the request at hand is not to be answered while its client waits.
    struck: bool,
    hanging: bool,
}

impl Faults {
    /// Lets the next `count` requests of `operation` fail, after those asked for before.
    pub(crate) fn add(&mut self, operation: Operation, fault: Fault, count: u16) {
        self.waiting.push_back((operation, fault, count));
    }

    /// Lets request number `call`, counted from the next one, fail.
    pub(crate) fn at(&mut self, call: u64, fault: Fault) {
        (self.at, self.calls) = (Some((call, fault)), 0);
    }

    /// Notes that a request was carried out.
    pub(crate) fn carried_out(&mut self, operation: Operation) {
        let count = self.done.entry(format!("{operation:?}")).or_default();
        *count = count.saturating_add(1);
    }

    /// The client of the request at hand waits from now on.
    pub(crate) const fn hang(&mut self) {
        (self.struck, self.hanging) = (true, true);
    }

    /// Whether the request at hand is one that hangs. Its client is told nothing.
    pub(crate) const fn take_hang(&mut self) -> bool {
        std::mem::replace(&mut self.struck, false)
    }

    /// Whether a client waits.
    pub(crate) const fn is_hanging(&self) -> bool {
        self.hanging
    }

    /// No client waits any more.
    pub(crate) const fn release(&mut self) {
        self.hanging = false;
    }

    /// What a test may want to know.
    pub(crate) fn tally(&self) -> Value {
        json!({ "calls": self.calls, "hanging": self.hanging, "done": self.done })
    }

    /// The fault of this request.
    pub(crate) fn take(&mut self, operation: Operation) -> Option<Fault> {
        self.calls = self.calls.saturating_add(1);
        if let Some((call, fault)) = self.at
            && call == self.calls
        {
            return Some(fault);
        }
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

    #[test]
    fn a_request_fails_by_its_number() {
        let mut faults = Faults::default();
        assert_eq!(faults.take(Operation::Encrypt), None);
        faults.at(2, Fault::HangBefore);
        let seen = [Operation::Encrypt, Operation::Decrypt, Operation::Decrypt];
        let seen = seen.map(|operation| faults.take(operation));
        assert_eq!(seen, [None, Some(Fault::HangBefore), None]);
        faults.carried_out(Operation::Decrypt);
        faults.hang();
        assert_eq!([faults.take_hang(), faults.take_hang()], [true, false]);
        assert_eq!(faults.tally(), json!({"calls": 3, "hanging": true, "done": {"Decrypt": 1}}));
    }
}
