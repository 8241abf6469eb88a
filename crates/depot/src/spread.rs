//! Rows go from the log to where they belong, a part at a time, each part in a transaction of its own.
//!
//! Every part leaves a store that opens to the same rows: first the frozen layer's rows are written, while the log still has
//! them; then its groups leave the log, the oldest first, so that what is left of it ends as it did.

use std::sync::PoisonError;

use lamplit_service::StoreError;
use redb::ReadableTable;

use crate::depot::{Depot, Writer};
use crate::error;
use crate::format::{LOG, ROWS};
use crate::layers::Layer;
use crate::limits;

/// How far a frozen layer is spread: up to that row.
pub(crate) type Place = Option<Vec<u8>>;

/// How much is spread in one transaction.
#[derive(Clone, Copy)]
pub(crate) struct Portion {
    /// Rows of the layer.
    pub(crate) rows: usize,
    /// Groups that leave the log.
    pub(crate) groups: usize,
}

impl Default for Portion {
    fn default() -> Self {
        Self { rows: limits::PART_ROWS, groups: limits::PART_GROUPS }
    }
}

/// What one part came to.
struct Part {
    place: Place,
    /// Nothing of the layer is left in the log.
    last: bool,
}

impl Depot {
    /// Whether enough waits to be spread. Then call [`Self::spread`] between commits, until it is not.
    pub fn is_due(&self) -> bool {
        self.layers.read().unwrap_or_else(PoisonError::into_inner).is_beyond(self.room, 1)
    }

    /// Spreads a part of what waits; says whether anything still does. Reads go on meanwhile, and show the same; a commit
    /// waits for the part.
    ///
    /// # Errors
    /// [`StoreError`]: nothing is lost, and the next call tries the same again.
    pub fn spread(&self) -> Result<bool, StoreError> {
        self.part(&mut self.writer()).map_err(error::reading)
    }

    /// Spreads until a commit may add to what waits in memory.
    pub(crate) fn make_room(&self, writer: &mut Writer) -> Result<(), redb::Error> {
        let is_full = || self.layers.read().unwrap_or_else(PoisonError::into_inner).is_beyond(self.room, 2);
        while is_full() && self.part(writer)? {}
        Ok(())
    }

    fn part(&self, writer: &mut Writer) -> Result<bool, redb::Error> {
        let Some(layer) = self.layers.write().unwrap_or_else(PoisonError::into_inner).freeze() else {
            return Ok(false);
        };
        let part = self.handle.write(|transaction| {
            // A group may lie there that failed after all but the last was done: it is not to show one day.
            transaction.open_table(LOG)?.remove(writer.next)?;
            let part = layer.part(writer.place.as_deref(), self.portion.rows);
            let place = write_rows(part, &mut transaction.open_table(ROWS)?)?;
            // No row was left: it is the log's turn.
            let last = place.is_none() && shorten(&layer, self.portion.groups, &mut transaction.open_table(LOG)?)?;
            Ok(Part { place: place.or_else(|| writer.place.clone()), last })
        })?;
        writer.place = part.place;
        let mut layers = self.layers.write().unwrap_or_else(PoisonError::into_inner);
        if part.last {
            writer.place = None;
            layers.spread();
        }
        Ok(!layers.is_empty())
    }
}

type Rows<'t> = redb::Table<'t, &'static [u8], &'static [u8]>;

/// Writes a part of the rows; up to which, if there were any.
fn write_rows<'l>(
    part: impl Iterator<Item = (&'l [u8], Option<&'l [u8]>)>,
    rows: &mut Rows<'_>,
) -> Result<Place, redb::Error> {
    let mut place = None;
    for (key, value) in part {
        match value {
            Some(value) => rows.insert(key, value)?,
            None => rows.remove(key)?,
        };
        place = Some(key);
    }
    Ok(place.map(<[u8]>::to_vec))
}

/// Removes some of the layer's groups; says whether that was the last of them.
fn shorten(layer: &Layer, groups: usize, log: &mut redb::Table<'_, u64, &'static [u8]>) -> Result<bool, redb::Error> {
    for _ in 0..groups {
        let first = log.first()?.map(|(number, _)| number.value());
        let Some(number) = first.filter(|number| *number <= layer.last()) else { return Ok(true) };
        log.remove(number)?;
    }
    Ok(false)
}

#[cfg(test)]
mod tests;
