//! What Yubico published, and the wrapping matrix.

use super::{SelfTest, hex};
use crate::hsm_log::{DATA, DIGEST, ENTRY, Entry, link};
use crate::{attestation, wrapping};
use keyferry_bundle::{KeySpec, WrappingAlgorithm, WrappingKeySpec};

const LEAF: &[u8] = include_bytes!("../testing/attestation/object-0x0003.der");
const DEVICE: &[u8] = include_bytes!("../testing/attestation/device-34331133.der");
const AUTHORITY: &[u8] = include_bytes!("../testing/attestation/yubico-6742036.der");
const ROOT: &[u8] = include_bytes!("../testing/attestation/yubico-root.der");

/// The digest of entry 46, then entries 47 to 51: data and digest of each.
const LOG: &str = "
    415f51f1f035a1b713e730e4464e4033
    002f4c004d0001aff7ffffcc00055de2 5496a60d478c2b9c801d8d32ca66b554
    0030000000ffff000000000000000000 14ac7747ba9bbb243cfc70befeb5349b
    003103000affff0001ffff830000008b b20a8f25c025e693a8e869b433294a20
    0032040011ffff0001ffff840000008b ebfae425c319ac7a0afbb8b92597de7c
    00336700020001ffffffffe7000002b9 2e395d1b706668737e1d2215813db47e";

pub(super) fn tests() -> [SelfTest; 4] {
    [
        SelfTest::verdict(
            "HSM log, its links",
            "Yubico's command reference, GET LOG ENTRIES",
            &hex(LOG),
            log_follows,
        ),
        SelfTest::answer(
            "HSM log, one link",
            "python-yubihsm, tests/test_core.py",
            &hex("000303000affff0001ffff8300000023 f696906e5b3929c63ca6f10a83d2a0cc"),
            &hex("2264d451b5eff5dfa94c544f33b787a9"),
            |bytes| {
                let (data, previous) =
                    bytes.split_first_chunk::<DATA>().ok_or("it is too short")?;
                let previous = previous.try_into().map_err(|_| "it is no digest")?;
                Ok(link(data, previous).to_vec())
            },
        ),
        SelfTest::verdict(
            "attestation: X.509 and RSA signatures",
            "a YubiHSM 2's own, up to Yubico's root",
            LEAF,
            |leaf| {
                let verified = attestation::verify(leaf, &[DEVICE, AUTHORITY], &[ROOT]);
                verified.map(|_| ()).map_err(|fault| fault.to_string())
            },
        ),
        SelfTest::answer(
            "wrapping matrix: 36 of 156 combinations",
            "AWS KMS developer guide, importing key material",
            &[],
            &[156, 36],
            |_| matrix(),
        ),
    ]
}

fn log_follows(bytes: &[u8]) -> Result<(), String> {
    let (digest, entries) = bytes.split_first_chunk::<DIGEST>().ok_or("it is too short")?;
    let (entries, rest) = entries.as_chunks::<ENTRY>();
    let mut before = *digest;
    for entry in entries.iter().map(Entry::decode) {
        if !entry.is_bound_to(&before) {
            return Err(format!("entry {} is not bound to the one before", entry.number));
        }
        before = entry.digest;
    }
    if entries.len() == 5 && rest.is_empty() { Ok(()) } else { Err("not five entries".to_owned()) }
}

/// How many combinations there are, and how many of them a plan may ask for.
fn matrix() -> Result<Vec<u8>, String> {
    let (mut all, mut taken) = (0_u8, 0_u8);
    for spec in KeySpec::ALL {
        for algorithm in WrappingAlgorithm::ALL {
            for key in WrappingKeySpec::ALL {
                let one = u8::from(wrapping::plannable(*spec, *algorithm, *key).is_ok());
                all = all.checked_add(1).ok_or("the matrix has grown")?;
                taken = taken.saturating_add(one);
            }
        }
    }
    Ok(vec![all, taken])
}
