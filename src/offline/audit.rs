//! The audit log: what is logged, and where its evidence begins.

use crate::hsm_access::hsm_failed;
use keyferry_bundle::Device;
use keyferry_bundle::kinds::{Audit, AuditSetting as Setting, LogHead};
use keyferry_ceremony::hsm_log::{Entry, Scene, command};
use keyferry_console::{Exit, Failure};
use keyferry_hsm::{AuditSetting, CommandCode, Hsm};

/// Has every command logged that makes, uses, exports or deletes something, and a full log stop the device: both until it is reset.
pub(crate) fn fix(hsm: &dyn Hsm) -> Result<(), Failure> {
    let options = hsm.audit_options().map_err(|error| hsm_failed(&error))?;
    let missing: Vec<(CommandCode, AuditSetting)> = options
        .commands
        .iter()
        .filter(|(code, set)| command::is_logged(code.0) && *set != AuditSetting::Fixed)
        .map(|(code, _)| (*code, AuditSetting::Fixed))
        .collect();
    if !missing.is_empty() {
        hsm.set_command_audit(&missing).map_err(|error| hsm_failed(&error))?;
    }
    if options.force != AuditSetting::Fixed {
        hsm.set_force_audit(AuditSetting::Fixed).map_err(|error| hsm_failed(&error))?;
    }
    Ok(())
}

/// What the device says that it logs.
pub(crate) fn options(hsm: &dyn Hsm) -> Result<Audit, Failure> {
    let options = hsm.audit_options().map_err(|error| hsm_failed(&error))?;
    let fixed = options.commands.iter().filter(|(_, set)| *set == AuditSetting::Fixed);
    let mut fixed: Vec<u8> = fixed.map(|(code, _)| code.0).collect();
    fixed.sort_unstable();
    fixed.dedup();
    let force = match options.force {
        AuditSetting::Fixed => Setting::Fixed,
        AuditSetting::On => Setting::On,
        AuditSetting::Off | AuditSetting::Other(_) => Setting::Off,
    };
    Ok(Audit { force, fixed })
}

/// Where evidence begins. On an HSM that `init` has set up just now, or before it was cut off, that is the entry of its last reset: all
/// entries since are what `init` does. One that held ceremonies before begins with its newest entry: those before it belong to the
/// logs of the device bundle before.
///
/// # Errors
/// When a new HSM was used for something else before: every later log would say so.
pub(crate) fn anchor(hsm: &dyn Hsm, device: &Device, is_new: bool) -> Result<LogHead, Failure> {
    let log = hsm.log_entries().map_err(|error| hsm_failed(&error))?;
    let entries: Vec<Entry> = log.entries.iter().map(Entry::decode).collect();
    let (Some(first), Some(last)) = (entries.first(), entries.last()) else {
        return Err(Failure::new(Exit::Unchanged, "log", "the HSM has nothing in its log")
            .because("setting it up leaves entries, and none was to be acknowledged yet")
            .hint("reset the HSM and run `keyferry-offline init` again"));
    };
    let scene = Scene { device, plan: None, upkeeps: &[], from_anchor: true };
    let strange = entries.iter().skip(1).find_map(|entry| {
        let strange = scene.deed(&entry.record).err()?;
        Some(format!("its log, entry {}: {strange}", entry.number))
    });
    match strange {
        None => Ok(first.head()),
        Some(_) if !is_new => Ok(last.head()),
        Some(strange) => Err(Failure::new(
            Exit::Unchanged,
            "hsm-not-new",
            "this HSM was used before it was set up",
        )
        .because(strange)
        .hint("reset it, if nothing on it is needed, and run `keyferry-offline init` again")),
    }
}
