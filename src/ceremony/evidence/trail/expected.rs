//! The calls that bundles tell of, and which events could be theirs.

use super::{PARAMETERS_WORK, TOLERANCE};
use crate::cloudtrail::Event;
use crate::evidence::chain::{Chain, Link};
use keyferry_bundle::kinds::{ReceiptTarget, RequestTarget};
use keyferry_bundle::{Plan, Receipt, Request, Timestamp};
use std::ops::RangeInclusive;

/// One target's parameters, as a request tells of them.
#[derive(Debug)]
pub(super) struct Asked<'a> {
    pub(super) link: &'a Link<Request>,
    pub(super) target: &'a RequestTarget,
}

impl Asked<'_> {
    /// When AWS handed the parameters out, by its own word.
    pub(super) const fn handed_out(&self) -> i64 {
        self.target.parameters_valid_to.unix_seconds() - PARAMETERS_WORK
    }

    /// When the event must have been.
    pub(super) const fn window(&self) -> RangeInclusive<i64> {
        self.handed_out() - TOLERANCE..=self.handed_out() + TOLERANCE
    }

    /// Whether an event of this key can be this call.
    pub(super) fn is(&self, event: &Event) -> bool {
        let algorithm = event.wrapping_algorithm.as_deref();
        let spec = event.wrapping_key_spec.as_deref();
        at_home(event)
            && self.window().contains(&event.time.unix_seconds())
            && !differ(algorithm, Some(self.target.wrapping_algorithm.as_str()))
            && !differ(spec, Some(self.target.wrapping_key_spec.as_str()))
    }
}

/// One target's upload, as a receipt tells of it.
#[derive(Debug)]
pub(super) struct Uploaded<'a> {
    pub(super) link: &'a Link<Receipt>,
    pub(super) target: &'a ReceiptTarget,
    plan: &'a Plan,
    /// When AWS handed the parameters out.
    from: i64,
    /// When they stopped working, or the receipt was made: whatever came first.
    to: i64,
}

impl<'a> Uploaded<'a> {
    /// The upload of a target; `handed_out` has the time of the event of each request's each target, where one was found.
    pub(super) fn of(
        chain: &'a Chain,
        link: &'a Link<Receipt>,
        target: &'a ReceiptTarget,
        handed_out: &[Vec<Option<Timestamp>>],
    ) -> Option<Self> {
        let response = chain.responses.get(link.follows)?;
        let request = chain.request_of(response).ok()?;
        let plan = chain.plan_of(request).ok()?.bundle.body();
        let targets = &request.bundle.body().targets;
        let place = targets.iter().position(|asked| asked.name == target.name)?;
        let expires = targets.get(place)?.parameters_valid_to.unix_seconds();
        let event = handed_out.get(response.follows).and_then(|all| *all.get(place)?);
        let from = event.map_or(expires - PARAMETERS_WORK - TOLERANCE, Timestamp::unix_seconds);
        let to = expires.min(link.bundle.body().created.unix_seconds());
        Some(Self { link, target, plan, from, to })
    }

    /// When the event must have been, but for the tolerance at the end.
    pub(super) const fn window(&self) -> RangeInclusive<i64> {
        self.from..=self.to
    }

    /// Why an event of this key is not this upload, if it is not.
    pub(super) fn differs(&self, event: &Event) -> Option<&'static str> {
        let planned = self.plan.target(&self.target.name)?;
        let time = event.time.unix_seconds();
        if !at_home(event) {
            Some("is in the trail of another account or region than the key's")
        } else if time < self.from || time > self.to + TOLERANCE {
            Some("is not of the time between GetParametersForImport and the receipt")
        } else if differ(event.key_material_id.as_ref(), self.target.key_material_id.as_ref()) {
            Some("has another key material id")
        } else if differ(event.description.as_deref(), Some(self.plan.ceremony.as_str())) {
            Some("names another ceremony")
        } else if differ(event.expiration, Some(planned.expiration.model)) {
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
