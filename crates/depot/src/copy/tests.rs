#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::sync::atomic::{AtomicBool, Ordering};

use lamplit_service::Store;
use lamplit_service::suite::at_once;

use super::*;
use crate::depot::tests::{EPOCH, account, append, put, rows, spread};
use crate::{Depot, verify};

const OTHER: Epoch = Epoch([9; 8]);

#[test]
fn a_backup_while_commits_go_on_is_of_one_moment() {
    let home = tempfile::tempdir().unwrap();
    let depot = Depot::open(&home.path().join("depot.redb"), EPOCH).unwrap();
    let ended = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let _ends = Ends(&ended);
        scope.spawn(|| {
            while !ended.load(Ordering::Relaxed) {
                // One after the other: no moment has a later row without all before it, or one partition far ahead.
                depot.commit(vec![append(account(1), &[7; 2000]), append(account(2), b"")])[0].as_ref().unwrap();
                depot.spread().unwrap();
            }
        });
        for number in 0..8 {
            let to = home.path().join(format!("backup-{number}"));
            depot.backup(&to).unwrap();
            let mode = std::fs::metadata(&to).unwrap().permissions().mode() & 0o777;
            let report = verify(&to).unwrap();
            let copy = Depot::open(&to, OTHER).unwrap();
            let count = |partition| at_once(copy.scan(&account(partition), b"", None, usize::MAX)).unwrap();
            let (ones, twos) = (count(1), count(2));
            assert_eq!(ones.len(), twos.len());
            let last = ones.last().map_or(0, |(key, _)| lamplit_service::number_of(key).unwrap());
            assert_eq!(last, ones.len() as u64, "none is missing");
            assert_eq!((mode, report.faults.len(), copy.epoch()), (0o600, 0, EPOCH));
        }
    });
}

/// Says so when it is dropped, also by a panic.
struct Ends<'e>(&'e AtomicBool);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn a_backup_replaces_nothing_that_is_there() {
    let home = tempfile::tempdir().unwrap();
    let (path, to) = (home.path().join("depot.redb"), home.path().join("backup"));
    let depot = Depot::open(&path, EPOCH).unwrap();
    std::fs::write(&to, "an older one").unwrap();
    depot.commit(vec![put(account(1), b"spread", b"1")]);
    spread(&depot);
    depot.commit(vec![put(account(1), b"logged", b"2")]);
    std::os::unix::fs::symlink(home.path().join("nowhere"), home.path().join("link")).unwrap();
    for taken in [&to, &path, &home.path().join("link")] {
        assert!(matches!(depot.backup(taken), Err(CopyError::Exists(_))));
    }
    assert_eq!(std::fs::read_to_string(&to).unwrap(), "an older one");
    std::fs::remove_file(&to).unwrap();
    depot.backup(&to).unwrap();
    assert_eq!(rows(&Depot::open(&to, OTHER).unwrap()), rows(&depot));
    assert!(depot.backup(&home.path().join("nowhere/backup")).is_err());
    assert!(depot.commit(vec![put(account(1), b"a", b"")])[0].is_ok());
}

#[test]
fn a_restored_store_has_the_rows_and_another_life() {
    let home = tempfile::tempdir().unwrap();
    let (backup, to) = (home.path().join("backup"), home.path().join("restored.redb"));
    let depot = Depot::open(&home.path().join("depot.redb"), EPOCH).unwrap();
    depot.commit(vec![append(account(1), b"1"), append(account(1), b"2")]);
    spread(&depot);
    depot.commit(vec![append(account(1), b"3")]);
    depot.backup(&backup).unwrap();
    let before = std::fs::read(&backup).unwrap();
    restore(&backup, &to, OTHER).unwrap();
    assert!(std::fs::read(&backup).unwrap() == before, "the backup is as it was");

    let restored = Depot::open(&to, Epoch([0; 8])).unwrap();
    assert_eq!((restored.epoch(), rows(&restored)), (OTHER, rows(&depot)));
    assert_eq!(restored.commit(vec![append(account(1), b"4")])[0].as_ref().unwrap().last, 4);
    drop(restored);
    assert!(matches!(restore(&backup, &to, EPOCH), Err(CopyError::Exists(_))));
    assert_eq!(Depot::open(&to, EPOCH).unwrap().epoch(), OTHER);
}

#[test]
fn what_root_restores_belongs_to_whoever_has_the_directory_and_a_backup_to_who_makes_it() {
    let home = tempfile::tempdir().unwrap();
    let (backup, data) = (home.path().join("backup"), home.path().join("data"));
    std::fs::create_dir(&data).unwrap();
    // Another user's, as that of a service is, if it is root who runs this.
    let _ = std::os::unix::fs::chown(&data, Some(61_234), Some(61_234));
    let who =
        |path: &Path| std::fs::metadata(path).map(|found| (found.uid(), found.gid(), found.mode() & 0o777)).unwrap();
    let (user, group, _) = who(&data);
    Depot::open(&data.join("made.redb"), EPOCH).unwrap().backup(&backup).unwrap();
    restore(&backup, &data.join("depot.redb"), OTHER).unwrap();
    for file in ["made.redb", "made.redb.lock", "depot.redb", "depot.redb.lock"] {
        assert_eq!(who(&data.join(file)), (user, group, 0o600), "{file}");
    }
    assert_eq!(who(&backup).0, who(home.path()).0);
    Depot::open(&data.join("made.redb"), EPOCH).unwrap().backup(&data.join("backup")).unwrap();
    assert_eq!(who(&data.join("backup")).0, who(home.path()).0);
}

#[test]
fn what_is_no_backup_is_not_restored() {
    let home = tempfile::tempdir().unwrap();
    let (path, to) = (home.path().join("depot.redb"), home.path().join("restored.redb"));
    let depot = Depot::open(&path, EPOCH).unwrap();
    let in_use = restore(&path, &to, OTHER);
    assert!(matches!(in_use, Err(CopyError::Open(OpenError::InUse { .. }))), "{in_use:?}");
    let missing = restore(&home.path().join("missing"), &to, OTHER);
    assert!(matches!(missing, Err(CopyError::Open(OpenError::Missing(_)))), "{missing:?}");
    std::fs::write(home.path().join("text"), "a text").unwrap();
    let text = restore(&home.path().join("text"), &to, OTHER);
    assert!(matches!(text, Err(CopyError::Open(OpenError::Corrupt { .. }))), "{text:?}");
    assert!(!to.exists());
    drop(depot);
}
