//! What is done in a step, so that it can be checked and written down: a command, its line, what is carried.

use super::given::Given;
use super::model::Place;
use keyferry_console::{Name, shell};
use std::path::Path;

/// One thing that is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Act {
    /// A command is typed.
    Run { command: Command, line: String },
    /// Files go from one place to another.
    Carry { from: Place, to: Place, files: Vec<Name> },
    /// The HSM is attached to the machine that stands there.
    Attach,
    /// It is taken off.
    Detach,
    /// A program's question is answered with this word.
    Type(String),
}

/// A command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Command {
    /// One of the host's own.
    Host(&'static str),
    /// `keyferry policy show`.
    PolicyShow,
    /// `keyferry identity show`, of a holder.
    IdentityShow(String),
    /// `keyferry inspect`.
    Inspect(Name),
    /// `keyferry fingerprint`.
    Fingerprint(Name),
    /// `keyferry sign`, by a holder.
    Sign(Name, String),
    /// `keyferry verify`.
    Verify(Verify),
    /// `keyferry report`.
    Report,
    /// `keyferry-offline inspect`.
    InspectHsm,
    /// `keyferry-offline respond`.
    Respond,
    /// `keyferry-offline log audit`.
    AuditLog,
    /// `keyferry-online status`.
    Status,
    /// `keyferry-online fetch`, by a holder.
    Fetch { by: String, dry_run: bool },
    /// `keyferry-online check`.
    Check,
    /// `keyferry-online import`, by a holder.
    Import(String),
    /// `keyferry-online prove`.
    Prove,
}

/// How much `keyferry verify` asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verify {
    /// What is here holds.
    Part,
    /// Nothing is missing.
    Complete,
    /// As above, and AWS recorded it.
    CloudTrail,
}

impl Given<'_> {
    /// A command with the line that is typed for it.
    pub(super) fn run(&self, command: Command) -> Act {
        let line = self.line(&command);
        Act::Run { command, line }
    }

    /// Everybody of these signs.
    pub(super) fn sign(&self, name: &Name, people: &[String]) -> Vec<Act> {
        people.iter().map(|who| self.run(Command::Sign(name.clone(), who.clone()))).collect()
    }

    fn line(&self, command: &Command) -> String {
        let folder = shell(Path::new(&self.folder));
        let file = |name: &Name| shell(&Path::new(&self.folder).join(name.to_string()));
        let identity = |who: &String| format!("--identity {who}.identity");
        match command {
            Command::Host(line) => (*line).to_owned(),
            Command::PolicyShow => "keyferry policy show".to_owned(),
            Command::IdentityShow(who) => format!("keyferry identity show {who}.identity"),
            Command::Inspect(name) => format!("keyferry inspect {}", file(name)),
            Command::Fingerprint(name) => format!("keyferry fingerprint {}", file(name)),
            Command::Sign(name, who) => format!("keyferry sign {} {}", file(name), identity(who)),
            Command::Verify(Verify::Part) => format!("keyferry verify {folder}"),
            Command::Verify(Verify::Complete) => format!("keyferry verify --complete {folder}"),
            Command::Verify(Verify::CloudTrail) => {
                format!("keyferry verify --complete {folder} --cloudtrail FILES")
            }
            Command::Report => {
                let page = shell(Path::new(&format!("{}-report.html", self.folder)));
                format!("keyferry report {folder} --html {page}")
            }
            Command::InspectHsm => {
                let serial = self.device.body().serial;
                format!("keyferry-offline{} inspect --serial {serial}", self.hsm())
            }
            Command::Respond => {
                let room = shell(&self.room);
                format!("keyferry-offline{} respond {folder} --room {room}", self.hsm())
            }
            Command::AuditLog => format!("keyferry-offline{} log audit {folder}", self.hsm()),
            Command::Status => format!("keyferry-online status {folder}"),
            Command::Fetch { by, dry_run } => {
                let dry = if *dry_run { " --dry-run" } else { "" };
                let again = if self.counter() > 1 { " --again" } else { "" };
                format!("keyferry-online fetch {folder} {}{again}{dry}", identity(by))
            }
            Command::Check => format!("keyferry-online check {folder}"),
            Command::Import(by) => format!("keyferry-online import {folder} {}", identity(by)),
            Command::Prove => format!("keyferry-online prove {folder}"),
        }
    }
}
