//! Key material expires in KMS: what was encrypted is unreadable until the same key material is imported again.

use super::first;
use crate::cast::CEREMONY;
use crate::story::{Ceremony, Planned, Story};
use keyferry_console::Failure;

/// How long KMS keeps the key material.
const DAYS: u16 = 90;
const DAYS_IN_HOURS: u32 = 24;

pub(super) fn tell(story: &Story<'_>) -> Result<String, Failure> {
    let application = story.application();
    let valid_to = || application.now().map(|now| now.plus_days(DAYS).to_string());
    let opening = first::begin(story)?;
    let ceremony = opening.plan(&["--valid-to", &valid_to()?])?;
    ceremony.hold()?;
    story.chapter("An application uses the key");
    let kept = application.encrypt(&opening.key)?;
    application.decrypt(&opening.key, &kept)?;

    story.chapter("The date passes: KMS deletes the key material");
    application.pass((u32::from(DAYS) + 1) * DAYS_IN_HOURS)?;
    application.cannot_decrypt(&opening.key, &kept, "KMSInvalidStateException")?;
    story.status_warns(&[CEREMONY], "PendingImport")?;

    story.chapter("The officers plan to import the same key material again, until another date");
    ceremony.report_to_office()?;
    let again = Ceremony::new(story, &opening.hsm, "payments-2026-2");
    let until = valid_to()?;
    let what = vec!["--operation", "reimport", "--of", CEREMONY, "--valid-to", &until];
    again.plan(&Planned { after: Some(&ceremony), what })?;
    again.hold_again()?;
    story.chapter("The application reads what it kept");
    application.decrypt(&opening.key, &kept)?;
    story.status(&[again.name])?;
    story.audit(&[&ceremony, &again])
}
