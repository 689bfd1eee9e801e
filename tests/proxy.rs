//! A connector between a program and the virtual HSM that keeps every frame, and can stop before it passes one on.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};

/// The answer to DEVICE INFO.
const DEVICE_INFO: u8 = 0x86;

/// A frame and the answer to it.
pub(crate) type Exchange = (Vec<u8>, Vec<u8>);

/// The connector, and what passed through it.
pub(crate) struct Proxy {
    /// Where programs reach it.
    pub(crate) url: String,
    exchanges: Arc<Mutex<Vec<Exchange>>>,
    frames: Arc<Mutex<usize>>,
    /// Says that the frame to stop at is here.
    stopped: Receiver<()>,
    go_on: Sender<()>,
}

impl Proxy {
    /// Passes everything on to the service at `to`; stops before frame `stop_at`, counted from 1.
    pub(crate) fn start(to: &str, stop_at: Option<usize>) -> Self {
        Self::between(to, stop_at, None)
    }

    /// Passes everything on, but DEVICE INFO, which no session seals, tells of another firmware.
    pub(crate) fn with_firmware(to: &str, firmware: [u8; 3]) -> Self {
        Self::between(to, None, Some(firmware))
    }

    fn between(to: &str, stop_at: Option<usize>, firmware: Option<[u8; 3]>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let to = to.trim_start_matches("http://").to_owned();
        let (exchanges, frames) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Mutex::new(0)));
        let (tell, stopped) = channel();
        let (go_on, wait) = channel();
        let (kept, counted) = (Arc::clone(&exchanges), Arc::clone(&frames));
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let Ok(mut client) = client else { return };
                let Some((request, command)) = message(&mut client) else { continue };
                let number = {
                    let mut frames = counted.lock().unwrap();
                    *frames += usize::from(request.starts_with(b"POST"));
                    *frames
                };
                if stop_at == Some(number) {
                    let _ = tell.send(());
                    let _ = wait.recv();
                }
                let mut service = TcpStream::connect(&to).unwrap();
                service.write_all(&request).unwrap();
                let Some((mut answer, told)) = message(&mut service) else { continue };
                if let (Some(firmware), [DEVICE_INFO, _, _, _, _, _, ..]) = (firmware, &told[..]) {
                    let version = answer.len() - told.len() + 3;
                    answer[version..version + 3].copy_from_slice(&firmware);
                }
                kept.lock().unwrap().push((command, told));
                let _ = client.write_all(&answer);
            }
        });
        Self { url, exchanges, frames, stopped, go_on }
    }

    /// Every frame that passed, and its answer.
    pub(crate) fn exchanges(&self) -> Vec<Exchange> {
        self.exchanges.lock().unwrap().clone()
    }

    /// How many frames passed.
    pub(crate) fn frames(&self) -> usize {
        *self.frames.lock().unwrap()
    }

    /// Waits until the frame to stop at is here.
    pub(crate) fn wait(&self) {
        self.stopped.recv_timeout(std::time::Duration::from_mins(1)).unwrap();
    }

    /// Passes it on.
    pub(crate) fn go_on(&self) {
        self.go_on.send(()).unwrap();
    }
}

/// One HTTP message with a Content-Length, and its body.
fn message(stream: &mut TcpStream) -> Option<(Vec<u8>, Vec<u8>)> {
    let mut bytes = Vec::new();
    let mut byte = [0; 1];
    while !bytes.ends_with(b"\r\n\r\n") {
        if stream.read(&mut byte).ok()? == 0 {
            return None;
        }
        bytes.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&bytes).to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
    let mut body = vec![0; length?.trim().parse().ok()?];
    stream.read_exact(&mut body).ok()?;
    bytes.extend_from_slice(&body);
    Some((bytes, body))
}
