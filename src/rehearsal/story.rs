//! What every story is told with: people, machines, services, and the steps of a ceremony.

mod audit;
mod ceremony;
mod hsm;
mod key;
mod people;
mod plan;
mod policy;
mod shares;

pub(crate) use ceremony::Ceremony;
pub(crate) use hsm::{Casing, Hsm};
pub(crate) use key::json_text;
pub(crate) use plan::Planned;
pub(crate) use policy::Law;

use crate::application::Application;
use crate::cast::{Cast, passphrase};
use crate::cli::Cli;
use crate::cloud::Cloud;
use crate::machine::{Machine, Shown};
use crate::programs::Programs;
use crate::stage::{Place, Stage};
use keyferry_console::{Failure, Screen};
use std::cell::Cell;

/// A story while it is told.
pub(crate) struct Story<'a> {
    pub(crate) cli: &'a Cli,
    pub(crate) cast: Cast,
    pub(crate) stage: &'a Stage,
    pub(crate) screen: &'a Screen,
    pub(crate) office: Machine<'a>,
    pub(crate) bastion: Machine<'a>,
    pub(crate) room: Machine<'a>,
    pub(crate) auditor: Machine<'a>,
    programs: &'a Programs,
    cloud: Cloud,
    chapters: Cell<u8>,
}

impl<'a> Story<'a> {
    /// Sets the machines up. `cast` is who takes part.
    pub(crate) fn new(
        cli: &'a Cli,
        cast: Cast,
        stage: &'a Stage,
        programs: &'a Programs,
        screen: &'a Screen,
    ) -> Result<Self, Failure> {
        let cloud = match &cli.kms_endpoint {
            Some(url) => Cloud::at(url),
            None => Cloud::start(programs, stage, &cli.account, &cli.region)?,
        };
        let shown = Shown::default();
        let machine = |place| Machine::new(place, stage, programs, screen, shown.clone());
        Ok(Self {
            cli,
            cast,
            stage,
            screen,
            office: machine(Place::Office),
            bastion: machine(Place::Bastion).with(cloud.environment(&cli.region)),
            room: machine(Place::Room),
            auditor: machine(Place::Auditor),
            programs,
            cloud,
            chapters: Cell::new(0),
        })
    }

    /// Begins a chapter.
    pub(crate) fn chapter(&self, text: &str) {
        self.chapters.set(self.chapters.get().saturating_add(1));
        self.screen.say("");
        self.screen.heading(format!("{}. {text}", self.chapters.get()));
    }

    /// The application that uses the keys.
    pub(crate) const fn application(&self) -> Application<'_> {
        Application { cloud: &self.cloud, screen: self.screen }
    }

    /// From nobody to an HSM that can hold ceremonies.
    pub(crate) fn begin(&self, law: &Law<'_>) -> Result<Hsm, Failure> {
        self.chapter("Everybody makes a signing identity; custodians make age identities");
        self.people()?;
        self.chapter("The officers agree on a trust policy, and every machine pins it");
        self.policy(law)?;
        self.chapter("In the room: the factory-new HSM is set up, a witness countersigns");
        let hsm = self.hsm(Casing::FIRST)?;
        self.set_up(&hsm)?;
        Ok(hsm)
    }
}

/// Signs as `name`, who types the passphrase and then the word that the program asks for.
fn sign(machine: &Machine<'_>, name: &str, file: &str, word: &str) -> Result<(), Failure> {
    let identity = format!("{name}.identity");
    let arguments = ["sign", file, "--identity", &identity];
    machine.run(name, "keyferry", &arguments, &[&passphrase(name), word])?;
    Ok(())
}
