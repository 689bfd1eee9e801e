//! Setting an HSM up, cut off.

use super::medium::steps;
use super::room::{AT_COMMANDS, as_documented};
use super::scenario::{Checked, ended, inventory, tally};
use super::{Cut, What, each};
use keyferry_tests::{Run, Scene, Service, passphrase, rehearsed};
use std::collections::BTreeSet;
use std::process::Command;
use std::sync::OnceLock;
use std::time::Instant;

const SERIAL: &str = "12345678";
const PASSWORD: &str = "rehearsal password of hsm-1";
const OTHER: &str = "another long password";
/// The factory's authentication key.
const FACTORY: (u64, u64) = (2, 1);
/// GENERATE ASYMMETRIC KEY and GENERATE WRAP KEY, each of its object.
const GENERATED: [&str; 2] = ["46:0100", "5b:0200"];

/// A factory-new HSM in a room without memory.
struct Scenario {
    scene: Scene,
    hsm: Service,
}

impl Scenario {
    fn new() -> Self {
        let scene = Scene::new().unwrap();
        let state = scene.backstage("new-hsm.json").display().to_string();
        let program = rehearsed().programs.path("keyferry-virtual-hsm");
        let hsm = Service::start(&program, &["--state", &state, "--serial", SERIAL]).unwrap();
        std::fs::create_dir(scene.machine("room").join("new")).unwrap();
        let policy = scene.machine("room").join("policy-v1.json");
        std::fs::copy(policy, scene.machine("room").join("new/policy-v1.json")).unwrap();
        Self { scene, hsm }
    }

    fn inventory(&self) -> BTreeSet<(u64, u64)> {
        inventory(&self.scene.backstage("new-hsm.json"))
    }

    /// The command, and what is typed.
    fn init(&self) -> (Command, Vec<&'static str>) {
        let mut arguments = vec!["init", "--hsm", &self.hsm.url, "--allow-network"];
        arguments.extend(["--serial", SERIAL, "--name", "hsm-1"]);
        arguments.extend(["--out", "new/device.json", "--room", "new-memory"]);
        if !self.scene.machine("room").join("new-memory/ledger-12345678.json").exists() {
            arguments.push("--new-room");
        }
        let new =
            !self.scene.backstage("new-hsm.json").exists() || self.inventory().contains(&FACTORY);
        let typed = if new { vec![SERIAL, PASSWORD, OTHER, OTHER, OTHER] } else { vec![PASSWORD] };
        (self.scene.command("room", "keyferry-offline", &arguments), typed)
    }

    /// The same command again, unless the device bundle is there.
    fn go_on(&self) -> Checked {
        if self.scene.machine("room").join("new/device.json").exists() {
            return Ok(());
        }
        let (mut command, typed) = self.init();
        ended(Run::of(&mut command, &typed).map_err(|error| error.to_string())?, 0).map(drop)
    }

    /// A witness signs, and an auditor looks.
    fn check(&self, wanted: &BTreeSet<(u64, u64)>) -> Checked {
        let sign = ["sign", "new/device.json", "--identity", "wendy.identity"];
        let run = |arguments: &[&str], typed: &[&str]| {
            let run = self.scene.run("room", "keyferry", arguments, typed);
            ended(run.map_err(|error| error.to_string())?, 0)
        };
        run(&sign, &[&passphrase("wendy"), "hsm-1"])?;
        run(&["verify", "new"], &[])?;
        let now = self.inventory();
        if now != *wanted {
            return Err(format!("the HSM holds {now:x?}, not {wanted:x?}"));
        }
        let done = &tally(&self.hsm, "/virtual/faults")["done"];
        match GENERATED.iter().find(|made| done[**made] != 1) {
            None => Ok(()),
            Some(made) => Err(format!("{made} {} times", done[*made])),
        }
    }
}

/// What a run that nothing happened to does.
struct Sound {
    commands: u64,
    steps: u64,
    inventory: BTreeSet<(u64, u64)>,
}

fn sound() -> &'static Sound {
    static SOUND: OnceLock<Sound> = OnceLock::new();
    SOUND.get_or_init(|| {
        let scenario = Scenario::new();
        let (mut command, typed) = scenario.init();
        command.env("KEYFERRY_TEST_CUT_AT", "0");
        let run = ended(Run::of(&mut command, &typed).unwrap(), 0).unwrap();
        let commands = tally(&scenario.hsm, "/virtual/faults")["commands"].as_u64().unwrap();
        let inventory = scenario.inventory();
        scenario.check(&inventory).unwrap();
        Sound { commands, steps: steps(&run), inventory }
    })
}

fn cut_off(cut: Cut) -> Checked<Vec<String>> {
    let scenario = Scenario::new();
    let (mut command, typed) = scenario.init();
    let run = cut.run(&mut command, &typed, Some(&scenario.hsm), None);
    let note = as_documented(&run.map_err(|error| error.to_string())?, cut)?;
    scenario.go_on()?;
    scenario.check(&sound().inventory)?;
    Ok(vec![note])
}

#[test]
#[ignore = "minutes: every point"]
fn an_hsm_whose_setting_up_was_cut_off_anywhere_is_set_up_once() {
    let begun = Instant::now();
    let mut points = Cut::all(AT_COMMANDS, sound().commands);
    points.extend(Cut::all(&[What::Ended, What::Full], sound().steps));
    each(&points, cut_off);
    println!(
        "init: {} HSM commands x {}, {} steps on the medium x 2: {} points in {:.0?}",
        sound().commands,
        AT_COMMANDS.len(),
        sound().steps,
        points.len(),
        begun.elapsed()
    );
}
