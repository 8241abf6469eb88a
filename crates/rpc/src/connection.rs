//! A program's end of the interface, on either carrier.

use std::{collections::VecDeque, io, path::Path};

use serde_json::Value;
use tokio::net::{
    UnixStream,
    unix::{OwnedReadHalf, OwnedWriteHalf},
};

use crate::{
    api::{Contact, Event, GetContacts, GetGroups, Group, Lagged, Method},
    carrier::{ReadError, Reader, Writer},
    frame::{Error, Id, Notification, Outcome, Request, Response},
    limits,
    lines::{LineReader, LineWriter},
    web::{self, WebAddress, WebReader, WebWriter},
};

/// A program's end: one call at a time, and events once subscribed.
#[derive(Debug)]
pub struct Connection {
    carrier: Carrier,
    last_id: u64,
    kept: VecDeque<Happening>,
}

/// What carries the messages.
#[derive(Debug)]
enum Carrier {
    Socket(LineReader<OwnedReadHalf>, LineWriter<OwnedWriteHalf>),
    Web(WebReader, WebWriter),
}

/// What a subscription brings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Happening {
    /// Something happened.
    Event(Event),
    /// Events were dropped: show what its snapshot has, or ask if it has none.
    Lagged(Lagged),
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
    /// Somebody listens there who does not know the token.
    #[error(
        "another program answers at {0}, not the daemon: nothing was told to it. Is the daemon still running? `lamplit web` \
         shows its address"
    )]
    NotTheDaemon(String),
    /// The daemon refuses.
    #[error("the daemon refuses the connection: {0}")]
    Refused(String),
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
        Ok(Self::over(Carrier::Socket(LineReader::new(reader), LineWriter::new(writer))))
    }

    /// Connects to the daemon's WebSocket, once it has shown that it is the daemon.
    ///
    /// # Errors
    /// See [`ConnectError`].
    pub async fn open_web(address: &WebAddress) -> Result<Self, ConnectError> {
        let (reader, writer) = web::connect(address).await?;
        Ok(Self::over(Carrier::Web(reader, writer)))
    }

    const fn over(carrier: Carrier) -> Self {
        Self { carrier, last_id: 0, kept: VecDeque::new() }
    }

    /// Calls a method and waits for its result. Events that come meanwhile are kept for [`Self::next`].
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn call<M: Method>(&mut self, method: M) -> Result<M::Result, CallError> {
        self.last_id = self.last_id.saturating_add(1);
        let params = serde_json::to_value(method).map_err(garbled)?;
        let request = serde_json::to_vec(&Request::new(self.last_id, M::NAME, params)).map_err(garbled)?;
        // If the daemon has closed the connection, it may have said why: that is still to be read.
        let _ = self.carrier.write(request).await;
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
                _ if response.id != Some(Id::from(self.last_id)) => {}
                Outcome::Error(error) => return Err(error.into()),
                Outcome::Result(result) => return serde_json::from_value(result).map_err(garbled),
            }
        }
    }

    /// All contacts, in the order of their ids, page by page.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn contacts(&mut self) -> Result<Vec<Contact>, CallError> {
        self.contacts_after(Vec::new(), true).await
    }

    /// The contacts of a snapshot, and those that were no more in it if `more` of them are.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn contacts_after(
        &mut self,
        mut contacts: Vec<Contact>,
        mut more: bool,
    ) -> Result<Vec<Contact>, CallError> {
        while more {
            let after = contacts.last().map(|contact| contact.id.clone());
            let page = self.call(GetContacts { after, limit: None }).await?;
            more = page.more && !page.contacts.is_empty();
            contacts.extend(page.contacts);
        }
        Ok(contacts)
    }

    /// All groups, in the order of their ids; those that the owner is in no more too.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn groups(&mut self) -> Result<Vec<Group>, CallError> {
        self.groups_after(Vec::new(), true).await
    }

    /// The groups of a snapshot, and those that were no more in it if `more` of them are.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn groups_after(&mut self, mut groups: Vec<Group>, mut more: bool) -> Result<Vec<Group>, CallError> {
        while more {
            let after = groups.last().map(|group| group.id.clone());
            let page = self.call(GetGroups { after, limit: None }).await?;
            more = page.more && !page.groups.is_empty();
            groups.extend(page.groups);
        }
        Ok(groups)
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
        match self.carrier.next().await {
            Ok(Some(message)) => serde_json::from_slice(message).map(Some).map_err(garbled),
            Ok(None) | Err(ReadError::Io(_)) => Ok(None),
            Err(error @ ReadError::TooLong) => Err(garbled(error)),
        }
    }

    fn keep(&mut self, happening: Happening) {
        self.kept.push_back(happening);
        if self.kept.len() <= limits::KEPT_EVENTS {
            return;
        }
        let missed = self.kept.drain(..2).map(|dropped| match dropped {
            Happening::Event(_) => 1,
            Happening::Lagged(lagged) => lagged.missed,
        });
        let missed = missed.sum();
        self.kept.push_front(Happening::Lagged(Lagged { missed, snapshot: None }));
    }
}

impl Carrier {
    async fn next(&mut self) -> Result<Option<&[u8]>, ReadError> {
        match self {
            Self::Socket(reader, _) => reader.next().await,
            Self::Web(reader, _) => reader.next().await,
        }
    }

    async fn write(&mut self, message: Vec<u8>) -> io::Result<()> {
        match self {
            Self::Socket(_, writer) => writer.write(message).await,
            Self::Web(_, writer) => writer.write(message).await,
        }
    }
}

fn happening(value: Value) -> Result<Happening, CallError> {
    let notification: Notification = serde_json::from_value(value).map_err(garbled)?;
    match notification.method.as_str() {
        "lagged" => serde_json::from_value(notification.params).map(Happening::Lagged).map_err(garbled),
        _ => serde_json::from_value(notification.params).map(Happening::Event).map_err(garbled),
    }
}

fn garbled(error: impl ToString) -> CallError {
    CallError::Garbled(error.to_string())
}
