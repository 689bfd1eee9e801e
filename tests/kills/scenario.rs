//! A ceremony that is to be cut off, and what must hold of it in the end.

use keyferry_bundle::{Backup, Receipt, Response};
use keyferry_tests::{Rehearsed, Run, Scene, Service, passphrase, rehearse, rehearsed};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

pub(crate) const CEREMONY: &str = "payments-2026";
const HSM_PASSWORD: &str = "rehearsal password of hsm-1";
const MATERIAL: u64 = 0x0a01;

/// As what the HSM keeps the key material.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kept {
    /// As the bytes that it drew.
    Opaque,
    /// As a key that cannot be read.
    SymmetricKey,
    /// As a private key that it generated.
    PrivateKey,
}

impl Kept {
    /// A rehearsal of it.
    fn rehearsed(self) -> &'static Rehearsed {
        static OTHERS: [OnceLock<Rehearsed>; 2] = [OnceLock::new(), OnceLock::new()];
        let other =
            |at: usize, options: &[&str]| OTHERS[at].get_or_init(|| rehearse(options).unwrap());
        match self {
            Self::Opaque => rehearsed(),
            Self::SymmetricKey => other(0, &["--keep-as", "symmetric-key"]),
            Self::PrivateKey => other(1, &["--key-spec", "ECC_NIST_P256"]),
        }
    }

    /// The object's type, and the command that makes it.
    const fn made(self) -> (u64, &'static str) {
        match self {
            Self::Opaque => (1, "42:0a01"),
            Self::SymmetricKey => (8, "6d:0a01"),
            Self::PrivateKey => (3, "46:0a01"),
        }
    }
}

/// Every machine of one ceremony, with services of its own.
pub(crate) struct Scenario {
    pub(crate) scene: Scene,
    pub(crate) hsm: Service,
    pub(crate) kms: Service,
    kept: Kept,
}

/// What a step of a test returns: what went wrong, with what the program said.
pub(crate) type Checked<T = ()> = Result<T, String>;

/// A run that must have ended so.
pub(crate) fn ended(run: Run, code: i32) -> Checked<Run> {
    if run.code == code {
        Ok(run)
    } else {
        Err(format!("ended with {}:\n{}", run.code, run.stderr))
    }
}

/// What is typed, as a run takes it.
pub(crate) fn typed(answers: &[String; 2]) -> [&str; 2] {
    answers.each_ref().map(String::as_str)
}

fn told(problem: impl std::fmt::Display) -> String {
    problem.to_string()
}

impl Scenario {
    /// Before the room answers.
    pub(crate) fn unanswered() -> Self {
        Self::keeping(Kept::Opaque)
    }

    /// Before the room answers for such key material.
    pub(crate) fn keeping(kept: Kept) -> Self {
        let scene = Scene::of(kept.rehearsed()).unwrap().unanswered().unwrap();
        Self { kept, ..Self::of(scene) }
    }

    /// Before the upload.
    pub(crate) fn answered() -> Self {
        let scene = Scene::new().unwrap().before_import().unwrap();
        std::fs::remove_file(scene.file("auditor", "receipt-1.json")).unwrap();
        Self::of(scene)
    }

    /// Before the bastion asks AWS for parameters.
    pub(crate) fn unasked() -> Self {
        let scene = Scene::new().unwrap().unanswered().unwrap();
        let scene = scene.without("room", &["request-1.json"]).unwrap();
        let asked = ["request-1.json", "import-token-1-payments.bin"];
        Self::of(scene.without("bastion", &asked).unwrap())
    }

    fn of(scene: Scene) -> Self {
        let (hsm, kms) = (scene.hsm(&[]).unwrap(), scene.kms(&[]).unwrap());
        Self { scene, hsm, kms, kept: Kept::Opaque }
    }

    /// The room's command, and what is typed.
    pub(crate) fn respond(&self) -> (Command, [&'static str; 2]) {
        (self.scene.respond_command(&self.hsm.url), [HSM_PASSWORD, CEREMONY])
    }

    /// The bastion's command, and what is typed.
    pub(crate) fn import(&self, options: &[&str]) -> (Command, [String; 2]) {
        let mut arguments = vec!["import", CEREMONY, "--identity", "oscar.identity"];
        arguments.extend(options);
        let command = self.scene.online_command(&self.kms.url, &arguments);
        (command, [passphrase("oscar"), CEREMONY.to_owned()])
    }

    /// The bastion's other command, and what is typed.
    pub(crate) fn fetch(&self) -> (Command, [String; 2]) {
        let arguments = ["fetch", CEREMONY, "--identity", "oscar.identity"];
        let command = self.scene.online_command(&self.kms.url, &arguments);
        (command, [passphrase("oscar"), String::new()])
    }

    /// From the request to the auditor.
    pub(crate) fn answer_and_import(&self) -> Checked<BTreeSet<String>> {
        self.scene.carry("bastion", "room", |name| name.starts_with("request-")).map_err(told)?;
        let (mut command, answers) = self.respond();
        ended(Run::of(&mut command, &answers).map_err(told)?, 0)?;
        self.countersign_and_import()
    }

    /// From the response to the auditor.
    pub(crate) fn countersign_and_import(&self) -> Checked<BTreeSet<String>> {
        self.countersign()?;
        let (mut command, answers) = self.import(&[]);
        ended(Run::of(&mut command, &typed(&answers)).map_err(told)?, 0)?;
        self.audit()
    }

    /// What the HSM holds of the key material, as its state file has it.
    pub(crate) fn material(&self) -> Option<Value> {
        let (kind, _) = self.kept.made();
        let mut objects = objects(&self.scene.backstage("virtual-hsm.json")).into_iter();
        objects.find(|it| it["kind"] == kind && it["id"] == MATERIAL)
    }

    /// Every object of the HSM: its kind and id.
    pub(crate) fn inventory(&self) -> BTreeSet<(u64, u64)> {
        inventory(&self.scene.backstage("virtual-hsm.json"))
    }

    /// Every key material that KMS holds, as its state file has it.
    fn held_by_kms(&self) -> Vec<Value> {
        fn find(tree: &Value, found: &mut Vec<Value>) {
            match tree {
                Value::Object(members) => members.iter().for_each(|(name, value)| {
                    if name == "materials" {
                        let each = value.as_array().into_iter().flatten();
                        found.extend(each.map(|material| material["bytes"].clone()));
                    } else {
                        find(value, found);
                    }
                }),
                Value::Array(members) => members.iter().for_each(|value| find(value, found)),
                _ => {}
            }
        }
        let text = std::fs::read(self.scene.backstage("virtual-kms.json")).unwrap();
        let mut found = Vec::new();
        find(&serde_json::from_slice(&text).unwrap(), &mut found);
        found
    }

    /// How many commands the HSM's sessions have sent since the faults were set.
    pub(crate) fn commands(&self) -> u64 {
        tally(&self.hsm, "/virtual/faults")["commands"].as_u64().unwrap()
    }

    /// How many calls KMS was sent since the last fault was set.
    pub(crate) fn calls(&self) -> u64 {
        tally(&self.kms, "/virtual/calls")["calls"].as_u64().unwrap()
    }

    /// The witness signs, and what the bastion needs is carried there.
    fn countersign(&self) -> Checked {
        let newest = |name: &str| name.starts_with("response-");
        let names = self.scene.names("room").map_err(told)?;
        let newest = names.into_iter().rfind(|name| newest(name)).ok_or("no response")?;
        let response = format!("{CEREMONY}/{newest}");
        let arguments = ["sign", &response, "--identity", "wendy.identity"];
        let answers = [&passphrase("wendy"), "response"];
        ended(self.scene.run("room", "keyferry", &arguments, &answers).map_err(told)?, 0)?;
        let travels = |name: &str| {
            ["response-", "log-", "transcript-", "backup-payments.json"]
                .iter()
                .any(|wanted| name.starts_with(wanted))
        };
        self.scene.carry("room", "bastion", travels).map_err(told)
    }

    /// The auditor's verdict on everything. Which claims stand open that do not in a ceremony that nothing happened to.
    pub(crate) fn audit(&self) -> Checked<BTreeSet<String>> {
        let travels = |name: &str| !name.starts_with("import-token");
        self.scene.carry("bastion", "auditor", travels).map_err(told)?;
        let copies = |name: &str| name.starts_with("backup-") || name.starts_with("transcript-");
        self.scene.carry("room", "auditor", copies).map_err(told)?;
        let arguments = ["verify", "--complete", CEREMONY, "--json"];
        let run = ended(self.scene.run("auditor", "keyferry", &arguments, &[]).map_err(told)?, 0)?;
        let verdict: Value = serde_json::from_str(&run.stdout).map_err(told)?;
        if verdict["verified"] != true || verdict["complete"] != true {
            return Err(format!("not verified and complete: {}", run.stdout));
        }
        let claims = verdict["claims"].as_array().ok_or("no claims")?;
        let open = claims.iter().filter(|claim| claim["standing"] == "open");
        Ok(open.filter_map(|claim| claim["id"].as_str()).map(str::to_owned).collect())
    }

    /// One key material, in one place, once imported, whatever happened on the way.
    pub(crate) fn check(&self, inventory: &BTreeSet<(u64, u64)>) -> Checked<()> {
        let now = self.inventory();
        if now != *inventory {
            return Err(format!("the HSM holds {now:x?}, not {inventory:x?}"));
        }
        let response: Response = self.scene.body("auditor", "response-1.json").map_err(told)?;
        let backup: Backup = self.scene.body("auditor", "backup-payments.json").map_err(told)?;
        let receipt: Receipt = self.scene.body("auditor", "receipt-1.json").map_err(told)?;
        if response.targets[0].check_value != backup.check_value || receipt.targets.len() != 1 {
            return Err("response, backup and receipt are not of one key material".to_owned());
        }
        let stored = &tally(&self.hsm, "/virtual/faults")["done"][self.kept.made().1];
        let imported = &tally(&self.kms, "/virtual/calls")["done"]["ImportKeyMaterial"];
        let held = self.held_by_kms();
        let same = match response.targets[0].public_key {
            // The HSM and KMS write a private key down differently: that KMS's is the HSM's, its signature shows.
            Some(ref public) => receipt.targets[0]
                .proof
                .as_ref()
                .is_some_and(|proof| proof.public_key.as_ref() == Some(public)),
            None => held.first() == self.material().map(|it| it["body"].clone()).as_ref(),
        };
        if held.len() != 1 || !same {
            return Err("KMS does not hold the HSM's key material, or not it alone".to_owned());
        }
        match (stored.as_u64(), imported.as_u64()) {
            (Some(1) | None, Some(1)) => Ok(()),
            (stored, imported) => {
                Err(format!("stored {stored:?} times, imported {imported:?} times"))
            }
        }
    }
}

/// The objects of a virtual HSM, as its state file has them.
fn objects(state: &Path) -> Vec<Value> {
    let state: Value = serde_json::from_slice(&std::fs::read(state).unwrap()).unwrap();
    state["store"]["objects"].as_array().unwrap().clone()
}

/// Every object of a virtual HSM: its kind and id.
pub(crate) fn inventory(state: &Path) -> BTreeSet<(u64, u64)> {
    let place = |it: &Value| (it["kind"].as_u64().unwrap(), it["id"].as_u64().unwrap());
    objects(state).iter().map(place).collect()
}

/// What a virtual service says of itself.
pub(crate) fn tally(service: &Service, path: &str) -> Value {
    serde_json::from_str(&service.ask("GET", path, "").unwrap()).unwrap()
}
