//! Where the database's bytes are, so that it can be opened again after it failed.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use redb::{Builder, Database, DatabaseError, StorageBackend};

use crate::limits;

/// The database's bytes.
pub(crate) enum Source {
    /// A file.
    File(PathBuf),
    /// A backend that somebody else made.
    Backend(Arc<dyn StorageBackend>),
}

impl Source {
    /// Opens the database.
    pub(crate) fn open(&self) -> Result<Database, DatabaseError> {
        match self {
            Self::File(path) => builder().open(path),
            Self::Backend(backend) => builder().create_with_backend(Shared(backend.clone())),
        }
    }

    /// What it is called in messages.
    pub(crate) fn place(&self) -> String {
        match self {
            Self::File(path) => path.display().to_string(),
            Self::Backend(_) => "in memory".to_owned(),
        }
    }
}

/// How every database is opened.
pub(crate) fn builder() -> Builder {
    let mut builder = Builder::new();
    builder.set_cache_size(limits::CACHE);
    builder
}

/// A backend that outlives the database opened on it: it is not closed with it. It also takes no locks, since
/// nobody else can reach it.
struct Shared(Arc<dyn StorageBackend>);

impl StorageBackend for Shared {
    fn len(&self) -> io::Result<u64> {
        self.0.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.0.read(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.0.set_len(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.0.sync_data()
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.0.write(offset, data)
    }
}

impl core::fmt::Debug for Shared {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Shared")
    }
}
