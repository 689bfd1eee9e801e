//! Bundles that are not complete yet: what somebody who is about to sign one may rely on, and whether the signature would count.
//!
//! Each function holds a bundle against every rule that [`accept`](crate::plan::accept) knows but the quorum of people, and
//! gives back its payload with the [`Seats`] that are still free. Signatures that are there already must all be good.

mod seats;

#[cfg(test)]
mod tests;

pub use seats::{NoSeat, Progress, Seats};

use crate::links::{Countersigned, fits_environment, with_hsm};
use crate::{Refusal, device as devices, plan as plans, receipt as receipts};
use crate::{request as requests, response as responses, roots, upkeep as upkeeps};
use keyferry_bundle::seal::claimed;
use keyferry_bundle::{
    Bundle, Device, Envelope, Error, Kind, Plan, Policy, Receipt, Request, Requirements, Response,
    Role, Unverified, Upkeep, Verified,
};

/// A policy: version 1 by its own rules, any other as the successor of the version `before` it.
///
/// # Errors
/// The first rule it breaks.
pub fn policy(before: Option<&Verified<Policy>>, bytes: &[u8]) -> Result<(Policy, Seats), Refusal> {
    let (body, seats) = open(bytes, |unverified, body: &Policy| {
        let required = body.signed_by(before.map(Verified::body))?;
        let outcome = match before {
            None => unverified.verify_first(),
            Some(current) => unverified.verify_successor(current),
        };
        Ok((required, outcome))
    })?;
    roots::check(&body)?;
    Ok((body, seats))
}

/// A device bundle that its HSM signed, for witnesses to countersign.
///
/// # Errors
/// The first rule it breaks.
pub fn device(policy: &Verified<Policy>, bytes: &[u8]) -> Result<(Device, Seats), Refusal> {
    let alone = devices::accept(policy, bytes, Countersigned::NotYet)?;
    let required = with_hsm(Kind::Device, policy, &alone, &[Role::Witness])?;
    open(bytes, |unverified, _| Ok((required, unverified.verify_under(policy, &[Role::Witness]))))
}

/// A plan, for ceremony officers.
///
/// # Errors
/// The first rule it breaks.
pub fn plan(
    policy: &Verified<Policy>,
    device: &Verified<Device>,
    bytes: &[u8],
) -> Result<(Plan, Seats), Refusal> {
    let (body, seats) = by_people(policy, Role::CeremonyOfficer, bytes)?;
    plans::check(policy, device, &body)?;
    Ok((body, seats))
}

/// A request, for online operators.
///
/// # Errors
/// The first rule it breaks.
pub fn request(
    policy: &Verified<Policy>,
    device: &Verified<Device>,
    plan: &Verified<Plan>,
    bytes: &[u8],
) -> Result<(Request, Seats), Refusal> {
    let (body, seats) = by_people(policy, Role::OnlineOperator, bytes)?;
    plans::check(policy, device, plan.body())?;
    requests::check(policy, plan, &body)?;
    Ok((body, seats))
}

/// A response that the HSM signed, for witnesses to countersign.
///
/// # Errors
/// The first rule it breaks.
pub fn response(
    policy: &Verified<Policy>,
    device: &Verified<Device>,
    plan: &Verified<Plan>,
    request: &Verified<Request>,
    bytes: &[u8],
) -> Result<(Response, Seats), Refusal> {
    responses::accept(policy, device, plan, request, bytes, Countersigned::NotYet)?;
    let required = with_hsm(Kind::Response, policy, device, &[Role::Witness])?;
    open(bytes, |unverified, _| {
        let outcome = unverified.verify(&required);
        Ok((required, outcome))
    })
}

/// An upkeep that the HSM signed, for witnesses to countersign.
///
/// # Errors
/// The first rule it breaks.
pub fn upkeep(
    policy: &Verified<Policy>,
    device: &Verified<Device>,
    bytes: &[u8],
) -> Result<(Upkeep, Seats), Refusal> {
    upkeeps::accept(policy, device, bytes, Countersigned::NotYet)?;
    let required = with_hsm(Kind::Upkeep, policy, device, &[Role::Witness])?;
    open(bytes, |unverified, _| {
        let outcome = unverified.verify(&required);
        Ok((required, outcome))
    })
}

/// A receipt, for online operators.
///
/// # Errors
/// The first rule it breaks.
pub fn receipt(
    policy: &Verified<Policy>,
    plan: &Verified<Plan>,
    response: &Verified<Response>,
    bytes: &[u8],
) -> Result<(Receipt, Seats), Refusal> {
    let (body, seats) = by_people(policy, Role::OnlineOperator, bytes)?;
    receipts::check(policy, plan, response, &body)?;
    Ok((body, seats))
}

/// A bundle that people of one role sign, by its signatures and its environment alone.
pub(crate) fn by_people<T: Bundle>(
    policy: &Verified<Policy>,
    role: Role,
    bytes: &[u8],
) -> Result<(T, Seats), Refusal> {
    let (body, seats) = open(bytes, |unverified, _| {
        let required = policy.requirements(&[role])?;
        let outcome = unverified.verify(&required);
        Ok((required, outcome))
    })?;
    fits_environment(policy, &body)?;
    Ok((body, seats))
}

/// Reads the payload, then lets `judge` say who must sign and whether they have. A quorum that is short is no fault here.
fn open<T: Bundle>(
    bytes: &[u8],
    judge: impl FnOnce(Unverified<T>, &T) -> Result<(Requirements, Result<Verified<T>, Error>), Error>,
) -> Result<(T, Seats), Refusal> {
    let refused = Refusal::bundle(T::KIND);
    let unverified = Unverified::<T>::from_slice(bytes).map_err(&refused)?;
    let envelope = Envelope::decode_canonical(bytes).map_err(&refused)?;
    let body: T = claimed(&envelope).map_err(&refused)?;
    let (required, outcome) = judge(unverified, &body).map_err(&refused)?;
    match outcome {
        Ok(_) => {}
        Err(error) if error.is_quorum_short() => {}
        Err(error) => return Err(refused(error)),
    }
    let seats = Seats::new(&envelope, required, body.created()).map_err(refused)?;
    Ok((body, seats))
}
