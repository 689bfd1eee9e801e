//! Writes `testkit/` anew: `cargo run -p keyferry-bundle --example make-testkit`.
//!
//! Everything in it is made from names and fixed bytes, so a second run changes nothing. A vector that was released is never
//! changed, only added to: `git diff` after a run shows whether one was.
#![expect(clippy::unwrap_used, reason = "a tool of this crate's developers")]

mod kit;

use std::fs;
use std::path::Path;

fn main() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testkit");
    let files = kit::files();
    for group in fs::read_dir(&folder).into_iter().flatten() {
        let group = group.unwrap().path();
        for old in fs::read_dir(&group).into_iter().flatten() {
            fs::remove_file(old.unwrap().path()).unwrap();
        }
    }
    for (name, text) in files {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
}
