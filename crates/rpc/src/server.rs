use std::{
    fs, io,
    os::unix::fs::{FileTypeExt, PermissionsExt},
    path::{Path, PathBuf},
    time::Duration,
};

use lamplit_client::Handle;
use tokio::{
    net::{UnixListener, UnixStream},
    task::JoinSet,
    time::{sleep, timeout},
};

use crate::{
    carrier::Writer,
    frame::{Error, ErrorCode, Response},
    limits,
    lines::{LineReader, LineWriter},
    session,
};

/// How long connections may take to write their last answers when the daemon stops.
const LAST_WORDS: Duration = Duration::from_secs(1);
/// How long to wait when the system has no room for another connection.
const NO_ROOM: Duration = Duration::from_millis(200);

/// The daemon's end of the local socket.
#[derive(Debug)]
pub struct Server {
    listener: UnixListener,
    path: PathBuf,
}

/// Why the socket cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// Something else has the socket's name.
    #[error("{} is in the way and is no socket: move it away", .0.display())]
    InTheWay(PathBuf),
    /// A Unix socket's path is short (108 bytes on Linux).
    #[error("the path {} is too long for a socket: choose a data directory with a shorter one", .0.display())]
    PathTooLong(PathBuf),
    /// The system refused.
    #[error("the local socket {} cannot be opened: {error}", .path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
}

impl Server {
    /// Opens the socket at `path` for its owner alone.
    ///
    /// The caller holds the lock of the data directory, so a socket that is there already belongs to a daemon that
    /// died: it is removed.
    ///
    /// # Errors
    /// See [`BindError`].
    pub fn bind(path: &Path) -> Result<Self, BindError> {
        let failed = |error| BindError::Io { path: path.to_owned(), error };
        remove_stale(path)?;
        let listener = UnixListener::bind(path).map_err(|error| match error.kind() {
            io::ErrorKind::InvalidInput => BindError::PathTooLong(path.to_owned()),
            _ => failed(error),
        })?;
        // The directory is its owner's alone, so nobody gets in between these two lines.
        fs::set_permissions(path, fs::Permissions::from_mode(0o600)).map_err(failed)?;
        Ok(Self { listener, path: path.to_owned() })
    }

    /// Answers until the client has stopped, then removes the socket.
    pub async fn serve(self, handle: Handle) {
        let mut sessions = JoinSet::new();
        loop {
            tokio::select! {
                () = handle.stopped() => break,
                Some(_) = sessions.join_next() => {}
                accepted = self.listener.accept() => match accepted {
                    Ok((stream, _)) if sessions.len() < limits::CONNECTIONS => {
                        let (reader, writer) = stream.into_split();
                        sessions.spawn(session::run(LineReader::new(reader), LineWriter::new(writer), handle.clone()));
                    }
                    Ok((stream, _)) => refuse(stream).await,
                    Err(error) => {
                        tracing::warn!(%error, "the local socket takes no further connection for now");
                        sleep(NO_ROOM).await;
                    }
                },
            }
        }
        if let Err(error) = fs::remove_file(&self.path) {
            tracing::warn!(%error, "the local socket was left behind");
        }
        let all = async { while sessions.join_next().await.is_some() {} };
        if timeout(LAST_WORDS, all).await.is_err() {
            tracing::debug!("a reader did not take its last answer");
        }
    }
}

fn remove_stale(path: &Path) -> Result<(), BindError> {
    let failed = |error| BindError::Io { path: path.to_owned(), error };
    match fs::symlink_metadata(path) {
        Ok(found) if found.file_type().is_socket() => fs::remove_file(path).map_err(failed),
        Ok(_) => Err(BindError::InTheWay(path.to_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(failed(error)),
    }
}

async fn refuse(stream: UnixStream) {
    let message = format!("{} programs are connected already: close one of them and try again", limits::CONNECTIONS);
    let response = Response::new(None, Err(Error::new(ErrorCode::Busy, message)));
    if let Ok(line) = serde_json::to_vec(&response) {
        // A new socket has room for a line; nobody waits for one that has not.
        let _ = timeout(NO_ROOM, LineWriter::new(stream).write(line)).await;
    }
}

#[cfg(test)]
mod tests;
