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

/// A row's place.
type Place = (Partition, Vec<u8>);

#[derive(Default)]
struct State {
    rows: BTreeMap<Place, Vec<u8>>,
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
        // A change that fails takes those before it along.
        let (mut before, last) = (Vec::new(), state.last.get(&batch.partition).copied());
        for change in batch.changes {
            let key = (batch.partition, state.key_of(batch.partition, &change));
            before.push((key.clone(), state.rows.get(&key).cloned()));
            if let Err(error) = state.change(batch.partition, change) {
                state.put_back(before);
                match last {
                    Some(last) => state.last.insert(batch.partition, last),
                    None => state.last.remove(&batch.partition),
                };
                return Err(error);
            }
        }
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

    /// The row that a change is of.
    fn key_of(&self, partition: Partition, change: &Change) -> Vec<u8> {
        match change {
            Change::Put { key, .. } | Change::Remove { key } | Change::Add { key, .. } => key.clone(),
            Change::Append { prefix, .. } => {
                numbered(prefix, self.last.get(&partition).copied().unwrap_or(0).saturating_add(1))
            }
        }
    }

    /// The rows as they were, the last that changed first.
    fn put_back(&mut self, before: Vec<(Place, Option<Vec<u8>>)>) {
        for (place, value) in before.into_iter().rev() {
            match value {
                Some(value) => self.rows.insert(place, value),
                None => self.rows.remove(&place),
            };
        }
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
