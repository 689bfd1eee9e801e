//! `import`: verifies everything, uploads the encrypted key material, waits until KMS shows it, has KMS prove that it holds it, and
//! writes a signed receipt.

use crate::chain::Chain;
use crate::desk::Desk;
use crate::kms::{KeyState, Kms};
use crate::operator::{Operator, own_work};
use crate::proof::{self, Unproven, other_key};
use crate::receipt::{self, Draft};
use crate::upload::{self, Job};
use crate::{expiry, keys, session, tokens};
use keyferry_bundle::kinds::ReceiptTarget;
use keyferry_bundle::{KeySpec, Plan, Request, Response, Verified};
use keyferry_ceremony::proof::Bound;
use keyferry_ceremony::{Countersigned, receipt as receipts, response as responses};
use keyferry_console::args::CeremonyArgs;
use keyferry_console::ceremony::refused;
use keyferry_console::{Exit, Failure, Name, files};
use std::path::PathBuf;

/// What to import.
#[derive(Debug, Clone, clap::Args)]
pub struct ImportArgs {
    /// Which ceremony.
    #[command(flatten)]
    pub ceremony: CeremonyArgs,

    /// The online operator's identity
    #[arg(long, value_name = "FILE")]
    pub identity: PathBuf,

    /// Also take keys that are Enabled already with the planned expiration: an import that was cut off. KMS takes the same key
    /// material again and no other, so its answer is the proof that was missing
    #[arg(long)]
    pub resume: bool,

    /// A profile for the calls that prove what KMS holds, where those who import may not use the key
    #[arg(long, value_name = "NAME")]
    pub prove_profile: Option<String>,

    /// Verify everything, say what would be uploaded, and change nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// Imports every target of the newest request's response. `prover` is asked for the proofs: KMS under the credentials of
/// `--prove-profile`, or the same as `kms`.
///
/// # Errors
/// Everything up to [`Exit::Policy`], [`Exit::Declined`] and [`Exit::File`] before anything is uploaded; [`Exit::Unchanged`] when KMS
/// refused; [`Exit::Unknown`] when nobody knows, some targets were imported and others not, or KMS holds other key material.
pub fn run(
    desk: Desk<'_>,
    kms: &dyn Kms,
    prover: &dyn Kms,
    args: &ImportArgs,
) -> Result<(), Failure> {
    let chain = Chain::open(&args.ceremony)?;
    let (plan, policy) = (chain.plan.body(), chain.ceremony.policy());
    let request = chain.newest_request()?;
    let response = answer(&chain, &request)?;
    let name = Name::Receipt(request.body().counter);
    let path = chain.ceremony.path(&name);
    must_not_be_done(&chain, &response, &name)?;
    files::must_be_free(&path)?;
    let mut jobs = Vec::with_capacity(plan.targets.len());
    for planned in &plan.targets {
        let (Some(asked), Some(answered)) =
            (request.body().target(&planned.name), response.body().target(&planned.name))
        else {
            return Err(Failure::bug(format!("target {} was accepted unseen", planned.name)));
        };
        let token = tokens::read(&chain.ceremony, request.body(), asked)?;
        jobs.push(Job { planned, answered, token, was: KeyState::PendingImport });
    }
    let now = desk.clock.now()?;
    expiry::must_still_work(request.body(), now, &chain.folder())?;
    expiry::must_be_possible(plan, now)?;

    let session = session::open(desk, kms, Some(plan.environment))?;
    session::must_fit(&session, plan)?;
    if args.prove_profile.is_some() {
        desk.screen.say("The proofs are asked for with other credentials:");
        session::must_fit(&session::open(desk, prover, Some(plan.environment))?, plan)?;
    }
    for job in &mut jobs {
        let found = keys::planned(kms, job.planned)?;
        let ours =
            found.state == KeyState::Enabled && found.expiration == Some(job.planned.expiration);
        if !(args.resume && ours) {
            keys::must_be_pending(job.planned, &found)?;
        }
        job.was = found.state;
    }
    if args.dry_run {
        return desk
            .dry_run(&jobs.iter().flat_map(|job| [call(job), question(job)]).collect::<Vec<_>>());
    }

    let operator = Operator::open(desk.person, desk.screen, policy, &args.identity)?;
    let draft = Draft::new(&chain, &response, &session);
    // What could go wrong with the receipt goes wrong before the upload.
    let hoped = draft.body(now, jobs.iter().map(Job::hoped).collect());
    receipts::check(policy, &chain.plan, &response, &hoped)
        .map_err(|refusal| refused(&name, &refusal))?;
    let rehearsed = operator.sign(&hoped)?;
    let accept = |bytes: &[u8]| receipts::accept(policy, &chain.plan, &response, bytes);
    own_work(&name.to_string(), accept(&rehearsed))?;
    desk.screen.heading("About to upload");
    for job in &jobs {
        desk.screen.say(format!("  {}", call(job)));
    }
    desk.person.confirm(desk.screen, "Import this key material?", description_of(plan))?;

    let description = description_of(plan);
    let bound = Bound::to(&response);
    let mut done = Vec::with_capacity(jobs.len());
    for job in &jobs {
        let symmetric = job.planned.key_spec == KeySpec::SymmetricDefault;
        let uploaded = upload::run(desk, kms, job, symmetric.then_some(description))
            .map_err(|failure| in_part(failure, &done, job, &chain.folder()))?;
        done.push(proved(desk, prover, bound, job, uploaded, &done, &chain.folder())?);
    }
    let body = draft.body(desk.clock.now().unwrap_or(now), done);
    receipt::write(desk, &operator, &body, &path, accept)
}

/// KMS keeps the ceremony's name with symmetric key material; `CloudTrail` shows it.
fn description_of(plan: &Plan) -> &str {
    plan.ceremony.as_str()
}

/// A receipt that is there already says that this response was imported.
fn must_not_be_done(
    chain: &Chain,
    response: &Verified<Response>,
    name: &Name,
) -> Result<(), Failure> {
    let Name::Receipt(counter) = name else { return Ok(()) };
    if !chain.ceremony.has(name) || chain.ceremony.receipt(&chain.plan, response, *counter).is_err()
    {
        return Ok(());
    }
    Err(Failure::new(
        Exit::File,
        "imported-already",
        format!("response {counter} was imported already"),
    )
    .because(format!("{name} says so"))
    .hint("there is nothing to do; `keyferry-online status CEREMONY` shows what KMS holds"))
}

/// The response to `request` and the backup of every target, accepted and saying the same.
pub(crate) fn answer(
    chain: &Chain,
    request: &Verified<Request>,
) -> Result<Verified<Response>, Failure> {
    let (device, plan) = (&chain.device, &chain.plan);
    let response = chain.ceremony.response(device, plan, request, Countersigned::Required)?;
    for target in &response.body().targets {
        let backup = chain.ceremony.backup(device, plan, &target.name)?;
        responses::check_backup(plan, device, target, &backup).map_err(|refusal| {
            refused(Name::Backup(target.name.clone()), &refusal)
                .hint("fetch the right one from the room: without a backup nothing is imported")
        })?;
    }
    Ok(response)
}

fn call(job: &Job<'_>) -> String {
    let expiration = job.planned.expiration;
    let until = expiration.valid_to.map_or_else(String::new, |date| format!(" until {date}"));
    format!("call kms:ImportKeyMaterial: {}, {}{until}", job.planned.key, expiration.model)
}

fn question(job: &Job<'_>) -> String {
    format!("call {}: {}, as proof", proof::calls(job.planned), job.planned.key)
}

/// The receipt's entry with KMS's proof. One that cannot be had does not undo an import; one that is wrong must not be signed.
fn proved(
    desk: Desk<'_>,
    prover: &dyn Kms,
    bound: Bound,
    job: &Job<'_>,
    uploaded: ReceiptTarget,
    done: &[ReceiptTarget],
    folder: &str,
) -> Result<ReceiptTarget, Failure> {
    match proof::ask(desk, prover, bound, job.planned, job.answered) {
        Ok(proof) => Ok(ReceiptTarget { proof: Some(proof), ..uploaded }),
        Err(Unproven::NotHad(failure)) => {
            desk.screen.warn(format!(
                "target {}: the key material was imported, but the receipt will carry no proof: {}: {}",
                uploaded.name,
                failure.error,
                failure.because.join(": ")
            ));
            desk.screen.say(format!(
                "Next: keyferry-online prove {folder}, with credentials that may call {}",
                proof::calls(job.planned)
            ));
            Ok(uploaded)
        }
        Err(Unproven::Wrong(member, problem)) => {
            let again = format!("keyferry-online import {folder} --identity FILE --resume");
            let failure =
                other_key(job.planned, member, &problem, &again).because("no receipt was written");
            Err(if done.is_empty() { failure } else { failure.because(before(done)) })
        }
    }
}

fn before(done: &[ReceiptTarget]) -> String {
    let names: Vec<&str> = done.iter().map(|entry| entry.name.as_str()).collect();
    format!("imported before it: {}", names.join(", "))
}

/// Some targets were imported, this one was not: no receipt can cover that, and nothing is lost by going on later.
fn in_part(failure: Failure, done: &[ReceiptTarget], job: &Job<'_>, folder: &str) -> Failure {
    if done.is_empty() {
        return failure;
    }
    Failure { exit: Exit::Unknown, ..failure }
        .because(format!("{}; not imported: {}", before(done), job.planned.name))
        .hint(format!(
            "once the cause is removed: keyferry-online import {folder} --identity FILE --resume"
        ))
}

#[cfg(test)]
mod tests;
