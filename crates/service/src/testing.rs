#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

//! People, their devices, what these bring to a server, and a store that gives trouble.

use core::ops::Range;
use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::collections::BTreeSet;
use std::sync::Mutex;

use chacha20::ChaCha20Rng;
use chacha20::rand_core::SeedableRng;
use lamplit_identity::{
    Cost, DeviceKeys, ListKey, Phrase, RootKey, VerifiedList, add_device, create_account, remove_devices, renew_device,
};
use lamplit_types::{
    AccountId, AudienceId, Author, DeviceId, EnvelopeId, Hlc, Incarnation, Mono, Now, SpaceId, Wall, limits::DAY_MS,
};
use lamplit_wire::{
    Delta, Envelope, Head, KeyId, LogEntry, RecordBody, SetId, Suite, Tag,
    bounded::{Bytes, List},
    chain,
    credential::{Removal, SignedOneTimeKey},
    server::{Epoch, ListMark, Piece, Post, Stock, Tally, live},
};

use crate::{
    accounts::{self, Shown},
    limits::CODES_OF_ALL,
    memory::Memory,
    rates::Rates,
    store::{Applied, ApplyError, Batch, Change, Partition, Row, Store, StoreError},
    suite::at_once,
    telling::Teller,
};

/// 2027-01-15 08:00 UTC.
pub(crate) const NOW: Now = Now { mono: Mono(5_000_000), wall: Wall(1_800_000_000_000) };
/// The life of the stores.
pub(crate) const EPOCH: Epoch = Epoch([7; 8]);
/// A life after a backup was restored.
pub(crate) const NEXT: Epoch = Epoch([8; 8]);

/// A device that brings mail, of an account that need not be here.
pub(crate) const SENDER: (AccountId, DeviceId) = (AccountId::from_bytes([2; 16]), DeviceId::from_bytes([2; 32]));

/// So many milliseconds after [`NOW`].
pub(crate) fn after(millis: u64) -> Now {
    Now { mono: NOW.mono.plus(millis), wall: NOW.wall.plus(millis) }
}

pub(crate) fn store() -> Memory {
    Memory::new(EPOCH)
}

/// Somebody, and all they need to change their devices. The same for the same seed.
pub(crate) struct Person {
    pub(crate) account: AccountId,
    /// Of the first device.
    pub(crate) keys: DeviceKeys,
    pub(crate) list: VerifiedList,
    root: RootKey,
    list_key: ListKey,
}

impl Person {
    pub(crate) fn new(seed: u8) -> Self {
        Self::with_account(AccountId::from_random([seed; 16]), seed, device(seed))
    }

    /// Somebody else who gives themselves out as this account.
    pub(crate) fn impostor(&self, seed: u8) -> Self {
        Self::with_account(self.account, seed, device(seed))
    }

    /// Another account of whoever has these keys.
    pub(crate) fn with_device(seed: u8, keys: DeviceKeys) -> Self {
        Self::with_account(AccountId::from_random([seed; 16]), seed, keys)
    }

    fn with_account(account: AccountId, seed: u8, keys: DeviceKeys) -> Self {
        let cheap = Cost { memory_kib: 8, passes: 1, lanes: 1 };
        let root = Phrase::generate(&mut rng(seed)).unwrap().root_key(cheap).unwrap();
        let claim = keys.claim(account, [seed; 32]).unwrap();
        let made = create_account(&mut rng(seed), &root, claim, None, NOW.wall).unwrap();
        Self { account, keys, list: made.list, root, list_key: made.list_key }
    }

    /// Puts a further device on the list.
    pub(crate) fn add(&mut self, seed: u8) -> DeviceId {
        let keys = device(seed);
        let claim = keys.claim(self.account, [seed; 32]).unwrap();
        self.list = add_device(&self.list, &self.list_key, claim, None, NOW.wall).unwrap();
        keys.id()
    }

    /// Takes a device from the list, which begins a generation.
    pub(crate) fn remove(&mut self, device: DeviceId) {
        let removals = List::one(Removal { device, cutoff: [0; 32] });
        let made = remove_devices(&mut rng(99), &self.list, &self.root, removals, NOW.wall).unwrap();
        (self.list, self.list_key) = (made.list, made.list_key);
    }

    /// Gives the first device a new certificate.
    pub(crate) fn renew(&mut self, now: Wall) {
        self.list = renew_device(&self.list, &self.list_key, &self.keys.id(), now).unwrap();
    }

    /// The first device.
    pub(crate) fn id(&self) -> DeviceId {
        self.keys.id()
    }

    /// The account and its first device.
    pub(crate) fn who(&self) -> (AccountId, DeviceId) {
        (self.account, self.id())
    }

    /// For the first device.
    pub(crate) fn post(&self, id: u32) -> Post {
        self.post_to(self.id(), id)
    }

    pub(crate) fn post_to(&self, to: DeviceId, id: u32) -> Post {
        Post { account: self.account, list: ListMark::from(self.list.head()), envelope: envelope(to, id) }
    }

    /// The person's list comes to a store.
    #[track_caller]
    pub(crate) fn open(&self, store: &impl Store) {
        let list = self.list.wire().clone();
        let by = (self.account, self.list.devices().next().unwrap().device);
        let shown = at_once(accounts::show(store, by, list, true, NOW.wall)).unwrap();
        assert!(matches!(shown, Shown::Taken { .. }), "{shown:?}");
    }
}

pub(crate) fn rng(seed: u8) -> ChaCha20Rng {
    ChaCha20Rng::from_seed([seed; 32])
}

/// A device's keys; those of a person's first device for the person's seed.
pub(crate) fn device(seed: u8) -> DeviceKeys {
    DeviceKeys::generate(&mut rng(seed))
}

/// It is good for twenty days.
pub(crate) fn envelope(to: DeviceId, id: u32) -> Envelope {
    let mut bytes = [0; 16];
    bytes[..4].copy_from_slice(&id.to_be_bytes());
    Envelope {
        suite: Suite::Olm,
        to,
        id: EnvelopeId::from_bytes(bytes),
        expires: NOW.wall.plus(20 * DAY_MS),
        sealed: sealed(300),
    }
}

pub(crate) fn sealed<const LIMIT: usize>(bytes: usize) -> Bytes<LIMIT> {
    Bytes::try_from(vec![0x5e; bytes]).unwrap()
}

pub(crate) fn key(keys: &DeviceKeys, number: u8) -> SignedOneTimeKey {
    keys.sign_one_time_key([number; 32]).unwrap()
}

pub(crate) fn stock(keys: &DeviceKeys, one_time: Range<u8>, fallback: Option<u8>) -> Stock {
    let one_time: Vec<_> = one_time.map(|number| key(keys, number)).collect();
    Stock { one_time: one_time.try_into().unwrap(), fallback: fallback.map(|number| key(keys, number)) }
}

/// A set of somebody's.
pub(crate) fn set(person: &Person, audience: u8) -> SetId {
    SetId { space: SpaceId::Account(person.account), audience: AudienceId::from_bytes([audience; 16]) }
}

/// A device that writes into a set.
pub(crate) struct Writer {
    keys: DeviceKeys,
    pub(crate) set: SetId,
    pub(crate) author: Author,
    pub(crate) head: Head,
}

impl Writer {
    /// The device with the keys of a seed, in its first life.
    pub(crate) fn new(set: SetId, seed: u8) -> Self {
        Self::in_life(set, seed, 1)
    }

    pub(crate) fn in_life(set: SetId, seed: u8, life: u64) -> Self {
        let keys = device(seed);
        let author = Author { device: keys.id(), incarnation: Incarnation(life) };
        Self { keys, set, author, head: Head::default() }
    }

    /// Goes on with so many records of so many sealed bytes.
    pub(crate) fn write(&mut self, records: usize, bytes: usize) -> Piece {
        let after = self.head;
        let entries: Vec<LogEntry> = (0..records).map(|_| self.entry(bytes)).collect();
        let entries = entries.try_into().unwrap();
        Piece { delta: Delta { set: self.set, author: self.author, after, entries }, tally: None }
    }

    fn entry(&mut self, bytes: usize) -> LogEntry {
        let (seq, tag, clock) = (self.head.seq + 1, Tag([7; 16]), Hlc { wall: NOW.wall, count: 0 });
        let (origin, sealed) = (self.author.device, sealed(bytes));
        let chain = chain(self.head.chain, tag, clock, origin, &sealed);
        self.head = Head { seq, chain };
        let key = KeyId::default();
        let body = RecordBody { set: self.set, key, tag, author: self.author, seq, chain, clock, origin, sealed };
        LogEntry::Live(Box::new(self.keys.sign(body).unwrap()))
    }

    /// Goes on with as many records, of which only these count, as the device with the keys of a seed says.
    pub(crate) fn write_of_old(&mut self, counts: &[bool], seed: u8) -> Piece {
        let mut piece = self.write(counts.len(), 10);
        let entries = piece.delta.entries.iter().zip(counts).map(|(entry, counts)| match (entry, counts) {
            (LogEntry::Live(record), false) => LogEntry::Replaced { seq: record.body.seq, chain: record.body.chain },
            (entry, _) => entry.clone(),
        });
        piece.delta.entries = entries.collect::<Vec<_>>().try_into().unwrap();
        piece.tally = Some(device(seed).sign(tally(&piece, self.head, seed)).unwrap());
        piece
    }
}

/// What the device with the keys of a seed would say of a piece that ends there.
pub(crate) fn tally(piece: &Piece, to: Head, seed: u8) -> Tally {
    let Delta { set, author, after, .. } = piece.delta;
    Tally { set, author, after, to, live: live(&piece.delta), device: device(seed).id() }
}

/// Tells members what they are owed, with all words that there are at once; whose devices have something new.
pub(crate) fn tell(store: &impl Store, account: AccountId) -> BTreeSet<DeviceId> {
    let (rates, mut told) = (Rates::new(CODES_OF_ALL), BTreeSet::new());
    let teller = Teller { store, rates: &rates, account, now: NOW.mono };
    assert_eq!(at_once(teller.tell(&mut told)), Ok(0));
    told
}

/// All rows of an account.
pub(crate) fn rows(store: &impl Store, account: AccountId) -> Vec<Row> {
    at_once(store.scan(&Partition::Account(account), b"", None, usize::MAX)).unwrap()
}

/// All rows that are a device's.
pub(crate) fn rows_of(store: &impl Store, (account, device): (AccountId, DeviceId)) -> Vec<Row> {
    let mut rows = rows(store, account);
    rows.retain(|(key, _)| key.get(1..33) == Some(device.as_bytes().as_slice()));
    rows
}

/// Writes rows without asking.
pub(crate) fn change(store: &impl Store, account: AccountId, changes: Vec<Change>) {
    at_once(store.apply(batch(account, changes))).unwrap();
}

pub(crate) fn batch(account: AccountId, changes: Vec<Change>) -> Batch {
    Batch { partition: Partition::Account(account), expects: Vec::new(), changes }
}

/// A store that comes back from a backup of this one.
pub(crate) fn restored(from: &Memory) -> Memory {
    let to = Memory::new(NEXT);
    for partition in at_once(from.partitions(None, usize::MAX)).unwrap() {
        let rows = at_once(from.scan(&partition, b"", None, usize::MAX)).unwrap();
        let changes = rows.into_iter().map(|(key, value)| Change::Put { key, value }).collect();
        at_once(to.apply(Batch { partition, expects: Vec::new(), changes })).unwrap();
    }
    to
}

/// A store that fails when it is to, and into which others write in between.
pub(crate) struct Frail {
    pub(crate) store: Memory,
    unreadable: AtomicBool,
    /// Batches that it still takes.
    room: AtomicUsize,
    /// Applied before what is applied next, one each time, the last one first.
    others: Mutex<Vec<Batch>>,
}

impl Frail {
    pub(crate) fn new() -> Self {
        Self {
            store: store(),
            unreadable: AtomicBool::new(false),
            room: AtomicUsize::new(usize::MAX),
            others: Mutex::default(),
        }
    }

    pub(crate) fn fail_reads(&self, fail: bool) {
        self.unreadable.store(fail, Ordering::Relaxed);
    }

    /// Takes so many batches more, and then none.
    pub(crate) fn take_only(&self, batches: usize) {
        self.room.store(batches, Ordering::Relaxed);
    }

    /// Somebody is faster, each time that something is to be written, until there is nothing left in `batches`.
    pub(crate) fn be_overtaken_by(&self, batches: Vec<Batch>) {
        *self.others.lock().unwrap() = batches;
    }

    fn read(&self) -> Result<(), StoreError> {
        let fails = self.unreadable.load(Ordering::Relaxed);
        if fails { Err(StoreError::Storage("it is to fail".to_owned())) } else { Ok(()) }
    }
}

impl Store for Frail {
    fn epoch(&self) -> Epoch {
        self.store.epoch()
    }

    async fn get(&self, partition: &Partition, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.read()?;
        self.store.get(partition, key).await
    }

    async fn scan(
        &self,
        partition: &Partition,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Row>, StoreError> {
        self.read()?;
        self.store.scan(partition, prefix, after, limit).await
    }

    async fn apply(&self, batch: Batch) -> Result<Applied, ApplyError> {
        let room = self.room.load(Ordering::Relaxed);
        self.room.store(room.checked_sub(1).ok_or(ApplyError::Full)?, Ordering::Relaxed);
        let other = self.others.lock().unwrap().pop();
        if let Some(other) = other {
            self.store.apply(other).await.unwrap();
        }
        self.store.apply(batch).await
    }

    async fn partitions(&self, after: Option<&Partition>, limit: usize) -> Result<Vec<Partition>, StoreError> {
        self.read()?;
        self.store.partitions(after, limit).await
    }
}
