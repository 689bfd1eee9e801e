//! Both programs behind HTTP on the loopback, as a client has them.

use crate::SLICES;
use crate::direct::{Outcome, SIGNING_KEY, SLICE};
use sha2::{Digest as _, Sha256};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use yubihsm::connector::HttpConfig;
use yubihsm::{Client, Connector, Credentials};

/// One command, sent and answered.
pub(crate) type Act = fn(&Client) -> Outcome<()>;

/// Clients at once, each with a session of its own.
pub(crate) const CLIENTS: usize = 4;
/// How long they go on, of both programs in turn; the best of so many rounds counts.
const ROUND: Duration = Duration::from_millis(500);
const ROUNDS: u32 = 8;

/// How often a second a command was answered: of the clock's seconds, which the client and the loopback share, and of the service's own
/// processor time.
pub(crate) struct Rate {
    pub(crate) by_clock: f64,
    pub(crate) by_processor: f64,
}

/// A program under measurement, ended with this value.
pub(crate) struct Program {
    child: Child,
    pub(crate) port: u16,
    pub(crate) client: Client,
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Program {
    /// Starts it; it listens once it has said its first line.
    fn start(command: &mut Command, port: u16) -> Outcome<Self> {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
        let output = child.stdout.take().ok_or("no output")?;
        BufReader::new(output).read_line(&mut String::new())?;
        Ok(Self { child, port, client: connect(port)? })
    }

    /// Several sessions more. They stay open: a device has sixteen.
    fn clients(&self) -> Outcome<Vec<Client>> {
        (0..CLIENTS).map(|_| connect(self.port)).collect()
    }

    /// Processor time it has used, in seconds (proc(5): fields 14 and 15, in hundredths on every platform of Linux that Rust knows).
    fn processor(&self) -> Outcome<f64> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        let (_, fields) = stat.rsplit_once(')').ok_or("no stat")?;
        let mut ticks = fields.split_whitespace().skip(11).map(str::parse::<u32>);
        let (user, system) = (ticks.next().ok_or("no utime")??, ticks.next().ok_or("no stime")??);
        Ok(f64::from(user + system) / 100.0)
    }

    /// Resident memory in MB.
    pub(crate) fn resident(&self) -> Outcome<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib: u32 =
            line.and_then(|line| line.trim().strip_suffix(" kB")).ok_or("no VmRSS")?.parse()?;
        Ok(f64::from(kib) / 1024.0)
    }
}

pub(crate) fn echo(client: &Client) -> Outcome<()> {
    client.echo(&b"0123456789abcdef"[..])?;
    Ok(())
}

pub(crate) fn random(client: &Client) -> Outcome<()> {
    client.get_pseudo_random(32)?;
    Ok(())
}

pub(crate) fn sign(client: &Client) -> Outcome<()> {
    client.sign_ecdsa_prehash_raw(SIGNING_KEY, Sha256::digest(b"bench").to_vec())?;
    Ok(())
}

/// A session.
pub(crate) fn connect(port: u16) -> Outcome<Client> {
    let config = HttpConfig { addr: "127.0.0.1".to_owned(), port, timeout_ms: 5000 };
    Ok(Client::open(Connector::http(&config), Credentials::default(), false)?)
}

/// A port nobody listens on now.
fn free_port() -> Outcome<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

pub(crate) fn service(state: &Path) -> Outcome<Program> {
    let port = free_port()?;
    let mut command = Command::new(env!("CARGO_BIN_EXE_keyferry-virtual-hsm"));
    command.arg("--listen").arg(format!("127.0.0.1:{port}")).arg("--state").arg(state);
    Program::start(&mut command, port)
}

pub(crate) fn mock(program: &Path) -> Outcome<Program> {
    let port = free_port()?;
    Program::start(Command::new(program).arg(port.to_string()), port)
}

/// Repeats a command of both programs for a while.
pub(crate) fn measure(ours: &Program, mock: &Program, command: Act) -> Outcome<(Rate, Rate)> {
    let (mut ours, mut mock) = (Tally::start(ours, command)?, Tally::start(mock, command)?);
    for _ in 0..SLICES {
        ours.slice()?;
        mock.slice()?;
    }
    Ok((ours.rate()?, mock.rate()?))
}

/// How often a second several clients at once were answered.
fn together(clients: &[Client], command: Act) -> Outcome<f64> {
    let start = Instant::now();
    let counts = std::thread::scope(|scope| {
        let running: Vec<_> = clients
            .iter()
            .map(|client| {
                scope.spawn(move || {
                    let mut count = 0;
                    while start.elapsed() < ROUND {
                        command(client).map_err(|error| error.to_string())?;
                        count += 1;
                    }
                    Ok::<u32, String>(count)
                })
            })
            .collect();
        running.into_iter().map(|one| one.join().map_err(|_| "a client panicked")?).collect()
    });
    let counts: Result<Vec<u32>, String> = counts;
    Ok(f64::from(counts?.iter().sum::<u32>()) / start.elapsed().as_secs_f64())
}

/// The same from several clients at once: the best round of each program.
pub(crate) fn crowd(ours: &Program, mock: &Program, command: Act) -> Outcome<(f64, f64)> {
    let (our_clients, mock_clients) = (ours.clients()?, mock.clients()?);
    let mut best = (0.0, 0.0);
    for _ in 0..ROUNDS {
        best.0 = f64::max(best.0, together(&our_clients, command)?);
        best.1 = f64::max(best.1, together(&mock_clients, command)?);
    }
    Ok(best)
}

/// A command of one program, being counted.
struct Tally<'a> {
    program: &'a Program,
    command: Act,
    /// The program's processor time before the first slice.
    spent: f64,
    best: f64,
    count: u32,
}

impl<'a> Tally<'a> {
    fn start(program: &'a Program, command: Act) -> Outcome<Self> {
        command(&program.client)?;
        Ok(Self { program, command, spent: program.processor()?, best: 0.0, count: 0 })
    }

    fn slice(&mut self) -> Outcome<()> {
        let (rate, count) = slice(|| (self.command)(&self.program.client))?;
        self.best = self.best.max(rate);
        self.count += count;
        Ok(())
    }

    fn rate(&self) -> Outcome<Rate> {
        let spent = self.program.processor()? - self.spent;
        Ok(Rate { by_clock: self.best, by_processor: f64::from(self.count) / spent })
    }
}

/// How often a second `act` was done in one slice, and how often in all.
fn slice(mut act: impl FnMut() -> Outcome<()>) -> Outcome<(f64, u32)> {
    let (start, mut count) = (Instant::now(), 0);
    while start.elapsed() < SLICE {
        act()?;
        count += 1;
    }
    Ok((f64::from(count) / start.elapsed().as_secs_f64(), count))
}

/// What the loopback allows at best: a page over the same kind of connection, without a session or a command behind it.
pub(crate) fn loopback(port: u16) -> Outcome<f64> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_nodelay(true)?;
    let mut buffer = [0; 4096];
    let mut best = 0.0;
    for _ in 0..SLICES {
        let (rate, _) = slice(|| {
            stream.write_all(b"GET /connector/status HTTP/1.1\r\n\r\n")?;
            // The page comes in one piece.
            if stream.read(&mut buffer)? == 0 { Err("the service hung up".into()) } else { Ok(()) }
        })?;
        best = f64::max(best, rate);
    }
    Ok(best)
}
