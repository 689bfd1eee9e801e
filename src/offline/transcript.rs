//! The transcript of a run: what it showed and asked and what was typed, signed by the HSM, written when everything else is on the
//! medium.
//!
//! Signed, then remembered, then written: what is cut off in between leaves a gap that the next transcript shows, and no number is
//! given twice. A transcript that cannot be made undoes nothing.

use crate::hsm_access::{sign, unmakeable};
use crate::room::Room;
use keyferry_bundle::kinds::{Bundle as _, Ended};
use keyferry_bundle::{Device, Digest, Envelope, Policy, Shown, Transcript, Verified};
use keyferry_ceremony::ledger::Place;
use keyferry_ceremony::transcript;
use keyferry_console::ceremony::refused;
use keyferry_console::files::{self, Mode};
use keyferry_console::{Exit, Failure, Name, Screen, args, clock};
use keyferry_hsm::Hsm;
use std::path::{Path, PathBuf};

/// This program, as a transcript names it.
const PROGRAM: &str = concat!(env!("CARGO_PKG_NAME"), " ", env!("CARGO_PKG_VERSION"));

/// Refuses a folder in which the next transcript could not be written, before anything is done that would be without one.
pub(crate) fn must_be_free(room: &Room, folder: &Path) -> Result<(), Failure> {
    // As many as a run may have parts.
    (next(room)?.counter..).take(Transcript::MAX_PARTS as usize).try_for_each(|counter| {
        files::must_be_free(&folder.join(Name::Transcript(counter).to_string()))
    })
}

fn next(room: &Room) -> Result<Place, Failure> {
    room.ledger().next_transcript().ok_or_else(|| Failure::bug("every transcript has its number"))
}

/// The digests of the bundles among files.
pub(crate) fn digests(files: &[(PathBuf, Vec<u8>, Mode)]) -> Vec<Digest> {
    let envelope = |bytes: &[u8]| Envelope::decode_canonical(bytes).ok();
    files.iter().filter_map(|(_, bytes, _)| envelope(bytes)).map(|it| it.digest()).collect()
}

/// A run that opened a session with the HSM.
pub(crate) struct Run<'a> {
    pub(crate) hsm: &'a dyn Hsm,
    pub(crate) policy: &'a Verified<Policy>,
    pub(crate) device: &'a Verified<Device>,
    pub(crate) room: &'a mut Room,
    /// Where the transcript goes.
    pub(crate) folder: &'a Path,
    pub(crate) screen: &'a Screen,
    /// The bundles that the run wrote.
    pub(crate) about: Vec<Digest>,
}

/// A transcript's files, or why there are none.
pub(crate) type Written = Result<Vec<PathBuf>, Failure>;

impl Run<'_> {
    /// Ends a run, however it went. What went wrong in it stays what went wrong; that there is no transcript is then a warning.
    pub(crate) fn end<T>(self, outcome: Result<T, Failure>) -> Result<(T, Written), Failure> {
        let screen = self.screen;
        match outcome {
            Ok(done) => Ok((done, self.write(Ended::Done).map_err(incomplete))),
            Err(failure) => {
                // Shown here, so that the transcript has it.
                screen.failure(&failure);
                let declined = failure.exit == Exit::Declined;
                let ended = if declined { Ended::Declined } else { Ended::Failed };
                if let Err(none) = self.write(ended) {
                    let causes = none.because.iter().map(|cause| format!(": {cause}"));
                    let causes: String = causes.collect();
                    let error = &none.error;
                    screen.warn(format!("there is no transcript of this run: {error}{causes}"));
                }
                Err(failure)
            }
        }
    }

    fn write(self, ended: Ended) -> Written {
        let place = next(self.room)?;
        let run = self.run(ended, place)?;
        let parts = transcript::in_parts(&run, self.screen.recorded()).map_err(Failure::bug)?;
        let count = u32::try_from(parts.len()).map_err(Failure::bug)?;
        let mut signed: Vec<Verified<Transcript>> = Vec::new();
        for (part, lines) in (1..).zip(parts) {
            let before = signed.last();
            signed.push(self.sign(&Transcript {
                counter: before.map_or(place.counter, |it| it.body().counter.saturating_add(1)),
                previous: before.map_or(place.previous, |it| Some(it.digest())),
                unrecorded: if part == 1 { place.unrecorded } else { 0 },
                part,
                parts: count,
                lines,
                ..run.clone()
            })?);
        }
        if let Some(last) = signed.last() {
            self.room.remember(|ledger| ledger.recorded(last))?;
        }
        let path = |it: &Verified<Transcript>| {
            self.folder.join(Name::Transcript(it.body().counter).to_string())
        };
        let file = |it| (path(it), it.envelope().encode(), Mode::Public);
        files::write_all_new(&signed.iter().map(file).collect::<Vec<_>>())?;
        let paths: Vec<PathBuf> = signed.iter().map(path).collect();
        let shown: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
        self.screen.say(format!("The transcript of this run is in {}", shown.join(", ")));
        Ok(paths)
    }

    /// The run as every part of its transcript tells it.
    fn run(&self, ended: Ended, place: Place) -> Result<Transcript, Failure> {
        Ok(Transcript {
            environment: self.policy.body().environment,
            device: self.device.digest(),
            created: clock::now()?,
            serial: self.device.body().serial,
            program: PROGRAM.parse().map_err(Failure::bug)?,
            command: Shown::of(&args::command_line(env!("CARGO_PKG_NAME"))),
            counter: place.counter,
            previous: place.previous,
            unrecorded: place.unrecorded,
            part: 1,
            parts: 1,
            about: self.about.clone(),
            ended,
            lines: Vec::new(),
        })
    }

    /// Has the HSM sign a part, and checks it.
    fn sign(&self, part: &Transcript) -> Result<Verified<Transcript>, Failure> {
        let device = self.device.body();
        let mut envelope = part.to_envelope().map_err(|error| unmakeable(&error))?;
        let key = device.enrolled().map_err(|error| unmakeable(&error))?.key;
        sign(self.hsm, device.signing_key.object_id, &key, &mut envelope)?;
        transcript::accept(self.policy, self.device, &envelope.encode())
            .map_err(|refusal| refused("the new transcript", &refusal))
    }
}

/// A run whose transcript alone is missing.
fn incomplete(none: Failure) -> Failure {
    let mut failure = Failure::new(
        none.exit,
        "transcript",
        "everything is done and written, but the transcript is not",
    )
    .because(none.error)
    .hint("go on without it, and note why: the next transcript shows that one is missing");
    failure.because.extend(none.because);
    failure
}
