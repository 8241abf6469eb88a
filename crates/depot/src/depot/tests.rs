#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

pub(crate) mod disk;

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;

use lamplit_service::suite::{Fixture, at_once};
use lamplit_service::{Change, Expect};
use lamplit_types::AccountId;
use redb::WriteTransaction;
use redb::backends::InMemoryBackend;
use tempfile::TempDir;

use super::*;
use disk::{Disk, Trouble};

pub(crate) const EPOCH: Epoch = Epoch([1, 2, 3, 4, 5, 6, 7, 8]);

pub(crate) fn in_memory() -> Depot {
    Depot::on_backend(Box::new(InMemoryBackend::new()), EPOCH).unwrap()
}

fn on(disk: &Disk) -> Result<Depot, OpenError> {
    Depot::on_backend(Box::new(disk.clone()), EPOCH)
}

pub(crate) fn account(number: u32) -> Partition {
    let mut bytes = [0; 16];
    bytes[..4].copy_from_slice(&number.to_be_bytes());
    Partition::Account(AccountId::from_bytes(bytes))
}

pub(crate) fn put(partition: Partition, key: &[u8], value: &[u8]) -> Batch {
    batch(partition, Change::Put { key: key.to_vec(), value: value.to_vec() })
}

pub(crate) fn remove(partition: Partition, key: &[u8]) -> Batch {
    batch(partition, Change::Remove { key: key.to_vec() })
}

pub(crate) fn append(partition: Partition, value: &[u8]) -> Batch {
    batch(partition, Change::Append { prefix: b"f".to_vec(), value: value.to_vec() })
}

fn batch(partition: Partition, change: Change) -> Batch {
    Batch { partition, expects: Vec::new(), changes: vec![change] }
}

/// All rows, through the front door.
pub(crate) fn rows(depot: &Depot) -> BTreeMap<(Partition, Vec<u8>), Vec<u8>> {
    let partitions = at_once(depot.partitions(None, usize::MAX)).unwrap();
    let rows = partitions.into_iter().flat_map(|partition| {
        let rows = at_once(depot.scan(&partition, b"", None, usize::MAX)).unwrap();
        rows.into_iter().map(move |(key, value)| ((partition, key), value))
    });
    rows.collect()
}

pub(crate) fn get(depot: &Depot, partition: Partition, key: &[u8]) -> Option<Vec<u8>> {
    at_once(depot.get(&partition, key)).unwrap()
}

pub(crate) fn spread(depot: &Depot) {
    while depot.spread().unwrap() {}
}

/// What is in the tables, however it is shown: keys of rows, numbers of groups.
pub(crate) fn on_disk(depot: &Depot) -> (Vec<Vec<u8>>, Vec<u64>) {
    let all = depot.handle.snapshot().unwrap();
    let rows = all.open_table(ROWS).unwrap();
    let rows = rows.iter().unwrap().map(|row| row.unwrap().0.value().to_vec()).collect();
    let log = all.open_table(LOG).unwrap();
    (rows, log.iter().unwrap().map(|entry| entry.unwrap().0.value()).collect())
}

/// A life of a store between two steps of the suite.
struct Stores(fn(Depot) -> Depot);

impl Fixture for Stores {
    type Store = Depot;

    fn fresh(&self) -> Depot {
        in_memory()
    }

    fn between(&self, store: Depot) -> Depot {
        (self.0)(store)
    }
}

mod left_alone {
    use super::*;
    lamplit_service::store_suite!(Stores(|store| store), at_once);
}

mod spread_after_each_step {
    use super::*;
    lamplit_service::store_suite!(
        Stores(|store| {
            spread(&store);
            store
        }),
        at_once
    );
}

mod spread_in_parts_of_one_row {
    use super::*;

    /// Between any two steps one part, which is less than what waits: so the layers are of all ages.
    struct Parts;

    impl Fixture for Parts {
        type Store = Depot;

        fn fresh(&self) -> Depot {
            Depot { portion: Portion { rows: 1, groups: 1 }, ..in_memory() }
        }

        fn between(&self, store: Depot) -> Depot {
            store.spread().unwrap();
            store
        }
    }

    lamplit_service::store_suite!(Parts, at_once);
}

mod opened_again_after_each_step {
    use super::*;

    fn again(store: Depot) -> Depot {
        // Every other time some of it is spread.
        if store.writer().next.is_multiple_of(2) {
            store.spread().unwrap();
        }
        let Source::Backend(backend) = store.handle.source() else { panic!("it is in memory") };
        let source = Source::Backend(backend.clone());
        drop(store);
        Depot::open_with(source, None, MIGRATIONS, Epoch([0; 8])).unwrap()
    }

    lamplit_service::store_suite!(Stores(again), at_once);
}

mod in_a_file {
    use super::*;

    /// Files in one directory, which goes with the fixture.
    struct Files(TempDir);

    impl Fixture for Files {
        type Store = Depot;

        fn fresh(&self) -> Depot {
            let names = std::fs::read_dir(self.0.path()).unwrap().count();
            Depot::open(&self.0.path().join(format!("{names}.redb")), EPOCH).unwrap()
        }
    }

    lamplit_service::store_suite!(Files(tempfile::tempdir().unwrap()), at_once);
}

#[test]
fn batches_of_a_group_see_those_before_them() {
    let depot = in_memory();
    let (a, b) = (account(1), account(2));
    let none = |key: &[u8]| vec![Expect::Row { key: key.to_vec(), value: None }];
    let taken = Batch { expects: none(b"name"), ..put(a, b"name", b"second") };
    let group = vec![
        Batch { expects: none(b"name"), ..put(a, b"name", b"first") },
        append(a, b"1"),
        taken.clone(),
        Batch { expects: none(b"name"), ..put(b, b"name", b"neighbour") },
        Batch {
            expects: vec![Expect::Row { key: b"name".to_vec(), value: Some(b"first".to_vec()) }],
            ..append(a, b"2")
        },
        taken,
    ];
    let unexpected = || Err(ApplyError::Unexpected(0));
    let applied = |last| Ok(Applied { last });
    let expected = vec![applied(0), applied(1), unexpected(), applied(0), applied(2), unexpected()];
    assert_eq!(depot.commit(group), expected);
    assert_eq!(get(&depot, a, b"name").unwrap(), b"first");
    assert_eq!(get(&depot, b, b"name").unwrap(), b"neighbour");
    assert_eq!(on_disk(&depot), (vec![], vec![1]), "one entry of the log, and nothing else");
    assert_eq!(depot.commit(Vec::new()), []);
}

#[test]
fn a_group_that_changes_nothing_writes_nothing() {
    let disk = Disk::default();
    let depot = on(&disk).unwrap();
    disk.trouble(Some(Trouble::Dead(0)));
    let expects = vec![Expect::Row { key: Vec::new(), value: Some(Vec::new()) }];
    let group = vec![Batch { expects, ..put(account(1), b"", b"") }];
    assert_eq!(depot.commit(group), [Err(ApplyError::Unexpected(0))]);
    assert!(depot.commit(vec![put(account(1), b"", b"")])[0].is_err());
}

#[test]
fn a_store_keeps_its_life_and_a_new_one_takes_what_it_is_given() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("depot.redb");
    let depot = Depot::open(&path, EPOCH).unwrap();
    assert_eq!(depot.epoch(), EPOCH);
    depot.commit(vec![put(account(1), b"a", b"1")]);
    drop(depot);
    let depot = Depot::open(&path, Epoch([9; 8])).unwrap();
    assert_eq!((depot.epoch(), rows(&depot).len()), (EPOCH, 1));
}

#[test]
fn only_the_owner_reads_the_file_and_one_process_has_it() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("depot.redb");
    let depot = Depot::open(&path, EPOCH).unwrap();
    for entry in std::fs::read_dir(home.path()).unwrap() {
        let entry = entry.unwrap();
        assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{entry:?}");
    }
    let error = Depot::open(&path, EPOCH).unwrap_err();
    let said = error.to_string();
    assert!(matches!(error, OpenError::InUse { pid: Some(pid), .. } if pid == std::process::id()), "{said}");
    assert!(said.contains("stop the other process"), "{said}");
    drop(depot);
    Depot::open(&path, EPOCH).unwrap();
}

#[test]
fn what_was_left_of_making_a_store_is_no_store() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("depot.redb");
    std::fs::write(home.path().join("depot.redb.new"), "half a store").unwrap();
    assert_eq!(Depot::open(&path, EPOCH).unwrap().epoch(), EPOCH);
    let names: Vec<_> = std::fs::read_dir(home.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names.len(), 2, "{names:?}");
}

/// A file that only its owner may read.
fn write(path: &Path, bytes: &[u8]) {
    std::fs::write(path, bytes).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
}

#[test]
fn what_is_no_store_is_refused_and_left_as_it_is() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("depot.redb");
    write(&path, &[7; 10_000]);
    let error = Depot::open(&path, EPOCH).unwrap_err();
    assert!(matches!(error, OpenError::Corrupt { .. }), "{error}");
    assert_eq!(std::fs::read(&path).unwrap(), [7; 10_000]);
}

#[test]
fn every_acknowledged_group_survives_a_power_cut_whole() {
    for seed in 0..150_u64 {
        let mut luck = Luck(seed);
        let disk = Disk::default();
        drop(on(&disk).unwrap());
        let mut model = BTreeMap::new();
        for life in 0..4 {
            let depot = Depot { portion: Portion { rows: 3, groups: 2 }, ..on(&disk).unwrap() };
            assert_eq!(rows(&depot), model, "seed {seed}, life {life}");
            disk.trouble(Some(Trouble::Dead(40 + luck.below(200))));
            let mut torn = None;
            for _ in 0..12 {
                if luck.below(3) == 0 {
                    // It may fail; what is shown stays.
                    let _ = depot.spread();
                }
                let (group, after) = luck.group(&model);
                if depot.commit(group).iter().any(Result::is_err) {
                    torn = Some(after);
                    break;
                }
                model = after;
            }
            disk.trouble(Some(Trouble::Dead(0)));
            drop(depot);
            disk.crash(|| luck.below(2) == 0);
            let depot = on(&disk).unwrap();
            let there = rows(&depot);
            if torn.as_ref() == Some(&there) {
                model = there;
            } else {
                assert_eq!(there, model, "seed {seed}, life {life}");
            }
        }
    }
}

/// Draws that are the same for the same seed.
struct Luck(u64);

type Shown = BTreeMap<(Partition, Vec<u8>), Vec<u8>>;

impl Luck {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }

    /// A group, and what is there after it.
    fn group(&mut self, before: &Shown) -> (Vec<Batch>, Shown) {
        let mut after = before.clone();
        let group = (0..1 + self.below(4)).map(|_| {
            let (partition, key) = (account(self.below(3) as u32), vec![self.below(6) as u8]);
            if self.below(3) == 0 {
                after.remove(&(partition, key.clone()));
                remove(partition, &key)
            } else {
                let value = vec![self.below(256) as u8; self.below(900) as usize];
                after.insert((partition, key.clone()), value.clone());
                put(partition, &key, &value)
            }
        });
        (group.collect(), after)
    }
}

#[test]
fn a_full_disk_refuses_the_whole_group_and_loses_nothing() {
    let big = || vec![put(account(2), b"big", &[7; 300_000]), remove(account(1), b"a"), append(account(1), b"x")];
    let mut refused = 0;
    for left in 0.. {
        let disk = Disk::default();
        let depot = on(&disk).unwrap();
        depot.commit(vec![put(account(1), b"a", b"1")])[0].as_ref().unwrap();
        let before = rows(&depot);
        disk.trouble(Some(Trouble::Full(left)));
        let answers = depot.commit(big());
        if answers.iter().all(Result::is_ok) {
            break;
        }
        assert_eq!(answers, vec![Err(ApplyError::Full); 3]);
        refused += 1;
        assert_eq!(rows(&depot), before, "while it is full");
        disk.trouble(None);
        assert_eq!(rows(&depot), before);
        assert_eq!(depot.commit(big())[2], Ok(Applied { last: 1 }), "no number was used up");
        drop(depot);
        let after = rows(&on(&disk).unwrap());
        assert_eq!(after.len(), 2);
    }
    assert!(refused > 3, "the disk was full {refused} times");
}

#[test]
fn a_full_disk_spreads_nothing_and_loses_nothing() {
    let mut refused = 0;
    for left in 0.. {
        let disk = Disk::default();
        let depot = on(&disk).unwrap();
        for number in 0..40 {
            depot.commit(vec![put(account(number), b"a", &[7; 3000])])[0].as_ref().unwrap();
        }
        let before = rows(&depot);
        disk.trouble(Some(Trouble::Full(left)));
        let spread_now = || loop {
            match depot.spread() {
                Ok(true) => {}
                other => return other,
            }
        };
        if spread_now().is_ok() {
            break;
        }
        refused += 1;
        assert_eq!(rows(&depot), before, "while it is full");
        disk.trouble(None);
        depot.commit(vec![remove(account(3), b"a"), put(account(4), b"a", b"new")]);
        spread(&depot);
        assert_eq!(on_disk(&depot).1, [], "all is spread");
        drop(depot);
        let after = rows(&on(&disk).unwrap());
        assert_eq!(after.len(), 39);
        assert_eq!(after[&(account(4), b"a".to_vec())], b"new");
    }
    assert!(refused > 3, "the disk was full {refused} times");
}

#[test]
fn a_commit_is_two_syncs_however_much_is_in_it_and_one_more_where_the_file_grows() {
    let disk = Disk::default();
    let depot = on(&disk).unwrap();
    let (mut grown, mut not_grown) = (0, 0);
    for many in [1, 200].into_iter().cycle().take(20) {
        let before = (disk.syncs(), disk.len().unwrap());
        let answers = depot.commit((0..many).map(|number| append(account(number), &[7; 500])).collect());
        assert!(answers.iter().all(Result::is_ok));
        let grows = disk.len().unwrap() > before.1;
        assert_eq!(disk.syncs() - before.0, if grows { 3 } else { 2 }, "{many} batches");
        *if grows { &mut grown } else { &mut not_grown } += 1;
    }
    assert!(grown > 0 && not_grown > grown, "{grown} of 20");
    let before = disk.syncs();
    depot.commit(Vec::new());
    assert_eq!(disk.syncs(), before, "nothing is written where nothing changes");
}

#[test]
fn a_store_that_others_may_read_is_not_opened() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("depot.redb");
    drop(Depot::open(&path, EPOCH).unwrap());
    let set = |mode| std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
    for mode in [0o640, 0o602] {
        set(mode);
        assert!(matches!(Depot::open(&path, EPOCH), Err(OpenError::Exposed(_))), "{mode:o}");
    }
    set(0o600);
    assert!(Depot::open(&path, EPOCH).is_ok());
}

#[test]
fn a_disk_that_fails_stops_neither_what_is_shown_nor_what_comes_after_it() {
    let disk = Disk::default();
    let depot = on(&disk).unwrap();
    depot.commit(vec![put(account(1), b"a", b"1")])[0].as_ref().unwrap();
    spread(&depot);
    disk.trouble(Some(Trouble::Dead(0)));
    for _ in 0..3 {
        let answers = depot.commit(vec![put(account(1), b"a", b"2")]);
        assert!(matches!(answers[..], [Err(ApplyError::Storage(_))]), "{answers:?}");
    }
    disk.trouble(Some(Trouble::Blind));
    assert!(matches!(at_once(depot.get(&account(9), b"a")), Err(StoreError::Storage(_))));
    disk.trouble(None);
    assert_eq!(get(&depot, account(1), b"a").unwrap(), b"1");
    depot.commit(vec![put(account(1), b"a", b"3")])[0].as_ref().unwrap();
    drop(depot);
    assert_eq!(get(&on(&disk).unwrap(), account(1), b"a").unwrap(), b"3");
}

/// The last sync of a commit fails after all was written: whoever looks at the file finds the group there.
#[test]
fn a_group_that_failed_last_of_all_is_replaced_by_the_next() {
    let mut found = 0;
    for left in 0..60 {
        for spreads in [false, true] {
            let disk = Disk::default();
            let depot = on(&disk).unwrap();
            depot.commit(vec![put(account(1), b"a", b"1"), append(account(1), b"one")]);
            disk.trouble(Some(Trouble::Dead(left)));
            if depot.commit(vec![put(account(1), b"a", b"failed"), append(account(1), b"failed")])[0].is_ok() {
                continue;
            }
            disk.trouble(None);
            assert_eq!(get(&depot, account(1), b"a").unwrap(), b"1");
            found += usize::from(on_disk(&depot).1 == [1, 2]);
            if spreads {
                spread(&depot);
            } else {
                assert_eq!(depot.commit(vec![append(account(1), b"two")]), [Ok(Applied { last: 2 })]);
            }
            let expected = rows(&depot);
            drop(depot);
            assert_eq!(rows(&on(&disk).unwrap()), expected, "after {left}");
        }
    }
    assert!(found > 0, "no failed group was found in the file");
}

#[test]
fn groups_of_several_threads_are_all_applied_and_never_out_of_sight() {
    let depot = in_memory();
    let commits = || {
        for _ in 0..50 {
            let group = vec![append(account(1), b"x"), append(account(2), b"y")];
            assert!(depot.commit(group).iter().all(Result::is_ok));
            // Waits for whoever reads: on one core it would come too late.
            std::thread::yield_now();
        }
    };
    std::thread::scope(|scope| {
        let threads = [0; 4].map(|_| scope.spawn(commits));
        let ended = || threads.iter().all(|thread| thread.is_finished());
        scope.spawn(|| {
            for _ in 0..100 {
                depot.spread().unwrap();
            }
        });
        let mut seen = 0;
        while !ended() {
            let now = at_once(depot.scan(&account(1), b"f", None, usize::MAX)).unwrap().len();
            assert!(now >= seen, "{now} rows after {seen}");
            seen = now;
        }
    });
    let next = vec![append(account(1), b""), append(account(2), b"")];
    assert_eq!(depot.commit(next), vec![Ok(Applied { last: 201 }); 2]);
}

const DOUBLES: Migration = Migration { what: "every row is there twice", run: |transaction| twice(transaction) };
const FAILS: Migration = Migration {
    what: "half a migration, then a failure",
    run: |transaction| {
        twice(transaction)?;
        Err(redb::Error::Corrupted("no".to_owned()))
    },
};

fn twice(transaction: &WriteTransaction) -> Result<(), redb::Error> {
    let mut table = transaction.open_table(ROWS)?;
    let rows: Vec<Row> = table
        .iter()?
        .map(|row| row.map(|(key, value)| (key.value().to_vec(), value.value().to_vec())))
        .collect::<Result<_, _>>()?;
    for (key, value) in rows {
        table.insert([key.as_slice(), b"-again"].concat().as_slice(), value.as_slice())?;
    }
    Ok(())
}

#[test]
fn an_older_format_is_brought_up_and_a_later_one_is_refused() {
    let disk = Disk::default();
    let depot = on(&disk).unwrap();
    depot.commit(vec![put(account(1), b"a", b"1")]);
    spread(&depot);
    drop(depot);
    let open = |migrations| Depot::open_with(Source::Backend(Arc::new(disk.clone())), None, migrations, Epoch([0; 8]));
    open(&[FAILS]).unwrap_err();
    assert_eq!(rows(&open(&[]).unwrap()).len(), 1, "a migration that failed did nothing");
    let depot = open(&[DOUBLES]).unwrap();
    assert_eq!((rows(&depot).len(), depot.epoch()), (2, EPOCH));
    drop(depot);
    assert_eq!(rows(&open(&[DOUBLES]).unwrap()).len(), 2, "it runs once");
    let error = open(&[]).unwrap_err();
    assert!(matches!(error, OpenError::LaterFormat { found: 2, known: 1, .. }), "{error}");
    assert!(error.to_string().contains("update"), "{error}");
}

/// `testdata/format-1.redb` was written by the first version, its last group not spread.
#[test]
fn the_first_format_goes_on_opening() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("depot.redb");
    write(&path, include_bytes!("../testdata/format-1.redb"));
    let depot = Depot::open(&path, Epoch([0; 8])).unwrap();
    assert_eq!(depot.epoch(), EPOCH);
    let fed = |number: u64, value: &[u8]| ((account(1), lamplit_service::numbered(b"f", number)), value.to_vec());
    let expected =
        BTreeMap::from([fed(1, b"spread"), fed(3, b"logged"), ((account(2), b"list".to_vec()), b"two".to_vec())]);
    assert_eq!(rows(&depot), expected);
    assert_eq!(depot.commit(vec![append(account(1), b"")]), [Ok(Applied { last: 4 })]);
}

/// Makes the file above.
fn format_1(path: &Path) {
    let depot = Depot::open(path, EPOCH).unwrap();
    depot.commit(vec![append(account(1), b"spread"), append(account(1), b"gone"), put(account(2), b"list", b"one")]);
    spread(&depot);
    depot.commit(vec![
        append(account(1), b"logged"),
        remove(account(1), &lamplit_service::numbered(b"f", 2)),
        put(account(2), b"list", b"two"),
    ]);
}

#[test]
fn what_this_version_writes_opens_to_the_same_as_the_kept_file() {
    let home = tempfile::tempdir().unwrap();
    let (kept, made) = (home.path().join("kept.redb"), home.path().join("made.redb"));
    write(&kept, include_bytes!("../testdata/format-1.redb"));
    format_1(&made);
    if let Some(path) = std::env::var_os("LAMPLIT_WRITE_FORMAT") {
        std::fs::copy(&made, path).unwrap();
    }
    let content = |path| {
        let depot = Depot::open(path, EPOCH).unwrap();
        let all = depot.handle.snapshot().unwrap();
        let log = all
            .open_table(LOG)
            .unwrap()
            .iter()
            .unwrap()
            .map(|entry| entry.unwrap().1.value().to_vec())
            .collect::<Vec<_>>();
        (on_disk(&depot), log)
    };
    assert_eq!(content(&kept), content(&made));
}
