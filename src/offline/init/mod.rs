//! `keyferry-offline init`: from a factory-new HSM to one that holds ceremonies.
//!
//! Every step looks first and makes only what is missing, so that after a power cut the same command goes on. The factory's
//! credential goes last, and only after the new one opened a session and signed. Once the device bundle is written, the run's transcript
//! lies beside it.

mod bundle;
mod shares;
mod steps;

use crate::hsm_access::{HsmArgs, hsm_failed};
use crate::isolation;
use crate::room::{Room, RoomArgs};
use crate::transcript::{self, Run};
use keyferry_bundle::kinds::Credentials;
use keyferry_bundle::{Domains, Holder, Label, ObjectId, Policy, Serial, Timestamp, Verified};
use keyferry_ceremony::ledger::Ledger;
use keyferry_console::args::TrustArg;
use keyferry_console::ceremony::pinned_history;
use keyferry_console::{Exit, Failure, Person, Screen, clock, files};
use keyferry_hsm::{Credential, Duty, Error, Place, Purpose, YubiHsm2};
use shares::{Found, Joined, ShareArgs, Sharing, Source};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// What to make.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example: keyferry-offline --hsm usb:12345678 init --serial 12345678 --name hsm-1 --room /media/ceremony/room --new-room\n\
        Example: keyferry-offline --hsm usb:12345678 init --serial 12345678 --name hsm-1 --room room --new-room --shares 3 --share-folder shares\n\
        Example: keyferry-offline --hsm usb:87654321 init --serial 87654321 --name hsm-2 --room room --new-room --share-set old/device.json --shares-from share-1-carol.age share-2-dave.age --identity carol.key dave.key"
)]
pub(crate) struct Args {
    /// The serial number printed on the HSM's case; the policy must list it
    #[arg(long, value_name = "N")]
    serial: Serial,

    /// What people call the HSM
    #[arg(long, value_name = "NAME")]
    name: Holder,

    /// Where to write the device bundle
    #[arg(long, value_name = "FILE", default_value = "device.json")]
    out: PathBuf,

    /// Object id of the key that signs bundles
    #[arg(long, value_name = "ID", default_value = "0x0100")]
    signing_key: ObjectId,

    /// Object id of the wrap key that copies are exported under
    #[arg(long, value_name = "ID", default_value = "0x0200")]
    wrap_key: ObjectId,

    /// Object id of the authentication key that ceremonies use
    #[arg(long, value_name = "ID", default_value = "0x0002")]
    auth_key: ObjectId,

    /// Object id of the authentication key that restores copies
    #[arg(long, value_name = "ID", default_value = "0x0003")]
    backup_auth_key: ObjectId,

    /// Object id of the authentication key that auditors read the log with
    #[arg(long, value_name = "ID", default_value = "0x0004")]
    audit_key: ObjectId,

    /// Object id of the authentication key that deletes key material
    #[arg(long, value_name = "ID", default_value = "0x0005")]
    admin_key: ObjectId,

    #[command(flatten)]
    shares: ShareArgs,

    #[command(flatten)]
    memory: RoomArgs,

    #[command(flatten)]
    trust: TrustArg,
}

/// The wrap key's label. One that was put together from shares moreover names their set.
const WRAP_KEY: &str = "keyferry wrap key";

/// Where the keys go. Domain 1 throughout: key material goes to the same domain.
struct Layout {
    signing: Place,
    wrap_key: Place,
    /// What the wrap key is: generated, or put in and split.
    wrap: Purpose,
    /// One a duty, in the order of [`Duty::ALL`].
    credentials: [(Duty, Place); 4],
}

impl Layout {
    /// What is made, and where.
    fn keys(&self) -> impl Iterator<Item = (Purpose, &Place)> {
        let own = [(Purpose::SigningKey, &self.signing), (self.wrap, &self.wrap_key)];
        let credentials = self.credentials.iter();
        own.into_iter().chain(credentials.map(|(duty, at)| (Purpose::Credential(*duty), at)))
    }
}

impl Args {
    /// Every authentication key has an id of its own.
    fn check_ids(&self, factory: ObjectId) -> Result<(), Failure> {
        let ids = [factory, self.auth_key, self.backup_auth_key, self.audit_key, self.admin_key];
        if BTreeSet::from(ids).len() == ids.len() {
            return Ok(());
        }
        Err(Failure::usage("the authentication keys need ids of their own")
            .because(format!("{factory} is the factory's")))
    }

    const fn credentials(&self) -> Credentials {
        Credentials {
            ceremony: self.auth_key,
            backup: self.backup_auth_key,
            audit: self.audit_key,
            administration: self.admin_key,
        }
    }

    /// `wrap` is what the wrap key is, `label` its label.
    fn layout(&self, wrap: Purpose, label: &str) -> Result<Layout, Failure> {
        let place = |id: ObjectId, label: &str| {
            let label: Label = label.parse().map_err(|problem: String| {
                Failure::usage(format!("{label:?} cannot be a label")).because(problem)
            })?;
            Ok::<_, Failure>(Place { id, label, domains: Domains::ONE })
        };
        Ok(Layout {
            // The name goes with the key, so that an HSM is not given another one later.
            signing: place(self.signing_key, self.name.as_str())?,
            wrap_key: place(self.wrap_key, label)?,
            wrap,
            credentials: [
                (Duty::Ceremony, place(self.auth_key, "keyferry ceremony")?),
                (Duty::Backup, place(self.backup_auth_key, "keyferry backup")?),
                (Duty::Audit, place(self.audit_key, "keyferry audit")?),
                (Duty::Administration, place(self.admin_key, "keyferry administration")?),
            ],
        })
    }
}

pub(crate) fn run(
    args: &Args,
    access: &HsmArgs,
    person: &Person,
    screen: &Screen,
) -> Result<(), Failure> {
    screen.record();
    let history = pinned_history(args.trust.trust.as_deref())?;
    let policy = history.last().ok_or_else(|| Failure::bug("no version of the policy"))?.clone();
    check_listed(&policy, args.serial)?;
    check_expiry(&policy, clock::now()?)?;
    // Not recorded here: what production refuses, a production bundle cannot have met.
    isolation::check(policy.body().environment, access.allow_network, screen)?;
    files::must_be_free(&args.out)?;
    let factory = Credential::factory().map_err(Failure::bug)?;
    args.check_ids(factory.key)?;
    let sharing = Sharing::new(&args.shares, policy.body(), args.serial, screen)?;
    let joined = Joined::ask(&args.shares, &history, args.serial, person, screen)?;
    let found = sharing.as_ref().map(Sharing::found).transpose()?;
    let source = match (&sharing, &found, &joined) {
        (Some(sharing), Some(found), _) => Source::Split(sharing, found),
        (_, _, Some(joined)) => Source::Joined(joined),
        (_, _, None) => Source::Generated,
    };
    let layout = match source {
        Source::Generated => args.layout(Purpose::WrapKey, WRAP_KEY)?,
        Source::Split(..) => args.layout(Purpose::SplitWrapKey, WRAP_KEY)?,
        Source::Joined(joined) => args.layout(Purpose::SplitWrapKey, &joined.label())?,
    };
    if let Source::Split(sharing, Found::Waiting(file)) = source {
        // Nothing is asked of the HSM: each session would leave entries in its log.
        return sharing.wait(file, screen);
    }
    let mut room = args.memory.open(args.serial)?;
    let folder = args.out.parent().unwrap_or(Path::new(""));
    transcript::must_be_free(&room, folder)?;
    let before = room.ledger().clone();
    let setup = Setup { args, access, layout: &layout, source, person, screen };
    let made = setup.session(&factory, &mut room).and_then(|opened| {
        let Some((hsm, is_new)) = opened else { return Ok(None) };
        steps::check_keys(&hsm, &layout)?;
        let shares = match source {
            Source::Generated => None,
            Source::Split(_, found) => found.proved(),
            Source::Joined(joined) => Some(joined.set().clone()),
        };
        let device = bundle::write(args, &policy, &hsm, is_new, shares)?;
        Ok(Some((hsm, device)))
    });
    let (hsm, device) = match made {
        Ok(Some(made)) => made,
        Ok(None) => return Ok(()),
        Err(failure) => {
            if *room.ledger() != before {
                screen.failure(&failure);
                screen.warn("there is no transcript of this run: it ended before the device bundle was written");
            }
            return Err(failure);
        }
    };
    let run = Run {
        hsm: &hsm,
        policy: &policy,
        device: &device,
        room: &mut room,
        folder,
        screen,
        about: vec![device.digest()],
    };
    let ((), written) = run.end(bundle::show(args, &device, screen))?;
    bundle::answer_json(args, &device, &written, screen)?;
    written.map(drop)
}

/// What a run works with.
struct Setup<'a> {
    args: &'a Args,
    access: &'a HsmArgs,
    layout: &'a Layout,
    source: Source<'a>,
    person: &'a Person,
    screen: &'a Screen,
}

impl Setup<'_> {
    /// A session of the HSM's ceremony credential, and whether this run made it; none where the wrap key was split now. A run that gets
    /// one is to leave a transcript.
    fn session(
        &self,
        factory: &Credential,
        room: &mut Room,
    ) -> Result<Option<(YubiHsm2, bool)>, Failure> {
        let Self { args, access, layout, source, person, screen } = *self;
        let opened = match YubiHsm2::open(&access.hsm, args.serial, factory) {
            Ok(new) => {
                // Before anything is changed: a run that ends early has had a session all the same.
                room.remember(Ledger::session_opened)?;
                let made = steps::set_up(args, access, &new, layout, source, person, screen)?;
                return Ok(made.map(|hsm| (hsm, true)));
            }
            Err(Error::Credential { .. }) => {
                screen.say("The factory's credential is gone: this HSM was set up before.");
                if let Source::Split(sharing, Found::Nothing) = source {
                    return Err(sharing.lost());
                }
                access.open(args.serial, args.auth_key, person, screen)?
            }
            Err(error) => return Err(hsm_failed(&error)),
        };
        room.remember(Ledger::session_opened)?;
        Ok(Some((opened, false)))
    }
}

/// A bundle that says it was made when its policy had expired is refused by everybody: told before the HSM is asked for anything. The
/// clock decides nothing else.
fn check_expiry(policy: &Verified<Policy>, now: Timestamp) -> Result<(), Failure> {
    match policy.body().expires {
        Some(expires) if now >= expires => {
            Err(Failure::new(Exit::Policy, "policy-expired", "the policy has expired")
                .because(format!("it expired at {expires}, and this machine's clock says {now}"))
                .hint("pin the next version, or set the clock where it is wrong"))
        }
        Some(_) | None => Ok(()),
    }
}

fn check_listed(policy: &Verified<Policy>, serial: Serial) -> Result<(), Failure> {
    if policy.body().devices.contains(&serial) {
        return Ok(());
    }
    Err(Failure::new(Exit::Policy, "policy-not-met", "the policy does not list this HSM")
        .because(format!("serial {serial} is not among its devices"))
        .hint("add it in a new version of the policy, or attach the right HSM"))
}
