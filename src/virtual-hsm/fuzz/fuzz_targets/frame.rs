//! Whatever is read as a frame, or as a certificate, never panics.
#![no_main]

use keyferry_virtual_hsm::fuzzing::{is_certificate, is_frame};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = is_frame(bytes);
    let _ = is_certificate(bytes);
});
