//! The first page: the verdict, under which policy, and what deserves a look; and the files that it is about.

use super::claims::{Numbered, brief};
use super::{exact, row, section};
use crate::examined::Examined;
use crate::html::Html;
use crate::render::words_by_group;
use crate::verdict::Verdict;
use keyferry_bundle::{Digest, Timestamp};
use keyferry_ceremony::evidence::{File, Standing, Trust};
use keyferry_console::fingerprint;

const FAILS: &[Standing] = &[Standing::Refused, Standing::NotAllowed];

pub(super) fn write(
    html: &mut Html,
    examined: &Examined,
    verdict: &Verdict,
    numbered: &Numbered<'_>,
    now: Timestamp,
) {
    html.leaf("h1", "", "Keyferry evidence report");
    let holds = examined.report.holds();
    let class = match (holds, &verdict.failure, verdict.compare, verdict.open.is_empty()) {
        (false, ..) | (_, Some(_), ..) => "verdict fail",
        (true, None, None, true) => "verdict pass",
        (true, None, ..) => "verdict open",
    };
    html.element("div", &[("class", class)], |html| {
        let headline = verdict.headline.strip_suffix(", with this fingerprint:");
        let headline = headline.map(|text| format!("{text}. Compare its fingerprint, below."));
        html.leaf("p", "", headline.as_ref().unwrap_or(&verdict.headline));
        if !verdict.open.is_empty() {
            html.element("ul", &[], |html| {
                for open in &verdict.open {
                    html.leaf("li", "", format!("Missing: {open}"));
                }
            });
        }
    });
    html.element("ul", &[("class", "counts")], |html| {
        html.leaf("li", "", format!("{} PASS", numbered.count(&[Standing::Holds])));
        html.leaf("li", "", format!("{} NOT SHOWN", numbered.count(&[Standing::Open])));
        html.leaf("li", "", format!("{} FAIL", numbered.count(FAILS)));
        html.leaf("li", "", format!("{} files", examined.files.len()));
        html.leaf("li", "", format!("{} bundles accepted", examined.chain.bundles().len()));
    });
    html.element("p", &[("class", "soft")], |html| {
        let version = env!("CARGO_PKG_VERSION");
        html.text(format!("Written by keyferry {version} on a machine whose clock said {now}. It repeats what "));
        html.leaf("code", "", "keyferry verify");
        html.text(" finds in the files and proves nothing by itself: whoever has the files can run it again, or check them without it.");
    });
    contents(html, numbered, !examined.chain.transcripts().is_empty());
    if numbered.count(FAILS) > 0 {
        section(html, "fails", "What fails", |html| {
            brief(html, numbered.filter(|claim| FAILS.contains(&claim.standing)));
        });
    }
    trust(html, examined.report.trust.as_ref());
    if numbered.count(&[Standing::Open]) > 0 {
        section(html, "open", "What the files do not show", |html| {
            brief(html, numbered.filter(|claim| claim.standing == Standing::Open));
        });
    }
}

/// Where to go on from here; not in print.
fn contents(html: &mut Html, numbered: &Numbered<'_>, transcripts: bool) {
    let sections = [
        ("#fails", "What fails", numbered.count(FAILS) > 0),
        ("#policy", "Policy", true),
        ("#open", "What is not shown", numbered.count(&[Standing::Open]) > 0),
        ("#timeline", "Timeline", true),
        ("#keys", "Keys", true),
        ("#claims", "Claims", true),
        ("#bundles", "Bundles", true),
        ("#transcripts", "Transcripts", transcripts),
        ("#files", "Files", true),
        ("#by-hand", "By hand", true),
    ];
    html.element("nav", &[("aria-label", "Contents")], |html| {
        for (anchor, name, _) in sections.into_iter().filter(|(.., there)| *there) {
            html.element("a", &[("href", anchor)], |html| html.text(name));
            html.text("\n");
        }
    });
}

fn trust(html: &mut Html, trust: Option<&Trust>) {
    section(html, "policy", "Under which policy", |html| {
        let Some(trust) = trust else {
            return html.leaf("p", "", "No policy was found: nothing can be trusted.");
        };
        html.element("dl", &[], |html| {
            row(html, "Policy", format!("\"{}\", version {}", trust.name, trust.version));
            row(html, "Environment", trust.environment);
            let vouched = if trust.pinned {
                "A pin of the machine that wrote this, or of its command line."
            } else {
                "Nothing but the reader: compare the fingerprint with one that you hold from elsewhere."
            };
            row(html, "Vouched for by", vouched);
            if trust.newest > trust.version {
                row(html, "Since replaced by", format!("version {}", trust.newest));
            }
            html.leaf("dt", "", "Fingerprint, groups 1 to 16");
            html.element("dd", &[], |html| {
                html.leaf("pre", "", fingerprint::hex(&trust.digest));
            });
            html.leaf("dt", "", "In words of the PGP list, two a group");
            html.element("dd", &[], |html| html.leaf("pre", "", words_by_group(&trust.digest)));
        });
    });
}

/// Every file that was read, so that the page is about these bytes and no others.
pub(super) fn files(html: &mut Html, files: &[File]) {
    section(html, "files", "Files", |html| {
        html.leaf("p", "", "What was read, with the SHA-256 of each file as it lay there.");
        html.element("dl", &[], |html| {
            for file in files {
                exact(html, &file.name, Digest::of(&file.bytes));
            }
        });
    });
}
