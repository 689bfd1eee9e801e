//! One machine, and running a program on it as somebody.

use crate::programs::Programs;
use crate::stage::{Place, Stage};
use keyferry_console::screen::Tone;
use keyferry_console::{Exit, Failure, Screen};
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::rc::Rc;

/// A machine that programs run on.
pub(crate) struct Machine<'a> {
    pub(crate) place: Place,
    pub(crate) folder: PathBuf,
    programs: &'a Programs,
    screen: &'a Screen,
    environment: Vec<(&'static str, String)>,
    shown: Shown,
}

/// Passages up to this many lines are shown again.
const LONGEST_REPEATED: usize = 4;

/// Lines that were shown already, on whatever machine.
pub(crate) type Shown = Rc<RefCell<BTreeSet<String>>>;

impl<'a> Machine<'a> {
    pub(crate) fn new(
        place: Place,
        stage: &Stage,
        programs: &'a Programs,
        screen: &'a Screen,
        shown: Shown,
    ) -> Self {
        let environment = vec![("KEYFERRY_TRUST", "trust".to_owned())];
        Self { place, folder: stage.folder(place), programs, screen, environment, shown }
    }

    /// Adds variables that this machine's programs see.
    pub(crate) fn with(mut self, variables: Vec<(&'static str, String)>) -> Self {
        self.environment.extend(variables);
        self
    }

    /// Runs a program as `who`, who types `answers` at its prompts, and returns its stdout.
    pub(crate) fn run(
        &self,
        who: &str,
        program: &str,
        arguments: &[&str],
        answers: &[&str],
    ) -> Result<String, Failure> {
        let output = self.told(who, program, arguments, answers)?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        Err(stopped(format!("{program} ended with {}", output.status)))
    }

    /// Runs a program that asks nothing, and shows nothing of it unless it fails.
    pub(crate) fn run_unseen(&self, program: &str, arguments: &[&str]) -> Result<String, Failure> {
        let output =
            self.process(program, arguments, &[]).map_err(|error| unable(program, &error))?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        self.show(&said(&output));
        Err(stopped(format!("{program} {} ended with {}", shown(arguments), output.status)))
    }

    /// As [`Self::run`], where the program must refuse, with this exit code and these words.
    pub(crate) fn refused(
        &self,
        who: &str,
        program: &str,
        arguments: &[&str],
        answers: &[&str],
        (exit, words): (Exit, &str),
    ) -> Result<(), Failure> {
        let output = self.told(who, program, arguments, answers)?;
        if output.status.code() != Some(exit as i32) {
            let wanted = exit as i32;
            return Err(stopped(format!(
                "{program} ended with {}, not with {wanted}",
                output.status
            )));
        }
        if !said(&output).contains(words) {
            return Err(stopped(format!("{program} did not say \"{words}\"")));
        }
        self.screen.say(format!("  refused with exit code {}, as it must be", exit as i32));
        Ok(())
    }

    /// Runs a program and shows what it was called with and what it said.
    fn told(
        &self,
        who: &str,
        program: &str,
        arguments: &[&str],
        answers: &[&str],
    ) -> Result<Output, Failure> {
        let told = format!("{}@{} $ {program} {}", who, self.place.name(), shown(arguments));
        self.screen.tell(Tone::Caution, told);
        let run = self.process(program, arguments, answers);
        let output = run.map_err(|error| unable(program, &error))?;
        self.show(&said(&output));
        Ok(output)
    }

    /// What the program said, without long passages it has said before: the second officer reads the same page as the first.
    fn show(&self, text: &str) {
        let mut shown = self.shown.borrow_mut();
        let lines: Vec<(&str, bool)> =
            text.lines().map(|line| (line, !shown.insert(line.to_owned()))).collect();
        for passage in lines.chunk_by(|a, b| a.1 == b.1) {
            let known = passage.iter().all(|(_, known)| *known);
            if known && passage.len() > LONGEST_REPEATED {
                self.screen.say("    (as before)");
            } else {
                for (line, _) in passage {
                    self.screen.say(format!("    {line}"));
                }
            }
        }
    }

    fn process(
        &self,
        program: &str,
        arguments: &[&str],
        answers: &[&str],
    ) -> std::io::Result<Output> {
        let mut command = Command::new(self.programs.path(program));
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("AWS_") {
                command.env_remove(name);
            }
        }
        command.current_dir(&self.folder).args(arguments).env("NO_COLOR", "1");
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        if !answers.is_empty() {
            command.args(["--answers-fd", "0"]);
        }
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
        child.wait_with_output()
    }
}

/// Everything a program said.
fn said(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    text(&output.stderr) + &text(&output.stdout)
}

fn unable(program: &str, error: &std::io::Error) -> Failure {
    Failure::new(Exit::File, "program", format!("{program} cannot be run")).because(error)
}

/// The story does not go as it must.
pub(crate) fn stopped(because: String) -> Failure {
    Failure::new(Exit::Bug, "rehearsal", "the rehearsal stops here").because(because)
}

/// The command as a person would type it.
fn shown(arguments: &[&str]) -> String {
    let quoted = |argument: &&str| {
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_./:=@,+".contains(&b);
        if !argument.is_empty() && argument.bytes().all(plain) {
            (*argument).to_owned()
        } else {
            format!("'{argument}'")
        }
    };
    arguments.iter().map(quoted).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn a_program_that_must_refuse_refuses_with_that_code_and_those_words() {
        let screen = Screen::new(false);
        let programs = Programs::in_folder(Path::new("/bin"));
        let stage = Stage::set(None, &screen).unwrap();
        let machine = Machine::new(Place::Room, &stage, &programs, &screen, Shown::default());
        let refused = |script: &str, words: &str| {
            machine.refused("somebody", "sh", &["-c", script], &[], (Exit::Policy, words))
        };
        refused("echo not yet >&2; exit 4", "not yet").unwrap();
        for (script, words) in [("true", ""), ("exit 3", ""), ("echo not yet; exit 4", "never")] {
            assert_eq!(refused(script, words).unwrap_err().code, "rehearsal", "{script}");
        }
        let ends = |script: &str| machine.run("somebody", "sh", &["-c", script], &[]);
        assert_eq!(ends("echo done").unwrap(), "done\n");
        assert_eq!(ends("exit 4").unwrap_err().code, "rehearsal");
    }
}
