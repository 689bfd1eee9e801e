//! The import tokens beside a request.

use keyferry_bundle::kinds::RequestTarget;
use keyferry_bundle::{Digest, Request};
use keyferry_console::{Ceremony, Exit, Failure, Name, files};

use crate::download::MAX_TOKEN_BYTES;

fn name(request: &Request, target: &RequestTarget) -> Name {
    Name::ImportToken(request.counter, target.name.clone())
}

/// A target's token, which must be the one the request names.
pub(crate) fn read(
    ceremony: &Ceremony,
    request: &Request,
    target: &RequestTarget,
) -> Result<Vec<u8>, Failure> {
    let name = name(request, target);
    let token = files::read_capped(&ceremony.path(&name), MAX_TOKEN_BYTES).map_err(|failure| {
        failure.hint("the token stays where `fetch` wrote it: import from there, or fetch again")
    })?;
    let found = Digest::of(&token);
    if found == target.import_token_sha256 {
        return Ok(token);
    }
    Err(Failure::new(
        Exit::Refused,
        "token-of-another-download",
        format!("{name} is the token of another download"),
    )
    .because(format!(
        "its SHA-256 is {found}, but request {} names {}",
        request.counter, target.import_token_sha256
    ))
    .hint("put back the file that `fetch` wrote, or fetch again"))
}

/// Whether the token's file is here.
pub(crate) fn is_here(ceremony: &Ceremony, request: &Request, target: &RequestTarget) -> bool {
    ceremony.has(&name(request, target))
}
