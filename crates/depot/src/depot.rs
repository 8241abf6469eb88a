//! The store: opened, read, changed in groups.

use std::fs::File;
use std::ops::Bound;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use lamplit_service::{Applied, ApplyError, Batch, Partition, Row, Store, StoreError};
use lamplit_wire::server::Epoch;
use redb::{Database, ReadableDatabase, ReadableTable, StorageBackend};

use crate::error::{self, OpenError};
use crate::files::{self, Owner};
use crate::format::{self, Head, LOG, MIGRATIONS, Migration, ROWS};
use crate::group::{self, Below, Group};
use crate::handle::Handle;
use crate::keys::{self, Held};
use crate::layers::{self, Layer, Layers, ROOM, Weight};
use crate::source::{Source, builder};
use crate::spread::{Place, Portion};

/// The sync server's store. It can be shared between threads; groups are committed one after the other.
///
/// Its calls wait for the disk: reads for a page now and then, commits always.
pub struct Depot {
    pub(crate) handle: Handle,
    /// Changed only by who holds `writer`.
    pub(crate) layers: RwLock<Layers>,
    pub(crate) writer: Mutex<Writer>,
    /// From where on it is to be spread, and how much in one go.
    pub(crate) room: Weight,
    pub(crate) portion: Portion,
    epoch: Epoch,
    /// Held as long as the file is open.
    _lock: Option<File>,
}

/// What only the one who writes knows.
pub(crate) struct Writer {
    /// The number of the next group. A group that failed may lie there: the next takes its place.
    pub(crate) next: u64,
    /// How far the frozen layer is spread.
    pub(crate) place: Place,
}

impl Depot {
    /// Opens the store in the file at `path`, which only its owner may read, and which no other process may have open. If
    /// there is none, it is made, with the life `fresh`.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn open(path: &Path, fresh: Epoch) -> Result<Self, OpenError> {
        let lock = files::lock(path)?;
        let source = Source::File(path.to_path_buf());
        let io = |error| error::storage(&source, redb::StorageError::Io(error));
        if !path.try_exists().map_err(io)? {
            // Under its name only once it is whole: so nobody finds half a store there.
            let begun = files::beside(path, ".new");
            files::empty(&begun, Owner::OfItsDirectory).map_err(io)?;
            let database = builder().create(&begun).map_err(|error| error::opening(&source, error))?;
            bring_up(&source, &database, MIGRATIONS, fresh)?;
            drop(database);
            files::rename(&begun, path).map_err(io)?;
        }
        if files::is_exposed(path).map_err(io)? {
            return Err(OpenError::Exposed(path.to_path_buf()));
        }
        Self::open_with(source, Some(lock), MIGRATIONS, fresh)
    }

    /// Opens the store on a backend, or makes one if the backend is empty.
    ///
    /// The backend's locks are not taken: nobody else may use it. It is not closed with the store but dropped.
    ///
    /// # Errors
    /// [`OpenError`], never [`OpenError::InUse`], [`OpenError::Missing`] or [`OpenError::Exposed`].
    pub fn on_backend(backend: Box<dyn StorageBackend>, fresh: Epoch) -> Result<Self, OpenError> {
        Self::open_with(Source::Backend(Arc::from(backend)), None, MIGRATIONS, fresh)
    }

    pub(crate) fn open_with(
        source: Source,
        lock: Option<File>,
        migrations: &[Migration],
        fresh: Epoch,
    ) -> Result<Self, OpenError> {
        let database = source.open().map_err(|error| error::opening(&source, error))?;
        let epoch = bring_up(&source, &database, migrations, fresh)?.epoch;
        let layer = replay(&database).map_err(|error| error::storage(&source, storage(error)))?;
        let writer = Writer { next: layer.last().saturating_add(1), place: Place::default() };
        Ok(Self {
            handle: Handle::new(source, database),
            layers: RwLock::new(Layers::of(layer)),
            writer: Mutex::new(writer),
            room: ROOM,
            portion: Portion::default(),
            epoch,
            _lock: lock,
        })
    }

    /// Applies batches in order, each on top of those before it, and returns once all of them would survive a power cut:
    /// what became of each. One whose expectations fail changes nothing, and the others are applied.
    ///
    /// If the commit fails, nothing of the group shows, and each gets the error. The store goes on as soon as the cause is
    /// gone.
    pub fn commit(&self, batches: Vec<Batch>) -> Vec<Result<Applied, ApplyError>> {
        let mut writer = self.writer();
        self.try_commit(&mut writer, &batches).unwrap_or_else(|error| vec![Err(error); batches.len()])
    }

    fn try_commit(
        &self,
        writer: &mut Writer,
        batches: &[Batch],
    ) -> Result<Vec<Result<Applied, ApplyError>>, ApplyError> {
        self.make_room(writer).map_err(|error| error::applying(&error))?;
        let group = self.handle.read(|database| {
            let layers = self.layers.read().unwrap_or_else(PoisonError::into_inner);
            Group::of(batches, &Committed { layers: &layers, table: database.begin_read()?.open_table(ROWS)? })
        });
        let Group { answers, rows } = group.map_err(|error| error::applying(&error))?;
        if rows.is_empty() {
            return Ok(answers);
        }
        let entry = group::entry(&rows).map_err(|error| ApplyError::Storage(error.to_string()))?;
        let number = writer.next;
        let logged = self.handle.write(|transaction| {
            transaction.open_table(LOG)?.insert(number, entry.as_slice())?;
            Ok(())
        });
        logged.map_err(|error| error::applying(&error))?;
        writer.next = number.saturating_add(1);
        self.layers.write().unwrap_or_else(PoisonError::into_inner).put(number, entry.len(), rows);
        Ok(answers)
    }

    pub(crate) fn writer(&self) -> MutexGuard<'_, Writer> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read(&self, key: &[u8]) -> Result<Option<Vec<u8>>, redb::Error> {
        self.handle.read(|database| {
            let layers = self.layers.read().unwrap_or_else(PoisonError::into_inner);
            if let Some(value) = layers.get(key) {
                return Ok(value.map(<[u8]>::to_vec));
            }
            // Begun under the lock: what leaves the layers is among the rows before.
            let transaction = database.begin_read()?;
            drop(layers);
            let value = transaction.open_table(ROWS)?.get(key)?;
            Ok(value.map(|value| value.value().to_vec()))
        })
    }

    /// The first rows from `start` to before `end`, whatever they are.
    fn first(&self, start: Bound<&[u8]>, end: Bound<&[u8]>, limit: usize) -> Result<Vec<Row>, redb::Error> {
        self.handle.read(|database| {
            let layers = self.layers.read().unwrap_or_else(PoisonError::into_inner);
            let above = layers.first(start, end, limit);
            let transaction = database.begin_read()?;
            drop(layers);
            let table = transaction.open_table(ROWS)?;
            let mut failed = None;
            let below = table.range::<&[u8]>((start, end))?.map_while(|row| match row {
                Ok((key, value)) => Some((key.value().to_vec(), value.value().to_vec())),
                Err(error) => {
                    failed = Some(error);
                    None
                }
            });
            let rows = layers::there(above, below).take(limit).collect();
            failed.map_or(Ok(rows), |error| Err(error.into()))
        })
    }

    fn rows_of(
        &self,
        partition: &Partition,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Row>, StoreError> {
        let end = keys::beyond_prefix(partition, prefix);
        let begin = keys::row(partition, prefix);
        let after = after.map(|after| keys::row(partition, after));
        let start = match &after {
            Some(after) if *after >= end => return Ok(Vec::new()),
            Some(after) if *after >= begin => Bound::Excluded(after.as_slice()),
            _ => Bound::Included(begin.as_slice()),
        };
        let rows = self.first(start, Bound::Excluded(&end), limit).map_err(error::reading)?;
        let rows = rows.into_iter().map(|(key, value)| match keys::split(&key) {
            Some((_, Held::Row(key))) => Ok((key.to_vec(), value)),
            _ => Err(StoreError::Corrupt),
        });
        rows.collect()
    }

    fn next_partition(&self, after: Option<&Partition>) -> Result<Option<Partition>, StoreError> {
        let mut start = after.map(keys::beyond).unwrap_or_default();
        loop {
            // Its last number may come first, and be all that is left of it.
            let rows = self.first(Bound::Included(&start), Bound::Unbounded, 2).map_err(error::reading)?;
            let Some((key, _)) = rows.first() else { return Ok(None) };
            let (partition, held) = keys::split(key).ok_or(StoreError::Corrupt)?;
            let beyond = keys::beyond(&partition);
            if matches!(held, Held::Row(_)) || rows.get(1).is_some_and(|(key, _)| *key < beyond) {
                return Ok(Some(partition));
            }
            start = beyond;
        }
    }
}

impl Store for Depot {
    fn epoch(&self) -> Epoch {
        self.epoch
    }

    async fn get(&self, partition: &Partition, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.read(&keys::row(partition, key)).map_err(error::reading)
    }

    async fn scan(
        &self,
        partition: &Partition,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Row>, StoreError> {
        self.rows_of(partition, prefix, after, limit)
    }

    async fn apply(&self, batch: Batch) -> Result<Applied, ApplyError> {
        let answer = self.commit(vec![batch]).pop();
        answer.unwrap_or_else(|| Err(ApplyError::Storage("a batch was not answered".to_owned())))
    }

    async fn partitions(&self, after: Option<&Partition>, limit: usize) -> Result<Vec<Partition>, StoreError> {
        let mut found: Vec<Partition> = Vec::new();
        while found.len() < limit {
            let Some(next) = self.next_partition(found.last().or(after))? else { break };
            found.push(next);
        }
        Ok(found)
    }
}

/// Rows as they are committed. Nobody else writes while it is looked at.
struct Committed<'l, T> {
    layers: &'l Layers,
    table: T,
}

impl<T: ReadableTable<&'static [u8], &'static [u8]>> Below for Committed<'_, T> {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, redb::Error> {
        if let Some(value) = self.layers.get(key) {
            return Ok(value.map(<[u8]>::to_vec));
        }
        Ok(self.table.get(key)?.map(|value| value.value().to_vec()))
    }
}

/// What the log has that is not among the rows yet.
fn replay(database: &Database) -> Result<Layer, redb::Error> {
    let mut layer = Layer::default();
    for entry in database.begin_read()?.open_table(LOG)?.iter()? {
        let (number, entry) = entry?;
        let damaged = || redb::Error::Corrupted(format!("entry {} of the log", number.value()));
        layer.put(number.value(), entry.value().len(), group::rows(entry.value()).ok_or_else(damaged)?);
    }
    Ok(layer)
}

pub(crate) fn bring_up(
    source: &Source,
    database: &Database,
    migrations: &[Migration],
    fresh: Epoch,
) -> Result<Head, OpenError> {
    let head = format::bring_up(database, migrations, fresh);
    let head = head.map_err(|error| error::storage(source, storage(error)))?;
    let known = format::newest(migrations);
    if head.version > known {
        return Err(OpenError::LaterFormat { place: source.place(), found: head.version, known });
    }
    Ok(head)
}

/// The failure of the storage under `error`; the rest can only come from a table that is not as this crate made it.
pub(crate) fn storage(error: redb::Error) -> redb::StorageError {
    match error {
        redb::Error::Io(error) => redb::StorageError::Io(error),
        redb::Error::Backend(error) => redb::StorageError::Backend(error),
        redb::Error::Unsupported => redb::StorageError::Unsupported,
        redb::Error::LockPoisoned(place) => redb::StorageError::LockPoisoned(place),
        redb::Error::PreviousIo => redb::StorageError::PreviousIo,
        redb::Error::DatabaseClosed => redb::StorageError::DatabaseClosed,
        other => redb::StorageError::Corrupted(other.to_string()),
    }
}

impl core::fmt::Debug for Depot {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Depot").field("place", &self.handle.source().place()).finish_non_exhaustive()
    }
}

#[cfg(test)]
pub(crate) mod tests;
