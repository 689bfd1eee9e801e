//! Which key material an object of the HSM is: its check value, computed from what the HSM holds.

use crate::check_value::check_value;
use crate::hsm_access::hsm_failed;
use crate::respond::take_out::take_out_of;
use keyferry_bundle::kinds::KeptAs;
use keyferry_bundle::{Base64, Digest};
use keyferry_console::Failure;
use keyferry_hsm::{Hsm, Object};

/// What an object holds.
pub(super) struct Held {
    pub(super) check_value: Digest,
    /// The public half of a private key.
    pub(super) public_key: Option<Base64>,
}

/// Entries of the log that [`look`] leaves: an opaque object is read; a symmetric key is taken out under a public wrap key, which is put
/// and deleted; a public key is told without one.
pub(super) const fn entries(kept_as: KeptAs) -> u16 {
    match kept_as {
        KeptAs::Opaque => 1,
        KeptAs::SymmetricKey => 4,
        KeptAs::AsymmetricKey => 0,
    }
}

/// Has the HSM show what an object holds.
pub(super) fn look(hsm: &dyn Hsm, object: &Object, kept_as: KeptAs) -> Result<Held, Failure> {
    let id = object.id;
    let raw = match kept_as {
        KeptAs::Opaque => hsm.opaque(id).map_err(|error| hsm_failed(&error))?,
        KeptAs::SymmetricKey => take_out_of(hsm, id, object.domains)?,
        KeptAs::AsymmetricKey => {
            let public_key = hsm.public_key_der(id).map_err(|error| hsm_failed(&error))?;
            let check_value = Digest::of(&public_key);
            let public_key = Some(Base64::new(public_key).map_err(Failure::bug)?);
            return Ok(Held { check_value, public_key });
        }
    };
    Ok(Held { check_value: check_value(&raw).map_err(Failure::bug)?, public_key: None })
}
