//! What the whole-ceremony tests share: one rehearsal, and copies of its stage that a test may spoil.

mod program;
mod rehearsed;
mod scene;

pub use program::{Run, Service};
pub use rehearsed::{Rehearsed, rehearse, rehearsed};
pub use scene::{Scene, passphrase};
