//! The running service.

use crate::clock::Time;
use crate::engine::{self, Engine};
use crate::http::{Handler, Reply, Request, Server};
use crate::state_file::StateFile;
use crate::world::World;
use keyferry_bundle::{AccountId, AwsRegion};
use keyferry_console::{Exit, Failure};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

const ACCOUNT: &str = "111122223333";
const REGION: &str = "eu-central-1";

/// How the service runs.
#[derive(Debug, Clone)]
pub struct Options {
    /// A loopback address; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The state file, made when it is not there.
    pub state: PathBuf,
    /// The caller's account; by default the state file's, else 111122223333. Keys belong to the account that the state file
    /// was made for: KMS denies every other caller everything.
    pub account: Option<AccountId>,
    /// The Region of what is named without one, as by the control requests; by default the state file's, else eu-central-1.
    pub region: Option<AwsRegion>,
    /// What the clock is set to; by default it runs as the state file says, else as the host's.
    pub clock: Option<Time>,
}

/// A running service, alone on its state file. It ends when dropped, with nothing half done.
pub struct Service {
    // Dropped after `stop`, so that no request is carried out any more.
    server: Server,
    shared: Arc<Shared>,
    region: AwsRegion,
}

struct Shared(Mutex<Engine>);

impl Shared {
    fn engine(&self) -> MutexGuard<'_, Engine> {
        // A request that panicked left the state as it was: it worked on a copy.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Handler for Shared {
    fn answer(&self, request: &Request) -> Reply {
        self.engine().answer(request)
    }

    fn malformed(&self, because: &str) -> Reply {
        engine::malformed(because)
    }

    fn is_hanging(&self) -> bool {
        self.engine().is_hanging()
    }

    fn release(&self) {
        self.engine().release();
    }
}

impl Service {
    /// Starts the service on threads of its own.
    ///
    /// # Errors
    /// [`Exit::Usage`] when the address is not loopback or the state file is of another region, [`Exit::File`] when the
    /// state cannot be read or written or another service runs on it, [`Exit::Unchanged`] when the address cannot be listened on.
    pub fn start(options: Options) -> Result<Self, Failure> {
        let Options { listen, state: path, account, region, clock } = options;
        if !listen.ip().is_loopback() {
            return Err(Failure::usage(format!("{listen} is not a loopback address"))
                .because("this is no KMS: nobody else may reach it")
                .hint("listen on 127.0.0.1 or [::1]"));
        }
        let (mut file, found) = StateFile::open(path)?;
        let mut world = if let Some(world) = found {
            must_agree(region.as_ref(), &world.region)?;
            world
        } else {
            let account =
                account.clone().map_or_else(|| ACCOUNT.parse(), Ok).map_err(Failure::bug)?;
            let region = region.map_or_else(|| REGION.parse(), Ok).map_err(Failure::bug)?;
            World::new(account, region).map_err(Failure::bug)?
        };
        if let Some(time) = clock {
            world.clock.set(Time::host(), time);
        }
        file.save(&world)?;
        let region = world.region.clone();
        let caller = account.unwrap_or_else(|| world.account.clone());
        let shared = Arc::new(Shared(Mutex::new(Engine::new(world, caller, file))));
        let server = Server::start(listen, Arc::clone(&shared)).map_err(|error| {
            Failure::new(Exit::Unchanged, "listen", format!("{listen} cannot be listened on"))
                .because(error)
                .hint("name another port, or port 0 for any that is free")
        })?;
        Ok(Self { server, shared, region })
    }

    /// Where it is: `http://ADDRESS:PORT`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.server.address())
    }

    /// Its region.
    #[must_use]
    pub const fn region(&self) -> &AwsRegion {
        &self.region
    }

    /// Keeps callers to AWS's pace from here on: `GetParametersForImport` once a second in each Region of an account.
    pub fn throttle(&self) {
        self.shared.engine().throttle();
    }

    /// Waits for ever.
    pub fn wait(&self) {
        self.server.wait();
    }

    /// Ends it: a request that is being carried out is finished, no other is begun, and the port is free.
    pub fn stop(self) {
        drop(self);
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.shared.engine().stop();
    }
}

fn must_agree(asked: Option<&AwsRegion>, found: &AwsRegion) -> Result<(), Failure> {
    match asked {
        Some(asked) if asked != found => {
            Err(Failure::usage(format!("the state file is of region {found}, not {asked}"))
                .hint("name another state file"))
        }
        Some(_) | None => Ok(()),
    }
}
