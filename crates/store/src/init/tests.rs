#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use lamplit_node::{Read, Table};

use super::*;

const SECRET: &[u8] = &[3; 96];

fn home() -> (tempfile::TempDir, DataDir) {
    let home = tempfile::tempdir().unwrap();
    let dir = DataDir::create(home.path()).unwrap();
    (home, dir)
}

fn row() -> Write {
    Write { table: Table::Device, key: Vec::new(), value: Some(b"me".to_vec()) }
}

fn make(dir: &DataDir) -> Result<(Store, Kept), InitError> {
    init(dir, KeyringChoice::Never, SECRET, [row()])
}

fn is_whole(dir: &DataDir) {
    let store = Store::open(dir).unwrap();
    assert_eq!(store.snapshot().unwrap().get(Table::Device, b"").unwrap(), Some(b"me".to_vec()));
    assert_eq!(keys::load(dir).unwrap().0.as_slice(), SECRET);
    assert!(!dir.fresh_database().exists());
}

#[test]
fn makes_database_and_key_for_their_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let (_home, dir) = home();
    let (store, kept) = make(&dir).unwrap();
    assert_eq!(kept, Kept::File(dir.key()));
    assert_eq!(std::fs::metadata(dir.database()).unwrap().permissions().mode() & 0o777, 0o600);
    drop(store);
    is_whole(&dir);
}

#[test]
fn a_second_device_is_refused_and_the_first_stays() {
    let (_home, dir) = home();
    drop(make(&dir).unwrap());
    let again = init(&dir, KeyringChoice::Never, b"other", []);
    assert!(matches!(again, Err(InitError::AlreadyThere(_))));
    is_whole(&dir);
}

#[test]
fn whatever_a_killed_init_left_is_made_anew() {
    for unfinished in [&b""[..], b"half a database"] {
        for key in [false, true] {
            let (_home, dir) = home();
            if key {
                drop(make(&dir).unwrap());
                std::fs::remove_file(dir.database()).unwrap();
            }
            std::fs::write(dir.fresh_database(), unfinished).unwrap();
            std::fs::write(dir.fresh_key(), "half a key").unwrap();
            assert!(matches!(Store::open(&dir), Err(OpenError::NoSuchDevice(_))));
            drop(make(&dir).unwrap());
            is_whole(&dir);
        }
    }
}

#[test]
fn a_key_whose_database_is_gone_is_not_overwritten() {
    let (_home, dir) = home();
    drop(make(&dir).unwrap());
    std::fs::rename(dir.database(), dir.path().join("elsewhere")).unwrap();
    let error = init(&dir, KeyringChoice::Never, b"other", []).unwrap_err();
    assert!(matches!(error, InitError::KeyOfAnother(_)), "{error}");
    std::fs::rename(dir.path().join("elsewhere"), dir.database()).unwrap();
    is_whole(&dir);
}

#[test]
fn a_key_that_cannot_be_kept_makes_no_device() {
    let (_home, dir) = home();
    let refused = init(&dir, KeyringChoice::Never, &[0; 1000], [row()]);
    assert!(matches!(refused, Err(InitError::Key(KeyError::TooLong(1000)))));
    assert!(matches!(Store::open(&dir), Err(OpenError::NoSuchDevice(_))));
    drop(make(&dir).unwrap());
    is_whole(&dir);
}
