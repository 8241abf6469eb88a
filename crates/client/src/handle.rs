use std::{collections::BTreeMap, io, net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use lamplit_node::{
    Address, Answer, ClockStand, Clocks, Command, CommandError, Event, Lit, NumberState, ReadError, ServerState,
};
use lamplit_store::{Snapshot, Store};
use lamplit_transport::{Address as TransportAddress, Hearing, LinkKind, Transport};
use lamplit_transport_quic::ServerAddress;
use lamplit_types::{AccountId, ConversationId, DeviceId, MessageId, PhoneNumber, SmsCode, Wall};
use lamplit_wire::AppPresence;
use tokio::sync::{broadcast, mpsc, oneshot, watch};

use crate::{
    clock::Clock,
    driver::Incident,
    files::{Folder, Manner, PrepareError, Transfer, Transfers, prepare},
    limits,
    sends::Sends,
};

/// The scheme of an address that is typed by hand: an IP address and a port.
const BY_HAND: &str = "udp";

/// What a program does with a running client. Cheap to clone.
#[derive(Clone)]
pub struct Handle {
    pub(crate) inbox: mpsc::Sender<Incident>,
    /// Never read: a receiver to make others from, so that no handle keeps the channel open.
    pub(crate) events: Arc<broadcast::Receiver<Event>>,
    pub(crate) state: watch::Receiver<Arc<State>>,
    pub(crate) stop: Arc<watch::Sender<bool>>,
    pub(crate) store: Arc<Store>,
    pub(crate) transports: Arc<[Arc<dyn Transport>]>,
    pub(crate) clock: Clock,
    pub(crate) discovery: bool,
    pub(crate) folder: Folder,
    pub(crate) transfers: Transfers,
    pub(crate) sends: Sends,
}

/// What is true just now and on no disk. A reader always gets the latest.
#[derive(Clone, Debug, Default)]
pub struct State {
    /// What each contact's devices show.
    pub lit: BTreeMap<AccountId, Vec<Lit>>,
    /// What this device shows.
    pub own_lit: Vec<AppPresence>,
    /// Who can be reached directly, with which devices.
    pub near: BTreeMap<AccountId, BTreeMap<DeviceId, Reach>>,
    /// Devices that show themselves and are nobody's known here.
    pub strangers: usize,
    /// What other devices showed of their clocks; [`Handle::clock_stand`] makes of it how this one stands.
    pub clocks: Clocks,
    /// Whether what happens can be kept.
    pub storage: Storage,
    /// The account's server, if it uses one.
    pub server: Option<Server>,
    /// How the account stands with its telephone number.
    pub number: NumberState,
    /// Whether the server and this device have the same of the account's own records.
    pub caught_up: bool,
}

/// The account's server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// Which.
    pub address: ServerAddress,
    /// Whether it is there.
    pub state: ServerState,
}

/// How a device is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reach {
    /// Since when.
    pub since: Wall,
    /// What kind of way it is.
    pub kind: LinkKind,
    /// Where it is, if what carries the link has such a place.
    pub address: Option<TransportAddress>,
}

/// Whether what happens can be kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Storage {
    /// It can.
    #[default]
    Working,
    /// The last commit failed; it says why and what to do. What was tried is undone, peers will send again.
    Failing(String),
}

/// Why a command came to nothing. Nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommandFailed {
    /// The device says no.
    #[error(transparent)]
    Refused(#[from] CommandError),
    /// The client has stopped or is about to.
    #[error("the daemon is stopping: start it again with `lamplit run`")]
    Stopping,
}

/// Why a file was not sent. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum SendFailed {
    /// The file is none that can be sent.
    #[error(transparent)]
    File(#[from] PrepareError),
    /// Too many others are being sent.
    #[error("{} files are being read to be sent, or wait for it: send this one when some of them are on their way", limits::SENT_AT_ONCE + limits::SENDS_WAITING)]
    Busy,
    /// The device says no, or stops.
    #[error(transparent)]
    Command(#[from] CommandFailed),
}

/// Happenings, from the moment it was made.
#[derive(Debug)]
pub struct Events(broadcast::Receiver<Event>);

/// Why there is no next happening.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Missed {
    /// The reader was too slow and missed that many; the next call goes on after them. Take a snapshot.
    #[error("{0} events were missed: take a new snapshot")]
    Lagged(u64),
    /// The client has stopped.
    #[error("the client has stopped")]
    Stopped,
}

impl Handle {
    /// Asks the device for something and waits until it is committed or refused.
    ///
    /// # Errors
    /// See [`CommandFailed`].
    pub async fn command(&self, command: Command) -> Result<Answer, CommandFailed> {
        let (answer, answered) = oneshot::channel();
        self.inbox.send(Incident::Command(command, answer)).await.map_err(|_| CommandFailed::Stopping)?;
        answered.await.map_err(|_| CommandFailed::Stopping)?
    }

    /// Makes an invite that leads to where this device can be dialled now.
    ///
    /// # Errors
    /// See [`CommandFailed`].
    pub async fn invite(&self) -> Result<Answer, CommandFailed> {
        let mut addresses = self.addresses();
        addresses.truncate(limits::INVITE_ADDRESSES);
        self.command(Command::Invite { addresses }).await
    }

    /// Sends a file in a conversation, once it was read through. Waits for its turn if [`limits::SENT_AT_ONCE`] others are being
    /// read.
    ///
    /// # Errors
    /// See [`SendFailed`].
    pub async fn send_file(&self, to: ConversationId, path: PathBuf, manner: Manner) -> Result<MessageId, SendFailed> {
        let turn = self.sends.take().await.ok_or(SendFailed::Busy)?;
        let (folder, transfers) = (self.folder.clone(), self.transfers.clone());
        let prepared = tokio::task::spawn_blocking(move || {
            // Its turn ends with the reading, also when nobody waits for that any more.
            let _turn = turn;
            prepare(&path, manner, &folder, &transfers)
        });
        let file = prepared.await.map_err(|_| CommandFailed::Stopping)??;
        let blob = file.card.blob;
        let sent = self.command(Command::SendFile { to, file }).await;
        if let Err(CommandFailed::Refused(_)) = sent {
            let folder = self.folder.clone();
            tokio::task::spawn_blocking(move || folder.throw_away(&blob.to_string()));
        }
        match sent? {
            Answer::Saying(id) => Ok(id),
            _ => Err(CommandFailed::Stopping.into()),
        }
    }

    /// Files that are under way now.
    pub fn transfers(&self) -> Vec<Transfer> {
        self.transfers.all()
    }

    /// Bytes that are free on the disk where files are kept. [`limits::FREE_BYTES`] of them stay free of files.
    ///
    /// # Errors
    /// Those of the system, if it does not tell.
    pub async fn free_for_files(&self) -> io::Result<u64> {
        let folder = self.folder.clone();
        tokio::task::spawn_blocking(move || folder.free()).await?
    }

    /// Makes a code by which a new device can join this account, dialling this one where it is now.
    ///
    /// # Errors
    /// See [`CommandFailed`].
    pub async fn link_device(&self) -> Result<Answer, CommandFailed> {
        let mut addresses = self.addresses();
        addresses.truncate(limits::INVITE_ADDRESSES);
        self.command(Command::LinkDevice { addresses }).await
    }

    /// Dials an address at which a contact is expected.
    ///
    /// # Errors
    /// See [`CommandFailed`].
    pub async fn dial(&self, contact: AccountId, address: SocketAddr) -> Result<Answer, CommandFailed> {
        self.command(Command::Dial { contact, address: Address(format!("{BY_HAND}:{address}")) }).await
    }

    /// Uses another server from now on, or none.
    ///
    /// # Errors
    /// See [`CommandFailed`].
    pub async fn use_server(&self, server: Option<ServerAddress>) -> Result<Answer, CommandFailed> {
        self.command(Command::UseServer(server.map(|server| Address(server.to_string())))).await
    }

    /// Has a code sent to a telephone number. What becomes of it, [`State::number`] says.
    ///
    /// # Errors
    /// See [`CommandFailed`].
    pub async fn ask_code(&self, number: PhoneNumber) -> Result<Answer, CommandFailed> {
        self.command(Command::AskCode(number)).await
    }

    /// Shows the code that came.
    ///
    /// # Errors
    /// See [`CommandFailed`].
    pub async fn show_code(&self, code: SmsCode) -> Result<Answer, CommandFailed> {
        self.command(Command::ShowCode(code)).await
    }

    /// Gives the account's telephone number up.
    ///
    /// # Errors
    /// See [`CommandFailed`].
    pub async fn free_number(&self) -> Result<Answer, CommandFailed> {
        self.command(Command::FreeNumber).await
    }

    /// Where this device can be dialled now, the likeliest first.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        let all = self.transports.iter().flat_map(|transport| transport.addresses());
        all.filter_map(|address| address.rest().parse().ok()).collect()
    }

    /// How many commits there were, and how long they took together.
    pub fn commits(&self) -> (u64, Duration) {
        self.store.spent()
    }

    /// The time by the clock that the device goes by.
    pub fn now(&self) -> Wall {
        self.clock.now().wall
    }

    /// How this device's clock stands to those of others that were met since the client started.
    pub fn clock_stand(&self) -> ClockStand {
        self.state().clocks.stand(self.clock.now())
    }

    /// Whether others find this device by themselves.
    pub const fn discovery(&self) -> bool {
        self.discovery
    }

    /// Whether devices find each other by themselves here, as far as this one can tell.
    pub fn hearing(&self) -> Hearing {
        self.transports.iter().map(|transport| transport.hearing()).max().unwrap_or_default()
    }

    /// What happens from now on.
    pub fn events(&self) -> Events {
        Events(self.events.resubscribe())
    }

    /// What is true just now. What becomes of it later is not in it, so it may be held.
    pub fn state(&self) -> Arc<State> {
        // Not the guard: whoever held one and asked for another would wait for a driver that waits for the first.
        self.state.borrow().clone()
    }

    /// Reads a consistent view of what is committed, off the async threads.
    ///
    /// # Errors
    /// Those of `read`, and [`ReadError::Storage`] if no view can be had.
    pub async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Snapshot) -> Result<T, ReadError> + Send + 'static,
    ) -> Result<T, ReadError> {
        let store = self.store.clone();
        let task = tokio::task::spawn_blocking(move || {
            let snapshot = store.snapshot().map_err(|error| ReadError::Storage(error.to_string()))?;
            read(&snapshot)
        });
        task.await.unwrap_or_else(|error| Err(ReadError::Storage(error.to_string())))
    }

    /// Asks the client to stop; [`Self::stopped`] tells when it has.
    pub fn stop(&self) {
        self.stop.send_replace(true);
    }

    /// Returns once the client has stopped.
    pub async fn stopped(&self) {
        // The driver holds the sender, so it is gone when the driver is.
        let mut state = self.state.clone();
        while state.changed().await.is_ok() {}
    }
}

impl core::fmt::Debug for Handle {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Handle").finish_non_exhaustive()
    }
}

impl Events {
    /// The next happening. May be dropped while it waits; nothing is lost.
    ///
    /// # Errors
    /// See [`Missed`].
    pub async fn next(&mut self) -> Result<Event, Missed> {
        self.0.recv().await.map_err(|error| match error {
            broadcast::error::RecvError::Lagged(missed) => Missed::Lagged(missed),
            broadcast::error::RecvError::Closed => Missed::Stopped,
        })
    }
}
