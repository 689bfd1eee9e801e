//! Whose signature a bundle still has a use for.

use keyferry_bundle::seal::Counted;
use keyferry_bundle::{
    Envelope, Error, Holder, KeyId, Quorum, Requirements, Role, Signer, Timestamp,
};

/// The roles that sign a bundle, and who sits in them already.
#[derive(Debug, Clone)]
pub struct Seats {
    required: Requirements,
    created: Timestamp,
    counted: Counted,
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
    /// The bundle was made when the key was revoked.
    #[error("key {key} is revoked since {since}, and the bundle says it was made at {created}")]
    Revoked {
        /// The key.
        key: KeyId,
        /// From when on.
        since: Timestamp,
        /// When the bundle was made.
        created: Timestamp,
    },
    /// The same key again.
    #[error("{0} signed this bundle already, with this key")]
    SameKey(Holder),
    /// Another key of somebody who signed.
    #[error("{0} signed this bundle already, with another key: a person counts once")]
    SamePerson(Holder),
}

/// How far a quorum is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// The role.
    pub role: Role,
    /// The least number of distinct holders.
    pub needed: u8,
    /// The distinct holders who signed in it.
    pub counted: Vec<Holder>,
    /// Whose signature would still count.
    pub free: Vec<Holder>,
}

impl Progress {
    /// How many are still missing.
    #[must_use]
    pub fn missing(&self) -> usize {
        usize::from(self.needed).saturating_sub(self.counted.len())
    }

    /// Whether those who may still sign are enough.
    #[must_use]
    pub fn can_be_met(&self) -> bool {
        self.missing() <= self.free.len()
    }
}

impl Seats {
    /// Checks every signature that is there; a quorum that is short is no fault.
    pub(super) fn new(
        envelope: &Envelope,
        required: Requirements,
        created: Timestamp,
    ) -> Result<Self, Error> {
        let signers = required.signers(envelope)?;
        required.check_validity(&signers, created)?;
        let counted = required.count(signers, created);
        let missing = required.check_counted(&counted).err();
        Ok(Self { required, created, counted, missing })
    }

    /// Whether a signature by this key would bring a quorum one holder further, and in which role.
    ///
    /// # Errors
    /// Why it would not.
    pub fn offer(&self, key: &KeyId) -> Result<(Holder, Role), NoSeat> {
        if let Some(revoked) = self.required.revocation(key, self.created) {
            let (since, created) = (revoked.since, self.created);
            return Err(NoSeat::Revoked { key: key.clone(), since, created });
        }
        let enrolled =
            self.required.enrolled_key(key).ok_or_else(|| NoSeat::Stranger(key.clone()))?;
        let holder = &enrolled.holder;
        if self.counted.signers.iter().any(|signer| signer.key_id == *key) {
            return Err(NoSeat::SameKey(holder.clone()));
        }
        let candidate = Signer { holder: holder.clone(), key_id: key.clone() };
        if self.required.check_validity(std::slice::from_ref(&candidate), self.created).is_err() {
            return Err(NoSeat::OutsideValidity { holder: holder.clone(), created: self.created });
        }
        let alone = self.required.tally(std::slice::from_ref(&candidate));
        if alone.iter().all(|tally| tally.counted.is_empty()) {
            let mut roles: Vec<Role> = alone.iter().map(|tally| tally.role).collect();
            roles.retain(|role| *role != Role::HsmSigner);
            roles.dedup();
            return Err(NoSeat::OtherRole { holder: holder.clone(), roles });
        }
        let before = self.required.tally(&self.counted.signers);
        let after = self.required.tally(&[self.counted.signers.as_slice(), &[candidate]].concat());
        before
            .iter()
            .zip(after)
            .find(|(before, after)| before.counted.len() < after.counted.len())
            .map(|(_, after)| (holder.clone(), after.role))
            .ok_or_else(|| NoSeat::SamePerson(holder.clone()))
    }

    /// The first quorum that is still short, if one is.
    #[must_use]
    pub const fn missing(&self) -> Option<&Error> {
        self.missing.as_ref()
    }

    /// How far each quorum is.
    #[must_use]
    pub fn progress(&self) -> Vec<Progress> {
        let seated = |quorum: &Quorum| -> Vec<Holder> {
            let mut free: Vec<Holder> = Vec::new();
            for (holder, role) in quorum.keys.iter().filter_map(|key| self.offer(key).ok()) {
                if role == quorum.role && !free.contains(&holder) {
                    free.push(holder);
                }
            }
            free
        };
        let tallies = self.required.tally(&self.counted.signers).into_iter();
        tallies
            .zip(&self.required.quorums)
            .map(|(tally, quorum)| Progress {
                role: tally.role,
                needed: tally.needed,
                counted: tally.counted.into_iter().collect(),
                free: seated(quorum),
            })
            .collect()
    }

    /// Everybody whose signature counts, in the order in which they signed.
    #[must_use]
    pub fn signers(&self) -> Vec<&Holder> {
        self.counted.signers.iter().map(|signer| &signer.holder).collect()
    }

    /// Everybody whose signature does not, because the key was revoked by then.
    #[must_use]
    pub fn discounted(&self) -> Vec<&Holder> {
        self.counted.discounted.iter().map(|signer| &signer.holder).collect()
    }
}

fn names(roles: &[Role]) -> String {
    let names: Vec<&str> = roles.iter().map(|role| role.as_str()).collect();
    names.join(" or ")
}
