//! What whoever runs the server asks it while it runs: over a socket in the data directory, a line of JSON for a question and
//! one for the answer.
//!
//! Only the server's own user may ask, and root, who could become that user anyway: the socket's mode says so, and the system
//! is asked who is at the other end.

use std::fs;
use std::io;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use lamplit_depot::Depot;
use lamplit_service::{Partition, Store};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{Mutex, watch};
use tokio::task::{JoinSet, spawn_blocking, yield_now};
use tokio::time::{sleep, timeout};

use crate::admission::Admission;
use crate::clock::Clock;
use crate::connection::stopped;
use crate::limits;

mod ask;

pub use ask::{AskError, ask};

/// The socket's name in the data directory.
const SOCKET: &str = "admin.sock";

/// A question to the running server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "snake_case", deny_unknown_fields)]
pub enum Request {
    /// A copy of its store.
    Backup {
        /// The file, by its whole path, at which nothing is yet.
        to: PathBuf,
    },
    /// How it stands.
    Stats,
}

/// Its answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum Answer {
    /// The copy is there.
    Copied,
    /// How it stands.
    Stats(Stats),
    /// It was not done.
    Failed {
        /// Why, and what to do.
        why: String,
    },
}

/// How a server stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stats {
    /// Accounts that are open.
    pub accounts: u64,
    /// Connections, handshakes included.
    pub connections: u64,
    /// How long it has run.
    pub uptime_seconds: u64,
    /// How large the file of its store is.
    pub store_bytes: u64,
}

/// Why the socket cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// Something else has its name.
    #[error("{} is in the way and is no socket: move it away", .0.display())]
    InTheWay(PathBuf),
    /// The path of a socket is short (108 bytes on Linux).
    #[error("the path {} is too long for a socket: choose a data directory with a shorter one", .0.display())]
    TooLong(PathBuf),
    /// The system refused.
    #[error("the socket {} for the commands cannot be opened: {why}", .path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        why: io::Error,
    },
}

/// What the answers are taken from.
pub(crate) struct Desk {
    pub(crate) depot: Arc<Depot>,
    pub(crate) admission: Arc<Admission>,
    pub(crate) clock: Clock,
    /// The store's file.
    pub(crate) store: PathBuf,
    /// Held while a copy is made: one at a time, since each makes the store's file grow.
    pub(crate) copying: Mutex<()>,
}

/// The socket, open.
pub(crate) struct Admin {
    listener: UnixListener,
    path: PathBuf,
}

impl Admin {
    /// Opens the socket in `data`, whose store the caller has locked: one that is there was left by a server that died.
    pub(crate) fn bind(data: &Path) -> Result<Self, BindError> {
        let path = data.join(SOCKET);
        let failed = |why| BindError::Io { path: path.clone(), why };
        match fs::symlink_metadata(&path) {
            Ok(found) if found.file_type().is_socket() => fs::remove_file(&path).map_err(failed)?,
            Ok(_) => return Err(BindError::InTheWay(path)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(failed(error)),
        }
        let listener = UnixListener::bind(&path).map_err(|error| match error.kind() {
            io::ErrorKind::InvalidInput => BindError::TooLong(path.clone()),
            _ => failed(error),
        })?;
        // Whoever came in between is seen by their user.
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).map_err(failed)?;
        Ok(Self { listener, path })
    }

    /// Answers until the server stops; then until what was begun is done, if that is soon.
    pub(crate) async fn serve(self, desk: Arc<Desk>, mut stopping: watch::Receiver<bool>) {
        let mut guests = JoinSet::new();
        loop {
            tokio::select! {
                () = stopped(&mut stopping) => break,
                Some(_) = guests.join_next() => {}
                accepted = self.listener.accept() => match accepted {
                    Ok((stream, _)) if guests.len() < limits::ADMINS => {
                        guests.spawn(guest(stream, desk.clone()));
                    }
                    // Whoever asks hears of it by the connection's end.
                    Ok(_) => tracing::warn!("too many commands at once: one was turned away"),
                    Err(error) => {
                        tracing::warn!(%error, "the socket for commands takes nobody for now");
                        sleep(limits::ADMIN_REST).await;
                    }
                },
            }
        }
        if let Err(error) = fs::remove_file(&self.path) {
            tracing::warn!(%error, "the socket for commands was left behind");
        }
        let _ = timeout(limits::STOPPING, async { while guests.join_next().await.is_some() {} }).await;
        guests.shutdown().await;
    }
}

async fn guest(stream: UnixStream, desk: Arc<Desk>) {
    let user = stream.peer_cred().map(|peer| peer.uid());
    if !user.is_ok_and(|user| may_ask(user, rustix::process::geteuid().as_raw())) {
        tracing::warn!("another user asked the server something and was turned away");
        return;
    }
    let (from, mut to) = stream.into_split();
    let mut line = Vec::new();
    let mut from = BufReader::new(from.take(limits::ADMIN_LINE));
    if !matches!(timeout(limits::ADMIN_PATIENCE, from.read_until(b'\n', &mut line)).await, Ok(Ok(_))) {
        return;
    }
    let answer = match serde_json::from_slice(&line) {
        Ok(request) if line.ends_with(b"\n") => desk.answer(request).await,
        _ => failed("this is nothing that this server answers: use the lamplit-server of the same version"),
    };
    if let Ok(mut line) = serde_json::to_vec(&answer) {
        line.push(b'\n');
        let _ = timeout(limits::ADMIN_PATIENCE, to.write_all(&line)).await;
    }
}

/// Whether `user` may ask a server that runs as `own`.
const fn may_ask(user: u32, own: u32) -> bool {
    user == own || user == 0
}

fn failed(why: impl ToString) -> Answer {
    Answer::Failed { why: why.to_string() }
}

impl Desk {
    async fn answer(&self, request: Request) -> Answer {
        match request {
            Request::Backup { to } => self.backup(to).await,
            Request::Stats => self.stats().await.map_or_else(failed, Answer::Stats),
        }
    }

    async fn backup(&self, to: PathBuf) -> Answer {
        let Ok(_only) = self.copying.try_lock() else { return failed("a copy is being made: wait until it is done") };
        let depot = self.depot.clone();
        let copied = spawn_blocking(move || copy(&depot, &to)).await;
        copied.unwrap_or_else(|error| Err(error.to_string())).map_or_else(failed, |()| Answer::Copied)
    }

    async fn stats(&self) -> Result<Stats, lamplit_service::StoreError> {
        let mut accounts = 0_u64;
        let mut last = None;
        loop {
            let found = self.depot.partitions(last.as_ref(), limits::ACCOUNTS_PAGE).await?;
            let many = found.iter().filter(|partition| matches!(partition, Partition::Account(_))).count();
            accounts = accounts.saturating_add(many as u64);
            if found.len() < limits::ACCOUNTS_PAGE {
                break;
            }
            last = found.last().copied();
            // Whoever is served goes first.
            yield_now().await;
        }
        Ok(Stats {
            accounts,
            connections: self.admission.connections() as u64,
            uptime_seconds: self.clock.now().mono.0 / 1000,
            store_bytes: fs::metadata(&self.store).map(|found| found.len()).unwrap_or(0),
        })
    }
}

/// Copies the store to a new file. The error is a text for whoever asked.
pub(crate) fn copy(depot: &Depot, to: &Path) -> Result<(), String> {
    if !to.is_absolute() {
        return Err(format!("{} is no whole path", to.display()));
    }
    depot.backup(to).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests;
