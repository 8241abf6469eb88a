//! What was committed and is not yet among the rows on the disk: two layers over them.
//!
//! Commits go into the upper one. To be spread it is frozen, becomes the lower one, and a new one begins above it.

use std::collections::BTreeMap;
use std::iter::Peekable;
use std::ops::Bound;
use std::sync::Arc;

use lamplit_service::Row;

use crate::limits;

/// Changed rows; `None`: it is gone.
pub(crate) type Rows = BTreeMap<Vec<u8>, Option<Vec<u8>>>;

/// What a row costs in memory beside key and value, in bytes, about.
const OVERHEAD: usize = 64;

/// Rows as some groups left them.
#[derive(Debug, Default)]
pub(crate) struct Layer {
    rows: Rows,
    weight: Weight,
    /// The number of the last of the groups.
    last: u64,
}

/// How much there is, or may be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Weight {
    pub(crate) rows: usize,
    pub(crate) bytes: usize,
    pub(crate) logged: usize,
}

/// From where on it is to be spread.
pub(crate) const ROOM: Weight = Weight { rows: limits::ROWS, bytes: limits::BYTES, logged: limits::LOG_BYTES };

/// The layers over the rows on the disk.
#[derive(Debug, Default)]
pub(crate) struct Layers {
    fresh: Layer,
    frozen: Option<Arc<Layer>>,
}

impl Layer {
    /// Puts a group over it, of which the log has so many bytes.
    pub(crate) fn put(&mut self, number: u64, logged: usize, rows: Rows) {
        for (key, value) in rows {
            let key_bytes = key.len().saturating_add(OVERHEAD);
            self.weight.bytes = self.weight.bytes.saturating_add(key_bytes).saturating_add(size(value.as_deref()));
            if let Some(before) = self.rows.insert(key, value) {
                self.weight.bytes = self.weight.bytes.saturating_sub(key_bytes).saturating_sub(size(before.as_deref()));
            }
        }
        self.weight.rows = self.rows.len();
        self.weight.logged = self.weight.logged.saturating_add(logged).saturating_add(OVERHEAD);
        self.last = number;
    }

    /// The number of its last group.
    pub(crate) fn last(&self) -> u64 {
        self.last
    }

    /// Its next rows after a key, at most so many, and no more than are written in one go.
    pub(crate) fn part(&self, after: Option<&[u8]>, limit: usize) -> impl Iterator<Item = (&[u8], Option<&[u8]>)> {
        let mut bytes = 0_usize;
        let start = after.map_or(Bound::Unbounded, Bound::Excluded);
        let rows = self.range(start, Bound::Unbounded).take(limit);
        rows.take_while(move |(key, value)| {
            let fits = bytes == 0 || bytes < limits::PART_BYTES;
            bytes = bytes.saturating_add(key.len()).saturating_add(size(*value));
            fits
        })
    }

    fn range(&self, start: Bound<&[u8]>, end: Bound<&[u8]>) -> impl Iterator<Item = (&[u8], Option<&[u8]>)> {
        let rows = self.rows.range::<[u8], _>((start, end));
        rows.map(|(key, value)| (key.as_slice(), value.as_deref()))
    }
}

impl Layers {
    /// The layers that the groups of a log make, in order.
    pub(crate) fn of(fresh: Layer) -> Self {
        Self { fresh, frozen: None }
    }

    /// Puts a group over everything.
    pub(crate) fn put(&mut self, number: u64, logged: usize, rows: Rows) {
        self.fresh.put(number, logged, rows);
    }

    /// The row; `Some(None)`: it is gone, whatever the disk says; `None`: ask the disk.
    pub(crate) fn get(&self, key: &[u8]) -> Option<Option<&[u8]>> {
        let value = self.fresh.rows.get(key).or_else(|| self.frozen.as_ref()?.rows.get(key));
        value.map(Option::as_deref)
    }

    /// Rows from `start` to before `end`, of those that are there the first `limit`, and those that are gone between
    /// them: whatever is on the disk, the first `limit` rows of all are among these or there.
    pub(crate) fn first(
        &self,
        start: Bound<&[u8]>,
        end: Bound<&[u8]>,
        limit: usize,
    ) -> Vec<(Vec<u8>, Option<Vec<u8>>)> {
        let frozen = self.frozen.iter().flat_map(|frozen| frozen.range(start, end));
        let mut left = limit;
        let rows = over(self.fresh.range(start, end), frozen).take_while(|(_, value)| {
            let wanted = left > 0;
            left = left.saturating_sub(usize::from(value.is_some()));
            wanted
        });
        rows.map(|(key, value)| (key.to_vec(), value.map(<[u8]>::to_vec))).collect()
    }

    /// The frozen layer; if there is none and there are rows, they are frozen now.
    pub(crate) fn freeze(&mut self) -> Option<Arc<Layer>> {
        if self.frozen.is_none() && !self.fresh.rows.is_empty() {
            self.frozen = Some(Arc::new(std::mem::take(&mut self.fresh)));
        }
        self.frozen.clone()
    }

    /// Takes the frozen layer away: its rows are on the disk.
    pub(crate) fn spread(&mut self) -> Option<Arc<Layer>> {
        self.frozen.take()
    }

    /// Whether all rows are on the disk.
    pub(crate) fn is_empty(&self) -> bool {
        self.frozen.is_none() && self.fresh.rows.is_empty()
    }

    /// Whether there is more than `times` the room, by any measure.
    pub(crate) fn is_beyond(&self, room: Weight, times: usize) -> bool {
        let frozen = self.frozen.as_ref().map(|frozen| frozen.weight).unwrap_or_default();
        let beyond =
            |fresh: usize, frozen: usize, room: usize| fresh.saturating_add(frozen) > room.saturating_mul(times);
        beyond(self.fresh.weight.rows, frozen.rows, room.rows)
            || beyond(self.fresh.weight.bytes, frozen.bytes, room.bytes)
            || beyond(self.fresh.weight.logged, frozen.logged, room.logged)
    }
}

/// The rows that are there, of changed ones over those on the disk.
pub(crate) fn there(
    above: Vec<(Vec<u8>, Option<Vec<u8>>)>,
    below: impl Iterator<Item = Row>,
) -> impl Iterator<Item = Row> {
    let below = below.map(|(key, value)| (key, Some(value)));
    over(above.into_iter(), below).filter_map(|(key, value)| Some((key, value?)))
}

/// Two rows in one order; of two with one key the upper.
fn over<K: Ord, V>(
    upper: impl Iterator<Item = (K, V)>,
    lower: impl Iterator<Item = (K, V)>,
) -> impl Iterator<Item = (K, V)> {
    let (mut upper, mut lower) = (upper.peekable(), lower.peekable());
    std::iter::from_fn(move || match (upper.peek(), lower.peek()) {
        (Some((above, _)), Some((below, _))) => match above.cmp(below) {
            std::cmp::Ordering::Less => upper.next(),
            std::cmp::Ordering::Greater => lower.next(),
            std::cmp::Ordering::Equal => both(&mut upper, &mut lower),
        },
        (Some(_), None) => upper.next(),
        _ => lower.next(),
    })
}

fn both<T>(upper: &mut Peekable<impl Iterator<Item = T>>, lower: &mut Peekable<impl Iterator<Item = T>>) -> Option<T> {
    lower.next();
    upper.next()
}

fn size(value: Option<&[u8]>) -> usize {
    value.map_or(0, <[u8]>::len)
}

#[cfg(test)]
mod tests;
