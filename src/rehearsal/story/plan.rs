//! What a ceremony is to do.

use super::ceremony::travels;
use super::{Ceremony, sign};
use crate::stage::Place;
use keyferry_console::Failure;

/// What the officers decide.
pub(crate) struct Planned<'p> {
    /// The ceremony that this HSM answered before.
    pub(crate) after: Option<&'p Ceremony<'p>>,
    /// The key, what is done with it, and until when: arguments of `plan new`.
    pub(crate) what: Vec<&'p str>,
}

impl Ceremony<'_> {
    /// The plan, approved and carried to the bastion.
    pub(crate) fn plan(&self, planned: &Planned<'_>) -> Result<(), Failure> {
        let story = self.story;
        let mut arguments = vec!["plan", "new", self.name];
        let previous = planned.after.map(|before| format!("{}/plan.json", before.name));
        match &previous {
            Some(previous) => arguments.extend(["--previous", previous]),
            None => arguments.push("--first"),
        }
        arguments.extend(["--device", self.hsm.device(), "--ceremony-id", self.name]);
        arguments.extend(&planned.what);
        if story.cast.custodians.is_none() {
            let custodian = story.cast.custodians().iter();
            arguments.extend(custodian.flat_map(|name| ["--custodian", name]));
        }
        story.office.run(story.cast.officer(), "keyferry", &arguments, &[])?;
        let lint = ["plan", "lint", self.name];
        story.office.run(story.cast.officer(), "keyferry", &lint, &[])?;
        for name in story.cast.signing_officers() {
            sign(&story.office, name, &format!("{}/plan.json", self.name), self.name)?;
        }
        if planned.after.is_none() {
            story.stage.put(Place::Office, self.hsm.transcript(), self.name)?;
        }
        self.carry(Place::Office, Place::Bastion, |_| true)
    }

    /// What the ceremony came to, for officers who plan the next one.
    pub(crate) fn report_to_office(&self) -> Result<(), Failure> {
        self.carry(Place::Bastion, Place::Office, travels)
    }
}
