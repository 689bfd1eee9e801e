//! An upkeep's page: what was done with an HSM outside of a ceremony.

use super::{Page, ceremony, list};
use keyferry_bundle::Upkeep;
use keyferry_bundle::kinds::Work;

pub(super) fn page(upkeep: &Upkeep) -> Page {
    let what = match upkeep.work {
        Work::Backup => "every key material was copied under the wrap key",
        Work::Restore => "key material was put back from copies",
        Work::Drill => "key material was put back from copies, proved, and deleted again",
        Work::Abort => "a plan was given up, and what it had left was deleted",
    };
    let mut page = Page::new(format!(
        "upkeep {} of an HSM, for {}: {what}",
        upkeep.counter, upkeep.environment
    ));
    page.row("made", upkeep.created);
    page.row("HSM serial", upkeep.serial);
    if let Some(plan) = upkeep.plan {
        page.row("plan", plan);
    }
    if let Some(reason) = &upkeep.reason {
        page.row("reason", reason);
    }
    for object in &upkeep.objects {
        page.row("HSM object", format!("{}, {}", object.object_id, object.kept_as));
        page.row("  check value", object.check_value);
        if let Some(copy) = object.wrapped {
            page.row("  copy under wrap", copy);
        }
        if let Some(source) = object.source {
            page.row("  named by bundle", source);
        }
    }
    page.row("the HSM then had", list(&upkeep.inventory));
    page.row("device", upkeep.device);
    ceremony::previous(&mut page, upkeep.previous);
    page
}
