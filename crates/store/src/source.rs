//! Where a database's bytes are, so that it can be opened again after it failed.

use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use redb::backends::FileBackend;
use redb::{Builder, Database, DatabaseError, StorageBackend};

/// Memory a database may use for pages, in bytes. Pages beyond it are read again from the file.
const CACHE: usize = 8 << 20;

/// A database's bytes.
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

    /// The bytes, to read only.
    pub(crate) fn bytes(&self) -> io::Result<Arc<dyn StorageBackend>> {
        match self {
            Self::File(path) => {
                let backend = FileBackend::new(File::open(path)?).map_err(io::Error::other)?;
                Ok(Arc::new(backend))
            }
            Self::Backend(backend) => Ok(backend.clone()),
        }
    }
}

/// How every database is opened.
pub(crate) fn builder() -> Builder {
    let mut builder = Builder::new();
    builder.set_cache_size(CACHE);
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
