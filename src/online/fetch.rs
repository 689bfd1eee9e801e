//! `fetch`: `GetParametersForImport` for every target of the plan, or what the console handed out, as a signed request. The import
//! tokens stay beside it.

mod parameters;

use crate::chain::Chain;
use crate::desk::Desk;
use crate::download::{self, Download};
use crate::kms::{KeyRef, Kms, Parameters};
use crate::operator::{Operator, own_work};
use crate::regions::Regions;
use crate::{keys, session};
use keyferry_bundle::kinds::{Operation, ParametersSource, Request, RequestTarget, Target};
use keyferry_bundle::{AccountId, Base64, Bundle as _, Digest, Endpoint, Timestamp, Verified};
use keyferry_ceremony::endpoint::is_of_aws;
use keyferry_ceremony::request;
use keyferry_console::args::CeremonyArgs;
use keyferry_console::ceremony::refused;
use keyferry_console::files::{self, Mode};
use keyferry_console::{Exit, Failure, Name, fingerprint, shell};
use serde_json::json;
use std::path::PathBuf;

/// What to fetch.
#[derive(Debug, Clone, clap::Args)]
pub struct FetchArgs {
    /// Which ceremony.
    #[command(flatten)]
    pub ceremony: CeremonyArgs,

    /// The online operator's identity
    #[arg(long, value_name = "FILE")]
    pub identity: PathBuf,

    /// Take what the AWS console handed out, a folder or the zip itself, instead of asking AWS
    #[arg(long, value_name = "DIR|ZIP")]
    pub from_console: Option<PathBuf>,

    /// When the console handed it out [default: what the files say]
    #[arg(long, value_name = "TIME", requires = "from_console")]
    pub downloaded_at: Option<Timestamp>,

    /// Fetch once more for a plan that has a request already: the parameters expired, or a token was lost
    #[arg(long)]
    pub again: bool,

    /// Check everything, say what would be asked of AWS, and write nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// Where the parameters come from.
#[derive(Clone, Copy)]
pub enum Source<'a> {
    /// The API.
    Api(&'a dyn Kms, &'a dyn Regions),
    /// A download.
    Console(&'a Download),
}

/// What the answers have in common.
struct Answers {
    account: AccountId,
    endpoint: Endpoint,
    source: ParametersSource,
    parameters: Vec<Parameters>,
}

/// Fetches, signs and writes.
///
/// # Errors
/// The first thing that is wrong; then nothing was written.
pub fn run(desk: Desk<'_>, args: &FetchArgs, source: Source<'_>) -> Result<(), Failure> {
    let chain = Chain::open(&args.ceremony)?;
    let plan = chain.plan.body();
    let newest = chain.ceremony.newest_request();
    let earlier = chain.requests()?;
    let previous = earlier.last().map(Verified::digest);
    again(args, newest, &chain)?;
    let counter = newest.saturating_add(1);
    let file = Name::Request(counter);
    let token = |target: &Target| Name::ImportToken(counter, target.name.clone());
    for name in plan.targets.iter().map(token) {
        files::must_be_free(&chain.ceremony.path(&name)).map_err(|failure| {
            failure.hint(format!(
                "if {file} was moved away, bring it back; if a fetch was cut off before it wrote {file}, remove {name}, then fetch again"
            ))
        })?;
    }
    files::must_be_free(&chain.ceremony.path(&file))?;
    let Some((operator, answers)) = ask(desk, args, &chain, source)? else { return Ok(()) };
    let entries: Result<Vec<_>, _> = plan
        .targets
        .iter()
        .zip(&answers.parameters)
        .map(|(target, given)| entry(target, given, answers.source))
        .collect();
    let request = Request {
        environment: plan.environment,
        plan: chain.plan.digest(),
        created: desk.clock.now()?,
        counter,
        previous,
        account: answers.account,
        endpoint: answers.endpoint,
        targets: entries?,
    };
    must_still_work(&request)?;
    let policy = chain.ceremony.policy();
    let refuse = |refusal| refused(&file, &refusal);
    request::check(policy, &chain.plan, &request).map_err(refuse)?;
    request::check_chain(&earlier, &request).map_err(refuse)?;
    let bytes = operator.sign(&request)?;
    let accepted = request::accept(policy, &chain.device, &chain.plan, &bytes);
    let short = own_work(&file.to_string(), accepted)?;
    let mut writes: Vec<(PathBuf, Vec<u8>, Mode)> = Vec::new();
    for (target, given) in plan.targets.iter().zip(answers.parameters) {
        writes.push((chain.ceremony.path(&token(target)), given.token, Mode::Private));
    }
    let path = chain.ceremony.path(&file);
    writes.push((path.clone(), bytes, Mode::Public));
    files::write_all_new(&writes)?;
    report(desk, &operator, &request, &path, short.as_deref())
}

/// A second request is asked for as such: the first may be on its way to the room.
fn again(args: &FetchArgs, newest: u32, chain: &Chain) -> Result<(), Failure> {
    match (newest, args.again) {
        (0, true) => Err(Failure::usage("there is nothing to fetch again")
            .because("this plan has no request yet")
            .hint("leave out --again")),
        (0, false) | (_, true) => Ok(()),
        (newest, false) => Err(Failure::new(
            Exit::File,
            "fetched-already",
            format!("{} is here already", Name::Request(newest)),
        )
        .because("its parameters may be on their way to the room")
        .hint(format!(
            "where they expired, or a token was lost: keyferry-online fetch --again {} --identity FILE; the room answers with `keyferry-offline rewrap`",
            chain.folder()
        ))),
    }
}

/// Checks what can be checked, opens the identity, and only then asks. Nothing comes back from a dry run.
fn ask(
    desk: Desk<'_>,
    args: &FetchArgs,
    chain: &Chain,
    source: Source<'_>,
) -> Result<Option<(Operator, Answers)>, Failure> {
    let plan = chain.plan.body();
    let policy = chain.ceremony.policy();
    let operator = || Operator::open(desk.person, desk.screen, policy, &args.identity);
    match source {
        Source::Console(download) => {
            let [target] = plan.targets.as_slice() else {
                return Err(Failure::usage("a console download is for one key")
                    .because(format!("the plan has {} targets", plan.targets.len()))
                    .hint("fetch without --from-console, or make a plan for each key"));
            };
            let parameters = download::parameters(desk, download, &target.key, args.downloaded_at)?;
            if args.dry_run {
                return desk
                    .dry_run(&["sign and write what the console handed out".to_owned()])
                    .map(|()| None);
            }
            let answers = Answers {
                account: target.key.account.clone(),
                endpoint: Endpoint::CONSOLE
                    .parse()
                    .map_err(|problem: String| Failure::bug(problem))?,
                source: ParametersSource::Console,
                parameters: vec![parameters],
            };
            Ok(Some((operator()?, answers)))
        }
        Source::Api(kms, regions) => {
            let (session, mut everywhere) = session::open_all(desk, kms, regions, plan)?;
            for target in &plan.targets {
                let at = KeyRef::from(&target.key);
                let found = everywhere.ask(&at, |kms| keys::planned(kms, target))??;
                if plan.operation == Operation::Import {
                    keys::must_be_pending(target, &found)?;
                }
            }
            if args.dry_run {
                let steps: Vec<String> = plan.targets.iter().map(call).collect();
                return desk.dry_run(&steps).map(|()| None);
            }
            let operator = operator()?;
            let paced = is_of_aws(&session.endpoint, &session.region);
            let parameters = parameters::all(desk, &mut everywhere, &plan.targets, paced)?;
            let (account, endpoint) = (session.account, session.endpoint);
            let source = ParametersSource::Api;
            Ok(Some((operator, Answers { account, endpoint, source, parameters })))
        }
    }
}

fn call(target: &Target) -> String {
    format!(
        "call kms:GetParametersForImport: {} with {} under {}",
        target.key, target.wrapping_algorithm, target.wrapping_key_spec
    )
}

fn entry(
    target: &Target,
    given: &Parameters,
    source: ParametersSource,
) -> Result<RequestTarget, Failure> {
    let bytes = |what: &str, bytes: &[u8], most: usize| {
        if (1..=most).contains(&bytes.len()) {
            return Base64::new(bytes).map_err(Failure::bug);
        }
        Err(Failure::new(
            Exit::Refused,
            "parameters",
            format!("target {}: {what} is unusable", target.name),
        )
        .because(format!("{} bytes, where KMS hands out 1 to {most}", bytes.len())))
    };
    bytes("the import token", &given.token, download::MAX_TOKEN_BYTES)?;
    Ok(RequestTarget {
        name: target.name.clone(),
        key: given.key.clone(),
        wrapping_algorithm: target.wrapping_algorithm,
        wrapping_key_spec: target.wrapping_key_spec,
        wrapping_public_key: bytes(
            "the wrapping public key",
            &given.public_key,
            download::MAX_PUBLIC_KEY_BYTES,
        )?,
        import_token_sha256: Digest::of(&given.token),
        parameters_valid_to: given.valid_to,
        source,
    })
}

fn must_still_work(request: &Request) -> Result<(), Failure> {
    let expired = |target: &&RequestTarget| target.parameters_valid_to <= request.created;
    match request.targets.iter().find(expired) {
        None => Ok(()),
        Some(target) => Err(Failure::new(
            Exit::Unchanged,
            "parameters-expired",
            format!("target {}: the parameters are of no use any more", target.name),
        )
        .because(format!("they expired at {}", target.parameters_valid_to))
        .hint("download new ones from the console, or fetch them without --from-console")),
    }
}

fn report(
    desk: Desk<'_>,
    operator: &Operator,
    request: &Request,
    path: &std::path::Path,
    short: Option<&str>,
) -> Result<(), Failure> {
    let digest = request.to_envelope().map_err(Failure::bug)?.digest();
    desk.screen.heading(format!("Request {}, signed by {}", request.counter, operator.holder()));
    desk.screen.table(&fingerprint::rows(&digest));
    let last = request.targets.iter().map(|target| target.parameters_valid_to).min();
    if let Some(last) = last {
        desk.screen.say(format!("The room's answer must be imported before {last}."));
    }
    if let Some(short) = short {
        desk.screen.warn(format!("the request does not count yet: {short}"));
        desk.screen.say(format!(
            "Next: another online operator: keyferry sign {} --identity FILE",
            shell(path)
        ));
    }
    desk.screen.say("The import tokens stay here: carry the request, never a token, to the room.");
    desk.screen.result(path.display().to_string())?;
    desk.screen.json(&json!({
        "request": path, "counter": request.counter, "digest": digest, "complete": short.is_none(),
        "parameters_valid_to": last,
    }))
}

#[cfg(test)]
mod tests;
