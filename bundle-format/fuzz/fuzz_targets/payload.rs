//! Whatever is read as a payload has one meaning: written and read again it is the same. The first byte picks the kind.
#![no_main]

use keyferry_bundle::kinds::Bundle;
use keyferry_bundle::{Backup, Device, Log, Plan, Policy, Receipt, Request, Response, Transcript, Upkeep, json};
use libfuzzer_sys::fuzz_target;

fn read<T: Bundle + PartialEq + std::fmt::Debug>(bytes: &[u8]) {
    if let Ok(body) = json::decode::<T>(bytes) {
        let written = json::encode(&body);
        assert_eq!(written.map(|bytes| json::decode::<T>(&bytes)), Ok(Ok(body)));
    }
}

fuzz_target!(|bytes: &[u8]| {
    let Some((kind, bytes)) = bytes.split_first() else { return };
    match kind % 9 {
        0 => read::<Policy>(bytes),
        1 => read::<Device>(bytes),
        2 => read::<Plan>(bytes),
        3 => read::<Request>(bytes),
        4 => read::<Response>(bytes),
        5 => read::<Backup>(bytes),
        6 => read::<Receipt>(bytes),
        7 => read::<Log>(bytes),
        _ => read::<Transcript>(bytes),
    }
});
