//! A consistent view of the database.

use std::ops::Bound;
use std::sync::OnceLock;

use lamplit_node::{Order, Read, ReadError, Row, Table};
use redb::{AccessGuard, ReadOnlyTable, ReadTransaction, StorageError};

use crate::format;

type Rows = ReadOnlyTable<&'static [u8], &'static [u8]>;

/// The database as it was when this was taken. Cheap to take; a table costs a look-up when it is first read. Pages
/// it shows are not used again while it lives, so one that is kept for long makes the file grow.
///
/// It may fail with [`ReadError::Storage`] once the database had to be opened again after a failed commit.
pub struct Snapshot {
    transaction: ReadTransaction,
    tables: [OnceLock<Rows>; Table::ALL.len()],
}

impl Snapshot {
    pub(crate) fn new(transaction: ReadTransaction) -> Self {
        Self { transaction, tables: [const { OnceLock::new() }; Table::ALL.len()] }
    }

    fn rows(&self, table: Table) -> Result<&Rows, ReadError> {
        let place = self.tables.get(table as usize).ok_or(ReadError::Corrupt { table })?;
        if let Some(rows) = place.get() {
            return Ok(rows);
        }
        let name = format::name(table);
        let opened = self.transaction.open_table(format::rows(&name));
        let rows = opened.map_err(|error| read_error(table, format::storage(error.into())))?;
        Ok(place.get_or_init(|| rows))
    }
}

impl Read for Snapshot {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, ReadError> {
        let value = self.rows(table)?.get(key).map_err(|error| read_error(table, error))?;
        Ok(value.map(|value| value.value().to_vec()))
    }

    fn scan(
        &self,
        table: Table,
        prefix: &[u8],
        from: Option<&[u8]>,
        order: Order,
        limit: usize,
    ) -> Result<Vec<Row>, ReadError> {
        let end = after_all(prefix);
        let Some(bounds) = bounds(prefix, end.as_deref(), from, order) else { return Ok(Vec::new()) };
        let range = self.rows(table)?.range::<&[u8]>(bounds).map_err(|error| read_error(table, error))?;
        let rows: Result<Vec<Row>, StorageError> = match order {
            Order::Up => range.take(limit).map(owned).collect(),
            Order::Down => range.rev().take(limit).map(owned).collect(),
        };
        rows.map_err(|error| read_error(table, error))
    }
}

type Guard<'a> = AccessGuard<'a, &'static [u8]>;

fn owned(row: Result<(Guard<'_>, Guard<'_>), StorageError>) -> Result<Row, StorageError> {
    let (key, value) = row?;
    Ok((key.value().to_vec(), value.value().to_vec()))
}

/// The smallest key beyond every key that begins with `prefix`; `None` if there is none.
fn after_all(prefix: &[u8]) -> Option<Vec<u8>> {
    let mut end = prefix.to_vec();
    while let Some(last) = end.pop() {
        if let Some(next) = last.checked_add(1) {
            end.push(next);
            return Some(end);
        }
    }
    None
}

type Bounds<'a> = (Bound<&'a [u8]>, Bound<&'a [u8]>);

/// The keys from `prefix` to before `end` that lie beyond `from`; `None` if there can be none.
fn bounds<'a>(prefix: &'a [u8], end: Option<&'a [u8]>, from: Option<&'a [u8]>, order: Order) -> Option<Bounds<'a>> {
    let before_end = end.map_or(Bound::Unbounded, Bound::Excluded);
    match (order, from) {
        (Order::Up, Some(from)) if end.is_some_and(|end| from >= end) => None,
        (Order::Up, Some(from)) if from >= prefix => Some((Bound::Excluded(from), before_end)),
        (Order::Down, Some(from)) if from <= prefix => None,
        (Order::Down, Some(from)) if end.is_none_or(|end| from < end) => {
            Some((Bound::Included(prefix), Bound::Excluded(from)))
        }
        _ => Some((Bound::Included(prefix), before_end)),
    }
}

fn read_error(table: Table, error: StorageError) -> ReadError {
    match error {
        StorageError::Corrupted(_) => ReadError::Corrupt { table },
        other => ReadError::Storage(other.to_string()),
    }
}

impl core::fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Snapshot")
    }
}
