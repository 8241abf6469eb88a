//! A new device's data: database and keys, all or nothing.

use std::io;
use std::path::PathBuf;

use lamplit_node::Write;

use crate::dir::DataDir;
use crate::files;
use crate::keys::{self, Kept, KeyError, KeyringChoice};
use crate::store::{CommitError, OpenError, Store, is_full};

/// Why no device was made. It can be tried again.
#[derive(Debug, thiserror::Error)]
pub enum InitError {
    /// There is one.
    #[error("a device lives in {} already: `lamplit run` starts it; for a second one choose another --data", .0.display())]
    AlreadyThere(PathBuf),
    /// There is a key that belongs to a database that is gone.
    #[error(
        "{} belongs to a database that is gone: restore that from a backup, or move the key away if you are sure \
         that there is none", .0.display()
    )]
    KeyOfAnother(PathBuf),
    /// The keys could not be kept.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The database could not be made.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The first rows could not be written.
    #[error(transparent)]
    Commit(#[from] CommitError),
    /// The disk is full.
    #[error("the disk is full: free some space and try again; no device was made")]
    DiskFull,
    /// A file could not be made.
    #[error("{} cannot be written: {source}", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What happened.
        source: io::Error,
    },
}

/// Makes the data of a new device in `dir`: keeps `secret` where `choice` says, makes a database with `writes` in it,
/// and opens that.
///
/// The database is made under another name and gets its own last of all. Until then there is no device; whatever an
/// init that was killed or failed has left behind, the next one replaces.
///
/// # Errors
/// [`InitError`].
pub fn init(
    dir: &DataDir,
    choice: KeyringChoice,
    secret: &[u8],
    writes: impl IntoIterator<Item = Write>,
) -> Result<(Store, Kept), InitError> {
    let fault = |source| init_error(dir.database(), source);
    if dir.has_device().map_err(fault)? {
        return Err(InitError::AlreadyThere(dir.path().to_path_buf()));
    }
    // An unfinished database tells the key of an unfinished init from one that somebody may still need.
    let begun = dir.fresh_database().try_exists().map_err(fault)?;
    if !begun && dir.key().try_exists().map_err(fault)? {
        return Err(InitError::KeyOfAnother(dir.key()));
    }
    make_database(dir, writes)?;
    let kept = keys::keep(dir, choice, secret)?;
    files::rename(&dir.fresh_database(), &dir.database()).map_err(fault)?;
    Ok((Store::open(dir)?, kept))
}

/// Makes the unfinished database, closed and safe on the disk.
fn make_database(dir: &DataDir, writes: impl IntoIterator<Item = Write>) -> Result<(), InitError> {
    let path = dir.fresh_database();
    let fault = |source| init_error(path.clone(), source);
    let file = files::empty(&path).map_err(fault)?;
    let store = Store::make(path.clone(), dir.clone())?;
    store.commit(writes)?;
    drop(store);
    file.sync_all().map_err(fault)
}

fn init_error(path: PathBuf, source: io::Error) -> InitError {
    if is_full(&source) { InitError::DiskFull } else { InitError::Io { path, source } }
}

#[cfg(test)]
mod tests;
