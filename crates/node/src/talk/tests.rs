//! Device lists as a contact sees them: devices removed, histories that do not go together.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;

use chacha20::{ChaCha20Rng, rand_core::SeedableRng};
use lamplit_identity::{Cost, NewGeneration, PairSecret, RootKey, VerifiedList, remove_devices};
use lamplit_types::{AccountId, AudienceId, DeviceId, Mono, Name, Now, Text, Wall};
use lamplit_wire::{
    AudienceGrant, Kind,
    bounded::List,
    credential::{DeviceList, PairId, Removal},
};

use super::Merged;
use crate::{
    Command, Event, Input, Node, Order, Read, ReadError, Row, Table, Warning,
    card::{Trust, contact_field},
    limits,
    replica::{Change, OWN_DATA, set_of},
    setup,
    setup::NewDevice,
};

const NOW: Wall = Wall(1_800_000_000_000);
const CHEAP: Cost = Cost { memory_kib: 64, passes: 1, lanes: 1 };

#[derive(Default)]
struct Store(BTreeMap<(Table, Vec<u8>), Vec<u8>>);

impl Store {
    fn of(made: &NewDevice) -> Self {
        let mut store = Self::default();
        store.commit(made.writes.clone());
        store
    }

    fn commit(&mut self, writes: Vec<crate::Write>) {
        for write in writes {
            match write.value {
                Some(value) => self.0.insert((write.table, write.key), value),
                None => self.0.remove(&(write.table, write.key)),
            };
        }
    }
}

impl Read for Store {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, ReadError> {
        Ok(self.0.get(&(table, key.to_vec())).cloned())
    }

    fn scan(
        &self,
        table: Table,
        prefix: &[u8],
        from: Option<&[u8]>,
        _: Order,
        limit: usize,
    ) -> Result<Vec<Row>, ReadError> {
        let rows = self.0.iter().filter(|((at, key), _)| *at == table && key.starts_with(prefix));
        let rows = rows.filter(|((_, key), _)| from.is_none_or(|from| key.as_slice() > from));
        Ok(rows.map(|((_, key), value)| (key.clone(), value.clone())).take(limit).collect())
    }
}

/// Yi's device, to whom Jia with a phone and a pad is a contact.
struct Scene {
    rng: ChaCha20Rng,
    yi: Node,
    store: Store,
    jia: AccountId,
    root: RootKey,
    list: VerifiedList,
    phone: DeviceId,
    pad: DeviceId,
}

fn now() -> Now {
    Now { mono: Mono(0), wall: NOW }
}

impl Scene {
    fn new() -> Self {
        let mut rng = ChaCha20Rng::from_seed([9; 32]);
        let name = |text| Name::parse(text).unwrap();
        let (phone, phrase) = setup::first_device(&mut rng, NOW, name("Jia"), CHEAP).unwrap();
        let pad = setup::further_device(&mut rng, NOW, &phone.secrets, &Store::of(&phone)).unwrap();
        let (made, _) = setup::first_device(&mut rng, NOW, name("Yi"), CHEAP).unwrap();
        let mut store = Store::of(&made);
        let mut yi = Node::open(made.secrets, &store, now(), &mut rng).unwrap();
        let root = phrase.root_key(CHEAP).unwrap();
        let padded = Node::open(pad.secrets, &Store::of_writes(pad.writes), now(), &mut rng).unwrap();
        let list = padded.people.me().list.clone();
        let jia = phone.account;
        let pair = PairSecret::derive(
            PairId { generation: 1, id: [1; 8] },
            &[2; 32],
            (jia, &[3; 32]),
            (yi.account(), &[4; 32]),
        );
        let trust = Trust { root: root.hash(), list: list.wire().clone(), name: name("Jia") };
        let me = yi.account();
        yi.run(now(), &mut rng, &store, |yi, step| {
            yi.add_pair(step, jia, &pair)?;
            let trust = postcard::to_allocvec(&trust).unwrap();
            let card = Change::set(Kind::Contact, *jia.as_bytes(), contact_field::TRUST, trust);
            yi.write(step, set_of(me, OWN_DATA), card)
        })
        .unwrap();
        store.commit(yi.take_writes());
        yi.committed();
        Self { rng, yi, store, jia, root, list, phone: phone.device, pad: pad.device }
    }

    fn without(&mut self, device: DeviceId, cutoff: u8) -> DeviceList {
        let removal = Removal { device, cutoff: [cutoff; 32] };
        let removals = List::try_from(vec![removal]).unwrap();
        let NewGeneration { list, .. } = remove_devices(&mut self.rng, &self.list, &self.root, removals, NOW).unwrap();
        list.wire().clone()
    }

    /// Shows Yi a list of Jia's; what became of the link, and what Yi was told.
    fn show(&mut self, list: DeviceList) -> (Merged, Vec<Event>) {
        let mut merged = Merged::Taken;
        let jia = self.jia;
        self.yi
            .run(now(), &mut self.rng, &self.store, |yi, step| {
                merged = yi.merge_list(step, jia, list)?;
                Ok(())
            })
            .unwrap();
        self.store.commit(self.yi.take_writes());
        (merged, self.yi.committed().events)
    }

    fn outbox(&self, device: DeviceId) -> usize {
        self.store.scan(Table::Outbox, device.as_bytes(), None, Order::Up, 100).unwrap().len()
    }
}

impl Store {
    fn of_writes(writes: Vec<crate::Write>) -> Self {
        let mut store = Self::default();
        store.commit(writes);
        store
    }
}

fn is_alarm(events: &[Event]) -> bool {
    events.iter().any(|event| matches!(event, Event::Warning(Warning::ListConflict(_))))
}

#[test]
fn a_removed_device_is_known_no_more_and_gets_nothing_more() {
    let mut scene = Scene::new();
    let say = Command::Say { to: scene.jia.into(), text: Text::parse("to both of yours").unwrap() };
    scene.yi.handle(now(), &mut scene.rng, &scene.store, Input::Command(1, say)).unwrap();
    scene.store.commit(scene.yi.take_writes());
    scene.yi.committed();
    assert_eq!((scene.outbox(scene.phone), scene.outbox(scene.pad)), (1, 1));

    let newer = scene.without(scene.pad, 0);
    let (merged, events) = scene.show(newer);
    assert_eq!(merged, Merged::Taken);
    assert!(!is_alarm(&events));
    assert_eq!(scene.yi.people.account_of(&scene.pad), None);
    assert_eq!(scene.yi.people.account_of(&scene.phone), Some(scene.jia));
    assert_eq!((scene.outbox(scene.phone), scene.outbox(scene.pad)), (1, 0));

    // The list with the device still on it is of an older generation and changes nothing.
    let older = scene.list.wire().clone();
    scene.show(older);
    assert_eq!(scene.yi.people.account_of(&scene.pad), None);
}

#[test]
fn two_histories_of_one_generation_are_an_alarm_and_neither_is_taken_for_the_other() {
    let mut scene = Scene::new();
    let (one, other) = (scene.without(scene.pad, 1), scene.without(scene.phone, 2));
    assert_eq!(scene.show(one).0, Merged::Taken);
    let (merged, events) = scene.show(other);
    assert_eq!(merged, Merged::Conflict);
    assert!(is_alarm(&events));
    assert_eq!(scene.yi.people.account_of(&scene.phone), Some(scene.jia), "the first one stays");
}

#[test]
fn a_list_under_another_root_is_an_alarm() {
    let mut scene = Scene::new();
    let mut forged = scene.list.wire().clone();
    let (stranger, _) = setup::first_device(&mut scene.rng, NOW, Name::parse("Eve").unwrap(), CHEAP).unwrap();
    let eve = Node::open(stranger.secrets, &Store::of_writes(stranger.writes), now(), &mut scene.rng).unwrap();
    forged.root = eve.people.me().list.wire().root;
    let (merged, events) = scene.show(forged);
    assert_eq!(merged, Merged::Conflict);
    assert!(is_alarm(&events));
}

#[test]
fn a_contact_is_not_taken_at_its_word_for_ever_more_audiences() {
    let mut scene = Scene::new();
    let jia = scene.jia;
    for number in 0..100_u8 {
        let grant = AudienceGrant {
            audience: AudienceId::from_bytes([number; 16]),
            generation: 1 << 16,
            day: NOW.day(),
            key: [number; 32],
            beacon: [number; 32],
        };
        scene.yi.run(now(), &mut scene.rng, &scene.store, |yi, step| yi.keep_grant(step, jia, &grant)).unwrap();
        scene.store.commit(scene.yi.take_writes());
        scene.yi.committed();
    }
    let theirs = scene.yi.memberships.values().filter(|owner| **owner == jia).count();
    assert_eq!(theirs, limits::AUDIENCES_OF_ONE);
    let rows = scene.store.scan(Table::Audiences, &[], None, Order::Up, 200).unwrap().len();
    assert_eq!(rows, limits::AUDIENCES_OF_ONE + 1, "and the account's own");
}
