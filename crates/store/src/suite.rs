//! What every [`Read`] must answer, held against a model that does it the plain way.

use std::collections::BTreeMap;

use lamplit_node::{Order, Read, ReadError, Row, Table, Write};

/// A database that is a map.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Model(BTreeMap<(Table, Vec<u8>), Vec<u8>>);

impl Model {
    /// Makes all of `writes`.
    pub fn commit(&mut self, writes: impl IntoIterator<Item = Write>) {
        for Write { table, key, value } in writes {
            match value {
                Some(value) => self.0.insert((table, key), value),
                None => self.0.remove(&(table, key)),
            };
        }
    }
}

impl Read for Model {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, ReadError> {
        Ok(self.0.get(&(table, key.to_vec())).cloned())
    }

    fn scan(
        &self,
        table: Table,
        prefix: &[u8],
        from: Option<&[u8]>,
        order: Order,
        limit: usize,
    ) -> Result<Vec<Row>, ReadError> {
        let beyond = |key: &[u8]| match (from, order) {
            (None, _) => true,
            (Some(from), Order::Up) => key > from,
            (Some(from), Order::Down) => key < from,
        };
        let rows = self.0.iter().filter(|((of, _), _)| *of == table);
        let rows = rows.filter(|((_, key), _)| key.starts_with(prefix) && beyond(key));
        let mut rows: Vec<Row> = rows.map(|((_, key), value)| (key.clone(), value.clone())).collect();
        if order == Order::Down {
            rows.reverse();
        }
        rows.truncate(limit);
        Ok(rows)
    }
}

/// Asks `read` and `model` the same: all rows of all tables, and every get and scan that can be put together from
/// `keys`.
///
/// # Errors
/// The first question that was answered differently.
pub fn same(read: &impl Read, model: &Model, keys: &[Vec<u8>]) -> Result<(), String> {
    for table in Table::ALL {
        scans(read, model, table, b"", None)?;
        for key in keys {
            let (got, expected) = (read.get(table, key), model.get(table, key));
            if got.ok() != expected.ok() {
                return Err(format!("get {table:?} {key:?}"));
            }
            scans(read, model, table, key, None)?;
            for from in keys {
                scans(read, model, table, key, Some(from))?;
            }
        }
    }
    Ok(())
}

fn scans(read: &impl Read, model: &Model, table: Table, prefix: &[u8], from: Option<&[u8]>) -> Result<(), String> {
    for order in [Order::Up, Order::Down] {
        for limit in [0, 1, 2, usize::MAX] {
            let got = read.scan(table, prefix, from, order, limit);
            let expected = model.scan(table, prefix, from, order, limit);
            if got.ok() != expected.ok() {
                return Err(format!("scan {table:?} prefix {prefix:?} from {from:?} {order:?} limit {limit}"));
            }
        }
    }
    Ok(())
}
