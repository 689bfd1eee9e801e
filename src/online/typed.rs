//! The word that a person types before a key is touched.

use crate::kms::{KeyDescription, KeyRef};

/// The alias that the key was named by, else the last part of its id.
pub(crate) fn word(asked: &KeyRef, found: &KeyDescription) -> String {
    if asked.as_str().starts_with("alias/") {
        return asked.to_string();
    }
    let id = found.key.key_id.to_string();
    id.rsplit('-').next().unwrap_or(&id).to_owned()
}
