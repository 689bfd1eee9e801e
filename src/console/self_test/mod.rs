//! `self-test`: a program tries itself out before anybody relies on it, and shows which file it is.

mod host;
mod program;

#[cfg(test)]
mod tests;

pub use program::Program;

use crate::screen::Tone;
use crate::{Exit, Failure, Screen, fingerprint};
use keyferry_ceremony::self_test::{self, SelfTest};
use serde_json::{Value, json};

/// What to do with a program that fails.
const HINT: &str = "do not use this program on this machine: compare `sha256sum` of it with the paper, take it anew from where it was built, \
                    and run it on another machine; if it fails there too, it is a defect";

/// Tries everything that every program has, then what this one has besides, and says what came of it.
///
/// # Errors
/// [`Exit::Bug`] naming each test that failed.
pub fn run(program: &Program, more: Vec<SelfTest>, screen: &Screen) -> Result<(), Failure> {
    let mut tests = self_test::tests();
    tests.extend(host::tests());
    tests.extend(more);
    conclude(program, &tests, screen)
}

/// One test and what came of it.
struct Outcome<'a> {
    test: &'a SelfTest,
    problem: Option<String>,
}

impl Outcome<'_> {
    fn line(&self) -> String {
        let (name, source) = (self.test.name(), self.test.source());
        match &self.problem {
            None => format!("PASS  {name} ({source})"),
            Some(problem) => format!("FAIL  {name} ({source}): {problem}"),
        }
    }

    fn answer(&self) -> Value {
        json!({
            "name": self.test.name(),
            "source": self.test.source(),
            "passed": self.problem.is_none(),
            "problem": self.problem,
        })
    }
}

fn conclude(program: &Program, tests: &[SelfTest], screen: &Screen) -> Result<(), Failure> {
    let tried = |test| Outcome { test, problem: SelfTest::run(test).err() };
    let outcomes: Vec<Outcome> = tests.iter().map(tried).collect();
    let failed: Vec<&Outcome> = outcomes.iter().filter(|it| it.problem.is_some()).collect();
    let digest = program.digest()?;
    screen.json(&json!({
        "program": program.name,
        "version": program.version,
        "build": program.build(),
        "file": program.file.display().to_string(),
        "sha256": digest,
        "words": fingerprint::words(&digest).replace('\n', " "),
        "passed": failed.is_empty(),
        "tests": outcomes.iter().map(Outcome::answer).collect::<Vec<_>>(),
    }))?;
    for outcome in &outcomes {
        screen.result(outcome.line())?;
    }
    screen.result("")?;
    screen.result(format!("{} {}, {} build", program.name, program.version, program.build()))?;
    screen.result(format!("file      {}", program.file.display()))?;
    screen.result(format!("sha256    {digest}"))?;
    screen.result(fingerprint::hex(&digest))?;
    screen.result(fingerprint::words(&digest))?;
    let (all, bad) = (outcomes.len(), failed.len());
    if bad == 0 {
        screen.result(format!("SELF-TEST PASSED: {all} tests."))?;
        if !program.is_release {
            screen.warn("this is a debug build: build with --release for anything but a rehearsal");
        }
        screen.tell(Tone::Plain, "Compare the digest with the paper, and with sha256sum: a program that lies prints what it likes.");
        return Ok(());
    }
    screen.result(format!("SELF-TEST FAILED: {bad} of {all} tests."))?;
    let error = format!("{bad} of {all} self-tests failed");
    let failure = Failure::new(Exit::Bug, "self-test", error);
    Err(failed.iter().fold(failure, |failure, it| failure.because(it.line())).hint(HINT))
}
