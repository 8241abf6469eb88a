use std::{
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
    sync::Arc,
};

use lamplit_node::{Node, OpenError, ReadError, setup::DeviceSecrets};
use lamplit_store::Store;
use lamplit_transport::{Transport, TransportEvent};
use lamplit_transport_quic::{Config, QuicTransport, ServerTransport, StartError as NetworkError};
use tokio::{
    runtime,
    sync::{broadcast, mpsc, watch},
    task::{JoinHandle, spawn_blocking},
};

use crate::{
    account::Opened,
    caller::Caller,
    clock::{Clock, Leaps},
    dialler::Dialler,
    driver::{Driver, Fatal, Incident},
    files::{Files, Folder, Tidy, Transfers},
    handle::{Handle, State},
    limits,
    links::Links,
    random::Random,
    screen::Screen,
    sends::Sends,
};

/// A running device. Dropping it with all its handles stops it too, without waiting.
#[derive(Debug)]
pub struct Client {
    handle: Handle,
    task: JoinHandle<Result<(), Fatal>>,
}

/// A transport and what it tells.
pub type Carrier = (Arc<dyn Transport>, mpsc::Receiver<TransportEvent>);

/// What a device is made of.
pub struct Parts {
    /// Its keys.
    pub secrets: DeviceSecrets,
    /// Its database.
    pub store: Store,
    /// What carries its bytes, each with what it tells.
    pub transports: Vec<Carrier>,
    /// Whether one of them shows this device to others.
    pub discovery: bool,
    /// Where its files are kept.
    pub files: Folder,
}

/// How a device is on the local network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    /// Where it listens; `None`: every address, at a port of the system's choice.
    pub bind: Option<SocketAddr>,
    /// Whether it shows itself to others and looks for them.
    pub discovery: bool,
}

/// Why a device does not start. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The database does not open.
    #[error(transparent)]
    Storage(#[from] ReadError),
    /// What is in it cannot be used.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The operating system gives no randomness.
    #[error("the operating system gives no random numbers: {0}")]
    Random(#[from] getrandom::Error),
}

impl Parts {
    /// A device on the local network, which can also dial servers. Must be called inside a tokio runtime.
    ///
    /// # Errors
    /// [`NetworkError`], such as a port that is taken.
    pub fn on_network(opened: Opened, network: Network) -> Result<Self, NetworkError> {
        let default = Config::default();
        let config = Config { bind: network.bind.unwrap_or(default.bind), discovery: network.discovery, ..default };
        let (transport, happenings) = QuicTransport::start(config)?;
        let Opened { secrets, store, files } = opened;
        let (servers, nothing) = ServerTransport::new(Arc::new(Caller(secrets.handshake_key())));
        let transports: Vec<Carrier> = vec![(Arc::new(transport), happenings), (Arc::new(servers), nothing)];
        Ok(Self { secrets, store, transports, discovery: network.discovery, files })
    }
}

impl Client {
    /// Starts a device on the current tokio runtime.
    ///
    /// # Errors
    /// See [`StartError`].
    pub fn start(parts: Parts) -> Result<Self, StartError> {
        let Parts { secrets, store, transports, discovery, files: folder } = parts;
        let store = Arc::new(store);
        let clock = Clock::start();
        let mut random = Random::new()?;
        let node = Node::open(secrets, &store.snapshot()?, clock.now(), random.rng())?;

        let (inbox_in, inbox) = mpsc::channel(limits::INBOX);
        let (events, events_out) = broadcast::channel(limits::EVENTS);
        let (state, state_out) = watch::channel(Arc::new(State { own_lit: node.own_lit(), ..State::default() }));
        let (stop_in, stop) = watch::channel(false);
        let transfers = Transfers::default();
        let (transports, sources): (Vec<_>, Vec<_>) = transports.into_iter().unzip();
        let transports: Arc<[Arc<dyn Transport>]> = transports.into();
        for source in sources {
            tokio::spawn(forward(source, inbox_in.clone()));
        }
        let tidy = Tidy::new(store.clone(), folder.clone(), node.device());
        tokio::spawn(tidy.run(inbox_in.clone()));
        let screen = Screen::new(events, state);
        screen.server(&node);
        let driver = Driver {
            node,
            store: store.clone(),
            clock,
            random,
            inbox,
            stop,
            links: Links::new(inbox_in.clone()),
            dialler: Dialler::new(transports.clone(), inbox_in.clone()),
            screen,
            files: Files::new(folder.clone(), transfers.clone(), inbox_in.clone()),
            asked: BTreeMap::new(),
            last_asked: 0,
            sighted: BTreeSet::new(),
            held: Vec::new(),
            broken: None,
            silent_until: None,
            leaps: Leaps::new(clock.now()),
        };
        // A thread of its own: it waits for the disk.
        let runtime = runtime::Handle::current();
        let task = spawn_blocking(move || runtime.block_on(driver.run()));
        let handle = Handle {
            inbox: inbox_in,
            events: Arc::new(events_out),
            state: state_out,
            stop: Arc::new(stop_in),
            store,
            transports,
            clock,
            discovery,
            folder,
            transfers,
            sends: Sends::new(),
        };
        Ok(Self { handle, task })
    }

    /// To use it with.
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Returns once it has stopped, because [`Handle::stop`] was called or because it could not go on.
    ///
    /// # Errors
    /// [`Fatal`] if it could not go on.
    pub async fn wait(self) -> Result<(), Fatal> {
        self.task.await.unwrap_or_else(|error| Err(Fatal::from_join(&error)))
    }
}

async fn forward(mut source: mpsc::Receiver<TransportEvent>, inbox: mpsc::Sender<Incident>) {
    while let Some(event) = source.recv().await {
        if inbox.send(Incident::Transport(event)).await.is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests;
