#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use super::*;

#[test]
fn a_lock_is_not_written_through_a_link() {
    let home = tempfile::tempdir().unwrap();
    let (path, mine) = (home.path().join("depot.redb"), home.path().join("mine"));
    std::fs::write(&mine, "a text").unwrap();
    std::os::unix::fs::symlink(&mine, home.path().join("depot.redb.lock")).unwrap();
    let error = lock(&path).unwrap_err().to_string();
    assert!(error.contains("symbolic link"), "{error}");
    assert_eq!(std::fs::read_to_string(&mine).unwrap(), "a text");
}

#[test]
fn a_file_takes_the_name_of_no_other_in_one_step_or_in_two() {
    let home = tempfile::tempdir().unwrap();
    let (from, to) = (home.path().join("from"), home.path().join("to"));
    for moves in [rename, move_by_link] {
        std::fs::write(&from, "new").unwrap();
        std::fs::write(&to, "old").unwrap();
        assert_eq!(moves(&from, &to).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(std::fs::read_to_string(&to).unwrap(), "old");
        std::fs::remove_file(&to).unwrap();
        moves(&from, &to).unwrap();
        assert_eq!(std::fs::read_to_string(&to).unwrap(), "new");
        assert!(!from.exists());
    }
}
