use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::thread;

use lamplit_depot::Depot;
use lamplit_service::{CodeKey, Service, Settings, Store, tidy};
use lamplit_tls::{Identity, ServerKey};
use lamplit_wire::server::Epoch;
use tokio::sync::{Mutex, watch};
use tokio::task::{JoinHandle, JoinSet, spawn_blocking, yield_now};
use tokio::time::sleep;

use crate::admin::{self, Admin, BindError, Desk};
use crate::admission::Admission;
use crate::clock::Clock;
use crate::committer::Keeper;
use crate::connection::{Shared, stopped};
use crate::metrics::Metrics;
use crate::status::{self, Report, Running};
use crate::texts::Texts;
use crate::{KeyError, door, key, limits};

/// The store's name in the data directory.
const STORE: &str = "depot.redb";

/// How to start.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where its key and its store are. Made if it is not there.
    pub data: PathBuf,
    /// Where to listen. `[::]` takes IPv4 too; port 0 lets the system choose.
    pub listen: SocketAddr,
    /// Where machines may ask for its status by HTTP: an address of this machine alone.
    pub status: Option<SocketAddr>,
    /// How it sends codes to telephones. Without it, it sends none.
    pub sms: Option<lamplit_sms::Config>,
    /// What its operator decides.
    pub settings: Settings,
}

/// Why the server does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Its key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// Its store.
    #[error(transparent)]
    Store(#[from] lamplit_depot::OpenError),
    /// Its socket.
    #[error("can't listen on {listen}: {why}; choose another address or port with --listen")]
    Listen {
        /// Where.
        listen: SocketAddr,
        /// What the system said.
        why: String,
    },
    /// The socket for the status.
    #[error(
        "the status can't be asked for at {at}: {why}; choose an address of this machine, such as 127.0.0.1:9464, with --status"
    )]
    Status {
        /// Where.
        at: SocketAddr,
        /// What the system said.
        why: io::Error,
    },
    /// The socket for commands.
    #[error(transparent)]
    Admin(#[from] BindError),
    /// The way to telephones.
    #[error("codes can't be sent by SMS: {0}")]
    Sms(#[from] lamplit_sms::ConfigError),
    /// The system gives no thread or no random numbers.
    #[error("the system does not give what the server needs: {0}")]
    System(String),
}

/// A running server, to be ended by [`Self::stop`]. One that is dropped takes nobody in any more, and nobody waits for it.
#[derive(Debug)]
pub struct Server {
    key: ServerKey,
    bound: SocketAddr,
    status: Option<SocketAddr>,
    stopping: watch::Sender<bool>,
    door: JoinHandle<()>,
    tidying: JoinHandle<()>,
    answering: JoinHandle<()>,
    committing: thread::JoinHandle<()>,
    /// Ends when it is dropped.
    reporting: JoinSet<()>,
}

impl Server {
    /// Starts a server on the current tokio runtime.
    ///
    /// # Errors
    /// [`StartError`].
    pub async fn start(config: Config) -> Result<Self, StartError> {
        let Config { data, listen, status, sms, settings } = config;
        // Before anything is made. It is opened once all else is: a message centre lets nobody in twice.
        sms.as_ref().map(lamplit_sms::Config::check).transpose()?;
        let (stopping, stops) = watch::channel(false);
        let admission = Arc::<Admission>::default();
        let metrics = Arc::<Metrics>::default();
        let report = Arc::new(Report {
            metrics: metrics.clone(),
            admission: admission.clone(),
            stopping: stops.clone(),
            running: OnceLock::new(),
        });
        // First of all: whoever asks hears that it starts.
        let mut reporting = JoinSet::new();
        let status = match status {
            Some(at) => Some(begin_reporting(at, report.clone(), &mut reporting).await?),
            None => None,
        };
        let (place, store) = (data.clone(), store_of(&data));
        let opening = spawn_blocking(move || {
            let found = key::look_for(&data)?;
            let mut fresh = [0; 8];
            getrandom::fill(&mut fresh).map_err(|error| KeyError::Random(error.to_string()))?;
            let depot = Depot::open(&store_of(&data), Epoch(fresh))?;
            // After the store: a start that fails there leaves no key, which would keep that of a backup from being put back.
            let key = found.map_or_else(|| key::make(&data), Ok)?;
            Ok::<_, StartError>((key, depot))
        });
        let (key, depot) = opening.await.map_err(|error| StartError::System(error.to_string()))??;
        let public = ServerKey(key.public());
        let codes = key.secret_for(b"lamplit-server codes 1");
        let refused = |why: String| StartError::Listen { listen, why };
        let endpoint = door::open(listen, Arc::new(key)).map_err(|error| refused(error.to_string()))?;
        let bound = endpoint.local_addr().map_err(|error| refused(error.to_string()))?;
        let admin = Admin::bind(&place)?;
        let (keeper, committing) =
            Keeper::start(depot, metrics.clone()).map_err(|error: io::Error| StartError::System(error.to_string()))?;
        let clock = Clock::start();
        let desk = Desk {
            depot: keeper.depot(),
            admission: admission.clone(),
            clock,
            store: store.clone(),
            copying: Mutex::default(),
        };
        let running = Running { depot: Arc::downgrade(&keeper.depot()), commits: keeper.pulse(), store };
        let sends_codes = sms.is_some();
        let texts = Arc::new(Texts::new(sms.map(lamplit_sms::Config::open).transpose()?, metrics.clone()));
        let codes = sends_codes.then(|| CodeKey::from_bytes(codes));
        let service = Service::new(keeper, Settings { codes, ..settings });
        let shared = Arc::new(Shared { service, hub: Arc::default(), clock, metrics, texts });
        let tidying = tokio::spawn(tidy_all(shared.clone(), stops.clone()));
        let door = tokio::spawn(door::keep(endpoint, shared, admission, stops.clone()));
        let answering = tokio::spawn(admin.serve(Arc::new(desk), stops));
        // Set once, here.
        let _ = report.running.set(running);
        Ok(Self { key: public, bound, status, stopping, door, tidying, answering, committing, reporting })
    }

    /// Its key, by which devices know it.
    pub const fn key(&self) -> ServerKey {
        self.key
    }

    /// Where it listens.
    pub const fn bound(&self) -> SocketAddr {
        self.bound
    }

    /// Where its status can be asked for.
    pub const fn status(&self) -> Option<SocketAddr> {
        self.status
    }

    /// Says goodbye to all who are connected, and returns once all that was promised is on the disk.
    pub async fn stop(mut self) {
        self.stopping.send_replace(true);
        for task in [self.door, self.tidying, self.answering] {
            if let Err(error) = task.await
                && error.is_panic()
            {
                tracing::error!("a part of the server had failed");
            }
        }
        self.reporting.shutdown().await;
        // Nobody holds the store any more but the thread that commits.
        let committing = self.committing;
        let _ = spawn_blocking(move || committing.join()).await;
    }
}

/// The public key of the server whose data is in `data`.
///
/// # Errors
/// [`KeyError`].
pub fn read_key(data: &Path) -> Result<ServerKey, KeyError> {
    Ok(ServerKey(key::load(data)?.public()))
}

/// The store of the server whose data is in `data`.
pub fn store_of(data: &Path) -> PathBuf {
    data.join(STORE)
}

async fn begin_reporting(
    at: SocketAddr,
    report: Arc<Report>,
    reporting: &mut JoinSet<()>,
) -> Result<SocketAddr, StartError> {
    let refused = |why| StartError::Status { at, why };
    let listener = status::bind(at).await.map_err(refused)?;
    let bound = listener.local_addr().map_err(refused)?;
    reporting.spawn(status::serve(listener, report));
    Ok(bound)
}

/// Copies a store that no server has open to `to`, where nothing may be yet.
///
/// # Errors
/// A text for whoever asked for it.
pub fn copy_store(depot: &Depot, to: &Path) -> Result<(), String> {
    admin::copy(depot, to)
}

/// Drops what nobody came for, now and then, until the server stops.
async fn tidy_all<S: Store>(shared: Arc<Shared<S>>, mut stopping: watch::Receiver<bool>) {
    loop {
        tidy_once(&shared, &stopping).await;
        tokio::select! {
            () = stopped(&mut stopping) => return,
            () = sleep(limits::TIDY) => {}
        }
    }
}

async fn tidy_once<S: Store>(shared: &Shared<S>, stopping: &watch::Receiver<bool>) {
    let (mut place, mut damaged) = (None, 0_u64);
    while !*stopping.borrow() {
        match tidy(&shared.service, place, shared.clock.now()).await {
            Ok(Some(tidied)) => {
                shared.hub.wake(&tidied.wake);
                damaged = damaged.saturating_add(tidied.is_damaged.into());
                place = Some(tidied.partition);
            }
            Ok(None) => break,
            Err(error) => {
                tracing::warn!(%error, "what nobody came for could not be dropped");
                break;
            }
        }
        // Whoever is served goes first.
        yield_now().await;
    }
    if damaged > 0 {
        tracing::error!(damaged, "accounts are damaged and were left as they are: restore a backup");
    }
}

#[cfg(test)]
mod tests;
