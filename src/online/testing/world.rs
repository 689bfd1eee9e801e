//! The story's ceremony as an operator finds it on the bastion: a trust folder, an identity, and a ceremony's folder.

use keyferry_ceremony::testing::{Story, digest_of, person, signed};
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
