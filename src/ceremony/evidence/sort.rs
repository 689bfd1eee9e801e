//! Which file is what, before anything is believed.

use super::{File, Report};
use keyferry_bundle::kinds::kind_of;
use keyferry_bundle::{Digest, Envelope, Kind};

/// The folder's files by kind.
#[derive(Debug, Default)]
pub(super) struct Sorted<'a> {
    bundles: Vec<(Kind, &'a File)>,
    /// Files that some bundle must name by digest.
    pub(super) attachments: Vec<(&'a File, Digest)>,
}

impl<'a> Sorted<'a> {
    /// Sorts; a file that is neither a bundle nor something a bundle can name is refused.
    pub(super) fn by_kind(files: impl IntoIterator<Item = &'a File>, report: &mut Report) -> Self {
        let mut sorted = Self::default();
        for file in files {
            let extension = file.name.rsplit_once('.').map_or("", |(_, extension)| extension);
            if matches!(extension, "yhw" | "age" | "bin") {
                sorted.attachments.push((file, Digest::of(&file.bytes)));
                continue;
            }
            if extension != "json" {
                report.refuses("folder.files", &file.name, "is no file that a ceremony leaves");
                continue;
            }
            match Envelope::decode_canonical(&file.bytes) {
                Ok(envelope) => {
                    if let Some(kind) = kind_of(envelope.payload_type()) {
                        sorted.bundles.push((kind, file));
                    } else {
                        let problem = "the payload type is none of Keyferry's, version 1";
                        report.refuses("folder.files", &file.name, problem);
                    }
                }
                Err(error) => {
                    report.refuses("folder.files", &file.name, format!("is no bundle: {error}"));
                }
            }
        }
        sorted
    }

    /// The files of one kind.
    pub(super) fn of(&self, kind: Kind) -> impl Iterator<Item = &'a File> + '_ {
        self.bundles.iter().filter(move |(k, _)| *k == kind).map(|(_, file)| *file)
    }
}
