//! Everything the service remembers: accounts, their Regions, and what all of them share.

use crate::clock::{Clock, Time};
use crate::keys::Key;
use crate::random;
use crate::refusal::Refusal;
use crate::state::State;
use crate::wire::Blob;
use keyferry_bundle::{AccountId, AwsRegion, KmsKeyId, WrappingKeySpec};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// All of it, as its file holds it.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct World {
    pub(crate) format: Format,
    /// The account the file was made for: the one of a caller whose access key id names none.
    pub(crate) account: AccountId,
    /// The Region of what is named without one.
    pub(crate) region: AwsRegion,
    pub(crate) clock: Clock,
    /// What import tokens are authenticated under.
    pub(crate) token_secret: Blob,
    /// By id in hexadecimal.
    pub(crate) wrapping_keys: BTreeMap<String, WrappingKey>,
    accounts: BTreeMap<AccountId, BTreeMap<AwsRegion, State>>,
}

/// The file format's name.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) enum Format {
    /// The second: of all Regions.
    #[serde(rename = "keyferry-virtual-kms v2")]
    V2,
}

/// A wrapping key pair that was handed out. The import token says for which key and algorithm.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WrappingKey {
    pub(crate) spec: WrappingKeySpec,
    /// PKCS#8 (RFC 5958) in DER.
    pub(crate) private_key: Blob,
    /// `SubjectPublicKeyInfo` (RFC 5280) in DER.
    pub(crate) public_key: Blob,
    /// Grows with every pair that is handed out: the smallest is the one that nobody had for longest.
    pub(crate) last_given: u64,
}

impl World {
    /// The world of a service that never ran.
    pub(crate) fn new(account: AccountId, region: AwsRegion) -> Result<Self, Refusal> {
        Ok(Self {
            format: Format::V2,
            account,
            region,
            clock: Clock::default(),
            token_secret: random::bytes::<32>()?.to_vec().into(),
            wrapping_keys: BTreeMap::new(),
            accounts: BTreeMap::new(),
        })
    }

    /// Takes a Region out, to be worked on; an empty one where nothing was done yet. [`Self::put`] brings it back.
    pub(crate) fn take(&mut self, account: &AccountId, region: &AwsRegion) -> State {
        let found = self.accounts.get_mut(account).and_then(|regions| regions.remove(region));
        found.unwrap_or_else(|| State::new(account.clone(), region.clone()))
    }

    /// Brings a Region back. One that holds nothing leaves no trace.
    pub(crate) fn put(&mut self, state: State) {
        if !state.is_empty() {
            let regions = self.accounts.entry(state.account.clone()).or_default();
            regions.insert(state.region.clone(), state);
        }
    }

    /// The key of this id in another Region.
    pub(crate) fn key_in(
        &self,
        account: &AccountId,
        region: &AwsRegion,
        id: &KmsKeyId,
    ) -> Option<&Key> {
        self.accounts.get(account)?.get(region)?.keys.get(id)
    }

    /// The keys related to a multi-Region key, in every Region that was not taken out.
    pub(crate) fn related<'a>(
        &'a mut self,
        account: &AccountId,
        id: &'a KmsKeyId,
    ) -> impl Iterator<Item = &'a mut Key> {
        let regions = self.accounts.get_mut(account).filter(|_| id.is_multi_region());
        let states = regions.into_iter().flat_map(BTreeMap::values_mut);
        states.filter_map(move |state| state.keys.get_mut(id))
    }

    /// Lets happen what time brings: key material expires, keys are deleted.
    pub(crate) fn settle(&mut self, now: Time) {
        let all = |world: &mut Self| -> Vec<(AccountId, AwsRegion, KmsKeyId, Time)> {
            let states = world.accounts.values_mut().flat_map(BTreeMap::values_mut);
            let due = states.flat_map(|state| {
                let place = (state.account.clone(), state.region.clone());
                let keys = state.keys.values();
                keys.filter_map(move |key| {
                    let at = key.deletion.and_then(|deletion| deletion.at)?;
                    (at <= now).then(|| (place.0.clone(), place.1.clone(), key.id.clone(), at))
                })
                .collect::<Vec<_>>()
            });
            due.collect()
        };
        // The last replica that goes lets its primary's waiting period begin, which may be over too.
        loop {
            let due = all(self);
            if due.is_empty() {
                break;
            }
            for (account, region, id, at) in due {
                self.delete(&account, &region, &id, at);
            }
        }
        for state in self.accounts.values_mut().flat_map(BTreeMap::values_mut) {
            state.keys.values_mut().for_each(|key| key.settle(now));
        }
    }

    fn delete(&mut self, account: &AccountId, region: &AwsRegion, id: &KmsKeyId, at: Time) {
        let mut state = self.take(account, region);
        state.keys.remove(id);
        state.aliases.retain(|_, alias| alias.target != *id);
        self.put(state);
        for key in self.related(account, id) {
            key.lose_replica(region, at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_region_that_holds_nothing_leaves_no_trace() {
        let account: AccountId = "111122223333".parse().unwrap();
        let region: AwsRegion = "eu-central-1".parse().unwrap();
        let mut world = World::new(account.clone(), region.clone()).unwrap();
        let state = world.take(&account, &region);
        assert_eq!((&state.account, &state.region), (&account, &region));
        world.put(state);
        assert!(world.accounts.is_empty());
    }
}
