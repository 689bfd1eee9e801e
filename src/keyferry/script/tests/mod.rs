//! A script is one that can be carried out, says what the screen says, and keeps to its places in both formats.

mod machine;
mod pages;
mod steps;
mod walks;

use super::model::Step;
use super::{Given, Script};
use keyferry_bundle::kinds::{KeptAs, Operation, Pin};
use keyferry_bundle::{
    Custodian, Device, Digest, KeySpec, KeyUsage, Policy, Verified, WrappingAlgorithm,
};
use keyferry_ceremony::testing::{RECIPIENT, Story, digest_of, parse, signed};
use keyferry_ceremony::{Countersigned, device, draft};
use keyferry_console::Name;

/// A story's policy and device, accepted, and its plan as its officers see it.
struct Desk {
    story: Story,
    policy: Verified<Policy>,
    device: Verified<Device>,
    signers: &'static [&'static str],
    draft: bool,
    folder: &'static str,
    known: Vec<Name>,
}

impl Desk {
    fn of(mut story: Story) -> Self {
        story.relink();
        let policy = story.accept_policy().unwrap();
        let device = signed(&story.device, &["hsm", "wendy", "bob"]);
        let device = device::accept(&policy, &device, Countersigned::Required).unwrap();
        Self {
            story,
            policy,
            device,
            signers: &["alice", "bob"],
            draft: false,
            folder: "tests-1",
            known: vec![Name::Policy(1), Name::Device, Name::Plan],
        }
    }

    fn given(&self) -> Given<'_> {
        let bytes = signed(&self.story.plan, self.signers);
        let (_, seats) = draft::plan(&self.policy, &self.device, &bytes).unwrap();
        Given {
            policy: &self.policy,
            device: &self.device,
            plan: &self.story.plan,
            digest: digest_of(&self.story.plan),
            approval: seats.progress().remove(0),
            signers: seats.signers().into_iter().cloned().collect(),
            draft: self.draft,
            folder: self.folder.to_owned(),
            known: self.known.clone(),
            room: "memory".into(),
        }
    }

    fn script(&self) -> Script {
        self.given().script()
    }
}

/// Another target of a kind, with an object id of its own.
fn add(story: &mut Story, number: u8, spec: KeySpec, kept_as: KeptAs) {
    let mut target = story.plan.targets[0].clone();
    target.name = parse(&format!("key-{number}"));
    target.label = parse(&format!("key-{number}"));
    target.object_id = parse(&format!("0x0c{number:02x}"));
    target.key = parse(&format!(
        "arn:aws:kms:eu-central-1:111122223333:key/{number:08}-12ab-34cd-56ef-1234567890ab"
    ));
    (target.key_spec, target.kept_as) = (spec, kept_as);
    if kept_as == KeptAs::AsymmetricKey {
        target.key_usage = KeyUsage::SignVerify;
        target.wrapping_algorithm = WrappingAlgorithm::RsaAesKeyWrapSha256;
    }
    story.plan.targets.push(target);
}

/// Keys of every kind, two custodians, and quorums of two.
fn rich() -> Story {
    let mut story = Story::sound();
    story.policy.allowed.key_specs = KeySpec::ALL.to_vec();
    let custodian = |holder| Custodian { holder: parse(holder), recipient: parse(RECIPIENT) };
    story.policy.custodians = vec![custodian("carla")];
    story.plan.custodians = vec![parse("carla")];
    add(&mut story, 1, KeySpec::EccNistP256, KeptAs::AsymmetricKey);
    add(&mut story, 2, KeySpec::SymmetricDefault, KeptAs::SymmetricKey);
    add(&mut story, 3, KeySpec::Rsa4096, KeptAs::AsymmetricKey);
    // Alice works on the bastion too, so that the two operators are two people.
    let alice = story.policy.roles.ceremony_officer.keys[0].clone();
    story.policy.roles.online_operator.keys.push(alice);
    story.policy.roles.online_operator.threshold = 2;
    story.policy.roles.witness.threshold = 2;
    story
}

/// What a ceremony is that fetches a second time.
fn again() -> Desk {
    let mut desk = Desk::of(rich());
    desk.known.push(Name::Request(1));
    desk.known.push(Name::Response(1));
    let backups = desk.given().backups();
    desk.known.extend(backups);
    desk.known.sort();
    desk
}

/// Key material that is imported again, without anything made.
fn reimported() -> Story {
    let mut story = rich();
    story.plan.operation = Operation::Reimport;
    for target in &mut story.plan.targets {
        let of = target.object_id.to_string();
        target.material = Some(Pin {
            response: Digest::of(b"response"),
            check_value: Digest::of(of.as_bytes()),
            key_material_id: None,
        });
    }
    story
}

/// More targets than have a step each, two of them with one key material.
fn many() -> Story {
    let mut story = rich();
    for number in 10..40 {
        add(&mut story, number, KeySpec::SymmetricDefault, KeptAs::Opaque);
    }
    let mut replica = story.plan.targets[0].clone();
    replica.name = parse("replica");
    replica.key =
        parse("arn:aws:kms:eu-central-1:111122223333:key/99999999-12ab-34cd-56ef-1234567890ab");
    story.plan.targets.push(replica);
    story
}

/// New key material for a key that has some.
fn rotated() -> Story {
    let mut story = Story::sound();
    story.plan.operation = Operation::Rotate;
    let target = &mut story.plan.targets[0];
    target.generation = 2;
    target.earlier = vec![Pin {
        response: Digest::of(b"response"),
        check_value: Digest::of(b"first"),
        key_material_id: None,
    }];
    story
}

fn desks() -> Vec<Desk> {
    let mut later = Story::sound();
    (later.plan.counter, later.plan.previous) = (7, Some(Digest::of(b"six")));
    let mut unapproved = Desk::of(rich());
    (unapproved.signers, unapproved.draft) = (&["bob"], true);
    let others = [reimported(), many(), rotated()].map(Desk::of);
    let desks = vec![Desk::of(Story::sound()), Desk::of(rich()), Desk::of(later)];
    desks.into_iter().chain([unapproved, again()]).chain(others).collect()
}

fn all_steps(script: &Script) -> Vec<&Step> {
    script.steps().map(|(_, step)| step).collect()
}
