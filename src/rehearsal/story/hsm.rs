//! HSMs, each a service with a state of its own.

use super::{Story, shares, sign};
use crate::cast::{ADMINISTRATION_PASSWORD, AUDIT_PASSWORD, BACKUP_PASSWORD, HSM_PASSWORD};
use crate::machine::stopped;
use crate::services::Service;
use crate::stage::Place;
use keyferry_console::{Failure, files};

/// Which HSM it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Casing {
    /// What people call it.
    pub(crate) name: &'static str,
    /// The serial number on its case.
    pub(crate) serial: &'static str,
    /// Its state, backstage.
    pub(crate) state: &'static str,
    /// Its device bundle, on the machines that have it; its first transcript lies beside it.
    device: &'static str,
    transcript: &'static str,
}

impl Casing {
    /// The HSM of every story.
    pub(crate) const FIRST: Self = Self {
        name: "hsm-1",
        serial: "12345678",
        state: "virtual-hsm.json",
        device: "device.json",
        transcript: "transcript-1.json",
    };

    /// The one that takes its place.
    pub(crate) const SECOND: Self = Self {
        name: "hsm-2",
        serial: "87654321",
        state: "virtual-hsm-2.json",
        device: "hsm-2/device.json",
        transcript: "hsm-2/transcript-1.json",
    };

    /// Every HSM of the policy: the second stands by.
    pub(crate) const ALL: [Self; 2] = [Self::FIRST, Self::SECOND];

    /// The folder of its own files, on the machines that have any.
    fn folder(self) -> &'static str {
        self.device.rsplit_once('/').map_or(".", |(folder, _)| folder)
    }
}

/// An HSM that runs.
pub(crate) struct Hsm {
    pub(crate) casing: Casing,
    service: Service,
}

impl Hsm {
    /// Where a program finds it, and that the rehearsal's machine may be on a network.
    pub(crate) fn access(&self) -> [&str; 3] {
        ["--hsm", self.service.url(), "--allow-network"]
    }

    /// Nothing of it is left.
    pub(crate) fn destroy(&self, story: &Story<'_>) -> Result<(), Failure> {
        let path = story.stage.backstage(self.casing.state);
        self.service.end();
        std::fs::remove_file(path).map_err(|error| stopped(error.to_string()))?;
        story.screen.say(format!("  {} is no more, and what it held is gone", self.casing.name));
        Ok(())
    }

    /// Its device bundle, as a file of the office.
    pub(crate) const fn device(&self) -> &'static str {
        self.casing.device
    }

    /// The transcript of the run that set it up, as a file of the office.
    pub(crate) const fn transcript(&self) -> &'static str {
        self.casing.transcript
    }

    /// A later transcript, as a file of the room.
    pub(crate) fn later(&self, number: u32) -> String {
        format!("{}/transcript-{number}.json", self.casing.folder())
    }
}

impl Story<'_> {
    /// Plugs an HSM in.
    pub(crate) fn hsm(&self, casing: Casing) -> Result<Hsm, Failure> {
        let state = self.stage.backstage(casing.state).display().to_string();
        let options = ["--state", &state, "--serial", casing.serial];
        let service = Service::start(self.programs, "keyferry-virtual-hsm", &options)?;
        let folder = self.room.folder.join(casing.folder());
        if !folder.exists() {
            files::new_folder(&folder)?;
        }
        Ok(Hsm { casing, service })
    }

    /// A factory-new HSM gets its keys and credentials; where the cast has shares, its wrap key is split first.
    pub(super) fn set_up(&self, hsm: &Hsm) -> Result<(), Failure> {
        let threshold = self.cast.custodians.map(|quorum| quorum.threshold.to_string());
        let mut more = Vec::new();
        if let Some(threshold) = &threshold {
            more.extend(["--shares", threshold, "--share-folder", shares::FOLDER]);
            self.split(&init(hsm, &more), hsm)?;
        }
        self.initialise(hsm, &more)
    }

    /// The wrap key of the HSM that was split comes into another one: from as many shares as it takes.
    pub(crate) fn join(&self, hsm: &Hsm) -> Result<(), Failure> {
        let present = self.cast.custodians.map_or(0, |quorum| quorum.threshold);
        let custodians = (1..).zip(self.cast.custodians()).take(present);
        let mut more = vec!["--share-set".to_owned(), Casing::FIRST.device.to_owned()];
        let (mut shares, mut identities) = (vec![], vec![]);
        for (number, name) in custodians {
            let identity = format!("{name}.age-identity");
            self.stage.hand(Place::Office, Place::Room, &identity)?;
            shares.push(format!("{}/share-{number}-{name}.age", shares::FOLDER));
            identities.push(identity);
        }
        self.screen.say(format!("  in the room with their identities: {}", identities.join(", ")));
        more.push("--shares-from".to_owned());
        more.extend(shares);
        more.push("--identity".to_owned());
        more.extend(identities);
        let more: Vec<&str> = more.iter().map(String::as_str).collect();
        self.initialise(hsm, &more)
    }

    /// Work with an HSM outside of a ceremony. The record of it, which the witnesses sign, for the next ceremony's folder.
    pub(crate) fn upkeep(
        &self,
        hsm: &Hsm,
        number: u32,
        work: &[&str],
        passwords: &[&str],
    ) -> Result<String, Failure> {
        let mut arguments = work.to_vec();
        arguments.extend(hsm.access());
        arguments.extend(["--device", hsm.device(), "--room", "memory"]);
        arguments.extend(["--out", hsm.casing.folder()]);
        let answers = [[HSM_PASSWORD, hsm.casing.serial].as_slice(), passwords].concat();
        self.room.run("room", "keyferry-offline", &arguments, &answers)?;
        let record = format!("{}/upkeep-{number}.json", hsm.casing.folder());
        for witness in self.cast.signing_witnesses() {
            sign(&self.room, witness, &record, "upkeep")?;
        }
        Ok(record)
    }

    /// `init`, from the serial number that is typed to the witnesses' signatures.
    pub(super) fn initialise(&self, hsm: &Hsm, more: &[&str]) -> Result<(), Failure> {
        let passwords = [HSM_PASSWORD, BACKUP_PASSWORD, AUDIT_PASSWORD, ADMINISTRATION_PASSWORD];
        let answers = [[hsm.casing.serial].as_slice(), &passwords].concat();
        self.room.run("room", "keyferry-offline", &init(hsm, more), &answers)?;
        for witness in self.cast.signing_witnesses() {
            sign(&self.room, witness, hsm.device(), hsm.casing.name)?;
        }
        for name in [hsm.device(), hsm.transcript()] {
            self.stage.hand(Place::Room, Place::Office, name)?;
        }
        let (device, transcript) = (hsm.device(), hsm.transcript());
        self.screen.say(format!("  carried from the room to the office: {device}, {transcript}"));
        Ok(())
    }
}

fn init<'h>(hsm: &'h Hsm, more: &[&'h str]) -> Vec<&'h str> {
    let Casing { name, serial, .. } = hsm.casing;
    let mut arguments = vec!["init"];
    arguments.extend(hsm.access());
    arguments.extend(["--serial", serial, "--name", name]);
    if hsm.device() != Casing::FIRST.device {
        arguments.extend(["--out", hsm.device()]);
    }
    arguments.extend(["--room", "memory", "--new-room"]);
    arguments.extend(more);
    arguments
}
