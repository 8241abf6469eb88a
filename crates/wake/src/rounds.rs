//! Who is to be woken, and when: pure, with its time from outside.

use core::time::Duration;
use std::collections::{BTreeMap, BTreeSet};

use tokio::time::Instant;

use crate::{Answer, limits};

/// All who are to be woken, or were just now.
pub(crate) struct Rounds<K> {
    devices: BTreeMap<K, State>,
    /// Those with a time, in its order.
    times: BTreeSet<(Instant, K)>,
    under_way: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// To be woken then, after so many tries that failed.
    Waiting { at: Instant, tries: u32 },
    /// Being woken.
    UnderWay { tries: u32, again: bool },
    /// Left alone until then; afterwards woken again, if somebody asked for it.
    Resting { at: Instant, again: bool },
}

/// What came of a try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tried {
    /// The device named no target, or takes no wake.
    Nobody,
    /// The push service said something.
    Asked(Answer),
}

impl<K: Clone + Ord> Rounds<K> {
    pub(crate) const fn new() -> Self {
        Self { devices: BTreeMap::new(), times: BTreeSet::new(), under_way: 0 }
    }

    /// Somebody is to be woken. `false`: more than may are looked after, and this one is not.
    pub(crate) fn ask(&mut self, who: K, now: Instant) -> bool {
        let is_full = self.devices.len() >= limits::WAITING;
        match self.devices.get_mut(&who) {
            Some(State::Waiting { .. }) => {}
            Some(State::UnderWay { again, .. } | State::Resting { again, .. }) => *again = true,
            None if is_full => return false,
            None => self.put(who, State::Waiting { at: now, tries: 0 }),
        }
        true
    }

    /// Somebody is awake: what was asked for before needs no wake any more.
    pub(crate) fn came(&mut self, who: &K) {
        match self.devices.get_mut(who) {
            Some(State::UnderWay { again, .. } | State::Resting { again, .. }) => *again = false,
            Some(State::Waiting { .. }) => self.remove(who),
            None => {}
        }
    }

    /// Whose turn it is, if there is room for another.
    pub(crate) fn take(&mut self, now: Instant) -> Option<K> {
        while self.under_way < limits::AT_ONCE {
            let (at, who) = self.times.first()?.clone();
            if at > now {
                return None;
            }
            let tries = match self.devices.get(&who) {
                Some(State::Waiting { tries, .. }) => *tries,
                Some(State::Resting { again: true, .. }) => 0,
                _ => {
                    self.remove(&who);
                    continue;
                }
            };
            self.put(who.clone(), State::UnderWay { tries, again: false });
            self.under_way += 1;
            return Some(who);
        }
        None
    }

    /// A try came to its end; `chance` is from 0 to 1. `true`: there will be another.
    pub(crate) fn tried(&mut self, who: &K, tried: Tried, now: Instant, chance: f64) -> bool {
        let Some(State::UnderWay { tries, again }) = self.devices.get(who).copied() else { return false };
        self.under_way -= 1;
        let tries = tries + 1;
        let next = match tried {
            // Perhaps it has named another since.
            Tried::Nobody | Tried::Asked(Answer::Gone) => again.then_some(State::Waiting { at: now, tries: 0 }),
            Tried::Asked(Answer::Delivered) => Some(State::Resting { at: now + limits::REST, again }),
            Tried::Asked(Answer::Later { after, .. }) if tries < limits::TRIES => {
                Some(State::Waiting { at: now + pause(tries, after, chance), tries })
            }
            // Whoever is tried in vain costs others their turn.
            Tried::Asked(Answer::Later { .. } | Answer::Refused(_)) => {
                Some(State::Resting { at: now + limits::PAUSE_MOST, again })
            }
        };
        match next {
            Some(state) => self.put(who.clone(), state),
            None => self.remove(who),
        }
        matches!(next, Some(State::Waiting { .. }))
    }

    /// When to look again, if nothing happens before.
    pub(crate) fn next(&self) -> Option<Instant> {
        let (at, _) = self.times.first().filter(|_| self.under_way < limits::AT_ONCE)?;
        Some(*at)
    }

    fn put(&mut self, who: K, state: State) {
        self.remove(&who);
        if let State::Waiting { at, .. } | State::Resting { at, .. } = state {
            self.times.insert((at, who.clone()));
        }
        self.devices.insert(who, state);
    }

    fn remove(&mut self, who: &K) {
        if let Some(State::Waiting { at, .. } | State::Resting { at, .. }) = self.devices.remove(who) {
            self.times.remove(&(at, who.clone()));
        }
    }
}

/// How long to wait after so many tries: at least half of what it has grown to and the rest by chance, and at least what the
/// push service asks for.
fn pause(tries: u32, after: Option<Duration>, chance: f64) -> Duration {
    let grown = limits::PAUSE.saturating_mul(1_u32.checked_shl(tries.saturating_sub(1)).unwrap_or(u32::MAX));
    let whole = grown.min(limits::PAUSE_MOST);
    let half = whole / 2;
    let asked = after.unwrap_or_default().min(limits::PAUSE_MOST);
    // By chance too, since many are asked to come back at the same time.
    (half + half.mul_f64(chance)).max(asked + limits::PAUSE.mul_f64(chance))
}

#[cfg(test)]
mod tests;
