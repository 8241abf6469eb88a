//! The machine itself: its state, and the way of one input through it.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::Arc,
};

use lamplit_identity::{ListError, VerifiedList};
use lamplit_sync::horizon::KEEP_DELETIONS_MS;
use lamplit_types::{
    AccountId, AudienceId, Beacon, ConversationId, DeviceId, GroupId, LinkId, MessageId, Mono, Now, Wall,
};
use lamplit_wire::{AppPresence, Progress, Record, RecordBody, SetId};
use rand_core::CryptoRng;

use crate::{
    clocks::Clocks,
    db::{Changes, Db, Typed, decode, open_row},
    dial::{Dialer, Target},
    estranged::load_familiar,
    fetches::Fetches,
    groups::{self, Group, companions},
    io::{Address, Event, Input, Lit, Transmit, Warning},
    lamps::Lamps,
    limits,
    line::Line,
    opened::Opened,
    past::Lacking,
    people::{People, Person, own_beacons, own_pairs, read_person},
    ratchets::Ratchets,
    rest::Resting,
    rows::{self, AccountKeys, Audience, Peer, key},
    server::Server,
    setup::DeviceSecrets,
    sightings::Strange,
    step::{HandleError, Outputs, Step, Stepped},
    table::{Order, Read, ReadError, Table, Write},
};

/// A device.
pub struct Node {
    pub(crate) secrets: Arc<DeviceSecrets>,
    pub(crate) keys: AccountKeys,
    /// Those of earlier generations, the latest last.
    pub(crate) former: Vec<AccountKeys>,
    pub(crate) device: rows::Device,
    pub(crate) people: People,
    /// Audiences this account has or belongs to, with their owners.
    pub(crate) memberships: BTreeMap<AudienceId, AccountId>,
    pub(crate) links: BTreeMap<LinkId, Line>,
    /// Devices that can be reached directly, with their links.
    pub(crate) near: BTreeMap<DeviceId, LinkId>,
    /// Devices that are as near, and no link is needed.
    pub(crate) resting: BTreeMap<DeviceId, Resting>,
    pub(crate) dialer: Dialer,
    pub(crate) strange: Strange,
    /// Contacts' devices that recognise this one by its beacon, as far as is known.
    pub(crate) familiar: BTreeSet<DeviceId>,
    pub(crate) lamps: Lamps,
    pub(crate) clocks: Clocks,
    pub(crate) ratchets: Ratchets,
    pub(crate) fetches: Fetches,
    /// Links that may have something to send.
    pub(crate) touched: BTreeSet<LinkId>,
    /// Groups that this account is in, or was.
    pub(crate) groups: BTreeMap<GroupId, Group>,
    /// Groups that changed and were not told on.
    pub(crate) dirty_groups: BTreeSet<GroupId>,
    /// Sets that changed and were not sent on.
    pub(crate) dirty: BTreeSet<SetId>,
    /// Devices for which something was posted and not sent.
    pub(crate) posted: BTreeSet<DeviceId>,
    /// Receipts that overtook what they are for, the oldest first: message, whose, in which conversation, how far.
    pub(crate) early_receipts: VecDeque<(MessageId, AccountId, ConversationId, Progress)>,
    /// Devices for which receipts wait for more to go with, and until when.
    pub(crate) receipts: BTreeSet<DeviceId>,
    pub(crate) receipts_due: Option<Mono>,
    /// Records in quarantine, by set, and when the first is due.
    pub(crate) waiting: BTreeMap<SetId, usize>,
    pub(crate) next_due: Wall,
    pub(crate) next_epoch: Mono,
    pub(crate) next_chores: Mono,
    /// When it was last handed something.
    pub(crate) last: Now,
    pub(crate) keep_deletions_ms: u64,
    /// This device found that it was restored: all its links begin anew.
    pub(crate) reborn: bool,
    /// What this device lacks of what was said before it joined.
    pub(crate) lacking: Option<Lacking>,
    /// Linked devices that do not know all devices of this account, with those that they lack.
    pub(crate) behind: BTreeMap<DeviceId, BTreeSet<DeviceId>>,
    /// The account's list changed: those who are linked are to be shown it.
    pub(crate) list_is_new: bool,
    /// What is in the account's kit changed: the server is to have it, after the list.
    pub(crate) kit_is_new: bool,
    /// Links that are to begin anew.
    pub(crate) ending: BTreeSet<LinkId>,
    pub(crate) server: Server,
    #[cfg(feature = "sabotage")]
    pub(crate) sabotage: Option<crate::sabotage::Sabotage>,
    changes: Changes,
    outputs: Outputs,
}

/// Why a device cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The database failed or is damaged.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// Nothing there.
    #[error("there is no device in this database: run `lamplit init`")]
    Empty,
    /// It has not joined its account yet.
    #[error(
        "this device has not joined its account yet: run `lamplit init --link CODE`, with a code that `lamplit link` shows on a device you have"
    )]
    Joining,
    /// The keys are those of another device.
    #[error("the keys are of another device than the database: restore both from one backup")]
    OtherDevice,
    /// Its own device list does not hold.
    #[error("this device's own list does not hold: {0}")]
    List(#[from] ListError),
}

impl Node {
    /// Opens the device that a database holds. The first [`Node::committed`] tells what it wants done.
    ///
    /// # Errors
    /// [`OpenError`] if there is none, or it is not whole.
    pub fn open(
        secrets: DeviceSecrets,
        read: &impl Read,
        now: Now,
        rng: &mut dyn CryptoRng,
    ) -> Result<Self, OpenError> {
        Self::open_with(Arc::new(secrets), read, now, rng)
    }

    fn open_with(
        secrets: Arc<DeviceSecrets>,
        read: &impl Read,
        now: Now,
        rng: &mut dyn CryptoRng,
    ) -> Result<Self, OpenError> {
        let Some(device) = read.row::<rows::Device>(Table::Device, key::DEVICE)? else {
            let joins = read.get(Table::Secrets, key::JOINING)?.is_some();
            return Err(if joins { OpenError::Joining } else { OpenError::Empty });
        };
        if device.device != secrets.device() {
            return Err(OpenError::OtherDevice);
        }
        let keys: AccountKeys =
            read.sealed(&secrets.vault, Table::Secrets, key::ACCOUNT)?.ok_or(OpenError::OtherDevice)?;
        let list = VerifiedList::verify(device.list.clone(), None)?;
        let friends: Option<Audience> = read.sealed(&secrets.vault, Table::Audiences, device.friends.as_bytes())?;
        let generation = friends.ok_or(ReadError::Corrupt { table: Table::Audiences })?.generation();
        let former: Option<Vec<AccountKeys>> = read.sealed(&secrets.vault, Table::Secrets, key::FORMER)?;
        let former = former.unwrap_or_default();
        let all = former.iter().chain([&keys]);
        let own = Person {
            list,
            pairs: own_pairs(&keys, &former, device.account),
            beacons: all.flat_map(|keys| own_beacons(keys, device.account, generation)).collect(),
        };
        let memberships = load_memberships(read, &secrets)?;
        let mut people = People::new(device.account, device.device, own, Opened::load(read)?, now.wall);
        for (at, value) in read.scan(Table::Departed, &[], None, Order::Up, limits::DEPARTED)? {
            if let Ok(gone) = <[u8; 32]>::try_from(at.as_slice()) {
                people.part(DeviceId::from_bytes(gone), &decode(Table::Departed, &value)?);
            }
        }
        people.put_all(load_people(read, &secrets, &memberships)?);
        let familiar = load_familiar(read, &people, generation)?;
        let groups = groups::load(read, &secrets)?;
        people.set_companions(companions(&groups, device.account));
        let first = read.scan(Table::Quarantine, &[], None, Order::Up, 1)?;
        let next_due =
            first.first().and_then(|(at, _)| at.first_chunk::<8>()).map(|due| Wall(u64::from_be_bytes(*due)));
        let waiting = load_waiting(read)?;
        let fetches = Fetches::load(read)?;
        let mut node = Self {
            secrets,
            keys,
            former,
            device,
            people,
            memberships,
            links: BTreeMap::new(),
            near: BTreeMap::new(),
            resting: BTreeMap::new(),
            dialer: Dialer::default(),
            strange: Strange::default(),
            familiar,
            lamps: Lamps::default(),
            clocks: Clocks::default(),
            ratchets: Ratchets::default(),
            fetches,
            touched: BTreeSet::new(),
            groups,
            dirty_groups: BTreeSet::new(),
            dirty: BTreeSet::new(),
            posted: BTreeSet::new(),
            early_receipts: VecDeque::new(),
            receipts: BTreeSet::new(),
            receipts_due: None,
            waiting,
            next_due: next_due.unwrap_or(Wall(u64::MAX)),
            next_epoch: now.mono.plus(Self::until_next_epoch(now.wall)),
            next_chores: now.mono,
            last: now,
            keep_deletions_ms: KEEP_DELETIONS_MS,
            reborn: false,
            lacking: Lacking::load(read, now.mono)?,
            behind: BTreeMap::new(),
            list_is_new: false,
            kit_is_new: false,
            ending: BTreeSet::new(),
            server: Server::load(read, now.mono)?,
            #[cfg(feature = "sabotage")]
            sabotage: None,
            changes: Changes::default(),
            outputs: Outputs::default(),
        };
        node.run(now, rng, read, |node, step| {
            if node.is_removed() {
                step.tell(Event::Warning(Warning::Removed));
                return Ok(());
            }
            node.advertise(step)?;
            node.dial_fixed(step)?;
            node.dial_server(step);
            node.deliver_later(step)?;
            node.introduce_itself(step)?;
            node.resume_acceptances(step)
        })?;
        Ok(node)
    }

    /// The same device, which remembers deletions for another time than [`KEEP_DELETIONS_MS`].
    #[must_use]
    pub fn keeping_deletions(self, keep_deletions_ms: u64) -> Self {
        Self { keep_deletions_ms, ..self }
    }

    /// Takes one input. `read` shows the database as it was last committed; what earlier inputs changed since is here.
    ///
    /// # Errors
    /// [`HandleError`] if the database fails: then nothing of the batch may be kept, see [`Node::rolled_back`].
    pub fn handle(
        &mut self,
        now: Now,
        rng: &mut dyn CryptoRng,
        read: &impl Read,
        input: Input,
    ) -> Result<(), HandleError> {
        Ok(self.run(now, rng, read, |node, step| node.take(step, input))?)
    }

    pub(crate) fn run(
        &mut self,
        now: Now,
        rng: &mut dyn CryptoRng,
        read: &impl Read,
        work: impl FnOnce(&mut Self, &mut Step<'_>) -> Stepped,
    ) -> Stepped {
        let before = core::mem::take(&mut self.changes);
        let mut step = Step { now, rng, db: Db::new(read, &before), out: core::mem::take(&mut self.outputs) };
        let result = self.look_at_the_clock(&mut step).and_then(|()| work(self, &mut step));
        let result = result.and_then(|()| self.settle(&mut step));
        let Step { db, out, .. } = step;
        let changes = db.into_changes();
        self.changes = before;
        self.changes.absorb(changes);
        self.outputs = out;
        result
    }

    fn take(&mut self, step: &mut Step<'_>, input: Input) -> Stepped {
        match input {
            // It speaks to nobody any more.
            Input::Connected { link, .. } if self.is_removed() => {
                Self::refuse_pipe(step, link);
                Ok(())
            }
            Input::Sighted { .. } if self.is_removed() => Ok(()),
            Input::Tick => self.tick_all(step),
            Input::Command(number, command) => self.command(step, number, command),
            Input::Sighted { beacon, address } => {
                self.sighted(step, beacon, address);
                Ok(())
            }
            Input::Lost(beacon) => {
                self.lost_sight(step, beacon);
                Ok(())
            }
            Input::Connected { link, pipe, dial } => self.connected(step, link, pipe, dial),
            Input::DialFailed(dial) => match self.dialer.answered(dial) {
                Some((target, _)) => self.dial_failed(step, target),
                None => Ok(()),
            },
            Input::Received { link, channel, bytes } => self.received(step, link, channel, &bytes),
            Input::Disconnected(link) => self.disconnected(step, link),
            Input::Asked { link, ask, blob } => self.asked(step, link, ask, blob),
            Input::Fetched { blob, result } => self.fetched(step, blob, result),
            Input::Served(ask) => {
                self.served(ask);
                Ok(())
            }
            Input::FileLost(blob) => self.file_lost(step, blob),
        }
    }

    /// What every input ends with: what it changed goes on its way.
    fn settle(&mut self, step: &mut Step<'_>) -> Stepped {
        // Each round can only pass on what the one before changed; what is left over goes with the next input.
        for _ in 0..limits::SETTLING_ROUNDS {
            if core::mem::take(&mut self.reborn) {
                for id in self.links.keys().copied().collect::<Vec<_>>() {
                    self.end_link(step, id, None)?;
                }
                self.end_server_line(step)?;
            }
            for id in core::mem::take(&mut self.ending) {
                self.end_link(step, id, None)?;
            }
            if core::mem::take(&mut self.list_is_new) {
                self.show_list(step)?;
            }
            if self.dirty.is_empty() && self.posted.is_empty() && self.dirty_groups.is_empty() {
                break;
            }
            self.pump_dirty(step)?;
            self.pump_groups(step)?;
            self.pump_posted(step)?;
        }
        if core::mem::take(&mut self.kit_is_new) {
            self.bring_kit(step, None)?;
        }
        if !self.is_removed() {
            if self.people.is_anew() {
                self.look_again(step);
            }
            self.dial_due(step);
            self.fetch_due(step)?;
        }
        self.flush(step);
        self.write_sessions(step)
    }

    /// Whether nothing waits for the changes to be committed: then they may as well go with the next ones.
    pub fn is_silent(&self) -> bool {
        self.outputs.transmits.is_empty() && self.outputs.events.is_empty()
    }

    /// Whether there are changes to commit.
    pub fn has_changes(&self) -> bool {
        !self.changes.is_empty()
    }

    /// The changes to commit, in any order, one for each row. Nothing may be handed in until they are committed, since
    /// until then neither the database nor the machine shows them.
    pub fn take_writes(&mut self) -> Vec<Write> {
        core::mem::take(&mut self.changes).into_writes()
    }

    /// The writes are committed: what was decided with them may now be done and told.
    pub fn committed(&mut self) -> Outputs {
        self.lamps.committed();
        core::mem::take(&mut self.outputs)
    }

    /// The commit failed. The device goes back to what `read` shows, forgets all of the batch, and ends every link,
    /// so that whoever was not acknowledged sends again.
    ///
    /// # Errors
    /// [`OpenError`] if it cannot be read either.
    pub fn rolled_back(
        &mut self,
        read: &impl Read,
        now: Now,
        rng: &mut dyn CryptoRng,
    ) -> Result<Vec<Transmit>, OpenError> {
        let links = self.links.keys().copied().chain(self.server.link());
        let closed = links.map(Transmit::Close).collect();
        let keep = self.keep_deletions_ms;
        let fresh = Self::open_with(self.secrets.clone(), read, now, rng)?.keeping_deletions(keep);
        let lamps = core::mem::take(&mut self.lamps).rolled_back();
        let dialer = core::mem::take(&mut self.dialer).restarted(now.mono);
        let strange = core::mem::take(&mut self.strange);
        *self = Self {
            lamps,
            dialer,
            strange,
            #[cfg(feature = "sabotage")]
            sabotage: self.sabotage,
            ..fresh
        };
        // The server of what is committed, and not one that was chosen in the batch.
        self.dialer.forget(Target::Server);
        self.plan_server(now.mono.plus(limits::REDIAL_MS));
        Ok(closed)
    }

    /// When to hand in [`Input::Tick`].
    pub fn deadline(&self) -> Option<Mono> {
        let links = self.links.values().filter_map(Line::deadline).min();
        let others = [
            links,
            self.rest_deadline(),
            self.dialer.deadline(),
            self.lamps.deadline(),
            self.fetches.deadline(self.last.mono),
            self.receipts_due,
            self.server_deadline(),
            self.lacking.as_ref().and_then(Lacking::deadline),
            Some(self.next_epoch),
            Some(self.next_chores),
        ];
        others.into_iter().flatten().min()
    }

    /// What a contact's devices say they are on.
    pub fn lit(&self, account: AccountId) -> Vec<Lit> {
        self.lamps.of(account)
    }

    /// What this device says it is on.
    pub fn own_lit(&self) -> Vec<AppPresence> {
        self.lamps.own()
    }

    /// The devices of contacts and the owner's own that can be reached directly.
    pub fn near(&self) -> Vec<(AccountId, DeviceId)> {
        let devices: BTreeSet<_> = self.near.keys().chain(self.resting.keys()).collect();
        let near = devices.into_iter().filter_map(|device| Some((self.people.account_of(device)?, *device)));
        near.filter(|(account, _)| self.is_friend(*account)).collect()
    }

    /// How many devices of an account are linked with this one, companions in a group included.
    pub fn links_with(&self, account: AccountId) -> usize {
        self.near.keys().filter(|device| self.people.account_of(device) == Some(account)).count()
    }

    /// Whether a beacon is one of this account's or a contact's devices.
    pub fn recognises(&self, beacon: Beacon) -> bool {
        let account = self.people.recognise(beacon).and_then(|device| self.people.account_of(&device));
        account.is_some_and(|account| self.is_friend(account))
    }

    /// Whose device it is.
    pub const fn account(&self) -> AccountId {
        self.device.account
    }

    /// Which device it is.
    pub const fn device(&self) -> DeviceId {
        self.device.device
    }

    /// Signs a record of this device.
    pub(crate) fn sign(&self, body: RecordBody) -> Option<Record> {
        self.secrets.keys.sign(body).ok()
    }

    /// Dials the addresses that were given by hand.
    fn dial_fixed(&mut self, step: &mut Step<'_>) -> Stepped {
        for (at, value) in step.db.scan(Table::Peers, &[], None, Order::Up, limits::PEERS)? {
            let peer: Peer = decode(Table::Peers, &value)?;
            if let (Some(address), Ok(device)) = (peer.address, <[u8; 32]>::try_from(at.as_slice())) {
                let target = Target::Device(DeviceId::from_bytes(device));
                self.dialer.fix(step.now.mono, target, Address(address));
            }
        }
        Ok(())
    }
}

fn load_people(
    read: &impl Read,
    secrets: &DeviceSecrets,
    memberships: &BTreeMap<AudienceId, AccountId>,
) -> Stepped<Vec<(AccountId, Person)>> {
    let mut people = Vec::new();
    for (at, value) in read.scan(Table::Contacts, &[], None, Order::Up, lamplit_types::limits::CONTACTS)? {
        let contact: rows::Contact = decode(Table::Contacts, &value)?;
        let Ok(account) = <[u8; 16]>::try_from(at.as_slice()).map(AccountId::from_bytes) else { continue };
        if let Some(person) = read_person(read, secrets, memberships, account, contact)? {
            people.push((account, person));
        }
    }
    Ok(people)
}

fn load_waiting(read: &impl Read) -> Stepped<BTreeMap<SetId, usize>> {
    let mut waiting: BTreeMap<SetId, usize> = BTreeMap::new();
    for (_, value) in read.scan(Table::Quarantine, &[], None, Order::Up, limits::ALL_QUARANTINE)? {
        let row: rows::Waiting = decode(Table::Quarantine, &value)?;
        let count = waiting.entry(row.record.body.set).or_default();
        *count = count.saturating_add(1);
    }
    Ok(waiting)
}

fn load_memberships(read: &impl Read, secrets: &DeviceSecrets) -> Stepped<BTreeMap<AudienceId, AccountId>> {
    let mut memberships = BTreeMap::new();
    // The account has audiences itself.
    let limit = lamplit_types::limits::CONTACTS.saturating_add(1).saturating_mul(limits::AUDIENCES_OF_ONE);
    for (at, sealed) in read.scan(Table::Audiences, &[], None, Order::Up, limit)? {
        let row: Audience = open_row(&secrets.vault, Table::Audiences, &at, &sealed)?;
        if let Ok(audience) = <[u8; 16]>::try_from(at.as_slice()) {
            memberships.insert(AudienceId::from_bytes(audience), row.owner);
        }
    }
    Ok(memberships)
}
