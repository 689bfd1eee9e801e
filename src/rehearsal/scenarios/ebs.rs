//! A volume under an imported key: refused while the key has no key material, encrypted once it has.

use super::first;
use crate::cast::OPERATOR;
use crate::story::Story;
use keyferry_console::{Exit, Failure};

/// A command of `ebs` and its options.
const VOLUME: &[&str] = &["ebs", "create-volume", "--size", "8", "--zone"];
const DEFAULT: &[&str] = &["ebs", "set-default"];

pub(super) fn tell(story: &Story<'_>) -> Result<String, Failure> {
    let opening = first::begin(story)?;
    let zone = format!("{}a", story.cli.region);
    let volume = [VOLUME, &[&zone, "--key", &story.cli.alias]].concat();
    let default = [DEFAULT, &["--key", &story.cli.alias]].concat();
    let bastion = &story.bastion;

    story.chapter("Too early: no volume is encrypted under a key without key material");
    for arguments in [&volume, &default] {
        let expected = (Exit::Unchanged, "it is PendingImport");
        bastion.refused(OPERATOR, "keyferry-online", arguments, &[], expected)?;
    }
    let ceremony = opening.plan(&["--does-not-expire"])?;
    ceremony.hold()?;

    story.chapter("On the bastion: a volume under the key, and the key for all that follow");
    bastion.run(OPERATOR, "keyferry-online", &volume, &[])?;
    bastion.run(OPERATOR, "keyferry-online", &default, &[story.cli.alias.as_str()])?;
    story.audit(&[&ceremony])
}
