//! Whether what a run makes fits into its bundles: told before the HSM is asked to make anything.

use keyferry_bundle::envelope::MAX_PAYLOAD_BYTES;
use keyferry_bundle::kinds::Target;
use keyferry_bundle::{KeyFamily, Log, Plan};
use keyferry_ceremony::budget;
use keyferry_console::{Exit, Failure};

/// About what an entry of a response takes beside its encrypted key material, its public key and its attestation.
const ENTRY: usize = 780;
/// About what an attestation and the certificate of the key that signed it take, beside the attested key.
const CERTIFICATES: usize = 1800;

/// Refuses a plan whose response or whose log is longer than a bundle; `pending` entries of the log are in no bundle yet.
pub(super) fn check(plan: &Plan, pending: usize) -> Result<(), Failure> {
    let too_long = |code, what: &str, because: String| {
        Err(Failure::new(Exit::Unchanged, code, what).because(because).hint(
            "plan fewer targets at once: abort this plan, keyferry-offline abort, and make two of it",
        ))
    };
    let bytes: usize = plan.targets.iter().map(entry).sum();
    if bytes > MAX_PAYLOAD_BYTES {
        let because =
            format!("it would take about {bytes} bytes, a bundle holds {MAX_PAYLOAD_BYTES}");
        return too_long("response-too-long", "the response would not fit into a bundle", because);
    }
    let entries = pending.saturating_add(usize::from(budget::plan_log_entries(plan)));
    if entries > Log::MAX_ENTRIES {
        let because = format!(
            "it may get {entries} entries, {pending} of them from before, and a bundle holds {}",
            Log::MAX_ENTRIES
        );
        return too_long("log-too-long", "the HSM's log would not fit into a bundle", because);
    }
    Ok(())
}

/// About how many bytes a target's entry takes.
fn entry(target: &Target) -> usize {
    let base64 = |bytes: usize| bytes.div_ceil(3) * 4;
    let wrapping = target.wrapping_key_spec.modulus_bits() / 8;
    ENTRY
        + match target.key_spec.family() {
            KeyFamily::Symmetric | KeyFamily::Hmac(_) => base64(wrapping),
            KeyFamily::Rsa(modulus) => {
                // PKCS#8 has the modulus, the private exponent, and half of each five times.
                let bytes = modulus.modulus_bits() / 8;
                base64(wrapping + bytes * 9 / 2 + 80)
                    + base64(bytes + 40)
                    + base64(bytes + CERTIFICATES)
            }
            KeyFamily::Ecc(_) | KeyFamily::Ed25519 => {
                base64(wrapping + 240) + base64(160) + base64(CERTIFICATES)
            }
        }
}

#[cfg(test)]
mod tests {
    use super::*;
    use keyferry_bundle::kinds::KeptAs;
    use keyferry_ceremony::testing::Story;

    fn plan(targets: usize, spec: &str, kept_as: KeptAs) -> Plan {
        let mut plan = Story::sound().plan;
        let mut target = plan.targets.remove(0);
        (target.key_spec, target.kept_as) = (spec.parse().unwrap(), kept_as);
        for id in 0..targets {
            let mut target = target.clone();
            target.object_id = format!("0x{:04x}", 0x1000 + id).parse().unwrap();
            plan.targets.push(target);
        }
        plan
    }

    #[test]
    fn the_most_symmetric_keys_fit_and_the_most_private_keys_do_not() {
        let symmetric = plan(256, "SYMMETRIC_DEFAULT", KeptAs::Opaque);
        assert!(check(&symmetric, 1000).is_ok());
        assert!(check(&plan(60, "ECC_NIST_P256", KeptAs::AsymmetricKey), 0).is_ok());
        assert!(check(&plan(30, "RSA_4096", KeptAs::AsymmetricKey), 0).is_ok());
        let refused = check(&plan(256, "ECC_NIST_P256", KeptAs::AsymmetricKey), 0).unwrap_err();
        assert_eq!((refused.exit, refused.code), (Exit::Unchanged, "response-too-long"));
        let refused = check(&symmetric, Log::MAX_ENTRIES - 100).unwrap_err();
        assert_eq!((refused.exit, refused.code), (Exit::Unchanged, "log-too-long"));
    }
}
