//! The format of the database: its tables, and the way from an older format to this one.

use lamplit_wire::server::Epoch;
use redb::{Database, ReadTransaction, ReadableDatabase, TableDefinition, TableError, WriteTransaction};

/// Number → a committed group: postcard of the rows it changed, key → value, or none if the row is gone.
pub(crate) const LOG: TableDefinition<'static, u64, &'static [u8]> = TableDefinition::new("log");
/// Partition and key → value, as [`keys`](crate::keys) builds them: what was spread.
pub(crate) const ROWS: TableDefinition<'static, &'static [u8], &'static [u8]> = TableDefinition::new("rows");
/// `version` → the format; `epoch` → the eight bytes of the store's life, as a number, the greatest first.
const FORMAT: TableDefinition<'static, &'static str, u64> = TableDefinition::new("format");
const VERSION: &str = "version";
const EPOCH: &str = "epoch";

/// The format before any migration.
const FIRST: u64 = 1;

/// A step from one format to the next. It runs inside the transaction that also writes the new number.
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
    FIRST.saturating_add(migrations.len() as u64)
}

/// What a database says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    /// Its format.
    pub(crate) version: u64,
    /// Its life.
    pub(crate) epoch: Epoch,
}

/// Reads it; `None` if nothing was ever committed.
pub(crate) fn read(transaction: &ReadTransaction) -> Result<Option<Head>, redb::Error> {
    let table = match transaction.open_table(FORMAT) {
        Ok(table) => table,
        Err(TableError::TableDoesNotExist(_)) if transaction.list_tables()?.next().is_none() => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    match (table.get(VERSION)?, table.get(EPOCH)?) {
        (Some(version), Some(epoch)) => {
            Ok(Some(Head { version: version.value(), epoch: Epoch(epoch.value().to_be_bytes()) }))
        }
        _ => Err(redb::Error::Corrupted("it does not say its format".to_owned())),
    }
}

/// Writes it, and makes the tables that are missing.
pub(crate) fn write(transaction: &WriteTransaction, head: Head) -> Result<(), redb::Error> {
    transaction.open_table(LOG)?;
    transaction.open_table(ROWS)?;
    let mut table = transaction.open_table(FORMAT)?;
    table.insert(VERSION, head.version)?;
    table.insert(EPOCH, u64::from_be_bytes(head.epoch.0))?;
    Ok(())
}

/// Brings a database to the newest format: an empty one at once, an older one step by step, all in one transaction. One of
/// a later format is left as it is. Returns what it says of itself then.
pub(crate) fn bring_up(database: &Database, migrations: &[Migration], fresh: Epoch) -> Result<Head, redb::Error> {
    let found = read(&database.begin_read()?)?;
    let newest = newest(migrations);
    if let Some(head) = found.filter(|head| head.version >= newest) {
        return Ok(head);
    }
    let mut transaction = database.begin_write()?;
    transaction.set_quick_repair(true);
    if let Some(head) = found {
        let done = usize::try_from(head.version.saturating_sub(FIRST)).unwrap_or(usize::MAX);
        for migration in migrations.iter().skip(done) {
            tracing::info!(migration.what, "the store is brought to a newer format");
            (migration.run)(&transaction)?;
        }
    }
    let head = Head { version: newest, epoch: found.map_or(fresh, |head| head.epoch) };
    write(&transaction, head)?;
    transaction.commit()?;
    Ok(head)
}

#[cfg(test)]
mod tests;
