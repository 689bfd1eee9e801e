//! A folder of ceremonies: each is read, examined and told in turn, and forgotten but for what later ones are held against.

mod section;
mod survey;
mod totals;

use crate::cli::verify::Args;
use crate::commands::verify::{claims, policy};
use crate::examined::{Given, files, unread};
use crate::verdict::Verdict;
use keyferry_ceremony::evidence::{Across, Claim, Pins, Shared, Standing};
use keyferry_console::folder::{self, Contents, Folder};
use keyferry_console::{Failure, Progress, Screen};
use section::Section;
use serde_json::json;
use totals::Totals;

/// Examines everything, says what it found of each, and judges all of it.
pub(crate) fn verify(given: Given, args: &Args, screen: &Screen) -> Result<Verdict, Failure> {
    let Given { pins, recorded, contents: Contents { items, folders } } = given;
    if let Some([first, _]) = folders.array_windows().find(|[a, b]| a.name == b.name) {
        return Err(Failure::usage(format!("two folders are called {}", first.name))
            .hint("verify one of them at a time"));
    }
    let beside = files(items);
    let within = survey::policies_and_devices(&folders, &beside)?;
    let shared = Shared::examine(&beside, &within, &pins);
    let mut totals = Totals::default();
    let tell = |section: &Section| -> Result<(), Failure> {
        section.lines(args.all_claims).iter().try_for_each(|line| screen.result(line))
    };
    let number = beside.len() + within.len();
    let section = Section::new("policies and HSMs", Some(number), shared.report().clone());
    totals.add_shared(&section);
    tell(&section)?;
    let head = json!({
        "policy": shared.report().trust.as_ref().map(policy),
        "shared": { "claims": claims(&section.report) },
    });
    let mut list = screen.json_list(&head, "ceremonies")?;
    let mut across = if recorded.is_some() { Across::with_calls() } else { Across::default() };
    let mut progress = Progress::new("ceremony", folders.len());
    for (index, folder) in folders.iter().enumerate() {
        progress.at(index + 1);
        let section = ceremony(folder, &shared, &pins, &mut across);
        totals.add_ceremony(&section);
        progress.above(|| {
            tell(&section)?;
            list.item(&section.json())
        })?;
    }
    drop(progress);
    let between = Section::new("between the ceremonies", None, across.settle(&shared));
    totals.add_between(&between);
    if !between.report.claims.is_empty() {
        tell(&between)?;
    }
    let mut tail = json!({ "between": { "claims": claims(&between.report) } });
    if let Some(recorded) = recorded {
        let section = Section::new("CloudTrail", None, across.hold_against(&recorded, &shared));
        totals.add_between(&section);
        tell(&section)?;
        if let Some(tail) = tail.as_object_mut() {
            tail.insert("cloudtrail".to_owned(), json!({ "claims": claims(&section.report) }));
        }
    }
    let trust = shared.report().trust.as_ref();
    if let (Some(tail), Some(members)) = (tail.as_object_mut(), totals.json(trust).as_object()) {
        tail.extend(members.clone());
    }
    list.end(&tail)?;
    screen.result("")?;
    Ok(totals.verdict(trust, args.subject.complete))
}

/// Reads a folder and examines it. One that cannot be read fails by itself.
fn ceremony(folder: &Folder, shared: &Shared, pins: &Pins, across: &mut Across) -> Section {
    let contents = match folder::read(std::slice::from_ref(&folder.path)) {
        Ok(contents) => contents,
        Err(failure) => return Section::unread(&folder.name, failure),
    };
    let files = files(contents.items);
    let (mut report, chain) = shared.examine_ceremony(&files, pins);
    if files.is_empty() && contents.folders.is_empty() {
        report.claims.push(nothing());
    }
    report.claims.extend(unread(contents.folders));
    across.take_in(&folder.name, &chain, &mut report);
    Section::new(&folder.name, Some(files.len()), report)
}

fn nothing() -> Claim {
    Claim {
        id: "folder.files",
        file: "-".to_owned(),
        sentence: "holds nothing".to_owned(),
        standing: Standing::Refused,
    }
}
