//! Every cell of the wrapping matrix in a plan whose policy allows everything. That each program asks this rule: the tests of whole
//! ceremonies.

use crate::plan;
use crate::testing::{Story, digest_of, told};
use crate::wrapping;
use keyferry_bundle::{KeySpec, WrappingAlgorithm, WrappingKeySpec};

/// A ceremony whose policy allows everything, for one cell.
fn story(spec: KeySpec, algorithm: WrappingAlgorithm, key: WrappingKeySpec) -> Story {
    let mut story = Story::sound();
    story.policy.allowed.key_specs = KeySpec::ALL.to_vec();
    story.policy.allowed.wrapping_algorithms = WrappingAlgorithm::ALL.to_vec();
    let target = &mut story.plan.targets[0];
    target.key_spec = spec;
    target.key_usage = wrapping::usual_usage(spec);
    target.kept_as = wrapping::usually_kept(spec);
    target.wrapping_algorithm = algorithm;
    target.wrapping_key_spec = key;
    story.device.policy = digest_of(&story.policy);
    story.plan.policy = story.device.policy;
    story.plan.device = digest_of(&story.device);
    story
}

#[test]
fn a_refused_cell_is_refused_with_its_rule() {
    let mut refused = 0;
    for spec in KeySpec::ALL {
        for algorithm in WrappingAlgorithm::ALL {
            for key in WrappingKeySpec::ALL {
                let story = story(*spec, *algorithm, *key);
                let (policy, device) =
                    (story.accept_policy().unwrap(), story.accept_device().unwrap());
                let answer = told(plan::check(&policy, &device, &story.plan));
                match wrapping::plannable(*spec, *algorithm, *key).err() {
                    None => assert_eq!(answer, "accepted", "{spec} {algorithm} {key}"),
                    Some(rule) => {
                        assert!(answer.contains(&rule.to_string()), "{answer}");
                        refused += 1;
                    }
                }
            }
        }
    }
    // SHA-1: 13 specs, 2 algorithms. Edwards: 2 algorithms. OAEP: 7 other private keys. RSA AES: 5 of raw bytes. Three keys each.
    assert_eq!(refused, 3 * (13 * 2 + 2 + 7 + 5));
}
