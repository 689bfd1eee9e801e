//! A share as text: ten short lines that can be printed and typed back. Each ends with digits that show a typing mistake in it, and the last
//! is a checksum of all. It is what a custodian's age file holds.
//!
//! ```text
//! keyferry-share-1 feldman-p256 CHECK
//! set XXXX XXXX XXXX XXXX CHECK
//! share 2 of 5 threshold 3 CHECK
//! holder carol CHECK
//! hsm 12345678 CHECK
//! value-1 XXXX XXXX XXXX XXXX CHECK     (and value-2, value-3, value-4)
//! sum XXXX XXXX XXXX XXXX CHECK
//! ```

use crate::share::{Share, ShareValue, Tag};
use keyferry_bundle::kinds::ShareScheme;
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;
use zeroize::Zeroizing;

/// How many lines a share has.
pub const LINES: usize = 10;
/// What each line begins with.
const NAMES: [&str; LINES] = [
    "keyferry-share-1",
    "set",
    "share",
    "holder",
    "hsm",
    "value-1",
    "value-2",
    "value-3",
    "value-4",
    "sum",
];
const SET: usize = 1;
const NUMBERS: usize = 2;
const HOLDER: usize = 3;
const HSM: usize = 4;
const VALUE: usize = 5;
const SUM: usize = 9;
/// Longer than any share and any of its lines: what is written never moves, so that no copy is left behind.
const ROOM: usize = 1024;

/// What is wrong with one line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {number} of the share: {problem}")]
pub struct LineError {
    /// Which line, from 1.
    pub number: usize,
    /// What is wrong.
    pub problem: String,
}

/// Why a text is no share.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// It does not begin as a share of this version does.
    #[error("this is no share that this program knows: it does not begin with `{}`", NAMES[0])]
    Unknown,
    /// Another number of lines.
    #[error("a share has {LINES} lines, each with its line feed; this text does not")]
    Lines,
    /// A line is wrong.
    #[error(transparent)]
    Line(#[from] LineError),
    /// Every line holds, but together they are not one share.
    #[error(
        "the checksum does not fit: lines of different shares, or a mistake that the line's own digits did not show"
    )]
    Sum,
}

/// A typed line in the form that is checked: lower case, one blank between words, none at the ends.
#[must_use]
pub fn tidy(line: &str) -> Zeroizing<String> {
    let mut tidy = Zeroizing::new(String::with_capacity(line.len()));
    for word in line.split_ascii_whitespace() {
        if !tidy.is_empty() {
            tidy.push(' ');
        }
        tidy.extend(word.chars().map(|letter| letter.to_ascii_lowercase()));
    }
    tidy
}

/// Checks one line alone: that it is line `number`, from 1, and that its digits fit.
///
/// # Errors
/// Says what is wrong.
pub fn check_line(number: usize, line: &str) -> Result<(), LineError> {
    let place = number.wrapping_sub(1);
    content(place, line).map(drop)
}

/// A line without its digits.
fn content(place: usize, line: &str) -> Result<&str, LineError> {
    let wrong = |problem: String| LineError { number: place.wrapping_add(1), problem };
    let name = NAMES.get(place).ok_or_else(|| wrong("a share has no such line".to_owned()))?;
    if line.split(' ').next() != Some(name) {
        return Err(wrong(format!("it does not begin with `{name}`")));
    }
    let (content, digits) = line
        .rsplit_once(' ')
        .ok_or_else(|| wrong("its four check digits are missing".to_owned()))?;
    if digits != check_digits(place, content) {
        return Err(wrong("its check digits do not fit: something in it is mistyped".to_owned()));
    }
    Ok(content)
}

/// The first two bytes of a SHA-256, so that a mistake or two lines in each other's places show.
fn check_digits(place: usize, content: &str) -> String {
    let hash = Sha256::new()
        .chain_update(format!("keyferry share line v1 {place} "))
        .chain_update(content)
        .finalize();
    hash.iter().take(2).fold(String::new(), |digits, byte| format!("{digits}{byte:02x}"))
}

impl Share {
    /// The share as text, in its one form.
    #[must_use]
    pub fn to_text(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(ROOM));
        let mut sum = Sha256::new_with_prefix("keyferry share sum v1\n");
        let mut line = Zeroizing::new(String::with_capacity(ROOM));
        for (place, name) in NAMES.iter().enumerate() {
            line.clear();
            line.push_str(name);
            if place == SUM {
                let hash = sum.clone().finalize();
                write_groups(&mut line, hash.iter().take(8));
            } else {
                self.write_line(place, &mut line);
                sum.update(line.as_bytes());
                sum.update("\n");
            }
            let digits = check_digits(place, &line);
            // Writing to a string does not fail.
            let _ = writeln!(text, "{} {digits}", *line);
        }
        text
    }

    /// What stands on a line after its name.
    fn write_line(&self, place: usize, line: &mut String) {
        let _ = match place {
            SET => return write_groups(line, self.set.iter()),
            NUMBERS => {
                write!(line, " {} of {} threshold {}", self.index, self.count, self.threshold)
            }
            HOLDER => write!(line, " {}", self.holder),
            HSM => write!(line, " {}", self.serial),
            VALUE..SUM => {
                let bytes = self.value.expose().chunks(8).nth(place - VALUE).unwrap_or_default();
                return write_groups(line, bytes.iter());
            }
            _ => write!(line, " {}", ShareScheme::FeldmanP256),
        };
    }

    /// Reads a share's text. Nothing but what [`Self::to_text`] writes is one.
    ///
    /// # Errors
    /// Names the line that is wrong.
    pub fn from_text(text: &str) -> Result<Self, TextError> {
        if !text.starts_with(NAMES[0]) {
            return Err(TextError::Unknown);
        }
        let lines: Vec<&str> = text.strip_suffix('\n').unwrap_or_default().split('\n').collect();
        if lines.len() != LINES {
            return Err(TextError::Lines);
        }
        let mut contents = Vec::with_capacity(LINES);
        for (place, line) in lines.iter().enumerate() {
            contents.push(content(place, line)?);
        }
        let after = |place: usize| -> Result<&str, LineError> {
            let content = contents.get(place).and_then(|content| content.split_once(' '));
            content.map(|(_, rest)| rest).ok_or_else(|| malformed(place))
        };
        let numbers = after(NUMBERS)?.split(' ').collect::<Vec<_>>();
        let &[index, "of", count, "threshold", threshold] = numbers.as_slice() else {
            return Err(malformed(NUMBERS).into());
        };
        let number = |text: &str| text.parse::<u8>().map_err(|_| malformed(NUMBERS));
        let mut value = Zeroizing::new([0; 32]);
        for (place, bytes) in (VALUE..SUM).zip(value.chunks_mut(8)) {
            read_groups(after(place)?, bytes).ok_or_else(|| malformed(place))?;
        }
        let mut set = Tag::default();
        read_groups(after(SET)?, &mut set).ok_or_else(|| malformed(SET))?;
        let share = Self {
            set,
            threshold: number(threshold)?,
            count: number(count)?,
            index: number(index)?,
            holder: after(HOLDER)?.parse().map_err(|_| malformed(HOLDER))?,
            serial: after(HSM)?.parse().map_err(|_| malformed(HSM))?,
            value: ShareValue::new(value)
                .map_err(|problem| LineError { number: VALUE + 1, problem })?,
        };
        let again = share.to_text();
        // Numbers with a zero before them, another scheme, the checksum.
        match again.lines().zip(&lines).position(|(right, found)| right != *found) {
            None => Ok(share),
            Some(SUM) => Err(TextError::Sum),
            Some(place) => Err(malformed(place).into()),
        }
    }
}

fn malformed(place: usize) -> LineError {
    let problem = "it is not written as this line of a share is".to_owned();
    LineError { number: place + 1, problem }
}

/// Bytes in groups of four digits, each after a blank.
fn write_groups<'a>(line: &mut String, bytes: impl Iterator<Item = &'a u8>) {
    for (place, byte) in bytes.enumerate() {
        let blank = if place % 2 == 0 { " " } else { "" };
        let _ = write!(line, "{blank}{byte:02x}");
    }
}

/// Groups of four digits into the bytes they are, all of them.
fn read_groups(text: &str, out: &mut [u8]) -> Option<()> {
    let mut groups = text.split(' ');
    for pair in out.chunks_mut(2) {
        let group = groups.next().filter(|group| group.len() == 4)?;
        let value = u16::from_str_radix(group, 16).ok()?;
        for (to, from) in pair.iter_mut().zip(value.to_be_bytes()) {
            *to = from;
        }
    }
    groups.next().is_none().then_some(())
}

#[cfg(test)]
mod tests;
