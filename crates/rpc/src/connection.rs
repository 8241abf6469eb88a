use std::{collections::VecDeque, io, path::Path};

use serde_json::Value;
use tokio::{
    io::AsyncWriteExt,
    net::{
        UnixStream,
        unix::{OwnedReadHalf, OwnedWriteHalf},
    },
};

use crate::{
    api::{Event, Lagged, Method},
    frame::{Error, Id, Notification, Outcome, Request, Response, line},
    limits,
    lines::{LineError, Lines},
};

/// A program's end of the local socket: one call at a time, and events once subscribed.
#[derive(Debug)]
pub struct Connection {
    lines: Lines<OwnedReadHalf>,
    writer: OwnedWriteHalf,
    last_id: u64,
    kept: VecDeque<Happening>,
}

/// What a subscription brings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Happening {
    /// Something happened.
    Event(Event),
    /// That many events were dropped: take a new snapshot.
    Lagged(u64),
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// Nobody listens.
    #[error("no daemon is running: start it with `lamplit run`")]
    NoDaemon,
    /// The socket is somebody else's.
    #[error("the daemon's socket belongs to another user: choose your own data directory with --data")]
    NotYours,
    /// The system refused.
    #[error("the daemon cannot be reached: {0}")]
    Io(io::Error),
}

/// Why a call failed.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// The daemon refused it, and says why.
    #[error(transparent)]
    Refused(#[from] Error),
    /// The daemon went away before it answered.
    #[error("the daemon stopped before it answered: start it with `lamplit run` and look whether it was done")]
    Gone,
    /// What came is no answer.
    #[error("the daemon's answer cannot be read ({0}): is it of another version?")]
    Garbled(String),
}

impl Connection {
    /// Connects to the daemon whose socket is at `path`.
    ///
    /// # Errors
    /// See [`ConnectError`].
    pub async fn open(path: &Path) -> Result<Self, ConnectError> {
        let stream = UnixStream::connect(path).await.map_err(|error| match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => ConnectError::NoDaemon,
            io::ErrorKind::PermissionDenied => ConnectError::NotYours,
            _ => ConnectError::Io(error),
        })?;
        let (reader, writer) = stream.into_split();
        Ok(Self { lines: Lines::new(reader), writer, last_id: 0, kept: VecDeque::new() })
    }

    /// Calls a method and waits for its result. Events that come meanwhile are kept for [`Self::next`].
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn call<M: Method>(&mut self, method: M) -> Result<M::Result, CallError> {
        self.last_id = self.last_id.saturating_add(1);
        let params = serde_json::to_value(method).map_err(garbled)?;
        let request = line(&Request::new(self.last_id, M::NAME, params)).map_err(garbled)?;
        // If the daemon has closed the connection, it may have said why: that is still to be read.
        let _ = self.writer.write_all(&request).await;
        loop {
            let value = self.read().await?.ok_or(CallError::Gone)?;
            if value.get("method").is_some() {
                let happening = happening(value)?;
                self.keep(happening);
                continue;
            }
            let response: Response = serde_json::from_value(value).map_err(garbled)?;
            match response.outcome {
                // An error without an id is about the connection itself.
                Outcome::Error(error) if response.id.is_none() => return Err(error.into()),
                _ if response.id != Some(Id::Number(self.last_id)) => {}
                Outcome::Error(error) => return Err(error.into()),
                Outcome::Result(result) => return serde_json::from_value(result).map_err(garbled),
            }
        }
    }

    /// The next thing that happened, or `None` when the daemon has stopped. Only after
    /// [`Subscribe`](crate::api::Subscribe). May be dropped while waiting; nothing is lost.
    ///
    /// # Errors
    /// [`CallError::Garbled`] if what came is no event.
    pub async fn next(&mut self) -> Result<Option<Happening>, CallError> {
        if let Some(happening) = self.kept.pop_front() {
            return Ok(Some(happening));
        }
        match self.read().await? {
            Some(value) => happening(value).map(Some),
            None => Ok(None),
        }
    }

    async fn read(&mut self) -> Result<Option<Value>, CallError> {
        match self.lines.next().await {
            Ok(Some(line)) => serde_json::from_slice(line).map(Some).map_err(garbled),
            Ok(None) | Err(LineError::Io(_)) => Ok(None),
            Err(error @ LineError::TooLong) => Err(garbled(error)),
        }
    }

    fn keep(&mut self, happening: Happening) {
        self.kept.push_back(happening);
        if self.kept.len() <= limits::KEPT_EVENTS {
            return;
        }
        let missed = self.kept.drain(..2).map(|dropped| match dropped {
            Happening::Event(_) => 1,
            Happening::Lagged(missed) => missed,
        });
        let missed = missed.sum();
        self.kept.push_front(Happening::Lagged(missed));
    }
}

fn happening(value: Value) -> Result<Happening, CallError> {
    let notification: Notification = serde_json::from_value(value).map_err(garbled)?;
    match notification.method.as_str() {
        "lagged" => {
            let Lagged { missed } = serde_json::from_value(notification.params).map_err(garbled)?;
            Ok(Happening::Lagged(missed))
        }
        _ => serde_json::from_value(notification.params).map(Happening::Event).map_err(garbled),
    }
}

fn garbled(error: impl ToString) -> CallError {
    CallError::Garbled(error.to_string())
}
