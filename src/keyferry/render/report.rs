//! What a folder proves, file by file.

use keyferry_ceremony::evidence::{Claim, Report, Standing};
use keyferry_console::one_line;
use std::collections::BTreeSet;

/// The word for a claim's standing in JSON.
pub(crate) const fn standing(standing: Standing) -> &'static str {
    match standing {
        Standing::Holds => "holds",
        Standing::Open => "open",
        Standing::Refused => "refused",
        Standing::NotAllowed => "not-allowed",
    }
}

/// The word for a claim's standing on a screen and on a page.
pub(crate) const fn word(standing: Standing) -> &'static str {
    match standing {
        Standing::Holds => "PASS",
        Standing::Open => "NOT SHOWN",
        Standing::Refused | Standing::NotAllowed => "FAIL",
    }
}

/// The claims, grouped by file in the order of the chain.
pub(crate) fn lines(report: &Report) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let files = report.claims.iter().map(|claim| claim.file.as_str());
    let mut lines = Vec::new();
    for file in files.filter(|file| seen.insert(*file)) {
        let name = if file == "-" { "the folder".to_owned() } else { one_line(file) };
        lines.push(name);
        let of_file = |claim: &&Claim| claim.file == file;
        for claim in report.claims.iter().filter(of_file) {
            let word = word(claim.standing);
            lines.push(format!("  {word:9}  {} [{}]", one_line(&claim.sentence), claim.id));
        }
    }
    lines
}
