//! What two programs said to each other inside a YubiHSM 2's session, opened by whoever knows the authentication key.

use crate::proxy::Exchange;
use keyferry_scp03::{
    ANSWER, AUTHENTICATE_SESSION, DeviceChannel, HEADER, HostChannel, SESSION_MESSAGE, StaticKeys,
};

/// CREATE SESSION.
const CREATE_SESSION: u8 = 0x03;

/// Every command and every answer in the clear, one after the other, what was never sealed among them. Each frame is made again from what
/// it was opened to: nothing can have been opened wrongly.
///
/// # Panics
/// When a session cannot be followed.
pub(crate) fn opened(exchanges: &[Exchange], keys: &[u8]) -> Vec<Vec<u8>> {
    let keys = StaticKeys::from_bytes(keys).unwrap();
    let mut clear = Vec::new();
    let mut session: Option<(HostChannel, DeviceChannel, Vec<u8>)> = None;
    for (command, answer) in exchanges {
        match command[0] {
            CREATE_SESSION => {
                let host = command[HEADER + 2..].try_into().unwrap();
                let id = answer[HEADER];
                let card = answer[HEADER + 1..HEADER + 9].try_into().unwrap();
                let shown = answer[HEADER + 9..].try_into().unwrap();
                let (device, made) = DeviceChannel::begin(&keys, id, host, card);
                assert_eq!(made, shown);
                let (host, frame) = HostChannel::begin(&keys, id, host, card, shown).unwrap();
                session = Some((host, device, frame));
            }
            AUTHENTICATE_SESSION => {
                let (_, device, frame) = session.as_mut().unwrap();
                assert_eq!(command, frame);
                device.authenticate(&command[HEADER + 1..]).unwrap();
            }
            SESSION_MESSAGE => {
                let (host, device, _) = session.as_mut().unwrap();
                let said = device.open(&command[HEADER + 1..]).unwrap();
                assert_eq!(&host.seal(&said).unwrap(), command);
                assert_eq!(answer[0], SESSION_MESSAGE | ANSWER);
                let told = host.open(&answer[HEADER..]).unwrap();
                assert_eq!(&device.seal(&told).unwrap(), answer);
                clear.push(said.to_vec());
                clear.push(told.to_vec());
            }
            _ => clear.extend([command.clone(), answer.clone()]),
        }
    }
    clear
}
