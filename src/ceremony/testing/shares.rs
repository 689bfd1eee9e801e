//! The same ceremony with a wrap key in shares.

use super::{Story, deeds, parse};
use crate::hsm_log::Record;
use keyferry_bundle::kinds::{KeptAs, ShareSet};
use keyferry_bundle::{Custodian, Digest, Serial};
use keyferry_shares::{Share, present, prove, randomness, split};

/// Who has a share.
const HOLDERS: [&str; 3] = ["carol", "dave", "erin"];

impl Story {
    /// Splits the HSM's wrap key, 2 of 3, among custodians who join the policy.
    pub fn split_wrap_key(&mut self) {
        let custodians: Vec<Custodian> = HOLDERS
            .iter()
            .zip(["q", "p", "z"])
            .map(|(name, letter)| Custodian {
                holder: parse(name),
                recipient: parse(&format!("age1{}", letter.repeat(58))),
            })
            .collect();
        self.device.shares = Some(self.proved_set("wrap key", &custodians));
        self.policy.custodians.extend(custodians);
        let responding = deeds::responding(KeptAs::Opaque);
        let log =
            [&deeds::splitting()[..], &[Record::BOOT], &deeds::session(2), &responding].concat();
        self.record(&log);
        self.relink();
    }

    /// As [`Self::split_wrap_key`], but the wrap key was split for another HSM, and dave and erin put it together for this one.
    pub fn join_wrap_key(&mut self) {
        self.split_wrap_key();
        let custodians = &self.policy.custodians;
        let of = |name: &&str| custodians.iter().find(|one| one.holder.as_str() == *name).cloned();
        let custodians: Vec<Custodian> = HOLDERS.iter().filter_map(of).collect();
        let first = Serial::new(7);
        let (mut set, shares) = Self::proved_for(first, "wrap key", &custodians);
        set = present(&set, first, self.device.serial, shares.get(1..).unwrap()).unwrap();
        self.device.shares = Some(set);
        self.relink();
    }

    /// A set for the story's HSM, with every proof; `seed` decides its secret.
    pub fn proved_set(&self, seed: &str, custodians: &[Custodian]) -> ShareSet {
        Self::proved_for(self.device.serial, seed, custodians).0
    }

    fn proved_for(serial: Serial, seed: &str, custodians: &[Custodian]) -> (ShareSet, Vec<Share>) {
        let drawn = |what: &str| *Digest::of(format!("{seed} {what}").as_bytes()).as_bytes();
        let random = [drawn("one"), drawn("two")].concat();
        assert_eq!(random.len(), randomness(2));
        let split = split(&drawn("key"), serial, 2, custodians, &random).unwrap();
        let mut set = split.set.clone();
        for (holder, share) in set.holders.iter_mut().zip(&split.shares) {
            holder.proof = Some(prove(&split.set, serial, share).unwrap());
        }
        (set, split.shares)
    }
}
