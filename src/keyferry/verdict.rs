//! The auditor's verdict: one headline, what stands open, and how the program ends.

use keyferry_bundle::Digest;
use keyferry_ceremony::evidence::{Claim, Report, Standing, Trust};
use keyferry_console::{Exit, Failure, one_line};
use std::collections::BTreeSet;

/// What became of a folder.
#[derive(Debug)]
pub(crate) struct Verdict {
    /// `VERIFIED`, `VERIFIED, IF the policy is yours` or `NOT VERIFIED`, and what that is about.
    pub(crate) headline: String,
    /// The fingerprint that the reader must compare, where no pin vouches for the policy.
    pub(crate) compare: Option<Digest>,
    /// What is missing of the chain, in words.
    pub(crate) open: Vec<String>,
    /// How the program ends, unless all is well.
    pub(crate) failure: Option<Failure>,
}

impl Verdict {
    /// Judges a report about so many files; whether a chain with missing links fails is the caller's choice.
    pub(crate) fn of(report: &Report, must_be_complete: bool, files: usize) -> Self {
        match report.trust.as_ref().filter(|_| report.holds()) {
            Some(trust) => holding(report, trust, must_be_complete, files),
            None => failing(report),
        }
    }

    /// Nothing fails: what holds, under which policy, and what of the chain is missing.
    pub(crate) fn holding(
        trust: &Trust,
        holds: &str,
        must_be_complete: bool,
        open: Vec<String>,
    ) -> Self {
        let mut policy =
            format!("policy \"{}\" version {}, {}", trust.name, trust.version, trust.environment);
        if trust.newest > trust.version {
            policy = format!("{policy}, since replaced by version {}", trust.newest);
        }
        let incomplete = if open.is_empty() { "" } else { ", INCOMPLETE" };
        let headline = if trust.pinned {
            format!("VERIFIED{incomplete}: {holds} under the pinned {policy}.")
        } else {
            format!(
                "VERIFIED, IF the policy is yours{incomplete}: {holds} under {policy}, with this fingerprint:"
            )
        };
        let failure = (must_be_complete && !open.is_empty()).then(|| {
            let failure = Failure::new(Exit::Refused, "incomplete", "the chain is not complete");
            open.iter()
                .fold(failure, Failure::because)
                .hint("bring the missing bundles from whoever made them; for a receipt without proof: keyferry-online import --resume --prove-profile NAME; that no attestation root was named when the key was made stays so: name one for later keys, keyferry policy new --attestation-root")
        });
        let compare = (!trust.pinned).then_some(trust.digest);
        Self { headline, compare, open, failure }
    }
}

/// What to do where a pin does not vouch for the policy.
pub(crate) const NOT_PINNED: &str = "if it is a later version, pin it: keyferry policy pin; if it is another team's or a rehearsal's, --pin FINGERPRINT or --no-pin; else find out whose policy this is";

fn holding(report: &Report, trust: &Trust, must_be_complete: bool, files: usize) -> Verdict {
    let holds = report.claims.iter().filter(|c| c.standing == Standing::Holds).count();
    let holds = format!("{holds} claims about {files} files hold");
    let told = |claim: &Claim| one_line(&format!("{} {}", claim.file, claim.sentence));
    let open = report.missing_links().map(told).collect();
    Verdict::holding(trust, &holds, must_be_complete, open)
}

fn failing(report: &Report) -> Verdict {
    let fails = |c: &&Claim| c.fails();
    let mut bad: BTreeSet<&str> = BTreeSet::new();
    for claim in report.claims.iter().filter(fails) {
        bad.insert(if claim.file == "-" { "the folder" } else { &claim.file });
    }
    let bad = one_line(&bad.into_iter().collect::<Vec<_>>().join(", "));
    let (exit, code) = if report.fails_by_policy_only() {
        (Exit::Policy, "policy-not-met")
    } else {
        (Exit::Refused, "bundle-refused")
    };
    let mut failure = Failure::new(exit, code, format!("not accepted: {bad}"));
    for claim in report.claims.iter().filter(fails) {
        failure = failure.because(format!("{}: {}", claim.file, claim.sentence));
    }
    if report.claims.iter().any(|c| c.id == "policy.pinned" && fails(&c)) {
        failure = failure.hint(NOT_PINNED);
    }
    let headline = format!("NOT VERIFIED: {bad}");
    Verdict { headline, compare: None, open: Vec::new(), failure: Some(failure) }
}
