//! What happens, in the order it happens.

mod shares;

use crate::cast::{
    ADMINISTRATION_PASSWORD, AUDIT_PASSWORD, BACKUP_PASSWORD, CEREMONY, Cast, HSM, HSM_PASSWORD,
    OPERATOR, SERIAL, SPARE_SERIAL, TARGET, age_identity, passphrase,
};
use crate::cli::Cli;
use crate::machine::{Machine, Shown};
use crate::programs::Programs;
use crate::services::Service;
use crate::stage::{Place, Stage};
use keyferry_console::files::{self, Mode};
use keyferry_console::{Failure, Screen};

/// The root under which virtual HSMs attest their keys.
const VIRTUAL_ROOT: &str = include_str!("../virtual-hsm/attestation/root.pem");

struct Story<'a> {
    cli: &'a Cli,
    cast: Cast,
    stage: &'a Stage,
    screen: &'a Screen,
    office: Machine<'a>,
    bastion: Machine<'a>,
    room: Machine<'a>,
    auditor: Machine<'a>,
    hsm: Service,
    // Ends with the story.
    _kms: Option<Service>,
}

/// Tells the whole story.
pub(crate) fn tell(
    cli: &Cli,
    stage: &Stage,
    programs: &Programs,
    screen: &Screen,
) -> Result<(), Failure> {
    let kept = |name: &str| stage.backstage(name).display().to_string();
    let hsm_state = kept("virtual-hsm.json");
    let hsm = Service::start(
        programs,
        "keyferry-virtual-hsm",
        &["--state", &hsm_state, "--serial", SERIAL],
    )?;
    let kms_state = kept("virtual-kms.json");
    let kms = match &cli.kms_endpoint {
        Some(_) => None,
        None => Some(Service::start(
            programs,
            "keyferry-virtual-kms",
            &["--state", &kms_state, "--account", &cli.account, "--region", &cli.region],
        )?),
    };
    let endpoint = match (&cli.kms_endpoint, &kms) {
        (Some(url), _) => url.clone(),
        (None, Some(service)) => service.url().to_owned(),
        (None, None) => String::new(),
    };
    let shown = Shown::default();
    let machine = |place| Machine::new(place, stage, programs, screen, shown.clone());
    let story = Story {
        cli,
        cast: cli.cast(),
        stage,
        screen,
        office: machine(Place::Office),
        bastion: machine(Place::Bastion).with(aws(cli, &endpoint)),
        room: machine(Place::Room),
        auditor: machine(Place::Auditor),
        hsm,
        _kms: kms,
    };
    story.people()?;
    story.policy()?;
    story.device()?;
    let key = story.kms_key()?;
    story.plan(&key)?;
    story.request()?;
    story.response()?;
    story.import()?;
    story.audit()
}

/// Credentials of the virtual KMS; a real profile of this machine is never touched.
fn aws(cli: &Cli, endpoint: &str) -> Vec<(&'static str, String)> {
    [
        ("AWS_ACCESS_KEY_ID", "AKIDVIRTUALKMS"),
        ("AWS_SECRET_ACCESS_KEY", "virtual-kms-secret"),
        ("AWS_REGION", &cli.region),
        ("AWS_ENDPOINT_URL", endpoint),
        ("AWS_CONFIG_FILE", "/dev/null"),
        ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null"),
        ("AWS_EC2_METADATA_DISABLED", "true"),
    ]
    .map(|(name, value)| (name, value.to_owned()))
    .into()
}

impl Story<'_> {
    fn heading(&self, number: u8, text: &str) {
        self.screen.say("");
        self.screen.heading(format!("{number}. {text}"));
    }

    fn people(&self) -> Result<(), Failure> {
        self.heading(1, "Everybody makes a signing identity; custodians make age identities");
        for name in self.cast.signers() {
            let file = format!("{name}.identity");
            self.office.run(name, "keyferry", &["identity", "new", &file], &[&passphrase(name)])?;
        }
        self.stage.hand(Place::Office, Place::Bastion, &format!("{OPERATOR}.identity"))?;
        for witness in self.cast.witnesses() {
            self.stage.hand(Place::Office, Place::Room, &format!("{witness}.identity"))?;
        }
        Ok(())
    }

    fn policy(&self) -> Result<(), Failure> {
        self.heading(2, "The officers agree on a trust policy, and every machine pins it");
        let cast = &self.cast;
        let mut custodians = Vec::new();
        for custodian in cast.custodians() {
            let (identity, recipient) = age_identity();
            let file = self.office.folder.join(format!("{custodian}.age-identity"));
            files::write_new(&file, identity.as_bytes(), Mode::Private)?;
            custodians.push(format!("--custodian={custodian}={recipient}"));
        }
        let signers = cast.signers();
        let key = |name: &&str| format!("--key={name}={name}.identity.pub.pem");
        let keys: Vec<String> = signers.iter().map(key).collect();
        let role = |threshold: usize, names: &[&str]| format!("{threshold}:{}", names.join(","));
        let officers = role(cast.officers.threshold, cast.officers());
        let operator = role(1, &[OPERATOR]);
        let witness = role(cast.witnesses.threshold, cast.witnesses());
        let root = self.office.folder.join("virtual-root.pem");
        files::write_new(&root, VIRTUAL_ROOT.as_bytes(), Mode::Public)?;
        let spec = self.cli.key_spec;
        let mut arguments = vec!["policy", "new", "--out", "policy-v1.json"];
        arguments.extend(["--environment", "rehearsal", "--name", "Rehearsal"]);
        arguments.extend(keys.iter().map(String::as_str));
        arguments.extend(["--policy-root", &officers, "--ceremony-officer", &officers]);
        arguments.extend(["--online-operator", &operator, "--witness", &witness]);
        arguments.extend(["--partition", "aws", "--account", &self.cli.account]);
        arguments.extend(["--region", &self.cli.region, "--key-spec", spec.as_str()]);
        arguments.extend(["--device", SERIAL]);
        if cast.custodians.is_some() {
            // The HSM that gets the wrap key from shares, should the first one be lost.
            arguments.extend(["--device", SPARE_SERIAL]);
        }
        arguments.extend(custodians.iter().map(String::as_str));
        arguments.extend(["--attestation-root", "virtual-root.pem"]);
        self.office.run(cast.officer(), "keyferry", &arguments, &[])?;
        for name in cast.signing_officers() {
            sign(&self.office, name, "policy-v1.json", "Rehearsal")?;
        }
        let answer = self.office.run(
            cast.officer(),
            "keyferry",
            &["fingerprint", "policy-v1.json", "--json"],
            &[],
        )?;
        let fingerprint = json_text(&answer, "/fingerprints/0/digest")?;
        for machine in [&self.office, &self.bastion, &self.room, &self.auditor] {
            if machine.place != Place::Office {
                self.stage.hand(Place::Office, machine.place, "policy-v1.json")?;
            }
            let pin = ["policy", "pin", "policy-v1.json", "--fingerprint", &fingerprint];
            machine.run(machine.place.name(), "keyferry", &pin, &[])?;
        }
        Ok(())
    }

    fn device(&self) -> Result<(), Failure> {
        self.heading(3, "In the room: the factory-new HSM is set up, a witness countersigns");
        let hsm = self.hsm.url();
        let mut init =
            vec!["init", "--hsm", hsm, "--allow-network", "--serial", SERIAL, "--name", HSM];
        init.extend(["--room", "memory", "--new-room"]);
        let threshold = self.cast.custodians.map(|quorum| quorum.threshold.to_string());
        if let Some(threshold) = &threshold {
            init.extend(["--shares", threshold, "--share-folder", shares::FOLDER]);
            self.split(&init)?;
        }
        self.room.run(
            "room",
            "keyferry-offline",
            &init,
            &[SERIAL, HSM_PASSWORD, BACKUP_PASSWORD, AUDIT_PASSWORD, ADMINISTRATION_PASSWORD],
        )?;
        for witness in self.cast.signing_witnesses() {
            sign(&self.room, witness, "device.json", HSM)?;
        }
        for name in ["device.json", "transcript-1.json"] {
            self.stage.hand(Place::Room, Place::Office, name)?;
        }
        self.screen.say("  carried from the room to the office: device.json, transcript-1.json");
        Ok(())
    }

    /// The key's usage, where another than the usual one is rehearsed.
    fn usage(&self) -> Vec<&str> {
        self.cli.key_usage.map_or_else(Vec::new, |usage| vec!["--key-usage", usage.as_str()])
    }

    fn kms_key(&self) -> Result<String, Failure> {
        self.heading(4, "On the bastion: a KMS key that waits for key material");
        let mut arguments = vec!["create-key", "--alias", &self.cli.alias];
        arguments.extend(["--description", "Payments, imported by Keyferry"]);
        arguments.extend(["--tag", "ceremony=payments-2026", "--json"]);
        arguments.extend(["--key-spec", self.cli.key_spec.as_str()]);
        arguments.extend(self.usage());
        let answer = self.bastion.run(OPERATOR, "keyferry-online", &arguments, &[])?;
        json_text(&answer, "/arn")
    }

    fn plan(&self, key: &str) -> Result<(), Failure> {
        self.heading(5, "The officers write down what the ceremony is to do, and approve it");
        let mut arguments = vec!["plan", "new", CEREMONY, "--first", "--device", "device.json"];
        arguments.extend(["--ceremony-id", CEREMONY, "--target", TARGET, "--key-arn", key]);
        arguments.extend(["--key-spec", self.cli.key_spec.as_str()]);
        arguments.extend(self.usage());
        arguments.extend(["--object-id", "0x0a01"]);
        if let Some(kept) = self.cli.keep_as {
            arguments.extend(["--keep-as", kept.as_str()]);
        }
        arguments.push("--does-not-expire");
        if self.cast.custodians.is_none() {
            let custodian = self.cast.custodians().iter();
            arguments.extend(custodian.flat_map(|name| ["--custodian", name]));
        }
        self.office.run(self.cast.officer(), "keyferry", &arguments, &[])?;
        for name in self.cast.signing_officers() {
            sign(&self.office, name, &format!("{CEREMONY}/plan.json"), CEREMONY)?;
        }
        self.stage.put(Place::Office, "transcript-1.json")?;
        self.stage.carry(Place::Office, Place::Bastion, |_| true, self.screen)
    }

    fn request(&self) -> Result<(), Failure> {
        self.heading(6, "On the bastion: AWS's wrapping public key and import token");
        self.bastion.run(
            OPERATOR,
            "keyferry-online",
            &["fetch", CEREMONY, "--identity", &format!("{OPERATOR}.identity")],
            &[&passphrase(OPERATOR)],
        )?;
        self.bastion.run(OPERATOR, "keyferry-online", &["check", CEREMONY], &[])?;
        let travels = |name: &str| !name.starts_with("import-token");
        self.stage.carry(Place::Bastion, Place::Room, travels, self.screen)
    }

    fn response(&self) -> Result<(), Failure> {
        self.heading(7, "In the room: the HSM makes the key material, which leaves it wrapped");
        self.stage.remember("virtual-hsm.json", "before-response")?;
        let hsm = self.hsm.url();
        self.room.run(
            "room",
            "keyferry-offline",
            &["respond", CEREMONY, "--hsm", hsm, "--allow-network", "--room", "memory"],
            &[HSM_PASSWORD, CEREMONY],
        )?;
        let response = format!("{CEREMONY}/response-1.json");
        for witness in self.cast.signing_witnesses() {
            sign(&self.room, witness, &response, "response")?;
        }
        self.stage.carry(
            Place::Room,
            Place::Bastion,
            |name| {
                matches!(name, "response-1.json" | "log-1.json" | "backup-payments.json")
                    || name.starts_with("transcript-")
            },
            self.screen,
        )
    }

    fn import(&self) -> Result<(), Failure> {
        self.heading(8, "On the bastion: upload, and proof that the key works");
        self.bastion.run(OPERATOR, "keyferry-online", &["check", CEREMONY], &[])?;
        if self.cli.kms_endpoint.is_none() {
            self.stage.remember("virtual-kms.json", "before-import")?;
        }
        self.bastion.run(
            OPERATOR,
            "keyferry-online",
            &["import", CEREMONY, "--identity", &format!("{OPERATOR}.identity")],
            &[&passphrase(OPERATOR), CEREMONY],
        )?;
        self.bastion.run(OPERATOR, "keyferry-online", &["prove", CEREMONY], &[])?;
        Ok(())
    }

    fn audit(&self) -> Result<(), Failure> {
        self.heading(9, "The auditor: every signature, every link, without AWS and without an HSM");
        let travels = |name: &str| !name.starts_with("import-token");
        self.stage.carry(Place::Bastion, Place::Auditor, travels, self.screen)?;
        let copies = |name: &str| name.starts_with("backup-");
        self.stage.carry(Place::Room, Place::Auditor, copies, self.screen)?;
        self.auditor.run("auditor", "keyferry", &["verify", "--complete", CEREMONY], &[])?;
        Ok(())
    }
}

/// Signs as `name`, who types the passphrase and then the word that the program asks for.
fn sign(machine: &Machine<'_>, name: &str, file: &str, word: &str) -> Result<(), Failure> {
    let identity = format!("{name}.identity");
    let arguments = ["sign", file, "--identity", &identity];
    machine.run(name, "keyferry", &arguments, &[&passphrase(name), word])?;
    Ok(())
}

/// A member of a program's JSON answer.
fn json_text(answer: &str, pointer: &str) -> Result<String, Failure> {
    let tree: serde_json::Value = serde_json::from_str(answer).map_err(Failure::bug)?;
    tree.pointer(pointer)
        .and_then(serde_json::Value::as_str)
        .map(str::to_owned)
        .ok_or_else(|| Failure::bug(format!("{pointer} is missing in {answer}")))
}
