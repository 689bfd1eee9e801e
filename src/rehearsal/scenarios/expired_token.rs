//! The room's answer comes back when the import token has expired: the same key material is wrapped again, and nothing is generated.

use super::first;
use crate::story::Story;
use keyferry_console::{Exit, Failure};

pub(super) fn tell(story: &Story<'_>) -> Result<String, Failure> {
    let opening = first::begin(story)?;
    let ceremony = opening.plan(&["--does-not-expire"])?;
    ceremony.request()?;
    ceremony.response()?;
    story.chapter("A day passes before the upload: AWS takes the import token no more");
    story.application().pass(25)?;
    ceremony.cannot_import((Exit::Unchanged, "ExpiredImportToken"))?;
    story.chapter("On the bastion: another wrapping public key, another import token");
    ceremony.fetch(&["--again"])?;
    story.chapter("In the room: the same key material, wrapped again");
    ceremony.respond("rewrap")?;
    ceremony.receipt()?;
    story.audit(&[&ceremony])
}
