//! Whoever answers: a person at the terminal, or a file descriptor in automation. Secrets are never arguments, never environment.

use crate::{Exit, Failure, Screen, fingerprint};
use keyferry_bundle::Digest;
use secrecy::{ExposeSecret as _, SecretString};
use std::cell::RefCell;
use std::fs::File;
use std::io::{BufRead as _, IsTerminal as _, Read as _, Write as _};
use zeroize::Zeroizing;

/// Longest answer that is read.
const MAX_ANSWER: usize = 4096;
/// Fewest characters of a secret that is chosen now.
const SHORTEST_SECRET: usize = 12;

/// Somebody who can be asked.
#[derive(Debug)]
pub struct Person(Source);

#[derive(Debug)]
enum Source {
    Terminal,
    Answers(RefCell<File>),
}

impl Person {
    /// The person at the terminal.
    #[must_use]
    pub const fn terminal() -> Self {
        Self(Source::Terminal)
    }

    /// Answers from an open file descriptor, one line a prompt, in the order of the prompts.
    ///
    /// # Errors
    /// When it cannot be opened for reading.
    pub fn answers(descriptor: u16) -> Result<Self, Failure> {
        let file = File::open(format!("/dev/fd/{descriptor}")).map_err(|error| {
            Failure::usage(format!("file descriptor {descriptor} cannot be read")).because(error)
        })?;
        Ok(Self(Source::Answers(RefCell::new(file))))
    }

    /// Answers from an open file, for tests.
    #[cfg(test)]
    pub(crate) const fn from_file(file: File) -> Self {
        Self(Source::Answers(RefCell::new(file)))
    }

    /// Whether somebody can be asked again.
    #[must_use]
    pub const fn is_at_terminal(&self) -> bool {
        matches!(self.0, Source::Terminal)
    }

    /// Asks for a secret that already exists. A transcript says that it was given.
    ///
    /// # Errors
    /// When nobody answers.
    pub fn secret(&self, screen: &Screen, prompt: &str) -> Result<SecretString, Failure> {
        let secret = match &self.0 {
            Source::Answers(lines) => next_line(lines, prompt)?.as_str().into(),
            Source::Terminal => {
                needs_terminal(prompt)?;
                rpassword::prompt_password(format!("{prompt}: "))
                    .map(SecretString::from)
                    .map_err(|error| no_answer(prompt).because(error))?
            }
        };
        screen.recorder().secret_given(prompt);
        Ok(secret)
    }

    /// Asks for a secret that is chosen now, at least twelve characters. A terminal asks twice, and again where the two differ or it
    /// is too short; answers from a file descriptor give it once.
    ///
    /// # Errors
    /// When nobody answers, or an answer from a file descriptor is too short.
    pub fn new_secret(&self, screen: &Screen, prompt: &str) -> Result<SecretString, Failure> {
        loop {
            let secret = self.secret(screen, prompt)?;
            let short = secret.expose_secret().chars().count() < SHORTEST_SECRET;
            if matches!(self.0, Source::Answers(_)) {
                return if short {
                    Err(Failure::usage(format!("the answer to \"{prompt}\" is too short"))
                        .because(format!("it has fewer than {SHORTEST_SECRET} characters")))
                } else {
                    Ok(secret)
                };
            }
            if short {
                screen.say(format!("That has fewer than {SHORTEST_SECRET} characters."));
                continue;
            }
            let again = self.secret(screen, &format!("{prompt}, again"))?;
            if again.expose_secret() == secret.expose_secret() {
                return Ok(secret);
            }
            screen.say("The two differ.");
        }
    }

    /// Asks the person to type `expected`, exactly.
    ///
    /// # Errors
    /// [`Exit::Declined`] for any other answer; nothing has been done by then.
    pub fn confirm(&self, screen: &Screen, question: &str, expected: &str) -> Result<(), Failure> {
        let question = format!("{question} Type `{expected}` to go on");
        if self.types(screen, &question, expected, |answer| answer == expected)? {
            return Ok(());
        }
        Err(Failure::new(Exit::Declined, "declined", "a person declined; nothing was changed")
            .because(format!("`{expected}` was asked for, something else was typed")))
    }

    /// Has the person type back two groups of a fingerprint, chosen at random, from what they hold in their hand. Answers from
    /// a file descriptor cannot know which: automation passes the whole fingerprint as an option instead.
    ///
    /// # Errors
    /// [`Exit::Declined`] when a group differs.
    pub fn type_back(&self, screen: &Screen, digest: &Digest) -> Result<(), Failure> {
        if matches!(self.0, Source::Answers(_)) {
            return Err(Failure::usage("a fingerprint is typed back at a terminal")
                .hint("pass the whole fingerprint with --fingerprint"));
        }
        let groups = fingerprint::groups(digest);
        for index in two_of(groups.len())? {
            let prompt = format!("Type group {} of the fingerprint you were given", index + 1);
            let group = groups.get(index).ok_or_else(|| Failure::bug("a group is missing"))?;
            let same = |answer: &str| answer.eq_ignore_ascii_case(group);
            if !self.types(screen, &prompt, group, same)? {
                return Err(Failure::new(Exit::Declined, "fingerprint", "the fingerprints differ")
                    .because(format!("group {} is not that of the bundle here", index + 1))
                    .hint("stop: somebody changed the bundle, or it is another one"));
            }
        }
        Ok(())
    }

    /// Whether the person types what was asked for. What else they type is nobody's business: it may be a secret in the wrong place.
    fn types(
        &self,
        screen: &Screen,
        prompt: &str,
        expected: &str,
        same: impl Fn(&str) -> bool,
    ) -> Result<bool, Failure> {
        let typed = same(&self.line(screen, prompt)?);
        if typed {
            screen.recorder().answered(expected);
        } else {
            screen.recorder().answered_otherwise();
        }
        Ok(typed)
    }

    fn line(&self, screen: &Screen, prompt: &str) -> Result<Zeroizing<String>, Failure> {
        match &self.0 {
            Source::Answers(lines) => {
                screen.ask(prompt);
                let line = next_line(lines, prompt)?;
                screen.echo(&line);
                Ok(line)
            }
            Source::Terminal => {
                needs_terminal(prompt)?;
                screen.ask(prompt);
                let mut err = std::io::stderr().lock();
                let _ = err.write_all(b"> ").and_then(|()| err.flush());
                let mut line = Zeroizing::new(String::new());
                match std::io::stdin().lock().read_line(&mut line) {
                    Ok(1..) => {
                        let end = line.trim_end_matches(['\r', '\n']).len();
                        line.truncate(end);
                        Ok(line)
                    }
                    Ok(_) => Err(no_answer(prompt)),
                    Err(error) => Err(no_answer(prompt).because(error)),
                }
            }
        }
    }
}

/// One line, byte by byte: nothing of it, nor of the lines after it, stays in a buffer that nobody wipes.
fn next_line(lines: &RefCell<File>, prompt: &str) -> Result<Zeroizing<String>, Failure> {
    let mut file = lines.borrow_mut();
    let mut line = Zeroizing::new(Vec::with_capacity(MAX_ANSWER));
    let mut byte = Zeroizing::new([0; 1]);
    loop {
        match file.read(byte.as_mut()) {
            Ok(0) if line.is_empty() => {
                return Err(no_answer(prompt).because("the answers ended before this prompt"));
            }
            Ok(0) => break,
            Ok(_) if *byte == *b"\n" => break,
            Ok(_) if line.len() == MAX_ANSWER => {
                let because = format!("the answer has more than {MAX_ANSWER} bytes");
                return Err(no_answer(prompt).because(because));
            }
            Ok(_) => line.extend_from_slice(byte.as_ref()),
            Err(error) => return Err(no_answer(prompt).because(error)),
        }
    }
    let text = std::str::from_utf8(line.strip_suffix(b"\r").unwrap_or(&line))
        .map_err(|_| no_answer(prompt).because("the answer is not UTF-8"))?;
    Ok(Zeroizing::new(text.to_owned()))
}

fn needs_terminal(prompt: &str) -> Result<(), Failure> {
    if std::io::stdin().is_terminal() {
        return Ok(());
    }
    Err(no_answer(prompt)
        .because("stdin is not a terminal")
        .hint("run it at a terminal, or pass --answers-fd N"))
}

fn no_answer(prompt: &str) -> Failure {
    Failure::usage(format!("nobody answered: {prompt}"))
}

/// Two different positions below `count`, from the operating system's generator.
fn two_of(count: usize) -> Result<[usize; 2], Failure> {
    let draw = |below: usize| -> Result<usize, Failure> {
        let mut bytes = [0; 8];
        getrandom::fill(&mut bytes).map_err(Failure::bug)?;
        let below = u64::try_from(below.max(1)).map_err(Failure::bug)?;
        usize::try_from(u64::from_le_bytes(bytes) % below).map_err(Failure::bug)
    };
    let first = draw(count)?;
    let second = draw(count.saturating_sub(1))?;
    Ok([first, if second >= first { second + 1 } else { second }])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(text: &str) -> Person {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        std::io::Seek::rewind(&mut file).unwrap();
        Person::from_file(file)
    }

    #[test]
    fn answers_come_in_order_and_end() {
        let screen = Screen::new(false);
        let person = person("a long passphrase\ntests-1\r\n");
        let secret = person.new_secret(&screen, "Passphrase").unwrap();
        assert_eq!(secret.expose_secret(), "a long passphrase");
        person.confirm(&screen, "Import?", "tests-1").unwrap();
        let end = person.confirm(&screen, "Again?", "tests-1").unwrap_err();
        assert_eq!(end.exit, Exit::Usage);
    }

    #[test]
    fn any_other_answer_declines() {
        let screen = Screen::new(false);
        for answer in ["y\n", "yes\n", "Tests-1\n", " tests-1\n", "\n"] {
            let declined = person(answer).confirm(&screen, "Import?", "tests-1").unwrap_err();
            assert_eq!(declined.exit, Exit::Declined, "{answer:?}");
        }
    }

    /// What a recording says, a line each.
    fn told(screen: &Screen) -> Vec<String> {
        let lines = screen.recorded().into_iter();
        lines.map(|line| format!("{}: {}", line.kind, line.text)).collect()
    }

    #[test]
    fn questions_and_the_words_asked_for_are_recorded_and_secrets_are_not() {
        let screen = Screen::new(false);
        screen.record();
        let person = person("a long passphrase\nanother passphrase\ntests-1\n");
        person.secret(&screen, "Password").unwrap();
        person.new_secret(&screen, "New password").unwrap();
        person.confirm(&screen, "Import?", "tests-1").unwrap();
        person.secret(&screen, "Nobody gives this one").unwrap_err();
        let expected = [
            "secret: Password",
            "secret: New password",
            "asked: Import? Type `tests-1` to go on",
            "answered: tests-1",
        ];
        assert_eq!(told(&screen), expected);
    }

    #[test]
    fn a_secret_in_the_wrong_place_is_not_recorded() {
        let screen = Screen::new(false);
        screen.record();
        let declined =
            person("a long passphrase\n").confirm(&screen, "Import?", "tests-1").unwrap_err();
        screen.failure(&declined);
        let told = told(&screen);
        assert_eq!(told[1], "answered: (something else, which is not recorded)");
        assert!(told.iter().any(|line| line.contains("a person declined")));
        assert!(!told.iter().any(|line| line.contains("passphrase")), "{told:?}");
    }

    #[test]
    fn short_secrets_are_refused() {
        assert_eq!(
            person("eleven char\n").new_secret(&Screen::new(false), "Passphrase").unwrap_err().exit,
            Exit::Usage
        );
    }

    #[test]
    fn two_groups_are_two() {
        for _ in 0..200 {
            let [a, b] = two_of(16).unwrap();
            assert!(a != b && a < 16 && b < 16);
        }
    }
}
