//! The connector's part: listens on loopback, hands frames to the device, one thread a connection.

use crate::device::{Device, Reply};
use crate::faults::Faults;
use crate::http::{self, Status};
use crate::store::FileError;
use std::fmt;
use std::io::{self, BufReader, ErrorKind};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How often a connection that was left hanging is looked at.
const GLANCE: Duration = Duration::from_millis(5);

/// How to start.
#[derive(Debug, Clone)]
pub struct Options {
    /// A loopback address; port 0 picks a free port.
    pub listen: SocketAddr,
    /// The state file, made when it is not there. Its folder must exist.
    pub state: PathBuf,
    /// The serial of a device that is made now; eight random digits otherwise.
    pub serial: Option<u32>,
    /// Whether a device that is made now is a FIPS device. Only its option can be tried here; nothing is certified.
    pub fips: bool,
    /// The faults to show.
    pub faults: Faults,
}

impl Options {
    /// A device without faults, kept in `state`, on a free port.
    #[must_use]
    pub fn new(state: impl Into<PathBuf>) -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            state: state.into(),
            serial: None,
            fips: false,
            faults: Faults::default(),
        }
    }
}

/// Why a service does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Anybody on the network could use the device.
    #[error("{0} is no loopback address")]
    NotLoopback(SocketAddr),
    /// The address cannot be had.
    #[error("cannot listen on {0}")]
    Listen(SocketAddr, #[source] io::Error),
    /// The state cannot be used.
    #[error("cannot use the state file {0}")]
    State(PathBuf, #[source] FileError),
}

/// A running service. It ends when this is dropped.
pub struct Service {
    address: SocketAddr,
    serial: u32,
    device: Arc<Mutex<Device>>,
    stop: Arc<AtomicBool>,
    accepting: Option<JoinHandle<()>>,
}

/// A connection: the means to end it, and its thread.
type Connection = (TcpStream, JoinHandle<()>);

impl Service {
    /// Starts listening; requests are answered from now on.
    ///
    /// # Errors
    /// [`StartError`]; nothing runs then.
    pub fn start(options: Options) -> Result<Self, StartError> {
        let Options { listen, state, serial, fips, faults } = options;
        if !listen.ip().is_loopback() {
            return Err(StartError::NotLoopback(listen));
        }
        let bound = TcpListener::bind(listen).and_then(|listener| {
            let address = listener.local_addr()?;
            Ok((listener, address))
        });
        let (listener, address) = bound.map_err(|error| StartError::Listen(listen, error))?;
        let device = Device::open(&state, (serial, fips), faults, Instant::now())
            .map_err(|error| StartError::State(state, error))?;
        let serial = device.serial();
        let device = Arc::new(Mutex::new(device));
        let stop = Arc::new(AtomicBool::new(false));
        let accepting = {
            let (device, stop) = (Arc::clone(&device), Arc::clone(&stop));
            std::thread::spawn(move || accept(&listener, address, &device, &stop))
        };
        Ok(Self { address, serial, device, stop, accepting: Some(accepting) })
    }

    /// Where clients connect, such as `http://127.0.0.1:12345`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The address and port it listens on.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The device's serial number.
    #[must_use]
    pub const fn serial(&self) -> u32 {
        self.serial
    }

    /// Answers a frame as it would over a connection, without one; nothing where a fault loses the answer.
    #[must_use]
    pub fn answer(&self, frame: &[u8]) -> Option<Vec<u8>> {
        match exchange(&self.device, frame) {
            Reply::Frame(frame) => Some(frame),
            Reply::Lost | Reply::Hang => None,
        }
    }

    /// Serves until the process is ended.
    pub fn wait(mut self) {
        if let Some(accepting) = self.accepting.take() {
            let _ = accepting.join();
        }
    }
}

/// Nothing of what the device keeps.
impl fmt::Debug for Service {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { address, serial, .. } = self;
        formatter
            .debug_struct("Service")
            .field("address", address)
            .field("serial", serial)
            .finish_non_exhaustive()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        if let Some(accepting) = self.accepting.take() {
            self.stop.store(true, Ordering::SeqCst);
            // Wakes the accepting thread.
            let _ = TcpStream::connect(self.address);
            let _ = accepting.join();
        }
    }
}

fn accept(
    listener: &TcpListener,
    address: SocketAddr,
    device: &Arc<Mutex<Device>>,
    stop: &AtomicBool,
) {
    let mut connections: Vec<Connection> = Vec::new();
    for stream in listener.incoming() {
        if stop.load(Ordering::SeqCst) {
            break;
        }
        connections.retain(|(_, thread)| !thread.is_finished());
        // A connection that could not be made is the client's to notice.
        let Ok(stream) = stream else { continue };
        let Ok(handle) = stream.try_clone() else { continue };
        let device = Arc::clone(device);
        let thread = std::thread::spawn(move || {
            // A connection that breaks ends its thread and nothing else.
            let _ = serve(&stream, address, &device);
            let _ = stream.shutdown(Shutdown::Both);
        });
        connections.push((handle, thread));
    }
    for (stream, thread) in connections {
        let _ = stream.shutdown(Shutdown::Both);
        let _ = thread.join();
    }
}

fn serve(stream: &TcpStream, address: SocketAddr, device: &Mutex<Device>) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut input = BufReader::new(stream);
    let mut output = stream;
    while let Some(request) = http::read(&mut input, &mut output)? {
        let keep = request.keep_alive;
        match (request.method.as_str(), request.path.as_str()) {
            ("POST", "/connector/api") => {
                let frame = match exchange(device, &request.body) {
                    Reply::Frame(frame) => frame,
                    Reply::Lost => return Ok(()),
                    Reply::Hang => return hang(stream, device),
                };
                http::write(&mut output, Status::Ok, "application/octet-stream", &frame, keep)?;
            }
            ("POST", "/virtual/faults") => {
                let told = serde_json::from_slice::<Faults>(&request.body)
                    .is_ok_and(|faults| lock(device).set_faults(faults).is_ok());
                let status = if told { Status::Ok } else { Status::BadRequest };
                http::write(&mut output, status, "text/plain", b"", keep)?;
            }
            ("GET", "/virtual/faults") => {
                let tally = lock(device).tally().to_string();
                http::write(&mut output, Status::Ok, "application/json", tally.as_bytes(), keep)?;
            }
            (_, "/connector/status") if is_gone(device) => return Ok(()),
            ("GET", "/connector/status") => {
                http::write(
                    &mut output,
                    Status::Ok,
                    "text/plain",
                    status(address).as_bytes(),
                    keep,
                )?;
            }
            (_, "/connector/api" | "/connector/status" | "/virtual/faults") => {
                http::write(&mut output, Status::MethodNotAllowed, "text/plain", b"", keep)?;
            }
            (_, _) => http::write(&mut output, Status::NotFound, "text/plain", b"", keep)?,
        }
        if !keep {
            break;
        }
    }
    Ok(())
}

/// What becomes of a frame, after the delay that is a fault too.
fn exchange(device: &Mutex<Device>, frame: &[u8]) -> Reply {
    let mut device = lock(device);
    let reply = device.handle(frame, Instant::now());
    let delay = device.delay();
    drop(device);
    if matches!(reply, Reply::Frame(_)) {
        std::thread::sleep(delay);
    }
    reply
}

/// Says nothing until the client has gone, or the faults are others.
fn hang(stream: &TcpStream, device: &Mutex<Device>) -> io::Result<()> {
    stream.set_read_timeout(Some(GLANCE))?;
    while lock(device).is_hanging() {
        match stream.peek(&mut [0]) {
            Ok(0) => break,
            Ok(_) => std::thread::sleep(GLANCE),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Err(_) => break,
        }
    }
    lock(device).release();
    Ok(())
}

fn lock(device: &Mutex<Device>) -> MutexGuard<'_, Device> {
    device.lock().unwrap_or_else(PoisonError::into_inner)
}

fn is_gone(device: &Mutex<Device>) -> bool {
    lock(device).is_gone()
}

/// The connector's status page: it does not say which device it found.
fn status(address: SocketAddr) -> String {
    format!(
        "status=OK\nserial=*\nversion={}\npid={}\naddress={}\nport={}\n",
        env!("CARGO_PKG_VERSION"),
        std::process::id(),
        address.ip(),
        address.port()
    )
}
