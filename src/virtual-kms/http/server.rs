//! A listener, and a thread for each connection.

use super::message::Connection;
use super::{Request, Response};
use std::io::{BufReader, ErrorKind, Read as _, Result};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// How long a connection may be silent.
const PATIENCE: Duration = Duration::from_mins(1);
/// How often a connection that was left hanging is looked at.
const GLANCE: Duration = Duration::from_millis(5);
/// How many connections there may be at a time.
const MAX_CONNECTIONS: usize = 256;

/// What becomes of a request.
pub(crate) enum Reply {
    /// An answer.
    Answer(Response),
    /// The connection is closed without a byte.
    HangUp,
    /// Nothing, while the client waits.
    Hang,
}

/// Who answers.
pub(crate) trait Handler: Send + Sync + 'static {
    /// Answers a request.
    fn answer(&self, request: &Request) -> Reply;
    /// Answers what is no request.
    fn malformed(&self, because: &str) -> Reply;
    /// Whether a client that waits is to wait on.
    fn is_hanging(&self) -> bool;
    /// The client that waited has gone.
    fn release(&self);
}

/// A running server.
pub(crate) struct Server {
    address: SocketAddr,
    stopping: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Listens, and answers from a thread of its own.
    pub(crate) fn start(listen: SocketAddr, handler: Arc<impl Handler>) -> Result<Self> {
        let listener = TcpListener::bind(listen)?;
        let address = listener.local_addr()?;
        let stopping = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&stopping);
        let accept = move || {
            let connections = Arc::new(AtomicUsize::new(0));
            for stream in listener.incoming() {
                if seen.load(Ordering::SeqCst) {
                    return;
                }
                let Ok(stream) = stream else { continue };
                serve(stream, &handler, &connections);
            }
        };
        let thread = std::thread::Builder::new().name("accept".to_owned()).spawn(accept)?;
        Ok(Self { address, stopping, thread: Some(thread) })
    }

    /// Where it listens.
    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Waits for ever: the listener ends only with this.
    pub(crate) fn wait(&self) {
        while self.thread.as_ref().is_some_and(|thread| !thread.is_finished()) {
            std::thread::park_timeout(Duration::from_mins(1));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(thread) = self.thread.take() {
            self.stopping.store(true, Ordering::SeqCst);
            // Wakes the listener, so that it sees.
            let _ = TcpStream::connect(self.address);
            let _ = thread.join();
        }
    }
}

fn serve(stream: TcpStream, handler: &Arc<impl Handler>, connections: &Arc<AtomicUsize>) {
    if connections.fetch_add(1, Ordering::SeqCst) >= MAX_CONNECTIONS {
        connections.fetch_sub(1, Ordering::SeqCst);
        return;
    }
    let place = Place(Arc::clone(connections));
    let handler = Arc::clone(handler);
    let talk = move || {
        let _place = place;
        // A connection that breaks concerns nobody else.
        let _ = converse(&stream, handler.as_ref());
        let _ = stream.shutdown(Shutdown::Both);
    };
    // Without a thread the connection is closed, and the place free again.
    let _ = std::thread::Builder::new().name("connection".to_owned()).spawn(talk);
}

/// One of the places for connections, given back when dropped.
struct Place(Arc<AtomicUsize>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

fn converse(stream: &TcpStream, handler: &impl Handler) -> Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream);
    let mut writer = stream;
    loop {
        let (reply, connection) = match Request::read(&mut reader) {
            Ok(None) => return Ok(()),
            Ok(Some((request, connection))) => (handler.answer(&request), connection),
            Err(error) if error.kind() == ErrorKind::InvalidData => {
                (handler.malformed(&error.to_string()), Connection::Close)
            }
            Err(error) => return Err(error),
        };
        let response = match reply {
            Reply::Answer(response) => response,
            Reply::HangUp => return Ok(()),
            Reply::Hang => return hang(stream, handler),
        };
        response.write(&mut writer, connection)?;
        if connection == Connection::Close {
            return linger(stream);
        }
    }
}

/// Says nothing until the client has gone, or there is another fault.
fn hang(stream: &TcpStream, handler: &impl Handler) -> Result<()> {
    stream.set_read_timeout(Some(GLANCE))?;
    while handler.is_hanging() {
        match stream.peek(&mut [0]) {
            Ok(0) => break,
            Ok(_) => std::thread::sleep(GLANCE),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Err(_) => break,
        }
    }
    handler.release();
    Ok(())
}

/// Reads on for a moment: closing on unread bytes would reset the connection, and the client would lose its answer.
fn linger(mut stream: &TcpStream) -> Result<()> {
    stream.shutdown(Shutdown::Write)?;
    stream.set_read_timeout(Some(Duration::from_millis(500)))?;
    let mut rest = [0; 4096];
    for _ in 0..256 {
        if stream.read(&mut rest)? == 0 {
            break;
        }
    }
    Ok(())
}
