//! How late it is elsewhere, as far as other devices show it: so that somebody whose clock is wrong can be told. Held in memory
//! only. Nothing is decided by it.

use std::collections::BTreeMap;

use lamplit_identity::DeviceError;
use lamplit_types::{AccountId, Hlc, Now, Wall, limits::CLOCK_DRIFT_MS};

use crate::{Node, io::Event, limits, step::Step};

/// What the devices of other accounts, and other devices of this one, showed of their clocks: of each account the latest.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Clocks(BTreeMap<AccountId, Shown>);

/// What one showed, and when that was by this device's clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Shown {
    at: Now,
    /// How late it was there. `None`: more than a day away, and nobody said in which direction.
    theirs: Option<Wall>,
}

/// How this device's clock stands to those of others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ClockStand {
    /// No other showed how late it is there.
    #[default]
    Unknown,
    /// Most of those that are known show the same, to within [`CLOCK_DRIFT_MS`], or some are ahead and as many behind.
    Agrees {
        /// How many are known.
        others: usize,
    },
    /// It is ahead of most of them.
    Ahead {
        /// By so many milliseconds: the middle one of those that it is ahead of.
        millis: u64,
        /// How many are known.
        others: usize,
    },
    /// It is behind most of them.
    Behind {
        /// By so many milliseconds at least.
        millis: u64,
        /// How many are known.
        others: usize,
    },
    /// Another device would not have this one, since the two clocks are more than a day apart; nobody knows in which direction.
    Disputed,
}

impl Clocks {
    /// How this device's clock, which shows `now`, stands to the others. A clock that was set since they were seen is taken as it is
    /// now.
    pub fn stand(&self, now: Now) -> ClockStand {
        let known: Vec<i128> = self.0.values().filter_map(|shown| shown.ahead(now)).collect();
        let others = known.len();
        if others == 0 {
            let disputed = self.0.values().any(|shown| shown.is_disputed(now));
            return if disputed { ClockStand::Disputed } else { ClockStand::Unknown };
        }
        let drift = i128::from(CLOCK_DRIFT_MS);
        let off = |sign: i128| middle(known.iter().map(|ahead| ahead.saturating_mul(sign)).filter(|by| *by > drift));
        let is_most = |many: usize| many.saturating_mul(2) > others;
        match (off(1), off(-1)) {
            ((many, millis), _) if is_most(many) => ClockStand::Ahead { millis, others },
            (_, (many, millis)) if is_most(many) => ClockStand::Behind { millis, others },
            _ => ClockStand::Agrees { others },
        }
    }

    /// Forgets all that was shown. Whether there was anything.
    pub(crate) fn forget(&mut self) -> bool {
        !core::mem::take(&mut self.0).is_empty()
    }

    /// Keeps what an account showed. False if that is nothing new. At the limit another account is forgotten.
    fn keep(&mut self, account: AccountId, shown: Shown) -> bool {
        let is_new = self.0.get(&account).is_none_or(|known| match (known.ahead(shown.at), shown.ahead(shown.at)) {
            (Some(before), Some(now)) => before.abs_diff(now) > u128::from(limits::CLOCK_TOLD_MS),
            // Who showed how late it is said more than who only says that it is another time.
            (Some(_), None) => false,
            (None, Some(_)) => true,
            (None, None) => !known.is_disputed(shown.at),
        });
        if !is_new {
            return false;
        }
        if self.0.len() >= limits::CLOCKS && !self.0.contains_key(&account) {
            self.0.pop_first();
        }
        self.0.insert(account, shown);
        true
    }
}

impl Shown {
    /// By how many milliseconds this device's clock is ahead of that one.
    fn ahead(&self, now: Now) -> Option<i128> {
        let theirs = self.theirs?.plus(now.mono.since(self.at.mono));
        Some(i128::from(now.wall.0).saturating_sub(i128::from(theirs.0)))
    }

    /// Whether the two clocks are apart and this one was not set since.
    fn is_disputed(&self, now: Now) -> bool {
        let expected = self.at.wall.plus(now.mono.since(self.at.mono));
        self.theirs.is_none() && expected.0.abs_diff(now.wall.0) <= CLOCK_DRIFT_MS
    }
}

/// How many there are, and the middle one of them.
fn middle(all: impl Iterator<Item = i128>) -> (usize, u64) {
    let mut sorted: Vec<u64> = all.map(|one| u64::try_from(one).unwrap_or(u64::MAX)).collect();
    sorted.sort_unstable();
    (sorted.len(), sorted.get(sorted.len() / 2).copied().unwrap_or_default())
}

impl Node {
    /// What other devices showed of their clocks.
    pub const fn clocks(&self) -> &Clocks {
        &self.clocks
    }

    /// Another device shows how late it is there. `None`: it is more than a day away from here.
    pub(crate) fn clock_shown(&mut self, step: &mut Step<'_>, account: AccountId, theirs: Option<Wall>) {
        if self.clocks.keep(account, Shown { at: step.now, theirs }) {
            step.tell(Event::Clock);
        }
    }

    /// Something was written elsewhere. It may have been under way for long, so it shows something only if it is of a time to come.
    pub(crate) fn written_at(&mut self, step: &mut Step<'_>, account: AccountId, sent: Hlc) {
        if sent.is_ahead_of(step.now.wall) {
            self.clock_shown(step, account, Some(sent.wall));
        }
    }

    /// A certificate does not count by this clock. It is renewed long before its end, and dated by the clock of its device.
    pub(crate) fn certificate_dated(&mut self, step: &mut Step<'_>, account: AccountId, error: &DeviceError) {
        match error {
            DeviceError::Expired { at, .. } => self.clock_shown(step, account, Some(at.0)),
            DeviceError::NotYetValid { from, .. } => self.clock_shown(step, account, Some(from.0)),
            DeviceError::Unknown(_) | DeviceError::Removed(_) => {}
        }
    }
}

#[cfg(test)]
mod tests;
