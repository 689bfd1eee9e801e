//! Sets and shares for tests.

use crate::{Share, Split, randomness, split};
use keyferry_bundle::{Custodian, Digest, Serial};

pub(crate) const SERIAL: Serial = Serial::new(12_345_678);

/// Bytes that are different for every seed, and as random as a test needs.
pub(crate) fn bytes(seed: &str, length: usize) -> Vec<u8> {
    let block = |number: usize| *Digest::of(format!("{seed} {number}").as_bytes()).as_bytes();
    (0..length.div_ceil(32)).flat_map(block).take(length).collect()
}

pub(crate) fn secret(seed: &str) -> [u8; 32] {
    let mut secret = [0; 32];
    secret.copy_from_slice(&bytes(seed, 32));
    secret
}

pub(crate) fn custodians(count: usize) -> Vec<Custodian> {
    const LETTERS: &[u8] = b"qpzry9x8gf2tvdw0";
    let custodian = |index: usize| Custodian {
        holder: format!("custodian-{index}").parse().unwrap(),
        recipient: format!("age1{}", char::from(LETTERS[index]).to_string().repeat(58))
            .parse()
            .unwrap(),
    };
    (0..count).map(custodian).collect()
}

pub(crate) fn made(seed: &str, threshold: u8, count: usize) -> Split {
    let random = bytes(&format!("{seed} random"), randomness(threshold));
    split(&secret(seed), SERIAL, threshold, &custodians(count), &random).unwrap()
}

/// A copy, which outside of tests nobody makes.
pub(crate) fn copy(share: &Share) -> Share {
    Share::from_text(&share.to_text()).unwrap()
}
