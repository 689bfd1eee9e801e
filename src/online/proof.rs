//! The proof that KMS holds the key material of a response: a question to KMS and its answer, held against the response before anybody relies
//! on it. Signatures and MACs show it to everybody, decryption and agreement to whoever asks. For symmetric keys it is less: that the key
//! works.

use crate::algorithms::{MacAlgorithm, SigningAlgorithm};
use crate::calls::failed;
use crate::challenge::{self, Ephemeral};
use crate::desk::Desk;
use crate::kms::{CallError, EncryptionContext, Kms};
use keyferry_bundle::Base64;
use keyferry_bundle::kinds::{Proof, ProofMethod, ResponseTarget, Target};
use keyferry_ceremony::proof::{Bound, check_answer, known_answer_message, method};
use keyferry_console::{Exit, Failure};
use std::time::Duration;

/// So that a `CloudTrail` record shows what the calls were for.
const CONTEXT: EncryptionContext<'_> = &[("purpose", "keyferry prove")];
/// Seconds before each repetition of a question to a key that is not in use everywhere yet (AWS KMS developer guide, "Eventual
/// consistency"): `DescribeKey` showed it Enabled, but another of KMS's hosts may answer the question.
const WAITS: [u64; 5] = [1, 2, 4, 8, 15];

/// Why there is no proof.
#[derive(Debug)]
pub(crate) enum Unproven {
    /// What KMS answers comes from other key material: the member of the proof, and what is wrong with it.
    Wrong(&'static str, String),
    /// There is no answer, or this program could not ask.
    NotHad(Box<Failure>),
}

impl From<Failure> for Unproven {
    fn from(failure: Failure) -> Self {
        Self::NotHad(Box::new(failure))
    }
}

/// Which calls the proof takes: what the caller must be allowed to do.
pub(crate) const fn calls(target: &Target) -> &'static str {
    match method(target.key_spec, target.key_usage) {
        ProofMethod::Signature => "kms:GetPublicKey and kms:Sign",
        ProofMethod::Decryption => "kms:GetPublicKey and kms:Decrypt",
        ProofMethod::SharedSecret => "kms:GetPublicKey and kms:DeriveSharedSecret",
        ProofMethod::Mac => "kms:GenerateMac",
        ProofMethod::RoundTrip => "kms:Encrypt and kms:Decrypt",
    }
}

/// Asks KMS, and holds the answer against the response that it is `bound` to.
pub(crate) fn ask(
    desk: Desk<'_>,
    kms: &dyn Kms,
    bound: Bound,
    planned: &Target,
    answered: &ResponseTarget,
) -> Result<Proof, Unproven> {
    let asker = Asker { desk, kms, bound, planned };
    let method = method(planned.key_spec, planned.key_usage);
    let attested = answered.public_key.as_ref();
    let public_key = attested.map(|attested| asker.public_key(attested)).transpose()?;
    let attested = attested.map(Base64::as_bytes).unwrap_or_default();
    let (challenge, answer) = match method {
        ProofMethod::Signature => asker.signature()?,
        ProofMethod::Decryption => asker.decryption(attested)?,
        ProofMethod::SharedSecret => asker.shared_secret()?,
        ProofMethod::Mac => asker.mac()?,
        ProofMethod::RoundTrip => asker.round_trip()?,
    };
    let held = |bytes: Vec<u8>| Base64::new(bytes).map_err(Failure::bug);
    let proof = Proof {
        method,
        challenge: held(challenge)?,
        answer: Base64::new(answer).map_err(|problem| Unproven::Wrong("answer", problem))?,
        public_key,
    };
    match check_answer(bound, planned, answered, &proof) {
        Ok(()) => Ok(proof),
        Err((member, problem)) => Err(Unproven::Wrong(member, problem)),
    }
}

/// KMS holds other key material than the response says. `again` says how to import once more.
pub(crate) fn other_key(target: &Target, member: &str, problem: &str, again: &str) -> Failure {
    Failure::new(
        Exit::Unknown,
        "kms-other-key",
        format!("target {}: KMS does not hold the key material of the response", target.name),
    )
    .because(format!("{member}: {problem}"))
    .hint(format!(
        "do not use the key. Find out who imported it (CloudTrail: ImportKeyMaterial). Delete the material: aws kms \
         delete-imported-key-material --key-id {}; then {again}. If KMS still wants the other material then, create a new key",
        target.key
    ))
}

/// One target's questions: what was asked, and what KMS answered.
struct Asker<'a> {
    desk: Desk<'a>,
    kms: &'a dyn Kms,
    bound: Bound,
    planned: &'a Target,
}

type Asked = Result<(Vec<u8>, Vec<u8>), Unproven>;

impl Asker<'_> {
    /// KMS's public key, if it is the response's: otherwise nothing else is worth asking.
    fn public_key(&self, attested: &Base64) -> Result<Base64, Unproven> {
        let key = &self.planned.key;
        let found = self.call("kms:GetPublicKey", || self.kms.get_public_key(key))?;
        match Base64::new(found) {
            Ok(found) if found == *attested => Ok(found),
            Ok(_) | Err(_) => {
                let problem = "GetPublicKey gives another public key than the response has";
                Err(Unproven::Wrong("public_key", problem.to_owned()))
            }
        }
    }

    /// A text for this response and target that nobody knew before.
    fn challenge(&self) -> Result<Vec<u8>, Unproven> {
        Ok(self.bound.challenge(&self.planned.name, challenge::draw()?))
    }

    fn signature(&self) -> Asked {
        let (key, spec) = (&self.planned.key, self.planned.key_spec);
        let algorithm = SigningAlgorithm::of(spec).ok_or_else(|| no_way(self.planned))?;
        let message = self.challenge()?;
        let signature = self.call("kms:Sign", || self.kms.sign(key, algorithm, &message))?;
        Ok((message, signature))
    }

    fn decryption(&self, attested: &[u8]) -> Asked {
        let plaintext = self.challenge()?;
        let ciphertext = challenge::encrypt_to(attested, &plaintext)?;
        let key = &self.planned.key;
        let answer = self.call("kms:Decrypt", || self.kms.decrypt_oaep(key, &ciphertext))?;
        Ok((plaintext, answer))
    }

    fn shared_secret(&self) -> Asked {
        let Ephemeral { scalar, public_key } = Ephemeral::draw(self.planned.key_spec)?;
        let key = &self.planned.key;
        let agreed = || self.kms.derive_shared_secret(key, &public_key);
        let answer = self.call("kms:DeriveSharedSecret", agreed)?;
        Ok((scalar, answer))
    }

    fn mac(&self) -> Asked {
        let (key, spec) = (&self.planned.key, self.planned.key_spec);
        let algorithm = MacAlgorithm::of(spec).ok_or_else(|| no_way(self.planned))?;
        let message = known_answer_message(self.bound.plan, &self.planned.name);
        let made = || self.kms.generate_mac(key, algorithm, &message);
        let answer = self.call("kms:GenerateMac", made)?;
        Ok((message, answer))
    }

    fn round_trip(&self) -> Asked {
        let plaintext = self.challenge()?;
        let key = &self.planned.key;
        let ciphertext = self.call("kms:Encrypt", || self.kms.encrypt(key, &plaintext, CONTEXT))?;
        let answer = self.call("kms:Decrypt", || self.kms.decrypt(key, &ciphertext, CONTEXT))?;
        Ok((plaintext, answer))
    }

    /// Asks, and again while the key is not in use everywhere.
    fn call(
        &self,
        operation: &str,
        ask: impl Fn() -> Result<Vec<u8>, CallError>,
    ) -> Result<Vec<u8>, Unproven> {
        let mut waits = WAITS.iter();
        loop {
            match (ask(), waits.next()) {
                (Ok(answer), _) => return Ok(answer),
                (Err(error), Some(seconds)) if not_yet(&error) => {
                    self.desk.clock.wait(Duration::from_secs(*seconds));
                }
                (Err(error), _) if error.is("InvalidCiphertextException") => {
                    let problem = "KMS cannot decrypt what was encrypted under this key";
                    return Err(Unproven::Wrong("answer", problem.to_owned()));
                }
                (Err(error), _) => return Err(failed(operation, &error).into()),
            }
        }
    }
}

/// AWS KMS API reference: "The request was rejected because the state of the specified resource is not valid for this request", or the
/// key is not available.
fn not_yet(error: &CallError) -> bool {
    error.is("KMSInvalidStateException") || error.is("KeyUnavailableException")
}

fn no_way(target: &Target) -> Failure {
    Failure::bug(format!("no proof is known for {} keys", target.key_spec))
}

#[cfg(test)]
mod tests;
