//! `check`: what the room's own validator says about the newest request, and about the response to it, before anything travels.
//! AWS is not asked.

use crate::chain::Chain;
use crate::desk::Desk;
use crate::{expiry, import, tokens};
use keyferry_bundle::{Request, Verified};
use keyferry_console::args::CeremonyArgs;
use keyferry_console::screen::Tone;
use keyferry_console::{Failure, Name, fingerprint};
use serde_json::json;

/// Less time than this is too little for a ceremony to begin.
const TOO_LITTLE_SECONDS: i64 = 4 * 3600;

/// What to check.
#[derive(Debug, Clone, clap::Args)]
pub struct CheckArgs {
    /// Which ceremony.
    #[command(flatten)]
    pub ceremony: CeremonyArgs,
}

/// Checks the newest request and what answers it.
///
/// # Errors
/// As the room would refuse it; [`keyferry_console::Exit::Unchanged`] when the parameters expired.
pub fn run(desk: Desk<'_>, args: &CheckArgs) -> Result<(), Failure> {
    let chain = Chain::open(&args.ceremony)?;
    let request = chain.newest_request()?;
    show(desk, &chain, &request)?;
    for target in &request.body().targets {
        if tokens::is_here(&chain.ceremony, request.body(), target) {
            tokens::read(&chain.ceremony, request.body(), target)?;
        } else {
            desk.screen.warn(format!(
                "target {}: its import token is not here; only where it is can the answer be imported",
                target.name
            ));
        }
    }
    let counter = request.body().counter;
    let response = chain.ceremony.has(&Name::Response(counter));
    if response {
        let answer = import::answer(&chain, &request)?;
        desk.screen.tell(Tone::Good, format!("{} is accepted", Name::Response(counter)));
        desk.screen.table(&fingerprint::rows(&answer.digest()));
    }
    let now = desk.clock.now()?;
    if !chain.ceremony.has(&Name::Receipt(counter)) {
        expiry::must_still_work(request.body(), now, &chain.folder())?;
        expiry::must_be_possible(chain.plan.body(), now)?;
    }
    let until = expiry::parameters(request.body());
    if let Some(until) = until
        && until.unix_seconds() - now.unix_seconds() < TOO_LITTLE_SECONDS
    {
        desk.screen.warn(format!(
            "the parameters work for {} more: if the ceremony may take longer, fetch again first",
            expiry::left(now, until)
        ));
    }
    let next = if response { "import" } else { "carry the request to the room" };
    desk.screen.say(format!("Next: {next}."));
    desk.screen.result(format!("request {counter} is accepted"))?;
    desk.screen.json(&json!({
        "counter": counter, "digest": request.digest(), "response": response, "parameters_valid_to": until,
    }))
}

fn show(desk: Desk<'_>, chain: &Chain, request: &Verified<Request>) -> Result<(), Failure> {
    let (plan, body, now) = (chain.plan.body(), request.body(), desk.clock.now()?);
    let signers: Vec<&str> = request.signers().iter().map(|s| s.holder.as_str()).collect();
    desk.screen.tell(Tone::Good, format!("{} is accepted", Name::Request(body.counter)));
    let mut rows = vec![
        ("ceremony".to_owned(), format!("{} ({})", plan.ceremony, plan.environment)),
        ("signed by".to_owned(), signers.join(", ")),
        ("account".to_owned(), body.account.to_string()),
        ("endpoint".to_owned(), body.endpoint.to_string()),
    ];
    for target in &body.targets {
        let left = expiry::left(now, target.parameters_valid_to);
        rows.push((
            format!("target {}", target.name),
            format!(
                "{}\n{} under {}\nuntil {} ({left})",
                target.key,
                target.wrapping_algorithm,
                target.wrapping_key_spec,
                target.parameters_valid_to
            ),
        ));
    }
    rows.extend(fingerprint::rows(&request.digest()));
    desk.screen.table(&rows);
    Ok(())
}

#[cfg(test)]
mod tests;
