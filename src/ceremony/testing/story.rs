//! One sound ceremony, link by link.

use super::cast::{
    RECIPIENT, WRAPPING_KEY, a_policy, base64, digest_of, hsm_public, parse, signed, time,
};
use super::deeds;
use crate::hsm_log::{Entry, Record, command};
use crate::links::Countersigned;
use crate::proof::Bound;
use crate::{
    Refusal, backup, device, log, plan, policy, receipt, request, response, transcript, wrapping,
};
use keyferry_bundle::kinds::{
    AgeCopy, AttestationChain, Audit, AuditSetting, Credentials, Ended, Expiration, Isolation,
    KeptAs, Line, LineKind, LogHead, Made, Operation, Outcome, ParametersSource, Proof,
    ProofMethod, ReceiptTarget, RequestTarget, ResponseTarget, Target, WrappedCopy,
};
use keyferry_bundle::{
    Backup, Custodian, Device, Digest, Domains, Environment, ExpirationModel, KeySpec, KeyUsage,
    Log, LogDigest, Plan, Policy, Receipt, Request, Response, Serial, Transcript, Verified,
    WrappingAlgorithm, WrappingKeySpec,
};

fn line(kind: LineKind, text: &str) -> Line {
    Line { kind, text: parse(text) }
}

/// A ceremony, link by link. Spoil a field and ask again.
#[derive(Debug, Clone)]
pub struct Story {
    /// Its policy.
    pub policy: Policy,
    /// Its HSM.
    pub device: Device,
    /// Its plan: one target, `payments`.
    pub plan: Plan,
    /// Its request.
    pub request: Request,
    /// The backup of `payments`.
    pub backup: Backup,
    /// The HSM's log of it.
    pub log: Log,
    /// Its response.
    pub response: Response,
    /// The transcript of the run that wrote backup and response.
    pub transcript: Transcript,
    /// Its receipt.
    pub receipt: Receipt,
}

/// Everything logged that must be.
pub fn sound_audit() -> Audit {
    let fixed = (1..=0x77).filter(|code| command::is_logged(*code)).collect();
    Audit { force: AuditSetting::Fixed, fixed }
}

impl Story {
    #[expect(clippy::too_many_lines, reason = "one ceremony, told in order")]
    /// The sound ceremony.
    pub fn sound() -> Self {
        let policy = a_policy();
        let device = Device {
            environment: Environment::Rehearsal,
            policy: digest_of(&policy),
            created: time("2026-11-02T00:00:00Z"),
            name: parse("hsm-1"),
            serial: Serial::new(12_345_678),
            firmware: parse("2.4.1"),
            signing_key: keyferry_bundle::kinds::DeviceKey {
                object_id: parse("0x0100"),
                label: parse("keyferry signing"),
                spki: base64(&hsm_public().to_spki_der().unwrap()),
                attestation: None,
            },
            wrap_key: parse("0x0200"),
            credentials: Credentials {
                ceremony: parse("0x0002"),
                backup: parse("0x0003"),
                audit: parse("0x0004"),
                administration: parse("0x0005"),
            },
            domains: Domains::ONE,
            audit: sound_audit(),
            log_anchor: LogHead { number: 3, digest: LogDigest::from_bytes([3; 16]) },
            shares: None,
        };
        let key =
            parse("arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab");
        let expiration = Expiration { model: ExpirationModel::DoesNotExpire, valid_to: None };
        let plan = Plan {
            environment: Environment::Rehearsal,
            policy: digest_of(&policy),
            device: digest_of(&device),
            created: time("2026-11-03T00:00:00Z"),
            ceremony: parse("tests-1"),
            counter: 1,
            previous: None,
            operation: Operation::Import,
            targets: vec![Target {
                name: parse("payments"),
                key,
                key_spec: KeySpec::SymmetricDefault,
                key_usage: KeyUsage::EncryptDecrypt,
                multi_region: false,
                wrapping_algorithm: WrappingAlgorithm::RsaesOaepSha256,
                wrapping_key_spec: WrappingKeySpec::Rsa2048,
                expiration,
                object_id: parse("0x0a01"),
                kept_as: KeptAs::Opaque,
                label: parse("payments"),
                domains: Domains::ONE,
                generation: 1,
                material: None,
                earlier: vec![],
            }],
            custodians: vec![],
            boots: 2,
        };
        let mut story = Self {
            request: Request {
                environment: Environment::Rehearsal,
                plan: digest_of(&plan),
                created: time("2026-11-04T00:00:00Z"),
                counter: 1,
                previous: None,
                account: parse("111122223333"),
                endpoint: parse("aws-default"),
                targets: vec![RequestTarget {
                    name: parse("payments"),
                    key: plan.targets[0].key.clone(),
                    wrapping_algorithm: WrappingAlgorithm::RsaesOaepSha256,
                    wrapping_key_spec: WrappingKeySpec::Rsa2048,
                    wrapping_public_key: base64(WRAPPING_KEY),
                    import_token_sha256: Digest::of(b"token"),
                    parameters_valid_to: time("2026-11-05T00:00:00Z"),
                    source: ParametersSource::Api,
                }],
            },
            backup: Backup {
                environment: Environment::Rehearsal,
                plan: digest_of(&plan),
                device: digest_of(&device),
                created: time("2026-11-04T01:00:00Z"),
                serial: device.serial,
                target: parse("payments"),
                key: plan.targets[0].key.clone(),
                generation: 1,
                object_id: parse("0x0a01"),
                check_value: Digest::of(b"check"),
                wrapped: WrappedCopy { wrap_key: parse("0x0200"), sha256: Digest::of(b"copy") },
                age: None,
            },
            response: Response {
                environment: Environment::Rehearsal,
                request: Digest::of(b""),
                plan: digest_of(&plan),
                device: digest_of(&device),
                created: time("2026-11-04T01:00:00Z"),
                serial: device.serial,
                isolation: Isolation::Isolated,
                log: Digest::of(b""),
                targets: vec![ResponseTarget {
                    name: parse("payments"),
                    key: plan.targets[0].key.clone(),
                    key_spec: KeySpec::SymmetricDefault,
                    wrapping_algorithm: WrappingAlgorithm::RsaesOaepSha256,
                    wrapping_public_key_sha256: Digest::of(WRAPPING_KEY),
                    import_token_sha256: Digest::of(b"token"),
                    encrypted_key_material: base64(&[1; 256]),
                    object_id: parse("0x0a01"),
                    made: Made::Generated,
                    check_value: Digest::of(b"check"),
                    public_key: None,
                    attestation: None,
                    known_answer: None,
                    backup: Digest::of(b""),
                }],
            },
            transcript: Transcript {
                environment: Environment::Rehearsal,
                device: digest_of(&device),
                created: time("2026-11-04T01:00:00Z"),
                serial: device.serial,
                program: parse("keyferry-offline 0.1.0"),
                command: parse("keyferry-offline respond tests-1"),
                counter: 1,
                previous: None,
                unrecorded: 0,
                part: 1,
                parts: 1,
                about: vec![],
                ended: Ended::Done,
                lines: vec![
                    line(LineKind::Secret, "Password of authentication key 0x0002"),
                    line(LineKind::Said, "Ceremony tests-1 (rehearsal)"),
                    line(LineKind::Asked, "Generate and wrap this key material?"),
                    line(LineKind::Answered, "tests-1"),
                ],
            },
            receipt: Receipt {
                environment: Environment::Rehearsal,
                response: Digest::of(b""),
                created: time("2026-11-04T02:00:00Z"),
                account: parse("111122223333"),
                endpoint: parse("aws-default"),
                targets: vec![ReceiptTarget {
                    name: parse("payments"),
                    key: plan.targets[0].key.clone(),
                    outcome: Outcome::Imported,
                    expiration,
                    key_material_id: None,
                    generations: vec![],
                    proof: Some(Proof {
                        method: ProofMethod::RoundTrip,
                        challenge: base64(b"before relink"),
                        answer: base64(b"before relink"),
                        public_key: None,
                    }),
                }],
            },
            log: Log {
                environment: Environment::Rehearsal,
                device: digest_of(&device),
                created: time("2026-11-04T01:00:00Z"),
                serial: device.serial,
                counter: 1,
                previous: None,
                plan: Some(digest_of(&plan)),
                from: Some(device.log_anchor),
                entries: base64(&[0; 32]),
                unlogged_boots: 0,
                unlogged_authentications: 0,
            },
            policy,
            device,
            plan,
        };
        story.record(&deeds::usual(KeptAs::Opaque));
        story.relink();
        story
    }

    /// The ceremony of a key of another spec: a private key with this public half, or an HMAC key whose known answer is this MAC. Its
    /// receipt has no proof.
    pub fn of(
        spec: KeySpec,
        usage: KeyUsage,
        public_key: Option<&[u8]>,
        mac: Option<&[u8]>,
    ) -> Self {
        let mut story = Self::sound();
        story.policy.allowed.key_specs = KeySpec::ALL.to_vec();
        let planned = &mut story.plan.targets[0];
        (planned.key_spec, planned.key_usage) = (spec, usage);
        planned.kept_as = wrapping::usually_kept(spec);
        planned.wrapping_algorithm = wrapping::usual(spec);
        story.request.targets[0].wrapping_algorithm = planned.wrapping_algorithm;
        let answered = &mut story.response.targets[0];
        (answered.key_spec, answered.wrapping_algorithm) = (spec, planned.wrapping_algorithm);
        answered.public_key = public_key.map(base64);
        answered.known_answer = mac.map(Digest::of);
        if let Some(key) = public_key {
            answered.check_value = Digest::of(key);
            story.backup.check_value = answered.check_value;
            answered.encrypted_key_material = base64(&[1; 256 + 40]);
            // The policy lists no root: nobody looks at it.
            let certificate = base64(b"not looked at");
            let issuers = vec![certificate.clone()];
            answered.attestation = Some(AttestationChain { certificate, issuers });
        }
        story.receipt.targets[0].proof = None;
        story.record(&deeds::usual(story.plan.targets[0].kept_as));
        story.relink();
        story
    }

    /// The ceremony after this one with the same HSM: of another key, with a plan that follows this one's.
    #[must_use]
    pub fn next(&self) -> Self {
        let mut next = self.clone();
        let number = self.plan.counter + 1;
        (next.plan.counter, next.plan.previous) = (number, Some(digest_of(&self.plan)));
        next.plan.ceremony = parse(&format!("tests-{number}"));
        let key: keyferry_bundle::KeyArn = parse(&format!(
            "arn:aws:kms:eu-central-1:111122223333:key/{number:08x}-12ab-34cd-56ef-1234567890ab"
        ));
        let of = |what| Digest::of(format!("{what} {number}").as_bytes());
        next.plan.targets[0].key = key.clone();
        next.request.targets[0].key = key.clone();
        next.request.targets[0].import_token_sha256 = of("token");
        next.backup.key = key.clone();
        let answered = &mut next.response.targets[0];
        answered.key = key.clone();
        answered.import_token_sha256 = of("token");
        if answered.public_key.is_none() {
            answered.check_value = of("check");
            next.backup.check_value = answered.check_value;
        }
        next.receipt.targets[0].key = key;
        (next.log.counter, next.log.previous) = (number, Some(digest_of(&self.log)));
        let done = deeds::responding(next.plan.targets[0].kept_as);
        let signed = deeds::by(2, command::SIGN_ECDSA, 0x0100, 0xffff);
        let records = [&[signed, signed][..], &deeds::session(2), &done].concat();
        next.record_after(log::last(&self.log).unwrap(), &records);
        (next.transcript.counter, next.transcript.previous) =
            (number, Some(digest_of(&self.transcript)));
        next.relink();
        next
    }

    /// Makes every link again, from the policy on: after a change in one of the bundles.
    pub fn relink(&mut self) {
        self.device.policy = digest_of(&self.policy);
        self.plan.policy = digest_of(&self.policy);
        self.plan.device = digest_of(&self.device);
        self.request.plan = digest_of(&self.plan);
        (self.backup.plan, self.backup.device) = (self.request.plan, self.plan.device);
        (self.response.plan, self.response.device) = (self.request.plan, self.plan.device);
        self.response.request = digest_of(&self.request);
        for target in &mut self.response.targets {
            target.backup = digest_of(&self.backup);
        }
        (self.log.plan, self.log.device) = (Some(self.request.plan), self.plan.device);
        self.response.log = digest_of(&self.log);
        self.transcript.device = self.plan.device;
        self.transcript.about =
            vec![digest_of(&self.backup), digest_of(&self.log), digest_of(&self.response)];
        self.relink_receipt();
    }

    /// Makes the receipt one of the response as it is now, with the answer of a symmetric key where it has one.
    pub fn relink_receipt(&mut self) {
        self.receipt.response = digest_of(&self.response);
        let bound = Bound { plan: self.response.plan, response: self.receipt.response };
        for target in &mut self.receipt.targets {
            if let Some(proof) = &mut target.proof
                && proof.method == ProofMethod::RoundTrip
            {
                proof.challenge = base64(&bound.challenge(&target.name, [9; 32]));
                proof.answer = proof.challenge.clone();
            }
        }
    }

    /// The same ceremony in production, where a custodian keeps a copy.
    pub fn for_production(&mut self) {
        let custodian = Custodian { holder: parse("carla"), recipient: parse(RECIPIENT) };
        self.policy.custodians = vec![custodian.clone()];
        self.plan.custodians = vec![custodian.holder.clone()];
        self.backup.age =
            Some(AgeCopy { recipients: vec![custodian], sha256: Digest::of(b"age copy") });
        for environment in [
            &mut self.policy.environment,
            &mut self.device.environment,
            &mut self.plan.environment,
            &mut self.request.environment,
            &mut self.backup.environment,
            &mut self.log.environment,
            &mut self.response.environment,
            &mut self.transcript.environment,
            &mut self.receipt.environment,
        ] {
            *environment = Environment::Production;
        }
        self.relink();
    }

    /// The policy, accepted or refused.
    pub fn accept_policy(&self) -> Result<Verified<Policy>, Refusal> {
        policy::in_force(&[signed(&self.policy, &["alice", "bob"])], None)
    }

    /// The device, accepted or refused.
    pub fn accept_device(&self) -> Result<Verified<Device>, Refusal> {
        let bytes = signed(&self.device, &["hsm", "wendy"]);
        device::accept(&self.accept_policy()?, &bytes, Countersigned::Required)
    }

    /// The plan, accepted or refused.
    pub fn accept_plan(&self) -> Result<Verified<Plan>, Refusal> {
        self.accept_plan_by(&["alice", "bob"])
    }

    /// The plan signed by others.
    pub fn accept_plan_by(&self, signers: &[&str]) -> Result<Verified<Plan>, Refusal> {
        let bytes = signed(&self.plan, signers);
        plan::accept(&self.accept_policy()?, &self.accept_device()?, &bytes)
    }

    /// The request, accepted or refused.
    pub fn accept_request(&self) -> Result<Verified<Request>, Refusal> {
        let bytes = signed(&self.request, &["oscar"]);
        let (policy, device) = (self.accept_policy()?, self.accept_device()?);
        request::accept(&policy, &device, &self.accept_plan()?, &bytes)
    }

    /// The backup, accepted or refused.
    pub fn accept_backup(&self) -> Result<Verified<Backup>, Refusal> {
        let bytes = signed(&self.backup, &["hsm"]);
        let (policy, device) = (self.accept_policy()?, self.accept_device()?);
        backup::accept(&policy, &device, &self.accept_plan()?, &bytes)
    }

    /// The log, accepted or refused.
    pub fn accept_log(&self) -> Result<Verified<Log>, Refusal> {
        let bytes = signed(&self.log, &["hsm"]);
        log::accept(&self.accept_policy()?, &self.accept_device()?, &bytes)
    }

    /// Makes its log the one after another ceremony's: of stored key material that was wrapped again.
    pub fn log_after(&mut self, first: &Self) {
        self.log.counter = first.log.counter + 1;
        self.log.previous = Some(digest_of(&first.log));
        self.record_after(
            log::last(&first.log).unwrap(),
            &deeds::answering_again(self.plan.targets[0].kept_as),
        );
        self.relink();
    }

    /// Has the HSM log these commands from the device's anchor on.
    pub fn record(&mut self, records: &[Record]) {
        self.record_after(self.device.log_anchor, records);
    }

    /// Has the HSM log these commands after an entry.
    pub fn record_after(&mut self, from: LogHead, records: &[Record]) {
        let mut bytes = Vec::new();
        let mut head = from;
        for record in records {
            let number = head.number.wrapping_add(1);
            let entry = Entry::after(head.digest.as_bytes(), number, *record);
            bytes.extend(entry.encode());
            head = entry.head();
        }
        self.log.from = Some(from);
        self.log.entries = base64(&bytes);
    }

    /// The response, accepted or refused.
    pub fn accept_response(&self) -> Result<Verified<Response>, Refusal> {
        let bytes = signed(&self.response, &["hsm", "wendy"]);
        let (policy, device, plan) =
            (self.accept_policy()?, self.accept_device()?, self.accept_plan()?);
        let request = self.accept_request()?;
        response::accept(&policy, &device, &plan, &request, &bytes, Countersigned::Required)
    }

    /// The transcript, accepted or refused.
    pub fn accept_transcript(&self) -> Result<Verified<Transcript>, Refusal> {
        let bytes = signed(&self.transcript, &["hsm"]);
        transcript::accept(&self.accept_policy()?, &self.accept_device()?, &bytes)
    }

    /// The receipt, accepted or refused.
    pub fn accept_receipt(&self) -> Result<Verified<Receipt>, Refusal> {
        let bytes = signed(&self.receipt, &["oscar"]);
        let (policy, plan) = (self.accept_policy()?, self.accept_plan()?);
        receipt::accept(&policy, &plan, &self.accept_response()?, &bytes)
    }

    /// Every bundle, signed, as a folder.
    pub fn folder(&self) -> Vec<crate::evidence::File> {
        let file = |name: &str, bytes| crate::evidence::File { name: name.to_owned(), bytes };
        vec![
            file("backup-payments.json", signed(&self.backup, &["hsm"])),
            file("backup-payments.yhw", b"copy".to_vec()),
            file("log.json", signed(&self.log, &["hsm"])),
            file("device.json", signed(&self.device, &["hsm", "wendy"])),
            file("plan.json", signed(&self.plan, &["alice", "bob"])),
            file("policy-v1.json", signed(&self.policy, &["alice", "bob"])),
            file("receipt.json", signed(&self.receipt, &["oscar"])),
            file("request.json", signed(&self.request, &["oscar"])),
            file("response.json", signed(&self.response, &["hsm", "wendy"])),
            file("transcript-1.json", signed(&self.transcript, &["hsm"])),
        ]
    }
}
