//! Which predecessor a bundle follows: a payload cannot be read before its signatures are checked, so all of them are tried.

use super::chain::Link;
use super::{File, Report};
use crate::Refusal;
use keyferry_bundle::{Kind, Verified};

/// Holds each file against every possible predecessor. Where none fits, the most telling refusal is reported: one about the
/// bundle itself rather than one about a predecessor it never meant.
pub(super) fn collect<P, T>(
    files: &[&File],
    kind: Kind,
    claim: &'static str,
    predecessors: &[Link<P>],
    report: &mut Report,
    accept: impl Fn(&Link<P>, &[u8]) -> Result<Verified<T>, Refusal>,
) -> Vec<Link<T>> {
    let mut links = Vec::new();
    for file in files {
        let mut refusals = Vec::new();
        let accepted = predecessors.iter().enumerate().find_map(|(follows, predecessor)| {
            match accept(predecessor, &file.bytes) {
                Ok(bundle) => Some(Link { file: file.name.clone(), bundle, follows }),
                Err(refusal) => {
                    refusals.push(refusal);
                    None
                }
            }
        });
        if let Some(link) = accepted {
            links.push(link);
            continue;
        }
        refusals.sort_by_key(|refusal| match refusal {
            Refusal::Bundle { .. } => 0,
            Refusal::NotAllowed { .. } => 1,
            Refusal::Link { .. } | Refusal::Replay { .. } => 2,
        });
        match refusals.first() {
            Some(refusal) => report.refuses_bundle(claim, &file.name, refusal),
            None => report.refuses(
                claim,
                &file.name,
                format!("nothing that this {kind} could follow was accepted"),
            ),
        }
    }
    links
}
