//! A wrap key that is split among custodians: what everybody may know of it. It is no kind of its own: a device bundle has it.

use super::common::{check_distinct, check_length};
use crate::identifiers::word_type;
use crate::{AgeRecipient, Base64, Digest, FieldError, Holder, Serial};
use p256::ecdsa::VerifyingKey;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt::Write as _;

word_type!(
    /// How a secret is split.
    ShareScheme {
        /// Shamir's scheme over the order of P-256, with Feldman's commitments in P-256.
        FeldmanP256 = "feldman-p256",
    }
);

/// Among whom a wrap key is split, and the commitments that every share is held against.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ShareSet {
    /// How it is split.
    pub scheme: ShareScheme,
    /// [`Self::computed_id`] of the other members.
    pub id: Digest,
    /// The HSM whose wrap key was split, where it is another one: this one got the same wrap key, put together from shares.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hsm: Option<Serial>,
    /// How many shares make the wrap key. One would be the wrap key itself.
    #[schemars(range(min = 2, max = 16))]
    pub threshold: u8,
    /// The generator times each coefficient of the polynomial, the wrap key's first: compressed points (SEC 1 section 2.3.3), as many
    /// as `threshold`.
    #[schemars(length(min = 2, max = 16))]
    pub commitments: Vec<Base64>,
    /// Who has a share, at least as many as `threshold`. No holder and no recipient twice.
    #[schemars(length(min = 2, max = 16))]
    pub holders: Vec<ShareHolder>,
}

/// One custodian and their share.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ShareHolder {
    /// The share's number: 1, 2, 3, …
    #[schemars(range(min = 1, max = 16))]
    pub index: u8,
    /// Who.
    pub holder: Holder,
    /// The age recipient that the share was encrypted to.
    pub recipient: AgeRecipient,
    /// The signature over [`ShareSet::proof_message`] with the share as private key: ECDSA over P-256 with SHA-256, in DER.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proof: Option<Base64>,
    /// As `proof`, for this HSM: the share was there when the wrap key was put together for it. Just where [`ShareSet::hsm`] is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub present: Option<Base64>,
}

impl ShareSet {
    /// The fewest shares that make a secret.
    pub const MIN: usize = 2;
    /// The most shares of a set.
    pub const MAX: usize = 16;

    /// The HSM whose wrap key was split: another one where it says so, else the one of that serial number.
    #[must_use]
    pub fn origin(&self, serial: Serial) -> Serial {
        self.hsm.unwrap_or(serial)
    }

    /// The SHA-256 of everything that is fixed when the wrap key is split, and of the HSM it was for.
    #[must_use]
    pub fn computed_id(&self, serial: Serial) -> Digest {
        let serial = self.origin(serial);
        let (scheme, count) = (self.scheme, self.holders.len());
        let mut text = format!("keyferry share set v1\n{scheme}\nhsm {serial}\n");
        let _ = writeln!(text, "threshold {} of {count}", self.threshold);
        for commitment in &self.commitments {
            let _ = writeln!(text, "commitment {}", String::from(commitment.clone()));
        }
        for ShareHolder { index, holder, recipient, .. } in &self.holders {
            let _ = writeln!(text, "share {index} {holder} {recipient}");
        }
        Digest::of(text.as_bytes())
    }

    /// What a custodian signs with the share.
    #[must_use]
    pub fn proof_message(&self, serial: Serial, index: u8, holder: &Holder) -> Vec<u8> {
        let id = self.id;
        format!("keyferry share proof v1\nset {id}\nhsm {serial}\nshare {index}\nholder {holder}\n")
            .into_bytes()
    }

    /// Checks everything but the proofs, and that there is a proof for each share.
    ///
    /// # Errors
    /// Names the first member that breaks a rule.
    pub fn check_proved(&self, field: &str, serial: Serial) -> Result<(), FieldError> {
        self.check(field, serial)?;
        match self.holders.iter().position(|holder| holder.proof.is_none()) {
            None => Ok(()),
            Some(index) => {
                let problem = "is missing: a share that nobody proved does not count";
                Err(FieldError::new(format!("{field}.holders[{index}].proof"), problem))
            }
        }
    }

    /// Checks everything but the proofs: sizes, order, points, and that the id is that of the rest for this HSM.
    ///
    /// # Errors
    /// Names the first member that breaks a rule.
    pub fn check(&self, field: &str, serial: Serial) -> Result<(), FieldError> {
        let commitments = format!("{field}.commitments");
        let holders = format!("{field}.holders");
        check_length(&holders, &self.holders, Self::MAX)?;
        let threshold = usize::from(self.threshold);
        if !(Self::MIN..=self.holders.len()).contains(&threshold) {
            let problem = format!("is {threshold}, not {} to {}", Self::MIN, self.holders.len());
            return Err(FieldError::new(format!("{field}.threshold"), problem));
        }
        if self.commitments.len() != threshold {
            let problem = format!("has {} entries, not {threshold}", self.commitments.len());
            return Err(FieldError::new(commitments, problem));
        }
        for (index, commitment) in self.commitments.iter().enumerate() {
            if !is_compressed_point(commitment.as_bytes()) {
                let problem = "is not a compressed point of P-256";
                return Err(FieldError::new(format!("{commitments}[{index}]"), problem));
            }
        }
        for (place, (holder, number)) in self.holders.iter().zip(1..).enumerate() {
            if holder.index != number {
                let problem = format!("is {}, not {number}", holder.index);
                return Err(FieldError::new(format!("{holders}[{place}].index"), problem));
            }
        }
        check_distinct(&holders, ".holder", self.holders.iter().map(|one| &one.holder))?;
        check_distinct(&holders, ".recipient", self.holders.iter().map(|one| &one.recipient))?;
        self.check_present(field, serial)?;
        if self.id == self.computed_id(serial) {
            Ok(())
        } else {
            let serial = self.origin(serial);
            let problem = format!("is not that of the other members for HSM {serial}");
            Err(FieldError::new(format!("{field}.id"), problem))
        }
    }

    /// Where the wrap key is another HSM's, as many were there as make it; else nobody had to be.
    fn check_present(&self, field: &str, serial: Serial) -> Result<(), FieldError> {
        let present = self.holders.iter().filter(|holder| holder.present.is_some()).count();
        let threshold = usize::from(self.threshold);
        match self.hsm {
            None => match self.holders.iter().position(|holder| holder.present.is_some()) {
                None => Ok(()),
                Some(place) => Err(FieldError::new(
                    format!("{field}.holders[{place}].present"),
                    "is there, but the wrap key is this HSM's own",
                )),
            },
            Some(hsm) if hsm == serial => {
                Err(FieldError::new(format!("{field}.hsm"), "is this HSM: leave it out"))
            }
            Some(_) if present < threshold => Err(FieldError::new(
                format!("{field}.holders"),
                format!("{present} were there, and {threshold} shares make the wrap key"),
            )),
            Some(_) => Ok(()),
        }
    }
}

/// A point other than the neutral element in its 33 bytes.
fn is_compressed_point(bytes: &[u8]) -> bool {
    bytes.len() == 33 && VerifyingKey::from_sec1_bytes(bytes).is_ok()
}
