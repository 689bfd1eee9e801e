//! What the commands' tests share: a world on disk, a clock that takes no time, and a KMS that follows a script.

mod ec2_script;
mod elsewhere;
mod private_key;
mod script;
mod world;

pub(crate) use ec2_script::{Ec2Script, Ec2Step};
pub(crate) use elsewhere::Elsewhere;
pub(crate) use private_key::PrivateKey;
pub(crate) use script::{Script, Seen, Step};
pub(crate) use world::{PASSPHRASE, World};

use crate::clock::Clock;
use crate::desk::Desk;
use crate::kms::{CallError, KeyDescription, KeyState, Session};
use keyferry_bundle::{KeyArn, KeyMaterialId, Timestamp};
use keyferry_ceremony::testing::{Story, parse, signed, time};
use keyferry_console::{Failure, Person, Screen};
use std::cell::Cell;
use std::io::Write as _;
use std::os::fd::AsRawFd as _;
use std::time::Duration;

/// Between the story's request and the end of its parameters.
pub(crate) const NOW: &str = "2026-11-04T03:00:00Z";

pub(crate) fn session() -> Session {
    Session {
        partition: parse("aws"),
        account: parse("111122223333"),
        caller: "arn:aws:iam::111122223333:user/oscar".to_owned(),
        region: parse("eu-central-1"),
        endpoint: parse("aws-default"),
    }
}

impl World {
    /// And the request with its token.
    pub(crate) fn fetched(story: Story) -> Self {
        let world = Self::new(story);
        world.put("request-1.json", &signed(&world.story.request, &["oscar"]));
        world.put("import-token-1-payments.bin", b"token");
        world
    }

    /// And the response with its backup.
    pub(crate) fn answered(story: Story) -> Self {
        let world = Self::fetched(story);
        world.put("response-1.json", &signed(&world.story.response, &["hsm", "wendy"]));
        world.put("backup-payments.json", &signed(&world.story.backup, &["hsm"]));
        world
    }
}

/// The first target's key in a state.
pub(crate) fn key(world: &World, state: KeyState) -> KeyDescription {
    let target = &world.story.plan.targets[0];
    let imported = state == KeyState::Enabled;
    KeyDescription {
        key: target.key.clone(),
        state,
        origin: "EXTERNAL".to_owned(),
        key_spec: target.key_spec.to_string(),
        key_usage: target.key_usage.to_string(),
        multi_region: target.multi_region,
        expiration: imported.then_some(target.expiration),
        key_material_id: None,
        regions: None,
    }
}

pub(crate) fn material_id() -> KeyMaterialId {
    parse(&"ab".repeat(32))
}

/// KMS says no.
pub(crate) fn refused(code: &str) -> CallError {
    CallError::Refused { code: code.to_owned(), message: "a message".to_owned() }
}

/// A symmetric key at work: what it encrypts, it decrypts.
pub(crate) fn round_trip(key: &KeyArn) -> [Step; 2] {
    let turned = |bytes: &[u8]| Ok(bytes.iter().map(|byte| !byte).collect());
    [Step::Encrypt(key.clone(), Box::new(turned)), Step::Decrypt(key.clone(), Box::new(turned))]
}

/// A clock that jumps when it is waited on.
#[derive(Debug)]
pub(crate) struct Jumping(Cell<i64>);

impl Jumping {
    pub(crate) fn at(text: &str) -> Self {
        Self(Cell::new(time(text).unix_seconds()))
    }
}

impl Clock for Jumping {
    fn now(&self) -> Result<Timestamp, Failure> {
        Timestamp::from_unix_seconds(self.0.get()).map_err(Failure::bug)
    }

    fn wait(&self, time: Duration) {
        self.0.set(self.0.get() + i64::try_from(time.as_secs()).unwrap());
    }
}

/// Runs a command at `time` with the operator's passphrase and the ceremony's name as answers.
pub(crate) fn at_the_desk(
    time: &str,
    run: impl FnOnce(Desk<'_>) -> Result<(), Failure>,
) -> Result<(), Failure> {
    at_the_desk_typing(time, &[PASSPHRASE, "tests-1"], run)
}

/// Runs a command at `time` with those lines as answers.
pub(crate) fn at_the_desk_typing(
    time: &str,
    lines: &[&str],
    run: impl FnOnce(Desk<'_>) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut answers = tempfile::tempfile().unwrap();
    writeln!(answers, "{}", lines.join("\n")).unwrap();
    let person = Person::answers(answers.as_raw_fd().try_into().unwrap()).unwrap();
    run(Desk { screen: &Screen::new(false), person: &person, clock: &Jumping::at(time) })
}
