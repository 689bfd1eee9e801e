//! The session with the HSM: SCP03.

use keyferry_ceremony::self_test::{SelfTest, hex};
use keyferry_scp03::{AgreedKeys, DeviceChannel, HEADER, HostChannel, StaticKeys};

/// The factory's authentication key (YubiHSM 2 user guide, "Default authentication key").
const FACTORY: &str = "090b47dbed595654901dee1cc655e420592fd483f759e29909a04c4505d2ce0a";
/// Bytes in front of what a device's channel takes: the header and the session id.
const FRONT: usize = HEADER + 1;

pub(super) fn tests() -> [SelfTest; 3] {
    [
        SelfTest::answer(
            "AES-128-CMAC",
            "RFC 4493, example 2",
            &hex("2b7e151628aed2a6abf7158809cf4f3c 6bc1bee22e409f96e93d7e117393172a"),
            &hex("070a16b46b4d4144f79bdd9dd04a287c"),
            |bytes| {
                let (key, message) = bytes.split_at_checked(16).ok_or("too short")?;
                let keys = [key, &[0; 48]].concat();
                let keys = AgreedKeys::from_bytes(&keys).map_err(|fault| fault.to_string())?;
                Ok(keys.receipt(message, &[]).to_vec())
            },
        ),
        SelfTest::verdict(
            "SCP03: a YubiHSM 2's cryptogram",
            "python-yubihsm, tests/test_core.py",
            &hex("054d5631c9186f80 3225ed8a3224f2cf"),
            |bytes| {
                let (card, shown) = bytes.split_first_chunk::<8>().ok_or("too short")?;
                let shown = shown.try_into().map_err(|_| "it is no cryptogram")?;
                let begun = HostChannel::begin(&factory()?, 0, [0; 8], *card, shown);
                begun.map(|_| ()).map_err(|fault| fault.to_string())
            },
        ),
        SelfTest::holds("SCP03: a message there and back", "both sides", conversation),
    ]
}

fn factory() -> Result<StaticKeys, String> {
    StaticKeys::from_bytes(&hex(FACTORY)).map_err(|fault| fault.to_string())
}

/// A session on both sides; a changed answer is refused.
fn conversation() -> Result<(), String> {
    let keys = factory()?;
    let (mut device, shown) = DeviceChannel::begin(&keys, 3, [1; 8], [2; 8]);
    let told = |fault: keyferry_scp03::Fault| fault.to_string();
    let (mut host, frame) = HostChannel::begin(&keys, 3, [1; 8], [2; 8], shown).map_err(told)?;
    device.authenticate(frame.get(FRONT..).unwrap_or_default()).map_err(told)?;
    let command = host.seal(b"command").map_err(told)?;
    let taken = device.open(command.get(FRONT..).unwrap_or_default()).map_err(told)?;
    let answer = device.seal(b"answer").map_err(told)?;
    let answer = answer.get(HEADER..).unwrap_or_default();
    let mut changed = answer.to_vec();
    if let Some(last) = changed.last_mut() {
        *last ^= 1;
    }
    if host.open(&changed).is_ok() {
        return Err("a changed answer is taken".to_owned());
    }
    let answered = host.open(answer).map_err(told)?;
    if taken.as_slice() == b"command" && answered.as_slice() == b"answer" {
        Ok(())
    } else {
        Err("other bytes come out".to_owned())
    }
}
