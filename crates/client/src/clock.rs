use std::time::{Duration, SystemTime, UNIX_EPOCH};

use lamplit_types::{Mono, Now, Wall};
use tokio::time::Instant;

use crate::limits;

/// The system's clocks, in a node's words.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    start: Instant,
}

impl Clock {
    pub(crate) fn start() -> Self {
        Self { start: Instant::now() }
    }

    pub(crate) fn now(self) -> Now {
        // A clock before 1970 is a clock that was never set.
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Now { mono: Mono(millis(self.start.elapsed())), wall: Wall(millis(wall)) }
    }

    pub(crate) fn instant(self, mono: Mono) -> Instant {
        // Beyond what the clock can count, a day is as good as never: the loop asks again then.
        let never = Duration::from_millis(lamplit_types::limits::DAY_MS);
        self.start.checked_add(Duration::from_millis(mono.0)).unwrap_or_else(|| Instant::now() + never)
    }
}

/// Sees when the time of day went another way than time does: the machine slept, or its clock was set.
#[derive(Debug)]
pub(crate) struct Leaps {
    last: Now,
    next: Instant,
}

impl Leaps {
    pub(crate) fn new(now: Now) -> Self {
        Self { last: now, next: Instant::now() + limits::CLOCK_LOOK }
    }

    /// When to look next.
    pub(crate) const fn next(&self) -> Instant {
        self.next
    }

    /// Whether there was one since the last look, if it is time for one.
    pub(crate) fn look(&mut self, now: Now) -> bool {
        if Instant::now() < self.next {
            return false;
        }
        self.next = Instant::now() + limits::CLOCK_LOOK;
        let last = core::mem::replace(&mut self.last, now);
        let expected = last.wall.plus(now.mono.since(last.mono));
        now.wall.0.abs_diff(expected.0) > limits::CLOCK_LEAP_MS
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
