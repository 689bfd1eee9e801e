//! The room's program, cut off.

use super::medium::steps;
use super::scenario::{Checked, Kept, ended};
use super::{Cut, Scenario, What, each};
use keyferry_tests::Run;
use std::collections::BTreeSet;
use std::sync::OnceLock;
use std::time::Instant;

pub(super) const AT_COMMANDS: &[What] = &[
    What::KilledBefore,
    What::KilledAfter,
    What::Unanswered,
    What::PowerCutBefore,
    What::PowerCutAfter,
    What::SessionEnded,
    What::Unplugged,
];

/// What a run that nothing happened to does.
struct Sound {
    commands: u64,
    steps: u64,
    inventory: BTreeSet<(u64, u64)>,
    open: BTreeSet<String>,
}

fn sound(kept: Kept) -> &'static Sound {
    static SOUND: [OnceLock<Sound>; 3] = [const { OnceLock::new() }; 3];
    SOUND[kept as usize].get_or_init(|| {
        let scenario = Scenario::keeping(kept);
        let (mut command, answers) = scenario.respond();
        command.env("KEYFERRY_TEST_CUT_AT", "0");
        let run = ended(Run::of(&mut command, &answers).unwrap(), 0).unwrap();
        let (commands, steps) = (scenario.commands(), steps(&run));
        let inventory = scenario.inventory();
        let open = scenario.countersign_and_import().unwrap();
        scenario.check(&inventory).unwrap();
        Sound { commands, steps, inventory, open }
    })
}

/// Cuts the room off at a point and has it go on; `whole` is the rest of the ceremony too.
fn cut_off(kept: Kept, cut: Cut, whole: bool) -> Checked<Vec<String>> {
    let scenario = Scenario::keeping(kept);
    let (mut command, answers) = scenario.respond();
    let run = cut.run(&mut command, &answers, Some(&scenario.hsm), None);
    let run = run.map_err(|error| error.to_string())?;
    let mut notes = vec![as_documented(&run, cut)?];
    let before = scenario.material();
    let (mut command, answers) = scenario.respond();
    ended(Run::of(&mut command, &answers).map_err(|error| error.to_string())?, 0)?;
    if before.is_some() && scenario.material() != before {
        return Err("the key material is another".to_owned());
    }
    let sound = sound(kept);
    if !whole {
        let same = scenario.inventory() == sound.inventory;
        return if same { Ok(notes) } else { Err("the HSM holds other objects".to_owned()) };
    }
    let open = scenario.countersign_and_import()?;
    scenario.check(&sound.inventory)?;
    notes.extend(open.difference(&sound.open).map(|id| format!("{id} stands open")));
    Ok(notes)
}

fn tried(kept: Kept, at_commands: &[What], at_steps: &[What], whole: bool) {
    let begun = Instant::now();
    let Sound { commands, steps, .. } = sound(kept);
    let mut points = Cut::all(at_commands, *commands);
    points.extend(Cut::all(at_steps, *steps));
    each(&points, |cut| cut_off(kept, cut, whole));
    println!(
        "respond, {kept:?}: {commands} HSM commands x {}, {steps} steps on the medium x {}: {} points in {:.0?}",
        at_commands.len(),
        at_steps.len(),
        points.len(),
        begun.elapsed()
    );
}

/// How a run that was cut off may end.
pub(super) fn as_documented(run: &Run, cut: Cut) -> Checked<String> {
    let killed = matches!(cut.what, What::KilledBefore | What::KilledAfter | What::Ended);
    match run.code {
        -1 if killed => Ok("killed".to_owned()),
        0 if !killed => Ok("ended with 0".to_owned()),
        5 | 6 if !killed && run.says("hint:") => Ok(format!("ended with {}", run.code)),
        8 if cut.what == What::Full && run.says("hint:") => Ok("ended with 8".to_owned()),
        code => Err(format!("ended with {code}:\n{}", run.stderr)),
    }
}

#[test]
fn the_room_killed_at_every_command_makes_nothing_twice() {
    tried(Kept::Opaque, &[What::KilledBefore, What::KilledAfter], &[], false);
}

#[test]
#[ignore = "minutes: every point, with the rest of the ceremony"]
fn a_ceremony_whose_room_was_cut_off_anywhere_ends_verified() {
    tried(Kept::Opaque, AT_COMMANDS, &[What::Ended, What::Full], true);
}

#[test]
#[ignore = "minutes: every command, with the rest of the ceremony"]
fn a_private_key_whose_room_was_cut_off_anywhere_leaves_no_public_wrap_key() {
    tried(Kept::PrivateKey, AT_COMMANDS, &[], true);
}

#[test]
#[ignore = "minutes: every command, with the rest of the ceremony"]
fn a_symmetric_key_whose_room_was_cut_off_anywhere_leaves_no_public_wrap_key() {
    tried(Kept::SymmetricKey, AT_COMMANDS, &[], true);
}
