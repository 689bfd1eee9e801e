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

    proptest! {
        #[test]
        fn only_printable_ascii_comes_out(text in any::<String>()) {
            prop_assert!(escape(&text).chars().all(|c| matches!(c, ' '..='~' | '\n')));
        }
    }
}
