//! One test a rule: the sound ceremony is accepted, and each spoiled one is refused with the field named.

use crate::testing::{RECIPIENT, Story, digest_of, parse, signed, time, told};
use crate::{Countersigned, Refusal, device, plan, policy, response};
use keyferry_bundle::kinds::Expiration;
use keyferry_bundle::{
    Base64, Digest, Domains, Environment, ExpirationModel, KeySpec, KeyUsage, Serial,
    WrappingAlgorithm, WrappingKeySpec,
};

fn spoiled<T>(
    spoil: impl FnOnce(&mut Story),
    ask: impl Fn(&Story) -> Result<T, Refusal>,
) -> String {
    let mut story = Story::sound();
    spoil(&mut story);
    told(ask(&story))
}

/// Makes the story one of an ECC key, without a proof.
fn private_key(story: &mut Story) {
    let spki = story.device.signing_key.spki.clone();
    *story = Story::of(KeySpec::EccNistP256, KeyUsage::SignVerify, Some(spki.as_bytes()), None);
}

#[test]
fn a_ceremony_for_a_private_key_is_accepted_without_proof() {
    assert_eq!(spoiled(private_key, Story::accept_receipt), "accepted");
}

macro_rules! refused {
    ($($name:ident: $ask:ident, $spoil:expr => $expected:literal;)+) => {
        $(#[test]
        fn $name() {
            let told = spoiled($spoil, Story::$ask);
            assert!(told.contains($expected), "told: {told}");
        })+
    };
}

#[test]
fn the_sound_ceremony_is_accepted() {
    let story = Story::sound();
    assert_eq!(told(story.accept_receipt()), "accepted");
    assert_eq!(told(story.accept_backup()), "accepted");
    let mut story = story;
    story.for_production();
    assert_eq!(told(story.accept_receipt()), "accepted");
    assert_eq!(told(story.accept_backup()), "accepted");
}

#[test]
fn a_device_whose_wrap_key_is_in_proved_shares_is_accepted() {
    let mut story = Story::sound();
    story.split_wrap_key();
    assert_eq!(told(story.accept_receipt()), "accepted");
}

#[test]
fn in_production_a_wrap_key_in_shares_takes_the_place_of_an_age_copy() {
    let mut story = Story::sound();
    story.for_production();
    story.plan.custodians.clear();
    story.backup.age = None;
    story.relink();
    assert!(told(story.accept_plan()).contains("custodians: is empty"));
    story.split_wrap_key();
    assert_eq!(told(story.accept_receipt()), "accepted");
    assert_eq!(told(story.accept_backup()), "accepted");
}

refused! {
    device_of_an_unknown_serial: accept_device,
        |s| s.device.serial = Serial::new(1) => "serial: 1 is not a device of the policy";
    device_named_like_a_person: accept_device,
        |s| s.device.name = parse("alice") => "name: is the name of a person";
    device_of_another_policy: accept_device,
        |s| s.device.policy = Digest::of(b"other") => "policy: is not the digest";
    device_with_a_proof_of_another_set: accept_device,
        |s| {
            s.split_wrap_key();
            let custodians = s.policy.custodians.clone();
            let other = s.proved_set("other", &custodians);
            let set = s.device.shares.as_mut().unwrap();
            set.holders[1].proof.clone_from(&other.holders[1].proof);
        } => "shares.holders[1].proof: is no proof of dave's share 2";
    device_with_another_commitment: accept_device,
        |s| {
            s.split_wrap_key();
            let custodians = s.policy.custodians.clone();
            let other = s.proved_set("other", &custodians);
            let set = s.device.shares.as_mut().unwrap();
            set.commitments[1] = other.commitments[1].clone();
            set.id = set.computed_id(s.device.serial);
        } => "shares.holders[0].proof: is no proof of carol's share 1";
    device_with_shares_of_another_hsm: accept_device,
        |s| {
            s.split_wrap_key();
            s.policy.devices.push(Serial::new(7));
            s.device.serial = Serial::new(7);
            let set = s.device.shares.as_mut().unwrap();
            set.id = set.computed_id(s.device.serial);
            s.relink();
        } => "shares.holders[0].proof: is no proof of carol's share 1 for HSM 7";
    device_with_a_share_of_a_stranger: accept_device,
        |s| {
            s.split_wrap_key();
            s.policy.custodians.remove(1);
            s.relink();
        } => "shares.holders[1].holder: dave is not a custodian of the policy";
    device_with_a_share_for_another_recipient: accept_device,
        |s| {
            s.split_wrap_key();
            s.policy.custodians[2].recipient = parse(RECIPIENT);
            s.relink();
        } => "shares.holders[2].recipient: is not the one that the policy has of erin";
    device_with_an_old_proof_for_one_that_is_to_be_new: accept_device,
        |s| {
            s.join_wrap_key();
            let holder = &mut s.device.shares.as_mut().unwrap().holders[1];
            holder.present = holder.proof.clone();
        } => "shares.holders[1].present: is no proof of dave's share 2 for HSM 12345678";
    device_with_somebody_there_who_is_no_custodian: accept_device,
        |s| {
            s.join_wrap_key();
            s.policy.custodians.retain(|one| one.holder.as_str() != "dave");
            s.relink();
        } => "shares.holders[1].holder: dave is not a custodian of the policy";
    device_with_the_set_of_another_hsm_as_its_own: accept_device,
        |s| {
            s.join_wrap_key();
            let set = s.device.shares.as_mut().unwrap();
            set.hsm = None;
            for holder in &mut set.holders {
                holder.present = None;
            }
            set.id = set.computed_id(s.device.serial);
        } => "shares.holders[0].proof: is no proof of carol's share 1 for HSM 12345678";
    device_of_another_environment: accept_device,
        |s| s.device.environment = Environment::Production => "environment: is production";
    plan_for_another_device: accept_plan,
        |s| s.plan.device = Digest::of(b"other") => "device: names";
    plan_for_another_region: accept_plan,
        |s| s.plan.targets[0].key.region = parse("us-east-1") => "region: is us-east-1, but the policy allows";
    plan_for_another_account: accept_plan,
        |s| s.plan.targets[0].key.account = parse("999999999999") => "account: is 999999999999";
    plan_for_another_partition: accept_plan,
        |s| s.plan.targets[0].key.partition = parse("aws-cn") => "partition: is aws-cn";
    plan_for_a_spec_not_allowed: accept_plan,
        |s| s.plan.targets[0].key_spec = KeySpec::Hmac384 => "key_spec: is HMAC_384";
    plan_with_rsa_aes_for_a_symmetric_key: accept_plan,
        |s| s.plan.targets[0].wrapping_algorithm = WrappingAlgorithm::RsaAesKeyWrapSha256
            => "SYMMETRIC_DEFAULT key takes RSAES_OAEP_SHA_256";
    plan_with_sha1: accept_plan,
        |s| s.plan.targets[0].wrapping_algorithm = WrappingAlgorithm::RsaesOaepSha1 => "uses SHA-1";
    plan_with_a_small_wrapping_key: accept_plan,
        |s| {
            s.policy.allowed.smallest_wrapping_key = WrappingKeySpec::Rsa4096;
            s.device.policy = digest_of(&s.policy);
            s.plan.policy = s.device.policy;
            s.plan.device = digest_of(&s.device);
        } => "wrapping_key_spec: is RSA_2048, but the policy asks for RSA_4096";
    plan_without_a_custodian_in_production: accept_plan,
        |s| {
            s.for_production();
            s.plan.custodians.clear();
        } => "custodians: is empty, but the HSM's wrap key does not leave it";
    plan_for_a_private_key_without_a_root_in_production: accept_plan,
        |s| {
            private_key(s);
            assert_eq!(told(s.accept_plan()), "accepted");
            s.for_production();
        } => "targets[0].key_spec: is ECC_NIST_P256, but the policy lists no attestation root";
    plan_with_an_unknown_custodian: accept_plan,
        |s| s.plan.custodians = vec![parse("mallory")] => "custodians[0]: mallory is not a custodian";
    plan_on_the_devices_own_object: accept_plan,
        |s| s.plan.targets[0].object_id = parse("0x0200") => "one of the device's own keys";
    plan_on_the_administration_key: accept_plan,
        |s| s.plan.targets[0].object_id = parse("0x0003") => "one of the device's own keys";
    plan_for_other_domains: accept_plan,
        |s| s.plan.targets[0].domains = Domains::try_from(3).unwrap()
            => "targets[0].domains: are 1,2, but the device's keys are in 1";
    request_for_another_plan: accept_request,
        |s| s.request.plan = Digest::of(b"other") => "plan: names";
    request_for_another_key: accept_request,
        |s| s.request.targets[0].key.key_id = parse("00000000-0000-0000-0000-000000000000")
            => "targets[0].key id: is 00000000";
    request_for_another_region: accept_request,
        |s| s.request.targets[0].key.region = parse("us-east-1") => "targets[0].key region: is us-east-1";
    request_for_another_account: accept_request,
        |s| s.request.targets[0].key.account = parse("999999999999") => "targets[0].key account: is 999999999999";
    request_by_credentials_of_another_account: accept_request,
        |s| s.request.account = parse("999999999999") => "account: 999999999999 is not an account";
    request_by_credentials_of_another_account_of_the_policy: accept_request,
        |s| {
            s.policy.allowed.accounts.push(parse("444455556666"));
            s.relink();
            s.request.account = parse("444455556666");
        } => "account: is 444455556666, but key 1234abcd-12ab-34cd-56ef-1234567890ab has 111122223333";
    request_of_another_endpoint_in_production: accept_request,
        |s| {
            s.for_production();
            s.request.endpoint = parse("http://127.0.0.1:4566");
        } => "endpoint: http://127.0.0.1:4566 is no endpoint of AWS KMS in eu-central-1";
    request_with_another_algorithm: accept_request,
        |s| s.request.targets[0].wrapping_algorithm = WrappingAlgorithm::RsaesOaepSha1 => "wrapping_algorithm: is";
    request_with_another_modulus_length: accept_request,
        |s| {
            s.plan.targets[0].wrapping_key_spec = WrappingKeySpec::Rsa4096;
            s.request.targets[0].wrapping_key_spec = WrappingKeySpec::Rsa4096;
            s.request.plan = digest_of(&s.plan);
        } => "has a 2048-bit modulus, but RSA_4096 was asked for";
    request_for_a_target_nobody_planned: accept_request,
        |s| s.request.targets[0].name = parse("other") => "has no entry for the plan's target payments";
    response_to_another_request: accept_response,
        |s| s.response.request = Digest::of(b"other") => "request: names";
    response_of_another_plan: accept_response,
        |s| s.response.plan = Digest::of(b"other") => "plan: names";
    response_of_another_device: accept_response,
        |s| s.response.device = Digest::of(b"other") => "device: names";
    response_of_another_serial: accept_response,
        |s| s.response.serial = Serial::new(1) => "serial: is 1";
    response_for_another_token: accept_response,
        |s| s.response.targets[0].import_token_sha256 = Digest::of(b"other") => "import_token_sha256: is";
    response_for_another_wrapping_key: accept_response,
        |s| s.response.targets[0].wrapping_public_key_sha256 = Digest::of(b"other")
            => "wrapping_public_key_sha256: is";
    response_in_another_object: accept_response,
        |s| s.response.targets[0].object_id = parse("0x0a02") => "object_id: is 0x0a02";
    response_with_a_short_ciphertext: accept_response,
        |s| s.response.targets[0].encrypted_key_material = Base64::new([1; 255]).unwrap()
            => "has 255 bytes, which RSAES_OAEP_SHA_256 under RSA_2048 does not make";
    receipt_with_a_key_material_id_of_a_private_key: accept_receipt,
        |s| {
            private_key(s);
            s.receipt.targets[0].key_material_id = Some(parse(&"ab".repeat(32)));
        } => "targets[0].key_material_id: is there, but a ECC_NIST_P256 key has none";
    response_whose_wrapped_key_is_cut_short: accept_response,
        |s| {
            private_key(s);
            s.response.targets[0].encrypted_key_material = Base64::new([1; 256 + 39]).unwrap();
        } => "has 295 bytes, which RSA_AES_KEY_WRAP_SHA_256 under RSA_2048 does not make";
    backup_of_another_object: accept_backup,
        |s| s.backup.object_id = parse("0x0a02") => "object_id: is 0x0a02";
    backup_under_another_wrap_key: accept_backup,
        |s| s.backup.wrapped.wrap_key = parse("0x0201") => "wrapped.wrap_key: is 0x0201";
    request_of_a_rehearsal_in_production: accept_request,
        |s| {
            s.for_production();
            s.request.environment = Environment::Rehearsal;
        } => "request bundle does not fit its chain: environment: is rehearsal, but the policy is for production";
    response_of_a_rehearsal_in_production: accept_response,
        |s| {
            s.for_production();
            s.response.environment = Environment::Rehearsal;
        } => "response bundle does not fit its chain: environment: is rehearsal, but the policy is for production";
    backup_of_a_rehearsal_in_production: accept_backup,
        |s| {
            s.for_production();
            s.backup.environment = Environment::Rehearsal;
        } => "backup bundle does not fit its chain: environment: is rehearsal, but the policy is for production";
    receipt_of_a_rehearsal_in_production: accept_receipt,
        |s| {
            s.for_production();
            s.receipt.environment = Environment::Rehearsal;
        } => "receipt bundle does not fit its chain: environment: is rehearsal, but the policy is for production";
    plan_of_a_rehearsal_in_production: accept_plan,
        |s| {
            s.for_production();
            s.plan.environment = Environment::Rehearsal;
        } => "plan bundle does not fit its chain: environment: is rehearsal, but the policy is for production";
    receipt_for_another_response: accept_receipt,
        |s| s.receipt.response = Digest::of(b"other") => "response: names";
    receipt_by_credentials_of_another_account_of_the_policy: accept_receipt,
        |s| {
            s.policy.allowed.accounts.push(parse("444455556666"));
            s.relink();
            s.receipt.account = parse("444455556666");
        } => "account: is 444455556666, but key";
    receipt_of_another_endpoint_in_production: accept_receipt,
        |s| {
            s.for_production();
            s.receipt.endpoint = parse("https://kms.us-east-1.amazonaws.com");
        } => "is no endpoint of AWS KMS in eu-central-1";
    receipt_with_another_expiration: accept_receipt,
        |s| s.receipt.targets[0].expiration = Expiration {
            model: ExpirationModel::Expires,
            valid_to: Some(time("2027-01-01T00:00:00Z")),
        } => "expiration: is not the planned one";
}

#[test]
fn a_responses_backup_is_the_one_it_names_of_the_same_material() {
    let story = Story::sound();
    let check = |spoil: &dyn Fn(&mut Story)| {
        let mut spoiled = story.clone();
        spoil(&mut spoiled);
        let (plan, device) = (story.accept_plan().unwrap(), story.accept_device().unwrap());
        let backup = spoiled.accept_backup().unwrap();
        spoiled.response.targets[0].backup = backup.digest();
        if spoiled.backup.created != story.backup.created {
            spoiled.response.targets[0].backup = Digest::of(b"another");
        }
        told(response::check_backup(&plan, &device, &spoiled.response.targets[0], &backup))
    };
    assert_eq!(check(&|_| ()), "accepted");
    for (spoil, expected) in [
        ((|s| s.plan.counter = 2) as fn(&mut Story), "plan: names"),
        (
            |s| s.response.targets[0].name = parse("other"),
            "target: is payments, but the response has other",
        ),
        (
            |s| s.backup.created = s.backup.created.plus_days(1),
            "digest: is not the backup that the response names",
        ),
        (|s| s.response.targets[0].object_id = parse("0x0a02"), "object_id: is 0x0a01"),
        (|s| s.backup.check_value = Digest::of(b"other"), "check_value: is"),
    ] {
        let told = check(&|s| {
            spoil(s);
            if s.plan.counter == 2 {
                s.plan.previous = Some(Digest::of(b"plan 1"));
            }
            s.relink();
        });
        assert!(told.contains(expected), "{expected}: {told}");
    }
}

#[test]
fn quorums_count_people_not_keys() {
    let story = Story::sound();
    let told_by = |signers: &[&str]| told(story.accept_plan_by(signers));
    assert_eq!(told_by(&["alice", "bob"]), "accepted");
    assert!(told_by(&["alice"]).contains("needs 2 distinct holder(s), got 1 (alice)"));
    assert!(told_by(&["bob", "bob2"]).contains("got 1 (bob)"));
    assert!(told_by(&["oscar", "wendy"]).contains("got none"));
    assert!(told_by(&["alice", "bob", "mallory"]).contains("which is not enrolled"));
    assert!(story.accept_plan_by(&["alice"]).unwrap_err().is_policy());
    assert!(!story.accept_plan_by(&["alice", "bob", "mallory"]).unwrap_err().is_policy());
}

#[test]
fn a_key_out_of_its_validity_signs_nothing() {
    let mut story = Story::sound();
    story.policy.keys[0].valid_to = Some(time("2026-11-02T12:00:00Z"));
    story.device.policy = digest_of(&story.policy);
    story.plan.policy = story.device.policy;
    story.plan.device = digest_of(&story.device);
    assert!(told(story.accept_plan()).contains("alice's key is not valid at 2026-11-03"));
}

#[test]
fn the_pin_decides() {
    let story = Story::sound();
    let bytes = signed(&story.policy, &["alice", "bob"]);
    let right = digest_of(&story.policy);
    assert!(policy::in_force(&[&bytes], Some(right)).is_ok());
    assert!(told(policy::in_force(&[&bytes], Some(Digest::of(b"")))).contains("was pinned"));
    assert!(told(policy::in_force::<Vec<u8>>(&[], None)).contains("no version is there"));
}

#[test]
fn a_new_policy_needs_the_old_quorum_and_its_own() {
    let story = Story::sound();
    let first = signed(&story.policy, &["alice", "bob"]);
    let mut next = story.policy.clone();
    next.version = 2;
    next.previous = Some(digest_of(&story.policy));
    next.roles.policy_root.threshold = 1;
    let told_of = |next: &keyferry_bundle::Policy, signers: &[&str]| {
        told(policy::in_force(&[first.clone(), signed(next, signers)], None))
    };
    assert_eq!(told_of(&next, &["alice", "bob"]), "accepted");
    assert!(told_of(&next, &["alice"]).contains("policy-root needs 2"));
    next.previous = Some(Digest::of(b"other"));
    assert!(told_of(&next, &["alice", "bob"]).contains("previous: is not the digest"));
    next.version = 3;
    assert!(told_of(&next, &["alice", "bob"]).contains("version: is 3, after 1"));
}

#[test]
fn a_policy_that_trusts_one_person_with_much_is_remarked_on() {
    let mut policy = Story::sound().policy;
    let unattested = |so: &str| {
        format!("ECC_NIST_P256 keys are allowed, but no attestation root is listed: {so}")
    };
    let word = unattested("that the HSM generated one is the witnesses' word");
    let both = "bob counts as ceremony-officer and as witness".to_owned();
    assert_eq!(policy::remarks(&policy), [both, word]);
    policy.environment = Environment::Production;
    policy.roles.witness.keys.pop();
    let alone = |role: &str| format!("one person alone is a quorum of {role}, in production");
    let refused = unattested("no plan for one is accepted in production");
    assert_eq!(policy::remarks(&policy), [alone("online-operator"), alone("witness"), refused]);
    policy.allowed.key_specs = vec![KeySpec::SymmetricDefault, KeySpec::Hmac256];
    assert_eq!(policy::remarks(&policy).len(), 2);
}

#[test]
fn a_device_needs_its_witnesses_unless_it_is_being_made() {
    let story = Story::sound();
    let policy = story.accept_policy().unwrap();
    let alone = signed(&story.device, &["hsm"]);
    assert!(device::accept(&policy, &alone, Countersigned::NotYet).is_ok());
    assert!(
        told(device::accept(&policy, &alone, Countersigned::Required)).contains("witness needs 1")
    );
    let unsigned = signed(&story.device, &["wendy"]);
    assert!(
        told(device::accept(&policy, &unsigned, Countersigned::NotYet))
            .contains("hsm-signer needs 1")
    );
}

#[test]
fn a_plan_is_checked_before_anybody_signs_it() {
    let mut story = Story::sound();
    let (policy, device) = (story.accept_policy().unwrap(), story.accept_device().unwrap());
    assert!(plan::check(&policy, &device, &story.plan).is_ok());
    story.plan.targets[0].key.region = parse("us-east-1");
    assert!(plan::check(&policy, &device, &story.plan).unwrap_err().is_policy());
}

/// Who was away when a second HSM got the wrap key may have left since, and who was there may have another recipient.
#[test]
fn a_joined_wrap_key_asks_the_policy_for_those_who_were_there() {
    let mut story = Story::sound();
    story.join_wrap_key();
    assert_eq!(told(story.accept_device()), "accepted");
    assert_eq!(told(story.accept_response()), "accepted");
    story.policy.custodians.retain(|one| one.holder.as_str() != "carol");
    story.relink();
    assert_eq!(told(story.accept_device()), "accepted");
    let erin = story.policy.custodians.iter_mut().find(|one| one.holder.as_str() == "erin");
    erin.unwrap().recipient = parse(&format!("age1{}", "8".repeat(58)));
    story.relink();
    assert_eq!(told(story.accept_device()), "accepted");
}
