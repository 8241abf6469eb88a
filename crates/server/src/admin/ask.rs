//! The other end of the socket: whoever asks.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use crate::admin::{Answer, Request, SOCKET};
use crate::limits;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// Nobody is there.
    #[error("no server runs with the data in {}: start it, or name its directory with --data", .0.display())]
    NotRunning(PathBuf),
    /// The system does not let this user ask.
    #[error("only the server's own user and root may ask the server in {}", .0.display())]
    NotAllowed(PathBuf),
    /// It went before it answered.
    #[error(
        "the server gave no answer: it stops, is asked too much at once, or runs as another user; its log says which"
    )]
    NoAnswer,
    /// What it said makes no sense.
    #[error("the server's answer makes no sense here: use the lamplit-server of the same version")]
    Malformed,
    /// The question cannot be written down.
    #[error("the name of the file is no text: choose another")]
    NoText,
    /// The system.
    #[error("the server in {} cannot be asked: {why}", .data.display())]
    Io {
        /// Where.
        data: PathBuf,
        /// What the system said.
        why: io::Error,
    },
}

/// Asks the server whose data is in `data`, and waits for the answer however long it takes.
///
/// # Errors
/// [`AskError`].
pub fn ask(data: &Path, request: &Request) -> Result<Answer, AskError> {
    use io::ErrorKind::{ConnectionRefused, NotFound, PermissionDenied};
    let mut line = serde_json::to_vec(request).map_err(|_| AskError::NoText)?;
    line.push(b'\n');
    let mut stream = UnixStream::connect(data.join(SOCKET)).map_err(|why| match why.kind() {
        NotFound | ConnectionRefused => AskError::NotRunning(data.to_path_buf()),
        PermissionDenied => AskError::NotAllowed(data.to_path_buf()),
        _ => AskError::Io { data: data.to_path_buf(), why },
    })?;
    // One that turns the question away may have gone already: then the reading says so.
    let _ = stream.write_all(&line);
    let mut answer = Vec::new();
    let read = BufReader::new(stream.take(limits::ADMIN_LINE)).read_until(b'\n', &mut answer);
    if read.is_err() || answer.is_empty() {
        return Err(AskError::NoAnswer);
    }
    serde_json::from_slice(&answer).map_err(|_| AskError::Malformed)
}
