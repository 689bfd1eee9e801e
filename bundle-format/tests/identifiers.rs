//! Every identifier: what it reads it writes back, nothing makes it panic, and its pattern says what its code does.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests")]

use keyferry_bundle::{
    AccountId, AgeRecipient, AwsRegion, Base64, CeremonyId, Digest, Endpoint, Environment,
    ExpirationModel, Firmware, Holder, KeyAlgorithm, KeyArn, KeyId, KeyMaterialId, KeySpec, Kind,
    KmsKeyId, Label, ObjectId, Partition, Role, Serial, Shown, TargetName, Text, Timestamp,
    WrappingAlgorithm, WrappingKeySpec,
};
use proptest::prelude::*;
use proptest::strategy::BoxedStrategy;
use regex_lite::Regex;
use std::sync::LazyLock;

/// What a pattern lets through and the code does not: documented gaps of a pattern.
type Gap = fn(&str) -> bool;

fn no_gap(_: &str) -> bool {
    false
}

/// An identifier as these tests see it.
struct Identifier {
    pattern: &'static str,
    regex: Regex,
    /// Reads a text and writes it back.
    again: fn(&str) -> Option<String>,
    gap: Gap,
}

fn again<T: TryFrom<String> + Into<String>>(text: &str) -> Option<String> {
    T::try_from(text.to_owned()).ok().map(Into::into)
}

macro_rules! identifier {
    ($name:ident) => {
        identifier!($name, no_gap)
    };
    ($name:ident, $gap:expr) => {
        Identifier {
            pattern: $name::PATTERN,
            regex: Regex::new($name::PATTERN).unwrap(),
            again: again::<$name>,
            gap: $gap,
        }
    };
}

fn reserved(text: &str) -> bool {
    matches!(text, "0x0000" | "0xffff")
}

/// Days that a month does not have.
fn no_such_day(text: &str) -> bool {
    let number = |from: usize| text[from..from + 2].parse::<u32>().unwrap();
    let (year, month, day) = (text[..4].parse::<u32>().unwrap(), number(5), number(8));
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    day > match month {
        2 => 28 + u32::from(leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Bits before the padding that no byte holds.
fn stray_bits(text: &str) -> bool {
    let data = text.trim_end_matches('=');
    let spare = match text.len() - data.len() {
        0 => return false,
        1 => 0b11,
        _ => 0b1111,
    };
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let last = data.as_bytes()[data.len() - 1];
    alphabet.iter().position(|letter| *letter == last).unwrap() & spare != 0
}

static IDENTIFIERS: LazyLock<Vec<Identifier>> = LazyLock::new(|| {
    vec![
        identifier!(AccountId),
        identifier!(AgeRecipient),
        identifier!(AwsRegion),
        identifier!(Base64, stray_bits),
        identifier!(CeremonyId),
        identifier!(Digest),
        identifier!(Endpoint),
        identifier!(Firmware),
        identifier!(Holder),
        identifier!(KeyArn),
        identifier!(KeyId),
        identifier!(KeyMaterialId),
        identifier!(KmsKeyId),
        identifier!(Label),
        identifier!(ObjectId, reserved),
        identifier!(Partition),
        identifier!(Shown),
        identifier!(TargetName),
        identifier!(Text),
        identifier!(Timestamp, no_such_day),
    ]
});

impl Identifier {
    /// The pattern and the code must say the same of a text.
    fn agrees_on(&self, text: &str) -> Result<(), TestCaseError> {
        let matches = self.regex.is_match(text);
        let expected = matches && !(self.gap)(text);
        let read = (self.again)(text);
        prop_assert_eq!(read.is_some(), expected, "{:?} by {}", text, self.pattern);
        if let Some(written) = read {
            prop_assert_eq!(written, text);
        }
        Ok(())
    }
}

/// A text of one of the patterns, and which.
fn of_a_pattern() -> BoxedStrategy<(usize, String)> {
    let texts = IDENTIFIERS.iter().enumerate().map(|(index, identifier)| {
        let body = identifier.pattern.trim_start_matches('^').trim_end_matches('$');
        proptest::string::string_regex(body).unwrap().prop_map(move |text| (index, text)).boxed()
    });
    proptest::strategy::Union::new(texts).boxed()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn what_a_pattern_makes_is_read_and_written_back((index, text) in of_a_pattern()) {
        IDENTIFIERS[index].agrees_on(&text)?;
    }

    #[test]
    fn a_near_miss_is_one_to_both(
        (index, text) in of_a_pattern(),
        at in any::<prop::sample::Index>(),
        keep in 0..2_usize,
        put in prop_oneof![
            Just(String::new()),
            "[ -~]",
            "[-._:/=0aA~ ]{1,2}",
            "[a-z0-9]{1,70}",
            "[a-z]{180,260}",
            Just("\n".to_owned()),
            Just("\u{430}".to_owned()),
        ],
    ) {
        let at = at.index(text.len() + 1);
        let rest = text.get(at + 1 - keep..).unwrap_or_default();
        let text = format!("{}{put}{rest}", &text[..at]);
        IDENTIFIERS[index].agrees_on(&text)?;
    }

    #[test]
    fn no_text_makes_one_panic(text in any::<String>()) {
        for identifier in IDENTIFIERS.iter() {
            identifier.agrees_on(&text)?;
        }
        let _ = text.parse::<Serial>();
    }

    #[test]
    fn serial_numbers(number in any::<u32>(), text in "[+ -]?0{0,3}[0-9]{1,11}") {
        prop_assert_eq!(number.to_string().parse(), Ok(Serial::new(number)));
        let digits = text.bytes().all(|b| b.is_ascii_digit());
        let expected = text.parse::<u32>().ok().filter(|_| digits).map(Serial::new);
        prop_assert_eq!(text.parse::<Serial>().ok(), expected);
    }

    #[test]
    fn times(seconds in 946_684_800..=7_258_118_399_i64) {
        let time = Timestamp::from_unix_seconds(seconds).unwrap();
        prop_assert_eq!(time.to_string().parse(), Ok(time));
        if let Ok(next) = Timestamp::from_unix_seconds(seconds + 1) {
            prop_assert!(time.to_string() < next.to_string());
        }
    }

    #[test]
    fn object_ids(id in any::<u16>()) {
        match ObjectId::new(id) {
            Ok(held) => prop_assert_eq!(held.to_string().parse(), Ok(held)),
            Err(_) => prop_assert!(id == 0 || id == 0xffff),
        }
    }
}

proptest! {
    #[test]
    fn any_line_is_shown_as_far_as_it_fits(line in prop_oneof![any::<String>(), "[ -~]{1000,1100}"]) {
        let shown = Shown::of(&line);
        prop_assert_eq!(shown.as_str().parse(), Ok(shown.clone()));
        let fits = line.len() <= 1024 && line.bytes().all(|b| (b' '..=b'~').contains(&b));
        prop_assert_eq!(shown.as_str() == line, fits);
        if line.chars().count() > 1024 {
            prop_assert!(shown.as_str().ends_with(" [cut]") && shown.as_str().len() == 1024);
        }
    }
}

#[test]
fn every_length_is_one_to_both() {
    let heads =
        ["", "a ", "age1", "aws-", "aws-a-", "http://", "https://a/", "eu-", "0x", "1.", "mrk-"];
    for head in heads {
        for tail in ["a", "0", "-a", ".1", "ab-1"] {
            for length in (0..=270).chain(1010..=1030) {
                let text = format!("{head}{}", &tail.repeat(length)[..length]);
                for identifier in IDENTIFIERS.iter() {
                    identifier.agrees_on(&text).unwrap();
                }
            }
        }
    }
}

#[test]
fn words_are_read_back_and_nothing_else_is() {
    fn check<T>(all: &[T])
    where
        T: Copy + PartialEq + std::fmt::Debug + std::fmt::Display + std::str::FromStr,
    {
        for word in all {
            let text = word.to_string();
            assert_eq!(text.parse::<T>().ok(), Some(*word));
            for other in [text.to_uppercase(), text.to_lowercase(), format!("{text} ")] {
                assert!(other == text || other.parse::<T>().is_err(), "{other:?}");
            }
        }
    }
    check(Environment::ALL);
    check(ExpirationModel::ALL);
    check(KeyAlgorithm::ALL);
    check(KeySpec::ALL);
    check(Kind::ALL);
    check(Role::ALL);
    check(WrappingAlgorithm::ALL);
    check(WrappingKeySpec::ALL);
}
