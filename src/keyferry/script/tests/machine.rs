//! The ceremony as a small machine, for tests: what each act of a script needs, and what there is after it.

use crate::script::act::{Act, Command, Verify};
use crate::script::given::Given;
use crate::script::model::{Place, Script, Step};
use keyferry_bundle::Role;
use keyferry_console::Name;
use std::collections::{BTreeMap, BTreeSet};

/// Where everything is.
struct World<'a> {
    given: &'a Given<'a>,
    files: BTreeMap<Place, BTreeSet<Name>>,
    /// Who signed what; a file has one content wherever it is.
    signed: BTreeMap<Name, BTreeSet<String>>,
    ran: Vec<(Place, Command)>,
    /// Where the HSM is attached.
    hsm: Option<Place>,
    /// A program waits for a word.
    asks: Option<Command>,
    /// Values that were compared while it waits.
    compared: BTreeSet<String>,
    /// How many commands had run when the room had answered.
    answered: Option<usize>,
}

type Outcome = Result<(), String>;

/// Does every step in order; says what the first step lacks that cannot be done, or what is left undone at the end.
pub(super) fn walk(given: &Given<'_>, script: &Script) -> Outcome {
    let mut world = World::before(given);
    for (place, step) in script.steps() {
        world.step(place, step).map_err(|lack| format!("step {}: {lack}", step.number))?;
    }
    world.is_over()
}

fn need(holds: bool, lack: impl Into<String>) -> Outcome {
    if holds { Ok(()) } else { Err(lack.into()) }
}

impl<'a> World<'a> {
    /// The officers have the plan; what earlier requests left is on the bastion, complete.
    fn before(given: &'a Given<'a>) -> Self {
        let mut files = BTreeMap::new();
        files.insert(Place::Office, given.base().into_iter().collect());
        files.insert(Place::Bastion, given.earlier().into_iter().collect());
        let approved = given.approval.counted.iter().map(ToString::to_string).collect();
        Self {
            given,
            files,
            signed: BTreeMap::from([(Name::Plan, approved)]),
            ran: Vec::new(),
            hsm: None,
            asks: None,
            compared: BTreeSet::new(),
            answered: None,
        }
    }

    fn step(&mut self, place: Place, step: &Step) -> Outcome {
        self.compared.extend(step.expected.iter().map(|row| row.value.clone()));
        step.commands.iter().try_for_each(|act| self.act(place, act))
    }

    fn act(&mut self, place: Place, act: &Act) -> Outcome {
        match act {
            Act::Run { command, .. } => {
                need(self.asks.is_none(), "a program still waits for a word")?;
                self.may_run(place, command)?;
                self.run(place, command);
                self.ran.push((place, command.clone()));
                Ok(())
            }
            Act::Carry { from, to, files } => self.carry(*from, *to, files),
            Act::Attach => {
                need(self.hsm.is_none(), "the HSM is elsewhere")?;
                let answered = self.answered.is_some();
                need(answered == (place == Place::Auditor), format!("no HSM belongs to {place}"))?;
                self.hsm = Some(place);
                Ok(())
            }
            Act::Detach => self.detach(place),
            Act::Type(word) => self.answer(place, word),
        }
    }

    fn has(&self, place: Place, name: &Name) -> bool {
        self.files.get(&place).is_some_and(|files| files.contains(name))
    }

    fn did(&self, place: Place, command: &Command) -> bool {
        self.ran.contains(&(place, command.clone()))
    }

    fn did_since_answer(&self, command: &Command) -> bool {
        let later = self.ran.get(self.answered.unwrap_or(usize::MAX)..).unwrap_or_default();
        later.contains(&(Place::Room, command.clone()))
    }

    /// Whether a bundle's quorum of people is met.
    fn is_complete(&self, name: &Name) -> bool {
        let role = match name {
            Name::Plan => Role::CeremonyOfficer,
            Name::Request(_) | Name::Receipt(_) => Role::OnlineOperator,
            Name::Response(_) => Role::Witness,
            Name::Policy(_)
            | Name::Device
            | Name::ImportToken(..)
            | Name::Journal(_)
            | Name::Backup(_)
            | Name::Log(_)
            | Name::WrappedCopy(_)
            | Name::AgeCopy(_)
            | Name::Transcript(_)
            | Name::Upkeep(_) => return true,
        };
        let earlier = self.given.known.contains(name) && *name != Name::Plan;
        let signers = self.signed.get(name).map_or(0, BTreeSet::len);
        earlier || signers >= usize::from(self.given.needed(role))
    }

    fn complete_here(&self, place: Place, name: &Name) -> Outcome {
        need(self.has(place, name), format!("{name} is not at {place}"))?;
        need(self.is_complete(name), format!("{name} lacks signatures"))
    }

    fn may_run(&self, place: Place, command: &Command) -> Outcome {
        let base = || -> Outcome {
            need(self.did(place, &Command::PolicyShow), format!("no policy is pinned at {place}"))?;
            self.given.base().iter().try_for_each(|name| self.complete_here(place, name))
        };
        let opened = |who: &String| {
            let stands_for = if who == "OPERATOR" {
                self.given.people(Role::OnlineOperator)
            } else {
                vec![who.clone()]
            };
            let ok = stands_for
                .iter()
                .all(|who| self.did(Place::Office, &Command::IdentityShow(who.clone())));
            need(ok, format!("nobody has opened {who}.identity"))
        };
        let (request, response) = (self.given.request(), self.given.response());
        let answer = || -> Outcome {
            let mut all = vec![request.clone(), response.clone(), self.given.log()];
            all.extend(self.given.backups());
            all.iter().try_for_each(|name| self.complete_here(place, name))
        };
        match command {
            Command::Host(_) | Command::PolicyShow | Command::IdentityShow(_) => Ok(()),
            Command::Fingerprint(name) => self.complete_here(place, name),
            Command::Status | Command::Inspect(Name::Plan) => base(),
            Command::Inspect(name) => base().and_then(|()| self.complete_here(place, name)),
            Command::Sign(name, who) => {
                if *name != Name::Plan {
                    base()?;
                    opened(who)?;
                }
                need(self.has(place, name), format!("{name} is not at {place}"))
            }
            Command::Verify(Verify::Part) => base().and_then(|()| answer()),
            Command::Verify(Verify::Complete | Verify::CloudTrail) | Command::Report => {
                base()?;
                answer()?;
                self.complete_here(place, &self.given.receipt())
            }
            Command::InspectHsm => need(self.hsm == Some(place), "no HSM is attached"),
            Command::AuditLog => {
                base()?;
                self.complete_here(place, &self.given.log())?;
                need(place == Place::Auditor, "the auditor has a machine of their own")?;
                need(self.hsm == Some(place), "no HSM is attached")
            }
            Command::Respond => {
                base()?;
                self.may_respond(place)
            }
            Command::Fetch { by, dry_run } => {
                base()?;
                opened(by)?;
                need(place == Place::Bastion, "the bastion alone asks AWS")?;
                let dry = Command::Fetch { by: by.clone(), dry_run: true };
                need(*dry_run || self.did(place, &dry), "nobody saw what would be asked")?;
                need(*dry_run || self.did(place, &Command::Status), "nobody saw the keys' state")?;
                need(!self.has(place, &request), "the request is there already")
            }
            Command::Check => base().and_then(|()| self.complete_here(place, &request)),
            Command::Import(by) => {
                base()?;
                opened(by)?;
                answer()?;
                let checked = self.ran.iter().filter(|ran| ran.1 == Command::Check).count();
                need(checked == 2, "the response was not checked before")?;
                self.tokens().iter().try_for_each(|token| self.complete_here(place, token))
            }
            Command::Prove => {
                base().and_then(|()| self.complete_here(place, &self.given.receipt()))
            }
        }
    }

    fn may_respond(&self, place: Place) -> Outcome {
        let (request, room) = (self.given.request(), Place::Room);
        self.complete_here(place, &request)?;
        self.given.earlier().iter().try_for_each(|name| self.complete_here(place, name))?;
        let looked = self.did(room, &Command::InspectHsm);
        need(self.hsm == Some(room) && looked, "nobody looked at the HSM")?;
        for name in [Name::Plan, request] {
            let seen = self.did(room, &Command::Inspect(name.clone()));
            need(seen, format!("nobody compared {name} in the room"))?;
        }
        for line in [
            "ip -brief link",
            "swapon --show",
            "sha256sum keyferry keyferry-offline",
            "keyferry-offline self-test",
            "keyferry self-test",
        ] {
            need(self.did(room, &Command::Host(line)), format!("{line} was not run"))?;
        }
        let connector = self.did(room, &Command::Host("yubihsm-connector"));
        need(connector == self.given.takes_connector(), "the connector is for long exports")
    }

    fn run(&mut self, place: Place, command: &Command) {
        match command {
            Command::Sign(name, who) => {
                self.signed.entry(name.clone()).or_default().insert(who.clone());
            }
            Command::Fetch { by, dry_run: false } => {
                let request = self.given.request();
                self.signed.entry(request.clone()).or_default().insert(by.clone());
                let made = self.tokens().into_iter().chain([request]);
                self.files.entry(place).or_default().extend(made);
            }
            Command::Respond | Command::Import(_) => {
                self.compared.clear();
                self.asks = Some(command.clone());
            }
            Command::Host(_)
            | Command::PolicyShow
            | Command::IdentityShow(_)
            | Command::Inspect(_)
            | Command::Fingerprint(_)
            | Command::Verify(_)
            | Command::Report
            | Command::InspectHsm
            | Command::AuditLog
            | Command::Status
            | Command::Fetch { .. }
            | Command::Check
            | Command::Prove => {}
        }
    }

    fn answer(&mut self, place: Place, word: &str) -> Outcome {
        need(word == self.given.plan.ceremony.as_str(), "that is another word")?;
        match self.asks.take() {
            Some(Command::Respond) => {
                for target in &self.given.plan.targets {
                    let key = self.compared.contains(target.key.to_string().as_str());
                    need(key, format!("nobody compared target {}", target.name))?;
                }
                let mut made = self.given.backups();
                made.extend([self.given.response(), self.given.log()]);
                let leaders = self.given.leaders();
                made.extend(leaders.map(|target| Name::WrappedCopy(target.name.clone())));
                made.extend(self.given.copied().map(|name| Name::AgeCopy(name.clone())));
                self.files.entry(place).or_default().extend(made);
                self.answered = Some(self.ran.len());
                Ok(())
            }
            Some(Command::Import(by)) => {
                let receipt = self.given.receipt();
                self.signed.entry(receipt.clone()).or_default().insert(by);
                self.files.entry(place).or_default().insert(receipt);
                Ok(())
            }
            Some(_) | None => Err("nothing asks for a word".to_owned()),
        }
    }

    fn tokens(&self) -> Vec<Name> {
        let counter = self.given.counter();
        self.given.target_names().map(|name| Name::ImportToken(counter, name.clone())).collect()
    }

    fn carry(&mut self, from: Place, to: Place, files: &[Name]) -> Outcome {
        for name in files {
            self.complete_here(from, name)?;
            need(!matches!(name, Name::ImportToken(..)), "an import token leaves the bastion")?;
        }
        match (from, to) {
            (Place::Office, Place::Bastion) => {
                let seen = self.did(from, &Command::Inspect(Name::Plan));
                need(seen, "nobody compared the plan")?;
            }
            (Place::Bastion, Place::Medium) => {
                need(self.did(from, &Command::Check), "nobody checked the request")?;
                let read = Command::Fingerprint(self.given.request());
                need(self.did(from, &read), "nobody wrote the request's words down")?;
            }
            (Place::Room, Place::Medium | Place::Custodians) => {
                let response = self.given.response();
                let inspected = self.did_since_answer(&Command::Inspect(response));
                let verified = self.did_since_answer(&Command::Verify(Verify::Part));
                need(inspected && verified, "nobody looked at the response")?;
            }
            (Place::Bastion, Place::Auditor) => {
                need(self.did(from, &Command::Prove), "nothing was proved")?;
                let read = Command::Fingerprint(self.given.receipt());
                need(self.did(from, &read), "nobody wrote the receipt's words down")?;
            }
            (Place::Medium, Place::Room | Place::Bastion | Place::Auditor) => {}
            (_, _) => return Err(format!("nothing goes from {from} to {to}")),
        }
        if to == Place::Medium {
            self.files.remove(&to);
        }
        if from == Place::Room && to == Place::Custodians {
            let here = self.files.entry(from).or_default();
            here.retain(|name| !files.contains(name));
        }
        self.files.entry(to).or_default().extend(files.iter().cloned());
        Ok(())
    }

    fn detach(&mut self, place: Place) -> Outcome {
        need(self.hsm == Some(place), "no HSM is attached here")?;
        need(self.answered.is_some(), "the room has not answered")?;
        let copy = |name: &Name| matches!(name, Name::WrappedCopy(_) | Name::AgeCopy(_));
        let left = self.files.get(&Place::Room).is_some_and(|files| files.iter().any(copy));
        need(!left || self.given.was_answered(), "a copy is left on the room's host")?;
        let read = self.did(place, &Command::AuditLog);
        need(place != Place::Auditor || read, "nobody read the log a second time")?;
        self.hsm = None;
        Ok(())
    }

    /// What must have been done at the end.
    fn is_over(&self) -> Outcome {
        need(self.hsm.is_none(), "the HSM was not put away")?;
        let read = self.did(Place::Auditor, &Command::AuditLog);
        need(read, "nobody read the log a second time")?;
        let verified = |verify| self.did(Place::Auditor, &Command::Verify(verify));
        need(verified(Verify::Complete), "nobody verified")?;
        need(verified(Verify::CloudTrail), "nobody asked what AWS recorded")?;
        need(self.did(Place::Auditor, &Command::Report), "no report was written")
    }
}
