//! The database as one step sees it: a committed view, what earlier inputs of the batch changed, and its own changes.

use std::collections::{BTreeMap, btree_map};

use lamplit_seal::{Row as StorageRow, StorageKey};
use rand_core::CryptoRng;
use serde::{Serialize, de::DeserializeOwned};
use zeroize::Zeroizing;

use crate::table::{Order, Read, ReadError, Row, Table, Write};

/// Changes that are not committed yet: what each row will hold, `None` where it is removed.
#[derive(Default)]
pub(crate) struct Changes(BTreeMap<(Table, Vec<u8>), Option<Vec<u8>>>);

impl Changes {
    /// The later changes take the place of the earlier ones.
    pub(crate) fn absorb(&mut self, later: Self) {
        self.0.extend(later.0);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn into_writes(self) -> Vec<Write> {
        self.0.into_iter().map(|((table, key), value)| Write { table, key, value }).collect()
    }

    fn within(&self, table: Table, prefix: &[u8]) -> btree_map::Range<'_, (Table, Vec<u8>), Option<Vec<u8>>> {
        self.0.range((table, prefix.to_vec())..)
    }
}

/// The database of one step.
pub(crate) struct Db<'a> {
    base: &'a dyn Read,
    before: &'a Changes,
    changes: Changes,
}

impl<'a> Db<'a> {
    pub(crate) fn new(base: &'a dyn Read, before: &'a Changes) -> Self {
        Self { base, before, changes: Changes::default() }
    }

    pub(crate) fn into_changes(self) -> Changes {
        self.changes
    }

    pub(crate) fn put_bytes(&mut self, table: Table, key: &[u8], value: Vec<u8>) {
        self.changes.0.insert((table, key.to_vec()), Some(value));
    }

    pub(crate) fn put<T: Serialize>(&mut self, table: Table, key: &[u8], row: &T) -> Result<(), ReadError> {
        self.put_bytes(table, key, encode(row, table)?);
        Ok(())
    }

    pub(crate) fn remove(&mut self, table: Table, key: &[u8]) {
        self.changes.0.insert((table, key.to_vec()), None);
    }

    /// Writes a row that nobody reads who has only the disk.
    pub(crate) fn put_sealed<T: Serialize>(
        &mut self,
        vault: &StorageKey,
        rng: &mut dyn CryptoRng,
        table: Table,
        key: &[u8],
        row: &T,
    ) -> Result<(), ReadError> {
        let plain = Zeroizing::new(encode(row, table)?);
        self.put_sealed_bytes(vault, rng, table, key, &plain)
    }

    /// As [`Self::put_sealed`], for what is no more than bytes.
    pub(crate) fn put_sealed_bytes(
        &mut self,
        vault: &StorageKey,
        rng: &mut dyn CryptoRng,
        table: Table,
        key: &[u8],
        plain: &[u8],
    ) -> Result<(), ReadError> {
        let sealed = seal_row(vault, rng, table, key, plain)?;
        self.put_bytes(table, key, sealed);
        Ok(())
    }
}

impl Read for Db<'_> {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, ReadError> {
        let place = (table, key.to_vec());
        if let Some(value) = self.changes.0.get(&place).or_else(|| self.before.0.get(&place)) {
            return Ok(value.clone());
        }
        self.base.get(table, key)
    }

    fn scan(
        &self,
        table: Table,
        prefix: &[u8],
        from: Option<&[u8]>,
        order: Order,
        limit: usize,
    ) -> Result<Vec<Row>, ReadError> {
        let mut changed = BTreeMap::new();
        for changes in [self.before, &self.changes] {
            let rows = changes.within(table, prefix);
            let rows = rows.take_while(|((at, key), _)| *at == table && key.starts_with(prefix));
            changed.extend(rows.filter(|((_, key), _)| is_beyond(key, from, order)).map(|((_, key), v)| (key, v)));
        }
        if changed.is_empty() {
            return self.base.scan(table, prefix, from, order, limit);
        }
        // Each changed row can hide at most one committed row, so this many are enough.
        let committed = self.base.scan(table, prefix, from, order, limit.saturating_add(changed.len()))?;
        let mut rows: BTreeMap<Vec<u8>, Option<Vec<u8>>> = committed.into_iter().map(|(k, v)| (k, Some(v))).collect();
        rows.extend(changed.into_iter().map(|(key, value)| (key.clone(), value.clone())));
        let rows = rows.into_iter().filter_map(|(key, value)| value.map(|value| (key, value)));
        Ok(match order {
            Order::Up => rows.take(limit).collect(),
            Order::Down => rows.rev().take(limit).collect(),
        })
    }
}

fn is_beyond(key: &[u8], from: Option<&[u8]>, order: Order) -> bool {
    match (from, order) {
        (None, _) => true,
        (Some(from), Order::Up) => key > from,
        (Some(from), Order::Down) => key < from,
    }
}

/// Room for what most rows are.
const ROW_ROOM: usize = 512;

/// Reads with meaning, over any view of the database.
pub(crate) trait Typed: Read {
    /// The row under `key`.
    fn row<T: DeserializeOwned>(&self, table: Table, key: &[u8]) -> Result<Option<T>, ReadError> {
        self.get(table, key)?.map(|bytes| decode(table, &bytes)).transpose()
    }

    /// The row under `key`, which was sealed.
    fn sealed<T: DeserializeOwned>(
        &self,
        vault: &StorageKey,
        table: Table,
        key: &[u8],
    ) -> Result<Option<T>, ReadError> {
        self.get(table, key)?.map(|bytes| open_row(vault, table, key, &bytes)).transpose()
    }
}

impl<R: Read + ?Sized> Typed for R {}

/// Reads a stored row.
pub(crate) fn decode<T: DeserializeOwned>(table: Table, bytes: &[u8]) -> Result<T, ReadError> {
    postcard::from_bytes(bytes).map_err(|_| ReadError::Corrupt { table })
}

/// Opens and reads a stored row that was sealed.
pub(crate) fn open_row<T: DeserializeOwned>(
    vault: &StorageKey,
    table: Table,
    key: &[u8],
    bytes: &[u8],
) -> Result<T, ReadError> {
    decode(table, &open_bytes(vault, table, key, bytes)?)
}

/// Opens a stored row that was sealed and is no more than bytes.
pub(crate) fn open_bytes(
    vault: &StorageKey,
    table: Table,
    key: &[u8],
    bytes: &[u8],
) -> Result<Zeroizing<Vec<u8>>, ReadError> {
    let row = StorageRow { table: table.name(), key };
    vault.open(row, bytes).map_err(|_| ReadError::Corrupt { table })
}

pub(crate) fn seal_row(
    vault: &StorageKey,
    rng: &mut dyn CryptoRng,
    table: Table,
    key: &[u8],
    plain: &[u8],
) -> Result<Vec<u8>, ReadError> {
    let row = StorageRow { table: table.name(), key };
    vault.seal(rng, row, plain).map_err(|_| ReadError::Unwritable { table })
}

pub(crate) fn encode<T: Serialize>(row: &T, table: Table) -> Result<Vec<u8>, ReadError> {
    postcard::to_extend(row, Vec::with_capacity(ROW_ROOM)).map_err(|_| ReadError::Unwritable { table })
}

#[cfg(test)]
mod tests;
