//! What a device's database should hold: the same writes, applied to a map.

use std::collections::BTreeMap;

use lamplit_node::{Order, Read, ReadError, Row, Table, Write};

/// A database as it should be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Mirror(BTreeMap<(Table, Vec<u8>), Vec<u8>>);

impl Mirror {
    /// Applies a batch.
    pub(crate) fn apply(&mut self, writes: &[Write]) {
        for Write { table, key, value } in writes {
            match value {
                Some(value) => self.0.insert((*table, key.clone()), value.clone()),
                None => self.0.remove(&(*table, key.clone())),
            };
        }
    }

    /// What a database holds.
    pub(crate) fn of(read: &impl Read) -> Result<Self, ReadError> {
        let mut all = BTreeMap::new();
        for table in Table::ALL {
            for (key, value) in read.scan(table, &[], None, Order::Up, usize::MAX)? {
                all.insert((table, key), value);
            }
        }
        Ok(Self(all))
    }

    /// A value.
    pub(crate) fn value(&self, table: Table, key: &[u8]) -> Option<&[u8]> {
        self.0.get(&(table, key.to_vec())).map(Vec::as_slice)
    }

    /// The rows of a table whose keys begin with `prefix`.
    pub(crate) fn rows<'a>(&'a self, table: Table, prefix: &'a [u8]) -> impl Iterator<Item = (&'a [u8], &'a [u8])> {
        let rows = self.0.range((table, prefix.to_vec())..);
        let rows = rows.take_while(move |((at, key), _)| *at == table && key.starts_with(prefix));
        rows.map(|((_, key), value)| (key.as_slice(), value.as_slice()))
    }

    /// The first row in which two differ, in words.
    pub(crate) fn difference(&self, other: &Self) -> Option<String> {
        let keys = self.0.keys().chain(other.0.keys());
        let (table, key) = keys.filter(|key| self.0.get(*key) != other.0.get(*key)).min()?;
        let state =
            |mirror: &Self| mirror.value(*table, key).map_or("nothing".to_owned(), |v| format!("{} bytes", v.len()));
        Some(format!("row {} of {}: {} against {}", hex(key), table.name(), state(self), state(other)))
    }
}

/// Bytes as hexadecimal digits, the first sixteen of them.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

impl Read for Mirror {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, ReadError> {
        Ok(self.value(table, key).map(<[u8]>::to_vec))
    }

    fn scan(
        &self,
        table: Table,
        prefix: &[u8],
        from: Option<&[u8]>,
        order: Order,
        limit: usize,
    ) -> Result<Vec<Row>, ReadError> {
        let owned = |(key, value): (&[u8], &[u8])| (key.to_vec(), value.to_vec());
        let rows = self.rows(table, prefix);
        let rows: Vec<Row> = match (order, from) {
            (Order::Up, from) => {
                rows.filter(|(key, _)| from.is_none_or(|from| *key > from)).take(limit).map(owned).collect()
            }
            (Order::Down, from) => {
                let below: Vec<_> = rows.filter(|(key, _)| from.is_none_or(|from| *key < from)).collect();
                below.into_iter().rev().take(limit).map(owned).collect()
            }
        };
        Ok(rows)
    }
}
