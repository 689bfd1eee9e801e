//! What this machine has pinned: every version of the policy, each checked against the one before.

use keyferry_bundle::{Digest, Envelope, Kind, Policy, Verified, seal};
use keyferry_ceremony::draft::{self, Seats};
use keyferry_ceremony::policy;
use keyferry_console::ceremony::refused;
use keyferry_console::trust::{self, Trust};
use keyferry_console::{Exit, Failure, clock};
use std::path::{Path, PathBuf};

/// That a policy expired, by this machine's clock, in words.
pub(crate) fn expired(policy: &Policy) -> Result<Option<String>, Failure> {
    let now = clock::now()?;
    let told = |expires| {
        format!(
            "version {} expired at {expires}: no plan and no device made since is accepted",
            policy.version
        )
    };
    Ok(policy.expires.filter(|expires| *expires <= now).map(told))
}

/// The versions that were pinned, oldest first; none on a machine where nobody pinned one.
#[derive(Debug, Clone)]
pub(crate) struct Trusted {
    folder: PathBuf,
    history: Vec<Verified<Policy>>,
}

impl Trusted {
    /// Reads the trust folder.
    pub(crate) fn load(given: Option<&Path>) -> Result<Self, Failure> {
        let folder = trust::folder(given)?;
        let history = match Trust::find(&folder)? {
            None => Vec::new(),
            Some(found) => policy::in_force(&found.policies, Some(found.pin.policy))
                .and_then(|_| policy::history(&found.policies))
                .map_err(|refusal| {
                    refused(format!("the policy in {}", folder.display()), &refusal)
                })?,
        };
        Ok(Self { folder, history })
    }

    /// The folder.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Every version, oldest first.
    pub(crate) fn history(&self) -> &[Verified<Policy>] {
        &self.history
    }

    /// What was trusted when only the first so many versions were there.
    pub(crate) fn as_of(&self, versions: usize) -> Self {
        let history = self.history.iter().take(versions).cloned().collect();
        Self { folder: self.folder.clone(), history }
    }

    /// The policy in force.
    pub(crate) fn in_force(&self) -> Result<&Verified<Policy>, Failure> {
        self.history.last().ok_or_else(|| {
            Failure::new(Exit::Policy, "no-pin", "no policy is pinned on this machine")
                .because(format!("{} holds no pin.json", self.folder.display()))
                .hint("pin one with `keyferry policy pin policy-v1.json`")
        })
    }

    /// The pinned version with that number.
    pub(crate) fn version(&self, version: u32) -> Option<&Verified<Policy>> {
        self.history.iter().find(|known| known.body().version == version)
    }

    /// Opens a policy: one that is pinned, or the one that could follow it. Where nothing is pinned, version 1 by itself. The
    /// remark says when no pin vouches for it.
    pub(crate) fn open(
        &self,
        name: &str,
        envelope: &Envelope,
        bytes: &[u8],
    ) -> Result<(Policy, Seats, Option<String>), Failure> {
        let claimed: Policy = seal::claimed(envelope).map_err(|error| {
            Failure::new(Exit::Refused, "bundle-refused", format!("{name} is not accepted"))
                .caused_by(&error)
        })?;
        let before = self.before(name, claimed.version, envelope.digest())?;
        let (body, seats) =
            draft::policy(before, bytes).map_err(|refusal| refused(name, &refusal))?;
        let remark = if self.version(body.version).is_some() {
            None
        } else if self.history.is_empty() {
            Some("no policy is pinned here: nothing but its own signatures vouches for it".into())
        } else {
            Some(format!("it is not pinned here yet; version {} is", self.newest()))
        };
        Ok((body, seats, remark))
    }

    /// A policy that is complete: one that is pinned, the one that follows it, or version 1 where nothing is pinned.
    pub(crate) fn accept(&self, name: &str, bytes: &[u8]) -> Result<Verified<Policy>, Failure> {
        let (envelope, kind) = super::envelope(name, bytes)?;
        if kind != Kind::Policy {
            return Err(Failure::new(
                Exit::Refused,
                "bundle-refused",
                format!("{name} is no policy"),
            )
            .because(format!("it is a {kind}")));
        }
        let (body, seats, _) = self.open(name, &envelope, bytes)?;
        if let Some(missing) = seats.missing() {
            return Err(Failure::new(
                Exit::Policy,
                "policy-not-met",
                format!("{name} is not accepted"),
            )
            .because(missing)
            .hint("have the missing people sign it: keyferry policy sign"));
        }
        if let Some(known) = self.version(body.version) {
            return Ok(known.clone());
        }
        let mut versions: Vec<Vec<u8>> =
            self.history.iter().map(|known| known.envelope().encode()).collect();
        versions.push(bytes.to_vec());
        policy::in_force(&versions, None).map_err(|refusal| refused(name, &refusal))
    }

    fn newest(&self) -> u32 {
        self.history.last().map_or(0, |policy| policy.body().version)
    }

    /// What a policy of that version must follow: no rollback to another one, no fork, no gap.
    fn before(
        &self,
        name: &str,
        version: u32,
        digest: Digest,
    ) -> Result<Option<&Verified<Policy>>, Failure> {
        let refuse = |code, because: String| {
            Failure::new(Exit::Refused, code, format!("{name} is not accepted")).because(because)
        };
        let newest = self.newest();
        if let Some(known) = self.version(version)
            && known.digest() != digest
        {
            let (code, because) = if version == newest {
                ("policy-fork", format!("another version {version} is pinned here"))
            } else {
                (
                    "policy-rollback",
                    format!("version {newest} is pinned here, after another version {version}"),
                )
            };
            return Err(refuse(code, because)
                .because(format!("its fingerprint is {digest}, the pinned one's {}", known.digest()))
                .hint("find out who made two of them; another organisation's policy needs --trust DIR of its own"));
        }
        if version > newest.saturating_add(1) {
            let because = format!(
                "it is version {version}, but {}",
                match newest {
                    0 => "no policy is pinned here".to_owned(),
                    newest => format!("version {newest} is pinned here"),
                }
            );
            return Err(refuse("policy-gap", because)
                .hint(format!("pin version {} first", newest.saturating_add(1))));
        }
        Ok(version.checked_sub(1).and_then(|before| self.version(before)))
    }
}
