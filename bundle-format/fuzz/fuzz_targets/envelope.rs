//! Whatever is read as an envelope is written back, and never panics.
#![no_main]

use keyferry_bundle::Envelope;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok((envelope, remarks)) = Envelope::decode(bytes) {
        assert_eq!(remarks.is_empty(), envelope.encode() == bytes);
        assert_eq!(Envelope::decode_canonical(&envelope.encode()).as_ref(), Ok(&envelope));
    }
});
