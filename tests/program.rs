//! Running programs and services as processes.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// How a program ended and what it said.
#[derive(Debug, Clone)]
pub struct Run {
    /// The exit code, or -1 after a signal.
    pub code: i32,
    /// Everything on stdout.
    pub stdout: String,
    /// Everything on stderr.
    pub stderr: String,
}

impl Run {
    /// Runs a prepared command with `answers` typed at its prompts.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn of(command: &mut Command, answers: &[&str]) -> io::Result<Self> {
        command.env("NO_COLOR", "1");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn()?;
        if let Some(mut stdin) = child.stdin.take() {
            for answer in answers {
                // A program that refuses early has closed its end.
                if stdin.write_all(format!("{answer}\n").as_bytes()).is_err() {
                    break;
                }
            }
        }
        let output = child.wait_with_output()?;
        Ok(Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        })
    }

    /// Whether any line says this.
    #[must_use]
    pub fn says(&self, text: &str) -> bool {
        self.stderr.contains(text) || self.stdout.contains(text)
    }
}

/// A virtual service that ends with the test.
#[derive(Debug)]
pub struct Service {
    child: Child,
    /// Where it listens.
    pub url: String,
}

impl Service {
    /// Starts a service and waits for the line that names its address.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start(program: &Path, arguments: &[&str]) -> io::Result<Self> {
        let mut child = Command::new(program)
            .args(["--listen", "127.0.0.1:0"])
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let mut line = String::new();
        if let Some(stdout) = child.stdout.take() {
            BufReader::new(stdout).read_line(&mut line)?;
        }
        let url = line.trim().trim_start_matches("listening on ").to_owned();
        let service = Self { child, url };
        if service.url.starts_with("http://") { Ok(service) } else { Err(io::Error::other(line)) }
    }
}

impl Service {
    /// Asks a virtual service for what only a stand-in has, and returns the body of its answer.
    ///
    /// # Errors
    /// When it does not answer, or refuses.
    pub fn ask(&self, method: &str, path: &str, body: &str) -> io::Result<String> {
        let host = self.url.trim_start_matches("http://");
        let mut stream = std::net::TcpStream::connect(host)?;
        let length = body.len();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n\
             Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
        )?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        match answer.split_once("\r\n\r\n") {
            Some((head, body)) if head.starts_with("HTTP/1.1 200") => Ok(body.to_owned()),
            _ => Err(io::Error::other(answer)),
        }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
