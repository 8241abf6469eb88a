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

    /// In how many milliseconds there are so many. For more than there ever are at once a full bucket is enough.
    pub(crate) fn wait(&self, many: u32, now: Mono) -> u64 {
        let (most, each) = self.limit;
        self.after(many, now).since(now).saturating_sub(u64::from(most).saturating_mul(each))
    }

    /// Takes so many, if there are so many; otherwise takes none and says in how many milliseconds there are.
    pub(crate) fn take(&mut self, many: u32, now: Mono) -> u64 {
        let wait = self.wait(many, now);
        if wait == 0 {
            self.full = self.after(many, now);
        }
        wait
    }

    /// When it would be full again if so many were taken.
    fn after(&self, many: u32, now: Mono) -> Mono {
        let (most, each) = self.limit;
        Mono(self.full.0.max(now.0)).plus(u64::from(many.min(most)).saturating_mul(each))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_much_at_once_and_then_one_by_one() {
        let mut bucket = Bucket::new((3, 1_000), Mono(50));
        let taken: Vec<bool> = (0..5).map(|_| bucket.take(1, Mono(50)) == 0).collect();
        assert_eq!(taken, [true, true, true, false, false]);
        assert_eq!(bucket.take(1, Mono(1_049)), 1, "a millisecond too early");
        assert_eq!(bucket.take(1, Mono(1_050)), 0);
        assert_eq!(bucket.take(1, Mono(1_050)), 1_000);
        // What was not used does not add up beyond the limit.
        let taken = (0..5).filter(|_| bucket.take(1, Mono(1_000_000)) == 0).count();
        assert_eq!(taken, 3);
    }

    #[test]
    fn many_are_taken_together_or_not_at_all() {
        let mut bucket = Bucket::new((10, 1_000), Mono(0));
        assert_eq!(bucket.take(7, Mono(0)), 0);
        assert_eq!(bucket.take(5, Mono(0)), 2_000);
        assert_eq!((bucket.take(3, Mono(0)), bucket.take(0, Mono(0))), (0, 0), "of those none was taken");
        assert_eq!(bucket.take(1, Mono(999)), 1);
        assert_eq!(bucket.take(5, Mono(5_000)), 0);
        // More than there can be wait until all are there.
        assert_eq!(bucket.take(99, Mono(14_999)), 1);
        assert_eq!((bucket.take(99, Mono(15_000)), bucket.take(1, Mono(15_000))), (0, 1_000));
    }
}
