//! How far back deletions are remembered.
//!
//! A deletion is kept until it is older than the horizon, and then forgotten by all. A replica that was away longer
//! may still hold what was deleted: it takes the set anew, and drops what the others have seen and do not have. What
//! they never saw they cannot have deleted. No clock says so, only the logs: the clock of a device may be wrong.
//!
//! ```
//! use lamplit_sync::horizon::{KEEP_DELETIONS_MS, at, was_away_too_long, was_seen};
//! use lamplit_types::{Wall, limits::DAY_MS};
//!
//! let horizon = at(Wall(1_000 * DAY_MS), KEEP_DELETIONS_MS);
//! assert!(was_away_too_long(Wall(900 * DAY_MS), horizon));
//! assert!(!was_away_too_long(Wall(950 * DAY_MS), horizon));
//! assert!(was_seen(7, 9));
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

/// Whether the others have had a record that one author wrote at `seq`, if they have followed its log up to
/// `their_head`: if they hold it no more, it was deleted.
pub const fn was_seen(seq: u64, their_head: u64) -> bool {
    seq <= their_head
}

#[cfg(test)]
mod tests;
