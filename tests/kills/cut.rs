//! One way in which a program ends too early.

use keyferry_tests::{Run, Service};
use std::fmt;
use std::io::{self, Read as _, Write as _};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// What happens to a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum What {
    /// SIGKILL before the command or call takes effect.
    KilledBefore,
    /// SIGKILL after it took effect, before its answer.
    KilledAfter,
    /// It takes effect, and its answer is lost.
    Unanswered,
    /// The HSM loses power before the command takes effect.
    PowerCutBefore,
    /// The HSM loses power after it.
    PowerCutAfter,
    /// The HSM knows the session no more.
    SessionEnded,
    /// The HSM is gone from then on.
    Unplugged,
    /// KMS is too busy for the call.
    Throttled,
    /// KMS fails by itself.
    Failing,
    /// The program ends before a step that changes the medium.
    Ended,
    /// The medium has no space from that step on.
    Full,
}

/// Where it happens, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cut {
    pub(crate) what: What,
    pub(crate) at: u64,
}

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {}", self.what, self.at)
    }
}

impl Cut {
    /// The points of several kinds at each of `count` places.
    pub(crate) fn all(whats: &[What], count: u64) -> Vec<Self> {
        let at = |what: &What| {
            (1..=count).map({
                let what = *what;
                move |at| Self { what, at }
            })
        };
        whats.iter().flat_map(at).collect()
    }

    /// The virtual HSM's faults.
    fn of_hsm(self) -> Option<String> {
        let name = match self.what {
            What::KilledBefore => "hang_before",
            What::KilledAfter => "hang_after",
            What::Unanswered => "lose_at",
            What::PowerCutBefore => "power_cut_before",
            What::PowerCutAfter => "power_cut_after",
            What::SessionEnded => "end_session_at",
            What::Unplugged => "gone_at",
            What::Throttled | What::Failing | What::Ended | What::Full => return None,
        };
        Some(format!("{{\"{name}\":{}}}", self.at))
    }

    /// The virtual KMS's fault.
    fn of_kms(self) -> Option<String> {
        let kind = match self.what {
            What::KilledBefore => "hang-before",
            What::KilledAfter => "hang-after",
            What::Unanswered => "lose-answer",
            What::Throttled => "throttle",
            What::Failing => "internal",
            What::PowerCutBefore
            | What::PowerCutAfter
            | What::SessionEnded
            | What::Unplugged
            | What::Ended
            | What::Full => return None,
        };
        Some(format!("{{\"kind\":\"{kind}\",\"call\":{}}}", self.at))
    }

    /// Runs a program that works with the HSM or with KMS, and cuts it off. A killed one has code -1.
    pub(crate) fn run(
        self,
        command: &mut Command,
        answers: &[&str],
        hsm: Option<&Service>,
        kms: Option<&Service>,
    ) -> io::Result<Run> {
        match self.what {
            What::Ended => command.env("KEYFERRY_TEST_CUT_AT", self.at.to_string()),
            What::Full => command.env("KEYFERRY_TEST_FULL_AT", self.at.to_string()),
            _ => command,
        };
        let service = hsm.or(kms).ok_or_else(|| io::Error::other("no service"))?;
        let (told, tally) = if hsm.is_some() {
            (self.of_hsm().map(|body| ("/virtual/faults", body)), "/virtual/faults")
        } else {
            (self.of_kms().map(|body| ("/virtual/fault", body)), "/virtual/calls")
        };
        if let Some((path, body)) = told {
            service.ask("POST", path, &body)?;
        }
        let run = match self.what {
            What::KilledBefore | What::KilledAfter => killed(command, answers, service, tally),
            _ => Run::of(command, answers),
        }?;
        if hsm.is_some() {
            service.ask("POST", "/virtual/faults", "{}")?;
        }
        Ok(run)
    }
}

/// Runs a program until it waits for an answer that does not come, and kills it.
fn killed(command: &mut Command, answers: &[&str], of: &Service, tally: &str) -> io::Result<Run> {
    command.env("NO_COLOR", "1");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        for answer in answers {
            stdin.write_all(format!("{answer}\n").as_bytes())?;
        }
    }
    let hanging = |of: &Service| of.ask("GET", tally, "").map(|it| it.contains("\"hanging\":true"));
    let begun = Instant::now();
    while child.try_wait()?.is_none() && !hanging(of)? {
        if begun.elapsed() > Duration::from_mins(1) {
            child.kill()?;
            return Err(io::Error::other("it neither ended nor waited"));
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    // SIGKILL.
    child.kill()?;
    let code = child.wait()?.code().unwrap_or(-1);
    let mut run = Run { code, stdout: String::new(), stderr: String::new() };
    if let (Some(mut stdout), Some(mut stderr)) = (child.stdout.take(), child.stderr.take()) {
        stdout.read_to_string(&mut run.stdout)?;
        stderr.read_to_string(&mut run.stderr)?;
    }
    let killed = Instant::now();
    while hanging(of)? {
        if killed.elapsed() > Duration::from_secs(10) {
            return Err(io::Error::other("the service waits for a client that was killed"));
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    Ok(run)
}
