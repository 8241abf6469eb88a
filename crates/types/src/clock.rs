use serde::{Deserialize, Serialize};

use crate::limits;

/// Milliseconds since some start; never goes back. Timers count in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mono(pub u64);

impl Mono {
    /// This time and `millis` more.
    pub const fn plus(self, millis: u64) -> Self {
        Self(self.0.saturating_add(millis))
    }

    /// Milliseconds since `earlier`, or 0.
    pub const fn since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// Milliseconds since 1970-01-01 UTC, as this device believes; may jump. Records and expiries use it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Wall(pub u64);

impl Wall {
    /// This time and `millis` more.
    pub const fn plus(self, millis: u64) -> Self {
        Self(self.0.saturating_add(millis))
    }

    /// Milliseconds since `earlier`, or 0.
    pub const fn since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }

    /// Whole days since 1970-01-01 UTC, at most `u32::MAX`.
    pub const fn day(self) -> u32 {
        let days = self.0 / limits::DAY_MS;
        if days > u32::MAX as u64 { u32::MAX } else { days as u32 }
    }

    /// Number of the beacon epoch ([`limits::EPOCH_MS`] long) this time lies in.
    pub const fn epoch(self) -> u64 {
        self.0 / limits::EPOCH_MS
    }
}

/// The two clocks a pure machine is handed with every input.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Now {
    /// For timers.
    pub mono: Mono,
    /// For records and expiries.
    pub wall: Wall,
}

/// A hybrid logical clock (Kulkarni et al., 2014): wall milliseconds, then a counter for what the wall clock
/// cannot tell apart. Totally ordered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Hlc {
    /// Wall clock part.
    pub wall: Wall,
    /// Counter part.
    pub count: u32,
}

impl Hlc {
    /// The next clock reading: later than `self` and not behind `now`. (At the end of time, which no device's clock
    /// reaches because readings from the future wait in quarantine, it stays as it is.)
    pub fn tick(self, now: Wall) -> Self {
        if now > self.wall {
            return Self { wall: now, count: 0 };
        }
        if let Some(count) = self.count.checked_add(1) {
            return Self { wall: self.wall, count };
        }
        self.wall.0.checked_add(1).map_or(self, |wall| Self { wall: Wall(wall), count: 0 })
    }

    /// The clock after seeing `other`: never behind it.
    pub fn witness(self, other: Self) -> Self {
        self.max(other)
    }

    /// Whether this reading lies further ahead of `now` than clocks may drift ([`limits::CLOCK_DRIFT_MS`]).
    pub fn is_ahead_of(self, now: Wall) -> bool {
        self.wall > now.plus(limits::CLOCK_DRIFT_MS)
    }
}

#[cfg(test)]
mod tests;
