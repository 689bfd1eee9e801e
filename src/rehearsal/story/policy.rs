//! What everybody agrees on.

use super::{Casing, Story, json_text, sign};
use crate::cast::{OPERATOR, age_identity};
use crate::stage::Place;
use keyferry_bundle::KeySpec;
use keyferry_console::Failure;
use keyferry_console::files::{self, Mode};

/// The root under which virtual HSMs attest their keys.
const VIRTUAL_ROOT: &str = include_str!("../../virtual-hsm/attestation/root.pem");

/// What the policy allows, where stories differ.
pub(crate) struct Law<'a> {
    pub(crate) regions: Vec<&'a str>,
    pub(crate) key_specs: Vec<KeySpec>,
}

impl<'a> Law<'a> {
    /// One Region, one key spec.
    pub(crate) fn of(region: &'a str, key_spec: KeySpec) -> Self {
        Self { regions: vec![region], key_specs: vec![key_spec] }
    }
}

impl Story<'_> {
    /// Version 1 of the policy, signed and pinned on every machine.
    pub(super) fn policy(&self, law: &Law<'_>) -> Result<(), Failure> {
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
        let mut arguments = vec!["policy", "new", "--out", "policy-v1.json"];
        arguments.extend(["--environment", "rehearsal", "--name", "Rehearsal"]);
        arguments.extend(keys.iter().map(String::as_str));
        arguments.extend(["--policy-root", &officers, "--ceremony-officer", &officers]);
        arguments.extend(["--online-operator", &operator, "--witness", &witness]);
        arguments.extend(["--partition", "aws", "--account", self.cli.account.as_str()]);
        arguments.extend(law.regions.iter().flat_map(|region| ["--region", region]));
        arguments.extend(law.key_specs.iter().flat_map(|spec| ["--key-spec", spec.as_str()]));
        arguments.extend(Casing::ALL.iter().flat_map(|hsm| ["--device", hsm.serial]));
        arguments.extend(custodians.iter().map(String::as_str));
        arguments.extend(["--attestation-root", "virtual-root.pem"]);
        self.office.run(cast.officer(), "keyferry", &arguments, &[])?;
        for name in cast.signing_officers() {
            sign(&self.office, name, "policy-v1.json", "Rehearsal")?;
        }
        let fingerprint = ["fingerprint", "policy-v1.json", "--json"];
        let answer = self.office.run(cast.officer(), "keyferry", &fingerprint, &[])?;
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
}
