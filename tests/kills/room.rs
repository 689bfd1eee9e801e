//! The room's program, cut off.

use super::medium::steps;
use super::scenario::{Checked, ended};
use super::{Cut, Scenario, What, each};
use keyferry_tests::Run;
use std::collections::BTreeSet;
use std::sync::OnceLock;
use std::time::Instant;

const AT_COMMANDS: &[What] = &[
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

fn sound() -> &'static Sound {
    static SOUND: OnceLock<Sound> = OnceLock::new();
    SOUND.get_or_init(|| {
        let scenario = Scenario::unanswered();
        let (mut command, answers) = scenario.respond();
        command.env("KEYFERRY_TEST_CUT_AT", "0");
        let run = ended(Run::of(&mut command, &answers).unwrap(), 0).unwrap();
        let (commands, steps) = (scenario.commands(), steps(&run));
        let inventory = scenario.inventory();
        let open = scenario.countersign_and_import().unwrap();
        assert_eq!(scenario.check(&inventory).unwrap(), None);
        Sound { commands, steps, inventory, open }
    })
}

/// Cuts the room off at a point and has it go on; `whole` is the rest of the ceremony too.
fn cut_off(cut: Cut, whole: bool) -> Checked<Vec<String>> {
    let scenario = Scenario::unanswered();
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
    if !whole {
        return if scenario.inventory() == sound().inventory {
            Ok(notes)
        } else {
            Err("the HSM holds other objects".to_owned())
        };
    }
    let open = scenario.countersign_and_import()?;
    notes.extend(scenario.check(&sound().inventory)?);
    notes.extend(open.difference(&sound().open).map(|id| format!("{id} stands open")));
    Ok(notes)
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
fn the_room_cut_off_at_every_command_makes_nothing_twice() {
    let begun = Instant::now();
    let points = Cut::all(&[What::KilledBefore, What::KilledAfter], sound().commands);
    each(&points, |cut| cut_off(cut, false));
    println!(
        "respond: {} HSM commands x 2: {} points in {:.0?}",
        sound().commands,
        points.len(),
        begun.elapsed()
    );
}

#[test]
#[ignore = "minutes: every point, with the rest of the ceremony"]
fn a_ceremony_whose_room_was_cut_off_anywhere_ends_verified() {
    let begun = Instant::now();
    let mut points = Cut::all(AT_COMMANDS, sound().commands);
    points.extend(Cut::all(&[What::Ended, What::Full], sound().steps));
    each(&points, |cut| cut_off(cut, true));
    println!(
        "respond: {} HSM commands x {}, {} steps on the medium x 2: {} points in {:.0?}",
        sound().commands,
        AT_COMMANDS.len(),
        sound().steps,
        points.len(),
        begun.elapsed()
    );
}
