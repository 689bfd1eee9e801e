//! A share's text.

use super::*;
use crate::testing::{copy, made};
use proptest::prelude::*;

fn share() -> Share {
    copy(&made("text", 3, 5).shares[1])
}

/// With the digits of line `place`, and the sum, made to fit.
fn forged(text: &str, place: usize, line: &str) -> String {
    let mut contents: Vec<String> =
        text.lines().map(|line| line.rsplit_once(' ').unwrap().0.to_owned()).collect();
    contents[place] = line.to_owned();
    if place != SUM {
        let all = contents[..SUM].join("\n");
        let sum = Sha256::digest(format!("keyferry share sum v1\n{all}\n"));
        contents[SUM] = "sum".to_owned();
        write_groups(&mut contents[SUM], sum.iter().take(8));
    }
    let line = |(place, line): (usize, &String)| format!("{line} {}\n", check_digits(place, line));
    contents.iter().enumerate().map(line).collect()
}

#[test]
fn a_share_reads_back_and_looks_as_documented() {
    let share = share();
    let text = share.to_text();
    let read = Share::from_text(&text).unwrap();
    assert_eq!(*read.to_text(), *text);
    assert_eq!(read.value.expose(), share.value.expose());
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), LINES);
    assert!(lines[0].starts_with("keyferry-share-1 feldman-p256 "), "{}", lines[0]);
    assert!(lines[2].starts_with("share 2 of 5 threshold 3 "), "{}", lines[2]);
    assert!(lines[3].starts_with("holder custodian-1 "), "{}", lines[3]);
    assert!(lines[4].starts_with("hsm 12345678 "), "{}", lines[4]);
    let form = regex(&lines[5..9].join("\n"));
    assert!(form, "{lines:#?}");
    assert!(lines.iter().all(|line| line.len() < 80) && text.len() < ROOM);
}

/// Four groups of four digits and the check digits.
fn regex(lines: &str) -> bool {
    lines.lines().enumerate().all(|(place, line)| {
        let mut words = line.split(' ');
        words.next() == Some(NAMES[VALUE + place])
            && words.clone().count() == 5
            && words.all(|w| w.len() == 4 && w.bytes().all(|b| b.is_ascii_hexdigit()))
    })
}

#[test]
fn every_changed_bit_of_a_text_is_refused_and_its_line_named() {
    let text = share().to_text();
    for bit in 0..text.len() * 8 {
        let mut changed = text.as_bytes().to_vec();
        changed[bit / 8] ^= 1 << (bit % 8);
        let Ok(changed) = String::from_utf8(changed) else { continue };
        let line = text[..bit / 8].matches('\n').count() + 1;
        match Share::from_text(&changed).unwrap_err() {
            TextError::Line(error) => assert_eq!(error.number, line, "{changed}"),
            TextError::Unknown => assert_eq!(line, 1),
            TextError::Lines => assert!(
                text.lines().count() != changed.split('\n').count() - 1 || !changed.ends_with('\n')
            ),
            TextError::Sum => panic!("bit {bit} shows in the sum alone"),
        }
    }
}

#[test]
fn every_mistyped_letter_of_a_line_is_found_in_that_line() {
    let text = share().to_text();
    for (place, line) in text.lines().enumerate() {
        assert_eq!(check_line(place + 1, line), Ok(()));
        for (at, letter) in line.char_indices() {
            let other = if letter == '1' { '7' } else { '1' };
            let mistyped = format!("{}{other}{}", &line[..at], &line[at + 1..]);
            assert!(check_line(place + 1, &mistyped).is_err(), "{mistyped}");
        }
        for other in (1..=LINES).filter(|number| *number != place + 1) {
            assert!(check_line(other, line).is_err(), "line {other}: {line}");
        }
    }
    for number in [0, LINES + 1, usize::MAX] {
        assert_eq!(check_line(number, "set 1").unwrap_err().problem, "a share has no such line");
    }
}

#[test]
fn lines_of_two_shares_do_not_make_one() {
    let split = made("mixed", 3, 5);
    let (one, two) = (split.shares[0].to_text(), split.shares[1].to_text());
    for place in [NUMBERS, HOLDER, VALUE, VALUE + 1, VALUE + 2, VALUE + 3, SUM] {
        let mut mixed: Vec<&str> = one.lines().collect();
        mixed[place] = two.lines().nth(place).unwrap();
        let refused = Share::from_text(&format!("{}\n", mixed.join("\n"))).unwrap_err();
        assert_eq!(refused, TextError::Sum, "{place}");
    }
}

#[test]
fn a_text_in_another_form_is_refused_whatever_its_digits() {
    let text = share().to_text();
    let swap = |place: usize, from: &str, to: &str| {
        let line = text.lines().nth(place).unwrap().rsplit_once(' ').unwrap().0;
        forged(&text, place, &line.replacen(from, to, 1))
    };
    assert_eq!(forged(&text, NUMBERS, "share 2 of 5 threshold 3"), *text);
    for (place, changed) in [
        (0, swap(0, "p256", "k256")),
        (NUMBERS, swap(NUMBERS, "2", "02")),
        (NUMBERS, swap(NUMBERS, "5", "500")),
        (NUMBERS, swap(NUMBERS, "of", "out of")),
        (HOLDER, swap(HOLDER, "custodian", "-custodian")),
        (HSM, swap(HSM, "1", "01")),
        (HSM, swap(HSM, "1234", "1234567890")),
        (SET, swap(SET, "set ", "set  ")),
        (VALUE, forged(&text, VALUE, "value-1 0000 0000 0000 00000")),
        (VALUE, forged(&text, VALUE, "value-1 0000 0000 0000 +123")),
        (VALUE, forged(&text, VALUE, "value-1 0000 0000 0000 ABCD")),
        (VALUE + 2, forged(&text, VALUE + 2, "value-3 0000 0000 0000")),
        (VALUE + 3, forged(&text, VALUE + 3, "value-4 0000 0000 0000 0000 0000")),
        (VALUE, forged(&text, VALUE, "value-1 ffff ffff ffff ffff")),
    ] {
        match Share::from_text(&changed).map(|share| share.to_text()) {
            Err(TextError::Line(error)) => assert_eq!(error.number, place + 1, "{changed}"),
            other => panic!("{changed}: {other:?}"),
        }
    }
    for changed in [text.trim_end().to_owned(), format!("{}\n", *text), text.replace('\n', "\r\n")]
    {
        assert!(Share::from_text(&changed).is_err(), "{changed:?}");
    }
    assert_eq!(Share::from_text("AGE-SECRET-KEY-1").unwrap_err(), TextError::Unknown);
}

#[test]
fn typed_lines_are_tidied() {
    let text = share().to_text();
    for line in text.lines() {
        let typed = format!("  {} \t", line.to_ascii_uppercase().replace(' ', "   "));
        assert_eq!(*tidy(&typed), line);
    }
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,300}", number in 0_usize..20) {
        prop_assert!(Share::from_text(&text).is_err());
        let _ = (check_line(number, &text), tidy(&text));
        let begun = format!("keyferry-share-1 feldman-p256\n{text}");
        prop_assert!(Share::from_text(&begun).is_err());
    }

    #[test]
    fn any_line_in_any_place_is_the_right_one_or_refused(place in 0..LINES, line in "[a-z0-9 -]{0,60}") {
        let text = share().to_text();
        let changed = forged(&text, place, &line);
        if let Ok(read) = Share::from_text(&changed) {
            prop_assert_eq!(&*read.to_text(), &changed);
        }
    }
}
