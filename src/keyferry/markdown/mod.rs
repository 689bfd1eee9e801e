//! Markdown (as in `CommonMark` 0.31, and the check boxes of GitHub's) that is escaped by construction: its marks are the program's own, and text gets
//! in through two functions. The counterpart of [`crate::html`].

#[cfg(test)]
pub(crate) mod read;

use keyferry_console::{escape, one_line};
use std::fmt::Display;

/// What means something in Markdown wherever it stands, or would become a link.
pub(crate) const MARKS: &[char] =
    &['\\', '`', '*', '_', '[', ']', '<', '>', '&', '|', '~', '#', '!', '$', '@', '{', '}'];

/// A part of a line.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Part<'a> {
    /// Text.
    Text(&'a str),
    /// Text that stands out.
    Strong(&'a str),
    /// Something exact: typed, or compared letter by letter.
    Code(&'a str),
    /// Room to write.
    Blank(usize),
}

/// A document under construction.
#[derive(Debug, Default)]
pub(crate) struct Markdown(String);

impl Markdown {
    /// A heading, 1 the highest.
    pub(crate) fn heading(&mut self, level: usize, parts: &[Part<'_>]) {
        self.gap();
        self.line(&format!("{} ", "#".repeat(level.clamp(1, 6))), parts);
    }

    /// A paragraph.
    pub(crate) fn paragraph(&mut self, parts: &[Part<'_>]) {
        self.gap();
        self.line("", parts);
    }

    /// Items of a list.
    pub(crate) fn items(&mut self, items: &[Vec<Part<'_>>]) {
        self.list("- ", items);
    }

    /// Items that are ticked.
    pub(crate) fn checks(&mut self, items: &[Vec<Part<'_>>]) {
        self.list("- [ ] ", items);
    }

    /// Exact text, line by line.
    pub(crate) fn block(&mut self, text: impl Display) {
        let text = escape(&text.to_string()).into_owned();
        let fence = "`".repeat(longest_run(&text).max(2) + 1);
        self.gap();
        self.push(&format!("{fence}\n{text}\n{fence}\n"));
    }

    /// A line across.
    pub(crate) fn rule(&mut self) {
        self.gap();
        self.push("---\n");
    }

    /// The whole document.
    pub(crate) fn into_document(self) -> String {
        self.0
    }

    fn list(&mut self, mark: &str, items: &[Vec<Part<'_>>]) {
        if !items.is_empty() {
            self.gap();
        }
        for item in items {
            self.line(mark, item);
        }
    }

    fn line(&mut self, mark: &str, parts: &[Part<'_>]) {
        let mut line = String::new();
        for part in parts {
            match part {
                Part::Text(text) => line.push_str(&escaped(text)),
                Part::Strong(text) => line.push_str(&strong(text)),
                Part::Code(text) => line.push_str(&code(text)),
                Part::Blank(length) => line.push_str(&"_".repeat((*length).max(3))),
            }
        }
        let line = line.trim();
        // Only text can begin with what makes a line something else.
        let first = if matches!(parts.first(), Some(Part::Text(_))) { begun(line) } else { None };
        self.push(mark);
        self.push(first.as_deref().unwrap_or(line));
        self.push("\n");
    }

    fn gap(&mut self) {
        if !self.0.is_empty() {
            self.push("\n");
        }
    }

    fn push(&mut self, text: &str) {
        self.0.push_str(text);
    }
}

/// Text within a line: one line of printable ASCII, and in it nothing that means something.
fn escaped(text: &str) -> String {
    let text = one_line(text);
    let mut out = String::with_capacity(text.len() + 8);
    for (index, c) in text.char_indices() {
        // Without these, `http://` and `www.` would become links.
        let links = c == ':' && text.get(index..).is_some_and(|rest| rest.starts_with("://"))
            || c == '.' && text.get(..index).is_some_and(|before| before.ends_with("www"));
        if MARKS.contains(&c) || links {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// Marks need something that is no space inside.
fn strong(text: &str) -> String {
    match text.trim() {
        "" => String::new(),
        text => format!("**{}**", escaped(text)),
    }
}

/// A code span: its marks are longer than any run of marks in it, and a space keeps them apart.
fn code(text: &str) -> String {
    let text = one_line(text);
    let ticks = "`".repeat(longest_run(&text) + 1);
    if text.starts_with([' ', '`']) || text.ends_with([' ', '`']) || text.is_empty() {
        return format!("{ticks} {text} {ticks}");
    }
    format!("{ticks}{text}{ticks}")
}

fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

/// The line with its beginning escaped, where that would make a list, a heading or a rule of it.
fn begun(line: &str) -> Option<String> {
    let digits = line.bytes().take_while(u8::is_ascii_digit).count();
    let at = match line.as_bytes().get(digits) {
        Some(b'+' | b'-' | b'=') if digits == 0 => 0,
        Some(b'.' | b')') if digits > 0 => digits,
        Some(_) | None => return None,
    };
    let (before, after) = line.split_at_checked(at)?;
    Some(format!("{before}\\{after}"))
}

#[cfg(test)]
mod tests {
    use super::read::{Block, Inline, read};
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn text_is_no_structure() {
        let mut page = Markdown::default();
        page.paragraph(&[Part::Text("1. # **no** [link](http://x.example) www.x.example <b>")]);
        page.paragraph(&[Part::Text("- [ ] ticked\n\n# heading"), Part::Code("a`b")]);
        page.checks(&[vec![Part::Strong(" a*b "), Part::Blank(2)]]);
        page.block("```\n# no");
        let page = page.into_document();
        assert_eq!(
            page,
            "1\\. \\# \\*\\*no\\*\\* \\[link\\](http\\://x.example) www\\.x.example \\<b\\>\n\n\
             \\- \\[ \\] ticked\\\\n\\\\n\\# heading``a`b``\n\n- [ ] **a\\*b**___\n\n````\n```\n# no\n````\n"
        );
    }

    #[test]
    fn code_that_begins_or_ends_with_a_mark_stays_code() {
        assert_eq!(code("`"), "`` ` ``");
        assert_eq!(code(""), "`  `");
        assert_eq!(code("a``b"), "```a``b```");
        assert_eq!(code("\u{202e}"), "`\\u{202e}`");
    }

    proptest! {
        #[test]
        fn no_text_leaves_its_place(
            text in r"([`*_\[\]<>&|~#!+=.:/ \n-]|[0-9]\.|www|http|[a-z]|\PC)*",
            exact in r"([`*_\[\]<>&|~#!+=.:/ \n-]|[a-z]|\PC)*",
        ) {
            let mut page = Markdown::default();
            page.heading(2, &[Part::Text(&text)]);
            page.paragraph(&[Part::Text(&text), Part::Code(&exact)]);
            page.checks(&[vec![Part::Text(&text)], vec![Part::Code(&exact), Part::Strong(&text)]]);
            page.block(&exact);
            page.items(&[vec![Part::Text(&text), Part::Blank(8)]]);
            let blocks = read(&page.into_document()).unwrap();
            let shown = one_line(&text);
            let mut plain = vec![Inline::Text(shown.trim().to_owned())];
            plain.retain(|inline| *inline != Inline::Text(String::new()));
            let spaced = one_line(&exact);
            prop_assert_eq!(&blocks[0], &Block::Heading(2, plain.clone()));
            let Block::Paragraph(inlines) = &blocks[1] else { panic!("{blocks:?}") };
            prop_assert_eq!(inlines.last(), Some(&Inline::Code(spaced.clone())));
            prop_assert_eq!(&blocks[2], &Block::Check(plain.clone()));
            let Block::Check(inlines) = &blocks[3] else { panic!("{blocks:?}") };
            prop_assert_eq!(&inlines[0], &Inline::Code(spaced));
            prop_assert_eq!(&blocks[4], &Block::Code(escape(&exact).into_owned()));
            let Block::Item(inlines) = &blocks[5] else { panic!("{blocks:?}") };
            prop_assert_eq!(inlines.last(), Some(&Inline::Blank(8)));
            prop_assert_eq!(blocks.len(), 6);
        }
    }
}
