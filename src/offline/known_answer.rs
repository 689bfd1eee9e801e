//! The known answer of an HMAC key: one MAC that the room computes and KMS must compute too. Only its hash leaves the room, so that
//! whoever shows the MAC later has it from KMS.

use hmac::{Hmac, KeyInit as _, Mac as _};
use keyferry_bundle::{Digest, HmacHash, KeyFamily, KeySpec, TargetName};
use keyferry_ceremony::proof::known_answer_message;
use keyferry_console::Failure;
use keyferry_hsm::KeyMaterial;
use zeroize::Zeroizing;

/// The SHA-256 of the HMAC (RFC 2104) of this plan's and target's message under the hash of the key spec; nothing for other keys.
pub(crate) fn of(
    material: &KeyMaterial,
    spec: KeySpec,
    plan: Digest,
    target: &TargetName,
) -> Result<Option<Digest>, Failure> {
    let message = known_answer_message(plan, target);
    macro_rules! mac {
        ($hash:ty) => {{
            let mut mac = Hmac::<$hash>::new_from_slice(material.expose()).map_err(Failure::bug)?;
            mac.update(&message);
            Zeroizing::new(mac.finalize().into_bytes().to_vec())
        }};
    }
    let KeyFamily::Hmac(hash) = spec.family() else { return Ok(None) };
    let mac = match hash {
        HmacHash::Sha224 => mac!(sha2::Sha224),
        HmacHash::Sha256 => mac!(sha2::Sha256),
        HmacHash::Sha384 => mac!(sha2::Sha384),
        HmacHash::Sha512 => mac!(sha2::Sha512),
    };
    Ok(Some(Digest::of(&mac)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_spec_has_its_hash_and_each_plan_and_target_its_answer() {
        // printf 'keyferry known answer v1 %s payments' "$(printf plan | sha256sum | cut -c-64)" |
        //   openssl dgst -shaNNN -mac HMAC -macopt hexkey:0101… -binary | sha256sum
        let target: TargetName = "payments".parse().unwrap();
        let plan = Digest::of(b"plan");
        for (spec, length, hash) in [
            (
                KeySpec::Hmac224,
                28,
                "381d6ddeefb9a7f2a3490582fdd390480dc404bee7c9ef0e2a61a45fb49e6984",
            ),
            (
                KeySpec::Hmac256,
                32,
                "3ee44f85ee00a046b546c1aa6de2ca9f51e2034b6ec939c6a75365ece5c345a9",
            ),
            (
                KeySpec::Hmac384,
                48,
                "7d6e3cd8026e7b3bc3428abe2c2f59b09fe839a0dbbe4f1a23ebbede293aa16b",
            ),
            (
                KeySpec::Hmac512,
                64,
                "663931b465d2536fa2a43c8034aed6667bd07fff0fafcacb78b5367166db9b8e",
            ),
        ] {
            let material = KeyMaterial::take(vec![1; length]).unwrap();
            let answer = of(&material, spec, plan, &target).unwrap().unwrap();
            assert_eq!(answer.to_string(), hash);
            let elsewhere = of(&material, spec, Digest::of(b"other"), &target).unwrap().unwrap();
            let other = of(&material, spec, plan, &"ledger".parse().unwrap()).unwrap().unwrap();
            assert!(elsewhere != answer && other != answer);
        }
        let counting = KeyMaterial::take((0..32).collect()).unwrap();
        let specified = of(&counting, KeySpec::Hmac256, Digest::from_bytes([0; 32]), &target);
        // SPEC.md section 9.
        assert_eq!(
            specified.unwrap().unwrap().to_string(),
            "25cff087e4ba37c8293a92919a5e82b9040ca1ad22bf65c579bdedf94164e8c5"
        );
        let material = KeyMaterial::take(vec![1; 32]).unwrap();
        assert!(of(&material, KeySpec::SymmetricDefault, plan, &target).unwrap().is_none());
    }
}
