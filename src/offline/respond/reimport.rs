//! Key material that an earlier plan left in the HSM: what must hold before it is imported again. Nothing is generated.

use super::accepted::Accepted;
use super::held::Known;
use super::keeping::{algorithm, purpose};
use crate::hsm_access::hsm_failed;
use keyferry_bundle::Digest;
use keyferry_bundle::kinds::{AttestationChain, KeptAs, Made, Target, UpkeepObject, Work};
use keyferry_ceremony::proof;
use keyferry_console::{Exit, Failure, Name};
use keyferry_hsm::{Hsm, Object, Origin};

/// Looks at the object that the plan says is there.
pub(super) fn look(hsm: &dyn Hsm, accepted: &Accepted, target: &Target) -> Result<Known, Failure> {
    let pin = target
        .material
        .as_ref()
        .ok_or_else(|| Failure::bug("an accepted plan to import again names no key material"))?;
    let kind = purpose(target).kind();
    let object = hsm
        .object(kind, target.object_id)
        .map_err(|error| hsm_failed(&error))?
        .ok_or_else(|| {
            Failure::new(
                Exit::Unchanged,
                "material-gone",
                format!("the key material of target {} is not in the HSM", target.name),
            )
            .because(format!("there is no {kind} {}", target.object_id))
            .hint("restore its copy, keyferry-offline restore, then run the command again")
        })?;
    let made = fits(target, &object).map_err(|because| {
        Failure::new(
            Exit::Unchanged,
            "object-differs",
            format!("object {} is not as the plan says", target.object_id),
        )
        .because(because)
        .hint("find out whose object it is: the plan names key material that an earlier ceremony left there")
    })?;
    let attestation = match made {
        Made::Restored => record(accepted, target, pin.check_value)?,
        Made::Kept | Made::Generated | Made::Stored | Made::Resumed => None,
    };
    Ok(Known { target: target.name.clone(), check_value: pin.check_value, made, attestation })
}

/// Whether the object is what the plan says; where it came from says whether it was restored.
fn fits(target: &Target, object: &Object) -> Result<Made, String> {
    let made = if object.origin == Origin::ImportedWrapped {
        object.serves_as_copy(purpose(target))?;
        Made::Restored
    } else {
        object.serves(purpose(target))?;
        Made::Kept
    };
    if algorithm(target.key_spec).is_some_and(|known| known.algorithm() != object.algorithm) {
        return Err(format!("the key there is {}", object.algorithm));
    }
    if object.label != target.label.as_str() {
        return Err(format!("the object there is labelled {:?}", object.label));
    }
    if object.domains != target.domains {
        return Err(format!("the object there is in domains {}", object.domains));
    }
    Ok(made)
}

/// The signed record of the restore that put this object there, and the attestation in it. The newest record of the object counts.
fn record(
    accepted: &Accepted,
    target: &Target,
    check_value: Digest,
) -> Result<Option<AttestationChain>, Failure> {
    let ceremony = &accepted.ceremony;
    let mut unrecorded = Failure::new(
        Exit::Refused,
        "restore-unrecorded",
        format!(
            "object {} came in under wrap, and no record here says from where",
            target.object_id
        ),
    );
    for counter in ceremony.upkeep_numbers().into_iter().rev() {
        let name = Name::Upkeep(counter);
        let upkeep = match ceremony.upkeep(&accepted.device, counter) {
            Ok(upkeep) => upkeep,
            Err(failure) => {
                // It may be of an earlier device bundle; another one may do.
                unrecorded = unrecorded.because(failure.error);
                unrecorded.because.extend(failure.because);
                continue;
            }
        };
        let of = |object: &&UpkeepObject| object.object_id == target.object_id;
        let restored = upkeep.body().objects.iter().filter(|_| upkeep.body().work == Work::Restore);
        let Some(object) = restored.into_iter().find(of) else { continue };
        if (object.kept_as, object.check_value) != (target.kept_as, check_value) {
            return Err(Failure::new(
                Exit::Refused,
                "other-material",
                format!("{name} says that other key material was put back"),
            )
            .because(format!(
                "target {}: the check value is {}, the plan names {check_value}",
                target.name, object.check_value
            ))
            .hint("stop: nothing was wrapped; find out which copy was restored"));
        }
        return attested(accepted, target, object).map_err(|problem| {
            Failure::new(
                Exit::Refused,
                "attestation",
                format!("{name} does not say who generated target {}", target.name),
            )
            .because(format!("object {}: the attestation {problem}", target.object_id))
            .hint("restore it again, from a copy whose response or record has the attestation of the HSM that generated it")
        });
    }
    Err(unrecorded.hint(
        "bring the upkeep-N.json of the restore, signed by the witnesses, into the ceremony's folder",
    ))
}

/// Of a private key, what the HSM that generated it attests, held against the policy before anything is wrapped.
fn attested(
    accepted: &Accepted,
    target: &Target,
    object: &UpkeepObject,
) -> Result<Option<AttestationChain>, String> {
    if target.kept_as != KeptAs::AsymmetricKey {
        return Ok(None);
    }
    let (Some(key), Some(chain)) = (&object.public_key, &object.attestation) else {
        return Err("is missing".to_owned());
    };
    proof::generated_before(accepted.ceremony.policy().body(), target, key, chain)?;
    Ok(Some(chain.clone()))
}
