//! A store that is a map: for tests, and the model that every other store is held against.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use lamplit_wire::server::Epoch;

use crate::store::{Applied, ApplyError, Batch, Change, Expect, Partition, Row, Store, StoreError, numbered};

/// A store in memory. What it keeps ends with it.
pub struct Memory {
    epoch: Epoch,
    state: Mutex<State>,
}

#[derive(Clone, Default)]
struct State {
    rows: BTreeMap<(Partition, Vec<u8>), Vec<u8>>,
    last: BTreeMap<Partition, u64>,
}

impl Memory {
    /// An empty store.
    pub fn new(epoch: Epoch) -> Self {
        Self { epoch, state: Mutex::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store for Memory {
    fn epoch(&self) -> Epoch {
        self.epoch
    }

    async fn get(&self, partition: &Partition, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.state().rows.get(&(*partition, key.to_vec())).cloned())
    }

    async fn scan(
        &self,
        partition: &Partition,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Row>, StoreError> {
        let state = self.state();
        let rows = state.rows.range((*partition, prefix.to_vec())..);
        let rows = rows.take_while(|((of, key), _)| of == partition && key.starts_with(prefix));
        let rows = rows.filter(|((_, key), _)| after.is_none_or(|after| key.as_slice() > after));
        Ok(rows.take(limit).map(|((_, key), value)| (key.clone(), value.clone())).collect())
    }

    async fn apply(&self, batch: Batch) -> Result<Applied, ApplyError> {
        let mut state = self.state();
        for (at, expect) in batch.expects.iter().enumerate() {
            if !state.holds(batch.partition, expect)? {
                return Err(ApplyError::Unexpected(at));
            }
        }
        // On a copy, so that a change that fails takes those before it along.
        let mut changed = state.clone();
        for change in batch.changes {
            changed.change(batch.partition, change)?;
        }
        *state = changed;
        Ok(Applied { last: state.last.get(&batch.partition).copied().unwrap_or(0) })
    }

    async fn partitions(&self, after: Option<&Partition>, limit: usize) -> Result<Vec<Partition>, StoreError> {
        let state = self.state();
        let mut found: Vec<Partition> = state.rows.keys().map(|(partition, _)| *partition).collect();
        found.dedup();
        found.retain(|partition| after.is_none_or(|after| partition > after));
        found.truncate(limit);
        Ok(found)
    }
}

impl State {
    fn holds(&self, partition: Partition, expect: &Expect) -> Result<bool, ApplyError> {
        Ok(match expect {
            Expect::Row { key, value } => self.rows.get(&(partition, key.clone())) == value.as_ref(),
            Expect::AtMost { key, limit } => self.count(partition, key)? <= *limit,
        })
    }

    fn change(&mut self, partition: Partition, change: Change) -> Result<(), ApplyError> {
        match change {
            Change::Put { key, value } => {
                self.rows.insert((partition, key), value);
            }
            Change::Remove { key } => {
                self.rows.remove(&(partition, key));
            }
            Change::Append { prefix, value } => {
                let last = self.last.entry(partition).or_default();
                *last = last.checked_add(1).ok_or_else(|| failed("there are no more numbers"))?;
                self.rows.insert((partition, numbered(&prefix, *last)), value);
            }
            Change::Add { key, by } => {
                let sum = self.count(partition, &key)?.checked_add(by);
                match sum.ok_or_else(|| failed("a count would be too large"))? {
                    0 => self.rows.remove(&(partition, key)),
                    sum => self.rows.insert((partition, key), sum.to_be_bytes().to_vec()),
                };
            }
        }
        Ok(())
    }

    fn count(&self, partition: Partition, key: &[u8]) -> Result<i64, ApplyError> {
        let Some(value) = self.rows.get(&(partition, key.to_vec())) else { return Ok(0) };
        let bytes = value.as_slice().try_into().map_err(|_| failed("a row that was to be a count is none"))?;
        Ok(i64::from_be_bytes(bytes))
    }
}

fn failed(what: &str) -> ApplyError {
    ApplyError::Refused(what.to_owned())
}

impl core::fmt::Debug for Memory {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Memory").field("epoch", &self.epoch).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
