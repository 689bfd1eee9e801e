//! What ceremonies show about each other. Each folder is examined by itself and forgotten, but for what is kept here: digests, counters,
//! and what `CloudTrail`'s events are compared with.
//!
//! Two bundles in one place of the chain are refused where the second is read. Whatever a folder yet to be read could show is settled
//! when all were.

mod places;
mod series;

use super::chain::Chain;
use super::materials::{self, Brought, Named};
use super::shared::Shared;
use super::trail::Calls;
use super::upkeeps::{self, Copies, PutBack};
use super::{Report, Standing};
use crate::cloudtrail::Trail;
use keyferry_bundle::Digest;
use places::{Idle, Occupant, Place, places};
use series::{Follower, Member};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What is known of the folders that were read.
#[derive(Debug, Default)]
pub struct Across {
    /// Who was first in each place.
    places: BTreeMap<Place, Occupant>,
    /// The plans, logs and transcripts.
    members: BTreeMap<Digest, Member>,
    /// Those whose predecessor is not in their folder.
    followers: Vec<Follower>,
    /// Device bundles that have a plan.
    planned: BTreeSet<Digest>,
    /// What responses brought.
    brought: Brought,
    /// Plans that nobody answered.
    idle: Vec<Idle>,
    /// Key material that plans name and whose response is not in their folder.
    named: Vec<Named>,
    /// The copies that bundles name.
    copies: BTreeMap<Digest, Copies>,
    /// What was put back from copies that no bundle of its folder names.
    put_back: Vec<PutBack>,
    /// What bundles tell of calls to KMS, where there are events to compare it with.
    calls: Option<Calls>,
}

impl Across {
    /// Where the ceremonies are to be held against events, too.
    #[must_use]
    pub fn with_calls() -> Self {
        Self { calls: Some(Calls::default()), ..Self::default() }
    }

    /// Takes in what was accepted of a folder. Its report refuses what another folder contradicts, and no longer leaves open what another
    /// folder may show.
    pub fn take_in(&mut self, folder: &str, chain: &Chain, report: &mut Report) {
        let devices = chain.plans.iter().filter_map(|plan| chain.device_of(plan).ok());
        self.planned.extend(devices.map(|device| device.bundle.digest()));
        let found = places(chain);
        let known: Vec<bool> =
            found.iter().map(|(place, ..)| self.places.contains_key(place)).collect();
        let mut labels: BTreeMap<&str, Arc<str>> = BTreeMap::new();
        for ((place, is, file), known) in found.into_iter().zip(known) {
            if known && let Some(other) = self.places.get(&place) {
                other.contradict(&place, is, file, report);
            } else {
                let file = labels.entry(file).or_insert_with(|| label(folder, file));
                self.places.entry(place).or_insert(Occupant { is, file: Arc::clone(file) });
            }
        }
        for (digest, member) in series::members(folder, chain) {
            self.members.entry(digest).or_insert(member);
        }
        self.followers.extend(series::followers(folder, chain, report));
        self.idle.extend(places::idle(chain, |file| label(folder, file)));
        let own = materials::brought(chain, |file| label(folder, file));
        let named = materials::named(chain, |file| label(folder, file));
        self.named.extend(named.into_iter().filter(|named| !named.is_settled_by(&own)));
        self.brought.extend(own);
        report
            .claims
            .retain(|claim| !(claim.id == materials::CLAIM && claim.standing == Standing::Open));
        let name = |file: &str| label(folder, file).as_ref().to_owned();
        let own: BTreeMap<Digest, Copies> = upkeeps::copies(chain, name).into_iter().collect();
        let put_back = upkeeps::put_back(chain, name).into_iter();
        self.put_back.extend(put_back.filter(|object| !own.contains_key(&object.source)));
        for (digest, copies) in own {
            self.copies.entry(digest).or_insert(copies);
        }
        report
            .claims
            .retain(|claim| !(claim.id == upkeeps::SOURCE && claim.standing == Standing::Open));
        if let Some(calls) = &mut self.calls {
            calls.take_in(chain, |file| label(folder, file).as_ref().to_owned());
        }
    }

    /// What no folder shows by itself. Each claim names its file with its folder.
    #[must_use]
    pub fn settle(&self, shared: &Shared) -> Report {
        let mut report = Report { trust: shared.report().trust.clone(), ..Report::default() };
        for follower in &self.followers {
            let named = self.members.get(&follower.previous);
            follower.settle(named, self.places.get(&follower.place()), &mut report);
        }
        places::settle_idle(&self.idle, &self.places, &mut report);
        for named in &self.named {
            named.state(&self.brought, &mut report);
        }
        for object in &self.put_back {
            let copies = self.copies.get(&object.source);
            object.state(copies, "in none of these folders", &mut report);
        }
        shared.unplanned(&self.planned, &mut report);
        report
    }

    /// What the events say about all of them, where their calls were kept. Each claim about a bundle names its file with its folder.
    #[must_use]
    pub fn hold_against(&self, trail: &Trail, shared: &Shared) -> Report {
        let mut report = Report { trust: shared.report().trust.clone(), ..Report::default() };
        if let Some(calls) = &self.calls {
            calls.hold_against(trail, &mut report);
        }
        report
    }
}

fn label(folder: &str, file: &str) -> Arc<str> {
    format!("{folder}/{file}").into()
}
