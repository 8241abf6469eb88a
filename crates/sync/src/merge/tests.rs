#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::collections::BTreeMap;

use lamplit_types::{AccountId, AudienceId, Incarnation, SpaceId, Wall};
use lamplit_wire::{Chain, Kind, SetId, Tag};
use proptest::prelude::*;

use super::*;

fn at(wall: u64) -> Hlc {
    Hlc { wall: Wall(wall), count: 0 }
}

fn device(number: u8) -> DeviceId {
    DeviceId::from_bytes([number; 32])
}

fn author(number: u8) -> Author {
    Author { device: device(number), incarnation: Incarnation(1) }
}

fn value(born: u64, clock: u64, origin: u8, hash: u8) -> Existing {
    let stamp = Stamp { born: at(born), clock: at(clock), origin: device(origin), hash: [hash; 32] };
    Existing { stamp, key: KeyId::default(), author: author(origin) }
}

const fn under(key: u32, existing: Existing) -> Existing {
    Existing { key: KeyId { generation: key, day: 0 }, ..existing }
}

fn by(number: u8, existing: Existing) -> Existing {
    Existing { author: author(number), ..existing }
}

#[test]
fn the_later_value_wins() {
    let table = [
        ("a later birth", value(2, 2, 1, 1), value(1, 9, 9, 9)),
        ("a later clock", value(1, 3, 1, 1), value(1, 2, 9, 9)),
        ("equal clocks: the greater device", value(1, 2, 2, 1), value(1, 2, 1, 9)),
        ("equal clocks, one device, different bodies: the greater hash", value(1, 2, 1, 2), value(1, 2, 1, 1)),
    ];
    for (why, winner, loser) in table {
        assert_eq!(field(Some(loser), None, winner), Verdict::Take, "{why}");
        assert_eq!(field(Some(winner), None, loser), Verdict::Keep, "{why}, the other way round");
        // The key it is sealed with has no say in that.
        assert_eq!(field(Some(under(9, winner)), None, loser), Verdict::Keep, "{why}");
        assert_eq!(field(Some(winner), None, under(9, loser)), Verdict::Keep, "{why}");
    }
}

#[test]
fn a_count_decides_within_a_millisecond() {
    let counted = |count| {
        let mut existing = value(1, 5, 1, 1);
        existing.stamp.clock.count = count;
        existing
    };
    assert_eq!(field(Some(counted(1)), None, counted(2)), Verdict::Take);
    assert_eq!(field(Some(counted(2)), None, counted(1)), Verdict::Keep);
}

#[test]
fn a_reseal_changes_the_copy_and_not_the_value() {
    let sealed = value(1, 2, 1, 1);
    for (decide, what) in [(field_over as fn(_, _) -> _, "a field"), (deletion_over, "a deletion")] {
        assert_eq!(decide(sealed, sealed), Verdict::Keep, "{what}, the same again");
        assert_eq!(decide(sealed, under(1, sealed)), Verdict::Reseal, "{what}");
        assert_eq!(decide(under(1, sealed), sealed), Verdict::Keep, "{what}");
        assert_eq!(decide(sealed, by(2, sealed)), Verdict::Reseal, "{what} by the greater author");
        assert_eq!(decide(by(2, sealed), sealed), Verdict::Keep, "{what} by the greater author");
        assert_eq!(decide(under(1, sealed), by(2, sealed)), Verdict::Keep, "{what}: the key goes first");
    }
}

fn field_over(existing: Existing, incoming: Existing) -> Verdict {
    field(Some(existing), None, incoming)
}

fn deletion_over(existing: Existing, incoming: Existing) -> Verdict {
    deletion(Some(existing), incoming)
}

#[test]
fn a_deletion_ends_what_is_older_and_what_is_concurrent() {
    let table = [
        ("born before, edited before", value(4, 4, 1, 1), Verdict::Dead),
        ("born before, edited after", value(4, 9, 1, 1), Verdict::Dead),
        ("born at the same time", value(5, 5, 1, 1), Verdict::Dead),
        ("born after", value(6, 6, 1, 1), Verdict::Take),
    ];
    for (why, incoming, expected) in table {
        assert_eq!(field(None, Some(at(5)), incoming), expected, "{why}");
    }
    // It is also void beside a value of a new birth.
    assert_eq!(field(Some(value(6, 6, 1, 1)), Some(at(5)), value(4, 9, 1, 1)), Verdict::Dead);
}

#[test]
fn of_two_deletions_the_later_counts() {
    assert_eq!(deletion(None, value(1, 5, 1, 1)), Verdict::Take);
    assert_eq!(deletion(Some(value(1, 5, 1, 1)), value(1, 6, 1, 1)), Verdict::Take);
    assert_eq!(deletion(Some(value(1, 6, 1, 1)), value(1, 5, 9, 9)), Verdict::Keep);
    assert_eq!(deletion(Some(value(1, 5, 1, 1)), value(1, 5, 2, 1)), Verdict::Take);
    // When the thing was created is no matter.
    assert_eq!(deletion(Some(value(1, 6, 1, 1)), value(9, 5, 1, 1)), Verdict::Keep);
}

#[test]
fn a_stamp_is_what_is_written_in_the_record() {
    let body = RecordBody {
        set: SetId {
            space: SpaceId::Account(AccountId::from_bytes([1; 16])),
            audience: AudienceId::from_bytes([2; 16]),
        },
        key: KeyId { generation: 3, day: 4 },
        tag: Tag([5; 16]),
        author: author(6),
        seq: 7,
        chain: Chain([8; 16]),
        clock: at(20),
        origin: device(9),
        sealed: Default::default(),
    };
    let entry = Entry { kind: Kind::Contact, entity: [1; 16], field: 1, born: at(10), value: Value::Gone };
    let stamp = Stamp::of(&body, &entry, b"plaintext");
    assert_eq!((stamp.born, stamp.clock, stamp.origin), (at(10), at(20), device(9)));
    assert_eq!(stamp.hash, *blake3::hash(b"plaintext").as_bytes());
    // Sealed again, by another device under another key, it is the same value.
    let again = RecordBody { key: KeyId { generation: 4, day: 0 }, author: author(1), seq: 1, ..body.clone() };
    assert_eq!(Stamp::of(&again, &entry, b"plaintext"), stamp);
    assert_ne!(Stamp::of(&body, &entry, b"Plaintext"), stamp);
    assert!(is_deletion(&entry));
    assert!(!is_deletion(&Entry { value: Value::Set(Default::default()), ..entry }));
}

/// One entity as a replica holds it: what the rows of a database would say.
#[derive(Clone, Debug, Default, PartialEq)]
struct Replica {
    fields: BTreeMap<u8, Existing>,
    grave: Option<Existing>,
}

#[derive(Clone, Copy, Debug)]
enum Write {
    Field(u8, Existing),
    Deletion(Existing),
}

impl Replica {
    fn of(writes: &[Write]) -> Self {
        let mut replica = Self::default();
        writes.iter().for_each(|write| replica.take(*write));
        replica
    }

    fn take(&mut self, write: Write) {
        match write {
            Write::Field(name, incoming) => {
                let grave = self.grave.map(|grave| grave.stamp.clock);
                let verdict = field(self.fields.get(&name).copied(), grave, incoming);
                if matches!(verdict, Verdict::Take | Verdict::Reseal) {
                    self.fields.insert(name, incoming);
                }
            }
            Write::Deletion(incoming) => {
                let verdict = deletion(self.grave, incoming);
                if matches!(verdict, Verdict::Take | Verdict::Reseal) {
                    self.grave = Some(incoming);
                }
                self.fields.retain(|_, value| value.stamp.born > self.grave.unwrap().stamp.clock);
            }
        }
    }

    /// Everything it holds, as another replica would hear of it.
    fn writes(&self) -> Vec<Write> {
        let fields = self.fields.iter().map(|(name, value)| Write::Field(*name, *value));
        fields.chain(self.grave.map(Write::Deletion)).collect()
    }

    fn merged(&self, other: &Self) -> Self {
        let mut merged = self.clone();
        other.writes().into_iter().for_each(|write| merged.take(write));
        merged
    }
}

/// What a set of writes comes to, said without regard to any order.
fn outcome(writes: &[Write]) -> Replica {
    let rank = |value: &Existing| (value.stamp, value.key, value.author);
    let grave = writes.iter().filter_map(|write| match write {
        Write::Deletion(value) => Some(*value),
        Write::Field(..) => None,
    });
    let grave =
        grave.max_by_key(|value| (value.stamp.clock, value.stamp.origin, value.stamp.hash, value.key, value.author));
    let mut fields: BTreeMap<u8, Existing> = BTreeMap::new();
    for write in writes {
        let Write::Field(name, value) = write else { continue };
        let alive = grave.is_none_or(|grave| value.stamp.born > grave.stamp.clock);
        if alive && fields.get(name).is_none_or(|best| rank(best) < rank(value)) {
            fields.insert(*name, *value);
        }
    }
    Replica { fields, grave }
}

/// From so small a world that ties are common.
fn any_value() -> impl Strategy<Value = Existing> {
    (0..4u64, 0..3u64, 0..2u8, 0..2u8, 0..2u32, 0..2u8).prop_map(|(born, later, origin, hash, key, author)| {
        by(author, under(key, value(born, born + later, origin, hash)))
    })
}

fn any_write() -> impl Strategy<Value = Write> {
    prop_oneof![
        3 => (0..2u8, any_value()).prop_map(|(name, value)| Write::Field(name, value)),
        // A deletion has no birth of its own.
        1 => any_value().prop_map(|mut value| {
            value.stamp.born = at(0);
            Write::Deletion(value)
        }),
    ]
}

fn any_writes() -> impl Strategy<Value = Vec<Write>> {
    proptest::collection::vec(any_write(), 0..12)
}

/// The same writes in two orders, the second one with some of them twice.
fn in_two_orders() -> impl Strategy<Value = (Vec<Write>, Vec<Write>)> {
    any_writes().prop_flat_map(|writes| {
        let doubled: Vec<Write> = writes.iter().chain(writes.iter().step_by(2)).copied().collect();
        (Just(writes), Just(doubled).prop_shuffle())
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn the_order_and_number_of_arrivals_do_not_matter((once, doubled) in in_two_orders()) {
        prop_assert_eq!(Replica::of(&once), outcome(&once));
        prop_assert_eq!(Replica::of(&doubled), outcome(&once));
    }

    #[test]
    fn merging_replicas_is_commutative_associative_and_idempotent(a in any_writes(), b in any_writes(), c in any_writes()) {
        let all: Vec<Write> = [a.clone(), b.clone(), c.clone()].concat();
        let (a, b, c) = (Replica::of(&a), Replica::of(&b), Replica::of(&c));
        prop_assert_eq!(a.merged(&b), b.merged(&a));
        prop_assert_eq!(a.merged(&b).merged(&c), a.merged(&b.merged(&c)));
        prop_assert_eq!(a.merged(&a), a.clone());
        prop_assert_eq!(a.merged(&b).merged(&c), outcome(&all));
    }

    #[test]
    fn nothing_deleted_comes_back(before in any_writes(), after in any_writes(), deleted in 0..8u64) {
        let grave = Write::Deletion(value(0, deleted, 1, 1));
        let replica = Replica::of(&[before, vec![grave], after].concat());
        for value in replica.fields.values() {
            prop_assert!(value.stamp.born > at(deleted), "{:?} outlived {}", value, deleted);
        }
    }
}
