//! A device with a key of every type takes any commands, one after the other, and never panics. A command is its code, the length of
//! its data in one byte, and the data; what comes last takes all that is left.
#![no_main]

use keyferry_virtual_hsm::fuzzing::Bench;
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

static BENCH: LazyLock<Bench> = LazyLock::new(|| Bench::new().expect("random bytes"));

fuzz_target!(|bytes: &[u8]| {
    let mut bench = BENCH.clone();
    let mut rest = bytes;
    while let [code, length, left @ ..] = rest {
        let (data, after) = left.split_at_checked(usize::from(*length)).unwrap_or((left, &[]));
        bench.run(*code, data);
        rest = after;
    }
});
