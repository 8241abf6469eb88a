//! Whether a message is new, and whether it is its turn.
//!
//! A device numbers what it sends to another one from 1, in each of its lives anew. Over several paths messages may
//! come twice and out of order: the inbox lets each through once and in order, and holds what came early.
//!
//! The inbox only decides; the caller keeps what is held, and after letting something through says so with
//! [`Inbox::advance`]. What is still held when it expires is let through too: whatever it waits for was sent before it,
//! and has expired as well. A sender that gives up on a number says so in everything it sends from then on, also in what
//! it sends again: what was sealed before has to be sealed anew, or the rest may stay [`Turn::TooEarly`] for ever.
//!
//! ```
//! use lamplit_sync::inbox::{Inbox, Turn};
//! use lamplit_types::Incarnation;
//!
//! let (mut inbox, life) = (Inbox::default(), Incarnation(7));
//! // Number 2 comes before number 1: hold it.
//! assert_eq!(inbox.turn(life, 2, 1), Turn::Early { release_below: 1 });
//! inbox.advance(life, 1);
//! // Number 1 comes: let it through, then 2, which was held.
//! assert_eq!(inbox.turn(life, 1, 1), Turn::Now { release_below: 1 });
//! inbox.advance(life, 3);
//! assert_eq!(inbox.turn(life, 2, 1), Turn::Before);
//! // Number 5 comes, and its sender gave up on 3 and 4.
//! assert_eq!(inbox.turn(life, 5, 5), Turn::Now { release_below: 5 });
//! ```

use lamplit_types::Incarnation;
use serde::{Deserialize, Serialize};

/// Lives of one sender that are remembered. When a further one begins, the oldest is forgotten.
pub const LIVES: usize = 4;
/// How far ahead of its turn a message may be held. One from further ahead is not acknowledged; it will be sent again.
pub const HELD_AHEAD: u64 = 256;

/// What was received from one device.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inbox {
    /// The lives heard of, the latest last, each with the number whose turn it is.
    lives: Vec<(Incarnation, u64)>,
}

/// What to do with a message. Whatever is let through, the caller then advances beyond it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// It was received before: acknowledge it again, and nothing else.
    Before,
    /// It is its turn. First those held below `release_below` are let through, in order, then this one, then those that
    /// follow it without a gap. It may itself have been held before; that copy is dropped.
    Now {
        /// Held messages below this number have waited in vain for the ones missing.
        release_below: u64,
    },
    /// It came early: keep it, and let through those held below `release_below`, then those that follow from there
    /// without a gap; if there are none, advance to `release_below` all the same.
    Early {
        /// As above.
        release_below: u64,
    },
    /// It came so early that there is no room for it: do not acknowledge it.
    TooEarly,
}

impl Inbox {
    /// Decides about a message with number `seq`, whose sender will send nothing below `base` any more.
    pub fn turn(&self, life: Incarnation, seq: u64, base: u64) -> Turn {
        // Numbers begin at 1, and no message says of itself that it will not come.
        let base = base.min(seq).max(1);
        let next = self.next(life).unwrap_or(base).max(base);
        if seq < next {
            return Turn::Before;
        }
        if seq == next {
            return Turn::Now { release_below: next };
        }
        if seq.saturating_sub(next) > HELD_AHEAD { Turn::TooEarly } else { Turn::Early { release_below: next } }
    }

    /// The number whose turn it is in a life that was heard of.
    pub fn next(&self, life: Incarnation) -> Option<u64> {
        self.lives.iter().find(|(known, _)| *known == life).map(|(_, next)| *next)
    }

    /// The latest life heard of and the last number received in it without a gap.
    pub fn received(&self) -> Option<(Incarnation, u64)> {
        self.lives.last().map(|(life, next)| (*life, next.saturating_sub(1)))
    }

    /// From now on it is the turn of `next`; never of an earlier one than before. Returns the life that was forgotten for
    /// it, if any: what is held of that one has waited in vain, and is let through.
    pub fn advance(&mut self, life: Incarnation, next: u64) -> Option<Incarnation> {
        if let Some((_, known)) = self.lives.iter_mut().find(|(known, _)| *known == life) {
            *known = next.max(*known);
            return None;
        }
        self.lives.push((life, next));
        if self.lives.len() > LIVES { Some(self.lives.remove(0).0) } else { None }
    }
}

#[cfg(test)]
mod tests;
