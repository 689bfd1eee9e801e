//! An earlier ceremony: which keys it was, and which key material they have had since.

use crate::opened::{Trusted, file_name};
use keyferry_bundle::Serial;
use keyferry_bundle::kinds::{Pin, Target};
use keyferry_ceremony::{Countersigned, plan};
use keyferry_console::ceremony::refused;
use keyferry_console::{Ceremony, Exit, Failure, Name, files};
use std::path::{Path, PathBuf};

/// A key and one of its key materials.
#[derive(Debug, Clone)]
pub(in crate::commands) struct Known {
    /// As it was planned.
    pub(in crate::commands) target: Target,
    /// Which key material it got.
    pub(in crate::commands) pin: Pin,
    /// The HSM that it came from.
    pub(in crate::commands) serial: Serial,
}

/// The keys of all these ceremonies, in order.
pub(in crate::commands) fn all(
    trusted: &Trusted,
    folders: &[PathBuf],
) -> Result<Vec<Known>, Failure> {
    let mut known: Vec<Known> = Vec::new();
    for folder in folders {
        let found = read(trusted, folder)
            .map_err(|failure| failure.because(format!("--of {} names it", folder.display())))?;
        for key in found {
            add(&mut known, key, folder)?;
        }
    }
    Ok(known)
}

/// A key that two of them have is the later one's, with the same key material.
fn add(known: &mut Vec<Known>, key: Known, folder: &Path) -> Result<(), Failure> {
    let same = |other: &&mut Known| {
        (&other.target.key, other.target.generation) == (&key.target.key, key.target.generation)
    };
    match known.iter_mut().find(same) {
        None => known.push(key),
        Some(other) if other.pin.check_value == key.pin.check_value => *other = key,
        Some(other) => {
            return Err(Failure::new(
                Exit::Refused,
                "material-differs",
                "no plan is made: two ceremonies disagree",
            )
            .because(format!(
                "{} has another key material of generation {} for {} than a ceremony named before",
                folder.display(),
                other.target.generation,
                other.target.key
            ))
            .hint("find out which of them KMS has: its key material id is in the receipt"));
        }
    }
    Ok(())
}

/// What the newest response that has a receipt brought. The ceremony may be of an older version of the policy, and of another HSM.
fn read(trusted: &Trusted, folder: &Path) -> Result<Vec<Known>, Failure> {
    let file = |name: Name| folder.join(name.to_string());
    let device = files::read_bundle(&file(Name::Device))?;
    let bytes = files::read_bundle(&file(Name::Plan))?;
    let (device, plan) = plan::accept_under(trusted.history(), &device, &bytes)
        .map_err(|refusal| refused(file_name(&file(Name::Plan)), &refusal))?;
    let of = trusted.history().iter().position(|known| known.digest() == device.body().policy);
    let history = of.and_then(|index| trusted.history().get(..=index));
    let history = history.ok_or_else(|| Failure::bug("an accepted device without its policy"))?;
    let ceremony = Ceremony::under(folder, history)?;
    let counter = (1..=ceremony.newest_request())
        .rev()
        .find(|counter| ceremony.has(&Name::Receipt(*counter)))
        .ok_or_else(|| {
            Failure::new(Exit::File, "no-receipt", format!("{} holds no receipt", folder.display()))
                .because("what KMS holds is known from a receipt")
                .hint(format!(
                    "bring it there, or make it: keyferry-online import {}",
                    folder.display()
                ))
        })?;
    let request = ceremony.request(&device, &plan, counter)?;
    let response = ceremony.response(&device, &plan, &request, Countersigned::Required)?;
    let receipt = ceremony.receipt(&plan, &response, counter)?;
    let known = |target: &Target| {
        let brought = response.body().target(&target.name);
        let answered = receipt.body().targets.iter().find(|entry| entry.name == target.name);
        let (brought, answered) = brought
            .zip(answered)
            .ok_or_else(|| Failure::bug("an accepted response without one of its targets"))?;
        let pin = Pin {
            response: response.digest(),
            check_value: brought.check_value,
            key_material_id: answered.key_material_id.clone(),
        };
        Ok(Known { target: target.clone(), pin, serial: device.body().serial })
    };
    plan.body().targets.iter().map(known).collect()
}
