//! One HSM over several plans and two versions of the policy.

use keyferry_bundle::kinds::Bundle as _;
use keyferry_bundle::{Envelope, Policy, seal};
use keyferry_console::clock;
use keyferry_tests::{Run, Scene, Service, passphrase};

const PASSWORD: &str = "rehearsal password of hsm-1";
const FIRST: &str = "payments-2026";
const OFFICERS: [&str; 2] = ["alice", "bob"];

/// The scene and its services.
struct Years {
    scene: Scene,
    hsm: Service,
    kms: Service,
}

impl Years {
    /// After the room's first answer, before its upload.
    fn begin() -> Self {
        let scene = Scene::new().unwrap().before_import().unwrap();
        let scene = scene.without("auditor", &["receipt-1.json"]).unwrap();
        let (hsm, kms) = (scene.hsm(&[]).unwrap(), scene.kms(&[]).unwrap());
        Self { scene, hsm, kms }
    }

    fn keyferry(&self, machine: &str, arguments: &[&str], answers: &[&str]) -> Run {
        self.scene.run(machine, "keyferry", arguments, answers).unwrap()
    }

    fn sign(&self, machine: &str, who: &str, file: &str, word: &str) {
        let identity = format!("{who}.identity");
        let arguments = ["sign", file, "--identity", &identity];
        done(self.keyferry(machine, &arguments, &[&passphrase(who), word]));
    }

    /// Carries what the other machine does not have yet; import tokens stay where they are.
    fn carry(&self, from: &str, to: &str, folder: &str) {
        let (from, to) =
            (self.scene.machine(from).join(folder), self.scene.machine(to).join(folder));
        std::fs::create_dir_all(&to).unwrap();
        for entry in std::fs::read_dir(from).unwrap() {
            let path = entry.unwrap().path();
            let target = to.join(path.file_name().unwrap());
            let token = path.extension().is_some_and(|extension| extension == "bin");
            if !token && !target.exists() {
                std::fs::copy(path, target).unwrap();
            }
        }
    }

    fn hand(&self, from: &str, to: &str, file: &str) {
        let file = |machine: &str| self.scene.machine(machine).join(file);
        std::fs::copy(file(from), file(to)).unwrap();
    }

    /// A new KMS key and a plan for it, approved and on the bastion.
    fn plan(&self, folder: &str, device: &str, previous: &str, object: &str) {
        let alias = format!("alias/{folder}");
        let create = ["create-key", "--alias", &alias, "--description", "another key", "--json"];
        let made = done(self.scene.online(&self.kms.url, &create, &[]).unwrap());
        let made: serde_json::Value = serde_json::from_str(&made.stdout).unwrap();
        let arn = made["arn"].as_str().unwrap();
        let mut arguments =
            vec!["plan", "new", folder, "--device", device, "--ceremony-id", folder];
        arguments.extend(["--target", "payments", "--key-arn", arn, "--object-id", object]);
        arguments.extend(["--does-not-expire", "--custodian", "carol", "--previous", previous]);
        done(self.keyferry("office", &arguments, &[]));
        for officer in OFFICERS {
            self.sign("office", officer, &format!("{folder}/plan.json"), folder);
        }
        self.carry("office", "bastion", folder);
    }

    fn fetch(&self, folder: &str) -> Run {
        let mut arguments = vec!["fetch", folder, "--identity", "oscar.identity"];
        if self.scene.machine("bastion").join(folder).join("request-1.json").exists() {
            arguments.push("--again");
        }
        self.scene.online(&self.kms.url, &arguments, &[&passphrase("oscar")]).unwrap()
    }

    fn respond(&self, folder: &str) -> Run {
        let arguments =
            ["respond", folder, "--hsm", &self.hsm.url, "--allow-network", "--room", "memory"];
        self.scene.run("room", "keyferry-offline", &arguments, &[PASSWORD, folder]).unwrap()
    }

    /// From the request to the receipt, and to the auditor.
    fn hold(&self, folder: &str, number: u32) {
        done(self.fetch(folder));
        self.carry("bastion", "room", folder);
        done(self.respond(folder));
        self.sign("room", "wendy", &format!("{folder}/response-{number}.json"), "response");
        self.carry("room", "bastion", folder);
        let arguments = ["import", folder, "--identity", "oscar.identity"];
        let answers = [passphrase("oscar"), folder.to_owned()];
        let answers: Vec<&str> = answers.iter().map(String::as_str).collect();
        done(self.scene.online(&self.kms.url, &arguments, &answers).unwrap());
        self.carry("bastion", "auditor", folder);
        self.carry("room", "auditor", folder);
    }

    #[track_caller]
    fn verified(&self, folder: &str, said: &[&str]) {
        let run = done(self.keyferry("auditor", &["verify", "--complete", folder], &[]));
        for line in said {
            assert!(run.says(line), "{line} is missing in:\n{}", run.stdout);
        }
    }

    /// Version 2 of the policy, signed by both quorums and pinned on every machine.
    fn next_policy(&self) {
        let office = self.scene.machine("office");
        let text = std::fs::read(office.join("policy-v1.json")).unwrap();
        let envelope = Envelope::decode_canonical(&text).unwrap();
        let mut policy: Policy = seal::claimed(&envelope).unwrap();
        policy.version = 2;
        policy.previous = Some(envelope.digest());
        // Whoever dates by the second waits for the next one.
        let now = || clock::now().unwrap();
        let before = now();
        while now() == before {
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        policy.created = now();
        let next = policy.to_envelope().unwrap();
        std::fs::write(office.join("policy-v2.json"), next.encode()).unwrap();
        for officer in OFFICERS {
            self.sign("office", officer, "policy-v2.json", policy.name.as_str());
        }
        let digest = next.digest().to_string();
        for machine in ["office", "bastion", "room", "auditor"] {
            if machine != "office" {
                self.hand("office", machine, "policy-v2.json");
            }
            let pin = ["policy", "pin", "policy-v2.json", "--fingerprint", &digest];
            done(self.keyferry(machine, &pin, &[]));
        }
    }
}

#[track_caller]
fn done(run: Run) -> Run {
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    run
}

#[test]
fn a_second_year_follows_the_first() {
    let years = Years::begin();
    // Another plan begins while the first key's material is still to be imported.
    let first = format!("{FIRST}/plan.json");
    years.plan("ledger-2026", "device.json", &first, "0x0a02");
    years.hold("ledger-2026", 1);
    years.verified("ledger-2026", &["plan 1, which it follows, is kept elsewhere"]);

    // The first key's import token was used by nobody in time: the same key material, wrapped anew.
    years.hold(FIRST, 2);
    years.verified(
        FIRST,
        &["stored key material was wrapped anew, the same as in response-1.json, which was the first"],
    );

    // The HSM goes on under the next version of the policy with a device bundle of its own.
    years.next_policy();
    let arguments = [
        "init",
        "--hsm",
        &years.hsm.url,
        "--allow-network",
        "--serial",
        "12345678",
        "--name",
        "hsm-1",
        "--out",
        "device-v2.json",
        "--room",
        "memory",
    ];
    done(years.scene.run("room", "keyferry-offline", &arguments, &[PASSWORD]).unwrap());
    years.sign("room", "wendy", "device-v2.json", "hsm-1");
    years.hand("room", "office", "device-v2.json");
    let late = years.keyferry("office", &["inspect", "device.json"], &[]);
    assert!(late.says("under policy version 1, since replaced"), "{}", late.stdout);
    years.plan("payments-2027", "device-v2.json", "ledger-2026/plan.json", "0x0a03");
    years.hold("payments-2027", 1);
    years.verified("payments-2027", &["plan 2, which it follows, is kept elsewhere"]);

    // The auditor's machine has both versions: everything is still what it was.
    for folder in [FIRST, "ledger-2026"] {
        years.verified(folder, &["version 1, since replaced by version 2 here"]);
    }
    // Nobody goes on with a plan whose policy was replaced.
    let refused = years.fetch("ledger-2026");
    assert!(
        refused.code == 3 && refused.says("is not the digest of the policy in force"),
        "{}",
        refused.stderr
    );
    let arguments = ["import", "ledger-2026", "--identity", "oscar.identity"];
    let import = years.scene.online(&years.kms.url, &arguments, &[]).unwrap();
    let arguments = ["check", "ledger-2026"];
    let check = years.scene.online(&years.kms.url, &arguments, &[]).unwrap();
    let told = "it is of version 1 of the policy, and version 2 is pinned here";
    for refused in [refused, years.respond("ledger-2026"), import, check] {
        assert!(refused.code == 3 && refused.says(told), "{}", refused.stderr);
    }
}
