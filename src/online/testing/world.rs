//! The story's ceremony as an operator finds it on the bastion: a trust folder, an identity, and a ceremony's folder.

use keyferry_bundle::kinds::AttestationChain;
use keyferry_bundle::{Base64, Digest, KeySpec, KeyUsage};
use keyferry_ceremony::testing::{Story, digest_of, person, signed};
use keyferry_ceremony::wrapping;
use keyferry_console::args::{CeremonyArgs, TrustArg};
use keyferry_console::trust::Trust;
use pkcs8::EncodePrivateKey as _;
use std::io::Write as _;
use std::path::PathBuf;

pub(crate) const PASSPHRASE: &str = "a passphrase for tests";

/// Folders that go when it goes.
pub(crate) struct World {
    pub(crate) story: Story,
    folder: tempfile::TempDir,
}

impl World {
    /// Policy pinned; device and plan in the folder.
    pub(crate) fn new(story: Story) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let world = Self { story, folder };
        std::fs::create_dir(world.path("ceremony")).unwrap();
        let policy = signed(&world.story.policy, &["alice", "bob"]);
        let digest = digest_of(&world.story.policy);
        Trust::pin(&world.path("trust"), &policy, digest, 1).unwrap();
        world.put("policy-v1.json", &policy);
        world.put("device.json", &signed(&world.story.device, &["hsm", "wendy"]));
        world.put("plan.json", &signed(&world.story.plan, &["alice", "bob"]));
        world
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn ceremony(&self) -> CeremonyArgs {
        let trust = TrustArg { trust: Some(self.path("trust")) };
        CeremonyArgs { folder: self.path("ceremony"), trust }
    }

    /// Puts a file into the ceremony's folder, over another if need be.
    pub(crate) fn put(&self, name: &str, bytes: &[u8]) {
        std::fs::write(self.path("ceremony").join(name), bytes).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path("ceremony").join(name)).unwrap()
    }

    /// Everything in the ceremony's folder, hidden files included.
    pub(crate) fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.path("ceremony")).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// An identity file, cheap to open.
    pub(crate) fn identity(&self, name: &str) -> PathBuf {
        let der = person(name).to_pkcs8_der().unwrap();
        let mut recipient = age::scrypt::Recipient::new(PASSPHRASE.to_owned().into());
        recipient.set_work_factor(2);
        let recipients = std::iter::once(&recipient as &dyn age::Recipient);
        let mut bytes = Vec::new();
        let sealed = age::Encryptor::with_recipients(recipients).unwrap();
        let mut writer = sealed.wrap_output(&mut bytes).unwrap();
        writer.write_all(der.as_bytes()).unwrap();
        writer.finish().unwrap();
        let path = self.path(&format!("{name}.identity"));
        std::fs::write(&path, bytes).unwrap();
        path
    }
}

/// A story about a key of another spec: a private key with this public half, or an HMAC key whose known answer is this MAC.
pub(crate) fn story_of(
    spec: KeySpec,
    usage: KeyUsage,
    public_key: Option<&[u8]>,
    known_answer: Option<&[u8]>,
) -> Story {
    let held = |bytes: &[u8]| Base64::new(bytes).unwrap();
    let mut story = Story::sound();
    story.policy.allowed.key_specs = KeySpec::ALL.to_vec();
    let planned = &mut story.plan.targets[0];
    (planned.key_spec, planned.key_usage) = (spec, usage);
    planned.kept_as = wrapping::usually_kept(spec);
    planned.wrapping_algorithm = wrapping::usual(spec);
    story.request.targets[0].wrapping_algorithm = planned.wrapping_algorithm;
    story.receipt.targets[0].proof = None;
    let answered = &mut story.response.targets[0];
    (answered.key_spec, answered.wrapping_algorithm) = (spec, planned.wrapping_algorithm);
    answered.public_key = public_key.map(held);
    answered.known_answer = known_answer.map(Digest::of);
    if let Some(key) = public_key {
        answered.check_value = Digest::of(key);
        story.backup.check_value = answered.check_value;
        answered.encrypted_key_material = held(&[1; 256 + 40]);
        // The policy lists no root: nobody looks at it.
        let certificate = held(b"not looked at");
        let issuers = vec![certificate.clone()];
        answered.attestation = Some(AttestationChain { certificate, issuers });
    }
    story.relink();
    story
}
