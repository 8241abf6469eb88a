//! What a group of batches comes to: each is held against the rows as those before it left them, and what it changes is
//! worked out, so that the log and the rows know nothing but values.

use std::collections::BTreeMap;

use lamplit_service::{Applied, ApplyError, Batch, Change, Expect, Partition, numbered};

use crate::keys;
use crate::layers::Rows;

/// What a group came to.
pub(crate) struct Group {
    /// What became of each batch.
    pub(crate) answers: Vec<Result<Applied, ApplyError>>,
    /// The rows it changed.
    pub(crate) rows: Rows,
}

/// Reads a row as it was committed.
pub(crate) trait Below {
    /// The row's value.
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, redb::Error>;
}

/// Why a batch came to nothing.
enum Stop {
    /// It is answered so, and the group goes on.
    Batch(ApplyError),
    /// The rows cannot be read.
    Below(redb::Error),
}

impl Group {
    /// Works out all of them.
    pub(crate) fn of(batches: &[Batch], below: &impl Below) -> Result<Self, redb::Error> {
        let mut group = Self { answers: Vec::with_capacity(batches.len()), rows: Rows::new() };
        for batch in batches {
            let mut own = Own { partition: batch.partition, rows: Rows::new(), group: &group.rows, below };
            let applied = own.batch(batch);
            let rows = own.rows;
            group.answers.push(match applied {
                Ok(applied) => {
                    group.rows.extend(rows);
                    Ok(applied)
                }
                Err(Stop::Batch(error)) => Err(error),
                Err(Stop::Below(error)) => return Err(error),
            });
        }
        Ok(group)
    }
}

/// One batch over those before it.
struct Own<'g, B> {
    partition: Partition,
    rows: Rows,
    group: &'g Rows,
    below: &'g B,
}

impl<B: Below> Own<'_, B> {
    fn batch(&mut self, batch: &Batch) -> Result<Applied, Stop> {
        for (at, expect) in batch.expects.iter().enumerate() {
            if !self.holds(expect)? {
                return Err(Stop::Batch(ApplyError::Unexpected(at)));
            }
        }
        for change in &batch.changes {
            self.change(change)?;
        }
        Ok(Applied { last: self.last()? })
    }

    fn holds(&self, expect: &Expect) -> Result<bool, Stop> {
        Ok(match expect {
            Expect::Row { key, value } => self.get(&self.row(key))? == *value,
            Expect::AtMost { key, limit } => self.count(&self.row(key))? <= *limit,
        })
    }

    fn change(&mut self, change: &Change) -> Result<(), Stop> {
        let (key, value) = match change {
            Change::Put { key, value } => (self.row(key), Some(value.clone())),
            Change::Remove { key } => (self.row(key), None),
            Change::Append { prefix, value } => {
                let last = self.last()?.checked_add(1).ok_or_else(|| refused("a partition has no more numbers"))?;
                self.rows.insert(keys::number(&self.partition), Some(last.to_be_bytes().to_vec()));
                (self.row(&numbered(prefix, last)), Some(value.clone()))
            }
            Change::Add { key, by } => {
                let key = self.row(key);
                let sum = self.count(&key)?.checked_add(*by).ok_or_else(|| refused("a count would be too large"))?;
                (key, (sum != 0).then(|| sum.to_be_bytes().to_vec()))
            }
        };
        self.rows.insert(key, value);
        Ok(())
    }

    fn last(&self) -> Result<u64, Stop> {
        let number = self.eight(&keys::number(&self.partition), "a partition's last number is damaged")?;
        Ok(number.map_or(0, u64::from_be_bytes))
    }

    fn count(&self, key: &[u8]) -> Result<i64, Stop> {
        Ok(self.eight(key, "a row that is to be a count is none")?.map_or(0, i64::from_be_bytes))
    }

    fn eight(&self, key: &[u8], otherwise: &str) -> Result<Option<[u8; 8]>, Stop> {
        let Some(value) = self.get(key)? else { return Ok(None) };
        value.as_slice().try_into().map(Some).map_err(|_| refused(otherwise))
    }

    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Stop> {
        match self.rows.get(key).or_else(|| self.group.get(key)) {
            Some(value) => Ok(value.clone()),
            None => self.below.get(key).map_err(Stop::Below),
        }
    }

    fn row(&self, key: &[u8]) -> Vec<u8> {
        keys::row(&self.partition, key)
    }
}

fn refused(what: &str) -> Stop {
    Stop::Batch(ApplyError::Refused(what.to_owned()))
}

/// A group's entry in the log: postcard of the rows it changed.
pub(crate) fn entry(rows: &Rows) -> Result<Vec<u8>, postcard::Error> {
    let rows: BTreeMap<&[u8], Option<&[u8]>> =
        rows.iter().map(|(key, value)| (key.as_slice(), value.as_deref())).collect();
    postcard::to_allocvec(&rows)
}

/// The rows of an entry; `None` if it is damaged.
pub(crate) fn rows(entry: &[u8]) -> Option<Rows> {
    let rows: BTreeMap<&[u8], Option<&[u8]>> = postcard::from_bytes(entry).ok()?;
    let rows = rows.into_iter().map(|(key, value)| keys::split(key).map(|_| (key.to_vec(), value.map(<[u8]>::to_vec))));
    rows.collect()
}

#[cfg(test)]
mod tests;
