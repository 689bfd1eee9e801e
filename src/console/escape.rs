//! Text from elsewhere, made harmless for a terminal.

use std::borrow::Cow;

/// Printable ASCII as it is, and line feeds; everything else as a Rust escape. No terminal escape, bidirectional control or
/// look-alike letter gets through.
#[must_use]
pub fn escape(text: &str) -> Cow<'_, str> {
    let harmless = |c: char| matches!(c, ' '..='~' | '\n');
    if text.chars().all(harmless) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if harmless(c) {
            out.push(c);
        } else {
            out.extend(c.escape_unicode());
        }
    }
    Cow::Owned(out)
}

/// As [`escape`], on one line: no text can pretend to be another line.
#[must_use]
pub fn one_line(text: &str) -> String {
    escape(text).replace('\n', "\\n")
}

/// A path as a shell takes it, for commands in hints.
#[must_use]
pub fn shell(path: &std::path::Path) -> String {
    let text = path.display().to_string();
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_./:=@,+%".contains(&b);
    if !text.is_empty() && text.bytes().all(plain) {
        return text;
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// JSON text with everything but printable ASCII as `\u` escapes: the same JSON, harmless for a terminal.
pub(crate) fn json_escape(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        if matches!(c, ' '..='~') {
            out.push(c);
        } else {
            let units = c.encode_utf16(&mut [0; 2]).to_vec();
            out.extend(units.iter().map(|unit| format!("\\u{unit:04x}")));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn terminal_tricks_are_spelled_out() {
        assert_eq!(escape("plain\ntext"), "plain\ntext");
        assert_eq!(escape("\u{1b}[2J"), "\\u{1b}[2J");
        assert_eq!(escape("p\u{430}y\u{202e}"), "p\\u{430}y\\u{202e}");
    }

    #[test]
    fn paths_are_quoted_for_a_shell() {
        let shell = |text: &str| super::shell(std::path::Path::new(text));
        assert_eq!(shell("payments-1/plan.json"), "payments-1/plan.json");
        assert_eq!(shell("my ceremonies/it's"), "'my ceremonies/it'\\''s'");
    }

    proptest! {
        #[test]
        fn only_printable_ascii_comes_out(text in any::<String>()) {
            prop_assert!(escape(&text).chars().all(|c| matches!(c, ' '..='~' | '\n')));
            prop_assert!(one_line(&text).chars().all(|c| matches!(c, ' '..='~')));
        }

        #[test]
        fn json_stays_the_same_json(text in any::<String>()) {
            let value = serde_json::Value::from(text);
            let escaped = json_escape(&value.to_string());
            prop_assert!(escaped.chars().all(|c| matches!(c, ' '..='~')));
            prop_assert_eq!(serde_json::from_str::<serde_json::Value>(&escaped).unwrap(), value);
        }
    }
}
