//! The story of a run: a line for each thing that happened, and a digest of all of them.

use std::collections::VecDeque;

/// What happened, in order.
///
/// The digest covers what happened to whom and when, but not what was drawn by the Olm library, which has its own
/// randomness: so two runs of one seed have the same digest.
pub(crate) struct Story {
    lines: VecDeque<String>,
    /// Lines that are kept. The oldest makes room for a further one.
    told: usize,
    digest: u64,
}

impl Story {
    /// A story of which so many lines are kept.
    pub(crate) fn new(told: usize) -> Self {
        // The offset basis and the prime are those of FNV-1a.
        Self { lines: VecDeque::new(), told, digest: 0xcbf2_9ce4_8422_2325 }
    }

    /// Tells something.
    pub(crate) fn tell(&mut self, now: u64, line: impl FnOnce() -> String) {
        if self.told == 0 {
            return;
        }
        if self.lines.len() == self.told {
            self.lines.pop_front();
        }
        let (minutes, seconds, millis) = (now / 60_000, now / 1000 % 60, now % 1000);
        self.lines.push_back(format!("{minutes:>4}:{seconds:02}.{millis:03}  {}", line()));
    }

    /// Takes numbers that say what happened into the digest.
    pub(crate) fn note(&mut self, numbers: &[u64]) {
        for byte in numbers.iter().flat_map(|number| number.to_le_bytes()) {
            self.digest = (self.digest ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }

    /// The digest of all that was noted.
    pub(crate) const fn digest(&self) -> u64 {
        self.digest
    }

    /// The last lines.
    pub(crate) fn into_lines(self) -> Vec<String> {
        self.lines.into()
    }
}
