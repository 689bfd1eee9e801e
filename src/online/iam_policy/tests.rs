use super::*;
use crate::testing::{NOW, World, at_the_desk};
use keyferry_ceremony::testing::{Story, parse, time};

const ONE: &str = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
const TWO: &str = "arn:aws:kms:eu-west-1:111122223333:key/9234abcd-12ab-34cd-56ef-1234567890ab";

fn args(role: Part) -> IamPolicyArgs {
    IamPolicyArgs {
        role,
        folder: None,
        keys: vec![parse(ONE), parse(TWO)],
        key_spec: KeySpec::SymmetricDefault,
        key_usage: None,
        wrapping_algorithm: None,
        wrapping_key_spec: WrappingKeySpec::Rsa4096,
        valid_to: Some(time("2027-01-01T00:00:00Z")),
        does_not_expire: false,
        without_proofs: false,
        rotate: false,
        trust: TrustArg { trust: None },
    }
}

fn policy(args: &IamPolicyArgs) -> Value {
    let keys = keys(args).unwrap();
    document(&statements::of(args.role, &keys, !args.without_proofs))
}

fn statement<'a>(policy: &'a Value, action: &str) -> &'a Value {
    let has = |statement: &&Value| statement["Action"].as_array().unwrap().contains(&json!(action));
    let found: Vec<&Value> = policy["Statement"].as_array().unwrap().iter().filter(has).collect();
    assert_eq!(found.len(), 1, "{action} in {policy:#}");
    found[0]
}

fn actions(policy: &Value) -> Vec<&str> {
    let statements = policy["Statement"].as_array().unwrap();
    let all = statements.iter().flat_map(|statement| statement["Action"].as_array().unwrap());
    all.map(|action| action.as_str().unwrap()).collect()
}

#[test]
fn whoever_fetches_may_ask_for_the_planned_wrapping_alone_and_imports_nothing() {
    let policy = policy(&args(Part::Fetch));
    assert_eq!(actions(&policy), ["kms:DescribeKey", "kms:GetParametersForImport"]);
    let fetch = statement(&policy, "kms:GetParametersForImport");
    assert_eq!(fetch["Resource"], json!([ONE, TWO]));
    let expected = json!({ "StringEquals": {
        "kms:KeyOrigin": "EXTERNAL",
        "kms:WrappingAlgorithm": "RSAES_OAEP_SHA_256",
        "kms:WrappingKeySpec": "RSA_4096",
    }});
    assert_eq!(fetch["Condition"], expected);
}

#[test]
fn whoever_uploads_may_import_until_the_planned_day_and_decrypt_the_challenge() {
    let policy = policy(&args(Part::Upload));
    let all = [
        "kms:DescribeKey",
        "kms:ListKeyRotations",
        "kms:ImportKeyMaterial",
        "kms:Encrypt",
        "kms:Decrypt",
    ];
    assert_eq!(actions(&policy), all);
    let import = statement(&policy, "kms:ImportKeyMaterial");
    let expected = json!({
        "StringEquals": { "kms:KeyOrigin": "EXTERNAL", "kms:ExpirationModel": "KEY_MATERIAL_EXPIRES" },
        "NumericLessThanEquals": { "kms:ValidTo": "1798761600.0" },
    });
    assert_eq!(import["Condition"], expected);
    let decrypt = statement(&policy, "kms:Decrypt");
    let context = &decrypt["Condition"]["StringEquals"]["kms:EncryptionContext:purpose"];
    assert_eq!(context, "keyferry prove");
}

#[test]
fn material_without_an_end_has_no_date() {
    let args = IamPolicyArgs { valid_to: None, does_not_expire: true, ..args(Part::Upload) };
    let policy = policy(&args);
    let import = &statement(&policy, "kms:ImportKeyMaterial")["Condition"];
    assert_eq!(import["StringEquals"]["kms:ExpirationModel"], "KEY_MATERIAL_DOES_NOT_EXPIRE");
    assert!(import.get("NumericLessThanEquals").is_none());
    let args = IamPolicyArgs { does_not_expire: false, ..args };
    assert!(keys(&args).is_err(), "an upload role needs an expiration");
    assert!(keys(&IamPolicyArgs { role: Part::Fetch, ..args }).is_ok());
}

#[test]
fn each_kind_of_key_is_proved_with_its_own_call_and_algorithm() {
    let of = |spec, usage| {
        let args = IamPolicyArgs { key_spec: spec, key_usage: Some(usage), ..args(Part::Upload) };
        policy(&args)
    };
    let case = |spec, usage, action, key: &str, value| {
        let policy = of(spec, usage);
        assert_eq!(statement(&policy, action)["Condition"]["StringEquals"][key], value);
    };
    case(
        KeySpec::Rsa2048,
        KeyUsage::SignVerify,
        "kms:Sign",
        "kms:SigningAlgorithm",
        "RSASSA_PKCS1_V1_5_SHA_256",
    );
    case(
        KeySpec::EccNistP384,
        KeyUsage::SignVerify,
        "kms:Sign",
        "kms:SigningAlgorithm",
        "ECDSA_SHA_384",
    );
    case(
        KeySpec::EccNistP256,
        KeyUsage::KeyAgreement,
        "kms:DeriveSharedSecret",
        "kms:KeyAgreementAlgorithm",
        "ECDH",
    );
    case(
        KeySpec::Hmac384,
        KeyUsage::GenerateVerifyMac,
        "kms:GenerateMac",
        "kms:MacAlgorithm",
        "HMAC_SHA_384",
    );
    case(
        KeySpec::Rsa4096,
        KeyUsage::EncryptDecrypt,
        "kms:Decrypt",
        "kms:EncryptionAlgorithm",
        "RSAES_OAEP_SHA_256",
    );
    let wrong = IamPolicyArgs { key_usage: Some(KeyUsage::SignVerify), ..args(Part::Upload) };
    assert!(keys(&wrong).is_err());
}

#[test]
fn nothing_is_allowed_on_everything_and_no_sid_comes_twice() {
    let story = Story::sound();
    let world = World::new(story);
    for role in [Part::Fetch, Part::Upload] {
        for (without_proofs, rotate) in [(false, true), (true, false)] {
            let ceremony = IamPolicyArgs {
                folder: Some(world.ceremony().folder),
                keys: vec![],
                without_proofs,
                trust: world.ceremony().trust,
                ..args(role)
            };
            let mut all = keys(&ceremony).unwrap();
            let other = IamPolicyArgs { key_spec: KeySpec::Hmac256, rotate, ..args(role) };
            all.extend(keys(&other).unwrap());
            let document = document(&statements::of(role, &all, !without_proofs));
            assert!(!document.to_string().contains('*'), "{document:#}");
            assert_eq!(
                actions(&document).contains(&"kms:Decrypt"),
                role == Part::Upload && !without_proofs
            );
            assert_eq!(
                actions(&document).contains(&"kms:RotateKeyOnDemand"),
                role == Part::Upload && rotate
            );
            let statements = document["Statement"].as_array().unwrap();
            let mut sids: Vec<&str> =
                statements.iter().map(|s| s["Sid"].as_str().unwrap()).collect();
            for (sid, statement) in sids.iter().zip(statements) {
                // IAM takes letters and digits alone.
                assert!(sid.bytes().all(|b| b.is_ascii_alphanumeric()), "{sid}");
                assert_eq!(statement["Condition"]["StringEquals"]["kms:KeyOrigin"], "EXTERNAL");
            }
            sids.sort_unstable();
            sids.dedup();
            assert_eq!(sids.len(), statements.len());
            at_the_desk(NOW, |desk| run(desk, &ceremony)).unwrap();
        }
    }
}
