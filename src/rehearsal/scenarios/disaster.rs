//! The HSM is lost, and KMS loses its key material too: custodians put the wrap key together in a second HSM, which takes the copies back.

use super::first;
use crate::cast::{ADMINISTRATION_PASSWORD, BACKUP_PASSWORD, CEREMONY, OPERATOR, Quorum};
use crate::machine::stopped;
use crate::story::{Casing, Ceremony, Planned, Story};
use keyferry_console::Failure;

/// How many custodians there are, and how many of them put the wrap key together.
pub(super) const CUSTODIANS: Quorum = Quorum { threshold: 2, of: 3 };

pub(super) fn tell(story: &Story<'_>) -> Result<String, Failure> {
    let opening = first::begin(story)?;
    let before = opening.plan(&["--does-not-expire"])?;
    before.hold()?;
    story.chapter("An application uses the key");
    let application = story.application();
    let kept = application.encrypt(&opening.key)?;

    story.chapter("Disaster: the HSM is destroyed, and KMS loses the key material");
    opening.hsm.destroy(story)?;
    if let Some(command) = &story.cli.at_disaster {
        strike(story, command)?;
    } else {
        let alias = story.cli.alias.as_str();
        story.bastion.run(OPERATOR, "keyferry-online", &["delete-material", alias], &[alias])?;
    }
    application.cannot_decrypt(&opening.key, &kept, "KMSInvalidStateException")?;
    story.status_warns(&[CEREMONY], "PendingImport")?;

    story.chapter("In the room: custodians put the wrap key together in a second HSM");
    let second = story.hsm(Casing::SECOND)?;
    story.join(&second)?;
    story.chapter("In the room: the copies can be put back. First it is tried, and nothing stays");
    let drill = ["restore", CEREMONY, "--drill"];
    let drill = story.upkeep(&second, 1, &drill, &[BACKUP_PASSWORD, ADMINISTRATION_PASSWORD])?;
    story.chapter("In the room: the copies are put back");
    let restored = story.upkeep(&second, 2, &["restore", CEREMONY], &[BACKUP_PASSWORD])?;

    story.chapter("The officers plan to import the same key material again, with the second HSM");
    before.report_to_office()?;
    let after = Ceremony::new(story, &second, "payments-2026-2");
    let what = vec!["--operation", "reimport", "--of", CEREMONY, "--does-not-expire"];
    after.plan(&Planned { after: None, what })?;
    after.request()?;
    after.account_for(&[drill, restored, second.later(2), second.later(3)])?;
    after.response_again()?;
    after.receipt()?;
    story.chapter("The application reads what it kept");
    application.decrypt(&opening.key, &kept)?;
    story.status(&[after.name])?;
    story.audit(&[&before, &after])
}

/// What somebody who rehearses has KMS meet, in place of the loss of key material.
fn strike(story: &Story<'_>, command: &str) -> Result<(), Failure> {
    story.screen.say(format!("  $ {command}"));
    let status = std::process::Command::new("sh").args(["-c", command]).status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(stopped(format!("{command} ended with {status}"))),
        Err(error) => Err(stopped(error.to_string())),
    }
}
