//! Files that only their owner may read, and that are wholly there or not at all after a power cut.

use std::ffi::OsString;
use std::fs::{File, OpenOptions, Permissions, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, Mode, OFlags, RenameFlags, open, renameat_with};
use rustix::io::Errno;

use crate::error::{self, OpenError};
use crate::source::Source;

/// Read and write for the owner, nothing for anybody else.
const OWNER_ONLY: u32 = 0o600;
/// The number of the user root.
const ROOT: u32 = 0;

/// The name beside `path` that ends so in addition.
pub(crate) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(ending);
    name.into()
}

/// Holds a store for this process until it is dropped, by locking a file beside it.
pub(crate) fn lock(path: &Path) -> Result<File, OpenError> {
    let mut file = lock_file(path).map_err(|error| fault(path, error))?;
    locked(path, &file, file.try_lock())?;
    // The number only helps whoever finds it locked: that it cannot be written is no reason not to start.
    if let Err(error) = file.set_len(0).and_then(|()| write!(file, "{}", std::process::id())) {
        tracing::warn!(%error, "the lock file does not say which process holds it");
    }
    Ok(file)
}

/// Keeps others from opening a store until it is dropped; `None` if it never was open under this name, as a backup.
pub(crate) fn share(path: &Path) -> Result<Option<File>, OpenError> {
    let file = match open(beside(path, ".lock"), OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC, Mode::empty()) {
        Err(Errno::NOENT) => return Ok(None),
        opened => File::from(opened.map_err(|error| fault(path, error.into()))?),
    };
    locked(path, &file, file.try_lock_shared())?;
    Ok(Some(file))
}

fn locked(path: &Path, lock: &File, locked: Result<(), TryLockError>) -> Result<(), OpenError> {
    locked.map_err(|error| match error {
        TryLockError::WouldBlock => OpenError::InUse { path: path.to_path_buf(), pid: holder(lock) },
        TryLockError::Error(error) => fault(path, error),
    })
}

fn fault(path: &Path, error: io::Error) -> OpenError {
    error::storage(&Source::File(path.to_path_buf()), redb::StorageError::Io(error))
}

fn lock_file(path: &Path) -> io::Result<File> {
    let lock = beside(path, ".lock");
    // Not through a link: it would be emptied and written to wherever that leads.
    let (flags, mode) = (OFlags::RDWR | OFlags::NOFOLLOW | OFlags::CLOEXEC, Mode::RUSR | Mode::WUSR);
    match open(&lock, flags | OFlags::CREATE | OFlags::EXCL, mode) {
        Ok(made) => {
            let made = File::from(made);
            give(&made, &lock)?;
            Ok(made)
        }
        Err(Errno::EXIST) => match open(&lock, flags, mode) {
            Err(Errno::LOOP) => Err(io::Error::other("its .lock is a symbolic link: remove it")),
            opened => Ok(opened?.into()),
        },
        Err(error) => Err(error.into()),
    }
}

fn holder(mut lock: &File) -> Option<u32> {
    let mut text = String::new();
    lock.read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

/// Makes an empty file that only the owner may read; what was there under that name is removed first.
pub(crate) fn empty(path: &Path, owner: Owner) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let file = OpenOptions::new().read(true).write(true).create_new(true).mode(OWNER_ONLY).open(path)?;
    file.set_permissions(Permissions::from_mode(OWNER_ONLY))?;
    match owner {
        Owner::WhoMakesIt => Ok(()),
        Owner::OfItsDirectory => give(&file, path),
    }
}

/// Whose a new file is.
#[derive(Clone, Copy)]
pub(crate) enum Owner {
    WhoMakesIt,
    /// If root makes it, whoever has the directory: the server that is to use it may run as somebody else.
    OfItsDirectory,
}

/// Gives a file that root has just made to whoever has its directory.
fn give(file: &File, path: &Path) -> io::Result<()> {
    let (made, dir) = (file.metadata()?, std::fs::metadata(parent(path))?);
    if made.uid() == ROOT && dir.uid() != ROOT {
        std::os::unix::fs::fchown(file, Some(dir.uid()), Some(dir.gid()))?;
    }
    Ok(())
}

/// The directory that a file is in.
fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// Renames within one directory to a name that nothing has, and returns once the file under it would survive a power cut.
pub(crate) fn rename(from: &Path, to: &Path) -> io::Result<()> {
    File::open(from)?.sync_all()?;
    match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        // Some file systems, such as NFS, know no such renaming.
        Err(Errno::INVAL | Errno::NOSYS) => move_by_link(from, to)?,
        renamed => renamed?,
    }
    File::open(parent(to))?.sync_all()
}

/// The same where it takes two steps: a link replaces nothing either.
fn move_by_link(from: &Path, to: &Path) -> io::Result<()> {
    std::fs::hard_link(from, to)?;
    std::fs::remove_file(from)
}

/// Whether others than its owner may read or write the file.
pub(crate) fn is_exposed(path: &Path) -> io::Result<bool> {
    Ok(std::fs::metadata(path)?.mode() & 0o077 != 0)
}

#[cfg(test)]
mod tests;
