//! Keys get new key material: a symmetric key keeps its name and reads what it ever encrypted; any other is replaced by a new key, under
//! the old alias.

use super::first;
use crate::cast::{CEREMONY, OPERATOR};
use crate::story::{Ceremony, Law, Planned, Story};
use keyferry_bundle::{KeyArn, KeySpec};
use keyferry_console::Failure;

/// The alias of a key that cannot be rotated.
const TOKENS: &str = "alias/tokens";

pub(super) fn tell(story: &Story<'_>) -> Result<String, Failure> {
    let mut law = Law::of(story.cli.region.as_str(), KeySpec::SymmetricDefault);
    law.key_specs.push(KeySpec::Hmac256);
    let opening = first::under(story, &law)?;
    let first = opening.plan(&["--does-not-expire"])?;
    first.hold()?;
    story.chapter("An application uses the key");
    let application = story.application();
    let old = application.encrypt(&opening.key)?;

    story.chapter("The officers plan the rotation");
    first.report_to_office()?;
    let second = Ceremony::new(story, &opening.hsm, "payments-2027");
    let what = ["--operation", "rotate", "--of", CEREMONY, "--object-id", "0x0a02"];
    let what = [what.as_slice(), &["--does-not-expire"]].concat();
    second.plan(&Planned { after: Some(&first), what })?;
    second.hold()?;
    story.chapter("The application reads what it kept, and what is new");
    let new = application.encrypt(&opening.key)?;
    application.decrypt(&opening.key, &old)?;
    application.decrypt(&opening.key, &new)?;
    story.status(&[second.name])?;

    story.chapter("An HMAC key has one key material for ever");
    let (third, _) = hmac(&second, "tokens-2026", TOKENS, "0x0b01")?;
    story.chapter("Its rotation is a new key, and the alias that moves to it");
    let (fourth, key) = hmac(&third, "tokens-2027", "alias/tokens-2027", "0x0b02")?;
    let key = key.to_string();
    let arguments = ["move-alias", TOKENS, "--to", &key];
    story.bastion.run(OPERATOR, "keyferry-online", &arguments, &[TOKENS])?;
    story.audit(&[&first, &second, &third, &fourth])
}

/// A new HMAC key and its ceremony.
fn hmac<'s>(
    before: &Ceremony<'s>,
    name: &'s str,
    alias: &str,
    object: &str,
) -> Result<(Ceremony<'s>, KeyArn), Failure> {
    let ceremony = Ceremony::new(before.story, before.hsm, name);
    let spec = KeySpec::Hmac256;
    let key = ceremony.story.key(alias, spec, &[])?;
    let arn = key.to_string();
    let what = ["--target", "tokens", "--key-arn", &arn, "--key-spec", spec.as_str()];
    let what = [what.as_slice(), &["--object-id", object, "--does-not-expire"]].concat();
    ceremony.plan(&Planned { after: Some(before), what })?;
    ceremony.fetch(&[])?;
    ceremony.respond("respond")?;
    ceremony.import()?;
    Ok((ceremony, key))
}
