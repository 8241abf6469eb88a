#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use super::*;

fn table(count: u32, epoch: u64) -> Table<u64, u32> {
    Table::new((0..count).map(|entry| (entry, move |epoch| epoch * 1_000_000 + u64::from(entry))), epoch)
}

#[test]
fn every_entry_of_a_code_is_found() {
    let same = Table::new(["a", "b", "c"].map(|entry| (entry, move |epoch| if entry == "c" { 0 } else { epoch })), 10);
    assert_eq!(same.get(10).collect::<Vec<_>>(), [&"a", &"b"]);
    assert_eq!(same.get(0).collect::<Vec<_>>(), [&"c"]);
    assert_eq!(same.get(8).count(), 0);
    assert_eq!(same.get(12).count(), 0);
}

#[test]
fn time_has_ends() {
    assert_eq!(around(0).collect::<Vec<_>>(), [0, 1]);
    assert_eq!(around(7).collect::<Vec<_>>(), [6, 7, 8]);
    assert_eq!(around(u64::MAX).collect::<Vec<_>>(), [u64::MAX - 1, u64::MAX]);
}

#[test]
fn what_is_above_the_limit_is_left_out_and_counted() {
    let full = table(RECOGNISED as u32 + 3, 1);
    assert_eq!(full.left_out(), 3);
    assert_eq!(full.get(1_000_000 + RECOGNISED as u64 - 1).count(), 1);
    assert_eq!(full.get(1_000_000 + RECOGNISED as u64).count(), 0);
    assert_eq!(table(RECOGNISED as u32, 1).left_out(), 0);
}
