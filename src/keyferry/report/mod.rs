//! A folder's evidence as one HTML page that an auditor hands on: it runs nothing, loads nothing and refers to nothing but itself.
//! Every text of a bundle gets in through [`Html`], which escapes.

mod bundles;
mod by_hand;
mod claims;
mod keys;
mod summary;

use crate::examined::Examined;
use crate::html::{Html, document};
use crate::verdict::Verdict;
use claims::Numbered;
use keyferry_bundle::Timestamp;

/// The style sheet, which stands in the page; the page's policy names it by its digest and lets nothing else in.
const STYLE: &str = include_str!("style.css");

/// The page, as of when the machine says it is.
pub(crate) fn page(examined: &Examined, verdict: &Verdict, now: Timestamp) -> String {
    let numbered = Numbered::of(&examined.report);
    let (word, _) = verdict.headline.split_once(':').unwrap_or((&verdict.headline, ""));
    document(&format!("{word} - Keyferry evidence report"), STYLE, |html| {
        html.element("main", &[], |html| {
            summary::write(html, examined, verdict, &numbered, now);
            bundles::timeline(html, &examined.chain);
            keys::write(html, &examined.chain, &numbered);
            claims::write(html, &numbered);
            bundles::in_full(html, &examined.chain);
            bundles::transcripts(html, &examined.chain);
            summary::files(html, &examined.files);
            by_hand::write(html, &examined.chain);
        });
    })
}

/// A section with its heading.
fn section(
    html: &mut Html,
    id: &'static str,
    heading: &'static str,
    content: impl FnOnce(&mut Html),
) {
    html.element("section", &[("id", id)], |html| {
        html.leaf("h2", "", heading);
        content(html);
    });
}

/// A row of a list of terms.
fn row(html: &mut Html, term: &str, value: impl std::fmt::Display) {
    html.leaf("dt", "", term);
    html.leaf("dd", "", value);
}

/// As [`row`], for a value that is compared letter by letter.
fn exact(html: &mut Html, term: &str, value: impl std::fmt::Display) {
    html.leaf("dt", "", term);
    html.leaf("dd", "mono", value);
}

#[cfg(test)]
mod tests;
