#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::os::unix::fs::PermissionsExt;

use tempfile::TempDir;

use super::*;

#[test]
fn what_is_written_down_is_its_owners_alone_and_replaces_what_was_there() {
    let dir = TempDir::new().unwrap();
    assert!(matches!(WebAddress::read(dir.path()), Err(AddressError::None)));
    // Left by a daemon that died while it wrote, open to all.
    fs::write(dir.path().join(FRESH), "old").unwrap();
    fs::set_permissions(dir.path().join(FRESH), fs::Permissions::from_mode(0o644)).unwrap();
    for port in [4300, 4301] {
        let address = WebAddress { port, token: Token::new().unwrap() };
        address.write(dir.path()).unwrap();
        let path = dir.path().join(FILE);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let read = WebAddress::read(dir.path()).unwrap();
        assert_eq!((read.url(), read.expose_token()), (address.url(), address.expose_token()));
        assert!(!format!("{read:?}").contains(read.expose_token()));
    }
    WebAddress::remove(dir.path()).unwrap();
    WebAddress::remove(dir.path()).unwrap();
    assert!(matches!(WebAddress::read(dir.path()), Err(AddressError::None)));
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[test]
fn what_no_daemon_writes_is_no_address() {
    let dir = TempDir::new().unwrap();
    let token = "ab".repeat(32);
    for text in [
        String::new(),
        "{}".to_owned(),
        format!(r#"{{"url":"ws://evil.example:4300/","token":"{token}"}}"#),
        format!(r#"{{"url":"ws://127.0.0.1:66000/","token":"{token}"}}"#),
        r#"{"url":"ws://127.0.0.1:4300/","token":"short"}"#.to_owned(),
    ] {
        fs::write(dir.path().join(FILE), &text).unwrap();
        assert!(matches!(WebAddress::read(dir.path()), Err(AddressError::Garbled(_))), "{text}");
    }
}
