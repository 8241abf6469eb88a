#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use lamplit_types::limits::DELTA_RECORDS;

use super::*;
use crate::{record::Chain, samples};

/// A piece of which these entries count.
fn delta(counts: impl IntoIterator<Item = bool>) -> Delta {
    let entries = counts.into_iter().map(|counts| match counts {
        true => LogEntry::Live(Box::new(samples::record())),
        false => LogEntry::Replaced { seq: 1, chain: Chain([0; 16]) },
    });
    let entries = entries.collect::<Vec<_>>().try_into().unwrap();
    Delta { set: samples::set(), author: samples::author(), after: Head::default(), entries }
}

#[test]
fn each_entry_that_counts_has_its_bit() {
    assert_eq!(live(&delta([])), 0);
    assert_eq!(live(&delta([true, false, true, true])), 0b1101);
    assert_eq!(live(&delta([true; DELTA_RECORDS])), u64::MAX);
    assert_eq!(live(&delta((1..=DELTA_RECORDS).map(|entry| entry == DELTA_RECORDS))), 1 << 63);
}

#[test]
fn a_mark_tells_lists_apart() {
    let [ada, grace] = [AccountId::from_bytes([1; 16]), AccountId::from_bytes([2; 16])];
    assert_eq!(MembersMark::of([]), MembersMark::default());
    let marks = [MembersMark::of([&ada]), MembersMark::of([&grace]), MembersMark::of([&ada, &grace])];
    assert!(marks.iter().enumerate().all(|(at, mark)| !marks.iter().skip(at + 1).any(|other| other == mark)));
    assert!(!marks.contains(&MembersMark::default()));
    assert_eq!(MembersMark::of([&ada]), MembersMark::of(&[ada]));
}
