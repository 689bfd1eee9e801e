//! HSMs, each a service with a state of its own.

use super::{Story, shares, sign};
use crate::cast::{ADMINISTRATION_PASSWORD, AUDIT_PASSWORD, BACKUP_PASSWORD, HSM_PASSWORD};
use crate::services::Service;
use crate::stage::Place;
use keyferry_console::Failure;

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

    /// Its device bundle, as a file of the office.
    pub(crate) const fn device(&self) -> &'static str {
        self.casing.device
    }

    /// The transcript of the run that set it up, as a file of the office.
    pub(crate) const fn transcript(&self) -> &'static str {
        self.casing.transcript
    }
}

impl Story<'_> {
    /// Plugs an HSM in.
    pub(crate) fn hsm(&self, casing: Casing) -> Result<Hsm, Failure> {
        let state = self.stage.backstage(casing.state).display().to_string();
        let options = ["--state", &state, "--serial", casing.serial];
        let service = Service::start(self.programs, "keyferry-virtual-hsm", &options)?;
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
