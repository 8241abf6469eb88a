//! How often something may be asked for.

use lamplit_types::Mono;

/// So much at once, and one more each so many milliseconds.
#[derive(Clone, Debug)]
pub(crate) struct Bucket {
    limit: (u32, u64),
    /// When it is full again.
    full: Mono,
}

impl Bucket {
    /// A full one.
    pub(crate) const fn new(limit: (u32, u64), now: Mono) -> Self {
        Self { limit, full: now }
    }

    /// When it is full again, if no more is taken.
    pub(crate) const fn full(&self) -> Mono {
        self.full
    }

    /// Takes one, if there is one; otherwise says in how many milliseconds there is.
    pub(crate) fn take(&mut self, now: Mono) -> u64 {
        let (most, each) = self.limit;
        let full = Mono(self.full.0.max(now.0)).plus(each);
        let wait = full.since(now).saturating_sub(u64::from(most).saturating_mul(each));
        if wait == 0 {
            self.full = full;
        }
        wait
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_much_at_once_and_then_one_by_one() {
        let mut bucket = Bucket::new((3, 1_000), Mono(50));
        let taken: Vec<bool> = (0..5).map(|_| bucket.take(Mono(50)) == 0).collect();
        assert_eq!(taken, [true, true, true, false, false]);
        assert_eq!(bucket.take(Mono(1_049)), 1, "a millisecond too early");
        assert_eq!(bucket.take(Mono(1_050)), 0);
        assert_eq!(bucket.take(Mono(1_050)), 1_000);
        // What was not used does not add up beyond the limit.
        let taken = (0..5).filter(|_| bucket.take(Mono(1_000_000)) == 0).count();
        assert_eq!(taken, 3);
    }
}
