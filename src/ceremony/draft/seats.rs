//! Whose signature a bundle still has a use for.

use keyferry_bundle::{Enrolled, Envelope, Error, Holder, KeyId, Requirements, Role, Timestamp};

/// The roles that sign a bundle, and who sits in them already.
#[derive(Debug, Clone)]
pub struct Seats {
    required: Requirements,
    created: Timestamp,
    signed: Vec<KeyId>,
    missing: Option<Error>,
}

/// Why a signature would not count.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoSeat {
    /// Nobody enrolled the key.
    #[error("key {0} is not enrolled in the policy")]
    Stranger(KeyId),
    /// The key is enrolled for something else.
    #[error("{holder}'s key does not count as {}", names(roles))]
    OtherRole {
        /// Who.
        holder: Holder,
        /// The roles that sign this bundle.
        roles: Vec<Role>,
    },
    /// The bundle was made when the key was not valid.
    #[error("{holder}'s key is not valid at {created}, when the bundle says it was made")]
    OutsideValidity {
        /// Who.
        holder: Holder,
        /// When.
        created: Timestamp,
    },
    /// The same key again.
    #[error("{0} signed this bundle already, with this key")]
    SameKey(Holder),
    /// Another key of somebody who signed.
    #[error("{0} signed this bundle already, with another key: a person counts once")]
    SamePerson(Holder),
}

impl Seats {
    pub(super) fn new(
        envelope: &Envelope,
        required: Requirements,
        created: Timestamp,
        missing: Option<Error>,
    ) -> Result<Self, Error> {
        let signed = envelope.signatures().iter().map(|s| s.key_id.clone()).collect();
        let seats = Self { required, created, signed, missing };
        // A quorum that is short hides what the validity of those who signed would say.
        match seats.signed.iter().find_map(|key| seats.outside_validity(key)) {
            Some(holder) => Err(Error::OutsideValidity { holder, created }),
            None => Ok(seats),
        }
    }

    /// Whether a signature by this key would bring a quorum one holder further, and in which role.
    ///
    /// # Errors
    /// Why it would not.
    pub fn offer(&self, key: &KeyId) -> Result<(Holder, Role), NoSeat> {
        let holder = self.holder(key).ok_or_else(|| NoSeat::Stranger(key.clone()))?;
        if self.signed.contains(key) {
            return Err(NoSeat::SameKey(holder.clone()));
        }
        if let Some(holder) = self.outside_validity(key) {
            return Err(NoSeat::OutsideValidity { holder, created: self.created });
        }
        let quorums = || self.required.quorums.iter();
        let mut fitting = quorums().filter(|quorum| quorum.keys.contains(key)).peekable();
        if fitting.peek().is_none() {
            let mut roles: Vec<Role> = quorums().map(|quorum| quorum.role).collect();
            roles.retain(|role| *role != Role::HsmSigner);
            roles.dedup();
            return Err(NoSeat::OtherRole { holder: holder.clone(), roles });
        }
        let taken = |keys: &[KeyId]| {
            let mut counted = self.signed.iter().filter(|signed| keys.contains(signed));
            counted.any(|signed| self.holder(signed) == Some(holder))
        };
        fitting
            .find(|quorum| !taken(&quorum.keys))
            .map(|quorum| (holder.clone(), quorum.role))
            .ok_or_else(|| NoSeat::SamePerson(holder.clone()))
    }

    /// The first quorum that is still short, if one is.
    #[must_use]
    pub const fn missing(&self) -> Option<&Error> {
        self.missing.as_ref()
    }

    /// Everybody who signed, in the order they did.
    #[must_use]
    pub fn signers(&self) -> Vec<&Holder> {
        self.signed.iter().filter_map(|key| self.holder(key)).collect()
    }

    fn enrolled<'a>(&'a self, key: &'a KeyId) -> impl Iterator<Item = &'a Enrolled> {
        let fits = move |enrolled: &&Enrolled| enrolled.key.id().is_ok_and(|id| id == *key);
        self.required.enrolled.iter().filter(fits)
    }

    fn holder<'a>(&'a self, key: &'a KeyId) -> Option<&'a Holder> {
        self.enrolled(key).next().map(|enrolled| &enrolled.holder)
    }

    fn outside_validity(&self, key: &KeyId) -> Option<Holder> {
        let outside = |enrolled: &&Enrolled| {
            enrolled.valid_from.is_some_and(|from| self.created < from)
                || enrolled.valid_to.is_some_and(|to| self.created > to)
        };
        self.enrolled(key).find(outside).map(|enrolled| enrolled.holder.clone())
    }
}

fn names(roles: &[Role]) -> String {
    let names: Vec<&str> = roles.iter().map(|role| role.as_str()).collect();
    names.join(" or ")
}
