//! Whether a record's time has come.
//!
//! ```
//! use lamplit_sync::quarantine::{Time, time_of};
//! use lamplit_types::{Hlc, Wall, limits::CLOCK_DRIFT_MS};
//!
//! let now = Wall(1_800_000_000_000);
//! assert_eq!(time_of(Hlc { wall: now.plus(CLOCK_DRIFT_MS), count: 0 }, now), Time::Come);
//! let later = now.plus(CLOCK_DRIFT_MS + 1);
//! assert_eq!(time_of(Hlc { wall: later, count: 0 }, now), Time::NotBefore(later));
//! ```

use lamplit_types::{Hlc, Wall};

/// When a record may be merged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Time {
    /// Now.
    Come,
    /// Not before this.
    NotBefore(Wall),
}

/// Whether a record written at `clock` may be merged at `now`. One from further ahead than clocks drift has to wait:
/// it would win over everything that is written until then.
pub fn time_of(clock: Hlc, now: Wall) -> Time {
    if clock.is_ahead_of(now) { Time::NotBefore(clock.wall) } else { Time::Come }
}

#[cfg(test)]
mod tests;
