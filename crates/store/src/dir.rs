//! The directory a device lives in, and the lock that keeps a second daemon out of it.

use std::fs::{DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use data_encoding::HEXLOWER;

use crate::files::OWNER_ONLY;

/// The longest path of a socket in bytes: what macOS takes. Linux would take 107. A longer one becomes a shorter name
/// elsewhere, see [`DataDir::socket`].
const SOCKET_PATH_MAX: usize = 103;

const DATABASE: &str = "lamplit.redb";
const FRESH_DATABASE: &str = "lamplit.redb.new";
const KEY: &str = "device.key";
const FRESH_KEY: &str = "device.key.new";
const LOCK: &str = "lamplit.lock";
const SOCKET: &str = "lamplit.sock";

/// A data directory, held by this process until the last clone is dropped.
#[derive(Clone, Debug)]
pub struct DataDir {
    path: PathBuf,
    _lock: Arc<File>,
}

/// Why a data directory cannot be used. Nothing in it was changed.
#[derive(Debug, thiserror::Error)]
pub enum DirError {
    /// It is not there.
    #[error("there is no device in {}: `lamplit init` makes one", .0.display())]
    NoSuchDevice(PathBuf),
    /// Something else has that name.
    #[error("{} is not a directory: choose another --data", .0.display())]
    NotADirectory(PathBuf),
    /// The operating system says no.
    #[error("this user may not use {}: give it to them (chown, chmod 700) or choose another --data", .0.display())]
    Permission(PathBuf),
    /// Others can look into it.
    #[error("other users can look into {}: close it with `chmod 700 {}` or choose another --data", .0.display(), .0.display())]
    NotPrivate(PathBuf),
    /// Another process holds it.
    #[error("another lamplit{} is running on this data ({}): stop it or choose another --data", process(.pid), .path.display())]
    Locked {
        /// The directory.
        path: PathBuf,
        /// The process that holds it, as far as it said.
        pid: Option<u32>,
    },
    /// There is no default without a home.
    #[error("neither XDG_DATA_HOME nor HOME is set: say where the data shall be with --data")]
    NoHome,
    /// Anything else.
    #[error("the data directory {} cannot be used: {source}", .path.display())]
    Io {
        /// The directory.
        path: PathBuf,
        /// What happened.
        source: io::Error,
    },
}

/// Why there is no path for the socket.
#[derive(Debug, thiserror::Error)]
pub enum SocketPathError {
    /// The path would be longer than a socket's can be.
    #[error("the path of {} is too long for a socket: set XDG_RUNTIME_DIR, or choose a shorter --data", .0.display())]
    TooLong(PathBuf),
    /// The directory cannot be looked at.
    #[error("{} cannot be looked at: {source}", .path.display())]
    Io {
        /// The directory.
        path: PathBuf,
        /// What happened.
        source: io::Error,
    },
}

impl DataDir {
    /// Where data is kept unless the user says otherwise: `$XDG_DATA_HOME/lamplit`, else `~/.local/share/lamplit`
    /// (XDG Base Directory Specification 0.8; a relative `XDG_DATA_HOME` counts as none).
    ///
    /// # Errors
    /// [`DirError::NoHome`].
    pub fn default_path() -> Result<PathBuf, DirError> {
        default_path(|name| std::env::var_os(name).map(PathBuf::from))
    }

    /// Makes the directory, for its owner only, unless it is there already, and holds it. One that is there and
    /// empty is closed to others.
    ///
    /// # Errors
    /// [`DirError`], never [`DirError::NoSuchDevice`].
    pub fn create(path: &Path) -> Result<Self, DirError> {
        let fault = |source| fault(path, source);
        DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(fault)?;
        if std::fs::read_dir(path).map_err(fault)?.next().is_none() {
            std::fs::set_permissions(path, Permissions::from_mode(0o700)).map_err(fault)?;
        }
        Self::open(path)
    }

    /// Holds a directory that is there.
    ///
    /// # Errors
    /// [`DirError`].
    pub fn open(path: &Path) -> Result<Self, DirError> {
        let fault = |source| fault(path, source);
        let metadata = std::fs::metadata(path).map_err(fault)?;
        if !metadata.is_dir() {
            return Err(DirError::NotADirectory(path.to_path_buf()));
        }
        if metadata.permissions().mode() & 0o077 != 0 {
            return Err(DirError::NotPrivate(path.to_path_buf()));
        }
        // Whole, so that it still holds after the process goes to another directory.
        let path = path.canonicalize().map_err(fault)?;
        let lock = lock(&path)?;
        Ok(Self { path, _lock: Arc::new(lock) })
    }

    /// The directory.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether a device lives here.
    ///
    /// # Errors
    /// As the file system has it.
    pub fn has_device(&self) -> io::Result<bool> {
        self.database().try_exists()
    }

    /// Where the daemon on the data in `path` listens, whether or not it runs: `lamplit.sock` in the directory. If
    /// that is longer than what a socket's path may be, a name in `$XDG_RUNTIME_DIR` that is a hash of the directory's path;
    /// so a daemon and its clients must then agree on that variable.
    ///
    /// # Errors
    /// [`SocketPathError`].
    pub fn socket(path: &Path) -> Result<PathBuf, SocketPathError> {
        let runtime = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
        let whole = path.canonicalize().map_err(|source| SocketPathError::Io { path: path.to_path_buf(), source })?;
        socket(&whole, runtime.as_deref())
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.path.join(DATABASE)
    }

    pub(crate) fn fresh_database(&self) -> PathBuf {
        self.path.join(FRESH_DATABASE)
    }

    pub(crate) fn key(&self) -> PathBuf {
        self.path.join(KEY)
    }

    pub(crate) fn fresh_key(&self) -> PathBuf {
        self.path.join(FRESH_KEY)
    }
}

fn default_path(variable: impl Fn(&str) -> Option<PathBuf>) -> Result<PathBuf, DirError> {
    let absolute = |name| variable(name).filter(|path| path.is_absolute());
    let data = absolute("XDG_DATA_HOME").or_else(|| absolute("HOME").map(|home| home.join(".local/share")));
    data.map(|data| data.join("lamplit")).ok_or(DirError::NoHome)
}

fn socket(data: &Path, runtime: Option<&Path>) -> Result<PathBuf, SocketPathError> {
    let fits = |path: &PathBuf| path.as_os_str().len() <= SOCKET_PATH_MAX;
    let beside = data.join(SOCKET);
    if fits(&beside) {
        return Ok(beside);
    }
    let hash = blake3::hash(data.as_os_str().as_bytes());
    let short: String = HEXLOWER.encode(hash.as_bytes()).chars().take(32).collect();
    runtime
        .map(|runtime| runtime.join(format!("lamplit-{short}.sock")))
        .filter(fits)
        .ok_or_else(|| SocketPathError::TooLong(data.to_path_buf()))
}

fn lock(dir: &Path) -> Result<File, DirError> {
    let fault = |source| fault(dir, source);
    let path = dir.join(LOCK);
    let open = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(OWNER_ONLY).open(path);
    let mut file = open.map_err(fault)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(DirError::Locked { path: dir.to_path_buf(), pid: holder(&file) }),
        Err(TryLockError::Error(source)) => return Err(fault(source)),
    }
    // The number only helps whoever finds the directory locked: that it cannot be written is no reason not to start.
    let said = file.set_len(0).and_then(|()| write!(file, "{}", std::process::id()));
    if let Err(error) = said {
        tracing::warn!(%error, "the lock file does not say which process holds it");
    }
    Ok(file)
}

fn holder(mut lock: &File) -> Option<u32> {
    let mut text = String::new();
    lock.read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

fn fault(path: &Path, source: io::Error) -> DirError {
    let path = path.to_path_buf();
    match source.kind() {
        io::ErrorKind::NotFound => DirError::NoSuchDevice(path),
        io::ErrorKind::NotADirectory | io::ErrorKind::AlreadyExists => DirError::NotADirectory(path),
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => DirError::Permission(path),
        _ => DirError::Io { path, source },
    }
}

fn process(pid: &Option<u32>) -> String {
    pid.map(|pid| format!(" (process {pid})")).unwrap_or_default()
}

#[cfg(test)]
mod tests;
