//! The same interface on a WebSocket of this machine's loopback addresses, for programs and pages that open no Unix socket.
//!
//! Anybody on this machine can connect to a port, and so can any page in a browser. Whoever does must get past the door
//! ([`Door`]: no page but those allowed, no other name for this machine) and then show that it knows the token, which the
//! daemon writes into a file that its owner alone can read. The daemon shows it first, so that nobody who took the port
//! is told anything.

mod address;
mod door;
mod greeting;
mod proof;
mod socket;

use std::{
    io,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use lamplit_client::Handle;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    task::JoinSet,
    time::{sleep, timeout},
};
use tokio_tungstenite::{
    accept_hdr_async_with_config, client_async_with_config,
    tungstenite::{
        self,
        handshake::server::{ErrorResponse, Request, Response},
        http::{HeaderValue, StatusCode, header},
    },
};

use self::proof::Token;
pub(crate) use self::socket::{WebReader, WebWriter};
pub use self::{
    address::{AddressError, WebAddress},
    door::{Door, Origin, OriginError, TurnedAway},
};
use crate::{
    carrier::Writer,
    connection::ConnectError,
    frame::{Error, ErrorCode, Response as Answer},
    limits, session,
};

/// How long connections may take to write their last answers when the daemon stops.
const LAST_WORDS: Duration = Duration::from_secs(1);
/// How long to wait when the system has no room for another connection.
const NO_ROOM: Duration = Duration::from_millis(200);
/// How often to look for a port that is free on both addresses.
const TRIES: usize = 16;

/// What the user says about the WebSocket.
#[derive(Clone, Debug, Default)]
pub struct WebOptions {
    /// The port; 0 for one of the system's choice.
    pub port: u16,
    /// Where pages may come from.
    pub origins: Vec<Origin>,
}

/// The daemon's end.
#[derive(Debug)]
pub struct WebServer {
    listeners: Listeners,
    address: WebAddress,
    door: Door,
    data: PathBuf,
}

/// The same port on both loopback addresses, so that `localhost` leads to nobody else.
#[derive(Debug)]
struct Listeners {
    four: TcpListener,
    /// None where the system has no IPv6.
    six: Option<TcpListener>,
}

/// Why there is no WebSocket.
#[derive(Debug, thiserror::Error)]
pub enum WebError {
    /// Somebody else listens there.
    #[error(
        "port {0} of this machine is another program's: choose another with --web PORT, or leave it to the system with --web"
    )]
    Taken(u16),
    /// The system refused.
    #[error("the WebSocket cannot be opened: {0}")]
    Io(io::Error),
    /// Nobody could be told the token.
    #[error("the WebSocket's address cannot be written into {}: {error}", .data.display())]
    Unwritten {
        /// The data directory.
        data: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// The system's random source failed.
    #[error("the system gives no random numbers: {0}")]
    NoRandomness(getrandom::Error),
}

impl WebServer {
    /// Listens on the loopback addresses, draws a token, and writes both down in `data`, whose lock the caller holds.
    ///
    /// # Errors
    /// See [`WebError`].
    pub async fn bind(data: &Path, options: WebOptions) -> Result<Self, WebError> {
        let listeners = Listeners::bind(options.port).await?;
        let port = listeners.four.local_addr().map_err(WebError::Io)?.port();
        let address = WebAddress { port, token: Token::new().map_err(WebError::NoRandomness)? };
        // Only now: who reads it finds us at the port.
        address.write(data).map_err(|error| WebError::Unwritten { data: data.to_owned(), error })?;
        Ok(Self { listeners, address, door: Door::new(port, options.origins), data: data.to_owned() })
    }

    /// Where it listens, and the token.
    pub const fn address(&self) -> &WebAddress {
        &self.address
    }

    /// Answers until the client has stopped, then removes what it wrote down.
    pub async fn serve(self, handle: Handle) {
        let Self { listeners, address, door, data } = self;
        let hall = Arc::new(Hall {
            address,
            door,
            strangers: Arc::new(Semaphore::new(limits::STRANGERS)),
            inside: Arc::new(Semaphore::new(limits::CONNECTIONS)),
            handle,
        });
        let mut sessions = JoinSet::new();
        loop {
            tokio::select! {
                () = hall.handle.stopped() => break,
                Some(_) = sessions.join_next() => {}
                accepted = listeners.accept() => match accepted {
                    // One too many is closed at once.
                    Ok(stream) => if let Ok(place) = hall.strangers.clone().try_acquire_owned() {
                        sessions.spawn(hall.clone().receive(stream, place));
                    },
                    Err(error) => {
                        tracing::warn!(%error, "the WebSocket takes no further connection for now");
                        sleep(NO_ROOM).await;
                    }
                },
            }
        }
        drop(listeners);
        if let Err(error) = WebAddress::remove(&data) {
            tracing::warn!(%error, "the WebSocket's address was left behind");
        }
        let all = async { while sessions.join_next().await.is_some() {} };
        if timeout(LAST_WORDS, all).await.is_err() {
            tracing::debug!("a reader did not take its last answer");
        }
    }
}

/// What all connections share.
struct Hall {
    address: WebAddress,
    door: Door,
    /// Places for those who have shown nothing yet.
    strangers: Arc<Semaphore>,
    /// Places for those who have.
    inside: Arc<Semaphore>,
    handle: Handle,
}

impl Hall {
    async fn receive(self: Arc<Self>, stream: TcpStream, place: OwnedSemaphorePermit) {
        // Answers are small and somebody waits for them.
        let _ = stream.set_nodelay(true);
        let greeted = tokio::select! {
            greeted = timeout(limits::GREETING_TIMEOUT, self.greet(stream)) => greeted,
            () = self.handle.stopped() => return,
        };
        drop(place);
        let Ok(Some((reader, mut writer))) = greeted else { return };
        match self.inside.try_acquire() {
            Ok(_place) => session::run(reader, writer, self.handle.clone()).await,
            Err(_) => refuse(&mut writer).await,
        }
    }

    /// The handshake and the greeting, or nothing if they came to nothing.
    #[expect(clippy::result_large_err, reason = "the shape of the closure is tungstenite's")]
    async fn greet(&self, stream: TcpStream) -> Option<(WebReader, WebWriter)> {
        let admit = |request: &Request, response: Response| {
            self.door.admit(request.uri(), request.headers()).map(|()| response).map_err(turn_away)
        };
        let socket = accept_hdr_async_with_config(stream, admit, Some(socket::config())).await.ok()?;
        let (mut reader, mut writer) = socket::split(socket);
        greeting::hear(&mut reader, &mut writer, &self.address).await.then_some((reader, writer))
    }
}

impl Listeners {
    async fn bind(port: u16) -> Result<Self, WebError> {
        let taken = |error: io::Error, port| match error.kind() {
            io::ErrorKind::AddrInUse => WebError::Taken(port),
            _ => WebError::Io(error),
        };
        let mut tries: usize = 0;
        loop {
            let four = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.map_err(|error| taken(error, port))?;
            let chosen = four.local_addr().map_err(WebError::Io)?.port();
            match TcpListener::bind((Ipv6Addr::LOCALHOST, chosen)).await {
                Ok(six) => return Ok(Self { four, six: Some(six) }),
                Err(error) if error.kind() != io::ErrorKind::AddrInUse => return Ok(Self { four, six: None }),
                Err(error) if port != 0 || tries >= TRIES => return Err(taken(error, chosen)),
                Err(_) => tries = tries.saturating_add(1),
            }
        }
    }

    /// The next connection. May be dropped while it waits; nothing is lost.
    async fn accept(&self) -> io::Result<TcpStream> {
        let accepted: (TcpStream, SocketAddr) = match &self.six {
            Some(six) => tokio::select! {
                accepted = self.four.accept() => accepted?,
                accepted = six.accept() => accepted?,
            },
            None => self.four.accept().await?,
        };
        Ok(accepted.0)
    }
}

/// Connects as a program, and makes sure that it is the daemon that answers.
pub(crate) async fn connect(address: &WebAddress) -> Result<(WebReader, WebWriter), ConnectError> {
    let stranger = || ConnectError::NotTheDaemon(address.url());
    let meeting = async {
        let stream =
            TcpStream::connect((Ipv4Addr::LOCALHOST, address.port)).await.map_err(|error| match error.kind() {
                io::ErrorKind::ConnectionRefused => ConnectError::NoDaemon,
                _ => ConnectError::Io(error),
            })?;
        let handshake = client_async_with_config(address.url(), stream, Some(socket::config())).await;
        let (socket, _) = handshake.map_err(|error| match error {
            tungstenite::Error::Io(error) => ConnectError::Io(error),
            _ => stranger(),
        })?;
        let (mut reader, mut writer) = socket::split(socket);
        greeting::say(&mut reader, &mut writer, address).await?;
        Ok((reader, writer))
    };
    timeout(limits::GREETING_TIMEOUT, meeting).await.unwrap_or_else(|_| Err(stranger()))
}

fn turn_away(why: TurnedAway) -> ErrorResponse {
    let text = format!("{why}\n");
    let mut response = ErrorResponse::new(None);
    *response.status_mut() = match why {
        TurnedAway::Host | TurnedAway::Origin => StatusCode::FORBIDDEN,
        TurnedAway::Path => StatusCode::NOT_FOUND,
    };
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(text.len()));
    headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    *response.body_mut() = Some(text);
    response
}

async fn refuse(writer: &mut WebWriter) {
    let message = format!("{} programs are connected already: close one of them and try again", limits::CONNECTIONS);
    let response = Answer::new(None, Err(Error::new(ErrorCode::Busy, message)));
    if let Ok(message) = serde_json::to_vec(&response) {
        // They may be gone already.
        let _ = timeout(NO_ROOM, writer.write(message)).await;
    }
    let _ = timeout(NO_ROOM, writer.end()).await;
}

#[cfg(test)]
mod tests;
