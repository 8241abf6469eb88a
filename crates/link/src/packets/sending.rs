use std::collections::VecDeque;

use super::ranges::Ranges;
use crate::{framing, limits::CREDIT_BYTES};

/// The sending end of one class's stream. Holds each byte until it is acknowledged.
pub(crate) struct Sending {
    /// From `base` on.
    bytes: VecDeque<u8>,
    base: u64,
    /// The first byte never sent.
    next: u64,
    /// Bytes the peer takes in all.
    credit: u64,
    lost: Ranges,
    /// Beyond `base`.
    acked: Ranges,
}

impl Default for Sending {
    fn default() -> Self {
        let credit = CREDIT_BYTES as u64;
        Self { bytes: VecDeque::new(), base: 0, next: 0, credit, lost: Ranges::default(), acked: Ranges::default() }
    }
}

impl Sending {
    /// Adds a frame, or a packet that goes as one.
    pub(crate) fn push(&mut self, is_packet: bool, frame: &[u8]) {
        self.bytes.extend(framing::prefix(is_packet, frame.len()));
        self.bytes.extend(frame);
    }

    /// Bytes not yet acknowledged.
    pub(crate) fn queued(&self) -> usize {
        self.bytes.len()
    }

    /// Whether all was sent at least once.
    pub(crate) fn is_all_sent(&self) -> bool {
        self.next >= self.end()
    }

    /// The next range to send: what was lost, then what is new and within the credit.
    pub(crate) fn ready(&self) -> Option<(u64, u64)> {
        let fresh = (self.next, self.end().min(self.credit));
        self.lost.first().or((fresh.0 < fresh.1).then_some(fresh))
    }

    /// Takes at most `room` bytes of what is ready, with where they begin.
    pub(crate) fn take(&mut self, room: usize) -> Option<(u64, Vec<u8>)> {
        let (start, end) = self.ready()?;
        let end = end.min(start.saturating_add(room as u64));
        self.lost.remove(start, end);
        self.next = self.next.max(end);
        let skip = usize::try_from(start.saturating_sub(self.base)).unwrap_or(usize::MAX);
        let len = usize::try_from(end.saturating_sub(start)).unwrap_or(0);
        Some((start, self.bytes.iter().skip(skip).take(len).copied().collect()))
    }

    /// The peer takes `total` bytes in all; less than it said before is old news.
    pub(crate) fn on_credit(&mut self, total: u64) {
        self.credit = self.credit.max(total);
    }

    /// The peer has these bytes.
    pub(crate) fn on_acked(&mut self, start: u64, end: u64) {
        self.lost.remove(start, end);
        self.acked.insert(start.max(self.base), end);
        if let Some((first, end)) = self.acked.first()
            && first == self.base
        {
            let done = usize::try_from(end.saturating_sub(first)).unwrap_or(usize::MAX);
            self.bytes.drain(..done.min(self.bytes.len()));
            self.acked.remove(first, end);
            self.base = end;
        }
    }

    /// These bytes must go again; tells whether the peer lacks any of them.
    pub(crate) fn on_lost(&mut self, start: u64, end: u64) -> bool {
        let mut missing = Ranges::default();
        missing.insert(start.max(self.base), end);
        missing.remove_all(&self.acked);
        let is_missing = !missing.is_empty();
        while let Some((a, b)) = missing.first() {
            missing.remove(a, b);
            self.lost.insert(a, b);
        }
        is_missing
    }

    fn end(&self) -> u64 {
        self.base.saturating_add(self.bytes.len() as u64)
    }
}

#[cfg(test)]
mod tests;
