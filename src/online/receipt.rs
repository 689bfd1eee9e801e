//! The receipt: made up in full before the upload, so that after it only the disk can fail, and even then nothing is lost.

use crate::chain::Chain;
use crate::desk::Desk;
use crate::kms::Session;
use crate::operator::{Operator, own_work};
use keyferry_bundle::kinds::{Receipt, ReceiptTarget};
use keyferry_bundle::{
    AccountId, Digest, Endpoint, Environment, Response, Timestamp, Unverified, Verified,
};
use keyferry_ceremony::Refusal;
use keyferry_console::files::{self, Mode};
use keyferry_console::{Exit, Failure, fingerprint, shell};
use serde_json::json;
use std::path::Path;

/// What is known before KMS answers.
#[derive(Debug)]
pub(crate) struct Draft {
    environment: Environment,
    response: Digest,
    account: AccountId,
    endpoint: Endpoint,
}

impl Draft {
    pub(crate) fn new(chain: &Chain, response: &Verified<Response>, session: &Session) -> Self {
        Self {
            environment: chain.plan.body().environment,
            response: response.digest(),
            account: session.account.clone(),
            endpoint: session.endpoint.clone(),
        }
    }

    /// The receipt with KMS's answers.
    pub(crate) fn body(&self, created: Timestamp, targets: Vec<ReceiptTarget>) -> Receipt {
        Receipt {
            environment: self.environment,
            response: self.response,
            created,
            account: self.account.clone(),
            endpoint: self.endpoint.clone(),
            targets,
        }
    }
}

/// Signs and writes it. When that fails, what KMS answered goes to stdout: the import happened.
pub(crate) fn write(
    desk: Desk<'_>,
    operator: &Operator,
    body: &Receipt,
    path: &Path,
    accept: impl Fn(&[u8]) -> Result<Verified<Receipt>, Refusal>,
) -> Result<(), Failure> {
    let name = path.display().to_string();
    let mut bytes = Vec::new();
    let written = operator.sign(body).and_then(|signed| {
        bytes = signed;
        let short = own_work(&name, accept(&bytes))?;
        files::write_new(path, &bytes, Mode::Public)?;
        Ok(short)
    });
    match written {
        Ok(short) => report(desk, operator, body, &bytes, path, short.as_deref()),
        Err(failure) => Err(on_stdout(desk, body, &bytes, path, failure)),
    }
}

fn on_stdout(
    desk: Desk<'_>,
    body: &Receipt,
    bytes: &[u8],
    path: &Path,
    failure: Failure,
) -> Failure {
    let text = if bytes.is_empty() {
        serde_json::to_string(body).unwrap_or_default()
    } else {
        String::from_utf8_lossy(bytes).trim_end().to_owned()
    };
    let mut because =
        vec!["the key material WAS imported; the receipt is on stdout".to_owned(), failure.error];
    because.extend(failure.because);
    let failure = Failure {
        exit: Exit::File,
        code: "receipt-unwritten",
        error: format!("{} could not be written", path.display()),
        because,
        hint: Some(format!(
            "save that one line from stdout, with a line feed at its end, as {}",
            path.display()
        )),
    };
    // If stdout fails as well, the failure still says what happened.
    let _ = desk.screen.result(&text);
    let _ = desk.screen.json(&json!({
        "receipt_text": text,
        "error": { "code": failure.code, "exit": failure.exit as u8, "error": failure.error, "because": failure.because },
    }));
    failure
}

fn report(
    desk: Desk<'_>,
    operator: &Operator,
    body: &Receipt,
    bytes: &[u8],
    path: &Path,
    short: Option<&str>,
) -> Result<(), Failure> {
    let digest = Unverified::<Receipt>::from_slice(bytes).map_err(Failure::bug)?.digest();
    desk.screen.heading(format!("Receipt, signed by {}", operator.holder()));
    let rows: Vec<(String, String)> = body.targets.iter().map(row).collect();
    desk.screen.table(&rows);
    desk.screen.table(&fingerprint::rows(&digest));
    if let Some(short) = short {
        desk.screen.warn(format!("the receipt does not count yet: {short}"));
        desk.screen.say(format!(
            "Next: another online operator: keyferry sign {} --identity FILE",
            shell(path)
        ));
    }
    desk.screen.result(path.display().to_string())?;
    desk.screen.json(&json!({
        "receipt": path, "digest": digest, "complete": short.is_none(), "targets": body.targets,
    }))
}

fn row(target: &ReceiptTarget) -> (String, String) {
    let until =
        target.expiration.valid_to.map_or_else(|| "no expiry".to_owned(), |d| format!("until {d}"));
    let material = target
        .key_material_id
        .as_ref()
        .map_or_else(String::new, |id| format!("\nkey material id {id}"));
    let proof = match &target.proof {
        Some(proof) => format!("proof by {}", proof.method),
        None => "no proof".to_owned(),
    };
    (
        format!("target {}", target.name),
        format!("{}\n{}, {until}, {proof}{material}", target.key, target.outcome),
    )
}
