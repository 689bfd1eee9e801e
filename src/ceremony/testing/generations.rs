//! Ceremonies after the sound one, of the same key.

use super::cast::base64;
use super::{Story, deeds, digest_of, parse};
use crate::hsm_log::{NO_KEY, command};
use crate::log;
use keyferry_bundle::kinds::{Made, Operation, Pin};
use keyferry_bundle::{Digest, KeyArn, KeyMaterialId};

/// KMS's id of key material with that check value.
fn material_id(check_value: Digest) -> KeyMaterialId {
    parse(&Digest::of(check_value.as_bytes()).to_string())
}

impl Story {
    /// Has the receipt say KMS's id of the key material, and what came before it.
    #[must_use]
    pub fn identified(mut self) -> Self {
        let id = material_id(self.response.targets[0].check_value);
        let earlier = self.plan.targets[0].earlier.iter().filter_map(|p| p.key_material_id.clone());
        let answered = &mut self.receipt.targets[0];
        answered.generations = if self.plan.operation == Operation::Rotate {
            earlier.chain([id.clone()]).collect()
        } else {
            vec![]
        };
        answered.key_material_id = Some(id);
        self.relink();
        self
    }

    /// What a later plan says of this ceremony's key material.
    pub fn pin(&self) -> Pin {
        Pin {
            response: digest_of(&self.response),
            check_value: self.response.targets[0].check_value,
            key_material_id: self.receipt.targets[0].key_material_id.clone(),
        }
    }

    /// The ceremony after this one with the same HSM and key.
    fn same_key(&self) -> Self {
        let mut next = self.next();
        let key = &self.plan.targets[0].key;
        next.plan.targets[0].key.clone_from(key);
        next.request.targets[0].key.clone_from(key);
        next.backup.key.clone_from(key);
        next.response.targets[0].key.clone_from(key);
        next.receipt.targets[0].key.clone_from(key);
        next
    }

    /// The ceremony that imports this one's key material again.
    #[must_use]
    pub fn again(&self) -> Self {
        let mut next = self.same_key();
        next.plan.operation = Operation::Reimport;
        next.plan.targets[0].material = Some(self.pin());
        next.plan.targets[0].earlier.clear();
        let answered = &mut next.response.targets[0];
        answered.made = Made::Kept;
        answered.check_value = self.response.targets[0].check_value;
        next.backup.check_value = answered.check_value;
        let signed = deeds::by(2, command::SIGN_ECDSA, 0x0100, NO_KEY);
        let done = deeds::keeping(next.plan.targets[0].kept_as);
        let records = [&[signed, signed][..], &deeds::session(2), &done].concat();
        next.record_after(log::last(&self.log).unwrap(), &records);
        next.relink();
        next.identified()
    }

    /// The ceremony that rotates this one's key.
    #[must_use]
    pub fn rotated(&self) -> Self {
        let mut next = self.same_key();
        next.plan.operation = Operation::Rotate;
        let target = &mut next.plan.targets[0];
        target.generation += 1;
        target.material = None;
        target.earlier.push(self.pin());
        next.backup.generation = target.generation;
        next.relink();
        next.identified()
    }

    /// Gives a second key the same key material.
    pub fn shared(&mut self) {
        let key: KeyArn =
            parse("arn:aws:kms:eu-central-1:111122223333:key/77777777-12ab-34cd-56ef-1234567890ab");
        let mut planned = self.plan.targets[0].clone();
        (planned.name, planned.key) = (parse("replica"), key.clone());
        self.plan.targets.push(planned);
        let mut asked = self.request.targets[0].clone();
        (asked.name, asked.key) = (parse("replica"), key.clone());
        asked.import_token_sha256 = Digest::of(b"another token");
        let mut brought = self.response.targets[0].clone();
        (brought.name, brought.key) = (asked.name.clone(), key.clone());
        brought.import_token_sha256 = asked.import_token_sha256;
        brought.encrypted_key_material = base64(&[2; 256]);
        let mut answered = self.receipt.targets[0].clone();
        (answered.name, answered.key) = (asked.name.clone(), key);
        self.request.targets.push(asked);
        self.response.targets.push(brought);
        self.receipt.targets.push(answered);
        self.relink();
    }
}
