//! The accepted bundles: in a line each, and in full.

use super::section;
use crate::html::Html;
use crate::render::Page;
use keyferry_bundle::Kind;
use keyferry_ceremony::evidence::{Accepted, Chain, Outline};

/// What was made, when its maker says, and by whom it is signed.
pub(super) fn timeline(html: &mut Html, chain: &Chain) {
    section(html, "timeline", "Timeline", |html| {
        html.leaf("p", "", "Every accepted bundle, each after those that it names by digest: that order is proved. Times are what its maker's clock said: they are claims.");
        html.element("ol", &[("class", "timeline")], |html| {
            for bundle in chain.bundles() {
                let Outline { kind, file, created, digest, signers } = bundle.outline();
                html.element("li", &[], |html| {
                    html.leaf("div", "when", created);
                    html.element("div", &[], |html| {
                        html.leaf("strong", "", Page::of_accepted(bundle).heading);
                    });
                    let names: Vec<&str> = signers.iter().map(|s| s.holder.as_str()).collect();
                    html.leaf(
                        "div",
                        "",
                        format!("signed by {}: {}", names.join(", "), quorum(kind)),
                    );
                    html.element("div", &[("class", "soft")], |html| {
                        html.leaf("span", "mono", file);
                        html.text(", digest ");
                        html.leaf("span", "mono", digest);
                    });
                });
            }
        });
    });
}

/// Who has to sign a bundle of that kind.
const fn quorum(kind: Kind) -> &'static str {
    match kind {
        Kind::Policy => "the policy-root quorum",
        Kind::Device | Kind::Response | Kind::Upkeep => "the HSM itself and the witness quorum",
        Kind::Plan => "the ceremony-officer quorum",
        Kind::Request | Kind::Receipt => "the online-operator quorum",
        Kind::Backup | Kind::Log | Kind::Transcript => "the HSM itself",
    }
}

/// Every accepted bundle as `inspect` shows it.
pub(super) fn in_full(html: &mut Html, chain: &Chain) {
    section(html, "bundles", "What the bundles say", |html| {
        html.element("p", &[], |html| {
            html.text("Every accepted bundle as ");
            html.leaf("code", "", "keyferry inspect");
            html.text(" shows it.");
        });
        let bundles = chain.bundles().into_iter();
        for bundle in bundles.filter(|bundle| !matches!(bundle, Accepted::Transcript(_))) {
            let page = Page::of_accepted(bundle);
            html.element("h3", &[], |html| {
                html.leaf("span", "mono", bundle.outline().file);
                html.text(": ");
                html.text(&page.heading);
            });
            rows(html, &page);
        }
    });
}

/// What the room showed and asked, a run after the other. A screen shows what is asked for, paper shows everything.
pub(super) fn transcripts(html: &mut Html, chain: &Chain) {
    let transcripts = chain.transcripts();
    if transcripts.is_empty() {
        return;
    }
    section(html, "transcripts", "What the room showed and asked", |html| {
        html.leaf("p", "", "Every accepted transcript, in the order of their numbers. Of a secret there is only that it was asked for and given; an answer that had not been asked for is not there either.");
        for link in transcripts {
            let page = Page::of_accepted(Accepted::Transcript(link));
            html.element("details", &[], |html| {
                html.element("summary", &[], |html| {
                    html.leaf("span", "mono", link.file());
                    html.text(": ");
                    html.text(&page.heading);
                });
                rows(html, &page);
            });
        }
    });
}

fn rows(html: &mut Html, page: &Page) {
    html.element("dl", &[], |html| {
        for (label, value) in &page.rows {
            html.leaf("dt", "", label.trim_start());
            html.element("dd", &[], |html| html.leaf("pre", "", value));
        }
    });
}
