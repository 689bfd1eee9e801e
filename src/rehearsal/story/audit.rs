//! The auditor's verdict.

use super::ceremony::travels;
use super::{Ceremony, Story};
use crate::stage::Place;
use keyferry_console::{Failure, files};

/// The auditor's folder of ceremonies, where there are several.
const ARCHIVE: &str = "archive";

impl Story<'_> {
    /// Every signature, every link, without AWS and without an HSM. The auditor's folder with all of it.
    pub(crate) fn audit(&self, ceremonies: &[&Ceremony<'_>]) -> Result<String, Failure> {
        self.chapter("The auditor: every signature, every link, without AWS and without an HSM");
        let folder = match ceremonies {
            [one] => one.name.to_owned(),
            _ => {
                files::new_folder(&self.auditor.folder.join(ARCHIVE))?;
                ARCHIVE.to_owned()
            }
        };
        for ceremony in ceremonies {
            let place = match ceremonies {
                [_] => folder.clone(),
                _ => format!("{folder}/{}", ceremony.name),
            };
            let bring = |from, wanted: fn(&str) -> bool| {
                let (from, to) = ((from, ceremony.name), (Place::Auditor, place.as_str()));
                self.stage.carry(from, to, wanted, self.screen)
            };
            bring(Place::Bastion, travels)?;
            bring(Place::Room, |name| name.starts_with("backup-"))?;
        }
        self.auditor.run("auditor", "keyferry", &["verify", "--complete", &folder], &[])?;
        Ok(folder)
    }
}
