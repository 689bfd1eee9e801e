//! The calls that bundles tell of, and which events could be theirs. Little is kept of each, so that many ceremonies can be held against
//! the events at once.

use super::{PARAMETERS_WORK, TOLERANCE};
use crate::cloudtrail::Event;
use crate::evidence::chain::{Chain, Link};
use keyferry_bundle::kinds::{ReceiptTarget, RequestTarget};
use keyferry_bundle::{
    CeremonyId, ExpirationModel, KeyArn, KeyMaterialId, Receipt, Request, TargetName, Timestamp,
    WrappingAlgorithm, WrappingKeySpec,
};
use std::collections::BTreeMap;
use std::ops::RangeInclusive;

/// What the bundles of one or more folders tell of.
#[derive(Debug, Default)]
pub(crate) struct Calls {
    pub(super) asked: Vec<Asked>,
    pub(super) uploads: Vec<Upload>,
    /// Every planned key, and when its key material is to be deleted.
    pub(super) planned: BTreeMap<KeyArn, Vec<i64>>,
}

impl Calls {
    /// Takes in what the accepted bundles of a folder tell of. `name` makes of a file's name what claims call it.
    pub(crate) fn take_in(&mut self, chain: &Chain, name: impl Fn(&str) -> String) {
        let mut places = Vec::new();
        for link in &chain.requests {
            places.push(self.asked.len());
            let targets = &link.bundle.body().targets;
            self.asked.extend(targets.iter().map(|target| Asked::of(name(&link.file), target)));
        }
        for link in &chain.receipts {
            let targets = &link.bundle.body().targets;
            self.uploads.extend(targets.iter().filter_map(|target| {
                let response = chain.responses.get(link.follows)?;
                let request = chain.request_of(response).ok()?;
                let first = *places.get(response.follows)?;
                Upload::of(chain, name(&link.file), link, target, (request, first))
            }));
        }
        for target in chain.plans.iter().flat_map(|link| &link.bundle.body().targets) {
            let due = self.planned.entry(target.key.clone()).or_default();
            due.extend(target.expiration.valid_to.map(Timestamp::unix_seconds));
        }
    }
}

/// One target's parameters, as a request tells of them.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) file: String,
    pub(super) name: TargetName,
    pub(super) key: KeyArn,
    algorithm: WrappingAlgorithm,
    spec: WrappingKeySpec,
    /// When AWS handed the parameters out, by its own word.
    pub(super) handed_out: i64,
}

impl Asked {
    fn of(file: String, target: &RequestTarget) -> Self {
        Self {
            file,
            name: target.name.clone(),
            key: target.key.clone(),
            algorithm: target.wrapping_algorithm,
            spec: target.wrapping_key_spec,
            handed_out: target.parameters_valid_to.unix_seconds() - PARAMETERS_WORK,
        }
    }

    /// When the event must have been.
    pub(super) const fn window(&self) -> RangeInclusive<i64> {
        self.handed_out - TOLERANCE..=self.handed_out + TOLERANCE
    }

    /// Whether an event of this key can be this call.
    pub(super) fn is(&self, event: &Event) -> bool {
        let algorithm = event.wrapping_algorithm.as_deref();
        let spec = event.wrapping_key_spec.as_deref();
        at_home(event)
            && self.window().contains(&event.time.unix_seconds())
            && !differ(algorithm, Some(self.algorithm.as_str()))
            && !differ(spec, Some(self.spec.as_str()))
    }
}

/// One target's upload, as a receipt tells of it.
#[derive(Debug)]
pub(super) struct Upload {
    pub(super) file: String,
    pub(super) name: TargetName,
    pub(super) key: KeyArn,
    pub(super) key_material_id: Option<KeyMaterialId>,
    ceremony: CeremonyId,
    expiration: ExpirationModel,
    /// Which of the parameters it used.
    asked: usize,
    /// When they stopped working.
    expires: i64,
    /// When the receipt was made.
    created: i64,
}

impl Upload {
    fn of(
        chain: &Chain,
        file: String,
        link: &Link<Receipt>,
        target: &ReceiptTarget,
        (request, first): (&Link<Request>, usize),
    ) -> Option<Self> {
        let plan = chain.plan_of(request).ok()?.bundle.body();
        let targets = &request.bundle.body().targets;
        let place = targets.iter().position(|asked| asked.name == target.name)?;
        Some(Self {
            file,
            name: target.name.clone(),
            key: target.key.clone(),
            key_material_id: target.key_material_id.clone(),
            ceremony: plan.ceremony.clone(),
            expiration: plan.target(&target.name)?.expiration.model,
            asked: first + place,
            expires: targets.get(place)?.parameters_valid_to.unix_seconds(),
            created: link.bundle.body().created.unix_seconds(),
        })
    }
}

/// An upload and when it must have been, but for the tolerance at the end.
#[derive(Debug)]
pub(super) struct Uploaded<'a> {
    pub(super) upload: &'a Upload,
    /// When AWS handed the parameters out.
    from: i64,
    /// When they stopped working, or the receipt was made: whatever came first.
    to: i64,
}

impl<'a> Uploaded<'a> {
    /// `handed_out` has the time of the event of each of the parameters, where one was found.
    pub(super) fn of(upload: &'a Upload, handed_out: &[Option<Timestamp>]) -> Self {
        let event = handed_out.get(upload.asked).copied().flatten();
        let from =
            event.map_or(upload.expires - PARAMETERS_WORK - TOLERANCE, Timestamp::unix_seconds);
        Self { upload, from, to: upload.expires.min(upload.created) }
    }

    pub(super) const fn window(&self) -> RangeInclusive<i64> {
        self.from..=self.to
    }

    /// Why an event of this key is not this upload, if it is not.
    pub(super) fn differs(&self, event: &Event) -> Option<&'static str> {
        let time = event.time.unix_seconds();
        if !at_home(event) {
            Some("is in the trail of another account or region than the key's")
        } else if time < self.from || time > self.to + TOLERANCE {
            Some("is not of the time between GetParametersForImport and the receipt")
        } else if differ(event.key_material_id.as_ref(), self.upload.key_material_id.as_ref()) {
            Some("has another key material id")
        } else if differ(event.description.as_deref(), Some(self.upload.ceremony.as_str())) {
            Some("names another ceremony")
        } else if differ(event.expiration, Some(self.upload.expiration)) {
            Some("has another expiration model")
        } else {
            None
        }
    }
}

/// Whether an event is in the trail of its key's own account and region; these calls work nowhere else.
fn at_home(event: &Event) -> bool {
    !differ(event.account.as_ref(), Some(&event.key.account))
        && !differ(event.region.as_ref(), Some(&event.key.region))
}

/// Whether both are there and are not the same.
fn differ<T: PartialEq>(a: Option<T>, b: Option<T>) -> bool {
    matches!((a, b), (Some(a), Some(b)) if a != b)
}
