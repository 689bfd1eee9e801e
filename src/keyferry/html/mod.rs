//! HTML that is escaped by construction: names of elements and attributes are the program's own words, and text gets in through one
//! function. No crate: what is needed is forty lines, and every one of them is about the escaping.

mod document;
#[cfg(test)]
pub(crate) mod read;

pub(crate) use document::document;

use keyferry_console::escape;
use std::fmt::Display;

/// A document, or a part of one, under construction.
#[derive(Debug, Default)]
pub(crate) struct Html(String);

/// Attributes: a name of the program's own and any value.
type Attributes<'a> = &'a [(&'static str, &'a str)];

impl Html {
    /// An element with its content.
    pub(crate) fn element(
        &mut self,
        name: &'static str,
        attributes: Attributes<'_>,
        content: impl FnOnce(&mut Self),
    ) {
        self.start(name, attributes);
        content(self);
        self.0.push_str("</");
        self.0.push_str(name);
        self.0.push('>');
    }

    /// An element of a class, with text and nothing else.
    pub(crate) fn leaf(&mut self, name: &'static str, class: &'static str, text: impl Display) {
        let attributes = [("class", class)];
        let attributes = if class.is_empty() { &[][..] } else { &attributes[..] };
        self.element(name, attributes, |html| html.text(text));
    }

    /// An element that has no content and no end.
    pub(crate) fn void(&mut self, name: &'static str, attributes: Attributes<'_>) {
        self.start(name, attributes);
    }

    /// Text from anywhere.
    pub(crate) fn text(&mut self, text: impl Display) {
        self.0.push_str(&escaped(&text.to_string()));
    }

    /// The style sheet. It is the program's own, and the one thing that is not escaped.
    pub(crate) fn style(&mut self, sheet: &'static str) {
        self.element("style", &[], |html| html.0.push_str(sheet));
    }

    /// The whole document.
    pub(crate) fn into_document(self) -> String {
        format!("<!DOCTYPE html>\n{}\n", self.0)
    }

    fn start(&mut self, name: &'static str, attributes: Attributes<'_>) {
        self.0.push('<');
        self.0.push_str(name);
        for (name, value) in attributes {
            self.0.push(' ');
            self.0.push_str(name);
            self.0.push_str("=\"");
            self.0.push_str(&escaped(value));
            self.0.push('"');
        }
        self.0.push('>');
    }
}

/// Text for an element's content or an attribute's quoted value: printable ASCII and line feeds, as on a terminal, and of those none
/// that means something in HTML.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for c in escape(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            harmless => out.push(harmless),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::read::{Node, read};
    use super::*;
    use proptest::prelude::*;

    fn one(attribute: &str, text: &str) -> Vec<Node> {
        let mut html = Html::default();
        html.element("main", &[], |html| {
            html.element("p", &[("title", attribute)], |html| html.text(text));
            html.leaf("b", "end", "end");
        });
        read(&html.0).unwrap()
    }

    #[test]
    fn markup_in_text_stays_text() {
        let hostile = "</p><script>alert(1)</script><p title='\"&lt;";
        let nodes = one(hostile, hostile);
        assert_eq!(nodes.iter().filter(|n| matches!(n, Node::Start { .. })).count(), 3);
        assert!(nodes.contains(&Node::Text(hostile.to_owned())));
        assert_eq!(escaped("\u{202e}\u{1b}\0"), "\\u{202e}\\u{1b}\\u{0}");
    }

    proptest! {
        #[test]
        fn no_text_leaves_its_element(
            attribute in any::<String>(),
            text in r#"([<>&"'/= \n!-]|script|style|lt;|#39;|[a-z]|\PC)*"#,
        ) {
            let nodes = one(&attribute, &text);
            let start = |name: &str, attributes: &[(&str, &str)]| Node::Start {
                name: name.to_owned(),
                attributes: attributes
                    .iter()
                    .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                    .collect(),
            };
            let shown = escape(&text).into_owned();
            let mut expected = vec![start("main", &[]), start("p", &[("title", &escape(&attribute))])];
            expected.extend((!shown.is_empty()).then_some(Node::Text(shown)));
            expected.extend([
                Node::End("p".to_owned()),
                start("b", &[("class", "end")]),
                Node::Text("end".to_owned()),
                Node::End("b".to_owned()),
                Node::End("main".to_owned()),
            ]);
            prop_assert_eq!(nodes, expected);
        }
    }
}
