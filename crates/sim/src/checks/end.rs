//! At the end: the network is made whole, the clocks right; then all have the same, and everything has arrived.

use std::collections::{BTreeMap, BTreeSet};

use lamplit_node::{Command, Table, view};
use lamplit_types::{
    AccountId, MessageId, SpaceId,
    limits::{DAY_MS, EPOCH_MS},
};
use lamplit_wire::{Progress, SetId};

use crate::{
    device::Device,
    failure::{Done, Failure, Rule},
    mirror::hex,
    world::World,
};

/// The records of a set: a digest of the value of each, by field.
type Records = BTreeMap<Vec<u8>, [u8; 32]>;

/// How long devices may take until all is everywhere, in milliseconds: a device whose clock was set right shows its
/// new beacon with the next epoch.
const UNTIL_QUIET_MS: u64 = 3 * EPOCH_MS;
/// How long an order may be under way to its device, in milliseconds.
const UNDER_WAY_MS: u64 = 1_000;
/// The field of an entity that says that it is gone.
const GONE: u8 = 0;
/// What was written by a clock that was ahead by no more than this is waited for, in milliseconds.
const LATEST_DUE_MS: u64 = 2 * DAY_MS;
/// How long two may take to meet, in milliseconds: a handshake is tried for as long as an invite's addresses are.
const MEETING_MS: u64 = 10 * 60_000;
/// How often it is looked whether they have done so.
const LOOK_MS: u64 = 20_000;

impl World {
    /// Makes everything whole, waits until all is quiet, and checks what should be true then.
    pub(crate) fn end(&mut self) -> Done {
        self.is_calm = true;
        self.heal()?;
        // What users did last is under way.
        self.pass(UNDER_WAY_MS)?;
        for at in 0..self.devices.len() {
            self.set_clock(at, 0)?;
            let device = self.device_mut(at)?;
            device.doomed = false;
            device.disk.mend();
            let lit = device.running.as_ref().map(|running| running.node.own_lit()).unwrap_or_default();
            for app in lit {
                self.order(at, Command::Light { app: app.app, on: false })?;
            }
        }
        if self.server.is_some() {
            self.mend_server();
            self.only_server()?;
            self.wait_until(Self::check_posted)?;
            self.heal()?;
            // All that was said is there already, so it does not show whether they have met again.
            self.pass_until(Self::check_whole)?;
        }
        // What does not arrive by then may be waiting for its time.
        self.pass_until(Self::check_arrived)?;
        self.wait_for_quarantine()?;
        self.wait_until(Self::check_whole)
    }

    /// Waits until something holds, for a while.
    fn wait_until(&mut self, check: impl Fn(&Self) -> Done) -> Done {
        self.pass_until(&check)?;
        check(self)
    }

    /// Lets time pass until something holds, at most for a while.
    fn pass_until(&mut self, check: impl Fn(&Self) -> Done) -> Done {
        let until = self.queue.now() + UNTIL_QUIET_MS;
        while self.queue.now() <= until {
            self.pass(LOOK_MS)?;
            if check(self).is_ok() {
                break;
            }
        }
        Ok(())
    }

    /// What was written by a clock that was ahead, but not by very much, has its time before all is compared.
    fn wait_for_quarantine(&mut self) -> Done {
        let now = self.clock(0).wall.0;
        let due = (0..self.devices.len()).filter_map(|at| self.last_due(at, now.saturating_add(LATEST_DUE_MS))).max();
        let Some(ahead) = due.map(|due| due.saturating_sub(now)).filter(|ahead| *ahead > 0) else { return Ok(()) };
        for at in 0..self.devices.len() {
            self.set_clock(at, i64::try_from(ahead).unwrap_or(0))?;
        }
        Ok(())
    }

    /// When the last record is due that waits on a device, of those due by some time.
    fn last_due(&self, at: usize, by: u64) -> Option<u64> {
        let rows = self.devices.get(at)?.mirror.rows(Table::Quarantine, &[]);
        let dues = rows.filter_map(|(key, _)| key.first_chunk::<8>()).map(|due| u64::from_be_bytes(*due));
        dues.filter(|due| *due <= by).max()
    }

    /// Whether a device of an account was restored from before it drew a key that records are sealed with: they wait for
    /// that key for ever.
    fn lost_a_key(&self, person: usize) -> bool {
        let account = self.account_of(person).ok();
        let restored = self.devices_of(person).any(|at| self.was_restored(at));
        let for_ever = u64::MAX.to_be_bytes();
        let waits = |device: &Device| {
            device
                .mirror
                .rows(Table::Quarantine, &for_ever)
                .any(|(_, value)| account.is_some_and(|account| contains(value, account.as_bytes())))
        };
        restored && self.devices.iter().any(waits)
    }

    fn was_restored(&self, at: usize) -> bool {
        self.devices.get(at).is_some_and(|device| device.times_restored > 0)
    }

    /// Whether records of an account wait for a time that is very far off: then its devices differ until then.
    fn waits_for_long(&self, person: usize) -> bool {
        let now = self.clock(0).wall.0;
        let account = self.account_of(person).ok();
        let far = |key: &[u8]| {
            key.first_chunk::<8>()
                .is_some_and(|due| (now.saturating_add(LATEST_DUE_MS)..u64::MAX).contains(&u64::from_be_bytes(*due)))
        };
        self.devices.iter().any(|device| {
            device.mirror.rows(Table::Quarantine, &[]).any(|(key, value)| {
                let of_account = account.is_some_and(|account| contains(value, account.as_bytes()));
                far(key) && of_account
            })
        })
    }

    fn check_arrived(&self) -> Done {
        if let Some(off) = self.devices.iter().find(|device| !device.is_up() && !device.is_removed) {
            return Err(Failure::simulation(format!("{} is still off", off.name)));
        }
        self.check_delivered()?;
        self.check_receipts()
    }

    fn check_whole(&self) -> Done {
        self.check_arrived()?;
        self.check_everywhere()?;
        self.check_contacts()?;
        self.check_records()?;
        self.check_deleted()?;
        self.check_dark()
    }

    /// Whether all devices of both people know the other.
    fn are_contacts(&self, one: usize, other: usize) -> bool {
        let knows = |from: usize, to: usize| {
            let account = self.account_of(to).ok();
            account.is_some_and(|account| {
                self.devices_of(from).all(|at| self.devices.get(at).is_some_and(|device| device.knows(account)))
            })
        };
        one == other || knows(one, other) && knows(other, one)
    }

    /// Whether the devices of two people must be able to find each other.
    fn must_reach(&self, one: usize, other: usize) -> bool {
        let people = [one, other];
        // What was agreed when they met last may be in no backup.
        let met = self.model.met(one, other).unwrap_or(0);
        // Also by one that was removed since.
        let theirs = self.devices.iter().filter(|device| people.contains(&device.person));
        let lost = theirs
            .filter_map(|device| device.restored_to)
            .any(|made| one != other && made <= met.saturating_add(MEETING_MS));
        let waits = people.into_iter().any(|person| self.waits_for_long(person));
        self.are_contacts(one, other) && !lost && !waits && !self.met_in_vain(one, other)
    }

    /// Whether two people last met on a device that its owner has removed since, or had already, and agreed on a secret
    /// that the owner's other devices never heard of: then it is that device alone which the other side can find.
    fn met_in_vain(&self, one: usize, other: usize) -> bool {
        self.model.met_on(one, other).any(|at| {
            let Some(gone) = self.devices.get(at).filter(|device| device.is_removed) else { return false };
            let with = if gone.person == one { other } else { one };
            let Ok(with) = self.account_of(with) else { return false };
            let secrets = |at: &Device| -> BTreeSet<Vec<u8>> {
                at.mirror.rows(Table::Pairs, with.as_bytes()).map(|(key, _)| key.to_vec()).collect()
            };
            let known: BTreeSet<Vec<u8>> =
                self.devices_of(gone.person).filter_map(|at| self.devices.get(at)).flat_map(secrets).collect();
            one != other && !secrets(gone).is_subset(&known)
        })
    }

    /// What can be said through the server alone has arrived, and its writer knows.
    fn check_posted(&self) -> Done {
        if let Some(off) = self.devices.iter().find(|device| !device.is_up() && !device.is_removed) {
            return Err(Failure::simulation(format!("{} is still off", off.name)));
        }
        for device in self.devices.iter().filter(|device| device.books.outbox.values().any(Option::is_some)) {
            for (row, message) in &device.books.outbox {
                let to = Device::addressee(row).and_then(|id| self.whose(&id));
                let Some(other) = to.and_then(|to| self.devices.get(to)) else { continue };
                if message.is_some() && self.may_post(device.person, other.person) && other.knows_device(device) {
                    let what = format!("a message waits at {} for {}, with the server there", device.name, other.name);
                    return Err(Failure::broken(Rule::Delivered, what));
                }
            }
        }
        Ok(())
    }

    /// Whether two people must be able to write to each other through the server: nothing befell them that only those who are
    /// near can put right.
    fn may_post(&self, one: usize, other: usize) -> bool {
        let lists = |person: usize| self.devices.iter().filter(move |device| device.person == person);
        let whole = |person: usize| lists(person).all(|device| !device.is_removed && device.times_restored == 0);
        whole(one) && whole(other) && self.are_contacts(one, other) && self.must_reach(one, other)
    }

    fn check_delivered(&self) -> Done {
        for device in &self.devices {
            for row in device.books.outbox.keys() {
                let to = Device::addressee(row).and_then(|id| self.whose(&id));
                let Some(other) = to.and_then(|to| self.devices.get(to)) else { continue };
                let gone = device.is_removed || other.is_removed;
                if !gone && self.must_reach(device.person, other.person) {
                    let what = format!("something waits at {} for {}", device.name, other.name);
                    return Err(Failure::broken(Rule::Delivered, what));
                }
            }
            let held = device.books.held.iter().find(|(_, message)| message.is_some() && !device.is_removed);
            if let Some((row, _)) = held {
                let sender = Device::addressee(row).and_then(|id| self.devices.get(self.whose(&id)?));
                let name = sender.map_or("nobody", |sender| &sender.name);
                let what = format!("{} holds a message of {name} back that came early", device.name);
                return Err(Failure::broken(Rule::Delivered, what));
            }
        }
        Ok(())
    }

    /// All devices of an account show the same contacts.
    fn check_contacts(&self) -> Done {
        for person in (0..self.people).filter(|person| !self.waits_for_long(*person)) {
            let mut shown: Option<(usize, BTreeMap<_, _>)> = None;
            for at in self.devices_of(person) {
                let contacts =
                    view::contacts(&self.device(at)?.mirror, None, usize::MAX).map_err(Failure::simulation)?;
                let clear =
                    |account: &AccountId| self.person_of(account).is_some_and(|person| !self.waits_for_long(person));
                let contacts: BTreeMap<_, _> = contacts
                    .into_iter()
                    .filter(|contact| clear(&contact.account))
                    .map(|contact| {
                        // Who removed this person shows them nothing more: what each device knew by then may differ.
                        let other = self.person_of(&contact.account);
                        let shows = other.is_some_and(|other| self.must_reach(person, other));
                        let theirs = shows.then_some((contact.name, contact.devices));
                        (contact.account, (theirs, contact.alias, contact.note))
                    })
                    .collect();
                match &shown {
                    None => shown = Some((at, contacts)),
                    Some((_, first)) if *first == contacts => {}
                    Some((other, first)) => {
                        let what = self.difference(first, &contacts);
                        let what = format!("contacts on {} and {other} differ: {what}", self.device(at)?.name);
                        return Err(Failure::broken(Rule::Same, what));
                    }
                }
            }
        }
        Ok(())
    }

    fn difference<V: PartialEq + core::fmt::Debug>(
        &self,
        one: &BTreeMap<AccountId, V>,
        other: &BTreeMap<AccountId, V>,
    ) -> String {
        let accounts: BTreeSet<&AccountId> = one.keys().chain(other.keys()).collect();
        let first = accounts.into_iter().find(|account| one.get(account) != other.get(account));
        let Some(account) = first else { return String::new() };
        let person = self.person_of(account);
        format!("person {person:?} is {:?} here, {:?} there", other.get(account), one.get(account))
    }

    /// All who may read a set have the same records.
    fn check_records(&self) -> Done {
        let mut sets: BTreeMap<SetId, Vec<(usize, Records)>> = BTreeMap::new();
        for (at, device) in self.devices.iter().enumerate().filter(|(_, device)| !device.is_removed) {
            let mut own: BTreeMap<SetId, Records> = BTreeMap::new();
            for (_, record) in view::records(&device.mirror, None, usize::MAX).map_err(Failure::simulation)? {
                // A deletion is forgotten by each device when its time has come.
                if record.field.last() != Some(&GONE) {
                    own.entry(record.set).or_default().insert(record.field, record.value);
                }
            }
            for (set, records) in own {
                sets.entry(set).or_default().push((at, records));
            }
        }
        for (set, replicas) in sets {
            let SpaceId::Account(owner) = set.space;
            let comparable = |owner: &usize| !self.waits_for_long(*owner) && !self.lost_a_key(*owner);
            let Some(owner) = self.person_of(&owner).filter(comparable) else { continue };
            let good = replicas
                .into_iter()
                .filter(|(at, _)| self.devices.get(*at).is_some_and(|device| self.must_reach(owner, device.person)));
            let good: Vec<(usize, Records)> = good.collect();
            let Some((first, known)) = good.first() else { continue };
            for (at, records) in &good {
                let fields = known.keys().chain(records.keys());
                let Some(field) = fields.filter(|field| known.get(*field) != records.get(*field)).min() else {
                    continue;
                };
                let audience = hex(set.audience.as_bytes());
                let what = format!(
                    "the records of person {owner} for {audience} on devices {first} ({}) and {at} ({}) differ in {}",
                    known.len(),
                    records.len(),
                    hex(field)
                );
                return Err(Failure::broken(Rule::Same, what));
            }
        }
        Ok(())
    }

    /// A contact that was removed, and not met again, is gone everywhere.
    fn check_deleted(&self) -> Done {
        for removal in &self.model.removals {
            // Who was met by a clock that was ahead was met after the removal, as far as any device can tell.
            let met = self.model.met_by_clock(removal.owner, removal.contact);
            let restored = self.devices_of(removal.owner).any(|at| self.was_restored(at));
            // What a device wrote after it was removed counts nowhere.
            if self.device(removal.by)?.is_removed {
                continue;
            }
            let met_since = met.is_some_and(|met| met.saturating_add(MEETING_MS) > removal.time);
            if met_since || restored || self.waits_for_long(removal.owner) {
                continue;
            }
            let account = self.account_of(removal.contact)?;
            for at in self.devices_of(removal.owner) {
                let device = self.device(at)?;
                if device.knows(account) {
                    let what = format!(
                        "{} knows person {} again, whom {} removed",
                        device.name,
                        removal.contact,
                        self.device(removal.by)?.name
                    );
                    return Err(Failure::broken(Rule::Deleted, what));
                }
            }
        }
        Ok(())
    }

    /// Every message that arrived is known to have arrived by the one who wrote it.
    fn check_receipts(&self) -> Done {
        for device in &self.devices {
            let ids =
                device.mirror.rows(Table::MessageIndex, &[]).filter_map(|(key, _)| <[u8; 16]>::try_from(key).ok());
            for id in ids.map(MessageId::from_bytes) {
                let Some(said) = self.model.by_id(&id) else { continue };
                let author = self.device(said.author)?;
                let parted = self.model.parted(author.person, said.to);
                let restored = author.times_restored > 0 || self.devices_of(said.to).any(|at| self.was_restored(at));
                if author.id != device.id
                    || device.is_removed
                    || parted
                    || restored
                    || !self.must_reach(author.person, said.to)
                {
                    continue;
                }
                let message = view::message(&device.mirror, id).map_err(Failure::simulation)?;
                if message.is_none_or(|message| message.progress < Some(Progress::Delivered)) {
                    let word = said.text.split(' ').next().unwrap_or_default();
                    let what = format!("{} does not know that {word} was delivered", device.name);
                    return Err(Failure::broken(Rule::Delivered, what));
                }
            }
        }
        Ok(())
    }

    /// Every message that was committed anywhere is on every device of both people.
    fn check_everywhere(&self) -> Done {
        for said in self.model.committed() {
            let Some(id) = said.id else { continue };
            let author = self.device(said.author)?;
            let (from, to) = (author.person, said.to);
            // What a device had not sent when it was restored is in no backup, and nor is what it received since.
            if author.times_restored > 0
                || author.is_removed
                || self.model.parted(from, to)
                || !self.must_reach(from, to)
            {
                continue;
            }
            for at in self.devices_of(from).chain(self.devices_of(to)) {
                let device = self.device(at)?;
                if device.times_restored == 0 && !device.has(&id) {
                    let word = said.text.split(' ').next().unwrap_or_default();
                    let what = format!("{} does not have {word}, which {} said", device.name, author.name);
                    return Err(Failure::broken(Rule::Delivered, what));
                }
            }
        }
        Ok(())
    }

    /// All lamps are out.
    fn check_dark(&self) -> Done {
        let accounts: BTreeSet<_> = self.devices.iter().map(|device| device.account).collect();
        for device in &self.devices {
            let Some(running) = &device.running else { continue };
            let lit = accounts.iter().any(|account| !running.node.lit(*account).is_empty());
            if lit && !device.is_removed && running.node.own_lit().is_empty() {
                return Err(Failure::broken(Rule::Presence, format!("{} still sees lamps", device.name)));
            }
        }
        Ok(())
    }
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}
