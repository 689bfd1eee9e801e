//! A whole document that runs nothing, loads nothing and refers to nothing but itself.

use super::Html;
use keyferry_bundle::{Base64, Digest};

/// A page with a style sheet of the program's own, which its policy names by its digest; nothing else is let in.
pub(crate) fn document(title: &str, sheet: &'static str, body: impl FnOnce(&mut Html)) -> String {
    let mut html = Html::default();
    html.element("html", &[("lang", "en")], |html| {
        html.element("head", &[], |html| head(html, title, sheet));
        html.element("body", &[], body);
    });
    html.into_document()
}

fn head(html: &mut Html, title: &str, sheet: &'static str) {
    html.void("meta", &[("charset", "utf-8")]);
    let policy = content_policy(sheet);
    html.void("meta", &[("http-equiv", "Content-Security-Policy"), ("content", &policy)]);
    html.void("meta", &[("name", "viewport"), ("content", "width=device-width, initial-scale=1")]);
    html.void("meta", &[("name", "referrer"), ("content", "no-referrer")]);
    html.leaf("title", "", title);
    html.style(sheet);
}

/// Nothing runs, nothing is loaded, nothing is sent: the style sheet alone is let in, by its digest (CSP level 2).
fn content_policy(sheet: &str) -> String {
    let digest = Base64::new(Digest::of(sheet.as_bytes()).as_bytes().to_vec());
    let sheet =
        digest.map_or_else(|_| "'none'".to_owned(), |d| format!("'sha256-{}'", String::from(d)));
    format!("default-src 'none'; style-src {sheet}; base-uri 'none'; form-action 'none'")
}
