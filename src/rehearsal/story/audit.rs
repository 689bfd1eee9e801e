//! The auditor's verdict.

use super::ceremony::travels;
use super::{Ceremony, Story};
use crate::stage::Place;
use keyferry_console::{Failure, Name, files};

/// The auditor's folder of ceremonies, where there are several.
const ARCHIVE: &str = "archive";

impl Story<'_> {
    /// Every signature, every link, without AWS and without an HSM. The auditor's folder with all of it.
    pub(crate) fn audit(&self, ceremonies: &[&Ceremony<'_>]) -> Result<String, Failure> {
        self.chapter("The auditor: every signature, every link, without AWS and without an HSM");
        let several = ceremonies.len() > 1;
        if several {
            files::new_folder(&self.auditor.folder.join(ARCHIVE))?;
        }
        let place = |ceremony: &Ceremony<'_>| {
            if several { format!("{ARCHIVE}/{}", ceremony.name) } else { ceremony.name.to_owned() }
        };
        for ceremony in ceremonies {
            let place = place(ceremony);
            let bring = |from, wanted: fn(&Name) -> bool| {
                let (from, to) = ((from, ceremony.name), (Place::Auditor, place.as_str()));
                self.stage.carry(from, to, wanted, self.screen)
            };
            bring(Place::Bastion, travels)?;
            bring(Place::Room, |name| matches!(name, Name::WrappedCopy(_) | Name::AgeCopy(_)))?;
        }
        let folder = match ceremonies.first() {
            Some(one) if !several => place(one),
            Some(_) | None => ARCHIVE.to_owned(),
        };
        self.auditor.run("auditor", "keyferry", &["verify", "--complete", &folder], &[])?;
        Ok(folder)
    }
}
