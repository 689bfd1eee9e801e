//! The two devices themselves, each in a process of its own and without a connection. Ours is in this one.

use crate::SLICES;
use crate::direct::{Direct, Outcome, command, fill};
use crate::http::connect;
use keyferry_virtual_hsm::{Options, Service};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// The mock in its process, which ends with this value.
struct Mock {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Drop for Mock {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Mock {
    fn start(program: &Path) -> Outcome<Self> {
        let mut child = Command::new(program)
            .arg("direct")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let input = child.stdin.take().ok_or("no input")?;
        let output = BufReader::new(child.stdout.take().ok_or("no output")?);
        let mut mock = Self { child, input, output };
        mock.line()?;
        Ok(mock)
    }

    fn line(&mut self) -> Outcome<String> {
        let mut line = String::new();
        if self.output.read_line(&mut line)? == 0 { Err("the mock ended".into()) } else { Ok(line) }
    }

    fn slice(&mut self, name: &str) -> Outcome<f64> {
        writeln!(self.input, "{name}")?;
        Ok(self.line()?.trim().parse()?)
    }
}

/// How often a second of the time that a device has frames it answers each command: ours, and the mock. The best slice of each counts.
pub(crate) fn measure<const N: usize>(
    state: &Path,
    mock: &Path,
    commands: [&str; N],
) -> Outcome<[(f64, f64); N]> {
    let mut mock = Mock::start(mock)?;
    let service = Service::start(Options::new(state))?;
    fill(&connect(service.address().port())?)?;
    let mut ours = Direct::open(|frame| service.answer(&frame).ok_or("no answer".into()))?;
    let mut rates = [(0.0, 0.0); N];
    for (rate, name) in rates.iter_mut().zip(commands) {
        let command = command(name)?;
        for _ in 0..SLICES {
            rate.0 = f64::max(rate.0, ours.slice(&command)?);
            rate.1 = f64::max(rate.1, mock.slice(name)?);
        }
    }
    Ok(rates)
}
