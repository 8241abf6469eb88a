#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod disk;

use std::cell::Cell;

use lamplit_node::{Order, Read, Row};
use proptest::prelude::*;
use proptest::sample::Index;
use redb::backends::InMemoryBackend;
use redb::{ReadableTable, WriteTransaction};

use super::*;
use crate::suite::{Model, same};
use disk::{Disk, Trouble};

fn put(table: Table, key: &[u8], value: &[u8]) -> Write {
    Write { table, key: key.to_vec(), value: Some(value.to_vec()) }
}

fn remove(table: Table, key: &[u8]) -> Write {
    Write { table, key: key.to_vec(), value: None }
}

fn on(disk: &Disk) -> Result<Store, OpenError> {
    Store::on_backend(Box::new(disk.clone()))
}

fn rows(store: &Store, table: Table) -> Vec<Row> {
    store.snapshot().unwrap().scan(table, b"", None, Order::Up, usize::MAX).unwrap()
}

/// Keys that are prefixes, neighbours and ends of each other.
fn keys() -> Vec<Vec<u8>> {
    let keys: [&[u8]; 9] =
        [b"", b"\x00", b"\x00\x00", b"\x01", b"\x01\xff", b"\x01\xff\xff", b"\x02", b"\xff", b"\xff\xff"];
    keys.iter().map(|key| key.to_vec()).collect()
}

fn batch() -> impl Strategy<Value = Vec<Write>> {
    let table = prop::sample::select(vec![Table::Device, Table::Contacts, Table::Log]);
    let value = prop::option::weighted(0.7, prop::collection::vec(any::<u8>(), 0..40));
    let write = (table, prop::sample::select(keys()), value);
    prop::collection::vec(write.prop_map(|(table, key, value)| Write { table, key, value }), 0..12)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn reads_like_the_model(batches in prop::collection::vec(batch(), 1..5)) {
        let store = Store::on_backend(Box::new(InMemoryBackend::new())).unwrap();
        let mut model = Model::default();
        let mut past = Vec::new();
        for batch in batches {
            past.push((store.snapshot().unwrap(), model.clone()));
            store.commit(batch.clone()).unwrap();
            model.commit(batch);
        }
        past.push((store.snapshot().unwrap(), model));
        for (snapshot, model) in &past {
            prop_assert_eq!(same(snapshot, model, &keys()), Ok(()));
        }
    }

    #[test]
    fn survives_power_cuts(
        lives in prop::collection::vec((prop::collection::vec(batch(), 0..3), batch(), 0..60_u64, any::<u64>()), 1..5)
    ) {
        let disk = Disk::default();
        drop(on(&disk).unwrap());
        let mut model = Model::default();
        for (safe, last, left, mut luck) in lives {
            let store = on(&disk).unwrap();
            for batch in safe {
                store.commit(batch.clone()).unwrap();
                model.commit(batch);
            }
            let mut after = model.clone();
            after.commit(last.clone());
            disk.trouble(Some(Trouble::Dead(left)));
            let committed = store.commit(last).is_ok();
            disk.trouble(Some(Trouble::Dead(0)));
            drop(store);
            disk.crash(|| {
                luck = luck.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                luck >> 63 == 0
            });
            let store = on(&disk).unwrap();
            let snapshot = store.snapshot().unwrap();
            let kept = same(&snapshot, &after, &keys()).is_ok();
            prop_assert!(kept || !committed, "a commit was lost");
            if kept {
                model = after;
            }
            prop_assert_eq!(same(&snapshot, &model, &keys()), Ok(()));
        }
    }

    #[test]
    fn notices_damage(at in any::<Index>(), bits in 1..=255_u8) {
        let (mut bytes, model) = sound();
        let at = at.index(bytes.len());
        bytes[at] ^= bits;
        let disk = Disk::with(bytes.clone());
        match on(&disk) {
            Ok(store) => prop_assert_eq!(same(&store.snapshot().unwrap(), &model, &keys()), Ok(())),
            Err(OpenError::Corrupt { .. }) => prop_assert_eq!(disk.bytes(), bytes),
            Err(other) => prop_assert!(false, "{other}"),
        }
    }

    #[test]
    fn notices_a_cut(at in any::<Index>()) {
        let (bytes, _) = sound();
        let cut = bytes[..1 + at.index(bytes.len() - 1)].to_vec();
        let disk = Disk::with(cut.clone());
        let refused = matches!(on(&disk), Err(OpenError::Corrupt { .. }));
        prop_assert!(refused, "a database cut to {} bytes was opened", cut.len());
        prop_assert_eq!(disk.bytes(), cut);
    }
}

/// A database that was closed in order, and what is in it.
fn sound() -> (Vec<u8>, Model) {
    let disk = Disk::default();
    let store = on(&disk).unwrap();
    let mut model = Model::default();
    for number in 0..40_u8 {
        let batch = vec![put(Table::Messages, &[number], &[number; 2000]), put(Table::Device, b"", &[number])];
        store.commit(batch.clone()).unwrap();
        model.commit(batch);
    }
    drop(store);
    (disk.bytes(), model)
}

#[test]
fn damage_anywhere_in_use_is_noticed() {
    let (bytes, _) = sound();
    let noticed = |at: usize| {
        let mut bytes = bytes.clone();
        bytes[at] ^= 0x40;
        matches!(on(&Disk::with(bytes)), Err(OpenError::Corrupt { .. }))
    };
    let row = bytes.windows(100).rposition(|window| window == [39; 100]).unwrap();
    assert!(noticed(row), "in a row");
    assert!(noticed(0), "in the first byte");
}

#[test]
fn is_there_after_being_closed() {
    let disk = Disk::default();
    let store = on(&disk).unwrap();
    store.commit([put(Table::Contacts, b"a", b"1"), put(Table::Contacts, b"b", b"2")]).unwrap();
    store
        .commit([remove(Table::Contacts, b"a"), put(Table::Contacts, b"b", b"3"), put(Table::Contacts, b"b", b"4")])
        .unwrap();
    drop(store);
    assert_eq!(rows(&on(&disk).unwrap(), Table::Contacts), [(b"b".to_vec(), b"4".to_vec())]);
}

#[test]
fn no_writes_touch_nothing() {
    let disk = Disk::default();
    let store = on(&disk).unwrap();
    disk.trouble(Some(Trouble::Dead(0)));
    store.commit([]).unwrap();
    assert!(store.commit([put(Table::Contacts, b"a", b"1")]).is_err());
}

#[test]
fn goes_on_when_a_full_disk_has_room_again() {
    let big = put(Table::Messages, b"big", &[7; 300_000]);
    let mut refused = 0;
    for left in 0.. {
        let disk = Disk::default();
        let store = on(&disk).unwrap();
        store.commit([put(Table::Contacts, b"a", b"1")]).unwrap();
        disk.trouble(Some(Trouble::Full(left)));
        match store.commit([big.clone(), remove(Table::Contacts, b"a")]) {
            Ok(()) => break,
            Err(CommitError::DiskFull) => refused += 1,
            Err(other) => panic!("{other}"),
        }
        disk.trouble(None);
        assert_eq!(rows(&store, Table::Contacts), [(b"a".to_vec(), b"1".to_vec())]);
        assert_eq!(rows(&store, Table::Messages), []);
        store.commit([big.clone()]).unwrap();
        assert_eq!(rows(&store, Table::Messages).len(), 1);
        drop(store);
        assert_eq!(rows(&on(&disk).unwrap(), Table::Messages).len(), 1);
    }
    assert!(refused > 3, "the disk was full {refused} times");
}

#[test]
fn fails_as_long_as_the_disk_does() {
    let disk = Disk::default();
    let store = on(&disk).unwrap();
    store.commit([put(Table::Contacts, b"a", b"1")]).unwrap();
    disk.trouble(Some(Trouble::Dead(0)));
    for _ in 0..3 {
        assert!(matches!(store.commit([put(Table::Contacts, b"a", b"2")]), Err(CommitError::Io(_))));
    }
    assert!(matches!(store.snapshot(), Err(ReadError::Storage(_))));
    disk.trouble(None);
    assert_eq!(rows(&store, Table::Contacts), [(b"a".to_vec(), b"1".to_vec())]);
}

const RENAMES_CONTACTS: Migration =
    Migration { what: "contacts get longer keys", run: |transaction| longer(transaction) };
const CLEARS_SEEN: Migration = Migration {
    what: "what was seen is forgotten",
    run: |transaction| {
        transaction.delete_table(format::rows(&format::name(Table::Seen)))?;
        Ok(())
    },
};
const FAILS: Migration = Migration {
    what: "half a migration, then a failure",
    run: |transaction| {
        longer(transaction)?;
        Err(redb::Error::Corrupted("no".to_owned()))
    },
};

fn longer(transaction: &WriteTransaction) -> Result<(), redb::Error> {
    let name = format::name(Table::Contacts);
    let mut table = transaction.open_table(format::rows(&name))?;
    let old: Vec<Row> = table
        .iter()?
        .map(|row| row.map(|(k, v)| (k.value().to_vec(), v.value().to_vec())))
        .collect::<Result<_, _>>()?;
    for (key, value) in old {
        table.remove(key.as_slice())?;
        table.insert([key.as_slice(), b"-longer"].concat().as_slice(), value.as_slice())?;
    }
    Ok(())
}

fn migrated(disk: &Disk, migrations: &[Migration]) -> Result<Store, OpenError> {
    Store::open_with(Source::Backend(Arc::new(disk.clone())), None, Content::Required, migrations)
}

#[test]
fn an_older_format_is_brought_up_step_by_step_and_once() {
    let disk = Disk::default();
    on(&disk).unwrap().commit([put(Table::Contacts, b"a", b"1"), put(Table::Seen, b"s", b"")]).unwrap();

    let one = migrated(&disk, &[RENAMES_CONTACTS]).unwrap();
    assert_eq!(rows(&one, Table::Contacts), [(b"a-longer".to_vec(), b"1".to_vec())]);
    assert_eq!(rows(&one, Table::Seen).len(), 1);
    drop(one);

    let two = migrated(&disk, &[RENAMES_CONTACTS, CLEARS_SEEN]).unwrap();
    assert_eq!(rows(&two, Table::Contacts), [(b"a-longer".to_vec(), b"1".to_vec())]);
    assert_eq!(rows(&two, Table::Seen), []);
    drop(two);

    let bytes = disk.bytes();
    let later = on(&disk);
    assert!(matches!(later, Err(OpenError::LaterFormat { found: 3, known: 1, .. })), "{later:?}");
    assert_eq!(disk.bytes(), bytes, "what a later version made was left as it was");
}

/// As a database is that was made before there was such a table.
#[test]
fn a_table_that_is_missing_is_made_and_the_rest_stays() {
    let disk = Disk::default();
    on(&disk).unwrap().commit([put(Table::Contacts, b"a", b"1")]).unwrap();
    let database = redb::Builder::new().create_with_backend(disk.clone()).unwrap();
    let transaction = database.begin_write().unwrap();
    assert!(transaction.delete_table(format::rows(&format::name(Table::Early))).unwrap());
    transaction.commit().unwrap();
    drop(database);

    let store = on(&disk).unwrap();
    assert_eq!(rows(&store, Table::Contacts), [(b"a".to_vec(), b"1".to_vec())]);
    store.commit([put(Table::Early, b"e", b"1")]).unwrap();
    assert_eq!(rows(&store, Table::Early).len(), 1);
}

#[test]
fn a_migration_that_fails_or_is_cut_off_changes_nothing() {
    let disk = Disk::default();
    on(&disk).unwrap().commit([put(Table::Contacts, b"a", b"1")]).unwrap();
    let old = [(b"a".to_vec(), b"1".to_vec())];
    assert!(migrated(&disk, &[FAILS]).is_err());
    assert_eq!(rows(&on(&disk).unwrap(), Table::Contacts), old);

    let outcomes = [Cell::new(0), Cell::new(0)];
    for left in 0..100 {
        let disk = Disk::with(disk.bytes());
        disk.trouble(Some(Trouble::Dead(left)));
        drop(migrated(&disk, &[RENAMES_CONTACTS]));
        disk.crash(|| true);
        match on(&disk) {
            Ok(store) => assert_eq!(rows(&store, Table::Contacts), old),
            Err(OpenError::LaterFormat { .. }) => {
                let store = migrated(&disk, &[RENAMES_CONTACTS]).unwrap();
                assert_eq!(rows(&store, Table::Contacts), [(b"a-longer".to_vec(), b"1".to_vec())]);
                outcomes[1].set(outcomes[1].get() + 1);
                continue;
            }
            Err(other) => panic!("{other}"),
        }
        outcomes[0].set(outcomes[0].get() + 1);
    }
    assert!(outcomes.iter().all(|count| count.get() > 0), "both before and after: {outcomes:?}");
}

#[test]
fn damaged_files_are_left_as_they_are() {
    let home = tempfile::tempdir().unwrap();
    let dir = DataDir::create(home.path()).unwrap();
    let (bytes, _) = sound();
    let random: Vec<u8> = (0..50_000_u32).map(|number| (number.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    for damaged in [&bytes[..bytes.len() / 2], &bytes[..100], &random, &[]] {
        std::fs::write(dir.database(), damaged).unwrap();
        let error = Store::open(&dir).unwrap_err();
        assert!(matches!(error, OpenError::Corrupt { .. }), "{error}");
        assert!(error.to_string().contains("Restore it from a backup"), "{error}");
        assert_eq!(std::fs::read(dir.database()).unwrap(), damaged);
    }
    std::fs::write(dir.database(), &bytes).unwrap();
    assert_eq!(rows(&Store::open(&dir).unwrap(), Table::Messages).len(), 40);
}

#[test]
fn no_database_is_no_device() {
    let home = tempfile::tempdir().unwrap();
    let dir = DataDir::create(home.path()).unwrap();
    let error = Store::open(&dir).unwrap_err();
    assert!(error.to_string().contains("lamplit init"), "{error}");
}
