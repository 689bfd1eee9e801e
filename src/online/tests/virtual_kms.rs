//! The program itself, as a process, against the virtual KMS over a real socket.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "test code: a panic is a failing test, and clippy does not know helpers of integration tests as such"
)]

#[path = "virtual_kms/afterwards.rs"]
mod afterwards;
#[path = "virtual_kms/many.rs"]
mod many;
#[path = "virtual_kms/replicas.rs"]
mod replicas;
#[path = "../testing/world.rs"]
mod world;

use aes_kw::{KeyInit as _, KwpAes256};
use elliptic_curve::Generate as _;
use getrandom::SysRng;
use hmac::{Hmac, Mac as _};
use keyferry_bundle::kinds::{Outcome, ProofMethod, RequestTarget, ResponseTarget};
use keyferry_bundle::{
    Base64, Digest, Envelope, KeySpec, KeyUsage, Receipt, Request, Timestamp, WrappingAlgorithm,
};
use keyferry_ceremony::proof::known_answer_message;
use keyferry_ceremony::testing::{Story, digest_of, parse, signed};
use keyferry_ceremony::wrapping_key::WrappingPublicKey;
use keyferry_virtual_kms::{ACCESS_KEY_ID, Options, SECRET_ACCESS_KEY, Service};
use pkcs8::EncodePrivateKey as _;
use serde_json::Value;
use spki::EncodePublicKey as _;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use world::{PASSPHRASE, World};

/// A service with a key, and a ceremony for it.
struct Bastion {
    world: World,
    service: Service,
    arn: String,
    // The service's state; goes last.
    _folder: tempfile::TempDir,
}

struct Run {
    code: i32,
    stdout: String,
    stderr: String,
}

impl Run {
    /// Ended so, and said that.
    fn ended(self, code: i32, said: &str) -> Self {
        let Self { stdout, stderr, .. } = &self;
        assert_eq!(self.code, code, "stdout:\n{stdout}\nstderr:\n{stderr}");
        assert!(stderr.contains(said), "{said:?} is missing in:\n{stderr}");
        self
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap()
    }
}

fn program(url: &str, arguments: &[&str], set: &[(&str, &str)]) -> Run {
    program_typing(url, arguments, set, &[PASSPHRASE, "tests-1"])
}

fn program_typing(url: &str, arguments: &[&str], set: &[(&str, &str)], lines: &[&str]) -> Run {
    let output = start(url, arguments, set, lines).wait_with_output().unwrap();
    Run {
        code: output.status.code().unwrap(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

fn start(url: &str, arguments: &[&str], set: &[(&str, &str)], lines: &[&str]) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_keyferry-online"));
    command.args(["--answers-fd", "0"]).args(arguments).env_clear();
    command.env("AWS_EC2_METADATA_DISABLED", "true").env("AWS_REGION", "eu-central-1");
    command.env("AWS_ACCESS_KEY_ID", ACCESS_KEY_ID);
    command.env("AWS_SECRET_ACCESS_KEY", SECRET_ACCESS_KEY).env("AWS_ENDPOINT_URL", url);
    command.envs(set.iter().copied());
    let streams = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = streams.spawn().unwrap();
    // A program that asks nothing may be gone already.
    let _ = writeln!(child.stdin.take().unwrap(), "{}", lines.join("\n"));
    child
}

/// AES key wrap with padding (RFC 5649).
fn kwp(aes: &[u8; 32], plaintext: &[u8]) -> Vec<u8> {
    let mut wrapped = vec![0; plaintext.len().next_multiple_of(8) + 8];
    KwpAes256::new(aes.into()).wrap_key(plaintext, &mut wrapped).unwrap();
    wrapped
}

/// What the room would answer to one target: like another answer, under its own wrapping public key.
fn answer_to(
    plan: Digest,
    asked: &RequestTarget,
    like: ResponseTarget,
    material: &[u8],
) -> ResponseTarget {
    let der = asked.wrapping_public_key.as_bytes();
    let under = WrappingPublicKey::from_der(der, asked.wrapping_key_spec).unwrap();
    let oaep = |bytes: &[u8]| {
        under.rsa().oaep_encrypt_with_rng::<sha2::Sha256, _>(&mut SysRng, bytes).unwrap()
    };
    let encrypted = if asked.wrapping_algorithm == WrappingAlgorithm::RsaAesKeyWrapSha256 {
        [oaep(&[9; 32]), kwp(&[9; 32], material)].concat()
    } else {
        oaep(material)
    };
    let known_answer = like.known_answer.map(|_| {
        let mut mac = Hmac::<sha2::Sha384>::new_from_slice(material).unwrap();
        mac.update(&known_answer_message(plan, &asked.name));
        Digest::of(&mac.finalize().into_bytes())
    });
    ResponseTarget {
        name: asked.name.clone(),
        key: asked.key.clone(),
        wrapping_public_key_sha256: Digest::of(der),
        import_token_sha256: asked.import_token_sha256,
        encrypted_key_material: Base64::new(encrypted).unwrap(),
        known_answer,
        ..like
    }
}

impl Bastion {
    fn new() -> Self {
        Self::of(Story::sound())
    }

    fn of(story: Story) -> Self {
        Self::with(story, &[])
    }

    /// And more options of `create-key`; the plan is for every key that it makes.
    fn with(mut story: Story, more: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let service = Service::start(Options {
            listen: "127.0.0.1:0".parse().unwrap(),
            state: folder.path().join("state.json"),
            account: None,
            region: None,
            clock: None,
        })
        .unwrap();
        let arguments =
            ["create-key", "--alias", "payments", "--description", "For tests", "--tag", "a=1"];
        let roles = [
            "--administrator",
            "arn:aws:iam::111122223333:role/Admin",
            "--user",
            "arn:aws:iam::111122223333:role/App",
            "--key-spec",
            story.plan.targets[0].key_spec.as_str(),
            "--key-usage",
            story.plan.targets[0].key_usage.as_str(),
            "--json",
        ];
        let made = program(&service.url(), &[&arguments[..], &roles, more].concat(), &[]);
        let made = made.ended(0, "111122223333").json();
        assert_eq!((&made["keyferry"], &made["alias"]), (&1.into(), &"alias/payments".into()));
        let arn = made["arn"].as_str().unwrap().to_owned();
        story.plan.targets[0].key = parse(&arn);
        story.backup.key = parse(&arn);
        for replica in made["arns"].as_array().unwrap().iter().skip(1) {
            many::also_for(&mut story, replica.as_str().unwrap());
        }
        story.relink();
        Self { world: World::new(story), service, arn, _folder: folder }
    }

    fn run_with(&self, arguments: &[&str], set: &[(&str, &str)]) -> Run {
        let folder = self.world.ceremony().folder;
        let trust = self.world.path("trust");
        let identity = self.world.identity("oscar");
        let mut all: Vec<&str> = arguments.to_vec();
        if matches!(arguments[0], "fetch" | "import" | "resume") {
            all.extend(["--identity", identity.to_str().unwrap()]);
        }
        all.extend([folder.to_str().unwrap(), "--trust", trust.to_str().unwrap()]);
        program(&self.service.url(), &all, set)
    }

    fn run(&self, arguments: &[&str]) -> Run {
        self.run_with(arguments, &[])
    }

    fn fetched(self) -> Self {
        self.run(&["fetch"]).ended(0, "Request 1, signed by oscar");
        self
    }

    /// Answers as the room would, with this key material.
    fn answered(mut self, material: &[u8]) -> Self {
        let envelope = Envelope::decode_canonical(&self.world.read("request-1.json")).unwrap();
        let request: Request = serde_json::from_slice(envelope.untrusted_payload()).unwrap();
        let story = &mut self.world.story;
        let like = story.response.targets[0].clone();
        let answer = |asked| answer_to(request.plan, asked, like.clone(), material);
        story.response.targets = request.targets.iter().map(answer).collect();
        story.response.request = envelope.digest();
        for target in &mut story.response.targets {
            target.backup = digest_of(&story.backup);
        }
        let story = &self.world.story;
        self.world.put("response-1.json", &signed(&story.response, &["hsm", "wendy"]));
        self.world.put("backup-payments.json", &signed(&story.backup, &["hsm"]));
        self
    }

    fn fault(&self, operation: &str, kind: &str, count: u8) {
        let body = format!(r#"{{"operation":"{operation}","kind":"{kind}","count":{count}}}"#);
        self.control("fault", &body);
    }

    /// From now on the key holds other key material.
    fn take_another_key(&self) {
        self.control("fault", &format!(r#"{{"kind":"other-key","key_id":"{}"}}"#, self.arn));
    }

    fn control(&self, what: &str, body: &str) {
        let url = self.service.url();
        let host = url.trim_start_matches("http://");
        let mut stream = TcpStream::connect(host).unwrap();
        let head = "Content-Type: application/json\r\nConnection: close";
        let length = body.len();
        write!(
            stream,
            "POST /virtual/{what} HTTP/1.1\r\nHost: {host}\r\n{head}\r\nContent-Length: {length}\r\n\r\n{body}"
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }

    fn receipt(&self) -> Receipt {
        let envelope = Envelope::decode_canonical(&self.world.read("receipt-1.json")).unwrap();
        serde_json::from_slice(envelope.untrusted_payload()).unwrap()
    }
}

#[test]
fn a_key_goes_from_created_to_in_use() {
    let bastion = Bastion::new();
    let before = bastion.world.names();
    let planned = bastion.run(&["fetch", "--dry-run"]).ended(0, "nothing was changed");
    assert!(planned.stdout.contains("GetParametersForImport"));
    assert_eq!(bastion.world.names(), before);
    let bastion = bastion.fetched();
    bastion.run(&["check"]).ended(0, "request-1.json is accepted");
    let bastion = bastion.answered(&[7; 32]);
    bastion.run(&["check"]).ended(0, "response-1.json is accepted");
    bastion.run(&["import", "--dry-run"]).ended(0, "nothing was changed");
    bastion.run(&["import"]).ended(0, "Receipt, signed by oscar");
    let receipt = bastion.receipt();
    assert_eq!(receipt.targets[0].outcome, Outcome::Imported);
    assert!(receipt.targets[0].key_material_id.is_some());
    assert_eq!(receipt.endpoint.as_str(), bastion.service.url());
    let status = bastion.run(&["status", "--json"]).ended(0, "").json();
    assert_eq!(status["keys"][0]["state"], "Enabled");
    assert_eq!(status["keys"][0]["arn"], bastion.arn.as_str());
    let proved = bastion.run(&["prove"]).ended(0, "What KMS proves");
    assert!(proved.stdout.contains("which key material it is, KMS alone knows"));
    bastion.run(&["import"]).ended(8, "response 1 was imported already");
    bastion.run(&["fetch"]).ended(8, "fetch --again");
    bastion.run(&["fetch", "--again"]).ended(5, "is Enabled: it holds key material already");
}

#[test]
fn a_lost_answer_is_confirmed_and_a_lost_receipt_is_made_again() {
    let bastion = Bastion::new().fetched().answered(&[7; 32]);
    bastion.fault("ImportKeyMaterial", "lose-answer", 1);
    bastion.run(&["import"]).ended(0, "looking at the key");
    assert_eq!(bastion.receipt().targets[0].outcome, Outcome::Confirmed);
    std::fs::remove_file(bastion.world.path("ceremony/receipt-1.json")).unwrap();
    bastion.run(&["import"]).ended(5, "--resume");
    bastion.run(&["import", "--resume"]).ended(0, "Receipt");
    assert_eq!(bastion.receipt().targets[0].outcome, Outcome::Imported);
    std::fs::remove_file(bastion.world.path("ceremony/receipt-1.json")).unwrap();
    let bastion = bastion.answered(&[8; 32]);
    bastion.run(&["import", "--resume"]).ended(5, "IncorrectKeyMaterial");
}

#[test]
fn reading_is_repeated_and_changing_is_not() {
    let bastion = Bastion::new().fetched().answered(&[7; 32]);
    bastion.fault("DescribeKey", "internal", 2);
    bastion.fault("ImportKeyMaterial", "throttle", 2);
    bastion.run(&["import"]).ended(0, "Receipt");
    bastion.fault("CreateKey", "internal", 1);
    let arguments = ["create-key", "--alias", "other"];
    program(&bastion.service.url(), &arguments, &[]).ended(6, "nobody knows");
    bastion.fault("CreateAlias", "lose-answer", 1);
    program(&bastion.service.url(), &arguments, &[]).ended(6, "whether it has its alias");
    program(&bastion.service.url(), &arguments, &[]).ended(5, "alias/other is taken");
}

#[test]
fn wrong_settings_are_refused_and_leave_nothing() {
    let bastion = Bastion::new();
    let before = bastion.world.names();
    for (set, code, said) in [
        (("AWS_REGION", "us-east-1"), 4, "this is not the plan's region"),
        (("AWS_SECRET_ACCESS_KEY", "wrong"), 5, "check the credentials"),
        (("AWS_ENDPOINT_URL_STS", "http://127.0.0.1:1"), 5, "http://127.0.0.1:1"),
        (("AWS_ENDPOINT_URL_KMS", "http://127.0.0.1:1"), 5, "kms:DescribeKey failed"),
        (("AWS_PROFILE", "missing"), 5, "check the credentials"),
        (("AWS_REGION", "nowhere"), 2, "region"),
    ] {
        // A profile that is not there counts only where no keys are in the environment.
        let keys = ("AWS_ACCESS_KEY_ID", if set.0 == "AWS_PROFILE" { "" } else { ACCESS_KEY_ID });
        bastion.run_with(&["fetch"], &[keys, set]).ended(code, said);
        assert_eq!(bastion.world.names(), before, "{set:?}");
    }
}

#[test]
fn settings_come_from_arguments_and_profiles_too() {
    let bastion = Bastion::new();
    let config = bastion.world.path("config");
    let credentials = format!(
        "[profile tests]\nregion = eu-central-1\nendpoint_url = {}\ncredential_process = /bin/echo \
         '{{\"Version\":1,\"AccessKeyId\":\"{ACCESS_KEY_ID}\",\"SecretAccessKey\":\"{SECRET_ACCESS_KEY}\"}}'\n",
        bastion.service.url()
    );
    std::fs::write(&config, credentials).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_keyferry-online"));
    command.env_clear().env("AWS_CONFIG_FILE", &config).env("PATH", "/bin:/usr/bin");
    command.args(["status", "alias/payments", "--profile", "tests"]);
    let output = command.output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    // It waits for key material: a key that is named by itself cannot be used then.
    assert_eq!(output.status.code(), Some(5), "{stderr}");
    assert!(stderr.contains(&bastion.service.url()), "{stderr}");
    assert!(stderr.contains("it has no key material"), "{stderr}");

    let url = bastion.service.url();
    let arguments =
        ["status", "alias/payments", "--endpoint-url", &url, "--region", "eu-central-1"];
    let set = [("AWS_REGION", "us-east-1")];
    program("http://127.0.0.1:1", &arguments, &set).ended(5, "is no endpoint of AWS");
    program("http://127.0.0.1:1", &["status", "alias/lost", "--endpoint-url", &url], &[])
        .ended(5, "NotFoundException");
}

#[test]
fn parameters_that_end_soon_deserve_a_warning() {
    let bastion = Bastion::new();
    let now = keyferry_console::clock::now().unwrap().unix_seconds();
    let earlier = Timestamp::from_unix_seconds(now - 21 * 3600).unwrap();
    bastion.control("clock", &format!(r#"{{"set":"{earlier}"}}"#));
    bastion
        .fetched()
        .run(&["check"])
        .ended(0, "if the ceremony may take longer, fetch again first");
}

#[test]
fn in_production_an_endpoint_that_is_not_aws_is_said_loudly_and_gives_no_parameters() {
    let mut story = Story::sound();
    story.for_production();
    let bastion = Bastion::of(story);
    bastion.run(&["fetch", "--dry-run"]).ended(4, "THIS IS PRODUCTION");
    bastion.run(&["fetch"]).ended(4, "is no endpoint of AWS KMS in eu-central-1");
    bastion.run(&["status"]).ended(0, "THIS IS PRODUCTION");
}

/// Key material of a spec, and the story that has its public half or its known answer.
fn made(spec: KeySpec, usage: KeyUsage) -> (Story, Vec<u8>) {
    macro_rules! private {
        ($key:expr, $public:ident) => {{
            let key = $key;
            let spki = key.$public().to_public_key_der().unwrap();
            let story = Story::of(spec, usage, Some(spki.as_bytes()), None);
            (story, key.to_pkcs8_der().unwrap().as_bytes().to_vec())
        }};
    }
    match spec {
        KeySpec::EccNistP256 => private!(p256::SecretKey::generate(), public_key),
        KeySpec::EccNistP384 => private!(p384::SecretKey::generate(), public_key),
        KeySpec::EccNistP521 => private!(p521::SecretKey::generate(), public_key),
        KeySpec::EccSecgP256k1 => private!(k256::SecretKey::generate(), public_key),
        KeySpec::Hmac384 => (Story::of(spec, usage, None, Some(b"")), vec![7; 48]),
        KeySpec::Rsa2048 => {
            private!(rsa::PrivateKey::new(&mut SysRng, 2048).unwrap(), as_public_key)
        }
        KeySpec::SymmetricDefault
        | KeySpec::Hmac224
        | KeySpec::Hmac256
        | KeySpec::Hmac512
        | KeySpec::Rsa3072
        | KeySpec::Rsa4096
        | KeySpec::EccNistEdwards25519 => panic!("no test here makes a {spec} key"),
    }
}

const KINDS: &[(KeySpec, KeyUsage, ProofMethod, &str)] = &[
    (KeySpec::EccNistP256, KeyUsage::SignVerify, ProofMethod::Signature, "its signature"),
    (KeySpec::EccNistP384, KeyUsage::KeyAgreement, ProofMethod::SharedSecret, "the right secret"),
    (KeySpec::EccNistP521, KeyUsage::SignVerify, ProofMethod::Signature, "its signature"),
    (KeySpec::EccSecgP256k1, KeyUsage::SignVerify, ProofMethod::Signature, "its signature"),
    (KeySpec::Rsa2048, KeyUsage::SignVerify, ProofMethod::Signature, "its signature"),
    (KeySpec::Rsa2048, KeyUsage::EncryptDecrypt, ProofMethod::Decryption, "decrypted a fresh"),
    (
        KeySpec::Hmac384,
        KeyUsage::GenerateVerifyMac,
        ProofMethod::Mac,
        "whose hash the room had published",
    ),
];

#[test]
fn every_kind_of_key_proves_itself_until_it_is_another() {
    for (spec, usage, method, words) in KINDS {
        let (story, material) = made(*spec, *usage);
        let bastion = Bastion::of(story).fetched().answered(&material);
        let planned = bastion.run(&["import", "--dry-run"]).ended(0, "nothing was changed");
        assert!(planned.stdout.contains(", as proof"), "{}", planned.stdout);
        bastion.run(&["import"]).ended(0, &format!("proof by {method}"));
        let receipt = bastion.receipt();
        assert_eq!(receipt.targets[0].proof.as_ref().unwrap().method, *method);
        let proved = bastion.run(&["prove"]).ended(0, "What KMS proves");
        assert!(proved.stdout.contains(words), "{}", proved.stdout);
        let proved = bastion.run(&["prove", "--json"]).ended(0, "").json();
        let target = &proved["targets"][0];
        assert_eq!(target["proof"]["method"], method.as_str());
        assert_eq!(target["in_receipt"], true);
        bastion.take_another_key();
        let failed = bastion.run(&["prove"]).ended(6, "aws kms delete-imported-key-material");
        let member = if *method == ProofMethod::Mac { "answer: " } else { "public_key: " };
        assert!(failed.stderr.contains(member), "{}", failed.stderr);
        let failed = bastion.run(&["prove", "--json"]);
        assert_eq!((failed.code, &failed.json()["error"]["code"]), (6, &"kms-other-key".into()));
        assert_eq!(bastion.receipt(), receipt);
    }
}

#[test]
fn a_key_that_is_another_gets_no_receipt() {
    for (spec, usage, ..) in [KINDS[0], KINDS[6]] {
        let (story, material) = made(spec, usage);
        let bastion = Bastion::of(story).fetched().answered(&material);
        bastion.take_another_key();
        bastion.run(&["import"]).ended(6, "KMS does not hold the key material of the response");
        assert!(!bastion.world.names().contains(&"receipt-1.json".to_owned()));
        bastion.run(&["prove"]).ended(8, "nothing was imported for this plan yet");
    }
}

#[test]
fn other_symmetric_material_has_another_id() {
    let bastion = Bastion::new().fetched().answered(&[7; 32]);
    bastion.run(&["import"]).ended(0, "proof by round-trip");
    bastion.run(&["prove"]).ended(0, "");
    bastion.take_another_key();
    bastion.run(&["prove"]).ended(6, "key_material_id: KMS uses ");
}

#[test]
fn a_proof_that_could_not_be_had_is_made_up_for_by_prove() {
    let (story, material) = made(KeySpec::EccNistP256, KeyUsage::SignVerify);
    let bastion = Bastion::of(story).fetched().answered(&material);
    bastion.fault("Sign", "internal", 4);
    bastion
        .run(&["import"])
        .ended(0, "with credentials that may call kms:GetPublicKey and kms:Sign");
    assert_eq!(bastion.receipt().targets[0].proof, None);
    bastion.fault("GetPublicKey", "internal", 4);
    bastion.run(&["prove"]).ended(5, "nothing is proved");
    bastion.run(&["prove"]).ended(0, "the receipt itself carries no proof");
}

#[test]
fn proofs_may_be_asked_for_under_another_profile() {
    let (story, material) = made(KeySpec::EccNistP256, KeyUsage::SignVerify);
    let bastion = Bastion::of(story).fetched().answered(&material);
    let config = bastion.world.path("config");
    let text = format!(
        "[profile application]\naws_access_key_id = AKIAAPPLICATION\naws_secret_access_key = {SECRET_ACCESS_KEY}\n\
         [profile stranger]\naws_access_key_id = AKIASTRANGER\naws_secret_access_key = wrong\n"
    );
    std::fs::write(&config, text).unwrap();
    let set = [("AWS_CONFIG_FILE", config.to_str().unwrap())];
    // The keys in the environment are sound: a profile that was asked for comes before them.
    for profile in ["stranger", "missing"] {
        bastion.run_with(&["status", "--profile", profile], &set).ended(5, "check the credentials");
        let import = ["import", "--prove-profile", profile];
        bastion.run_with(&import, &set).ended(5, "check the credentials");
    }
    bastion.run(&["status"]).ended(0, "").stdout.find("PendingImport").unwrap();
    let import = ["import", "--prove-profile", "application"];
    let run = bastion.run_with(&import, &set).ended(0, "proof by signature");
    assert!(run.stderr.contains("with other credentials"), "{}", run.stderr);
}
