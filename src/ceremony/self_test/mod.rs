//! What a program tries out on itself before anybody relies on it: published vectors for every primitive, and bundles that must be
//! accepted or refused.
//!
//! It finds a program that was built wrongly or runs on a machine that computes wrongly. It finds no program that lies: such a one
//! prints what it likes.

mod primitives;
mod rules;
mod vector;
mod vectors;

#[cfg(any(test, feature = "testing"))]
mod spoilt;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// One test, as a line on the screen.
#[derive(Debug, Clone)]
pub struct SelfTest {
    name: &'static str,
    source: &'static str,
    check: Check,
}

#[derive(Debug, Clone)]
enum Check {
    Answer { of: Vec<u8>, is: Vec<u8>, made: fn(&[u8]) -> Result<Vec<u8>, String> },
    Verdict { on: Vec<u8>, accepts: fn(&[u8]) -> Result<(), String> },
    Vector(Cow<'static, str>),
    Holds(fn() -> Result<(), String>),
}

impl SelfTest {
    /// Of these bytes, exactly those are made.
    #[must_use]
    pub fn answer(
        name: &'static str,
        source: &'static str,
        of: &[u8],
        is: &[u8],
        made: fn(&[u8]) -> Result<Vec<u8>, String>,
    ) -> Self {
        Self { name, source, check: Check::Answer { of: of.to_vec(), is: is.to_vec(), made } }
    }

    /// These bytes are accepted, and none in which a byte was changed.
    #[must_use]
    pub fn verdict(
        name: &'static str,
        source: &'static str,
        on: &[u8],
        accepts: fn(&[u8]) -> Result<(), String>,
    ) -> Self {
        Self { name, source, check: Check::Verdict { on: on.to_vec(), accepts } }
    }

    /// Something holds on this machine, now.
    #[must_use]
    pub const fn holds(
        name: &'static str,
        source: &'static str,
        holds: fn() -> Result<(), String>,
    ) -> Self {
        Self { name, source, check: Check::Holds(holds) }
    }

    /// A vector of `bundle-format/testkit` comes out as it says.
    const fn vector(name: &'static str, text: &'static str) -> Self {
        Self { name, source: "bundle-format/testkit", check: Check::Vector(Cow::Borrowed(text)) }
    }

    /// What is tried.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Where the expected value comes from.
    #[must_use]
    pub const fn source(&self) -> &'static str {
        self.source
    }

    /// Tries it. A panic is a failure like any other.
    ///
    /// # Errors
    /// What is wrong.
    pub fn run(&self) -> Result<(), String> {
        catch_unwind(AssertUnwindSafe(|| self.check.run()))
            .unwrap_or_else(|_| Err("it panicked".to_owned()))
    }
}

impl Check {
    fn run(&self) -> Result<(), String> {
        match self {
            Self::Answer { of, is, made } if made(of)? == *is => Ok(()),
            Self::Answer { .. } => Err("another value than the published one came out".to_owned()),
            Self::Verdict { on, accepts } => {
                accepts(on)?;
                // A verifier that accepts everything would pass without these.
                for index in [0, on.len() / 2, on.len().saturating_sub(1)] {
                    if accepts(&changed(on, index)).is_ok() {
                        return Err(format!("it is accepted with another byte {index}"));
                    }
                }
                Ok(())
            }
            Self::Vector(text) => vector::run(text),
            Self::Holds(holds) => holds(),
        }
    }
}

/// The bytes with one bit of one of them turned over.
fn changed(bytes: &[u8], index: usize) -> Vec<u8> {
    let mut changed = bytes.to_vec();
    if let Some(byte) = changed.get_mut(index) {
        *byte ^= 1;
    }
    changed
}

/// Bytes from pairs of hexadecimal digits, in whatever lines; what is none becomes nothing, and then no test passes.
#[must_use]
pub fn hex(digits: &str) -> Vec<u8> {
    let digits: Vec<u8> = digits.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let pair = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    digits.chunks(2).map(pair).collect::<Option<_>>().unwrap_or_default()
}

/// Every test of what this crate and the bundle format do, which every program has.
#[must_use]
pub fn tests() -> Vec<SelfTest> {
    let mut tests = primitives::tests();
    tests.extend(rules::tests());
    tests.extend(vectors::tests());
    tests
}
