//! One key material in several Regions, and its rotation.

use super::*;
use keyferry_bundle::KeyMaterialId;
use keyferry_bundle::kinds::{Operation, Pin};
use std::time::Duration;

const THERE: [&str; 2] = ["eu-west-1", "us-east-1"];

/// The plan is for this key too, which gets the same key material.
pub(super) fn also_for(story: &mut Story, arn: &str) {
    let mut target = story.plan.targets[0].clone();
    target.key = parse(arn);
    target.name = parse(&format!("{}-{}", target.name, target.key.region));
    story.plan.targets.push(target);
}

/// How often the service carried out an operation.
fn done(bastion: &Bastion, operation: &str) -> u64 {
    bastion.asked("calls")["done"][operation].as_u64().unwrap_or(0)
}

impl Bastion {
    /// A multi-Region key with its replicas.
    fn replicated() -> Self {
        Self::replicated_to(&THERE)
    }

    fn replicated_to(there: &[&str]) -> Self {
        let mut story = Story::sound();
        story.plan.targets[0].multi_region = true;
        story.policy.allowed.regions.extend(THERE.map(parse));
        let replicas = there.iter().flat_map(|region| ["--replica-region", region]);
        Self::with(story, &std::iter::once("--multi-region").chain(replicas).collect::<Vec<_>>())
    }

    /// The next ceremony: a rotation of what the last one imported.
    fn rotating(self) -> Self {
        let id = self.receipt().targets[0].key_material_id.clone();
        let mut story = self.world.story.clone();
        let check_value = story.response.targets[0].check_value;
        let pin = Pin { response: digest_of(&story.response), check_value, key_material_id: id };
        (story.plan.counter, story.plan.previous) = (2, Some(digest_of(&story.plan)));
        story.plan.operation = Operation::Rotate;
        for target in &mut story.plan.targets {
            target.generation = 2;
            target.earlier = vec![pin.clone()];
        }
        story.response.targets[0].check_value = Digest::of(b"second check");
        (story.backup.generation, story.backup.check_value) = (2, Digest::of(b"second check"));
        story.relink();
        Self { world: World::new(story), ..self }
    }

    /// Starts an import and kills it once it waits for the answer to that call; false where it ended before.
    fn killed_at(&self, call: u64, kind: &str) -> bool {
        self.control("fault", &format!(r#"{{"call":{call},"kind":"{kind}"}}"#));
        let paths =
            [self.world.path("ceremony"), self.world.path("trust"), self.world.identity("oscar")];
        let [folder, trust, identity] = paths.each_ref().map(|path| path.to_str().unwrap());
        let arguments = ["import", folder, "--trust", trust, "--identity", identity];
        let mut child = start(&self.service.url(), &arguments, &[], &[PASSPHRASE, "tests-1"]);
        loop {
            if self.asked("calls")["hanging"] == true {
                child.kill().unwrap();
                child.wait().unwrap();
                while self.asked("calls")["hanging"] == true {
                    std::thread::sleep(Duration::from_millis(5));
                }
                return true;
            }
            if let Some(status) = child.try_wait().unwrap() {
                assert!(status.success(), "{call} {kind}");
                return false;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn asked(&self, what: &str) -> Value {
        let url = self.service.url();
        let host = url.trim_start_matches("http://");
        let mut stream = TcpStream::connect(host).unwrap();
        write!(stream, "GET /virtual/{what} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")
            .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap()
    }

    /// What every target's receipt entry says of generations; all say the same.
    fn generations(&self) -> Vec<KeyMaterialId> {
        let receipt = self.receipt();
        let first = receipt.targets[0].generations.clone();
        assert!(receipt.targets.iter().all(|target| target.generations == first));
        assert!(receipt.targets.iter().all(|target| target.proof.is_some()));
        first
    }
}

#[test]
fn one_key_material_comes_into_three_regions_and_is_rotated_in_all() {
    let bastion = Bastion::replicated();
    let shown = bastion.run(&["status", "--json"]).json();
    let states: Vec<&Value> =
        shown["keys"].as_array().unwrap().iter().map(|key| &key["state"]).collect();
    assert_eq!(states, ["PendingImport"; 3]);
    let bastion = bastion.fetched().answered(&[7; 32]);
    bastion.run(&["import"]).ended(0, "Receipt, signed by oscar");
    let receipt = bastion.receipt();
    let first = receipt.targets[0].key_material_id.clone().unwrap();
    assert_eq!(receipt.targets.len(), 3);
    assert!(receipt.targets.iter().all(|target| target.key_material_id.as_ref() == Some(&first)));
    let proved = bastion.run(&["prove", "--json"]).ended(0, "").json();
    assert_eq!(proved["targets"].as_array().unwrap().len(), 3);

    let bastion = bastion.rotating().fetched().answered(&[8; 32]);
    bastion.run(&["import"]).ended(0, "Rotating");
    let generations = bastion.generations();
    assert_eq!((generations.len(), &generations[0]), (2, &first));
    assert_eq!((done(&bastion, "ImportKeyMaterial"), done(&bastion, "RotateKeyOnDemand")), (6, 1));
    bastion.run(&["prove"]).ended(0, "");
}

#[test]
fn lost_answers_are_looked_up_in_every_region() {
    let bastion = Bastion::replicated().fetched().answered(&[7; 32]);
    bastion.fault("ImportKeyMaterial", "lose-answer", 3);
    bastion.run(&["import"]).ended(0, "looking at the key");
    let outcomes: Vec<Outcome> =
        bastion.receipt().targets.iter().map(|target| target.outcome).collect();
    assert_eq!(outcomes, [Outcome::Confirmed; 3]);
    let bastion = bastion.rotating().fetched().answered(&[8; 32]);
    bastion.fault("ImportKeyMaterial", "lose-answer", 3);
    bastion.fault("RotateKeyOnDemand", "lose-answer", 1);
    bastion.run(&["import"]).ended(0, "looking at the key");
    assert_eq!(bastion.generations().len(), 2);
    assert_eq!((done(&bastion, "ImportKeyMaterial"), done(&bastion, "RotateKeyOnDemand")), (6, 1));
}

#[test]
fn a_replica_whose_answer_is_lost_is_not_made_again() {
    let bastion = Bastion::new();
    bastion.fault("ReplicateKey", "throttle", 1);
    bastion.fault("ReplicateKey", "lose-answer", 2);
    let first = ["create-key", "--alias", "lost", "--multi-region", "--replica-region"];
    let more = ["eu-west-1", "--replica-region", "us-east-1", "--json"];
    let made = program(&bastion.service.url(), &[&first[..], &more].concat(), &[]);
    let made = made.ended(0, "looking whether the replica is there").json();
    assert_eq!(made["arns"].as_array().unwrap().len(), 3);
    assert_eq!(done(&bastion, "ReplicateKey"), 2);
}

/// Killed at whichever call of a rotation in two Regions: what took effect is not done again, and the rest is.
#[test]
fn a_rotation_that_is_killed_anywhere_is_finished_and_nothing_is_done_twice() {
    for kind in ["hang-before", "hang-after"] {
        for call in 1.. {
            let bastion = Bastion::replicated_to(&THERE[..1]).fetched().answered(&[7; 32]);
            bastion.run(&["import"]).ended(0, "Receipt");
            let bastion = bastion.rotating().fetched().answered(&[8; 32]);
            let killed = bastion.killed_at(call, kind);
            if killed {
                let begun = bastion.world.names().contains(&"journal-1.json".to_owned());
                let again = if begun { ["resume"] } else { ["import"] };
                bastion.run(&again).ended(0, "Receipt, signed by oscar");
            }
            assert_eq!(bastion.generations().len(), 2, "{call} {kind}");
            let uploads = done(&bastion, "ImportKeyMaterial");
            let rotations = done(&bastion, "RotateKeyOnDemand");
            assert_eq!((uploads, rotations), (4, 1), "{call} {kind}");
            assert!(!bastion.world.names().contains(&"journal-1.json".to_owned()));
            if !killed {
                assert!(call > 10, "only {call} calls");
                break;
            }
        }
    }
}
