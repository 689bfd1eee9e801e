//! What a ceremony takes: commands of the HSM, entries of its audit log, answers at prompts.
//!
//! Counted are the commands that make something, use a key, or give out what a key's owner asked for, as `keyferry-offline respond` sends
//! them for key material that is made anew; and the sessions. Commands that only look (what is there, what fits) are not, nor is reading
//! the log itself.

use keyferry_bundle::kinds::{KeptAs, Target};
use keyferry_bundle::{KeyFamily, Plan, Policy};

/// A command of a YubiHSM 2 (codes: python-yubihsm `defs.py`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Command {
    /// CREATE SESSION.
    CreateSession = 0x03,
    /// AUTHENTICATE SESSION.
    AuthenticateSession = 0x04,
    /// CLOSE SESSION.
    CloseSession = 0x40,
    /// PUT OPAQUE: key material as bytes.
    PutOpaque = 0x42,
    /// GET OPAQUE: such bytes read back, and the certificate of the factory's attestation key.
    GetOpaque = 0x43,
    /// GENERATE ASYMMETRIC KEY: a private key.
    GenerateAsymmetricKey = 0x46,
    /// EXPORT WRAPPED: the copy under the HSM's wrap key.
    ExportWrapped = 0x4a,
    /// GET PSEUDO RANDOM: key material as bytes.
    GetPseudoRandom = 0x51,
    /// GET PUBLIC KEY: the public half, and the wrapping public key read back.
    GetPublicKey = 0x54,
    /// SIGN ECDSA: a bundle.
    SignEcdsa = 0x56,
    /// DELETE OBJECT: the wrapping public key.
    DeleteObject = 0x58,
    /// SIGN ATTESTATION CERTIFICATE: of a private key.
    SignAttestationCertificate = 0x64,
    /// PUT SYMMETRIC KEY: key material as a key that cannot be read back.
    PutSymmetricKey = 0x6d,
    /// PUT PUBLIC WRAP KEY: the wrapping public key, for one export.
    PutPublicWrapKey = 0x73,
    /// GET RSA WRAPPED KEY: that export.
    GetRsaWrappedKey = 0x74,
}

impl Command {
    /// Its code.
    #[must_use]
    pub const fn code(self) -> u8 {
        self as u8
    }
}

use Command as C;

/// The HSM's own signing key, looked at before anybody is asked.
const LOOK: &[Command] = &[C::GetPublicKey];
/// A session, opened.
const SESSION: &[Command] = &[C::CreateSession, C::AuthenticateSession];
/// One export under a wrapping public key, which is in the HSM for no longer.
const EXPORT: &[Command] =
    &[C::PutPublicWrapKey, C::GetPublicKey, C::GetRsaWrappedKey, C::DeleteObject];
/// The copy under the HSM's wrap key, and the signed statement of the copies.
const COPY: &[Command] = &[C::ExportWrapped, C::SignEcdsa];
/// The response's signature, and the end.
const END: &[Command] = &[C::SignEcdsa, C::CloseSession];

/// The commands that one target takes within a session, in order.
#[must_use]
pub fn commands(target: &Target) -> Vec<Command> {
    let made: &[&[Command]] = match target.kept_as {
        KeptAs::Opaque => &[&[C::GetPseudoRandom, C::PutOpaque, C::GetOpaque]],
        KeptAs::SymmetricKey => &[&[C::GetPseudoRandom, C::PutSymmetricKey], EXPORT],
        KeptAs::AsymmetricKey => &[
            &[C::GenerateAsymmetricKey],
            reopened(target),
            &[C::GetPublicKey, C::SignAttestationCertificate, C::GetOpaque],
            EXPORT,
        ],
    };
    [made.concat().as_slice(), COPY].concat()
}

/// An HSM ends a session after 30 seconds without a command, and an RSA key can take longer than that to generate.
const fn reopened(target: &Target) -> &'static [Command] {
    match target.key_spec.family() {
        KeyFamily::Rsa(_) => SESSION,
        KeyFamily::Symmetric | KeyFamily::Hmac(_) | KeyFamily::Ecc(_) | KeyFamily::Ed25519 => &[],
    }
}

/// The most entries that the audit log gets when a run makes this target alone: with its sessions (one more than is opened at first:
/// a person reads before they confirm) and the signatures at the end.
#[must_use]
pub fn log_entries(target: &Target) -> u16 {
    count(around().chain(commands(target)))
}

/// As [`log_entries`], when one run makes every target of a plan.
#[must_use]
pub fn plan_log_entries(plan: &Plan) -> u16 {
    count(around().chain(plan.targets.iter().flat_map(commands)))
}

/// What a run takes around its targets.
fn around() -> impl Iterator<Item = Command> {
    [SESSION, LOOK, SESSION, END].into_iter().flatten().copied()
}

fn count(commands: impl Iterator<Item = Command>) -> u16 {
    u16::try_from(commands.count()).unwrap_or(u16::MAX)
}

/// How many answers are typed from `fetch` to the receipt by the smallest quorums: passphrases, the credential's password, words that
/// confirm.
#[must_use]
pub fn prompts(policy: &Policy) -> u16 {
    // A signature that is added: the passphrase and a word.
    let signed = |people: u8| 2 * u16::from(people);
    let others = policy.roles.online_operator.threshold.saturating_sub(1);
    let (fetch, respond, import) = (1, 2, 2);
    fetch
        + signed(others)
        + respond
        + signed(policy.roles.witness.threshold)
        + import
        + signed(others)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hsm_log::CAPACITY;
    use crate::testing::Story;
    use crate::wrapping;
    use keyferry_bundle::KeySpec;

    fn target(spec: &str, kept_as: KeptAs) -> Target {
        let mut target = Story::sound().plan.targets.remove(0);
        (target.key_spec, target.kept_as) = (spec.parse().unwrap(), kept_as);
        target
    }

    #[test]
    fn each_kind_has_its_commands_in_the_order_in_which_they_are_sent() {
        let codes = |spec, kept_as| -> Vec<u8> {
            commands(&target(spec, kept_as)).into_iter().map(Command::code).collect()
        };
        assert_eq!(codes("HMAC_256", KeptAs::Opaque), [0x51, 0x42, 0x43, 0x4a, 0x56]);
        assert_eq!(
            codes("SYMMETRIC_DEFAULT", KeptAs::SymmetricKey),
            [0x51, 0x6d, 0x73, 0x54, 0x74, 0x58, 0x4a, 0x56]
        );
        assert_eq!(
            codes("ECC_NIST_P256", KeptAs::AsymmetricKey),
            [0x46, 0x54, 0x64, 0x43, 0x73, 0x54, 0x74, 0x58, 0x4a, 0x56]
        );
        assert_eq!(codes("RSA_4096", KeptAs::AsymmetricKey)[..4], [0x46, 0x03, 0x04, 0x54]);
    }

    #[test]
    fn a_run_counts_its_sessions_once_and_one_key_fits_into_an_empty_log() {
        for spec in KeySpec::ALL {
            for kept_as in wrapping::kept(*spec) {
                let one = target(spec.as_str(), *kept_as);
                let alone = log_entries(&one);
                assert_eq!(usize::from(alone), commands(&one).len() + 7, "{spec}");
                assert!(usize::from(alone) < CAPACITY / 2, "{spec}");
                let mut plan = Story::sound().plan;
                plan.targets = vec![one.clone(), one];
                assert_eq!(plan_log_entries(&plan), 2 * alone - 7);
            }
        }
    }

    #[test]
    fn prompts_grow_with_the_quorums() {
        let mut policy = Story::sound().policy;
        assert_eq!(prompts(&policy), 7);
        policy.roles.witness.threshold = 2;
        assert_eq!(prompts(&policy), 9);
        policy.roles.online_operator.threshold = 2;
        assert_eq!(prompts(&policy), 13);
    }
}
