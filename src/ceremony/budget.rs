//! What a ceremony takes: commands of the HSM, entries of its audit log, answers at prompts.
//!
//! Counted are the commands that make something, use a key, or give out what a key's owner asked for, as `keyferry-offline respond` sends
//! them for key material that is made anew; commands that only look (what is there, what fits, what was logged) are not.

use crate::hsm_log::command as c;
use keyferry_bundle::kinds::{KeptAs, PlannedMaterial, Target};
use keyferry_bundle::{KeyFamily, Plan, Policy};

/// A session.
const SESSION: &[u8] = &[c::CREATE_SESSION, c::AUTHENTICATE_SESSION];
/// One export under a wrapping public key, which is in the HSM for no longer.
const EXPORT: &[u8] =
    &[c::PUT_PUBLIC_WRAP_KEY, c::GET_PUBLIC_KEY, c::GET_RSA_WRAPPED_KEY, c::DELETE_OBJECT];
/// The copy under the HSM's wrap key, and the signed statement of the copies.
const COPY: &[u8] = &[c::EXPORT_WRAPPED, c::SIGN_ECDSA];

/// Entries before the first target: a session, and another one after a person has read what is asked.
pub const AT_THE_BEGINNING: u16 = 4;
/// Entries at the end: acknowledging, signatures of log, response and the two parts that a transcript may have, and two sessions to read
/// it all afterwards.
pub const AT_THE_END: u16 = 9;

/// The codes of the commands that one target takes, in order ([`crate::hsm_log::command`] names them).
#[must_use]
pub fn commands(target: &Target) -> Vec<u8> {
    let made: &[&[u8]] = match target.kept_as {
        KeptAs::Opaque => &[&[c::GET_PSEUDO_RANDOM, c::PUT_OPAQUE, c::GET_OPAQUE]],
        KeptAs::SymmetricKey => &[&[c::GET_PSEUDO_RANDOM, c::PUT_SYMMETRIC_KEY], EXPORT],
        KeptAs::AsymmetricKey => &[
            &[c::GENERATE_ASYMMETRIC_KEY],
            reopened(target),
            &[c::GET_PUBLIC_KEY, c::SIGN_ATTESTATION_CERTIFICATE, c::GET_OPAQUE],
            EXPORT,
        ],
    };
    [made.concat().as_slice(), COPY].concat()
}

/// An HSM ends a session after 30 seconds without a command, and an RSA key can take longer than that to generate.
const fn reopened(target: &Target) -> &'static [u8] {
    match target.key_spec.family() {
        KeyFamily::Rsa(_) => SESSION,
        KeyFamily::Symmetric | KeyFamily::Hmac(_) | KeyFamily::Ecc(_) | KeyFamily::Ed25519 => &[],
    }
}

/// The most entries that one key material leaves: its commands, as far as they are logged, removing the wrapping public key that an
/// earlier run may have left, and one command that the HSM refuses.
#[must_use]
pub fn of_material(material: &PlannedMaterial<'_>) -> u16 {
    let target = material.leader;
    let more = match target.kept_as {
        KeptAs::Opaque | KeptAs::SymmetricKey => 0,
        KeptAs::AsymmetricKey => material.targets.len().saturating_sub(1),
    };
    let commands = commands(target).into_iter().chain(EXPORT.repeat(more));
    let logged = commands.filter(|code| c::is_logged(*code)).count();
    let left = u16::from(target.kept_as != KeptAs::Opaque);
    u16::try_from(logged).unwrap_or(u16::MAX).saturating_add(left + 1)
}

/// The most entries that the audit log gets when a run makes this target alone: with its sessions and the signatures at the end.
#[must_use]
pub fn log_entries(target: &Target) -> u16 {
    let alone = PlannedMaterial { leader: target, targets: vec![target] };
    AT_THE_BEGINNING + of_material(&alone) + AT_THE_END
}

/// As [`log_entries`], when one run makes every target of a plan.
#[must_use]
pub fn plan_log_entries(plan: &Plan) -> u16 {
    let each = plan.materials().iter().map(of_material).fold(0_u16, u16::saturating_add);
    each.saturating_add(AT_THE_BEGINNING + AT_THE_END)
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
        let codes = |spec, kept_as| commands(&target(spec, kept_as));
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
    fn what_is_not_logged_is_not_counted() {
        for (spec, kept_as, entries) in [
            ("HMAC_256", KeptAs::Opaque, 18),
            ("SYMMETRIC_DEFAULT", KeptAs::SymmetricKey, 21),
            ("ECC_NIST_P256", KeptAs::AsymmetricKey, 23),
            ("RSA_2048", KeptAs::AsymmetricKey, 25),
        ] {
            assert_eq!(log_entries(&target(spec, kept_as)), entries, "{spec}");
        }
    }

    #[test]
    fn a_run_counts_its_sessions_once_and_one_key_fits_into_an_empty_log() {
        for spec in KeySpec::ALL {
            for kept_as in wrapping::kept(*spec) {
                let one = target(spec.as_str(), *kept_as);
                let alone = log_entries(&one);
                assert!(usize::from(alone) < CAPACITY / 2, "{spec}");
                let mut plan = Story::sound().plan;
                let mut other = one.clone();
                other.object_id = "0x0a02".parse().unwrap();
                plan.targets = vec![one, other];
                assert_eq!(plan_log_entries(&plan), 2 * alone - (AT_THE_BEGINNING + AT_THE_END));
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
