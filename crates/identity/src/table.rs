//! Recognising devices by short codes that change with every epoch.

/// Entries of one table: devices that may show a beacon, or devices and pair secrets that may call. Further ones are
/// left out and are not recognised; the table says how many.
pub const RECOGNISED: usize = 65_536;

/// The codes of all entries for an epoch and for the ones before and after it, since clocks differ.
pub(crate) struct Table<K, V> {
    entries: Vec<V>,
    /// Sorted: a code, and which entry it is of.
    codes: Vec<(K, u32)>,
    left_out: usize,
}

impl<K: Ord + Copy, V> Table<K, V> {
    /// Computes all codes. `items` give an entry and the function from an epoch to its code.
    pub(crate) fn new<F: Fn(u64) -> K>(items: impl IntoIterator<Item = (V, F)>, epoch: u64) -> Self {
        let mut table = Self { entries: Vec::new(), codes: Vec::new(), left_out: 0 };
        for (index, (entry, code)) in (0..).zip(items) {
            if table.entries.len() == RECOGNISED {
                table.left_out = table.left_out.saturating_add(1);
                continue;
            }
            table.entries.push(entry);
            table.codes.extend(around(epoch).map(|epoch| (code(epoch), index)));
        }
        table.codes.sort_unstable();
        table.codes.dedup();
        table
    }

    /// Every entry that has this code now.
    pub(crate) fn get(&self, code: K) -> impl Iterator<Item = &V> {
        let start = self.codes.partition_point(|(other, _)| *other < code);
        let found = self.codes.iter().skip(start).take_while(move |(other, _)| *other == code);
        found.filter_map(|(_, index)| self.entries.get(*index as usize))
    }

    pub(crate) fn left_out(&self) -> usize {
        self.left_out
    }
}

/// The epoch before, this one and the next; fewer at the ends of time.
fn around(epoch: u64) -> impl Iterator<Item = u64> {
    epoch.saturating_sub(1)..=epoch.saturating_add(1)
}

#[cfg(test)]
mod tests;
