//! What bastion and room add to a plan, up to the receipt, without a bastion and a room.

use super::{Desk, unsigned};
use keyferry_bundle::kinds::{
    Made, Operation, ReceiptTarget, RequestTarget, ResponseTarget, Target,
};
use keyferry_bundle::{Digest, Envelope, KeyMaterialId, KeySpec, Plan};
use keyferry_ceremony::testing::{self, Story, parse};

/// The check value of what an object holds.
pub(crate) fn check_value(target: &Target) -> Digest {
    match &target.material {
        Some(pin) => pin.check_value,
        None => Digest::of(target.object_id.to_string().as_bytes()),
    }
}

/// KMS's id of it: of one key and its replicas.
pub(crate) fn material_id(target: &Target) -> KeyMaterialId {
    let of = format!("{} in {}", check_value(target), target.key.key_id);
    parse(&Digest::of(of.as_bytes()).to_string())
}

impl Desk {
    /// The plan of a ceremony.
    pub(crate) fn plan_of(&self, folder: &str) -> Plan {
        let bytes = self.read(&format!("{folder}/plan.json"));
        let envelope = Envelope::decode_canonical(&bytes).unwrap();
        serde_json::from_slice(envelope.untrusted_payload()).unwrap()
    }

    /// Has the officers sign a plan, and adds request, response and receipt of symmetric keys.
    pub(crate) fn hold(&self, folder: &str) {
        let plan = self.plan_of(folder);
        let path = |name: &str| format!("{folder}/{name}");
        for name in ["alice", "bob"] {
            self.sign(&path("plan.json"), name, plan.ceremony.as_str()).done();
        }
        let mut story = Story::sound();
        let digest = self.digest(&path("plan.json"));
        let asked = story.request.targets.remove(0);
        story.request.plan = digest;
        story.request.targets = plan.targets.iter().map(|target| request(&asked, target)).collect();
        self.write(&path("request-1.json"), &unsigned(&story.request));
        self.sign(&path("request-1.json"), "oscar", "request").done();
        let made = match plan.operation {
            Operation::Import | Operation::Rotate => Made::Generated,
            Operation::Reimport => Made::Kept,
        };
        let brought = story.response.targets.remove(0);
        (story.response.plan, story.response.device) = (digest, plan.device);
        story.response.request = testing::digest_of(&story.request);
        story.response.targets = plan
            .targets
            .iter()
            .map(|target| ResponseTarget { made, ..response(&brought, target) })
            .collect();
        self.write(&path("response-1.json"), &testing::signed(&story.response, &["hsm"]));
        self.sign(&path("response-1.json"), "wendy", "response").done();
        let answered = story.receipt.targets.remove(0);
        story.receipt.targets =
            plan.targets.iter().map(|target| receipt(&answered, target)).collect();
        story.relink_receipt();
        self.write(&path("receipt-1.json"), &unsigned(&story.receipt));
        self.sign(&path("receipt-1.json"), "oscar", "receipt").done();
    }
}

fn token(target: &Target) -> Digest {
    Digest::of(target.key.to_string().as_bytes())
}

fn request(like: &RequestTarget, target: &Target) -> RequestTarget {
    RequestTarget {
        name: target.name.clone(),
        key: target.key.clone(),
        import_token_sha256: token(target),
        ..like.clone()
    }
}

fn response(like: &ResponseTarget, target: &Target) -> ResponseTarget {
    ResponseTarget {
        name: target.name.clone(),
        key: target.key.clone(),
        object_id: target.object_id,
        import_token_sha256: token(target),
        check_value: check_value(target),
        backup: Digest::of(format!("backup of {}", target.object_id).as_bytes()),
        ..like.clone()
    }
}

fn receipt(like: &ReceiptTarget, target: &Target) -> ReceiptTarget {
    let id = (target.key_spec == KeySpec::SymmetricDefault).then(|| material_id(target));
    let generations = target.earlier.iter().map(|pin| pin.key_material_id.clone());
    let generations = generations.chain([id.clone()]).flatten();
    ReceiptTarget {
        name: target.name.clone(),
        key: target.key.clone(),
        expiration: target.expiration,
        generations: if target.earlier.is_empty() { vec![] } else { generations.collect() },
        key_material_id: id,
        ..like.clone()
    }
}
