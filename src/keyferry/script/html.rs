//! The script as one HTML page.

use super::act::Act;
use super::model::{Blank, Row, Script, Seat, Sheet, Step};
use crate::html::{Html, document};
use crate::render::words_by_group;
use keyferry_console::fingerprint;

/// The style sheet, which stands in the page.
pub(super) const STYLE: &str = include_str!("script.css");

pub(super) fn page(script: &Script) -> String {
    let draft = script.draft.as_ref().map_or("", |_| "DRAFT: ");
    document(&format!("{draft}{}", script.title), STYLE, |html| {
        // A table's head is what every browser repeats on each printed page.
        html.element("table", &[("role", "presentation")], |html| {
            html.element("thead", &[], |html| cell(html, |html| running(html, script)));
            html.element("tbody", &[], |html| {
                cell(html, |html| html.element("main", &[], |html| content(html, script)));
            });
        });
    })
}

fn cell(html: &mut Html, content: impl FnOnce(&mut Html)) {
    html.element("tr", &[], |html| html.element("td", &[], content));
}

/// The head of every page.
fn running(html: &mut Html, script: &Script) {
    html.element("div", &[("class", "running")], |html| {
        html.leaf("span", "", &script.running);
        if script.draft.is_some() {
            html.leaf("strong", "draft", "DRAFT");
        }
    });
}

fn content(html: &mut Html, script: &Script) {
    html.leaf("h1", "", &script.title);
    if let Some(why) = &script.draft {
        html.leaf("p", "draft", format!("DRAFT: {why}"));
    }
    html.element("section", &[("id", "about")], |html| {
        list(html, &script.facts);
        for print in &script.fingerprints {
            html.leaf("h3", "", format!("Fingerprint of the {}", print.of));
            html.element("div", &[("class", "print")], |html| {
                html.leaf("pre", "hex", fingerprint::hex(&print.digest));
                html.leaf("pre", "words", words_by_group(&print.digest));
            });
        }
    });
    html.element("section", &[("id", "rules")], |html| {
        html.leaf("h2", "", "How this paper is used");
        html.element("ul", &[], |html| {
            for rule in &script.rules {
                html.leaf("li", "", rule);
            }
        });
    });
    html.element("section", &[("id", "people")], |html| {
        html.leaf("h2", "", "Who takes part");
        script.people.iter().for_each(|seat| present(html, seat));
    });
    html.element("section", &[("id", "keys")], |html| {
        html.leaf("h2", "", "Which keys");
        list(html, &script.targets);
    });
    for part in &script.parts {
        html.element("section", &[("class", "part")], |html| {
            html.leaf("h2", "", &part.heading);
            html.leaf("p", "soft", format!("At {}.", part.place));
            part.steps.iter().for_each(|one| step(html, one));
        });
    }
    for sheet in &script.sheets {
        exception(html, sheet);
    }
}

/// Labels and values.
fn list(html: &mut Html, rows: &[Row]) {
    html.element("dl", &[], |html| {
        for row in rows {
            html.leaf("dt", "", &row.label);
            html.leaf("dd", "", &row.value);
        }
    });
}

fn present(html: &mut Html, seat: &Seat) {
    html.element("div", &[("class", "seat")], |html| {
        html.leaf("h3", "", format!("{}: {}", seat.actor, seat.needed));
        for who in &seat.people {
            html.element("div", &[("class", "blanks")], |html| {
                match who {
                    Some(name) => html.leaf("strong", "", name),
                    None => blank(html, "name", "long"),
                }
                for label in ["came", "left"] {
                    blank(html, label, "short");
                }
                blank(html, "signature", "long");
            });
        }
    });
}

fn step(html: &mut Html, step: &Step) {
    let id = format!("step-{}", step.number);
    html.element("section", &[("class", "step"), ("id", &id)], |html| {
        // Chromium cuts a grid where a page ends, whatever it is told: in print this is none.
        html.element("div", &[("class", "columns")], |html| columns(html, step));
    });
}

fn columns(html: &mut Html, step: &Step) {
    html.element("h3", &[], |html| {
        html.leaf("span", "number", format!("{}.", step.number));
        html.leaf("span", "box", "");
        html.leaf("span", "role", step.role);
    });
    html.element("div", &[("class", "does")], |html| {
        html.leaf("p", "", &step.text);
        step.commands.iter().for_each(|act| done(html, act));
        if !step.expected.is_empty() {
            html.element("dl", &[("class", "expected")], |html| {
                for row in &step.expected {
                    html.element("dt", &[], |html| {
                        html.leaf("span", "box", "");
                        html.text(&row.label);
                    });
                    html.leaf("dd", "mono", &row.value);
                }
            });
        }
        blanks(html, &step.blanks);
    });
}

fn done(html: &mut Html, act: &Act) {
    match act {
        Act::Run { line, .. } => html.leaf("pre", "line", line),
        Act::Type(word) => html.element("p", &[], |html| {
            html.text("The word: ");
            html.leaf("code", "", word);
        }),
        Act::Carry { from, to, files } => html.element("p", &[], |html| {
            html.text(format!("From {from} to {to}: "));
            for (index, name) in files.iter().enumerate() {
                html.text(if index > 0 { ", " } else { "" });
                html.leaf("code", "", name);
            }
        }),
        Act::Attach | Act::Detach => {}
    }
}

fn blanks(html: &mut Html, all: &[Blank]) {
    if all.is_empty() {
        return;
    }
    html.element("div", &[("class", "blanks")], |html| {
        for one in all {
            match one {
                Blank::Short(label) => blank(html, label, "short"),
                Blank::Long(label) => blank(html, label, "whole"),
                Blank::Signed(who) => html.element("div", &[("class", "blanks whole")], |html| {
                    blank(html, &format!("{who}, time"), "short");
                    blank(html, "signature", "long");
                }),
            }
        }
    });
}

/// A label and a line to write on.
fn blank(html: &mut Html, label: &str, length: &'static str) {
    html.element("span", &[("class", length)], |html| {
        html.text(label);
        html.leaf("i", "", "");
    });
}

fn exception(html: &mut Html, sheet: &Sheet) {
    html.element("section", &[("class", "sheet")], |html| {
        html.leaf("h2", "", &sheet.heading);
        blanks(html, &sheet.blanks);
    });
}
