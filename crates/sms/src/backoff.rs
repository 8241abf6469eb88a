//! Pauses that grow, and are never the same for two who began together.

use core::time::Duration;

pub(crate) struct Backoff {
    first: Duration,
    most: Duration,
    next: Duration,
}

impl Backoff {
    pub(crate) fn new(first: Duration, most: Duration) -> Self {
        Self { first, most, next: first }
    }

    /// The next pause: at least half of what it has grown to, and the rest by chance.
    pub(crate) fn pause(&mut self) -> Duration {
        let whole = self.next;
        self.next = whole.saturating_mul(2).min(self.most);
        let half = whole / 2;
        half + half.mul_f64(chance())
    }

    pub(crate) fn reset(&mut self) {
        self.next = self.first;
    }
}

/// Anything from 0 to 1. Without randomness all of it: the pause is then only a longer one.
fn chance() -> f64 {
    let mut bytes = [0xFF; 4];
    // What a failed call leaves behind is a chance as good as any.
    let _ = getrandom::fill(&mut bytes);
    f64::from(u32::from_le_bytes(bytes)) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests;
