//! Both sides against each other, and against what a real card answered.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use keyferry_scp03::{AgreedKeys, DeviceChannel, Fault, HEADER, HostChannel, StaticKeys, TAG};
use proptest::prelude::*;

/// Bytes in front of what a device's channel takes: the header and the session id.
const FRONT: usize = HEADER + 1;

/// The factory's authentication key: PBKDF2 of `password` (YubiHSM 2 user guide, "Default authentication key").
const FACTORY: [u128; 2] =
    [0x090b_47db_ed59_5654_901d_ee1c_c655_e420, 0x592f_d483_f759_e299_09a0_4c45_05d2_ce0a];

fn keys() -> StaticKeys {
    StaticKeys::from_bytes(&FACTORY.map(u128::to_be_bytes).concat()).unwrap()
}

/// A session on both sides, authenticated.
fn pair(host: [u8; 8], card: [u8; 8]) -> (HostChannel, DeviceChannel) {
    let (mut device, shown) = DeviceChannel::begin(&keys(), 3, host, card);
    let (channel, frame) = HostChannel::begin(&keys(), 3, host, card, shown).unwrap();
    assert_eq!(frame[..FRONT], [0x04, 0, 17, 3]);
    device.authenticate(&frame[FRONT..]).unwrap();
    (channel, device)
}

/// python-yubihsm's `tests/test_core.py`: session 0, host challenge zero.
#[test]
fn a_real_card_is_believed_and_a_wrong_password_is_noticed() {
    let card = 0x054d_5631_c918_6f80_u64.to_be_bytes();
    let shown = 0x3225_ed8a_3224_f2cf_u64.to_be_bytes();
    let (channel, frame) = HostChannel::begin(&keys(), 0, [0; 8], card, shown).unwrap();
    assert_eq!((channel.id(), frame.len()), (0, FRONT + 2 * TAG));
    let other = StaticKeys::from_bytes(&[7; 32]).unwrap();
    let begun = HostChannel::begin(&other, 0, [0; 8], card, shown);
    assert_eq!(begun.err(), Some(Fault::Cryptogram));
}

#[test]
fn a_client_proves_itself_once_and_before_anything_else() {
    let (mut device, shown) = DeviceChannel::begin(&keys(), 3, [1; 8], [2; 8]);
    let (mut host, frame) = HostChannel::begin(&keys(), 3, [1; 8], [2; 8], shown).unwrap();
    assert!(!device.is_authenticated());
    assert_eq!(device.open(&[0; 24]).err(), Some(Fault::Session));
    for length in [0, 8, 15, 17] {
        assert_eq!(device.authenticate(&vec![0; length]), Err(Fault::Length));
    }
    let mut wrong = frame.clone();
    wrong[FRONT] ^= 1;
    assert_eq!(device.authenticate(&wrong[FRONT..]), Err(Fault::Mac));
    device.authenticate(&frame[FRONT..]).unwrap();
    assert_eq!(device.authenticate(&frame[FRONT..]), Err(Fault::Session));
    let sealed = host.seal(&[1, 0, 0]).unwrap();
    assert_eq!(*device.open(&sealed[FRONT..]).unwrap(), [1, 0, 0]);
}

#[test]
fn a_session_of_agreed_keys_begins_at_the_receipt() {
    let keys = || AgreedKeys::from_bytes(&[[1; 16], [2; 16], [3; 16], [4; 16]].concat()).unwrap();
    let receipt = keys().receipt(b"device", b"client");
    // printf deviceclient | openssl mac -cipher AES-128-CBC -macopt hexkey:01…01 (16 bytes) CMAC
    assert_eq!(u128::from_be_bytes(receipt), 0xfb2d_2f32_d058_55a8_5c4d_2690_eceb_9175);
    assert_ne!(receipt, keys().receipt(b"client", b"device"));
    let mut device = DeviceChannel::agreed(keys(), 3, receipt);
    assert!(device.is_authenticated());
    assert_eq!(device.authenticate(&[0; 16]), Err(Fault::Session));
    let answer = device.seal(b"answer").unwrap();
    let mut other = DeviceChannel::agreed(keys(), 3, [0; 16]);
    assert_ne!(other.seal(b"answer").unwrap(), answer);
}

#[test]
fn an_old_message_and_an_old_answer_are_not_taken_again() {
    let (mut host, mut device) = pair([1; 8], [2; 8]);
    let message = host.seal(b"first").unwrap();
    assert_eq!(*device.open(&message[FRONT..]).unwrap(), *b"first");
    let answer = device.seal(b"answer").unwrap();
    assert_eq!(*host.open(&answer[HEADER..]).unwrap(), *b"answer");
    assert_eq!(device.open(&message[FRONT..]).err(), Some(Fault::Mac));
    host.seal(b"second").unwrap();
    assert_eq!(host.open(&answer[HEADER..]).err(), Some(Fault::Mac));
}

#[test]
fn an_answer_for_another_session_is_not_taken() {
    let (mut host, mut device) = pair([1; 8], [2; 8]);
    let message = host.seal(b"message").unwrap();
    device.open(&message[FRONT..]).unwrap();
    let mut answer = device.seal(b"answer").unwrap();
    answer[HEADER] = 4;
    assert_eq!(host.open(&answer[HEADER..]).err(), Some(Fault::Session));
    assert_eq!(host.open(&[]).err(), Some(Fault::Length));
    assert_eq!(host.open(&[3; 5]).err(), Some(Fault::Length));
}

#[test]
fn lengths_are_foreseen() {
    let (mut host, _) = pair([1; 8], [2; 8]);
    for length in [0, 1, 14, 15, 16, 17, 3000] {
        let frame = host.seal(&vec![0; length]).unwrap();
        assert_eq!(frame.len(), HostChannel::sealed_length(length));
    }
    for limit in [28, 2048, 3136] {
        let most = HostChannel::capacity(limit);
        assert!(HostChannel::sealed_length(most) <= limit);
        assert!(HostChannel::sealed_length(most + 1) > limit);
    }
    assert_eq!(HostChannel::capacity(0), 0);
    assert_eq!(host.seal(&vec![0; 0x1_0000]).err(), Some(Fault::Length));
}

proptest! {
    #[test]
    fn what_one_side_says_the_other_hears(
        host in any::<[u8; 8]>(),
        card in any::<[u8; 8]>(),
        messages in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..80), 0..6),
    ) {
        let (mut channel, mut device) = pair(host, card);
        for message in messages {
            let sealed = channel.seal(&message).unwrap();
            prop_assert_eq!(&device.open(&sealed[FRONT..]).unwrap()[..], &message[..]);
            let answer = device.seal(&message).unwrap();
            prop_assert_eq!(&channel.open(&answer[HEADER..]).unwrap()[..], &message[..]);
        }
    }

    #[test]
    fn no_flipped_bit_is_missed(at in 0_usize..28, bit in 0_u8..8) {
        let (mut host, mut device) = pair([1; 8], [2; 8]);
        let mut sealed = host.seal(b"message").unwrap();
        let at = at % (sealed.len() - FRONT);
        sealed[FRONT + at] ^= 1 << bit;
        prop_assert_eq!(device.open(&sealed[FRONT..]).err(), Some(Fault::Mac));

        let (mut host, mut device) = pair([1; 8], [2; 8]);
        let sealed = host.seal(b"message").unwrap();
        device.open(&sealed[FRONT..]).unwrap();
        let mut answer = device.seal(b"answer").unwrap();
        answer[FRONT + at] ^= 1 << bit;
        prop_assert_eq!(host.open(&answer[HEADER..]).err(), Some(Fault::Mac));
    }

    #[test]
    fn anything_that_was_not_sealed_is_refused(
        data in prop::collection::vec(any::<u8>(), 0..80),
    ) {
        let (mut host, mut device) = pair([1; 8], [2; 8]);
        host.seal(b"message").unwrap();
        prop_assert!(host.open(&data).is_err());
        prop_assert!(device.open(&data).is_err());
    }
}
