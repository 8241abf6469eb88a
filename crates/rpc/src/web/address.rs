//! What a program must know to connect, in a file that its owner alone can read.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write},
    net::Ipv4Addr,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use super::proof::Token;

/// The file's name in the data directory.
const FILE: &str = "lamplit.web.json";
const FRESH: &str = "lamplit.web.json.new";

/// Where the daemon's WebSocket is, and the token.
#[derive(Clone, Debug)]
pub struct WebAddress {
    pub(super) port: u16,
    pub(super) token: Token,
}

/// Why there is no address.
#[derive(Debug, thiserror::Error)]
pub enum AddressError {
    /// No daemon listens.
    #[error("no daemon listens on a WebSocket: start it with `lamplit run --web`")]
    None,
    /// It is something else.
    #[error("{} is not what a daemon writes: start the daemon again with `lamplit run --web`", .0.display())]
    Garbled(PathBuf),
    /// It cannot be read.
    #[error("{} cannot be read: {error}", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
}

/// What is in the file.
#[derive(Serialize, Deserialize)]
struct Written {
    url: String,
    token: String,
}

impl WebAddress {
    /// An address and token that somebody wrote down elsewhere; the token is 64 hexadecimal digits.
    pub fn new(port: u16, token: &str) -> Option<Self> {
        Some(Self { port, token: Token::parse(token)? })
    }

    /// What the daemon on the data in `data` has written. Whether it still runs is seen by connecting.
    ///
    /// # Errors
    /// See [`AddressError`].
    pub fn read(data: &Path) -> Result<Self, AddressError> {
        let path = data.join(FILE);
        let text = fs::read(&path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => AddressError::None,
            _ => AddressError::Io { path: path.clone(), error },
        })?;
        let written: Option<Written> = serde_json::from_slice(&text).ok();
        let read = written.and_then(|written| {
            let port = written.url.strip_prefix("ws://127.0.0.1:")?.strip_suffix('/')?.parse().ok()?;
            Self::new(port, &written.token)
        });
        read.ok_or(AddressError::Garbled(path))
    }

    /// Where to connect to.
    pub fn url(&self) -> String {
        format!("ws://{}:{}/", Ipv4Addr::LOCALHOST, self.port)
    }

    /// The port.
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// The token, for whoever shall connect and nobody else.
    pub fn expose_token(&self) -> &str {
        self.token.expose()
    }

    /// Writes it down for the owner of `data` alone: whole, or not at all.
    pub(super) fn write(&self, data: &Path) -> io::Result<()> {
        let fresh = data.join(FRESH);
        let written = Written { url: self.url(), token: self.token.expose().to_owned() };
        // One that is there belongs to a daemon that died, and may have other permissions.
        remove_if_there(&fresh)?;
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&fresh)?;
        file.write_all(&serde_json::to_vec(&written)?)?;
        fs::rename(&fresh, data.join(FILE))
    }

    /// Removes what a daemon on the data in `data` has written.
    ///
    /// # Errors
    /// If it is there and cannot be removed.
    pub fn remove(data: &Path) -> io::Result<()> {
        remove_if_there(&data.join(FILE))
    }
}

fn remove_if_there(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
