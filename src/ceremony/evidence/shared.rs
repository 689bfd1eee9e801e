//! The policies and HSMs of many ceremonies. Each is checked once, wherever a copy of it lies, and a fork among them is found here.

use super::chain::{Chain, Link};
use super::collect::collect;
use super::sort::Sorted;
use super::{Claim, File, Pins, Report, Standing, order, policies, sentences};
use crate::device;
use crate::links::Countersigned;
use keyferry_bundle::kinds::kind_of;
use keyferry_bundle::seal::claimed;
use keyferry_bundle::{Device, Digest, Envelope, Kind, Policy};
use std::collections::{BTreeMap, BTreeSet};

/// What many ceremonies rest on.
#[derive(Debug, Default)]
pub struct Shared {
    /// The policies, and each HSM's bundle once, under the name of the file it was first found in.
    roots: Chain,
    /// Every file of theirs by its bytes.
    files: BTreeMap<Digest, Known>,
    /// The claims that fail, by file.
    failing: BTreeMap<String, Vec<Claim>>,
    /// What lies beside the ceremonies' folders belongs to all of them.
    common: BTreeSet<Holds>,
    report: Report,
}

/// A file that was looked at.
#[derive(Debug)]
struct Known {
    name: String,
    holds: Option<Holds>,
}

/// The accepted bundle that a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Holds {
    Policy(usize),
    Device(usize),
}

impl Shared {
    /// Whether a file is for all ceremonies: whether it claims to be a policy or a device bundle.
    #[must_use]
    pub fn takes(bytes: &[u8]) -> bool {
        matches!(claimed_kind(bytes), Some(Kind::Policy | Kind::Device))
    }

    /// Whether a file claims to be a bundle of one ceremony.
    #[must_use]
    pub fn leaves(bytes: &[u8]) -> bool {
        claimed_kind(bytes).is_some_and(|kind| !matches!(kind, Kind::Policy | Kind::Device))
    }

    /// Examines what lies beside the ceremonies' folders, and the policies and device bundles within them, each under a name of its own.
    #[must_use]
    pub fn examine(beside: &[File], within: &[File], pins: &Pins) -> Self {
        let mut shared = Self::default();
        let report = &mut shared.report;
        let sorted = Sorted::by_kind(beside.iter().chain(within), report);
        for (file, _) in &sorted.attachments {
            report.refuses("folder.files", &file.name, "is not what any bundle beside it names");
        }
        let mut holds = BTreeMap::new();
        shared.roots.policies = find_policies(&sorted, pins, &mut holds, report);
        policies::trust(&shared.roots.policies, pins, report);
        let links = find_devices(&shared.roots, &sorted, pins, report);
        for link in links {
            let same = |known: &Link<Device>| known.bundle.digest() == link.bundle.digest();
            let devices = &mut shared.roots.devices;
            let place = devices.iter().position(same).unwrap_or(devices.len());
            holds.insert(link.file.clone(), Holds::Device(place));
            if place == devices.len() {
                devices.push(link);
            }
        }
        order::devices(&shared.roots, report);
        let common = beside.iter().filter_map(|file| holds.get(&file.name).copied());
        shared.common = common.collect();
        for file in sorted.of(Kind::Policy).chain(sorted.of(Kind::Device)) {
            let known = Known { name: file.name.clone(), holds: holds.get(&file.name).copied() };
            shared.files.entry(Digest::of(&file.bytes)).or_insert(known);
        }
        for claim in shared.report.claims.iter().filter(|claim| claim.fails()) {
            shared.failing.entry(claim.file.clone()).or_default().push(claim.clone());
        }
        shared
    }

    /// What was found about them.
    #[must_use]
    pub const fn report(&self) -> &Report {
        &self.report
    }

    /// Examines the folder of one ceremony. Nothing is stated again about policies and HSMs, but for what fails of those that lie in the
    /// folder, or that its plans rest on.
    #[must_use]
    pub fn examine_ceremony(&self, files: &[File], pins: &Pins) -> (Report, Chain) {
        let mut report = Report { trust: self.report.trust.clone(), ..Report::default() };
        // Its own copies, by the name of the file that was looked at.
        let mut copies: BTreeMap<&str, (&str, &Known)> = BTreeMap::new();
        let mut own = Vec::new();
        for file in files {
            match self.files.get(&Digest::of(&file.bytes)) {
                Some(known) => _ = copies.insert(&known.name, (&file.name, known)),
                None => own.push(file),
            }
        }
        let sorted = Sorted::by_kind(own, &mut report);
        for (kind, id) in [(Kind::Policy, "policy.signed"), (Kind::Device, "device.signed")] {
            for file in sorted.of(kind) {
                let problem = "was not there when the folders were looked through";
                report.refuses(id, &file.name, problem);
            }
        }
        let here: BTreeMap<Holds, &str> =
            copies.values().filter_map(|(name, known)| Some((known.holds?, *name))).collect();
        let (chain, places) = self.roots_of(&here);
        let chain = chain.grown(&sorted, pins, &mut report);
        sentences::missing(&chain, &mut report);
        sentences::attachments(&chain, &sorted, &mut report);
        let mut suspects: BTreeSet<&str> = copies.keys().copied().collect();
        for plan in &chain.plans {
            let device = places.get(plan.follows).and_then(|place| self.roots.devices.get(*place));
            let policy = device.and_then(|device| self.roots.policies.get(device.follows));
            suspects.extend(device.map(|link| link.file.as_str()));
            suspects.extend(policy.map(|link| link.file.as_str()));
        }
        for claim in suspects.iter().filter_map(|name| self.failing.get(*name)).flatten() {
            let file = copies.get(claim.file.as_str()).map_or(claim.file.as_str(), |(own, _)| own);
            report.claims.push(Claim { file: file.to_owned(), ..claim.clone() });
        }
        (report, chain)
    }

    /// Every policy, and the HSMs that lie in the folder or beside all of them; a copy in the folder lends its name. With each HSM
    /// its place among all.
    fn roots_of(&self, here: &BTreeMap<Holds, &str>) -> (Chain, Vec<usize>) {
        fn named<T: Clone>(link: &Link<T>, name: Option<&&str>) -> Link<T> {
            let mut link = link.clone();
            if let Some(name) = name {
                (*name).clone_into(&mut link.file);
            }
            link
        }
        let mut chain = Chain::default();
        let policies = self.roots.policies.iter().enumerate();
        chain.policies =
            policies.map(|(place, link)| named(link, here.get(&Holds::Policy(place)))).collect();
        let mut places = Vec::new();
        for (place, link) in self.roots.devices.iter().enumerate() {
            let holds = Holds::Device(place);
            if here.contains_key(&holds) || self.common.contains(&holds) {
                chain.devices.push(named(link, here.get(&holds)));
                places.push(place);
            }
        }
        (chain, places)
    }

    /// The HSMs for which none of these plans is: told at the end, where every folder was seen.
    pub(super) fn unplanned(&self, planned: &BTreeSet<Digest>, report: &mut Report) {
        let idle = |link: &&Link<Device>| !planned.contains(&link.bundle.digest());
        for link in self.roots.devices.iter().filter(idle) {
            sentences::unplanned(link, report);
        }
    }
}

/// What an envelope calls its payload.
fn claimed_kind(bytes: &[u8]) -> Option<Kind> {
    kind_of(Envelope::decode_canonical(bytes).ok()?.payload_type())
}

/// Every version, each after the one before. Copies of one version may have other signatures: all of them must be good. Where several
/// could be the next, one that a pin vouches for comes first.
fn find_policies(
    sorted: &Sorted<'_>,
    pins: &Pins,
    holds: &mut BTreeMap<String, Holds>,
    report: &mut Report,
) -> Vec<Link<Policy>> {
    let mut left: Vec<(&File, Option<Digest>)> = sorted
        .of(Kind::Policy)
        .map(|file| (file, Envelope::decode_canonical(&file.bytes).ok().map(|it| it.digest())))
        .collect();
    let vouched = vouched_for(left.iter().map(|(file, _)| *file), pins);
    left.sort_by_key(|(_, digest)| !digest.is_some_and(|digest| vouched.contains(&digest)));
    let mut found: Vec<Link<Policy>> = Vec::new();
    while let Some(bundle) =
        left.iter().find_map(|(file, _)| policies::next(found.last(), &file.bytes).ok())
    {
        let mut first = true;
        let copies = left.extract_if(.., |(_, digest)| *digest == Some(bundle.digest()));
        let mut links = Vec::new();
        for (file, _) in copies {
            match policies::next(found.last(), &file.bytes) {
                Ok(bundle) => {
                    let follows = found.len().saturating_sub(1);
                    let link = Link { file: file.name.clone(), bundle, follows };
                    sentences::policy(&link, report);
                    holds.insert(link.file.clone(), Holds::Policy(found.len()));
                    links.push(link);
                }
                Err(refusal) => report.refuses_bundle("policy.signed", &file.name, &refusal),
            }
        }
        found.extend(links.into_iter().filter(|_| std::mem::take(&mut first)));
    }
    for (file, _) in left {
        if let Err(refusal) = policies::next(found.last(), &file.bytes) {
            report.refuses_bundle("policy.signed", &file.name, &refusal);
        }
    }
    policies::overruled(found, pins, report)
}

/// What was pinned, and the predecessors that it names.
fn vouched_for<'a>(files: impl Iterator<Item = &'a File>, pins: &Pins) -> BTreeSet<Digest> {
    let mut previous = BTreeMap::new();
    for file in files {
        let Ok(envelope) = Envelope::decode_canonical(&file.bytes) else { continue };
        if let Ok(policy) = claimed::<Policy>(&envelope) {
            previous.insert(envelope.digest(), policy.previous);
        }
    }
    let mut vouched: BTreeSet<Digest> =
        previous.keys().copied().filter(|digest| pins.has(*digest)).collect();
    let mut next: Vec<Digest> = vouched.iter().copied().collect();
    while let Some(digest) = next.pop() {
        if let Some(Some(before)) = previous.get(&digest)
            && vouched.insert(*before)
        {
            next.push(*before);
        }
    }
    vouched
}

/// Every device bundle, copies with other signatures too.
fn find_devices(
    roots: &Chain,
    sorted: &Sorted<'_>,
    pins: &Pins,
    report: &mut Report,
) -> Vec<Link<Device>> {
    let files: Vec<&File> = sorted.of(Kind::Device).collect();
    let accept = |policy: &Link<Policy>, bytes: &[u8]| {
        device::accept(&policy.bundle, bytes, Countersigned::Required)
    };
    let links = collect(&files, Kind::Device, "device.signed", &roots.policies, report, accept);
    for link in &links {
        sentences::device(roots, link, report);
        policies::replaced(roots, pins, link, "device.policy", report);
    }
    links
}

impl Claim {
    /// Whether it does.
    #[must_use]
    pub const fn fails(&self) -> bool {
        matches!(self.standing, Standing::Refused | Standing::NotAllowed)
    }
}
