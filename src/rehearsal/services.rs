//! The virtual HSM and the virtual KMS, as processes that end with the rehearsal.

use crate::programs::Programs;
use keyferry_console::{Exit, Failure};
use std::cell::RefCell;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

/// A running service.
pub(crate) struct Service {
    child: RefCell<Child>,
    url: String,
}

impl Service {
    /// Starts a service on a free port of the loopback and waits for its first line, which names its address.
    pub(crate) fn start(
        programs: &Programs,
        name: &str,
        arguments: &[&str],
    ) -> Result<Self, Failure> {
        let fail = |because: String| {
            Failure::new(Exit::File, "service", format!("{name} does not start")).because(because)
        };
        let mut child = Command::new(programs.path(name))
            .args(["--listen", "127.0.0.1:0"])
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| fail(error.to_string()))?;
        let mut line = String::new();
        if let Some(stdout) = child.stdout.take() {
            BufReader::new(stdout).read_line(&mut line).map_err(|error| fail(error.to_string()))?;
        }
        let mut service = Self { child: RefCell::new(child), url: String::new() };
        let url = line.trim().strip_prefix("listening on ").ok_or_else(|| fail(line.clone()))?;
        url.clone_into(&mut service.url);
        Ok(service)
    }

    /// Ends it before the story does.
    pub(crate) fn end(&self) {
        let mut child = self.child.borrow_mut();
        let _ = child.kill();
        let _ = child.wait();
    }

    /// Where it listens.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.end();
    }
}
