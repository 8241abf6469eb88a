#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::fs::Permissions;

use super::*;

fn home() -> (tempfile::TempDir, DataDir) {
    let home = tempfile::tempdir().unwrap();
    let dir = DataDir::create(home.path()).unwrap();
    (home, dir)
}

#[test]
fn a_file_gives_back_what_was_kept() {
    let (_home, dir) = home();
    for secret in [&[][..], &[0, 255, 10], &[9; SECRET_MAX]] {
        let kept = keep(&dir, KeyringChoice::Never, secret).unwrap();
        assert_eq!(kept, Kept::File(dir.key()));
        let (found, place) = load(&dir).unwrap();
        assert_eq!((found.as_slice(), place), (secret, kept));
        assert_eq!(std::fs::metadata(dir.key()).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(!dir.fresh_key().exists());
    }
}

#[test]
fn too_long_a_secret_is_refused_and_the_old_one_stays() {
    let (_home, dir) = home();
    keep(&dir, KeyringChoice::Never, b"old").unwrap();
    let refused = keep(&dir, KeyringChoice::Never, &[1; SECRET_MAX + 1]);
    assert!(matches!(refused, Err(KeyError::TooLong(257))));
    assert_eq!(load(&dir).unwrap().0.as_slice(), b"old");
}

#[test]
fn a_file_that_others_may_read_is_refused() {
    let (_home, dir) = home();
    keep(&dir, KeyringChoice::Never, b"secret").unwrap();
    for bits in [0o640, 0o604, 0o620, 0o601] {
        std::fs::set_permissions(dir.key(), Permissions::from_mode(bits)).unwrap();
        let error = load(&dir).unwrap_err();
        assert!(matches!(error, KeyError::Open { mode, .. } if mode == bits), "{error}");
        assert!(error.to_string().contains("chmod 600"), "{error}");
    }
    std::fs::set_permissions(dir.key(), Permissions::from_mode(0o400)).unwrap();
    assert_eq!(load(&dir).unwrap().0.as_slice(), b"secret");
}

#[test]
fn a_leftover_that_others_may_read_does_not_open_the_next_one() {
    let (_home, dir) = home();
    std::fs::write(dir.fresh_key(), "left").unwrap();
    std::fs::set_permissions(dir.fresh_key(), Permissions::from_mode(0o666)).unwrap();
    keep(&dir, KeyringChoice::Never, b"secret").unwrap();
    assert_eq!(load(&dir).unwrap().0.as_slice(), b"secret");
}

#[test]
fn a_missing_or_damaged_file_is_told_apart() {
    let (_home, dir) = home();
    assert!(matches!(load(&dir), Err(KeyError::Missing(_))));
    keep(&dir, KeyringChoice::Never, &[5; 96]).unwrap();
    let whole = std::fs::read(dir.key()).unwrap();
    for cut in 0..whole.len() {
        std::fs::write(dir.key(), &whole[..cut]).unwrap();
        assert!(matches!(load(&dir), Err(KeyError::Damaged(_))), "cut to {cut}");
    }
    for at in 0..whole.len() {
        let mut damaged = whole.clone();
        damaged[at] ^= 1;
        std::fs::write(dir.key(), &damaged).unwrap();
        assert!(matches!(load(&dir), Err(KeyError::Damaged(_))), "flipped at {at}");
    }
    std::fs::write(dir.key(), vec![b'a'; 1 << 20]).unwrap();
    assert!(matches!(load(&dir), Err(KeyError::Damaged(_))));
}

#[test]
fn choices_are_read_as_they_are_written() {
    for choice in [KeyringChoice::Auto, KeyringChoice::Always, KeyringChoice::Never] {
        assert_eq!(choice.to_string().parse(), Ok(choice));
    }
    assert!("maybe".parse::<KeyringChoice>().is_err());
}
