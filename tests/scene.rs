//! A copy of the rehearsal's stage that a test may spoil, with its own services.

use crate::{Rehearsed, Run, Service, rehearsed};
use keyferry_bundle::kinds::Bundle;
use keyferry_bundle::{Envelope, Log, json};
use keyferry_console::identity::Identity;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// The ceremony's folder on every machine.
const CEREMONY: &str = "payments-2026";
/// How the names of what a response makes begin.
const MADE: &[&str] = &["response", "backup", "log", "transcript"];

/// A copy of every machine's folder.
#[derive(Debug)]
pub struct Scene {
    folder: TempDir,
}

impl Scene {
    /// Copies the stage as it stood at the end of the rehearsal.
    ///
    /// # Errors
    /// When it cannot be copied.
    pub fn new() -> io::Result<Self> {
        Self::of(rehearsed())
    }

    /// Copies the stage of another rehearsal.
    ///
    /// # Errors
    /// When it cannot be copied.
    pub fn of(rehearsed: &Rehearsed) -> io::Result<Self> {
        let folder = in_memory()?;
        copy(&rehearsed.stage, folder.path())?;
        Ok(Self { folder })
    }

    /// A file of the stage that belongs to no machine: the state of a virtual service.
    #[must_use]
    pub fn backstage(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A machine's folder: `office`, `bastion`, `room` or `auditor`.
    #[must_use]
    pub fn machine(&self, machine: &str) -> PathBuf {
        self.folder.path().join(machine)
    }

    /// A file of the ceremony on a machine.
    #[must_use]
    pub fn file(&self, machine: &str, name: &str) -> PathBuf {
        self.machine(machine).join(CEREMONY).join(name)
    }

    /// Names of the files of the ceremony on a machine.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn names(&self, machine: &str) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in std::fs::read_dir(self.machine(machine).join(CEREMONY))? {
            names.push(entry?.file_name().to_string_lossy().into_owned());
        }
        names.sort();
        Ok(names)
    }

    /// As [`Self::names`], without the transcripts, which a run that failed leaves too.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn names_but_transcripts(&self, machine: &str) -> io::Result<Vec<String>> {
        let mut names = self.names(machine)?;
        names.retain(|name| !name.starts_with("transcript-"));
        Ok(names)
    }

    /// Takes files of the ceremony away from a machine.
    ///
    /// # Errors
    /// When one is not there.
    pub fn without(self, machine: &str, names: &[&str]) -> io::Result<Self> {
        for name in names {
            std::fs::remove_file(self.file(machine, name))?;
        }
        Ok(self)
    }

    /// The room as it was before it answered: no response, no copies, no transcript but that of `init`, an HSM without the key
    /// material, a memory that knows of no plan.
    ///
    /// # Errors
    /// When a file is not there.
    pub fn before_response(self) -> io::Result<Self> {
        self.rewind("before-response", "virtual-hsm.json")?;
        self.forget_the_ceremony()?;
        let made = self.names("room")?;
        let made = made.iter().filter(|name| MADE.iter().any(|made| name.starts_with(made)));
        // That of `init` stays.
        let made: Vec<&str> =
            made.map(String::as_str).filter(|name| *name != "transcript-1.json").collect();
        self.without("room", &made)
    }

    /// Every machine as it was before the room answered.
    ///
    /// # Errors
    /// When a file is not there.
    pub fn unanswered(self) -> io::Result<Self> {
        let made = self.names("bastion")?;
        let made = made.iter().filter(|name| MADE.iter().any(|made| name.starts_with(made)));
        let made: Vec<&str> =
            made.map(String::as_str).filter(|name| *name != "transcript-1.json").collect();
        let scene = self.before_import()?.without("bastion", &made)?;
        std::fs::remove_dir_all(scene.machine("auditor").join(CEREMONY))?;
        std::fs::create_dir(scene.machine("auditor").join(CEREMONY))?;
        scene.before_response()
    }

    /// Carries the files of the ceremony that are wanted from a machine to another; what is there already stays.
    ///
    /// # Errors
    /// When one cannot be copied.
    pub fn carry(&self, from: &str, to: &str, wanted: impl Fn(&str) -> bool) -> io::Result<()> {
        for name in self.names(from)? {
            let target = self.file(to, &name);
            if wanted(&name) && !target.exists() {
                std::fs::copy(self.file(from, &name), target)?;
            }
        }
        Ok(())
    }

    /// The bastion as it was before the upload.
    ///
    /// # Errors
    /// When a file is not there.
    pub fn before_import(self) -> io::Result<Self> {
        self.rewind("before-import", "virtual-kms.json")?;
        self.without("bastion", &["receipt-1.json"])
    }

    /// The room's memory as it was before it had noted that it answered: a power cut just before.
    ///
    /// # Errors
    /// When it cannot be changed.
    pub fn forget_the_answer(&self) -> io::Result<()> {
        let path = self.machine("room").join("memory/ledger-12345678.json");
        let text = std::fs::read_to_string(&path)?;
        let earlier = text.replace("\"answered\":true", "\"answered\":false");
        if earlier == text {
            return Err(io::Error::other(text));
        }
        let mut ledger: serde_json::Value = serde_json::from_str(&earlier)?;
        let log: Log = self.body("room", "log-1.json")?;
        let read = serde_json::json!({
            "device": log.device,
            "counter": 0,
            "from": log.from,
            "pending": log.entries,
            "unlogged_boots": 0,
            "unlogged_authentications": 0,
        });
        *ledger.get_mut("log").ok_or_else(|| io::Error::other("the room read no log"))? = read;
        std::fs::write(path, ledger.to_string())
    }

    /// The room's memory as `init` left it.
    fn forget_the_ceremony(&self) -> io::Result<()> {
        let first = std::fs::read(self.file("room", "transcript-1.json"))?;
        let first = Envelope::decode_canonical(&first).map_err(io::Error::other)?.digest();
        let transcripts = format!("{{\"counter\":1,\"digest\":\"{first}\",\"unrecorded\":0}}");
        let memory = format!("{{\"plans\":[],\"transcripts\":{transcripts}}}");
        std::fs::write(self.machine("room").join("memory/ledger-12345678.json"), memory)
    }

    fn rewind(&self, when: &str, state: &str) -> io::Result<()> {
        let folder = self.folder.path();
        std::fs::copy(folder.join(format!("{when}.{state}")), folder.join(state)).map(drop)
    }

    /// The payload of a bundle, whatever its signatures.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn body<T: Bundle>(&self, machine: &str, name: &str) -> io::Result<T> {
        let bytes = std::fs::read(self.file(machine, name))?;
        let envelope = Envelope::decode_canonical(&bytes).map_err(io::Error::other)?;
        json::decode(envelope.untrusted_payload())
            .map_err(|error| io::Error::other(format!("{error:?}")))
    }

    /// Puts another bundle in a file's place, signed by people of the rehearsal.
    ///
    /// # Errors
    /// When it cannot be made or written.
    pub fn put<T: Bundle>(
        &self,
        machine: &str,
        name: &str,
        body: &T,
        signers: &[&str],
    ) -> io::Result<()> {
        let mut envelope = body.to_envelope().map_err(io::Error::other)?;
        for signer in signers {
            let file = self.machine("office").join(format!("{signer}.identity"));
            let identity = Identity::open(&std::fs::read(file)?, passphrase(signer).into())
                .map_err(|failure| io::Error::other(format!("{failure:?}")))?;
            identity
                .sign(&mut envelope)
                .map_err(|failure| io::Error::other(format!("{failure:?}")))?;
        }
        std::fs::write(self.file(machine, name), envelope.encode())
    }

    /// The virtual HSM with this scene's copy of its state.
    ///
    /// # Errors
    /// When it does not start.
    pub fn hsm(&self, options: &[&str]) -> io::Result<Service> {
        self.service("keyferry-virtual-hsm", "virtual-hsm.json", options)
    }

    /// The virtual KMS with this scene's copy of its state.
    ///
    /// # Errors
    /// When it does not start.
    pub fn kms(&self, options: &[&str]) -> io::Result<Service> {
        self.service("keyferry-virtual-kms", "virtual-kms.json", options)
    }

    fn service(&self, program: &str, state: &str, options: &[&str]) -> io::Result<Service> {
        let state = self.folder.path().join(state).display().to_string();
        let mut arguments = vec!["--state", state.as_str()];
        arguments.extend(options);
        Service::start(&rehearsed().programs.path(program), &arguments)
    }

    /// Runs a program on a machine, with the machine's trust.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn run(
        &self,
        machine: &str,
        program: &str,
        arguments: &[&str],
        answers: &[&str],
    ) -> io::Result<Run> {
        Run::of(&mut self.command(machine, program, arguments), answers)
    }

    /// The command that [`Self::run`] runs.
    #[must_use]
    pub fn command(&self, machine: &str, program: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(rehearsed().programs.path(program));
        command.current_dir(self.machine(machine)).args(arguments).args(["--answers-fd", "0"]);
        command.env("KEYFERRY_TRUST", "trust");
        command
    }

    /// Runs a program on the bastion against a KMS.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn online(&self, kms: &str, arguments: &[&str], answers: &[&str]) -> io::Result<Run> {
        Run::of(&mut self.online_command(kms, arguments), answers)
    }

    /// The command that [`Self::online`] runs.
    #[must_use]
    pub fn online_command(&self, kms: &str, arguments: &[&str]) -> Command {
        let mut command = self.command("bastion", "keyferry-online", arguments);
        for (name, value) in [
            ("AWS_ACCESS_KEY_ID", "AKIDVIRTUALKMS"),
            ("AWS_SECRET_ACCESS_KEY", "virtual-kms-secret"),
            ("AWS_REGION", "eu-central-1"),
            ("AWS_ENDPOINT_URL", kms),
            ("AWS_CONFIG_FILE", "/dev/null"),
            ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null"),
            ("AWS_EC2_METADATA_DISABLED", "true"),
        ] {
            command.env(name, value);
        }
        command
    }

    /// Has the room answer; a room without memory begins one.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn respond(&self, hsm: &str) -> io::Result<Run> {
        self.respond_with(hsm, &["rehearsal password of hsm-1", CEREMONY])
    }

    /// Has the room answer, with other words typed.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn respond_with(&self, hsm: &str, answers: &[&str]) -> io::Result<Run> {
        Run::of(&mut self.respond_command(hsm), answers)
    }

    /// The command that [`Self::respond`] runs.
    #[must_use]
    pub fn respond_command(&self, hsm: &str) -> Command {
        let mut arguments =
            vec!["respond", CEREMONY, "--hsm", hsm, "--allow-network", "--room", "memory"];
        if !self.machine("room").join("memory/ledger-12345678.json").exists() {
            arguments.push("--new-room");
        }
        self.command("room", "keyferry-offline", &arguments)
    }
}

/// A rehearsal person's passphrase.
#[must_use]
pub fn passphrase(name: &str) -> String {
    format!("rehearsal passphrase of {name}")
}

/// A folder in memory where there is one: a test waits for no disk, and there are many.
fn in_memory() -> io::Result<TempDir> {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir())
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            std::fs::create_dir(&target)?;
            copy(&entry.path(), &target)?;
        } else {
            std::fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
