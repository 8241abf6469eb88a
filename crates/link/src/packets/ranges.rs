use std::collections::BTreeMap;

/// A set of numbers, kept as the ranges it is made of: each start with its end, which is not in it.
#[derive(Default)]
pub(crate) struct Ranges(BTreeMap<u64, u64>);

impl Ranges {
    /// Adds `start..end`.
    pub(crate) fn insert(&mut self, start: u64, end: u64) {
        if start >= end {
            return;
        }
        let (mut start, mut end) = (start, end);
        while let Some((a, b)) = self.last_from(..=end)
            && b >= start
        {
            self.0.remove(&a);
            (start, end) = (start.min(a), end.max(b));
        }
        self.0.insert(start, end);
    }

    /// Takes `start..end` out.
    pub(crate) fn remove(&mut self, start: u64, end: u64) {
        if start >= end {
            return;
        }
        while let Some((a, b)) = self.last_from(..end)
            && b > start
        {
            self.0.remove(&a);
            if a < start {
                self.0.insert(a, start);
            }
            if b > end {
                self.0.insert(end, b);
            }
        }
    }

    /// Takes out all that is in `other`.
    pub(crate) fn remove_all(&mut self, other: &Self) {
        for (&start, &end) in &other.0 {
            self.remove(start, end);
        }
    }

    /// The lowest range.
    pub(crate) fn first(&self) -> Option<(u64, u64)> {
        self.0.first_key_value().map(|(&start, &end)| (start, end))
    }

    /// Whether any number of `start..end` is in it, or one that touches it.
    pub(crate) fn touches(&self, start: u64, end: u64) -> bool {
        self.last_from(..=end).is_some_and(|(_, b)| b >= start)
    }

    /// How many ranges.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The last range that starts within `bounds`.
    fn last_from(&self, bounds: impl core::ops::RangeBounds<u64>) -> Option<(u64, u64)> {
        self.0.range(bounds).next_back().map(|(&start, &end)| (start, end))
    }
}

#[cfg(test)]
mod tests;
