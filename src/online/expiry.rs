//! Two dates that AWS enforces, looked at before AWS is asked: when parameters stop working, and when key material is deleted.

use keyferry_bundle::kinds::{Plan, Request};
use keyferry_bundle::{FieldError, Timestamp};
use keyferry_console::{Exit, Failure};

/// When the first of the request's parameters stop working.
pub(crate) fn parameters(request: &Request) -> Option<Timestamp> {
    request.targets.iter().map(|target| target.parameters_valid_to).min()
}

/// Refuses parameters that stopped working.
pub(crate) fn must_still_work(
    request: &Request,
    now: Timestamp,
    folder: &str,
) -> Result<(), Failure> {
    let expired = request.targets.iter().find(|target| target.parameters_valid_to <= now);
    let Some(target) = expired else { return Ok(()) };
    Err(Failure::new(
        Exit::Unchanged,
        "parameters-expired",
        format!("request {} is of no use any more", request.counter),
    )
    .because(format!(
        "target {}: wrapping public key and import token stopped working at {}, and it is {now}",
        target.name, target.parameters_valid_to
    ))
    .hint(format!(
        "fetch new ones: keyferry-online fetch --again {folder} --identity FILE; if that is not the time, set this host's clock and run the command again"
    )))
}

/// Refuses a planned expiration that KMS would refuse now.
pub(crate) fn must_be_possible(plan: &Plan, now: Timestamp) -> Result<(), Failure> {
    let check =
        |(index, target): (usize, &keyferry_bundle::kinds::Target)| -> Result<(), FieldError> {
            target.expiration.check(&format!("targets[{index}].expiration"), now)
        };
    plan.targets.iter().enumerate().try_for_each(check).map_err(|problem| {
        Failure::new(Exit::Refused, "expiration", "the planned expiration is not possible now")
            .because(problem)
            .hint("make a new plan with --valid-to at most 365 days ahead, or --does-not-expire")
    })
}

/// Whole hours and minutes from `now` to `then`, for people.
pub(crate) fn left(now: Timestamp, then: Timestamp) -> String {
    let minutes = (then.unix_seconds() - now.unix_seconds()).max(0) / 60;
    format!("{} h {:02} min", minutes / 60, minutes % 60)
}
