use std::time::{Duration, SystemTime, UNIX_EPOCH};

use lamplit_types::{Mono, Now, Wall};
use tokio::time::Instant;

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

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
