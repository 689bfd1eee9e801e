//! `prove`: has KMS show once more that it holds the key material whose import a receipt records. Writes nothing.

use crate::chain::Chain;
use crate::desk::Desk;
use crate::keys;
use crate::kms::{KeyDescription, KeyRef, KeyState, Kms};
use crate::proof::{self, Unproven, other_key};
use crate::regions::Regions;
use crate::session;
use keyferry_bundle::kinds::{ProofMethod, ReceiptTarget, Target};
use keyferry_bundle::{KeyMaterialId, Receipt, Response, Verified};
use keyferry_ceremony::Countersigned;
use keyferry_ceremony::proof::Bound;
use keyferry_console::args::CeremonyArgs;
use keyferry_console::{Exit, Failure, Name};
use serde_json::json;

/// How to import once more when there is a receipt already.
const AGAIN: &str = "fetch again, have the room answer, and import what it answers";

/// Which ceremony.
#[derive(Debug, Clone, clap::Args)]
pub struct ProveArgs {
    /// Which ceremony.
    #[command(flatten)]
    pub ceremony: CeremonyArgs,
}

/// Proves every target of the newest receipt.
///
/// # Errors
/// [`Exit::File`] when nothing was imported, [`Exit::Refused`] and [`Exit::Policy`] for bundles and credentials that are not accepted,
/// [`Exit::Unchanged`] when a key is not as planned or not in use, or KMS does not answer, and [`Exit::Unknown`] when KMS holds other
/// key material.
pub fn run(
    desk: Desk<'_>,
    kms: &dyn Kms,
    regions: &dyn Regions,
    args: &ProveArgs,
) -> Result<(), Failure> {
    let chain = Chain::open(&args.ceremony)?;
    let plan = chain.plan.body();
    let (response, receipt) = imported(&chain)?;
    let (_, mut everywhere) = session::open_all(desk, kms, regions, plan)?;
    desk.screen.heading("What KMS proves");
    let mut proved = Vec::with_capacity(plan.targets.len());
    let bound = Bound::to(&response);
    for entry in &receipt.body().targets {
        let (Some(planned), Some(answered)) =
            (plan.target(&entry.name), response.body().target(&entry.name))
        else {
            return Err(Failure::bug(format!("target {} was accepted unseen", entry.name)));
        };
        let at = KeyRef::from(&planned.key);
        let found = everywhere.ask(&at, |kms| keys::planned(kms, planned))??;
        must_be_in_use(planned, &found)?;
        let id = same_material(planned, entry, &found)?;
        let asked = everywhere.ask(&at, |kms| proof::ask(desk, kms, bound, planned, answered))?;
        let proof = asked.map_err(|unproven| match unproven {
            Unproven::Wrong(member, problem) => other_key(planned, member, &problem, AGAIN),
            Unproven::NotHad(failure) => {
                failure.because(format!("target {}: nothing is proved", planned.name))
            }
        })?;
        let words = words(proof.method, id);
        desk.screen.result(format!("{} ({}): {words}", entry.name, entry.key))?;
        proved.push(json!({
            "name": entry.name, "arn": entry.key, "proved": words, "proof": proof, "in_receipt": entry.proof.is_some(),
        }));
        if entry.proof.is_none() {
            desk.screen.warn(format!("{}: the receipt itself carries no proof", entry.name));
        }
    }
    desk.screen.json(&json!({ "targets": proved }))
}

/// The newest receipt, and the response whose import it records.
pub(crate) fn imported(chain: &Chain) -> Result<(Verified<Response>, Verified<Receipt>), Failure> {
    let counter = |name: &Name| if let Name::Receipt(counter) = name { *counter } else { 0 };
    let counter = chain.ceremony.names().iter().map(counter).max().unwrap_or(0);
    if counter == 0 {
        let missing = chain.ceremony.path(&Name::Receipt(chain.ceremony.newest_request().max(1)));
        let problem = format!("{} is not there", missing.display());
        return Err(Failure::new(Exit::File, "file-unreadable", problem)
            .because("nothing was imported for this plan yet")
            .hint(format!("keyferry-online import {} --identity FILE", chain.folder())));
    }
    let (device, plan) = (&chain.device, &chain.plan);
    let request = chain.ceremony.request(device, plan, counter)?;
    let response = chain.ceremony.response(device, plan, &request, Countersigned::Required)?;
    let receipt = chain.ceremony.receipt(plan, &response, counter)?;
    Ok((response, receipt))
}

fn must_be_in_use(planned: &Target, found: &KeyDescription) -> Result<(), Failure> {
    if found.state == KeyState::Enabled {
        return Ok(());
    }
    let problem = format!("target {}: the key is not in use", planned.name);
    Err(Failure::new(Exit::Unchanged, "not-in-use", problem)
        .because(format!("{} is {}", found.key, found.state))
        .hint("only an Enabled key answers; PendingImport: its material expired or was deleted"))
}

/// The id that KMS gives this material of a symmetric key, where it gave one then and gives the same now.
fn same_material<'a>(
    planned: &Target,
    entry: &'a ReceiptTarget,
    found: &KeyDescription,
) -> Result<Option<&'a KeyMaterialId>, Failure> {
    match (&entry.key_material_id, &found.key_material_id) {
        (Some(then), Some(now)) if then == now => Ok(Some(then)),
        (Some(then), Some(now)) => {
            let problem = format!("KMS uses {now}, the receipt says {then}");
            Err(other_key(planned, "key_material_id", &problem, AGAIN))
        }
        (None, _) | (_, None) => Ok(None),
    }
}

/// What a proof of each kind shows, and no more.
fn words(method: ProofMethod, id: Option<&KeyMaterialId>) -> String {
    let shown = match method {
        ProofMethod::Signature => {
            "KMS holds the private key of the response's public key: it gives the same public key, and its signature over a fresh challenge verifies"
        }
        ProofMethod::Decryption => {
            "KMS holds the private key of the response's public key: it gives the same public key, and it decrypted a fresh challenge that was encrypted to it; who was not here has the operator's word for that"
        }
        ProofMethod::SharedSecret => {
            "KMS holds the private key of the response's public key: it gives the same public key, and it agreed with a fresh ephemeral key on the right secret; who was not here has the operator's word for that"
        }
        ProofMethod::Mac => {
            "KMS holds the key material that the room made: it computes the MAC whose hash the room had published"
        }
        ProofMethod::RoundTrip => {
            "the key works: KMS decrypted the fresh challenge that it had encrypted; which key material it is, KMS alone knows"
        }
    };
    match id {
        Some(id) => format!("{shown}; its id is {id}, as in the receipt"),
        None => shown.to_owned(),
    }
}

#[cfg(test)]
mod tests;
