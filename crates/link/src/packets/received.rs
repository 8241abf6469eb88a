//! Which segments came: the window against replays, and what an acknowledgement says, in one.

use lamplit_types::Mono;

use crate::limits::{ACK_DELAY_MS, ACK_EVERY, REPLAY_WINDOW};

/// The segments that came: all from `largest` down but those whose bit is set. Bit 0 of `missing` stands for the one
/// before `largest`, bit 63 for the 64th before it; of older ones nothing is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ack {
    pub(crate) largest: u64,
    pub(crate) missing: u64,
}

impl Ack {
    /// Whether this says that segment `number` came.
    pub(crate) fn covers(&self, number: u64) -> bool {
        match self.largest.checked_sub(number) {
            Some(0) => true,
            Some(behind) if behind <= REPLAY_WINDOW => self.missing >> (behind - 1) & 1 == 0,
            _ => false,
        }
    }
}

/// Keeps count of the segments that came, and of when the peer must be told.
#[derive(Default)]
pub(crate) struct Received {
    seen: Option<Ack>,
    untold: u32,
    due: Option<Mono>,
    at_once: bool,
}

impl Received {
    /// The number after the largest that came.
    pub(crate) fn next(&self) -> u64 {
        self.seen.map_or(0, |ack| ack.largest.saturating_add(1))
    }

    /// The oldest number that would still be taken.
    pub(crate) fn oldest(&self) -> u64 {
        self.next().saturating_sub(REPLAY_WINDOW + 1)
    }

    /// Whether a segment is new and not too old.
    pub(crate) fn is_fresh(&self, number: u64) -> bool {
        number >= self.oldest() && self.seen.is_none_or(|ack| !ack.covers(number))
    }

    /// Notes a segment that opened and was taken. `asks` says that its sender waits for an acknowledgement.
    pub(crate) fn insert(&mut self, now: Mono, number: u64, asks: bool) {
        let in_order = number == self.next();
        self.seen = Some(match self.seen {
            None => Ack { largest: number, missing: ones(number) },
            Some(ack) => match number.checked_sub(ack.largest) {
                None | Some(0) => {
                    let bit = 1u64.checked_shl(behind(ack.largest, number)).unwrap_or(0);
                    Ack { missing: ack.missing & !bit, ..ack }
                }
                Some(ahead) => {
                    let shift = u32::try_from(ahead).unwrap_or(u32::MAX);
                    let older = ack.missing.checked_shl(shift).unwrap_or(0);
                    Ack { largest: number, missing: older | ones(ahead - 1) }
                }
            },
        });
        if !asks {
            return;
        }
        self.untold = self.untold.saturating_add(1);
        self.due.get_or_insert(now.plus(ACK_DELAY_MS));
        self.at_once |= !in_order || self.untold >= ACK_EVERY;
    }

    /// The acknowledgement, if there is something the peer was not told.
    pub(crate) fn untold(&self) -> Option<Ack> {
        self.seen.filter(|_| self.untold > 0)
    }

    /// Whether the acknowledgement may wait no longer.
    pub(crate) fn is_due(&self) -> bool {
        self.at_once
    }

    pub(crate) fn deadline(&self) -> Option<Mono> {
        self.due.filter(|_| !self.at_once)
    }

    pub(crate) fn on_deadline(&mut self, now: Mono) {
        self.at_once |= self.due.is_some_and(|due| due <= now);
    }

    /// The acknowledgement was put into a segment.
    pub(crate) fn on_told(&mut self) {
        (self.untold, self.due, self.at_once) = (0, None, false);
    }
}

/// The number of the bit that stands for `number`; 64 and more for none.
fn behind(largest: u64, number: u64) -> u32 {
    let distance = largest.saturating_sub(number).checked_sub(1);
    distance.and_then(|d| u32::try_from(d).ok()).unwrap_or(u32::MAX)
}

/// The lowest `count` bits.
fn ones(count: u64) -> u64 {
    let shift = u32::try_from(count).unwrap_or(u32::MAX);
    1u64.checked_shl(shift).map_or(u64::MAX, |bit| bit - 1)
}

/// The full number of a segment whose lowest 16 bits are known: the one nearest to `expected`.
pub(crate) fn full_number(low: u16, expected: u64) -> u64 {
    const SPAN: u64 = 1 << 16;
    let near = expected & !(SPAN - 1) | u64::from(low);
    let others = [near.checked_sub(SPAN), near.checked_add(SPAN)].into_iter().flatten();
    others.fold(near, |best, other| if other.abs_diff(expected) < best.abs_diff(expected) { other } else { best })
}

#[cfg(test)]
mod tests;
