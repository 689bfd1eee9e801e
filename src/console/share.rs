//! A custodian's share, opened from its age file or typed from paper. Nothing of it is shown.

use crate::custodian::CustodianIdentity;
use crate::{Exit, Failure, Person, Screen};
use keyferry_shares::{LINES, Share, check_line, tidy};
use secrecy::ExposeSecret as _;
use std::path::Path;
use zeroize::Zeroizing;

/// Opens a share file.
///
/// # Errors
/// When it cannot be read, is for somebody else, or holds no share.
pub fn open(path: &Path, identity: &CustodianIdentity) -> Result<Share, Failure> {
    let bytes = identity.open(path)?;
    std::str::from_utf8(&bytes)
        .map_err(|_| "it is no text".to_owned())
        .and_then(|text| Share::from_text(text).map_err(|error| error.to_string()))
        .map_err(|problem| {
            Failure::new(Exit::Refused, "share", format!("{} holds no share", path.display()))
                .because(problem)
        })
}

/// Types a share line by line: nothing of it is shown. At a terminal a line with a mistake is asked for again.
///
/// # Errors
/// When nobody answers, or what was typed is no share.
pub fn typed(person: &Person, screen: &Screen) -> Result<Share, Failure> {
    screen.say(format!("Type the share's {LINES} lines as they are printed. They are not shown."));
    let mut text = Zeroizing::new(String::with_capacity(4096));
    for number in 1..=LINES {
        loop {
            let typed = person.secret(screen, &format!("Line {number} of {LINES}"))?;
            let line = tidy(typed.expose_secret());
            match check_line(number, &line) {
                Ok(()) => {
                    text.push_str(&line);
                    text.push('\n');
                    break;
                }
                Err(error) if person.is_at_terminal() => screen.say(error.to_string()),
                Err(error) => {
                    return Err(Failure::new(Exit::Refused, "share", "this is no share")
                        .because(error)
                        .hint("type that line again"));
                }
            }
        }
    }
    Share::from_text(&text).map_err(|error| {
        Failure::new(Exit::Refused, "share", "the lines do not make a share").because(error)
    })
}
