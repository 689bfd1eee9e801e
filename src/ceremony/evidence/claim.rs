//! A claim and how it stands.

use crate::Refusal;
use keyferry_bundle::{Digest, Environment};
use std::error::Error as _;

/// Everything that was found.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// The policy all trust comes from, once one was found.
    pub trust: Option<Trust>,
    /// Every claim, in the order of the chain.
    pub claims: Vec<Claim>,
}

/// Where trust comes from.
#[derive(Debug, Clone)]
pub struct Trust {
    /// The name of the newest version here that a pin vouches for; without pins, of the newest here.
    pub name: String,
    /// Its version.
    pub version: u32,
    /// Its digest.
    pub digest: Digest,
    /// Its environment.
    pub environment: Environment,
    /// Whether a pin vouches for it.
    pub pinned: bool,
    /// The newest version that the folder or the pins know of: another one has replaced this where it is higher.
    pub newest: u32,
}

/// One thing that was checked.
#[derive(Debug, Clone)]
pub struct Claim {
    /// A stable name, such as `plan.approved`.
    pub id: &'static str,
    /// The file it is about.
    pub file: String,
    /// The claim in words, or what is wrong.
    pub sentence: String,
    /// How it stands.
    pub standing: Standing,
}

/// How a claim stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Checked, and true.
    Holds,
    /// About something that is kept elsewhere, or has not happened yet.
    Open,
    /// The bundle is refused.
    Refused,
    /// The policy or a quorum is not met.
    NotAllowed,
}

/// Claims that are open because something is not there which belongs into a ceremony's folder: a bundle, or in one the answer of KMS or
/// an attestation that the policy lets nobody look at.
const LINKS: &[&str] = &[
    "device.planned",
    "plan.requested",
    "request.previous",
    "request.answered",
    "response.made",
    "response.imported",
    "response.attestation",
    "response.log",
    "log.gap",
    "receipt.proof",
];

impl Report {
    /// Every open claim about something that belongs into the folder. Copies, tokens and earlier plans are kept elsewhere.
    pub fn missing_links(&self) -> impl Iterator<Item = &Claim> {
        let missing =
            |claim: &&Claim| claim.standing == Standing::Open && LINKS.contains(&claim.id);
        self.claims.iter().filter(missing)
    }

    /// Whether every claim holds or is open, and there is something to hold.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.trust.is_some()
            && self.claims.iter().all(|c| matches!(c.standing, Standing::Holds | Standing::Open))
    }

    /// Whether everything that fails is a policy or a quorum not met.
    #[must_use]
    pub fn fails_by_policy_only(&self) -> bool {
        !self.holds() && !self.claims.iter().any(|c| c.standing == Standing::Refused)
    }

    pub(super) fn holds_that(&mut self, id: &'static str, file: &str, sentence: impl Into<String>) {
        self.add(id, file, sentence.into(), Standing::Holds);
    }

    pub(super) fn leaves_open(
        &mut self,
        id: &'static str,
        file: &str,
        sentence: impl Into<String>,
    ) {
        self.add(id, file, sentence.into(), Standing::Open);
    }

    pub(super) fn refuses(&mut self, id: &'static str, file: &str, sentence: impl Into<String>) {
        self.add(id, file, sentence.into(), Standing::Refused);
    }

    pub(super) fn refuses_bundle(&mut self, id: &'static str, file: &str, refusal: &Refusal) {
        let mut sentence = refusal.to_string();
        let mut source = refusal.source();
        while let Some(cause) = source {
            sentence = format!("{sentence}: {cause}");
            source = cause.source();
        }
        let standing = if refusal.is_policy() { Standing::NotAllowed } else { Standing::Refused };
        self.add(id, file, sentence, standing);
    }

    fn add(&mut self, id: &'static str, file: &str, sentence: String, standing: Standing) {
        self.claims.push(Claim { id, file: file.to_owned(), sentence, standing });
    }
}
