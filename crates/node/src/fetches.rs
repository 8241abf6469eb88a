//! Which files are to be fetched, from whom, and when again.

use std::collections::BTreeMap;

use lamplit_types::{AccountId, BlobId, DeviceId, FileSize, LinkId, Mono};

use crate::{
    Node,
    db::{Typed, decode},
    io::{FetchError, FileJob, Transmit},
    limits,
    rows::File,
    step::{Step, Stepped},
    table::{Order, Read, Table},
};

/// The files that are to be fetched.
#[derive(Default)]
pub(crate) struct Fetches {
    wanted: BTreeMap<BlobId, Want>,
}

/// One of them.
struct Want {
    /// Who sent it.
    from: AccountId,
    size: FileSize,
    running: Option<Running>,
    /// How often it was asked for, so that all who may have it have their turn.
    tries: u32,
    /// How often it came to nothing for another reason than that somebody was busy.
    failures: u32,
    again: Mono,
}

/// Over which link it comes, and whose that is.
#[derive(Clone, Copy)]
struct Running {
    link: LinkId,
    account: AccountId,
}

impl Fetches {
    /// How many are being fetched from each account.
    fn running(&self) -> BTreeMap<AccountId, usize> {
        let mut running = BTreeMap::new();
        for under_way in self.wanted.values().filter_map(|want| want.running) {
            let count: &mut usize = running.entry(under_way.account).or_default();
            *count = count.saturating_add(1);
        }
        running
    }

    /// Whether a further file of an account is not wanted unasked: it has its share.
    pub(crate) fn is_full_of(&self, account: AccountId) -> bool {
        self.wanted.values().filter(|want| want.from == account).count() >= limits::WANTED_FROM_ONE
    }

    pub(crate) fn load(read: &impl Read) -> Stepped<Self> {
        let mut fetches = Self::default();
        for (at, _) in read.scan(Table::Wanted, &[], None, Order::Up, limits::WANTED)? {
            let Ok(blob) = <[u8; 16]>::try_from(at.as_slice()).map(BlobId::from_bytes) else { continue };
            if let Some(file) = read.row::<File>(Table::Files, blob.as_bytes())? {
                fetches.want(blob, file.from, file.size);
            }
        }
        Ok(fetches)
    }

    pub(crate) fn want(&mut self, blob: BlobId, from: AccountId, size: FileSize) {
        let want = Want { from, size, running: None, tries: 0, failures: 0, again: Mono(0) };
        self.wanted.insert(blob, want);
    }

    pub(crate) fn forget(&mut self, blob: &BlobId) {
        self.wanted.remove(blob);
    }

    /// How much all of them have together, in bytes.
    pub(crate) fn bytes(&self) -> u64 {
        self.wanted.values().fold(0, |sum, want| sum.saturating_add(want.size.bytes()))
    }

    pub(crate) fn is_full(&self) -> bool {
        self.wanted.len() >= limits::WANTED
    }

    /// It did not come. Another of those who have it is asked next, and this one later again: soon, if it was only
    /// busy with others, and later each time otherwise.
    pub(crate) fn failed(&mut self, blob: &BlobId, now: Mono, why: &FetchError) {
        if let Some(want) = self.wanted.get_mut(blob) {
            let is_busy = *why == FetchError::Busy;
            let doublings = if is_busy { 0 } else { want.failures.min(16) };
            let wait = limits::FETCH_AGAIN_MS.checked_shl(doublings).unwrap_or(u64::MAX);
            want.again = now.plus(wait.min(limits::FETCH_AGAIN_MAX_MS));
            want.tries = want.tries.saturating_add(1);
            want.failures = want.failures.saturating_add(u32::from(!is_busy));
            want.running = None;
        }
    }

    /// A device of that account came near: what it has is asked for at once.
    pub(crate) fn came_near(&mut self, account: AccountId, me: AccountId) {
        for want in self.wanted.values_mut().filter(|want| want.from == account || account == me) {
            want.again = Mono(0);
        }
    }

    pub(crate) fn deadline(&self, now: Mono) -> Option<Mono> {
        let waiting = self.wanted.values().filter(|want| want.running.is_none() && want.again > now);
        waiting.map(|want| want.again).min()
    }
}

impl Node {
    /// Begins to fetch what can be fetched now, up to a limit.
    pub(crate) fn fetch_due(&mut self, step: &mut Step<'_>) -> Stepped {
        let now = step.now.mono;
        let due = self.fetches.wanted.iter().filter(|(_, want)| want.running.is_none() && want.again <= now);
        let (mut next, mut asleep) = (Vec::new(), Vec::new());
        let mut running = self.fetches.running();
        let mut room = limits::FETCHES.saturating_sub(running.values().sum());
        for (blob, want) in due {
            if room == 0 {
                break;
            }
            let Some(holder) = self.holder(want) else {
                asleep.extend(self.holders(want));
                continue;
            };
            let of_one = running.entry(holder.account).or_default();
            if *of_one < limits::FETCHES_FROM_ONE {
                *of_one = of_one.saturating_add(1);
                room = room.saturating_sub(1);
                next.push((*blob, holder));
            }
        }
        for device in asleep {
            self.wake(now, device);
        }
        for (blob, running) in next {
            let Some(file) = self.file_job(step, blob)? else {
                self.fetches.forget(&blob);
                continue;
            };
            if let Some(want) = self.fetches.wanted.get_mut(&blob) {
                want.running = Some(running);
            }
            step.out.transmits.push(Transmit::Fetch { link: running.link, file });
        }
        Ok(())
    }

    /// A link to somebody who may have a file: a device of its sender, or another one of this account. After each failure
    /// the next.
    fn holder(&self, want: &Want) -> Option<Running> {
        let ready = |device: &DeviceId| {
            Some(Running { link: self.ready_link_to(device)?, account: self.people.account_of(device)? })
        };
        let links: Vec<Running> = self.holders(want).iter().filter_map(ready).collect();
        let turn = usize::try_from(want.tries).ok()?.checked_rem(links.len())?;
        links.get(turn).copied()
    }

    /// Whether a file is being fetched over a link.
    pub(crate) fn is_fetching_over(&self, link: LinkId) -> bool {
        self.fetches.wanted.values().any(|want| want.running.is_some_and(|running| running.link == link))
    }

    /// The devices that may have a file.
    fn holders(&self, want: &Want) -> Vec<DeviceId> {
        let mut devices = self.people.devices_of(want.from);
        if want.from != self.device.account {
            devices.extend(self.people.devices_of(self.device.account));
        }
        devices
    }

    /// What is needed to fetch or to serve a file.
    pub(crate) fn file_job(&self, step: &Step<'_>, blob: BlobId) -> Stepped<Option<FileJob>> {
        let Some(value) = step.db.get(Table::Files, blob.as_bytes())? else { return Ok(None) };
        let file: File = decode(Table::Files, &value)?;
        let key: Option<[u8; 32]> = step.db.sealed(&self.secrets.vault, Table::FileKeys, blob.as_bytes())?;
        let place = match file.state {
            crate::rows::FileState::Here(place) => Some(place),
            _ => None,
        };
        let File { hash, size, name, .. } = file;
        Ok(key.map(|key| FileJob { blob, key, hash, size, name, place }))
    }
}
