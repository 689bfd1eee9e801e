//! `import`: verifies everything, uploads the encrypted key material, waits until KMS shows it, has KMS prove that it holds it, and
//! writes a signed receipt. Of each key material the first target goes before the others, which go many at a time; a journal says how far it is.

mod many;
mod rotate;
mod standing;

use crate::chain::Chain;
use crate::desk::Desk;
use crate::journal::{Begun, Journal};
use crate::kms::{KeyDescription, KeyRef, KeyState, Kms};
use crate::operator::{Operator, own_work};
use crate::proof::{self, Unproven, other_key};
use crate::receipt::{self, Draft};
use crate::regions::{Everywhere, Regions};
use crate::upload::{self, Job, Shown, Standing};
use crate::{expiry, session, tokens, waiting};
use keyferry_bundle::kinds::{Operation, ReceiptTarget};
use keyferry_bundle::{KeyArn, KeySpec, Plan, Request, Response, TargetName, Verified};
use keyferry_ceremony::proof::Bound;
use keyferry_ceremony::{Countersigned, receipt as receipts, response as responses};
use keyferry_console::args::CeremonyArgs;
use keyferry_console::ceremony::refused;
use keyferry_console::progress::Progress;
use keyferry_console::{Exit, Failure, Name, files};
use standing::Before;
use std::collections::BTreeSet;
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

    /// Go on with an import that was cut off. What the journal beside it says is done is not done again, and KMS is asked about the rest
    /// before anything is sent. Without a journal, keys that are as planned already get the same key material again: KMS takes no other,
    /// so its answer is the proof that was missing
    #[arg(long)]
    pub resume: bool,

    /// A profile for the calls that prove what KMS holds, where those who import may not use the key
    #[arg(long, value_name = "NAME")]
    pub prove_profile: Option<String>,

    /// Verify everything, say what would be uploaded, and change nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// KMS for an import.
pub struct Where<'a> {
    /// In the Region of the credentials.
    pub kms: &'a dyn Kms,
    /// In other Regions.
    pub regions: &'a dyn Regions,
    /// For many uploads at a time; one after the other where there is none.
    pub at_once: Option<&'a (dyn Regions + Sync)>,
    /// Who is asked for the proofs: KMS under the credentials of `--prove-profile`; the same as `kms` where there is none.
    pub prover: Option<(&'a dyn Kms, &'a dyn Regions)>,
}

impl std::fmt::Debug for Where<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Where")
    }
}

/// From so many on, uploads are made many at a time.
const MANY: usize = 4;

/// Imports every target of the newest request's response.
///
/// # Errors
/// Everything up to [`Exit::Policy`], [`Exit::Declined`] and [`Exit::File`] before anything is uploaded; [`Exit::Unchanged`] when KMS
/// refused; [`Exit::Unknown`] when nobody knows, some targets were imported and others not, or KMS holds other key material.
pub fn run(desk: Desk<'_>, place: &Where<'_>, args: &ImportArgs) -> Result<(), Failure> {
    let chain = Chain::open(&args.ceremony)?;
    let (plan, policy) = (chain.plan.body(), chain.ceremony.policy());
    let request = chain.newest_request()?;
    let response = answer(&chain, &request)?;
    let counter = request.body().counter;
    let name = Name::Receipt(counter);
    let path = chain.ceremony.path(&name);
    must_not_be_done(&chain, &response, &name)?;
    files::must_be_free(&path)?;
    let notes = chain.ceremony.path(&Name::Journal(counter));
    let journal = Journal::read(&notes, response.digest())?;
    if journal.is_some() && !args.resume {
        return Err(cut_off(&chain.folder()));
    }
    let before = Before { plan, journal: journal.as_ref(), resume: args.resume };
    let mut jobs = jobs(&chain, &request, &response, before)?;
    let now = desk.clock.now()?;

    // What expired meanwhile is of no matter where everything is in KMS already: that is seen below.
    let in_time = || {
        expiry::must_still_work(request.body(), now, &chain.folder())?;
        expiry::must_be_possible(plan, now)
    };
    if journal.is_none() {
        in_time()?;
    }
    let (session, mut everywhere) = session::open_all(desk, place.kms, place.regions, plan)?;
    let mut provers = match place.prover {
        Some((prover, regions)) => {
            desk.screen.say("The proofs are asked for with other credentials:");
            Some(session::open_all(desk, prover, regions, plan)?.1)
        }
        None => None,
    };
    let mut begun = Vec::with_capacity(jobs.len());
    for job in &mut jobs {
        let at = KeyRef::from(&job.planned.key);
        let was_as_planned = everywhere.ask(&at, |kms| before.look(kms, job))??;
        begun.push(Begun { name: job.planned.name.clone(), was_as_planned });
    }
    if journal.is_some() && jobs.iter().any(|job| job.standing == Standing::Due) {
        in_time()?;
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
    announce(desk, plan, &jobs);
    desk.person.confirm(desk.screen, "Import this key material?", description_of(plan))?;

    let fresh = journal.is_none();
    let mut journal = match journal {
        Some(journal) => journal,
        None => Journal::begin(&notes, response.digest(), begun)?,
    };
    let folder = chain.folder();
    let upload = upload_all(desk, place, &mut everywhere, plan, &jobs, &mut journal, &folder);
    // KMS has refused the first of all: nothing is under way, and nothing is to be resumed.
    if fresh && upload.as_ref().is_err_and(|failure| failure.exit == Exit::Unchanged) {
        journal.close()?;
        return upload;
    }
    upload?;
    let bound = Bound::to(&response);
    let mut done = Vec::with_capacity(jobs.len());
    for job in &jobs {
        let said = journal.of(&job.planned.name).cloned();
        done.push(said.ok_or_else(|| Failure::bug("a target was uploaded unnoted"))?);
    }
    if plan.operation == Operation::Rotate {
        rotate::all(desk, &mut everywhere, plan, &mut done, &folder)?;
    }
    if plan.operation == Operation::Reimport {
        come_into_use(desk, &mut everywhere, &jobs)?;
    }
    let asked = provers.as_mut().unwrap_or(&mut everywhere);
    let mut progress = Progress::new("proof", jobs.len());
    for (number, job) in (1..).zip(&jobs) {
        progress.at(number);
        let Some(uploaded) = done.get(number - 1).filter(|said| said.proof.is_none()) else {
            continue;
        };
        let uploaded = uploaded.clone();
        let at = KeyRef::from(&job.planned.key);
        let earlier = done.get(..number - 1).unwrap_or_default();
        let said =
            asked.ask(&at, |kms| proved(desk, kms, bound, job, uploaded, earlier, &folder))??;
        if let Some(entry) = done.get_mut(number - 1) {
            *entry = said;
        }
    }
    drop(progress);
    let body = draft.body(desk.clock.now().unwrap_or(now), done);
    receipt::write(desk, &operator, &body, &path, accept)?;
    journal.close()
}

/// What is to be uploaded, each with its token.
fn jobs<'a>(
    chain: &'a Chain,
    request: &Verified<Request>,
    response: &'a Verified<Response>,
    before: Before<'_>,
) -> Result<Vec<Job<'a>>, Failure> {
    let plan = chain.plan.body();
    let mut jobs = Vec::with_capacity(plan.targets.len());
    for planned in &plan.targets {
        let (Some(asked), Some(answered)) =
            (request.body().target(&planned.name), response.body().target(&planned.name))
        else {
            return Err(Failure::bug(format!("target {} was accepted unseen", planned.name)));
        };
        let symmetric = planned.key_spec == KeySpec::SymmetricDefault;
        jobs.push(Job {
            planned,
            answered,
            token: tokens::read(&chain.ceremony, request.body(), asked)?,
            standing: Standing::Due,
            shown: before.shown(planned),
            import_type: before.import_type(planned),
            description: symmetric.then(|| description_of(plan).to_owned()),
        });
    }
    Ok(jobs)
}

/// Uploads everything, the first target of each key material before the others.
fn upload_all(
    desk: Desk<'_>,
    place: &Where<'_>,
    everywhere: &mut Everywhere<'_>,
    plan: &Plan,
    jobs: &[Job<'_>],
    journal: &mut Journal,
    folder: &str,
) -> Result<(), Failure> {
    let is_leader = |job: &&Job<'_>| {
        plan.leader(job.planned).is_some_and(|leader| leader.name == job.planned.name)
    };
    let (leaders, followers): (Vec<_>, Vec<_>) = jobs.iter().partition(is_leader);
    let mut progress = Progress::new("upload", jobs.len());
    for wave in [leaders, followers] {
        let named = |journal: &Journal, job: &Job<'_>, failure| {
            in_part(failure, &noted(journal, jobs), &job.planned.name, folder)
        };
        match place.at_once.filter(|_| wave.len() > MANY) {
            Some(regions) => {
                let outcome = many::upload(regions, &wave, |said| {
                    journal.done(said)?;
                    progress.at(noted(journal, jobs).len());
                    Ok(())
                });
                if let Err((index, failure)) = outcome {
                    let job = wave.get(index).ok_or_else(|| Failure::bug("no such upload"))?;
                    return Err(named(journal, job, failure));
                }
            }
            None => {
                for job in wave {
                    let at = KeyRef::from(&job.planned.key);
                    let say = |text: String| desk.screen.say(text);
                    let said = everywhere
                        .ask(&at, |kms| upload::run(kms, desk.clock, &say, job))?
                        .map_err(|failure| named(journal, job, failure))?;
                    journal.done(said)?;
                }
            }
        }
    }
    Ok(())
}

/// A key with several generations is Enabled when the last of them is there, and can be asked for proofs no sooner. One that is still not
/// is said so by its proof.
fn come_into_use(
    desk: Desk<'_>,
    everywhere: &mut Everywhere<'_>,
    jobs: &[Job<'_>],
) -> Result<(), Failure> {
    let several = jobs.iter().filter(|job| job.shown == Shown::ByItsGeneration);
    let keys: BTreeSet<&KeyArn> = several.map(|job| &job.planned.key).collect();
    let enabled = |found: &KeyDescription| match &found.state {
        KeyState::Enabled => Ok(()),
        state @ (KeyState::PendingImport | KeyState::Other(_)) => {
            Err(format!("DescribeKey shows {} {state}", found.key))
        }
    };
    for key in keys {
        let at = KeyRef::from(key);
        if let Err(last) = everywhere.ask(&at, |kms| waiting::until(desk, kms, &at, enabled))? {
            desk.screen.warn(last);
        }
    }
    Ok(())
}

/// What the journal says is done, in the plan's order.
fn noted(journal: &Journal, jobs: &[Job<'_>]) -> Vec<ReceiptTarget> {
    jobs.iter().filter_map(|job| journal.of(&job.planned.name).cloned()).collect()
}

fn announce(desk: Desk<'_>, plan: &Plan, jobs: &[Job<'_>]) {
    desk.screen.heading("About to upload");
    for job in jobs {
        let what = match &job.standing {
            Standing::Due => call(job),
            Standing::Again => format!("{}, once more", call(job)),
            Standing::TookEffect(_) | Standing::Done(_) => {
                format!("{}: in KMS already, nothing is sent", job.planned.key)
            }
        };
        desk.screen.say(format!("  {what}"));
    }
    if plan.operation == Operation::Rotate {
        for material in plan.materials() {
            desk.screen.say(format!("  call kms:RotateKeyOnDemand: {}", material.leader.key));
        }
    }
}

fn cut_off(folder: &str) -> Failure {
    Failure::new(Exit::File, "import-cut-off", "an import of this response was cut off")
        .because("its journal is here")
        .hint(format!("keyferry-online import {folder} --identity FILE --resume"))
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
    // What was cut off between the receipt and the end of its journal ends here.
    let journal = Name::Journal(*counter);
    if chain.ceremony.has(&journal) {
        files::remove(&chain.ceremony.path(&journal))?;
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
        let planned = plan.body().target(&target.name);
        let leader = planned.and_then(|planned| plan.body().leader(planned));
        let name = leader.map_or(&target.name, |leader| &leader.name);
        let backup = chain.ceremony.backup(device, plan, name)?;
        responses::check_backup(plan, device, target, &backup).map_err(|refusal| {
            refused(Name::Backup(name.clone()), &refusal)
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
fn in_part(failure: Failure, done: &[ReceiptTarget], target: &TargetName, folder: &str) -> Failure {
    if done.is_empty() {
        return failure;
    }
    Failure { exit: Exit::Unknown, ..failure }
        .because(format!("{}; not imported: {target}", before(done)))
        .hint(format!(
            "once the cause is removed: keyferry-online import {folder} --identity FILE --resume"
        ))
}

#[cfg(test)]
mod tests;
