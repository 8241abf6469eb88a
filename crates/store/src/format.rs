//! The format of the database: its tables, their versions, and the way from an older format to this one.

use lamplit_node::Table;
use redb::{Database, ReadableDatabase, StorageError, TableDefinition, TableError, TableHandle, WriteTransaction};

/// `"version"` → the format of the whole database.
const FORMAT: TableDefinition<'static, &'static str, u64> = TableDefinition::new("format");
const VERSION: &str = "version";

/// The format before any migration.
const FIRST: u64 = 1;

/// A step from one format to the next. It runs inside the transaction that also writes the new number, after which
/// every table of [`Table::ALL`] that is still missing is made, as it is if there is no step.
pub(crate) struct Migration {
    /// What it does, for the log.
    pub(crate) what: &'static str,
    /// Does it.
    pub(crate) run: fn(&WriteTransaction) -> Result<(), redb::Error>,
}

/// All steps there ever were, oldest first: the one at index `i` leads from format `i + 1` to `i + 2`. Steps are
/// added at the end and never changed.
pub(crate) const MIGRATIONS: &[Migration] = &[];

/// The format that `migrations` lead to.
pub(crate) fn newest(migrations: &[Migration]) -> u64 {
    FIRST + migrations.len() as u64
}

/// Tables whose rows a migration has rewritten, with the version they have now; the others are at version 1. Such a
/// migration fills a table of the next version, and removes the old one.
const REWRITTEN: &[(Table, u32)] = &[];

/// The name of a table in redb: its own and its version.
pub(crate) fn name(table: Table) -> String {
    let version = REWRITTEN.iter().find(|(rewritten, _)| *rewritten == table).map_or(1, |(_, version)| *version);
    format!("{}/{version}", table.name())
}

/// The table of that name: every table of a device has bytes under bytes.
pub(crate) const fn rows(name: &str) -> TableDefinition<'_, &'static [u8], &'static [u8]> {
    TableDefinition::new(name)
}

/// The format of a database; `None` if nothing was ever committed to it.
pub(crate) fn read(database: &Database) -> Result<Option<u64>, StorageError> {
    let transaction = database.begin_read().map_err(|error| storage(error.into()))?;
    let table = match transaction.open_table(FORMAT) {
        Ok(table) => table,
        Err(TableError::TableDoesNotExist(_)) if transaction.list_tables()?.next().is_none() => return Ok(None),
        Err(error) => return Err(storage(error.into())),
    };
    match table.get(VERSION)? {
        Some(version) => Ok(Some(version.value())),
        None => Err(StorageError::Corrupted("it does not say its format".to_owned())),
    }
}

/// Brings a database to the newest format: an empty one at once, an older one step by step, all in one transaction.
/// One of a later format is refused by whoever called [`read`].
pub(crate) fn bring_up(database: &Database, migrations: &[Migration]) -> Result<(), redb::Error> {
    let found = read(database)?;
    let newest = newest(migrations);
    if found == Some(newest) && has_all_tables(database)? {
        return Ok(());
    }
    let transaction = database.begin_write()?;
    if let Some(found) = found {
        let done = usize::try_from(found.saturating_sub(FIRST)).unwrap_or(usize::MAX);
        for migration in migrations.iter().skip(done) {
            tracing::info!(migration.what, "the database is brought to a newer format");
            (migration.run)(&transaction)?;
        }
    }
    for table in Table::ALL {
        transaction.open_table(rows(&name(table)))?;
    }
    transaction.open_table(FORMAT)?.insert(VERSION, newest)?;
    transaction.commit()?;
    Ok(())
}

/// A table is added without a step.
fn has_all_tables(database: &Database) -> Result<bool, redb::Error> {
    let transaction = database.begin_read()?;
    let there: Vec<String> = transaction.list_tables()?.map(|table| table.name().to_owned()).collect();
    Ok(Table::ALL.iter().all(|table| there.contains(&name(*table))))
}

/// The failure of the storage under `error`; the rest can only come from a table that is not as this crate made it.
pub(crate) fn storage(error: redb::Error) -> StorageError {
    match error {
        redb::Error::Io(error) => StorageError::Io(error),
        redb::Error::Backend(error) => StorageError::Backend(error),
        redb::Error::Unsupported => StorageError::Unsupported,
        redb::Error::LockPoisoned(place) => StorageError::LockPoisoned(place),
        redb::Error::PreviousIo => StorageError::PreviousIo,
        redb::Error::DatabaseClosed => StorageError::DatabaseClosed,
        other => StorageError::Corrupted(other.to_string()),
    }
}

#[cfg(test)]
mod tests;
