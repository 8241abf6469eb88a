//! Where databases are measured: on a disk or in memory.

use std::{
    fmt::{self, Display, Formatter},
    fs::File,
    io,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use anyhow::Result;
use redb::{
    StorageBackend,
    backends::{FileBackend, InMemoryBackend},
};
use tempfile::TempDir;

/// Where databases are.
pub(crate) enum Medium {
    /// In files of a temporary folder, which is on the disk if the system's folder for such things is. Whoever made the
    /// folder keeps it.
    Disk { folder: PathBuf, _kept: Option<TempDir> },
    /// In memory, which is what is left when the disk costs nothing.
    Memory,
}

/// What memory is called.
const MEMORY: &str = "memory";

/// Counts how often databases were made safe.
#[derive(Clone, Debug, Default)]
pub(crate) struct Syncs(Arc<AtomicU64>);

impl Medium {
    pub(crate) fn disk() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        Ok(Self::Disk { folder: folder.path().to_owned(), _kept: Some(folder) })
    }

    pub(crate) const fn memory() -> Self {
        Self::Memory
    }

    /// As another process calls it.
    pub(crate) fn name(&self) -> &Path {
        match self {
            Self::Disk { folder, .. } => folder,
            Self::Memory => Path::new(MEMORY),
        }
    }

    /// The one that another process has.
    pub(crate) fn named(name: &str) -> Self {
        if name == MEMORY { Self::Memory } else { Self::Disk { folder: PathBuf::from(name), _kept: None } }
    }

    /// Room for a new database.
    pub(crate) fn room(&self, name: &str, syncs: &Syncs) -> Result<Room> {
        let bytes: Box<dyn StorageBackend> = match self {
            Self::Disk { folder, .. } => {
                let file = File::options().read(true).write(true).create_new(true).open(folder.join(name))?;
                Box::new(FileBackend::new(file)?)
            }
            Self::Memory => Box::new(InMemoryBackend::new()),
        };
        Ok(Room { bytes, syncs: syncs.clone() })
    }
}

impl Display for Medium {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Disk { folder, .. } => write!(f, "on disk ({})", folder.parent().unwrap_or(folder).display()),
            Self::Memory => write!(f, "in memory"),
        }
    }
}

impl Syncs {
    pub(crate) fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A place for a database that counts.
#[derive(Debug)]
pub(crate) struct Room {
    bytes: Box<dyn StorageBackend>,
    syncs: Syncs,
}

impl StorageBackend for Room {
    fn len(&self) -> io::Result<u64> {
        self.bytes.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.bytes.read(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.bytes.set_len(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.syncs.0.fetch_add(1, Ordering::Relaxed);
        self.bytes.sync_data()
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.bytes.write(offset, data)
    }
}
