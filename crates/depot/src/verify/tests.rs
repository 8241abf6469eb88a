#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::path::PathBuf;

use redb::WriteTransaction;

use super::*;
use crate::Depot;
use crate::depot::tests::{EPOCH, account, append, spread};

/// A store with two spread rows and one group in the log, closed.
fn store(home: &Path) -> PathBuf {
    let path = home.join("depot.redb");
    let depot = Depot::open(&path, EPOCH).unwrap();
    depot.commit(vec![append(account(1), &[0xa5; 3000])]);
    spread(&depot);
    depot.commit(vec![append(account(1), b"logged")]);
    path
}

fn changed(path: &Path, change: impl FnOnce(&WriteTransaction)) {
    let database = builder().open(path).unwrap();
    let transaction = database.begin_write().unwrap();
    change(&transaction);
    transaction.commit().unwrap();
}

#[test]
fn a_sound_store_is_reported() {
    let home = tempfile::tempdir().unwrap();
    let path = store(home.path());
    let expected = Report { format: 1, epoch: EPOCH, rows: 2, groups: 1, faults: Vec::new() };
    assert_eq!(verify(&path).unwrap(), expected);
    let _depot = Depot::open(&path, EPOCH).unwrap();
    assert!(matches!(verify(&path), Err(OpenError::InUse { .. })));
    assert!(matches!(verify(&home.path().join("missing")), Err(OpenError::Missing(_))));
}

#[test]
fn a_backup_is_only_read() {
    let home = tempfile::tempdir().unwrap();
    let (path, backup) = (store(home.path()), home.path().join("backup"));
    Depot::open(&path, EPOCH).unwrap().backup(&backup).unwrap();
    let before = std::fs::read(&backup).unwrap();
    assert_eq!(verify(&backup).unwrap().rows, 2);
    assert!(std::fs::read(&backup).unwrap() == before);
    assert!(!home.path().join("backup.lock").exists());
    std::fs::write(home.path().join("empty"), "").unwrap();
    assert!(matches!(verify(&home.path().join("empty")), Err(OpenError::Corrupt { .. })));
}

#[test]
fn rows_and_groups_that_make_no_sense_are_told() {
    let home = tempfile::tempdir().unwrap();
    let path = store(home.path());
    changed(&path, |transaction| {
        transaction.open_table(ROWS).unwrap().insert(b"nowhere".as_slice(), b"".as_slice()).unwrap();
        let number = keys::number(&account(1));
        transaction.open_table(ROWS).unwrap().insert(number.as_slice(), b"short".as_slice()).unwrap();
        transaction.open_table(LOG).unwrap().insert(9, b"\xff".as_slice()).unwrap();
    });
    let faults = verify(&path).unwrap().faults;
    assert_eq!(
        faults,
        ["`log`: entry 9 cannot be read", "`rows`: row 0 from the first", "`rows`: row 2 from the first"]
    );
    assert!(matches!(Depot::open(&path, EPOCH), Err(OpenError::Corrupt { .. })));

    changed(&path, |transaction| {
        for number in 0..100_u64 {
            transaction.open_table(LOG).unwrap().insert(number, b"\xff".as_slice()).unwrap();
        }
    });
    assert_eq!(verify(&path).unwrap().faults.len(), limits::FAULTS);
}

#[test]
fn bytes_that_were_not_written_are_noticed() {
    let home = tempfile::tempdir().unwrap();
    let path = store(home.path());
    let mut bytes = std::fs::read(&path).unwrap();
    let place = bytes.windows(100).position(|window| window == [0xa5; 100]).unwrap();
    bytes[place] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    assert!(matches!(verify(&path), Err(OpenError::Corrupt { .. })));
}
