//! How far back deletions are remembered.
//!
//! A deletion is kept until it is older than the horizon, and then forgotten by all. A replica that was away longer
//! may still hold what was deleted: it takes the set anew, and of its own it may only say what is younger.
//!
//! ```
//! use lamplit_sync::horizon::{KEEP_DELETIONS_MS, at, outlives_absence, was_away_too_long};
//! use lamplit_types::{Hlc, Wall, limits::DAY_MS};
//!
//! let horizon = at(Wall(1_000 * DAY_MS), KEEP_DELETIONS_MS);
//! assert!(was_away_too_long(Wall(900 * DAY_MS), horizon));
//! assert!(!was_away_too_long(Wall(950 * DAY_MS), horizon));
//! assert!(!outlives_absence(Hlc { wall: Wall(900 * DAY_MS), count: 0 }, horizon));
//! ```

use lamplit_types::{Hlc, Wall, limits::DAY_MS};

/// How long a deletion is remembered at least, if nothing else is said.
pub const KEEP_DELETIONS_MS: u64 = 90 * DAY_MS;

/// The horizon that a device may set at `now`, if deletions are kept for `keep_ms` milliseconds.
pub fn at(now: Wall, keep_ms: u64) -> Hlc {
    Hlc { wall: Wall(now.0.saturating_sub(keep_ms)), count: 0 }
}

/// Whether a replica whose last complete exchange was at `last_complete` may have missed a deletion that others have
/// forgotten.
pub fn was_away_too_long(last_complete: Wall, their_horizon: Hlc) -> bool {
    last_complete < their_horizon.wall
}

/// Whether a deletion at `clock` may be forgotten.
pub fn may_forget(clock: Hlc, horizon: Hlc) -> bool {
    clock < horizon
}

/// Whether a live record of a replica that was away too long still counts, though the others do not have it.
pub fn outlives_absence(clock: Hlc, their_horizon: Hlc) -> bool {
    clock >= their_horizon
}

#[cfg(test)]
mod tests;
