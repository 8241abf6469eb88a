//! Who is on what now: sealed, of each device the latest, in memory and on no disk. Whoever may see it and is here is told at once.
//!
//! What is told goes in packets, which may be lost. So each connection's are numbered, and for the last of them it is known how late
//! what they told was shown: a device that lacks one gets what was shown since, and no more.
//!
//! Only those are told who name each other. Nobody asked to be named, and what somebody shows whom an account does not name is
//! nothing to its devices.

use core::fmt;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lamplit_types::{AccountId, AudienceId, DeviceId, Mono, Now, Wall};
use lamplit_wire::{
    SealedPresence, SetId,
    server::{Lamp, Shown},
};

use crate::{
    limits::{AUDIENCES_SHOWN, LAMP_MS, LAMPS_AT_ONCE, LATELY},
    sets,
};

const FIRST: DeviceId = DeviceId::from_bytes([0; 32]);
const LAST: DeviceId = DeviceId::from_bytes([0xFF; 32]);
const LEAST: AudienceId = AudienceId::from_bytes([0; 16]);
const GREATEST: AudienceId = AudienceId::from_bytes([0xFF; 16]);

/// What all devices show.
#[derive(Default)]
pub(crate) struct Lamps(Mutex<Board>);

#[derive(Default)]
struct Board {
    shown: BTreeMap<(AccountId, AudienceId, DeviceId), Kept>,
    /// Accounts of which a device is connected.
    here: BTreeMap<AccountId, Circle>,
    /// The last number that anything was shown under.
    shows: u64,
    /// The last number that a connection got.
    lines: u64,
    /// When what is believed no more is forgotten next.
    tidied: Mono,
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

/// An account of which a device is connected.
#[derive(Default)]
struct Circle {
    /// Whom it names, the least first.
    names: Vec<AccountId>,
    lines: BTreeMap<DeviceId, Line>,
}

/// What a connection was told.
struct Line {
    /// Which connection: a later one has a greater number.
    number: u64,
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

impl Board {
    /// Forgets what is believed no more, not more often than it takes until that is so.
    fn tidy(&mut self, now: Mono) {
        if self.tidied <= now {
            self.tidied = now.plus(LAMP_MS);
            self.shown.retain(|_, kept| kept.until > now);
        }
    }

    /// What the devices of an account show.
    fn of(&self, account: AccountId) -> impl Iterator<Item = (&(AccountId, AudienceId, DeviceId), &Kept)> {
        self.shown.range((account, LEAST, FIRST)..=(account, GREATEST, LAST))
    }

    /// The connections that are told what an account shows to these members, the least first, and to its own devices.
    fn told(&self, account: AccountId, members: &[AccountId]) -> Vec<(AccountId, DeviceId)> {
        let named = |circle: &Circle| circle.names.binary_search(&account).is_ok();
        let mut circles: Vec<(AccountId, &Circle)> = match self.here.len() < members.len() {
            true => {
                let here = self.here.iter().filter(|(member, _)| members.binary_search(member).is_ok());
                here.map(|(member, circle)| (*member, circle)).collect()
            }
            false => members.iter().filter_map(|member| Some((*member, self.here.get(member)?))).collect(),
        };
        circles.retain(|(_, circle)| named(circle));
        circles.extend(self.here.get(&account).map(|circle| (account, circle)));
        circles
            .into_iter()
            .flat_map(|(member, circle)| circle.lines.keys().map(move |device| (member, *device)))
            .collect()
    }

    fn line(&mut self, (account, device): &(AccountId, DeviceId)) -> Option<&mut Line> {
        self.here.get_mut(account)?.lines.get_mut(device)
    }
}

/// A connection that is told. It ends by being dropped.
pub(crate) struct Seat {
    lamps: Arc<Lamps>,
    who: (AccountId, DeviceId),
    number: u64,
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
    /// The number of a connection that begins.
    pub(crate) fn number(&self) -> u64 {
        let mut board = self.lock();
        board.lines = board.lines.saturating_add(1);
        board.lines
    }

    /// A device is connected from now on, in place of an older connection of it. Its account names these, the least first.
    pub(crate) fn sit(self: &Arc<Self>, who: (AccountId, DeviceId), number: u64, names: Vec<AccountId>) -> Seat {
        let mut board = self.lock();
        let circle = board.here.entry(who.0).or_default();
        circle.names = names;
        if circle.lines.get(&who.1).is_none_or(|line| line.number <= number) {
            circle.lines.insert(who.1, Line { number, sent: 0, lately: VecDeque::new() });
        }
        Seat { lamps: self.clone(), who, number }
    }

    /// An account names these from now on, the least first.
    pub(crate) fn named(&self, account: AccountId, names: Vec<AccountId>) {
        if let Some(circle) = self.lock().here.get_mut(&account) {
            circle.names = names;
        }
    }

    /// A device shows something to an audience, which these are the members of. Who is to be told, if so many may be; else it is kept, and
    /// they see it later.
    pub(crate) fn show(
        &self,
        (account, device): (AccountId, DeviceId),
        presence: &SealedPresence,
        members: &[AccountId],
        now: Now,
        may_tell: impl FnOnce(usize) -> bool,
    ) -> Result<Vec<(DeviceId, Lamp)>, Dark> {
        let numbers = {
            let board = &mut *self.lock();
            board.tidy(now.mono);
            let key = (account, presence.audience, device);
            let others = board.of(account).filter(|((_, audience, other), kept)| {
                *other == device && *audience != presence.audience && kept.until > now.mono
            });
            if others.count() >= AUDIENCES_SHOWN {
                return Err(Dark::Full);
            }
            board.shows = board.shows.saturating_add(1);
            let (at, until) = (board.shows, now.mono.plus(LAMP_MS));
            board.shown.insert(key, Kept { presence: presence.clone(), at, said: now.wall, until });
            let mut told = board.told(account, members);
            told.retain(|who| *who != (account, device));
            if !may_tell(told.len()) {
                return Err(Dark::Busy);
            }
            let numbers = told.into_iter().filter_map(|who| Some((who.1, board.line(&who)?.tell(at))));
            numbers.collect::<Vec<_>>()
        };
        let shown = Shown { account, device, said: now.wall, presence: presence.clone() };
        Ok(numbers.into_iter().map(|(to, number)| (to, Lamp { number, shown: shown.clone() })).collect())
    }

    fn lock(&self) -> MutexGuard<'_, Board> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seat {
    /// The number of the last packet to this connection.
    pub(crate) fn sent(&self) -> u64 {
        let mut board = self.lamps.lock();
        board.line(&self.who).filter(|line| line.number == self.number).map_or(0, |line| line.sent)
    }

    /// What is shown by devices of these accounts, and of its own, that this connection may lack, where all packets up to a number have
    /// arrived or nothing was told yet: in which set, the oldest first, and of too much the latest. And up to which number it has all
    /// packets then.
    pub(crate) fn missing(&self, names: &[AccountId], have: Option<u64>, now: Mono) -> (Vec<(SetId, Shown)>, u64) {
        let mut board = self.lamps.lock();
        let line = board.line(&self.who).filter(|line| line.number == self.number);
        let Some((since, sent)) = line.map(|line| (have.map_or(0, |have| line.missing(have)), line.sent)) else {
            return (Vec::new(), have.unwrap_or(0));
        };
        let mut found = Vec::new();
        for account in names.iter().chain([&self.who.0]) {
            found.extend(board.of(*account).filter(|((.., device), kept)| {
                kept.at >= since && kept.until > now && (*account, *device) != self.who
            }));
        }
        found.sort_unstable_by_key(|(_, kept)| kept.at);
        let latest = found.split_off(found.len().saturating_sub(LAMPS_AT_ONCE));
        let shown = latest.into_iter().map(|((account, audience, device), kept)| {
            let (said, presence) = (kept.said, kept.presence.clone());
            (sets::own(*account, *audience), Shown { account: *account, device: *device, said, presence })
        });
        (shown.collect(), sent)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut board = self.lamps.lock();
        let Some(circle) = board.here.get_mut(&self.who.0) else { return };
        // A newer connection keeps its own.
        if circle.lines.get(&self.who.1).is_some_and(|line| line.number == self.number) {
            circle.lines.remove(&self.who.1);
        }
        if circle.lines.is_empty() {
            board.here.remove(&self.who.0);
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
