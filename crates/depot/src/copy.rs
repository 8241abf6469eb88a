//! Copies: a backup of a store in use, and a store from a backup.

use std::path::Path;
use std::sync::Arc;

use lamplit_wire::server::Epoch;
use redb::{
    Database, Key, ReadTransaction, ReadableDatabase, ReadableTable, StorageBackend, TableDefinition, Value,
    WriteTransaction,
};

use crate::depot::{Depot, bring_up, storage};
use crate::error::{self, CopyError, OpenError};
use crate::files::{self, Owner};
use crate::format::{self, Head, LOG, MIGRATIONS, ROWS};
use crate::limits;
use crate::source::{Source, builder};

impl Depot {
    /// Writes all as it is now to the file `to`, while reads and commits go on. The file is wholly there afterwards or not at
    /// all. The store's own file grows while it takes.
    ///
    /// # Errors
    /// [`CopyError`]. What is at `to` already is never replaced.
    pub fn backup(&self, to: &Path) -> Result<(), CopyError> {
        let all = self.handle.snapshot().map_err(unreadable)?;
        let head = format::read(&all).map_err(unreadable)?;
        copy(&all, head.ok_or_else(|| CopyError::Read("it is empty".to_owned()))?, to, Owner::WhoMakesIt)
    }
}

/// Makes a store at `to` from the backup `from`, with a life of its own: those who use it learn that it may lack what they
/// brought since. If root makes it, it belongs to whoever has its directory.
///
/// # Errors
/// [`CopyError`]. What is at `to` already is never replaced.
pub fn restore(from: &Path, to: &Path, fresh: Epoch) -> Result<(), CopyError> {
    let source = Source::File(from.to_path_buf());
    let backup = builder().open_read_only(from).map_err(|error| error::opening(&source, error))?;
    let _lock = files::lock(to)?;
    let all = backup.begin_read().map_err(|error| unreadable(error.into()))?;
    let head = format::read(&all).map_err(|error| CopyError::Open(error::storage(&source, storage(error))))?;
    let head = head.ok_or_else(|| OpenError::Corrupt { place: source.place(), what: "it is empty".to_owned() })?;
    let known = format::newest(MIGRATIONS);
    if head.version > known {
        return Err(OpenError::LaterFormat { place: source.place(), found: head.version, known }.into());
    }
    copy(&all, Head { epoch: fresh, ..head }, to, Owner::OfItsDirectory)
}

/// Gives the store on a backend, which came back from a backup, a life of its own.
///
/// # Errors
/// [`OpenError`].
pub fn begin_anew(backend: Box<dyn StorageBackend>, fresh: Epoch) -> Result<(), OpenError> {
    let source = Source::Backend(Arc::from(backend));
    let failed = |error| error::opening(&source, error);
    let database = source.open().map_err(failed)?;
    let head = bring_up(&source, &database, MIGRATIONS, fresh)?;
    let renewed = write(&database, |transaction| format::write(transaction, Head { epoch: fresh, ..head }));
    renewed.map_err(|error| error::storage(&source, storage(error)))
}

/// Writes everything to a file beside `to` and then gives it the name.
fn copy(all: &ReadTransaction, head: Head, to: &Path, owner: Owner) -> Result<(), CopyError> {
    // Seen early here: what comes meanwhile is seen by the renaming.
    if std::fs::symlink_metadata(to).is_ok() {
        return Err(CopyError::Exists(to.to_path_buf()));
    }
    let begun = files::beside(to, ".new");
    let done = fill(all, head, &begun, owner)
        .and_then(|()| files::rename(&begun, to).map_err(|error| error::copying(to, redb::Error::Io(error))));
    if done.is_err() {
        // Only to free its room: the next copy replaces it.
        let _ = std::fs::remove_file(&begun);
    }
    done
}

fn fill(all: &ReadTransaction, head: Head, to: &Path, owner: Owner) -> Result<(), CopyError> {
    let failed = |error| error::copying(to, error);
    files::empty(to, owner).map_err(|error| failed(redb::Error::Io(error)))?;
    let database = builder().create(to).map_err(|error| failed(error.into()))?;
    write(&database, |transaction| format::write(transaction, head)).map_err(failed)?;
    table(all, LOG, &database, to)?;
    table(all, ROWS, &database, to)?;
    database.close().map_err(|error| failed(error.into()))
}

/// Copies a table, a part in a transaction.
fn table<K: Key + 'static, V: Value + 'static>(
    all: &ReadTransaction,
    table: TableDefinition<'static, K, V>,
    database: &Database,
    to: &Path,
) -> Result<(), CopyError> {
    let rows = all.open_table(table).map_err(|error| unreadable(error.into()))?;
    let mut rows = rows.iter().map_err(|error| unreadable(error.into()))?.peekable();
    while rows.peek().is_some() {
        let part = write(database, |transaction| {
            let mut table = transaction.open_table(table)?;
            let mut bytes = 0_usize;
            while bytes < limits::COPY_BYTES
                && let Some(row) = rows.next()
            {
                let (key, value) = match row {
                    Ok(row) => row,
                    Err(error) => return Ok(Err(unreadable(error.into()))),
                };
                bytes =
                    bytes.saturating_add(V::as_bytes(&value.value()).as_ref().len()).saturating_add(limits::COPY_ROW);
                table.insert(key.value(), value.value())?;
            }
            Ok(Ok(()))
        });
        part.map_err(|error| error::copying(to, error))??;
    }
    Ok(())
}

fn write<T>(
    database: &Database,
    action: impl FnOnce(&WriteTransaction) -> Result<T, redb::Error>,
) -> Result<T, redb::Error> {
    let transaction = database.begin_write()?;
    let done = action(&transaction)?;
    transaction.commit()?;
    Ok(done)
}

fn unreadable(error: redb::Error) -> CopyError {
    CopyError::Read(error.to_string())
}

#[cfg(test)]
mod tests;
