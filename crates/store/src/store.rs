//! The database: opened, read in snapshots, changed in batches.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use lamplit_node::{ReadError, Table, Write};
use redb::{Database, Durability, ReadableDatabase, StorageBackend};

use crate::check::{self, Fault, check};
use crate::dir::DataDir;
use crate::format::{self, MIGRATIONS, Migration};
use crate::snapshot::Snapshot;
use crate::source::{Source, builder};

/// A device's database. It can be shared between threads; batches are committed one after the other.
pub struct Store {
    source: Source,
    /// `None` after a failure, until it can be opened again.
    database: RwLock<Option<Database>>,
    spent: Spent,
    /// Held as long as the files are open.
    _dir: Option<DataDir>,
}

/// Why a database cannot be opened. It was not changed.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Nobody made one.
    #[error("there is no device in {}: `lamplit init` makes one", .0.display())]
    NoSuchDevice(PathBuf),
    /// Its bytes are not what was written.
    #[error(
        "the database {place} is damaged ({what}): it was left as it is. Restore it from a backup, or move the data \
         directory away and link this device anew"
    )]
    Corrupt {
        /// Which database.
        place: String,
        /// What is wrong with it.
        what: String,
    },
    /// This program is too old.
    #[error(
        "the database {place} was made by a later Lamplit (format {found}, this one knows {known}): update Lamplit"
    )]
    LaterFormat {
        /// Which database.
        place: String,
        /// Its format.
        found: u64,
        /// The newest format known here.
        known: u64,
    },
    /// The disk is full.
    #[error("the disk is full, and the database {0} cannot be opened without room: free some space")]
    DiskFull(String),
    /// The operating system says no.
    #[error("this user may not read and write the database {0}: give it to them (chown, chmod 600)")]
    Permission(String),
    /// Anything else.
    #[error("the database {place} cannot be opened: {source}")]
    Io {
        /// Which database.
        place: String,
        /// What happened.
        source: io::Error,
    },
}

/// Why a batch was not committed. Never is a part of it kept.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// There is no room. Nothing of the batch was kept.
    #[error("the disk is full: free some space; nothing was lost or half written")]
    DiskFull,
    /// Writing failed. The next snapshot shows whether the whole batch was kept or nothing of it.
    #[error("the database cannot be written: {0}; what was there before is still there")]
    Io(String),
}

impl Store {
    /// Opens the database in `dir`, reads and checks all of it, and brings it to this version's format.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn open(dir: &DataDir) -> Result<Self, OpenError> {
        let path = dir.database();
        let source = Source::File(path);
        match dir.has_device() {
            Ok(true) => Self::open_with(source, Some(dir.clone()), Content::Required, MIGRATIONS),
            Ok(false) => Err(OpenError::NoSuchDevice(dir.path().to_path_buf())),
            Err(error) => Err(open_error(&source, Fault::Io(error))),
        }
    }

    /// Opens the database on a backend, or makes one if the backend is empty. It is kept in this process's memory
    /// if that is where the backend keeps it.
    ///
    /// The backend's locks are not taken: nobody else may use it. It is not closed with the store but dropped.
    ///
    /// # Errors
    /// [`OpenError`], never [`OpenError::NoSuchDevice`].
    pub fn on_backend(backend: Box<dyn StorageBackend>) -> Result<Self, OpenError> {
        Self::open_with(Source::Backend(Arc::from(backend)), None, Content::MayBeNone, MIGRATIONS)
    }

    /// Makes an empty database in the empty file at `path`.
    pub(crate) fn make(path: PathBuf, dir: DataDir) -> Result<Self, OpenError> {
        let created = builder().create(&path);
        let source = Source::File(path);
        match created {
            Ok(database) => drop(database),
            Err(error) => return Err(open_error(&source, check::fault(error))),
        }
        Self::open_with(source, Some(dir), Content::MayBeNone, MIGRATIONS)
    }

    fn open_with(
        source: Source,
        dir: Option<DataDir>,
        content: Content,
        migrations: &[Migration],
    ) -> Result<Self, OpenError> {
        let refuse = |fault| open_error(&source, fault);
        let known = format::newest(migrations);
        match check(&source).map_err(refuse)? {
            Some(found) if found > known => {
                return Err(OpenError::LaterFormat { place: place(&source), found, known });
            }
            None if content == Content::Required => return Err(refuse(Fault::Damaged("it is empty".to_owned()))),
            _ => {}
        }
        let database = source.open().map_err(|error| refuse(check::fault(error)))?;
        format::bring_up(&database, migrations).map_err(|error| refuse(check::fault(format::storage(error).into())))?;
        Ok(Self { source, database: RwLock::new(Some(database)), spent: Spent::default(), _dir: dir })
    }

    /// The database as it is now.
    ///
    /// # Errors
    /// [`ReadError::Storage`] if the database failed before and still cannot be opened again.
    pub fn snapshot(&self) -> Result<Snapshot, ReadError> {
        let transaction = self.with(|database| Ok(database.begin_read()?));
        transaction.map(Snapshot::new).map_err(|error| ReadError::Storage(error.to_string()))
    }

    /// Makes all of `writes` or none of them, and returns once they would survive a power cut. Of two writes to one
    /// row the later wins. No writes cost nothing.
    ///
    /// After an error the database is opened again, if need be at the next call: it goes on as soon as the cause is
    /// gone. A snapshot taken before the error may fail from then on.
    ///
    /// # Errors
    /// [`CommitError`].
    pub fn commit(&self, writes: impl IntoIterator<Item = Write>) -> Result<(), CommitError> {
        let rows: Batch = writes.into_iter().map(|write| ((write.table, write.key), write.value)).collect();
        if rows.is_empty() {
            return Ok(());
        }
        let start = Instant::now();
        let committed = self.with(|database| apply(database, &rows));
        if committed.is_ok() {
            self.spent.add(start.elapsed());
        }
        committed.map_err(|error| {
            tracing::warn!(%error, "a commit failed; the database is opened again");
            self.reopen();
            commit_error(error)
        })
    }

    /// How many commits there were since it was opened, and how long they took together.
    pub fn spent(&self) -> (u64, Duration) {
        self.spent.sum()
    }

    /// Does something with the open database; opens it first if it failed before.
    fn with<T>(&self, action: impl Fn(&Database) -> Result<T, redb::Error>) -> Result<T, redb::Error> {
        if let Some(database) = self.database.read().unwrap_or_else(PoisonError::into_inner).as_ref() {
            return action(database);
        }
        let mut place = self.database.write().unwrap_or_else(PoisonError::into_inner);
        match place.as_ref() {
            Some(database) => action(database),
            None => action(place.insert(self.source.open()?)),
        }
    }

    /// After an error redb refuses to go on with what it has in memory, and rightly so.
    fn reopen(&self) {
        let mut place = self.database.write().unwrap_or_else(PoisonError::into_inner);
        // The old one has to let go of the file first.
        *place = None;
        match self.source.open() {
            Ok(database) => *place = Some(database),
            Err(error) => tracing::warn!(%error, "the database cannot be opened again yet"),
        }
    }
}

/// What commits have cost.
#[derive(Default)]
struct Spent {
    commits: AtomicU64,
    nanos: AtomicU64,
}

impl Spent {
    fn add(&self, time: Duration) {
        self.commits.fetch_add(1, Ordering::Relaxed);
        self.nanos.fetch_add(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    fn sum(&self) -> (u64, Duration) {
        (self.commits.load(Ordering::Relaxed), Duration::from_nanos(self.nanos.load(Ordering::Relaxed)))
    }
}

/// Whether a database has to have been used before.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Content {
    Required,
    MayBeNone,
}

/// A batch: the last write of each row, in the order in which tables like to be written.
type Batch = BTreeMap<(Table, Vec<u8>), Option<Vec<u8>>>;

fn apply(database: &Database, batch: &Batch) -> Result<(), redb::Error> {
    let mut transaction = database.begin_write()?;
    transaction.set_durability(Durability::Immediate)?;
    let mut rest = batch.iter().peekable();
    while let Some(((table, _), _)) = rest.peek().copied() {
        let name = format::name(*table);
        let mut rows = transaction.open_table(format::rows(&name))?;
        while let Some(((_, key), value)) = rest.next_if(|((next, _), _)| next == table) {
            match value {
                Some(value) => rows.insert(key.as_slice(), value.as_slice())?,
                None => rows.remove(key.as_slice())?,
            };
        }
    }
    transaction.commit()?;
    Ok(())
}

fn commit_error(error: redb::Error) -> CommitError {
    match error {
        redb::Error::Io(error) if is_full(&error) => CommitError::DiskFull,
        other => CommitError::Io(other.to_string()),
    }
}

fn open_error(source: &Source, fault: Fault) -> OpenError {
    let place = place(source);
    match fault {
        Fault::Damaged(what) => OpenError::Corrupt { place, what },
        Fault::Io(error) if is_full(&error) => OpenError::DiskFull(place),
        Fault::Io(error) if error.kind() == io::ErrorKind::PermissionDenied => OpenError::Permission(place),
        Fault::Io(source) => OpenError::Io { place, source },
    }
}

/// Whether there is no room on the disk, in the user's quota, or below the limit of a file's size.
pub(crate) fn is_full(error: &io::Error) -> bool {
    use io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
    matches!(error.kind(), StorageFull | QuotaExceeded | FileTooLarge)
}

fn place(source: &Source) -> String {
    match source {
        Source::File(path) => path.display().to_string(),
        Source::Backend(_) => "in memory".to_owned(),
    }
}

impl core::fmt::Debug for Store {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Store").field("place", &place(&self.source)).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
