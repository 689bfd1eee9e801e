//! The bastion's program, cut off.

use super::medium::steps;
use super::room::as_documented;
use super::scenario::{Checked, Scenario, ended, typed};
use super::{Cut, What, each};
use keyferry_tests::Run;
use std::collections::BTreeSet;
use std::sync::OnceLock;
use std::time::Instant;

const AT_CALLS: &[What] =
    &[What::KilledBefore, What::KilledAfter, What::Unanswered, What::Throttled, What::Failing];

/// What is cut off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Program {
    Fetch,
    Import,
}

/// What a run that nothing happened to does.
struct Sound {
    calls: u64,
    steps: u64,
    inventory: BTreeSet<(u64, u64)>,
    open: BTreeSet<String>,
}

impl Program {
    /// The ceremony just before it.
    fn before(self) -> Scenario {
        match self {
            Self::Fetch => Scenario::unasked(),
            Self::Import => Scenario::answered(),
        }
    }

    fn run(self, scenario: &Scenario, cut: Option<Cut>, go_on: bool) -> Checked<Run> {
        let (mut command, answers) = match (self, go_on) {
            (Self::Fetch, _) => scenario.fetch(),
            (Self::Import, false) => scenario.import(&[]),
            (Self::Import, true) => scenario.import(&["--resume"]),
        };
        let run = match cut {
            Some(cut) => cut.run(&mut command, &typed(&answers), None, Some(&scenario.kms)),
            None => Run::of(command.env("KEYFERRY_TEST_CUT_AT", "0"), &typed(&answers)),
        };
        run.map_err(|error| error.to_string())
    }

    /// What the program says to do next.
    fn go_on(self, scenario: &Scenario, cut_off: &Run) -> Checked {
        match self {
            Self::Fetch => go_on_fetching(scenario),
            Self::Import => go_on_importing(scenario, cut_off),
        }
    }

    fn rest(self, scenario: &Scenario) -> Checked<BTreeSet<String>> {
        match self {
            Self::Fetch => scenario.answer_and_import(),
            Self::Import => scenario.audit(),
        }
    }

    fn sound(self) -> &'static Sound {
        static SOUND: [OnceLock<Sound>; 2] = [OnceLock::new(), OnceLock::new()];
        SOUND[self as usize].get_or_init(|| {
            let scenario = self.before();
            let run = ended(self.run(&scenario, None, false).unwrap(), 0).unwrap();
            let (calls, steps) = (scenario.calls(), steps(&run));
            let open = self.rest(&scenario).unwrap();
            let inventory = scenario.inventory();
            scenario.check(&inventory).unwrap();
            Sound { calls, steps, inventory, open }
        })
    }

    /// Cuts it off at a point and has it go on, to the end of the ceremony.
    fn cut_off(self, cut: Cut) -> Checked<Vec<String>> {
        let scenario = self.before();
        let run = self.run(&scenario, Some(cut), false)?;
        let mut notes = vec![as_documented(&run, cut)?];
        if run.code != 0 {
            self.go_on(&scenario, &run)?;
        }
        let open = self.rest(&scenario)?;
        scenario.check(&self.sound().inventory)?;
        notes.extend(open.difference(&self.sound().open).map(|id| format!("{id} stands open")));
        Ok(notes)
    }

    fn tried(self, at_calls: &[What], at_steps: &[What]) {
        let begun = Instant::now();
        let Sound { calls, steps, .. } = self.sound();
        let mut points = Cut::all(at_calls, *calls);
        points.extend(Cut::all(at_steps, *steps));
        each(&points, |cut| self.cut_off(cut));
        println!(
            "{self:?}: {calls} calls of KMS x {}, {steps} steps on the medium x {}: {} points in {:.0?}",
            at_calls.len(),
            at_steps.len(),
            points.len(),
            begun.elapsed()
        );
    }
}

/// Nothing where the request is there. A token without its request is in the way, and the program says to remove it.
fn go_on_fetching(scenario: &Scenario) -> Checked {
    let token = "import-token-1-payments.bin";
    let is_there = |name: &str| scenario.scene.file("bastion", name).exists();
    if is_there("request-1.json") {
        return Ok(());
    }
    if is_there(token) {
        let run = ended(Program::Fetch.run(scenario, None, true)?, 8)?;
        if !run.says(&format!("remove {token}, then fetch again")) {
            return Err(run.stderr);
        }
        std::fs::remove_file(scenario.scene.file("bastion", token)).map_err(|e| e.to_string())?;
    }
    ended(Program::Fetch.run(scenario, None, true)?, 0).map(drop)
}

/// A receipt that could not be written is on stdout, to be saved. Otherwise the import is resumed.
fn go_on_importing(scenario: &Scenario, cut_off: &Run) -> Checked {
    if cut_off.says("save that one line from stdout") {
        let receipt = scenario.scene.file("bastion", "receipt-1.json");
        return std::fs::write(receipt, &cut_off.stdout).map_err(|error| error.to_string());
    }
    let run = Program::Import.run(scenario, None, true)?;
    if run.code == 8 && run.says("was imported already") { Ok(()) } else { ended(run, 0).map(drop) }
}

#[test]
fn an_import_that_was_killed_at_any_call_is_finished() {
    Program::Import.tried(&[What::KilledBefore, What::KilledAfter], &[]);
}

#[test]
#[ignore = "minutes: every point"]
fn an_import_that_was_cut_off_anywhere_ends_verified() {
    Program::Import.tried(AT_CALLS, &[What::Ended, What::Full]);
}

#[test]
#[ignore = "minutes: every point, with the rest of the ceremony"]
fn a_fetch_that_was_cut_off_anywhere_ends_verified() {
    Program::Fetch.tried(AT_CALLS, &[What::Ended, What::Full]);
}
