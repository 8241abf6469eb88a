//! Who is on what now: sealed, of each device the latest, in memory and on no disk. Whoever may see it and is here is told at once.
//!
//! What is told goes in packets, which may be lost. So each connection's are numbered, and for the last of them it is known how late
//! what they told was shown: a device that lacks one gets what was shown since, and no more.

use core::fmt;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lamplit_types::{AccountId, AudienceId, DeviceId, Mono, Now, Wall};
use lamplit_wire::{
    SealedPresence,
    server::{Lamp, Shown},
};

use crate::{
    granted::Granted,
    limits::{AUDIENCES_SHOWN, LAMP_MS, LATELY},
};

const FIRST: DeviceId = DeviceId::from_bytes([0; 32]);
const LAST: DeviceId = DeviceId::from_bytes([0xFF; 32]);

/// What all devices show.
#[derive(Default)]
pub(crate) struct Lamps(Mutex<Board>);

#[derive(Default)]
struct Board {
    shown: BTreeMap<(AccountId, AudienceId, DeviceId), Kept>,
    /// Devices that are connected.
    here: BTreeMap<(AccountId, DeviceId), Line>,
    /// The last number that anything was shown under.
    shows: u64,
    /// Connections that there were.
    lines: u64,
    /// When what is believed no more is forgotten next.
    tidied: Mono,
}

impl Board {
    /// Forgets what is believed no more, not more often than it takes until that is so.
    fn tidy(&mut self, now: Mono) {
        if self.tidied <= now {
            self.tidied = now.plus(LAMP_MS);
            self.shown.retain(|_, kept| kept.until > now);
        }
    }
}

/// What a device shows to an audience.
struct Kept {
    presence: SealedPresence,
    /// Under which number it was shown.
    at: u64,
    /// When that was.
    said: Wall,
    /// Then it is believed no more.
    until: Mono,
}

/// What a connection was told.
struct Line {
    /// Which connection.
    id: u64,
    /// The number of the last packet.
    sent: u64,
    /// Under which numbers what the last packets tell was shown, the latest last.
    lately: VecDeque<u64>,
}

impl Line {
    fn tell(&mut self, at: u64) -> u64 {
        if self.lately.len() >= LATELY {
            self.lately.pop_front();
        }
        self.lately.push_back(at);
        self.sent = self.sent.saturating_add(1);
        self.sent
    }

    /// From which number on what was shown may be missing, where all packets up to one have arrived.
    fn missing(&self, have: u64) -> u64 {
        let lacks = usize::try_from(self.sent.saturating_sub(have)).unwrap_or(usize::MAX);
        match self.lately.len().checked_sub(lacks) {
            Some(arrived) => self.lately.range(arrived..).min().copied().unwrap_or(u64::MAX),
            None => 0,
        }
    }
}

/// A connection that is told. It ends by being dropped.
pub(crate) struct Seat {
    lamps: Arc<Lamps>,
    who: (AccountId, DeviceId),
    id: u64,
}

/// What a device showed could not be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dark {
    /// It shows to too many audiences.
    Full,
    /// Too much is to be told.
    Busy,
}

impl Lamps {
    /// A device is connected from now on, in place of an older connection of it.
    pub(crate) fn sit(self: &Arc<Self>, account: AccountId, device: DeviceId) -> Seat {
        let mut board = self.lock();
        board.lines = board.lines.wrapping_add(1);
        let id = board.lines;
        board.here.insert((account, device), Line { id, sent: 0, lately: VecDeque::new() });
        Seat { lamps: self.clone(), who: (account, device), id }
    }

    /// A device shows something to an audience, of which these are the accounts, its own too. Who of them is to be told, if so many
    /// may be; else it is kept, and they see it later.
    pub(crate) fn show(
        &self,
        (account, device): (AccountId, DeviceId),
        presence: &SealedPresence,
        accounts: impl Iterator<Item = AccountId>,
        now: Now,
        may_tell: impl FnOnce(usize) -> bool,
    ) -> Result<Vec<(DeviceId, Lamp)>, Dark> {
        let board = &mut *self.lock();
        board.tidy(now.mono);
        let key = (account, presence.audience, device);
        let of_account = board.shown.range((account, AudienceId::from_bytes([0; 16]), FIRST)..);
        let of_account = of_account.take_while(|((owner, ..), _)| *owner == account);
        let audiences = of_account.filter(|((.., other), _)| *other == device).count();
        if audiences >= AUDIENCES_SHOWN && !board.shown.contains_key(&key) {
            return Err(Dark::Full);
        }
        board.shows = board.shows.saturating_add(1);
        let at = board.shows;
        let (said, until) = (now.wall, now.mono.plus(LAMP_MS));
        board.shown.insert(key, Kept { presence: presence.clone(), at, said, until });
        let mut to = Vec::new();
        for member in accounts {
            let here = board.here.range((member, FIRST)..=(member, LAST));
            to.extend(here.map(|(who, _)| *who).filter(|who| *who != (account, device)));
        }
        if !may_tell(to.len()) {
            return Err(Dark::Busy);
        }
        let shown = Shown { account, device, said, presence: presence.clone() };
        let told = to.into_iter().filter_map(|who| {
            let number = board.here.get_mut(&who)?.tell(at);
            Some((who.1, Lamp { number, shown: shown.clone() }))
        });
        Ok(told.collect())
    }

    fn lock(&self) -> MutexGuard<'_, Board> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seat {
    /// The number of the last packet to this connection.
    pub(crate) fn sent(&self) -> u64 {
        self.lamps.lock().here.get(&self.who).filter(|line| line.id == self.id).map_or(0, |line| line.sent)
    }

    /// Of these sets, those in which anything is shown that this connection may lack, where all packets up to a number have arrived or
    /// nothing was told yet, with what that is, the oldest first; and up to which number it has all packets then.
    pub(crate) fn missing(&self, sets: &[Granted], have: Option<u64>, now: Mono) -> (Vec<(Granted, Shown)>, u64) {
        let board = self.lamps.lock();
        let Some(line) = board.here.get(&self.who).filter(|line| line.id == self.id) else {
            return (Vec::new(), have.unwrap_or(0));
        };
        let since = have.map_or(0, |have| line.missing(have));
        let mut found = Vec::new();
        for (account, audience) in sets {
            let shown = board.shown.range((*account, *audience, FIRST)..=(*account, *audience, LAST));
            let shown = shown
                .filter(|((.., device), kept)| kept.at >= since && kept.until > now && (*account, *device) != self.who);
            found.extend(shown.map(|((account, audience, device), kept)| {
                let (said, presence) = (kept.said, kept.presence.clone());
                let shown = Shown { account: *account, device: *device, said, presence };
                (kept.at, ((*account, *audience), shown))
            }));
        }
        found.sort_unstable_by_key(|(at, _)| *at);
        (found.into_iter().map(|(_, one)| one).collect(), line.sent)
    }

    /// The audiences to which the account's devices show something.
    pub(crate) fn own(&self) -> Vec<Granted> {
        let board = self.lamps.lock();
        let account = self.who.0;
        let own = board.shown.range((account, AudienceId::from_bytes([0; 16]), FIRST)..);
        let own = own.take_while(|((owner, ..), _)| *owner == account);
        let mut sets: Vec<Granted> = own.map(|((owner, audience, _), _)| (*owner, *audience)).collect();
        sets.dedup();
        sets
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut board = self.lamps.lock();
        // A newer connection keeps its own.
        if board.here.get(&self.who).is_some_and(|line| line.id == self.id) {
            board.here.remove(&self.who);
        }
    }
}

impl fmt::Debug for Lamps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Lamps")
    }
}

impl fmt::Debug for Seat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seat")
    }
}
