use std::time::{Instant, SystemTime, UNIX_EPOCH};

use lamplit_types::{Mono, Now, Wall};

/// The clocks of this machine.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock(Instant);

impl Clock {
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    pub(crate) fn now(self) -> Now {
        let mono = u64::try_from(self.0.elapsed().as_millis()).unwrap_or(u64::MAX);
        // A clock before 1970 is as good as none.
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        Now { mono: Mono(mono), wall: Wall(u64::try_from(wall).unwrap_or(u64::MAX)) }
    }
}
