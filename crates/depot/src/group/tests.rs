#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use lamplit_types::AccountId;

use super::*;

#[test]
fn an_entry_is_read_as_it_was_written() {
    let partition = Partition::Account(AccountId::from_bytes([7; 16]));
    let there = Rows::from([
        (keys::number(&partition), Some(vec![0; 8])),
        (keys::row(&partition, b"a"), Some(Vec::new())),
        (keys::row(&partition, b"b"), None),
    ]);
    let bytes = entry(&there).unwrap();
    assert_eq!(rows(&bytes), Some(there));
    for length in 0..bytes.len() {
        assert_eq!(rows(&bytes[..length]), None, "cut to {length} bytes");
    }
}

#[test]
fn an_entry_with_a_key_that_leads_nowhere_is_damaged() {
    assert_eq!(rows(&entry(&Rows::from([(b"nowhere".to_vec(), None)])).unwrap()), None);
}
