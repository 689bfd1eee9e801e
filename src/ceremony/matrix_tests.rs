//! Every cell of the wrapping matrix, as the office, the bastion and the room see it: the three ask the same rules, so a refused cell is
//! refused by each of them with the same words.

use crate::plan;
use crate::testing::{Story, digest_of, told};
use crate::wrapping::{self, Forbidden, Plaintext};
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
    story.request.targets[0].wrapping_algorithm = algorithm;
    story.request.targets[0].wrapping_key_spec = key;
    story.device.policy = digest_of(&story.policy);
    story.plan.policy = story.device.policy;
    story.plan.device = digest_of(&story.device);
    story.request.plan = digest_of(&story.plan);
    story
}

/// What is wrong with a cell, if anything.
fn rule(spec: KeySpec, algorithm: WrappingAlgorithm, key: WrappingKeySpec) -> Option<Forbidden> {
    wrapping::check(spec, algorithm, key).err().or_else(|| {
        let on_the_host = wrapping::plaintext(spec) == Plaintext::Pkcs8
            && algorithm == WrappingAlgorithm::RsaesOaepSha256;
        on_the_host.then_some(Forbidden::OnTheHost(spec, algorithm))
    })
}

#[test]
fn a_refused_cell_is_refused_everywhere_with_the_same_words() {
    let mut refused = 0;
    for spec in KeySpec::ALL {
        for algorithm in WrappingAlgorithm::ALL {
            for key in WrappingKeySpec::ALL {
                let story = story(*spec, *algorithm, *key);
                let (policy, device) =
                    (story.accept_policy().unwrap(), story.accept_device().unwrap());
                let office = told(plan::check(&policy, &device, &story.plan));
                // The bastion and the room accept a signed plan, then a request for it.
                let elsewhere = told(story.accept_plan());
                assert_eq!(office, elsewhere);
                match rule(*spec, *algorithm, *key) {
                    None => assert_eq!(office, "accepted", "{spec} {algorithm} {key}"),
                    Some(rule) => {
                        assert!(office.contains(&rule.to_string()), "{office}");
                        refused += 1;
                    }
                }
            }
        }
    }
    // SHA-1: 13 specs, 2 algorithms. Edwards: 2 algorithms. OAEP: 7 other private keys. RSA AES: 5 of raw bytes. Three keys each.
    assert_eq!(refused, 3 * (13 * 2 + 2 + 7 + 5));
}
