//! The attestation roots of a policy.

use crate::{Refusal, attestation, wrapping};
use keyferry_bundle::{Digest, Environment, FieldError, KeySpec, Kind, Policy};

/// The SHA-256 of the virtual devices' root's `SubjectPublicKeyInfo`. Its private key is published: whatever it attests proves nothing.
const VIRTUAL: Digest = Digest::from_bytes([
    0x65, 0xd7, 0x4f, 0x9b, 0x81, 0x83, 0x88, 0x05, 0x52, 0xb8, 0x6e, 0x30, 0x93, 0x94, 0xa8, 0xfa,
    0x74, 0x57, 0x34, 0x8f, 0x10, 0x32, 0xdd, 0xd2, 0x80, 0x1f, 0x19, 0x7f, 0x5c, 0x79, 0x2d, 0x84,
]);

/// Each root is a certificate that an attestation can lead to, and in production none has the key of the virtual devices' root.
pub(crate) fn check(policy: &Policy) -> Result<(), Refusal> {
    const KIND: Kind = Kind::Policy;
    for (index, root) in policy.attestation_roots.iter().enumerate() {
        let field = format!("attestation_roots[{index}]");
        let key = attestation::root_key(root.as_bytes())
            .map_err(|fault| Refusal::field(KIND)(FieldError::new(&*field, fault.to_string())))?;
        if policy.environment == Environment::Production && Digest::of(&key) == VIRTUAL {
            let problem = "is the root of the virtual devices, whose private key is public";
            return Err(Refusal::not_allowed(KIND, &field, problem));
        }
    }
    Ok(())
}

/// Whether key material of a spec is worth as much as its attestation, and the policy lists no root for one.
pub(crate) fn lack(policy: &Policy, spec: KeySpec) -> bool {
    wrapping::plaintext(spec) == wrapping::Plaintext::Pkcs8 && policy.attestation_roots.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attestation::tests::forge::Chain;
    use crate::testing::{Story, told};
    use keyferry_bundle::Base64;

    fn virtual_root() -> Base64 {
        let pem = include_str!("../virtual-hsm/attestation/root.pem");
        let lines = pem.lines().filter(|line| !line.starts_with("-----"));
        serde_json::from_value(lines.collect::<String>().into()).unwrap()
    }

    #[test]
    fn the_virtual_root_is_known_by_its_key() {
        let key = attestation::root_key(virtual_root().as_bytes()).unwrap();
        assert_eq!(Digest::of(&key), VIRTUAL);
    }

    #[test]
    fn the_virtual_root_is_for_rehearsals() {
        let mut story = Story::sound();
        story.policy.attestation_roots = vec![virtual_root()];
        assert_eq!(told(story.accept_policy()), "accepted");
        story.for_production();
        let refusal = story.accept_policy().unwrap_err();
        assert!(refusal.is_policy());
        assert!(told(Err::<(), _>(refusal)).contains("attestation_roots[0]: is the root of the"));
        story.policy.attestation_roots =
            vec![Base64::new(Chain::sound().root.der()).unwrap(), virtual_root()];
        assert!(told(story.accept_policy()).contains("attestation_roots[1]: is the root of the"));
        story.policy.attestation_roots.pop();
        assert_eq!(told(story.accept_policy()), "accepted");
    }

    #[test]
    fn a_root_is_a_certificate() {
        let mut story = Story::sound();
        for root in [b"no certificate".to_vec(), [Chain::sound().root.der(), vec![0]].concat()] {
            story.policy.attestation_roots = vec![Base64::new(root).unwrap()];
            let told = told(story.accept_policy());
            assert!(
                told.contains("attestation_roots[0]: root 1 is not exactly one X.509"),
                "{told}"
            );
        }
    }
}
