//! The script as Markdown.

use super::act::Act;
use super::model::{Blank, Row, Script, Seat, Step};
use crate::markdown::Part::{Blank as Line, Code, Strong, Text};
use crate::markdown::{Markdown, Part};
use crate::render::words_by_group;
use keyferry_console::fingerprint;

/// Room for a time, a number, a word.
const SHORT: usize = 16;
/// Room for a sentence or a signature.
const LONG: usize = 40;

pub(super) fn page(script: &Script) -> String {
    let mut page = Markdown::default();
    heading(&mut page, script, 1, &script.title);
    if let Some(why) = &script.draft {
        page.paragraph(&[Strong("DRAFT:"), Text(" "), Text(why)]);
    }
    page.items(&script.facts.iter().map(row).collect::<Vec<_>>());
    for print in &script.fingerprints {
        page.heading(3, &[Text("Fingerprint of the "), Text(print.of)]);
        page.block(fingerprint::hex(&print.digest));
        page.block(words_by_group(&print.digest));
    }
    heading(&mut page, script, 2, "How this paper is used");
    page.items(&script.rules.iter().map(|rule| vec![Text(rule)]).collect::<Vec<_>>());
    heading(&mut page, script, 2, "Who takes part");
    script.people.iter().for_each(|seat| present(&mut page, seat));
    heading(&mut page, script, 2, "Which keys");
    page.items(&script.targets.iter().map(row).collect::<Vec<_>>());
    for part in &script.parts {
        heading(&mut page, script, 2, &part.heading);
        let place = format!("At {}. ", part.place);
        page.paragraph(&[Text(&place), Text(&script.running), Text(".")]);
        part.steps.iter().for_each(|one| step(&mut page, one));
    }
    for sheet in &script.sheets {
        page.rule();
        heading(&mut page, script, 2, &sheet.heading);
        page.paragraph(&[Text(&script.running), Text(".")]);
        blanks(&mut page, &sheet.blanks);
    }
    page.into_document()
}

/// Markdown has no pages: a draft says so in each heading that may begin one.
fn heading(page: &mut Markdown, script: &Script, level: usize, text: &str) {
    let draft = if script.draft.is_some() { "DRAFT: " } else { "" };
    page.heading(level, &[Text(draft), Text(text)]);
}

fn row(row: &Row) -> Vec<Part<'_>> {
    vec![Text(&row.label), Text(": "), Code(&row.value)]
}

fn present(page: &mut Markdown, seat: &Seat) {
    let (actor, needed) = (seat.actor.to_string(), format!(": {}", seat.needed));
    page.paragraph(&[Strong(&actor), Text(&needed)]);
    let line = |who: &Option<String>| match who {
        Some(name) => format!("{name}, came "),
        None => "name ".to_owned(),
    };
    let lines: Vec<(String, bool)> =
        seat.people.iter().map(|who| (line(who), who.is_none())).collect();
    let items: Vec<Vec<Part<'_>>> = lines
        .iter()
        .map(|(line, unnamed)| {
            let mut parts = vec![Text(line)];
            if *unnamed {
                parts.extend([Line(LONG), Text(" came ")]);
            }
            parts.extend([Line(SHORT), Text(" left "), Line(SHORT)]);
            parts.extend([Text(" signature "), Line(LONG)]);
            parts
        })
        .collect();
    page.items(&items);
}

fn step(page: &mut Markdown, step: &Step) {
    page.heading(3, &[Text(&format!("Step {}: {}", step.number, step.role))]);
    page.checks(&[vec![Text(&step.text)]]);
    step.commands.iter().for_each(|act| done(page, act));
    page.checks(&step.expected.iter().map(row).collect::<Vec<_>>());
    blanks(page, &step.blanks);
}

fn done(page: &mut Markdown, act: &Act) {
    match act {
        Act::Run { line, .. } => page.block(line),
        Act::Type(word) => page.paragraph(&[Text("The word: "), Code(word)]),
        Act::Carry { from, to, files } => {
            let way = format!("From {from} to {to}: ");
            let names: Vec<String> = files.iter().map(ToString::to_string).collect();
            let mut parts = vec![Text(&way)];
            for (index, name) in names.iter().enumerate() {
                parts.extend([Text(if index > 0 { ", " } else { "" }), Code(name)]);
            }
            page.paragraph(&parts);
        }
        Act::Attach | Act::Detach => {}
    }
}

fn blanks(page: &mut Markdown, all: &[Blank]) {
    let label = |blank: &Blank| match blank {
        Blank::Short(label) | Blank::Long(label) if label.is_empty() => "...".to_owned(),
        Blank::Short(label) | Blank::Long(label) => label.clone(),
        Blank::Signed(who) => format!("{who}, time"),
    };
    let labels: Vec<String> = all.iter().map(label).collect();
    let room = |blank: &Blank| match blank {
        Blank::Short(_) => vec![Text(" "), Line(SHORT)],
        Blank::Long(_) => vec![Text(" "), Line(LONG)],
        Blank::Signed(_) => vec![Text(" "), Line(SHORT), Text(" signature "), Line(LONG)],
    };
    let items: Vec<Vec<Part<'_>>> = all
        .iter()
        .zip(&labels)
        .map(|(blank, label)| [vec![Text(label)], room(blank)].concat())
        .collect();
    page.items(&items);
}
