//! How much may be under way to one device.
//!
//! Envelopes leave in the order of their numbers, at most [`WINDOW`] of them unacknowledged at a time. What has to be
//! sent again is sent again from there on, and what lies below stays under way.
//!
//! ```
//! use lamplit_sync::outbox::{WINDOW, Window};
//!
//! let mut window = Window::default();
//! assert_eq!(window.room(), (0, WINDOW)); // whatever is above 0, and so many
//! window.sent(1);
//! window.sent(2);
//! window.acknowledged(1);
//! assert_eq!(window.room(), (2, WINDOW - 1));
//! window.again_from(2);
//! assert_eq!(window.room(), (1, WINDOW));
//! ```

use std::collections::BTreeSet;

/// Envelopes to one device that are sent and not acknowledged. The rest wait in the outbox.
pub const WINDOW: usize = 32;

/// What is under way to one device over one link.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Window {
    /// The last sequence number that was sent over this link.
    sent: u64,
    /// Those that are not acknowledged. No more than the caller sent, and it sends no more than there is room for.
    open: BTreeSet<u64>,
}

impl Window {
    /// What may be sent next: numbers above the first value, and how many.
    pub fn room(&self) -> (u64, usize) {
        (self.sent, WINDOW.saturating_sub(self.open.len()))
    }

    /// `seq` was sent.
    pub fn sent(&mut self, seq: u64) {
        self.sent = self.sent.max(seq);
        self.open.insert(seq);
    }

    /// `seq` was acknowledged. That it was before, or was never sent, changes nothing.
    pub fn acknowledged(&mut self, seq: u64) {
        self.open.remove(&seq);
    }

    /// Everything from `seq` on that is not acknowledged has to be sent again.
    pub fn again_from(&mut self, seq: u64) {
        self.sent = self.sent.min(seq.saturating_sub(1));
        self.open.split_off(&seq);
    }
}

#[cfg(test)]
mod tests;
