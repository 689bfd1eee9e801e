//! What a script is made from.

use super::model::{Part, Script, number};
use super::{bastion, front, office, outcome, room};
use keyferry_bundle::kinds::{Operation, Target};
use keyferry_bundle::{Device, Digest, Holder, Plan, Policy, Role, TargetName, Verified};
use keyferry_ceremony::draft::Progress;
use keyferry_ceremony::wrapping::{Plaintext, plaintext};
use keyferry_ceremony::{lint, policy};
use keyferry_console::Name;
use std::path::PathBuf;

/// Everything that a script is made from.
#[derive(Debug)]
pub(crate) struct Given<'a> {
    /// The policy in force.
    pub(crate) policy: &'a Verified<Policy>,
    /// The HSM.
    pub(crate) device: &'a Verified<Device>,
    /// The plan, approved or not.
    pub(crate) plan: &'a Plan,
    /// Its digest.
    pub(crate) digest: Digest,
    /// How far its approval is.
    pub(crate) approval: Progress,
    /// Who signed it, in the order they did.
    pub(crate) signers: Vec<Holder>,
    /// Whether a draft was asked for.
    pub(crate) draft: bool,
    /// What people call the ceremony's folder.
    pub(crate) folder: String,
    /// The files that are there when the script is made.
    pub(crate) known: Vec<Name>,
    /// The folder of the room's memory.
    pub(crate) room: PathBuf,
}

impl Given<'_> {
    /// The script.
    pub(crate) fn script(&self) -> Script {
        let mut parts: Vec<Part> =
            [office::parts(self), bastion::parts(self), room::parts(self), outcome::parts(self)]
                .into_iter()
                .flatten()
                .collect();
        number(&mut parts);
        front::script(self, parts)
    }

    /// The number of the request that is about to be fetched.
    pub(super) fn counter(&self) -> u32 {
        let counter = |name: &Name| if let Name::Request(counter) = name { *counter } else { 0 };
        self.known.iter().map(counter).max().unwrap_or(0).saturating_add(1)
    }

    pub(super) fn request(&self) -> Name {
        Name::Request(self.counter())
    }

    pub(super) fn response(&self) -> Name {
        Name::Response(self.counter())
    }

    pub(super) fn log(&self) -> Name {
        Name::Log(self.counter())
    }

    pub(super) fn receipt(&self) -> Name {
        Name::Receipt(self.counter())
    }

    /// Whether the room's memory begins with this ceremony.
    pub(super) fn is_first(&self) -> bool {
        self.plan.counter == 1 && self.counter() == 1
    }

    /// Whether the plan has the HSM make key material.
    pub(super) fn generates(&self) -> bool {
        self.plan.operation != Operation::Reimport
    }

    /// Whether a request of the plan was answered before.
    pub(super) fn was_answered(&self) -> bool {
        self.known.iter().any(|name| matches!(name, Name::Response(_)))
    }

    /// How the room's programs reach the HSM: over USB, unless what is exported does not pass there.
    pub(super) fn hsm(&self) -> String {
        if self.takes_connector() {
            return String::new();
        }
        format!(" --hsm usb:{}", self.device.body().serial)
    }

    pub(super) fn takes_connector(&self) -> bool {
        self.plan.targets.iter().any(|target| lint::needs_connector(target.key_spec))
    }

    /// Policy, device bundle and plan.
    pub(super) fn base(&self) -> Vec<Name> {
        let base = |name: &&Name| matches!(name, Name::Policy(_) | Name::Device | Name::Plan);
        self.known.iter().filter(base).cloned().collect()
    }

    /// What earlier requests of the plan have left: signed bundles.
    pub(super) fn earlier(&self) -> Vec<Name> {
        let bundle = |name: &&Name| {
            matches!(
                name,
                Name::Request(_)
                    | Name::Response(_)
                    | Name::Receipt(_)
                    | Name::Backup(_)
                    | Name::Log(_)
                    | Name::Transcript(_)
                    | Name::Upkeep(_)
            )
        };
        self.known.iter().filter(bundle).cloned().collect()
    }

    pub(super) fn target_names(&self) -> impl Iterator<Item = &TargetName> {
        self.plan.targets.iter().map(|target| &target.name)
    }

    /// What goes to the room.
    pub(super) fn asked(&self) -> Vec<Name> {
        let mut files = self.base();
        files.extend(self.earlier());
        files.push(self.request());
        files
    }

    /// What the room makes that everybody reads: all but the copies.
    pub(super) fn answered(&self) -> Vec<Name> {
        let mut files = vec![self.response(), self.log()];
        files.extend(self.backups());
        files
    }

    /// The key materials, by the names of their first targets.
    pub(super) fn leaders(&self) -> impl Iterator<Item = &Target> {
        let leads =
            |target: &&Target| self.plan.leader(target).is_some_and(|l| l.name == target.name);
        self.plan.targets.iter().filter(leads)
    }

    /// Key materials whose bytes custodians can hold.
    pub(super) fn copied(&self) -> impl Iterator<Item = &TargetName> {
        let raw = |target: &&Target| matches!(plaintext(target.key_spec), Plaintext::Raw(_));
        let custodians = !self.plan.custodians.is_empty();
        self.leaders().filter(move |target| custodians && raw(target)).map(|target| &target.name)
    }

    /// The statements of the copies that the room makes or made.
    pub(super) fn backups(&self) -> Vec<Name> {
        self.leaders().map(|target| Name::Backup(target.name.clone())).collect()
    }

    /// Who counts in a role.
    pub(super) fn people(&self, role: Role) -> Vec<String> {
        policy::holders(self.policy.body(), role).iter().map(ToString::to_string).collect()
    }

    /// How many it takes of them.
    pub(super) fn needed(&self, role: Role) -> u8 {
        self.policy.body().roles.rule(role).map_or(0, |rule| rule.threshold)
    }

    /// Who works on the bastion: a name where there is one, else a word that stands for it.
    pub(super) fn operator(&self) -> String {
        match self.people(Role::OnlineOperator).as_slice() {
            [one] => one.clone(),
            _ => "OPERATOR".to_owned(),
        }
    }

    /// Names in a row.
    pub(super) fn list(people: &[String]) -> String {
        if people.is_empty() { "nobody".to_owned() } else { people.join(", ") }
    }

    pub(super) fn approved_by(&self) -> String {
        Self::list(&self.signers.iter().map(Holder::to_string).collect::<Vec<_>>())
    }

    /// A file as the programs name it when they are given the folder.
    pub(super) fn path(&self, name: &Name) -> String {
        format!("{}/{name}", self.folder)
    }

    pub(super) fn custodians(&self) -> Vec<String> {
        self.plan.custodians.iter().map(Holder::to_string).collect()
    }
}
