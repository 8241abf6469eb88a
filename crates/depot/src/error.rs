//! What can go wrong with the database as a whole.

use std::io;
use std::path::{Path, PathBuf};

use lamplit_service::{ApplyError, StoreError};
use redb::{DatabaseError, StorageError};

use crate::source::Source;

/// Why a store cannot be opened. Nothing in it was changed.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has it.
    #[error("the store {} is in use{}: stop the other process or choose another file", .path.display(), process(.pid))]
    InUse {
        /// Which.
        path: PathBuf,
        /// The process that has it, as far as it said.
        pid: Option<u32>,
    },
    /// Nobody made one.
    #[error("there is no store at {}", .0.display())]
    Missing(PathBuf),
    /// Its bytes are not what was written.
    #[error("the store {place} is damaged ({what}): restore a backup")]
    Corrupt {
        /// Which.
        place: String,
        /// What is wrong with it.
        what: String,
    },
    /// This program is too old.
    #[error("the store {place} was made by a later version (format {found}, this one knows {known}): update it")]
    LaterFormat {
        /// Which.
        place: String,
        /// Its format.
        found: u64,
        /// The newest format known here.
        known: u64,
    },
    /// The disk is full.
    #[error("the disk is full, and the store {0} cannot be opened without room: free some space")]
    Full(String),
    /// Others may read it.
    #[error("others than its owner may read or write {path}: chmod 600 {path}", path = .0.display())]
    Exposed(PathBuf),
    /// The operating system says no.
    #[error("this user may not read and write the store {0}: give it to them (chown, chmod 600)")]
    Permission(String),
    /// Anything else.
    #[error("the store {place} cannot be opened: {source}")]
    Io {
        /// Which.
        place: String,
        /// What happened.
        source: io::Error,
    },
}

/// Why there is no copy. What was there before under its name is still there.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// Something is there.
    #[error("there is something at {} already: move it away first or choose another name", .0.display())]
    Exists(PathBuf),
    /// The disk is full.
    #[error("the disk is full: free some space for the copy {}", .0.display())]
    Full(PathBuf),
    /// What is to be copied cannot be read.
    #[error("the store cannot be read: {0}")]
    Read(String),
    /// What is to be restored, or its place, cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// It cannot be written.
    #[error("the copy {} cannot be written: {what}", .path.display())]
    Write {
        /// Which.
        path: PathBuf,
        /// What happened.
        what: String,
    },
}

/// What a failure to open means.
pub(crate) fn opening(source: &Source, error: DatabaseError) -> OpenError {
    let place = source.place();
    match (error, source) {
        (DatabaseError::DatabaseAlreadyOpen, Source::File(path)) => OpenError::InUse { path: path.clone(), pid: None },
        (DatabaseError::Storage(error), _) => storage(source, error),
        (DatabaseError::UpgradeRequired(found), _) => {
            OpenError::Corrupt { place, what: format!("file format {found} is unknown") }
        }
        (DatabaseError::RepairAborted, _) => {
            OpenError::Corrupt { place, what: "it was not closed in order".to_owned() }
        }
        (other, _) => OpenError::Io { place, source: io::Error::other(other) },
    }
}

/// What a failure of the storage means while it is opened.
pub(crate) fn storage(source: &Source, error: StorageError) -> OpenError {
    use io::ErrorKind::{InvalidData, InvalidInput, NotFound, PermissionDenied, UnexpectedEof};
    let place = source.place();
    match (error, source) {
        (StorageError::Corrupted(what), _) => OpenError::Corrupt { place, what },
        (StorageError::Io(error), _) if is_full(&error) => OpenError::Full(place),
        (StorageError::Io(error), Source::File(path)) if error.kind() == NotFound => OpenError::Missing(path.clone()),
        (StorageError::Io(error), _) => match error.kind() {
            PermissionDenied => OpenError::Permission(place),
            InvalidData | InvalidInput | UnexpectedEof => OpenError::Corrupt { place, what: error.to_string() },
            _ => OpenError::Io { place, source: error },
        },
        (other, _) => OpenError::Io { place, source: io::Error::other(other.to_string()) },
    }
}

/// What a failed commit means.
pub(crate) fn applying(error: &redb::Error) -> ApplyError {
    match error {
        redb::Error::Io(error) if is_full(error) => ApplyError::Full,
        other => ApplyError::Storage(other.to_string()),
    }
}

/// What a failed read means.
pub(crate) fn reading(error: redb::Error) -> StoreError {
    match error {
        redb::Error::Corrupted(_) => StoreError::Corrupt,
        other => StoreError::Storage(other.to_string()),
    }
}

/// What a failure to write a copy means.
pub(crate) fn copying(path: &Path, error: redb::Error) -> CopyError {
    match error {
        redb::Error::Io(error) if is_full(&error) => CopyError::Full(path.to_path_buf()),
        redb::Error::Io(error) if error.kind() == io::ErrorKind::AlreadyExists => CopyError::Exists(path.to_path_buf()),
        other => CopyError::Write { path: path.to_path_buf(), what: other.to_string() },
    }
}

/// Whether there is no room on the disk, in the user's quota, or below the limit of a file's size.
fn is_full(error: &io::Error) -> bool {
    use io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
    matches!(error.kind(), StorageFull | QuotaExceeded | FileTooLarge)
}

fn process(pid: &Option<u32>) -> String {
    pid.map(|pid| format!(" (process {pid})")).unwrap_or_default()
}
