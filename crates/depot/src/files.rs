//! Files that only their owner may read, and that are wholly there or not at all after a power cut.

use std::ffi::OsString;
use std::fs::{File, OpenOptions, Permissions, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::error::{self, OpenError};
use crate::source::Source;

/// Read and write for the owner, nothing for anybody else.
const OWNER_ONLY: u32 = 0o600;

/// The name beside `path` that ends so in addition.
pub(crate) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(ending);
    name.into()
}

/// Holds a store for this process until it is dropped, by locking a file beside it.
pub(crate) fn lock(path: &Path) -> Result<File, OpenError> {
    let fault = |error| error::storage(&Source::File(path.to_path_buf()), redb::StorageError::Io(error));
    let lock = beside(path, ".lock");
    let open = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(OWNER_ONLY).open(lock);
    let mut file = open.map_err(fault)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(OpenError::InUse { path: path.to_path_buf(), pid: holder(&file) }),
        Err(TryLockError::Error(error)) => return Err(fault(error)),
    }
    // The number only helps whoever finds it locked: that it cannot be written is no reason not to start.
    if let Err(error) = file.set_len(0).and_then(|()| write!(file, "{}", std::process::id())) {
        tracing::warn!(%error, "the lock file does not say which process holds it");
    }
    Ok(file)
}

fn holder(mut lock: &File) -> Option<u32> {
    let mut text = String::new();
    lock.read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

/// Makes an empty file that only the owner may read; what was there under that name is removed first.
pub(crate) fn empty(path: &Path) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let file = OpenOptions::new().read(true).write(true).create_new(true).mode(OWNER_ONLY).open(path)?;
    file.set_permissions(Permissions::from_mode(OWNER_ONLY))
}

/// Renames within one directory, and returns once the file under its new name would survive a power cut.
pub(crate) fn rename(from: &Path, to: &Path) -> io::Result<()> {
    File::open(from)?.sync_all()?;
    std::fs::rename(from, to)?;
    match to.parent() {
        Some(parent) if parent.as_os_str().is_empty() => File::open(".")?.sync_all(),
        Some(parent) => File::open(parent)?.sync_all(),
        None => Ok(()),
    }
}

/// Whether both names are of one file.
pub(crate) fn are_one(one: &Path, other: &Path) -> bool {
    match (std::fs::metadata(one), std::fs::metadata(other)) {
        (Ok(one), Ok(other)) => (one.dev(), one.ino()) == (other.dev(), other.ino()),
        _ => false,
    }
}
