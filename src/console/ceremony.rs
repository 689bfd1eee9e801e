//! A ceremony's folder, read link by link under the policy that this machine has pinned.

use crate::args::CeremonyArgs;
use crate::names::Name;
use crate::{Exit, Failure, files, trust};
use keyferry_bundle::{
    Backup, Device, Digest, Envelope, Log, Plan, Policy, Receipt, Request, Response, TargetName,
    Upkeep, Verified, seal,
};
use keyferry_ceremony::{Countersigned, Refusal};
use keyferry_ceremony::{backup, device, log, plan, policy, receipt, request, response, upkeep};
use std::path::{Path, PathBuf};

/// The folder and the policy in force. What the folder says about the policy counts for nothing: the pin decides.
#[derive(Debug)]
pub struct Ceremony {
    folder: PathBuf,
    names: Vec<Name>,
    policy: Verified<Policy>,
    /// The versions before it, to tell a ceremony of one of them from one that was never of this policy.
    older: Vec<(u32, Digest)>,
}

impl Ceremony {
    /// Lists the folder and loads the pinned policy.
    ///
    /// # Errors
    /// [`Exit::File`] when the folder cannot be read, [`Exit::Refused`] when it holds a file that is no part of a ceremony,
    /// [`Exit::Policy`] when no policy is pinned.
    pub fn open(args: &CeremonyArgs) -> Result<Self, Failure> {
        Self::under(&args.folder, &pinned_history(args.trust.trust.as_deref())?)
    }

    /// As [`Self::open`], under the last of these versions, oldest first, which were accepted already.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn under(folder: &Path, history: &[Verified<Policy>]) -> Result<Self, Failure> {
        let (policy, older) =
            history.split_last().ok_or_else(|| Failure::bug("no version of the policy"))?;
        let older = older.iter().map(|older| (older.body().version, older.digest())).collect();
        let (folder, names) = (folder.to_owned(), list(folder)?);
        Ok(Self { folder, names, policy: policy.clone(), older })
    }

    /// The folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The pinned policy.
    #[must_use]
    pub const fn policy(&self) -> &Verified<Policy> {
        &self.policy
    }

    /// Where a file is, or would be.
    #[must_use]
    pub fn path(&self, name: &Name) -> PathBuf {
        self.folder.join(name.to_string())
    }

    /// Every file that was there when the folder was opened.
    #[must_use]
    pub fn names(&self) -> &[Name] {
        &self.names
    }

    /// Whether the file was there when the folder was opened.
    #[must_use]
    pub fn has(&self, name: &Name) -> bool {
        self.names.contains(name)
    }

    /// The counter of the newest request, 0 when there is none.
    #[must_use]
    pub fn newest_request(&self) -> u32 {
        let counter = |name: &Name| if let Name::Request(counter) = name { *counter } else { 0 };
        self.names.iter().map(counter).max().unwrap_or(0)
    }

    /// The device bundle.
    ///
    /// # Errors
    /// When it is missing or refused.
    pub fn device(&self) -> Result<Verified<Device>, Failure> {
        self.accept(&Name::Device, |bytes| {
            device::accept(&self.policy, bytes, Countersigned::Required)
        })
        .map_err(|failure| match self.older_version() {
            Some(version) => failure
                .because(format!(
                    "it is of version {version} of the policy, and version {} is pinned here",
                    self.policy.body().version
                ))
                .hint("nothing goes on under a version that was replaced: plan the ceremony anew"),
            None => failure,
        })
    }

    /// The older version of the policy that the device bundle says it is of. Nothing rests on it.
    fn older_version(&self) -> Option<u32> {
        let bytes = files::read_bundle(&self.path(&Name::Device)).ok()?;
        let envelope = Envelope::decode_canonical(&bytes).ok()?;
        let device: Device = seal::claimed(&envelope).ok()?;
        let of = self.older.iter().find(|(_, digest)| *digest == device.policy);
        of.map(|(version, _)| *version)
    }

    /// The plan.
    ///
    /// # Errors
    /// When it is missing or refused.
    pub fn plan(&self, device: &Verified<Device>) -> Result<Verified<Plan>, Failure> {
        self.accept(&Name::Plan, |bytes| plan::accept(&self.policy, device, bytes))
    }

    /// The request with that counter.
    ///
    /// # Errors
    /// When it is missing, refused, or numbered otherwise than its name says.
    pub fn request(
        &self,
        device: &Verified<Device>,
        plan: &Verified<Plan>,
        counter: u32,
    ) -> Result<Verified<Request>, Failure> {
        let name = Name::Request(counter);
        let request =
            self.accept(&name, |bytes| request::accept(&self.policy, device, plan, bytes))?;
        let found = request.body().counter;
        if found == counter {
            return Ok(request);
        }
        Err(Failure::new(Exit::Refused, "bundle-refused", format!("{name} is not accepted"))
            .because(format!("counter: is {found}, but the file is named for {counter}")))
    }

    /// The response to `request`, with the witnesses' signatures or before them.
    ///
    /// # Errors
    /// When it is missing or refused.
    pub fn response(
        &self,
        device: &Verified<Device>,
        plan: &Verified<Plan>,
        request: &Verified<Request>,
        countersigned: Countersigned,
    ) -> Result<Verified<Response>, Failure> {
        self.accept(&Name::Response(request.body().counter), |bytes| {
            response::accept(&self.policy, device, plan, request, bytes, countersigned)
        })
    }

    /// A target's backup bundle.
    ///
    /// # Errors
    /// When it is missing or refused.
    pub fn backup(
        &self,
        device: &Verified<Device>,
        plan: &Verified<Plan>,
        target: &TargetName,
    ) -> Result<Verified<Backup>, Failure> {
        self.accept(&Name::Backup(target.clone()), |bytes| {
            backup::accept(&self.policy, device, plan, bytes)
        })
    }

    /// The HSM's log up to response `counter`.
    ///
    /// # Errors
    /// When it is missing or refused.
    pub fn log(&self, device: &Verified<Device>, counter: u32) -> Result<Verified<Log>, Failure> {
        self.accept(&Name::Log(counter), |bytes| log::accept(&self.policy, device, bytes))
    }

    /// The receipt for the response to request `counter`.
    ///
    /// # Errors
    /// When it is missing or refused.
    pub fn receipt(
        &self,
        plan: &Verified<Plan>,
        response: &Verified<Response>,
        counter: u32,
    ) -> Result<Verified<Receipt>, Failure> {
        self.accept(&Name::Receipt(counter), |bytes| {
            receipt::accept(&self.policy, plan, response, bytes)
        })
    }

    /// The numbers of the records of what was done with the HSM outside of ceremonies, in order.
    #[must_use]
    pub fn upkeep_numbers(&self) -> Vec<u32> {
        let counter =
            |name: &Name| if let Name::Upkeep(counter) = name { Some(*counter) } else { None };
        let mut counters: Vec<u32> = self.names.iter().filter_map(counter).collect();
        counters.sort_unstable();
        counters
    }

    /// Record `counter` of what was done with the HSM outside of ceremonies, with the witnesses' signatures.
    ///
    /// # Errors
    /// When it is missing, refused, or numbered otherwise than its name says.
    pub fn upkeep(
        &self,
        device: &Verified<Device>,
        counter: u32,
    ) -> Result<Verified<Upkeep>, Failure> {
        let name = Name::Upkeep(counter);
        let upkeep = self.accept(&name, |bytes| {
            upkeep::accept(&self.policy, device, bytes, Countersigned::Required)
        })?;
        let found = upkeep.body().counter;
        if found == counter {
            return Ok(upkeep);
        }
        Err(Failure::new(Exit::Refused, "bundle-refused", format!("{name} is not accepted"))
            .because(format!("counter: is {found}, but the file is named for {counter}")))
    }

    /// Every record of what was done with the HSM outside of ceremonies, in order.
    ///
    /// # Errors
    /// As [`Self::upkeep`], for any of them.
    pub fn upkeeps(&self, device: &Verified<Device>) -> Result<Vec<Verified<Upkeep>>, Failure> {
        self.upkeep_numbers().into_iter().map(|counter| self.upkeep(device, counter)).collect()
    }

    fn accept<T>(
        &self,
        name: &Name,
        accept: impl FnOnce(&[u8]) -> Result<Verified<T>, Refusal>,
    ) -> Result<Verified<T>, Failure> {
        let bytes = files::read_bundle(&self.path(name))?;
        accept(&bytes).map_err(|refusal| refused(name, &refusal))
    }
}

/// A refusal as a failure, with the remedy where there is one.
pub fn refused(file: impl std::fmt::Display, refusal: &Refusal) -> Failure {
    let short = matches!(refusal, Refusal::Bundle { source, .. } if source.is_quorum_short());
    let failure = Failure::refused(&file, refusal, refusal.is_policy());
    if short {
        failure.hint(format!(
            "have the missing people sign it: keyferry sign CEREMONY/{file} --identity FILE"
        ))
    } else {
        failure
    }
}

/// The policy this machine has pinned, checked from its first version on.
///
/// # Errors
/// [`Exit::Policy`] when none is pinned, [`Exit::Refused`] when the trust folder's files do not hold.
pub fn pinned_policy(trust: Option<&Path>) -> Result<Verified<Policy>, Failure> {
    pinned_history(trust)?.pop().ok_or_else(|| Failure::bug("a pin without a policy"))
}

/// Every version up to the one that is pinned, oldest first.
///
/// # Errors
/// As [`pinned_policy`].
pub fn pinned_history(trust: Option<&Path>) -> Result<Vec<Verified<Policy>>, Failure> {
    let folder = trust::folder(trust)?;
    let trust = trust::Trust::load(&folder)?;
    policy::in_force(&trust.policies, Some(trust.pin.policy))
        .and_then(|_| policy::history(&trust.policies))
        .map_err(|refusal| refused(format!("the policy in {}", folder.display()), &refusal))
}

/// Every file is one of a ceremony, or the folder is refused: what nobody expects may be there for a reason.
fn list(folder: &Path) -> Result<Vec<Name>, Failure> {
    let unreadable = |error: std::io::Error| {
        Failure::new(Exit::File, "file-unreadable", format!("{} cannot be read", folder.display()))
            .because(error)
            .hint("name the ceremony's folder: the one with plan.json in it")
    };
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let plain = entry.file_type().map_err(unreadable)?.is_file();
        match Name::parse(&name).filter(|_| plain) {
            Some(known) => names.push(known),
            None if plain && Name::is_half(&name) => {}
            None => {
                return Err(Failure::new(
                    Exit::Refused,
                    "stray-file",
                    format!("{} holds something that is no part of a ceremony", folder.display()),
                )
                .because(format!("{name:?}"))
                .hint("find out where it comes from, then move it away"));
            }
        }
    }
    names.sort();
    Ok(names)
}
