use std::collections::VecDeque;

use lamplit_types::Class;

use super::ranges::Ranges;
use crate::{
    LinkError,
    framing::{Deframer, Unit},
    limits::{CREDIT_BYTES, CREDIT_STEP, PREFIX_BYTES, RUNS},
};

/// The receiving end of one class's stream. Holds at most [`CREDIT_BYTES`].
pub(crate) struct Receiving {
    /// The first byte that is missing; all before are in `frames`.
    next: u64,
    /// From `next` on; what is not in `runs` is a gap.
    ahead: VecDeque<u8>,
    /// What came beyond `next`.
    runs: Ranges,
    frames: Deframer,
    /// Bytes taken out in all.
    taken: u64,
    /// Bytes the peer was told it may send in all.
    granted: u64,
    is_grant_due: bool,
}

impl Default for Receiving {
    fn default() -> Self {
        Self {
            next: 0,
            ahead: VecDeque::new(),
            runs: Ranges::default(),
            frames: Deframer::default(),
            taken: 0,
            granted: CREDIT_BYTES as u64,
            is_grant_due: false,
        }
    }
}

impl Receiving {
    /// Takes bytes of the stream. `false` if there is no room to remember where they belong: they must come again.
    pub(crate) fn accept(&mut self, class: Class, offset: u64, bytes: &[u8]) -> Result<bool, LinkError> {
        let end = offset.checked_add(bytes.len() as u64).filter(|&end| end <= self.granted);
        let end = end.ok_or(LinkError::CreditIgnored { class })?;
        if end <= self.next {
            return Ok(true);
        }
        let start = offset.max(self.next);
        if self.runs.len() >= RUNS && start > self.next && !self.runs.touches(start, end) {
            return Ok(false);
        }
        let known = usize::try_from(start.saturating_sub(offset)).unwrap_or(usize::MAX);
        let skip = usize::try_from(start.saturating_sub(self.next)).unwrap_or(usize::MAX);
        let len = usize::try_from(end.saturating_sub(self.next)).unwrap_or(0);
        if self.ahead.len() < len {
            self.ahead.resize(len, 0);
        }
        for (to, from) in self.ahead.iter_mut().skip(skip).zip(bytes.iter().skip(known)) {
            *to = *from;
        }
        self.runs.insert(start, end);
        if let Some((first, end)) = self.runs.first()
            && first == self.next
        {
            let whole = usize::try_from(end.saturating_sub(first)).unwrap_or(usize::MAX);
            self.runs.remove(first, end);
            self.next = end;
            self.frames.push(self.ahead.drain(..whole.min(self.ahead.len())))?;
        }
        Ok(true)
    }

    /// Takes the next whole frame, which makes room for as many bytes.
    pub(crate) fn pop(&mut self) -> Option<Unit> {
        let unit = self.frames.pop()?;
        self.taken = self.taken.saturating_add((PREFIX_BYTES + unit.bytes.len()) as u64);
        self.is_grant_due |= self.total().saturating_sub(self.granted) >= CREDIT_STEP as u64;
        Some(unit)
    }

    /// The credit to grant, if it is time.
    pub(crate) fn due_grant(&self) -> Option<u64> {
        self.is_grant_due.then(|| self.total())
    }

    /// The credit that is due was put into a segment.
    pub(crate) fn on_granted(&mut self) {
        self.granted = self.total();
        self.is_grant_due = false;
    }

    /// The segment with the credit was lost.
    pub(crate) fn on_grant_lost(&mut self) {
        self.is_grant_due = true;
    }

    fn total(&self) -> u64 {
        self.taken.saturating_add(CREDIT_BYTES as u64)
    }
}

#[cfg(test)]
mod tests;
