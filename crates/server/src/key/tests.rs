#![allow(clippy::unwrap_used, clippy::string_slice, clippy::panic, reason = "a test fails by panicking")]

use std::fs::Permissions;

use lamplit_tls::Identity;

use super::*;

#[test]
fn the_key_is_made_once_and_only_its_owner_may_read_it() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("new/data");
    assert!(matches!(load(&data), Err(KeyError::Missing(_))));
    assert!(look_for(&data).unwrap().is_none());
    let made = make(&data).unwrap();
    assert_eq!(look_for(&data).unwrap().unwrap().public(), made.public());
    assert_eq!(load(&data).unwrap().public(), made.public());
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&data.join(FILE)), 0o600);
    assert_eq!(mode(&data), 0o700);
    assert_eq!(fs::read_dir(&data).unwrap().count(), 1, "nothing else is left");
}

#[test]
fn a_key_that_others_may_read_or_that_is_none_is_not_used() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(FILE);
    make(dir.path()).unwrap();
    for mode in [0o640, 0o604] {
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        assert!(matches!(look_for(dir.path()), Err(KeyError::Open(_))));
    }
    fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
    let good = fs::read_to_string(&path).unwrap();
    for text in ["", "\n", &good[2..], &good.replace('\n', "aa"), &format!("!{}", &good[1..]), &"a".repeat(1000)] {
        fs::write(&path, text).unwrap();
        assert!(matches!(look_for(dir.path()), Err(KeyError::Damaged(_))), "{text}");
        assert_eq!(fs::read_to_string(&path).unwrap(), text, "it is never replaced");
    }
}
