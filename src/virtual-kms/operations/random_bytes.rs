//! `GenerateRandom`.

use crate::random;
use crate::refusal::Refusal;
use crate::wire::Blob;
use crate::wire::json::{required, violated};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// Input of `GenerateRandom`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Input {
    number_of_bytes: Option<usize>,
}

/// Output of `GenerateRandom`.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Output {
    plaintext: Blob,
}

/// Up to 1024 random bytes.
pub(super) fn generate(input: &Input) -> Result<Output, Refusal> {
    let size = required(input.number_of_bytes, "numberOfBytes")?;
    if !(1..=1024).contains(&size) {
        return Err(violated("Value at 'numberOfBytes'", "Member must be between 1 and 1024"));
    }
    let mut bytes = Zeroizing::new(vec![0; size]);
    random::fill(&mut bytes)?;
    Ok(Output { plaintext: bytes.into() })
}
