//! What all ceremonies rest on, wherever a copy lies: looked for before the first of them is examined.

use keyferry_bundle::Digest;
use keyferry_ceremony::evidence::{File, Shared};
use keyferry_console::folder::{self, Folder};
use keyferry_console::{Exit, Failure, Progress};
use std::collections::BTreeSet;

/// The most policies and device bundles, copies with other signatures among them. An organisation has a few.
const MAX: usize = 1024;

/// Every policy and device bundle of the folders once, each under its name with its folder, but for those that lie beside them. A
/// folder that cannot be read is passed over here; it fails when it is examined.
pub(super) fn policies_and_devices(
    folders: &[Folder],
    beside: &[File],
) -> Result<Vec<File>, Failure> {
    let mut seen: BTreeSet<Digest> = beside.iter().map(|file| Digest::of(&file.bytes)).collect();
    let mut found = Vec::new();
    let mut progress = Progress::new("looking through folder", folders.len());
    for (index, folder) in folders.iter().enumerate() {
        progress.at(index + 1);
        let Ok(contents) = folder::read(std::slice::from_ref(&folder.path)) else { continue };
        for item in contents.items {
            if Shared::takes(&item.bytes) && seen.insert(Digest::of(&item.bytes)) {
                let name = format!("{}/{}", folder.name, item.name);
                found.push(File { name, bytes: item.bytes });
            }
        }
        if found.len() > MAX {
            let what = "the folders hold too many different policies and device bundles";
            return Err(Failure::new(Exit::File, "too-many-files", what)
                .because(format!("more than {MAX}"))
                .hint("verify some of the folders at a time"));
        }
    }
    Ok(found)
}
