//! A device without a connection: frames are handed to it, and only the time that it has them is counted. Both programs of the bench are
//! built with this file, and the store of each is filled by it.

use keyferry_scp03::{HEADER, HostChannel, StaticKeys};
use std::error::Error;
use std::time::{Duration, Instant};
use yubihsm::object::Label;
use yubihsm::{Capability, Client, Domain, asymmetric, authentication, opaque};

pub(crate) type Outcome<T> = Result<T, Box<dyn Error>>;

/// Objects of a full store, the credential and the signing key among them (user guide: 256 objects, 126 KB).
pub(crate) const OBJECTS: u16 = 256;
/// As many bytes of each as fit.
const OBJECT_BYTES: usize = 480;
pub(crate) const SIGNING_KEY: u16 = 0x100;

/// How long a command is repeated in one go.
pub(crate) const SLICE: Duration = Duration::from_millis(100);

/// The credential every device is delivered with.
const CREDENTIAL: u16 = 1;
const CREATE_SESSION: u8 = 0x03;

/// The inner frame of a command, by its name.
pub(crate) fn command(name: &str) -> Outcome<Vec<u8>> {
    Ok(match name {
        "echo" => frame(0x01, b"0123456789abcdef")?,
        "random" => frame(0x51, &32_u16.to_be_bytes())?,
        "sign" => frame(0x56, &[&SIGNING_KEY.to_be_bytes()[..], &[0x5a; 32]].concat())?,
        other => return Err(format!("no command is called {other}").into()),
    })
}

fn frame(code: u8, data: &[u8]) -> Outcome<Vec<u8>> {
    let [high, low] = u16::try_from(data.len())?.to_be_bytes();
    Ok([&[code, high, low], data].concat())
}

/// Fills the store: a P-256 key, and opaque objects.
pub(crate) fn fill(client: &Client) -> Outcome<()> {
    let (domain, capabilities) = (Domain::DOM1, Capability::SIGN_ECDSA);
    let label = || Label::from_bytes(b"bench");
    let algorithm = asymmetric::Algorithm::EcP256;
    client.generate_asymmetric_key(SIGNING_KEY, label()?, domain, capabilities, algorithm)?;
    for id in (SIGNING_KEY + 1..).take(usize::from(OBJECTS) - 2) {
        let (none, kind) = (Capability::empty(), opaque::Algorithm::Data);
        client.put_opaque(id, label()?, domain, none, kind, vec![0x5a; OBJECT_BYTES])?;
    }
    Ok(())
}

/// A session with a device that is handed its frames.
pub(crate) struct Direct<S> {
    send: S,
    channel: HostChannel,
}

impl<S: FnMut(Vec<u8>) -> Outcome<Vec<u8>>> Direct<S> {
    pub(crate) fn open(mut send: S) -> Outcome<Self> {
        let challenge = [7; 8];
        let created =
            send(frame(CREATE_SESSION, &[&CREDENTIAL.to_be_bytes()[..], &challenge].concat())?)?;
        let [_, _, _, id, rest @ ..] = created.as_slice() else {
            return Err("no session".into());
        };
        let (card, shown) = rest.split_first_chunk().ok_or("no challenge")?;
        let key = authentication::Key::default();
        let keys = StaticKeys::from_bytes(key.as_secret_slice())?;
        let (channel, message) =
            HostChannel::begin(&keys, *id, challenge, *card, shown.try_into()?)?;
        send(message)?;
        Ok(Self { send, channel })
    }

    /// Repeats a command for one slice of time: how often a second of the time that the device had the frames it answered.
    pub(crate) fn slice(&mut self, command: &[u8]) -> Outcome<f64> {
        let (start, mut spent, mut count) = (Instant::now(), Duration::ZERO, 0);
        while start.elapsed() < SLICE {
            let message = self.channel.seal(command)?;
            let handed = Instant::now();
            let answer = (self.send)(message)?;
            spent += handed.elapsed();
            let answer = self.channel.open(answer.get(HEADER..).ok_or("no answer")?)?;
            if answer.first() != command.first().map(|code| code | 0x80).as_ref() {
                return Err("the device refused the command".into());
            }
            count += 1;
        }
        Ok(f64::from(count) / spent.as_secs_f64())
    }
}
