//! The backups of a response's key materials, as far as they lie beside it.

use keyferry_bundle::{Device, Digest, Plan, Response, Verified};
use keyferry_ceremony::response;
use keyferry_console::ceremony::refused;
use keyferry_console::{Ceremony, Exit, Failure, Name, files};

/// Checks that each key material's backup bundle is the one the response names, of the same key material, and that the copies it names
/// are what it says. What is kept elsewhere is returned as a remark.
pub(super) fn check(
    ceremony: &Ceremony,
    device: &Verified<Device>,
    plan: &Verified<Plan>,
    answer: &Response,
) -> Result<Vec<String>, Failure> {
    let mut remarks = Vec::new();
    for material in plan.body().materials() {
        let leader = &material.leader.name;
        let name = Name::Backup(leader.clone());
        if !ceremony.has(&name) {
            remarks.push(format!("{name} is not here: that a copy exists was not checked"));
            continue;
        }
        let found = ceremony.backup(device, plan, leader)?;
        for target in material.targets.iter().filter_map(|target| answer.target(&target.name)) {
            response::check_backup(plan, device, target, &found)
                .map_err(|refusal| refused(&name, &refusal))?;
        }
        let body = found.body();
        let age = body.age.as_ref().map(|age| age.sha256);
        for (copy, digest) in [
            (Name::WrappedCopy(leader.clone()), Some(body.wrapped.sha256)),
            (Name::AgeCopy(leader.clone()), age),
        ] {
            if !ceremony.has(&copy) {
                if digest.is_some() {
                    remarks.push(format!("{copy} is not here and was not checked"));
                }
                continue;
            }
            let bytes = files::read_bundle(&ceremony.path(&copy))?;
            if digest != Some(Digest::of(&bytes)) {
                return Err(differs(&copy, "it is not the copy that the backup bundle names"));
            }
        }
    }
    Ok(remarks)
}

fn differs(name: &Name, because: &str) -> Failure {
    Failure::new(Exit::Refused, "bundle-refused", format!("{name} is not accepted"))
        .because(because)
}
