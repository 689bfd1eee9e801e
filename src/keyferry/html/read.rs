//! A reader for tests, of HTML as the writer writes it. What it does not know it refuses, so that a test cannot overlook it.

/// What HTML consists of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Node {
    /// An element begins.
    Start { name: String, attributes: Vec<(String, String)> },
    /// An element ends.
    End(String),
    /// Text between tags, with its references resolved.
    Text(String),
}

/// Elements without an end.
const VOID: &[&str] = &["meta"];

/// Everything in it, or why it is not well formed: each element ends, in the right order.
pub(crate) fn read(html: &str) -> Result<Vec<Node>, String> {
    let (mut rest, mut nodes, mut open) = (html, Vec::new(), Vec::new());
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix("</") {
            let (name, after) = after.split_once('>').ok_or("an end tag does not end")?;
            if open.pop().as_deref() != Some(name) {
                return Err(format!("</{name}> ends nothing that is open"));
            }
            nodes.push(Node::End(name.to_owned()));
            rest = after;
        } else if let Some(after) = rest.strip_prefix('<') {
            let (name, attributes, after) = start(after)?;
            if name == "style" {
                let (sheet, _) = after.split_once("</style>").ok_or("the style does not end")?;
                nodes.push(Node::Start { name: name.clone(), attributes });
                nodes.push(Node::Text(sheet.to_owned()));
                open.push(name);
                rest = after.strip_prefix(sheet).unwrap_or_default();
                continue;
            }
            if !VOID.contains(&name.as_str()) {
                open.push(name.clone());
            }
            nodes.push(Node::Start { name, attributes });
            rest = after;
        } else {
            let end = rest.find('<').unwrap_or(rest.len());
            let (text, after) = rest.split_at(end);
            nodes.push(Node::Text(resolved(text)?));
            rest = after;
        }
    }
    match open.pop() {
        None => Ok(nodes),
        Some(name) => Err(format!("<{name}> does not end")),
    }
}

/// A start tag's name and attributes, and what comes after it.
#[expect(clippy::type_complexity, reason = "a tag, in a test")]
fn start(text: &str) -> Result<(String, Vec<(String, String)>, &str), String> {
    let end = text.find([' ', '>']).ok_or("a tag does not end")?;
    let (name, mut rest) = text.split_at(end);
    if name.is_empty() || !name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()) {
        return Err(format!("<{name} is no tag"));
    }
    let mut attributes = Vec::new();
    while let Some(after) = rest.strip_prefix(' ') {
        let (attribute, after) = after.split_once("=\"").ok_or("an attribute has no value")?;
        let (value, after) = after.split_once('"').ok_or("a value does not end")?;
        attributes.push((attribute.to_owned(), resolved(value)?));
        rest = after;
    }
    let rest = rest.strip_prefix('>').ok_or_else(|| format!("<{name} does not end"))?;
    Ok((name.to_owned(), attributes, rest))
}

/// Text with its character references resolved; those that the writer does not write are refused.
fn resolved(text: &str) -> Result<String, String> {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        out.push_str(before);
        let (reference, after) = after.split_once(';').ok_or("a reference does not end")?;
        out.push(match reference {
            "amp" => '&',
            "lt" => '<',
            "gt" => '>',
            "quot" => '"',
            "#39" => '\'',
            other => return Err(format!("&{other}; is not written here")),
        });
        rest = after;
    }
    out.push_str(rest);
    if out.chars().all(|c| matches!(c, ' '..='~' | '\n')) {
        Ok(out)
    } else {
        Err("not ASCII".into())
    }
}
