//! Every claim with its number and how it stands.

use super::section;
use crate::html::Html;
use crate::render::word;
use keyferry_ceremony::evidence::{Claim, Report, Standing};
use std::collections::BTreeMap;

/// The claims by file, in the order of the chain, each with the number it has on the page.
#[derive(Debug)]
pub(super) struct Numbered<'a>(Vec<(usize, &'a Claim)>);

impl<'a> Numbered<'a> {
    pub(super) fn of(report: &'a Report) -> Self {
        let mut places: BTreeMap<&str, usize> = BTreeMap::new();
        for claim in &report.claims {
            let next = places.len();
            places.entry(&claim.file).or_insert(next);
        }
        let mut claims: Vec<&Claim> = report.claims.iter().collect();
        claims.sort_by_key(|claim| places.get(claim.file.as_str()));
        Self((1..).zip(claims).collect())
    }

    /// Those that are asked for.
    pub(super) fn filter(
        &self,
        wanted: impl Fn(&Claim) -> bool,
    ) -> impl Iterator<Item = (usize, &'a Claim)> {
        self.0.iter().copied().filter(move |(_, claim)| wanted(claim))
    }

    /// How many stand like that.
    pub(super) fn count(&self, standings: &[Standing]) -> usize {
        self.0.iter().filter(|(_, claim)| standings.contains(&claim.standing)).count()
    }
}

/// Every claim in full, each with an anchor of its own.
pub(super) fn write(html: &mut Html, numbered: &Numbered<'_>) {
    section(html, "claims", "Claims", |html| {
        html.leaf("p", "", "Each thing that was checked, by file. PASS: checked, and true. NOT SHOWN: about something that is kept elsewhere, has not happened, or that nothing here can show. FAIL: refused, with the reason. Ids are explained in docs/claims.md of the program's source.");
        let mut rest = numbered.0.as_slice();
        while let Some((_, first)) = rest.first() {
            let same = rest.iter().take_while(|(_, claim)| claim.file == first.file).count();
            let (of_file, after) = rest.split_at(same);
            html.leaf("h3", "mono", named(&first.file));
            html.element("ul", &[("class", "claims")], |html| {
                for (number, claim) in of_file {
                    let anchor = format!("claim-{number}");
                    html.element("li", &[("id", &anchor)], |html| {
                        html.leaf("span", "number", number);
                        badge(html, claim.standing);
                        html.element("div", &[("class", "statement")], |html| {
                            html.leaf("span", "", &claim.sentence);
                            html.text(" ");
                            html.leaf("code", "soft", format!("[{}]", claim.id));
                        });
                    });
                }
            });
            rest = after;
        }
    });
}

/// Some of the claims, each with a link to where it stands in full.
pub(super) fn brief<'a>(html: &mut Html, claims: impl Iterator<Item = (usize, &'a Claim)>) {
    html.element("ul", &[("class", "claims")], |html| {
        for (number, claim) in claims {
            html.element("li", &[], |html| {
                html.element("span", &[("class", "number")], |html| {
                    let anchor = format!("#claim-{number}");
                    html.element("a", &[("href", &anchor)], |html| html.text(number));
                });
                badge(html, claim.standing);
                html.element("div", &[("class", "statement")], |html| {
                    html.leaf("span", "mono", named(&claim.file));
                    html.text(": ");
                    html.text(&claim.sentence);
                });
            });
        }
    });
}

/// How a claim stands: in words and by the border; colour says nothing by itself.
pub(super) fn badge(html: &mut Html, standing: Standing) {
    let class = match standing {
        Standing::Holds => "badge pass",
        Standing::Open => "badge open",
        Standing::Refused | Standing::NotAllowed => "badge fail",
    };
    html.element("span", &[], |html| html.leaf("span", class, word(standing)));
}

/// What a claim is about.
fn named(file: &str) -> &str {
    if file == "-" { "the folder" } else { file }
}
