//! A desk with a folder, people with identities, and the real program.
#![allow(
    dead_code,
    unused_imports,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "test code: each file uses a part of it, and a panic is a failing test"
)]

mod hold;
mod policies;

pub(crate) use hold::{check_value, material_id};
pub(crate) use policies::told;

use keyferry_bundle::{Bundle, Digest};
use keyferry_ceremony::testing::{self, Story};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

/// Everybody's passphrase.
pub(crate) const PASSPHRASE: &str = "correct horse battery";
/// A KMS key.
pub(crate) const KEY: &str =
    "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";

/// How a run ended.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Run {
    fn of(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Self {
            code: output.status.code().unwrap_or(-1),
            out: text(output.stdout),
            err: text(output.stderr),
        }
    }

    /// The run ended well.
    #[track_caller]
    pub(crate) fn done(self) -> Self {
        assert_eq!(self.code, 0, "{self:#?}");
        self
    }

    /// The run ended with that code, and said so.
    #[track_caller]
    pub(crate) fn refused(self, code: i32, saying: &str) -> Self {
        assert_eq!(self.code, code, "{self:#?}");
        assert!(self.err.contains("error: "), "{self:#?}");
        assert!(self.err.contains(saying), "{saying:?} is missing: {self:#?}");
        self
    }

    /// The command line was no command line.
    #[track_caller]
    pub(crate) fn usage(self, saying: &str) {
        assert_eq!(self.code, 2, "{self:#?}");
        assert!(self.err.contains(saying), "{saying:?} is missing: {self:#?}");
    }

    /// The one JSON object on stdout.
    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        let value: serde_json::Value = serde_json::from_str(&self.out).unwrap();
        assert_eq!(value["keyferry"], 1);
        value
    }
}

/// Names and contents.
type Packed = Vec<(PathBuf, Vec<u8>)>;

pub(crate) struct Desk {
    folder: tempfile::TempDir,
    answers: tempfile::TempDir,
}

impl Desk {
    /// An empty folder.
    pub(crate) fn empty() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), answers: tempfile::tempdir().unwrap() }
    }

    /// Everybody with an identity.
    pub(crate) fn people() -> Self {
        static DESK: OnceLock<Packed> = OnceLock::new();
        let make = || {
            let desk = Self::empty();
            for name in ["alice", "bob", "bob2", "oscar", "wendy", "mallory"] {
                desk.run(&["identity", "new", name], &[PASSPHRASE]).done();
            }
            desk.pack()
        };
        Self::unpack(DESK.get_or_init(make))
    }

    /// A pinned policy, a countersigned device bundle, and everybody.
    pub(crate) fn ready() -> Self {
        static DESK: OnceLock<Packed> = OnceLock::new();
        Self::unpack(DESK.get_or_init(|| Self::make_ready().pack()))
    }

    /// A folder with a signed plan.
    pub(crate) fn planned() -> Self {
        static DESK: OnceLock<Packed> = OnceLock::new();
        Self::unpack(DESK.get_or_init(|| Self::make_planned().pack()))
    }

    /// Everything up to the receipt, in the folder `tests-1`.
    pub(crate) fn held() -> Self {
        static DESK: OnceLock<Packed> = OnceLock::new();
        Self::unpack(DESK.get_or_init(|| Self::make_held().pack()))
    }

    /// Every file, in memory: a desk that waits in a static would leave its folder behind.
    fn pack(self) -> Packed {
        let relative = |path: &Path| path.strip_prefix(self.folder.path()).unwrap().to_owned();
        let files = self.listing().into_iter().filter(|path| path.is_file());
        files.map(|path| (relative(&path), std::fs::read(path).unwrap())).collect()
    }

    fn unpack(files: &Packed) -> Self {
        let desk = Self::empty();
        for (name, bytes) in files {
            let path = desk.folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, bytes).unwrap();
        }
        desk
    }

    fn make_ready() -> Self {
        let desk = Self::people();
        desk.policy("policy-v1.json", &[]).done();
        for name in ["alice", "bob"] {
            desk.sign("policy-v1.json", name, "Tests").done();
        }
        desk.pin("policy-v1.json").done();
        desk.write("device.json", &testing::signed(&desk.device(), &["hsm"]));
        desk.sign("device.json", "wendy", "hsm-1").done();
        desk
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap()
    }

    pub(crate) fn write(&self, name: &str, bytes: &[u8]) {
        std::fs::write(self.path(name), bytes).unwrap();
    }

    /// Every path below the folder, hidden ones too.
    pub(crate) fn listing(&self) -> Vec<PathBuf> {
        fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    walk(&path, found);
                }
                found.push(path);
            }
        }
        let mut found = Vec::new();
        walk(self.folder.path(), &mut found);
        found.sort();
        found
    }

    /// Runs the program in the folder with these answers on file descriptor 3.
    pub(crate) fn run(&self, args: &[&str], answers: &[&str]) -> Run {
        self.run_after("", args, answers)
    }

    /// As [`Self::run`], after a line of shell.
    pub(crate) fn run_after(&self, shell: &str, args: &[&str], answers: &[&str]) -> Run {
        let file = self.answers.path().join("answers");
        // Every answer ends with a line feed.
        let lines: Vec<&str> = answers.iter().copied().chain([""]).collect();
        std::fs::write(&file, lines.join("\n")).unwrap();
        let output = Command::new("sh")
            .arg("-c")
            .arg(format!("{shell}\nexec \"$0\" --answers-fd 3 \"$@\" 3<\"$ANSWERS\""))
            .arg(env!("CARGO_BIN_EXE_keyferry"))
            .args(args)
            .current_dir(self.folder.path())
            .env("ANSWERS", file)
            .env("KEYFERRY_TRUST", self.path("trust"))
            .output()
            .unwrap();
        Run::of(output)
    }

    /// `policy new` with the usual roles.
    pub(crate) fn policy(&self, out: &str, more: &[&str]) -> Run {
        let mut args = vec![
            "policy",
            "new",
            "--out",
            out,
            "--name",
            "Tests",
            "--key",
            "alice=alice.pub.pem",
            "bob=bob.pub.pem",
            "bob=bob2.pub.pem",
            "oscar=oscar.pub.pem",
            "wendy=wendy.pub.pem",
            "--policy-root",
            "2:alice,bob",
            "--ceremony-officer",
            "2:alice,bob",
            "--online-operator",
            "1:oscar",
            "--witness",
            "1:wendy",
            "--account",
            "111122223333",
            "--region",
            "eu-central-1",
            "--key-spec",
            "SYMMETRIC_DEFAULT",
            "ECC_NIST_P256",
            "--wrapping-algorithm",
            "RSAES_OAEP_SHA_256",
            "RSA_AES_KEY_WRAP_SHA_256",
            "--smallest-wrapping-key",
            "RSA_2048",
            "--device",
            "12345678",
        ];
        if !more.contains(&"--environment") {
            args.extend(["--environment", "rehearsal"]);
        }
        args.extend(more);
        self.run(&args, &[])
    }

    /// Bundles are dated by the second: what is made next has another date than everything here.
    pub(crate) fn wait_for_another_second() {
        let now = keyferry_console::clock::now().unwrap();
        while keyferry_console::clock::now().unwrap() == now {
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
    }

    pub(crate) fn sign(&self, file: &str, who: &str, word: &str) -> Run {
        self.run(&["sign", file, "--identity", who], &[PASSPHRASE, word])
    }

    pub(crate) fn digest(&self, file: &str) -> Digest {
        let json = self.run(&["--json", "fingerprint", file], &[]).done().json();
        json["fingerprints"][0]["digest"].as_str().unwrap().parse().unwrap()
    }

    pub(crate) fn pin(&self, file: &str) -> Run {
        let digest = self.digest(file).to_string();
        self.run(&["policy", "pin", file, "--fingerprint", &digest], &[])
    }

    /// The device of the tests under the policy pinned here.
    pub(crate) fn device(&self) -> keyferry_bundle::Device {
        let mut device = Story::sound().device;
        device.policy = self.digest("policy-v1.json");
        device
    }

    /// `plan new` for the usual key.
    pub(crate) fn plan(&self, folder: &str, more: &[&str]) -> Run {
        let mut args = vec!["plan", "new", folder, "--device", "device.json"];
        for (option, value) in [
            ("--ceremony-id", "tests-1"),
            ("--target", "payments"),
            ("--key-arn", KEY),
            ("--wrapping-key-spec", "RSA_2048"),
            ("--object-id", "0x0a01"),
        ] {
            if !more.contains(&option) {
                args.extend([option, value]);
            }
        }
        if !more.contains(&"--valid-to") {
            args.push("--does-not-expire");
        }
        if !more.contains(&"--previous") {
            args.push("--first");
        }
        args.extend(more);
        self.run(&args, &[])
    }

    fn make_planned() -> Self {
        let desk = Self::ready();
        desk.plan("tests-1", &[]).done();
        for name in ["alice", "bob"] {
            desk.sign("tests-1/plan.json", name, "tests-1").done();
        }
        desk
    }

    fn make_held() -> Self {
        let desk = Self::planned();
        let mut story = Story::sound();
        let (plan, device) = (desk.digest("tests-1/plan.json"), desk.digest("device.json"));
        story.request.plan = plan;
        desk.write("tests-1/request-1.json", &unsigned(&story.request));
        desk.sign("tests-1/request-1.json", "oscar", "request").done();
        (story.backup.plan, story.backup.device) = (plan, device);
        desk.write("tests-1/backup-payments.json", &testing::signed(&story.backup, &["hsm"]));
        desk.write("tests-1/backup-payments.yhw", b"copy");
        (story.log.plan, story.log.device) = (Some(plan), device);
        desk.write("tests-1/log-1.json", &testing::signed(&story.log, &["hsm"]));
        (story.response.plan, story.response.device) = (plan, device);
        story.response.log = testing::digest_of(&story.log);
        story.response.request = testing::digest_of(&story.request);
        story.response.targets[0].backup = testing::digest_of(&story.backup);
        desk.write("tests-1/response-1.json", &testing::signed(&story.response, &["hsm"]));
        desk.sign("tests-1/response-1.json", "wendy", "response").done();
        story.transcript.device = device;
        story.transcript.about = vec![testing::digest_of(&story.response)];
        desk.write("tests-1/transcript-1.json", &testing::signed(&story.transcript, &["hsm"]));
        story.relink_receipt();
        desk.write("tests-1/receipt-1.json", &unsigned(&story.receipt));
        desk.sign("tests-1/receipt-1.json", "oscar", "receipt").done();
        desk
    }
}

/// A bundle before anybody signed it.
pub(crate) fn unsigned<T: Bundle>(body: &T) -> Vec<u8> {
    body.to_envelope().unwrap().encode()
}
