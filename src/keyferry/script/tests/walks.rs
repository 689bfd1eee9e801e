//! The script walked as the ceremony would be: whole, with a step left out, with two exchanged.

use super::machine::walk;
use super::{Desk, desks, rich};
use crate::script::Script;
use crate::script::act::{Act, Command};
use crate::script::model::Place;
use keyferry_ceremony::testing::{Story, parse};
use keyferry_console::Name;

#[test]
fn every_step_finds_what_it_needs() {
    for desk in desks() {
        let given = desk.given();
        assert_eq!(walk(&given, &given.script()), Ok(()));
    }
}

/// Steps whose acts the machine would not miss: the host's own commands of one step are needed one by one.
fn without(script: &Script, part: usize, step: usize) -> Script {
    let mut script = script.clone();
    script.parts[part].steps.remove(step);
    script
}

#[test]
fn no_step_that_does_something_can_be_left_out() {
    for desk in desks() {
        let given = desk.given();
        let script = given.script();
        let mut left_out = 0;
        for (part, steps) in script.parts.iter().map(|part| &part.steps).enumerate() {
            for (index, step) in steps.iter().enumerate() {
                // An HSM without swap is looked for on both days.
                let again = matches!(
                    &step.commands[..],
                    [Act::Run { command: Command::Host("swapon --show"), .. }]
                );
                if step.commands.is_empty() || again {
                    continue;
                }
                let outcome = walk(&given, &without(&script, part, index));
                assert!(outcome.is_err(), "step {}: {}", step.number, step.text);
                left_out += 1;
            }
        }
        assert!(left_out > 20, "{left_out}");
    }
}

#[test]
fn no_two_steps_that_depend_on_each_other_can_change_places() {
    let desk = Desk::of(rich());
    let given = desk.given();
    let script = given.script();
    let mut broken = 0;
    for (part, steps) in script.parts.iter().map(|part| part.steps.len()).enumerate() {
        for index in 1..steps {
            let mut other = script.clone();
            other.parts[part].steps.swap(index - 1, index);
            broken += usize::from(walk(&given, &other).is_err());
        }
    }
    assert!(broken >= 14, "{broken}");
}

#[test]
fn targets_that_nobody_compares_are_noticed() {
    let desk = Desk::of(rich());
    let given = desk.given();
    let mut script = given.script();
    for step in script.parts.iter_mut().flat_map(|part| &mut part.steps) {
        step.expected.retain(|row| row.label != "KMS key");
    }
    assert!(walk(&given, &script).unwrap_err().contains("nobody compared target payments"));
}

#[test]
fn an_import_token_never_travels() {
    let desk = Desk::of(Story::sound());
    let given = desk.given();
    let mut script = given.script();
    for act in script.parts.iter_mut().flat_map(|p| &mut p.steps).flat_map(|s| &mut s.commands) {
        if let Act::Carry { from: Place::Bastion, to: Place::Medium, files } = act {
            files.push(Name::ImportToken(1, parse("payments")));
        }
    }
    assert!(walk(&given, &script).unwrap_err().contains("an import token leaves the bastion"));
}
