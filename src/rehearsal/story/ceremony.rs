//! One ceremony, from its request to its receipt.

use super::{Hsm, Story, sign};
use crate::cast::{HSM_PASSWORD, OPERATOR, passphrase};
use crate::stage::Place;
use keyferry_console::{Exit, Failure, Name};
use std::cell::Cell;

/// A ceremony: the same folder on every machine.
pub(crate) struct Ceremony<'s> {
    pub(crate) story: &'s Story<'s>,
    pub(crate) hsm: &'s Hsm,
    /// Its name and its folder.
    pub(crate) name: &'s str,
    /// How many requests there were.
    rounds: Cell<u32>,
}

impl<'s> Ceremony<'s> {
    /// A ceremony with an HSM.
    pub(crate) const fn new(story: &'s Story<'s>, hsm: &'s Hsm, name: &'s str) -> Self {
        Self { story, hsm, name, rounds: Cell::new(0) }
    }

    /// Request, response, import, each in its place.
    pub(crate) fn hold(&self) -> Result<(), Failure> {
        self.request()?;
        self.response()?;
        self.receipt()
    }

    /// The same for key material that the HSM has already.
    pub(crate) fn hold_again(&self) -> Result<(), Failure> {
        self.request()?;
        self.response_again()?;
        self.receipt()
    }

    /// A chapter: the first request.
    pub(crate) fn request(&self) -> Result<(), Failure> {
        self.story.chapter("On the bastion: AWS's wrapping public key and import token");
        self.fetch(&[])
    }

    /// A chapter: the first response.
    pub(crate) fn response(&self) -> Result<(), Failure> {
        self.story.chapter("In the room: the HSM makes the key material, which leaves it wrapped");
        self.respond("respond")
    }

    /// The same for key material that the HSM has already.
    pub(crate) fn response_again(&self) -> Result<(), Failure> {
        self.story.chapter("In the room: the key material that the HSM keeps, wrapped again");
        self.respond("respond")
    }

    /// A chapter: the upload.
    pub(crate) fn receipt(&self) -> Result<(), Failure> {
        self.story.chapter("On the bastion: upload, and proof that the key works");
        self.import()
    }

    /// The next request, carried to the room.
    pub(crate) fn fetch(&self, more: &[&str]) -> Result<(), Failure> {
        let identity = format!("{OPERATOR}.identity");
        let mut arguments = vec!["fetch", self.name, "--identity", &identity];
        arguments.extend(more);
        self.online(&arguments, &[&passphrase(OPERATOR)])?;
        self.rounds.set(self.rounds.get().saturating_add(1));
        self.online(&["check", self.name], &[])?;
        self.carry(Place::Bastion, Place::Room, travels)
    }

    /// What was done with the HSM since it was set up, put into the ceremony's folder in the room.
    pub(crate) fn account_for(&self, files: &[String]) -> Result<(), Failure> {
        for file in files {
            self.story.stage.put(Place::Room, file, self.name)?;
        }
        self.story.screen.say(format!("  in the ceremony's folder too: {}", files.join(", ")));
        Ok(())
    }

    /// The room's answer by `respond` or `rewrap`, signed by the witnesses and carried to the bastion.
    pub(crate) fn respond(&self, command: &str) -> Result<(), Failure> {
        let mut arguments = vec![command, self.name];
        arguments.extend(self.hsm.access());
        arguments.extend(["--room", "memory"]);
        let room = &self.story.room;
        room.run("room", "keyferry-offline", &arguments, &[HSM_PASSWORD, self.name])?;
        let number = self.rounds.get();
        let response = format!("{}/response-{number}.json", self.name);
        for witness in self.story.cast.signing_witnesses() {
            sign(room, witness, &response, "response")?;
        }
        self.carry(Place::Room, Place::Bastion, |name| {
            [Name::Response(number), Name::Log(number)].contains(name)
                || matches!(name, Name::Backup(_) | Name::Transcript(_) | Name::Upkeep(_))
        })
    }

    /// The upload and its receipt.
    pub(crate) fn import(&self) -> Result<(), Failure> {
        self.online(&["check", self.name], &[])?;
        self.online(&self.upload(), &[&passphrase(OPERATOR), self.name])?;
        self.online(&["prove", self.name], &[])
    }

    /// An upload that must be refused.
    pub(crate) fn cannot_import(&self, expected: (Exit, &str)) -> Result<(), Failure> {
        let answers = [&passphrase(OPERATOR), self.name];
        let bastion = &self.story.bastion;
        bastion.refused(OPERATOR, "keyferry-online", &self.upload(), &answers, expected)
    }

    fn upload(&self) -> [&str; 4] {
        ["import", self.name, "--identity", "oscar.identity"]
    }

    fn online(&self, arguments: &[&str], answers: &[&str]) -> Result<(), Failure> {
        self.story.bastion.run(OPERATOR, "keyferry-online", arguments, answers).map(drop)
    }

    /// Carries files of the ceremony.
    pub(super) fn carry(
        &self,
        from: Place,
        to: Place,
        wanted: impl Fn(&Name) -> bool,
    ) -> Result<(), Failure> {
        let story = self.story;
        story.stage.carry((from, self.name), (to, self.name), wanted, story.screen)
    }
}

/// Import tokens stay on the bastion.
pub(super) fn travels(name: &Name) -> bool {
    !matches!(name, Name::ImportToken(..))
}
