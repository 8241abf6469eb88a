//! Codes by which somebody shows that they read what is sent to a number: how often one is sent, how long it holds, how often it is
//! tried.
//!
//! No code is kept. What a code is follows from the server's secret, the number, the device that asked, and when the code ends: so
//! a copy of the store shows none.

use core::fmt;

use lamplit_types::{DeviceId, PhoneNumber, SmsCode, Wall};
use lamplit_wire::server::Verdict;
use zeroize::Zeroizing;

use crate::{
    limits::{CODE_COUNT_MS, CODE_MS, CODE_TRIES, CODE_WAITS_MS, CODES_OPEN},
    rows::{Codes, OpenCode},
};

/// The secret that codes follow from. Another one makes all open codes void.
#[derive(Clone, PartialEq, Eq)]
pub struct CodeKey(Zeroizing<[u8; 32]>);

impl CodeKey {
    /// The key of 32 secret bytes, uniformly random.
    pub const fn from_bytes(bytes: Zeroizing<[u8; 32]>) -> Self {
        Self(bytes)
    }

    fn code(&self, number: PhoneNumber, open: &OpenCode) -> SmsCode {
        let mut hasher = blake3::Hasher::new_keyed(&self.0);
        hasher.update(b"lamplit/1/sms-code");
        // All three have one length for all: nothing can be read in two ways.
        hasher.update(&number.value().to_be_bytes());
        hasher.update(open.device.as_bytes());
        hasher.update(&open.until.0.to_be_bytes());
        let mut drawn = [0; 8];
        hasher.finalize_xof().fill(&mut drawn);
        SmsCode::from_random(u64::from_be_bytes(drawn))
    }
}

impl fmt::Debug for CodeKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CodeKey(…)")
    }
}

impl Codes {
    /// Milliseconds that have to pass before a further code may be sent. Each one sent makes them more; a day without one makes them
    /// none.
    pub(crate) fn wait(&self, now: Wall) -> u64 {
        let Some(index) = self.count(now).checked_sub(1) else { return 0 };
        let last = CODE_WAITS_MS.len().saturating_sub(1);
        let wait = CODE_WAITS_MS.get(index.min(last)).copied().unwrap_or(CODE_COUNT_MS);
        self.last.plus(wait).since(now)
    }

    /// A code for a device, which is the only one that may show it. Whoever has waited longest for another loses theirs, if there
    /// are too many.
    pub(crate) fn open(&mut self, key: &CodeKey, number: PhoneNumber, device: DeviceId, now: Wall) -> SmsCode {
        self.sent = u32::try_from(self.count(now)).unwrap_or(u32::MAX).saturating_add(1);
        self.last = now;
        self.open.retain(|open| open.until > now && open.device != device);
        let too_many = self.open.len().saturating_add(1).saturating_sub(CODES_OPEN);
        self.open.drain(..too_many);
        let open = OpenCode { device, until: now.plus(CODE_MS), tries: 0 };
        let code = key.code(number, &open);
        self.open.push(open);
        code
    }

    /// A device shows a code. The right one is good once, and clears what was counted.
    pub(crate) fn show(
        &mut self,
        key: &CodeKey,
        number: PhoneNumber,
        device: DeviceId,
        code: SmsCode,
        now: Wall,
    ) -> Verdict {
        self.open.retain(|open| open.until > now);
        let Some(at) = self.open.iter().position(|open| open.device == device) else { return Verdict::Gone };
        let Some(open) = self.open.get_mut(at) else { return Verdict::Gone };
        if key.code(number, open) == code {
            *self = Self::default();
            return Verdict::Right;
        }
        open.tries = open.tries.saturating_add(1);
        let left = CODE_TRIES.saturating_sub(open.tries);
        if left == 0 {
            self.open.remove(at);
        }
        Verdict::Wrong(left)
    }

    /// Whether it says nothing any more.
    pub(crate) fn is_over(&self, now: Wall) -> bool {
        self.count(now) == 0 && self.open.iter().all(|open| open.until <= now)
    }

    /// Codes that were sent lately.
    fn count(&self, now: Wall) -> usize {
        if self.last.plus(CODE_COUNT_MS) <= now { 0 } else { usize::try_from(self.sent).unwrap_or(usize::MAX) }
    }
}

#[cfg(test)]
mod tests;
