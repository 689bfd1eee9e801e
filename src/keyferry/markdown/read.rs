//! A reader for tests, of Markdown as the writer writes it. What it does not know it refuses, so that a test cannot overlook it.

use super::MARKS;

/// What Markdown consists of here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Block {
    /// A heading and its level.
    Heading(usize, Vec<Inline>),
    /// A paragraph.
    Paragraph(Vec<Inline>),
    /// An item of a list.
    Item(Vec<Inline>),
    /// An item that is ticked.
    Check(Vec<Inline>),
    /// A block of exact text.
    Code(String),
    /// A line across.
    Rule,
}

/// A part of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Inline {
    /// Text, its escapes resolved.
    Text(String),
    /// Text that stands out.
    Strong(String),
    /// Exact text.
    Code(String),
    /// Room to write, so long.
    Blank(usize),
}

/// Every block, or why it cannot be what the writer writes.
pub(crate) fn read(text: &str) -> Result<Vec<Block>, String> {
    let (mut lines, mut blocks) = (text.lines(), Vec::new());
    while let Some(line) = lines.next() {
        if !line.chars().all(|c| matches!(c, ' '..='~')) {
            return Err(format!("not ASCII: {line}"));
        }
        if line.is_empty() {
            continue;
        }
        let ticks = line.bytes().take_while(|b| *b == b'`').count();
        if ticks >= 3 && ticks == line.len() {
            let inside: Vec<&str> = lines.by_ref().take_while(|inner| *inner != line).collect();
            blocks.push(Block::Code(inside.join("\n")));
            continue;
        }
        blocks.push(block(line)?);
    }
    Ok(blocks)
}

fn block(line: &str) -> Result<Block, String> {
    let hashes = line.bytes().take_while(|b| *b == b'#').count();
    if hashes > 0 {
        let text = line.get(hashes..).and_then(|rest| rest.strip_prefix(' '));
        return Ok(Block::Heading(hashes, inlines(text.ok_or("a heading has no space")?)?));
    }
    if line == "---" {
        return Ok(Block::Rule);
    }
    if let Some(rest) = line.strip_prefix("- [ ] ") {
        return inlines(rest).map(Block::Check);
    }
    if let Some(rest) = line.strip_prefix("- ") {
        return inlines(rest).map(Block::Item);
    }
    let digits = line.trim_start_matches(|c: char| c.is_ascii_digit());
    let numbered = digits.len() < line.len() && digits.starts_with(['.', ')']);
    if numbered || line.starts_with(['+', '-', '=', ' ']) {
        return Err(format!("a line that begins like a list or a rule: {line}"));
    }
    inlines(line).map(Block::Paragraph)
}

fn inlines(line: &str) -> Result<Vec<Inline>, String> {
    let (mut found, mut text, mut rest) = (Vec::new(), String::new(), line);
    while let Some(c) = rest.chars().next() {
        if c == '\\' {
            let escaped = rest.chars().nth(1).ok_or("a line ends with an escape")?;
            if !escaped.is_ascii_punctuation() {
                return Err(format!("\\{escaped} is no escape: {line}"));
            }
            text.push(escaped);
            rest = &rest[2..];
            continue;
        }
        if !matches!(c, '`' | '*' | '_') {
            if MARKS.contains(&c) || rest.starts_with("://") || rest.starts_with("www.") {
                return Err(format!("a bare mark: {rest}"));
            }
            text.push(c);
            rest = &rest[1..];
            continue;
        }
        if !text.is_empty() {
            found.push(Inline::Text(std::mem::take(&mut text)));
        }
        let (inline, after) = marked(rest)?;
        found.push(inline);
        rest = after;
    }
    if !text.is_empty() {
        found.push(Inline::Text(text));
    }
    Ok(found)
}

/// What begins with a mark, and what comes after it.
fn marked(text: &str) -> Result<(Inline, &str), String> {
    let run = |c: u8| text.bytes().take_while(|b| *b == c).count();
    let (ticks, line) = (run(b'`'), run(b'_'));
    if ticks > 0 {
        let inside = &text[ticks..];
        let mut at = 0;
        loop {
            let open =
                inside[at..].find('`').ok_or_else(|| format!("code does not end: {text}"))? + at;
            let length = inside[open..].bytes().take_while(|b| *b == b'`').count();
            if length == ticks {
                let code = &inside[..open];
                let spaced = code.strip_prefix(' ').and_then(|code| code.strip_suffix(' '));
                let code = spaced.unwrap_or(code);
                return Ok((Inline::Code(code.to_owned()), &inside[open + length..]));
            }
            at = open + length;
        }
    }
    if line >= 3 {
        return Ok((Inline::Blank(line), &text[line..]));
    }
    let inside = text.strip_prefix("**").ok_or_else(|| format!("a bare mark: {text}"))?;
    let end = end_of_strong(inside).ok_or_else(|| format!("strong text does not end: {text}"))?;
    let mut strong = inlines(&inside[..end])?;
    match (strong.pop(), strong.pop()) {
        (Some(Inline::Text(text)), None) => Ok((Inline::Strong(text), &inside[end + 2..])),
        (_, _) => Err(format!("strong text is not plain: {text}")),
    }
}

/// Where the marks are that end strong text; an escaped one is no mark.
fn end_of_strong(text: &str) -> Option<usize> {
    let mut escaped = false;
    text.char_indices().find_map(|(at, c)| {
        let is_end = !escaped && text[at..].starts_with("**");
        escaped = !escaped && c == '\\';
        is_end.then_some(at)
    })
}
