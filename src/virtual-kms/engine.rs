//! One request after the other: checked, carried out on a copy of the state, saved, answered.

use crate::clock::Time;
use crate::control;
use crate::ec2::{self, Ec2Refusal, Form};
use crate::faults::{Fault, Faults};
use crate::http::{Reply, Request, Response};
use crate::operations::{self, Context, Operation};
use crate::random;
use crate::refusal::{Kind, Refusal};
use crate::state_file::StateFile;
use crate::throttle::Throttle;
use crate::wire::signature::{self, Signer};
use crate::wire::{json, query};
use crate::world::World;
use keyferry_bundle::{AccountId, AwsRegion};
use zeroize::Zeroizing;

/// The service behind its HTTP.
pub(crate) struct Engine {
    world: World,
    /// Whose credentials sign where the access key id names no account: nothing of it all belongs to anybody but the world's own.
    caller: AccountId,
    file: StateFile,
    faults: Faults,
    throttle: Option<Throttle>,
    stopped: bool,
}

type Body = Zeroizing<Vec<u8>>;

impl Engine {
    /// On a state that stands in a file.
    pub(crate) fn new(world: World, caller: AccountId, file: StateFile) -> Self {
        Self { world, caller, file, faults: Faults::default(), throttle: None, stopped: false }
    }

    /// Answers nothing from here on, and touches the file no more.
    pub(crate) fn stop(&mut self) {
        self.stopped = true;
        self.file.release();
    }

    /// Keeps callers to AWS's pace from here on.
    pub(crate) fn throttle(&mut self) {
        self.throttle.get_or_insert_default();
    }

    /// The service's time.
    pub(crate) fn now(&self) -> Time {
        self.world.clock.at(Time::host())
    }

    /// Sets the clock.
    pub(crate) fn set_clock(&mut self, time: Time) -> Result<(), Refusal> {
        let mut next = self.world.clone();
        next.clock.set(Time::host(), time);
        next.settle(time);
        self.commit(next)
    }

    /// Asks for a fault.
    pub(crate) fn add_fault(&mut self, operation: Operation, fault: Fault, count: u16) {
        self.faults.add(operation, fault, count);
    }

    /// Asks for a fault of one request, whatever its operation.
    pub(crate) fn fail_at(&mut self, call: u64, fault: Fault) {
        self.faults.release();
        self.faults.at(call, fault);
    }

    /// How many requests there were, and what became of them.
    pub(crate) fn tally(&self) -> serde_json::Value {
        self.faults.tally()
    }

    /// Whether a client waits for an answer that does not come.
    pub(crate) const fn is_hanging(&self) -> bool {
        self.faults.is_hanging()
    }

    /// Notes that the client which waited has gone.
    pub(crate) const fn release(&mut self) {
        self.faults.release();
    }

    /// Lets a key be another: one that an ARN names, or one of the first account in the first Region.
    pub(crate) fn take_another_key(&mut self, name: &str) -> Result<(), Refusal> {
        let mut next = self.world.clone();
        next.settle(self.now());
        let mut parts = name.split(':').skip(3);
        let (region, account) = (parts.next(), parts.next());
        let region = region.and_then(|region| region.parse().ok());
        let account = account.and_then(|account| account.parse().ok());
        let (account, region) = (
            account.unwrap_or_else(|| next.account.clone()),
            region.unwrap_or_else(|| next.region.clone()),
        );
        let mut state = next.take(&account, &region);
        let id = state.find(name)?.id.to_string();
        state.find_mut(&id)?.take_another()?;
        next.put(state);
        self.commit(next)
    }

    /// Answers a request, unless it is one that hangs.
    pub(crate) fn answer(&mut self, request: &Request) -> Reply {
        let reply = self.reply(request);
        if self.faults.take_hang() { Reply::Hang } else { reply }
    }

    fn reply(&mut self, request: &Request) -> Reply {
        if self.stopped {
            return Reply::HangUp;
        }
        if request.target.starts_with(control::PREFIX) {
            let answer = control::answer(self, request);
            return json_reply(answer.and_then(|value| json::encode(&value)), "application/json");
        }
        let form = request.header("content-type").is_some_and(|sent| sent.starts_with(query::FORM));
        if form && request.header("x-amz-target").is_none() {
            return if signature::service(request) == Some("ec2") {
                self.ec2(request)
            } else {
                self.sts(request)
            };
        }
        match self.kms(request) {
            Ok(None) => Reply::HangUp,
            Ok(Some(body)) => json_reply(Ok(body), json::CONTENT_TYPE),
            Err(refusal) => json_reply(Err(refusal), json::CONTENT_TYPE),
        }
    }

    /// A KMS request: its answer's body, or nothing where the answer is to be lost.
    fn kms(&mut self, request: &Request) -> Result<Option<Body>, Refusal> {
        check_path(request)?;
        let target = request.header("x-amz-target").unwrap_or_default();
        let operation = operations::target(target)?;
        let signer = signature::check(request, "kms", Time::host())?;
        if request.header("content-type") != Some(json::CONTENT_TYPE) {
            let message = format!("expected Content-Type: {}", json::CONTENT_TYPE);
            return Err(Kind::Serialization.with(message));
        }
        let account = self.owner(&signer, "kms", operation)?;
        let lost = self.fail(operation)?;
        if let Some(throttle) = &mut self.throttle
            && operation == Operation::GetParametersForImport
        {
            throttle.pass(&account, &signer.region, Time::host())?;
        }
        let done = self.work(&account, &signer.region, |context| {
            operations::run(operation, &request.body, context)
        });
        if done.is_ok() {
            self.faults.carried_out(operation);
        }
        if lost { Ok(None) } else { done.map(Some) }
    }

    /// Works on a Region and saves what was done; what failed did nothing.
    fn work<T, E: From<Refusal>>(
        &mut self,
        account: &AccountId,
        region: &AwsRegion,
        work: impl FnOnce(&mut Context<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let now = self.now();
        let mut settled = self.world.clone();
        settled.settle(now);
        let mut next = settled.clone();
        let mut state = next.take(account, region);
        let done = work(&mut Context { state: &mut state, world: &mut next, now });
        next.put(state);
        self.commit(if done.is_ok() { next } else { settled })?;
        done
    }

    /// The account of who signed, if it has anything here.
    fn owner(
        &self,
        signer: &Signer,
        service: &str,
        operation: Operation,
    ) -> Result<AccountId, Refusal> {
        let (account, known) = self.caller(signer);
        if known {
            return Ok(account);
        }
        let user = query::caller_arn(&account);
        let message = format!("User: {user} is not authorized to perform: {service}:{operation:?}");
        Err(Kind::AccessDenied.with(message))
    }

    /// The account of who signed, and whether it has anything here. `AKID` and twelve digits is of the account of that number.
    fn caller(&self, signer: &Signer) -> (AccountId, bool) {
        let named = signer.access_key_id.strip_prefix("AKID").and_then(|rest| rest.parse().ok());
        match named {
            Some(account) => (account, true),
            None => (self.caller.clone(), self.caller == self.world.account),
        }
    }

    /// An EC2 request.
    fn ec2(&mut self, request: &Request) -> Reply {
        let id = request_id();
        let (status, text) = match self.ec2_answer(request, &id) {
            Ok(None) => return Reply::HangUp,
            Ok(Some(text)) => (200, text),
            Err(refusal) => (refusal.status, ec2::refused(&refusal, &id)),
        };
        let body = Zeroizing::new(text.into_bytes());
        Reply::Answer(Response { status, content_type: ec2::CONTENT_TYPE, request_id: id, body })
    }

    fn ec2_answer(&mut self, request: &Request, id: &str) -> Result<Option<String>, Ec2Refusal> {
        check_path(request)?;
        let signer = signature::check(request, "ec2", Time::host())?;
        let mut form = Form::parse(&request.body)?;
        let operation = ec2::operation(&mut form)?;
        let account = self.owner(&signer, "ec2", operation)?;
        let lost = self.fail(operation)?;
        let done =
            self.work(&account, &signer.region, |context| ec2::run(operation, form, context, id));
        if lost { Ok(None) } else { done.map(Some) }
    }

    /// An STS request.
    fn sts(&mut self, request: &Request) -> Reply {
        let id = request_id();
        let answer = self.caller_identity(request, &id);
        let (status, text) = match answer {
            Ok(None) => return Reply::HangUp,
            Ok(Some(text)) => (200, text),
            Err(refusal) => (query_status(refusal.kind), query::refusal(&refusal, &id)),
        };
        let body = Zeroizing::new(text.into_bytes());
        Reply::Answer(Response { status, content_type: query::XML, request_id: id, body })
    }

    fn caller_identity(&mut self, request: &Request, id: &str) -> Result<Option<String>, Refusal> {
        check_path(request)?;
        let operation = query::operation(&request.body)?;
        let signer = signature::check(request, "sts", Time::host())?;
        let lost = self.fail(operation)?;
        Ok((!lost).then(|| query::caller_identity(&self.caller(&signer).0, id)))
    }

    /// Fails as asked for; whether the answer is to be lost.
    fn fail(&mut self, operation: Operation) -> Result<bool, Refusal> {
        match self.faults.take(operation) {
            None => Ok(false),
            Some(Fault::LoseAnswer) => Ok(true),
            Some(Fault::Throttle) => Err(Kind::Throttling.with("Rate exceeded")),
            Some(Fault::Internal) => Err(Kind::Internal.with("a fault was asked for")),
            Some(Fault::HangBefore) => {
                self.faults.hang();
                Err(Kind::Internal.with("a fault was asked for"))
            }
            Some(Fault::HangAfter) => {
                self.faults.hang();
                Ok(true)
            }
        }
    }

    /// Saves a state, then it is the state.
    fn commit(&mut self, next: World) -> Result<(), Refusal> {
        self.file.save(&next).map_err(|failure| {
            Kind::Internal.with(format!("the state was not saved: {}", failure.error))
        })?;
        self.world = next;
        Ok(())
    }
}

/// The answer to what is no HTTP request.
pub(crate) fn malformed(because: &str) -> Reply {
    json_reply(Err(Kind::Serialization.with(because)), json::CONTENT_TYPE)
}

fn json_reply(answer: Result<Body, Refusal>, content_type: &'static str) -> Reply {
    let (status, body) = match answer {
        Ok(body) => (200, body),
        Err(refusal) => (refusal.kind.status(), Zeroizing::new(json::refusal(&refusal))),
    };
    Reply::Answer(Response { status, content_type, request_id: request_id(), body })
}

/// Both protocols are `POST /` without a query.
fn check_path(request: &Request) -> Result<(), Refusal> {
    if request.method == "POST" && request.target == "/" {
        return Ok(());
    }
    Err(Kind::UnknownOperation.with("there is POST / alone"))
}

/// STS answers these with 403, where KMS answers 400.
fn query_status(kind: Kind) -> u16 {
    let denied = [Kind::InvalidSignature, Kind::MissingAuthenticationToken];
    if denied.contains(&kind) { 403 } else { kind.status() }
}

/// An answer without randomness is still an answer.
fn request_id() -> String {
    random::uuid().unwrap_or_else(|_| "00000000-0000-4000-8000-000000000000".to_owned())
}
