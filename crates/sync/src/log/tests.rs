#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use lamplit_types::{Hlc, Wall, limits::DELTA_RECORDS};
use lamplit_wire::{Chain, Tag};
use proptest::prelude::*;

use super::*;
use crate::fixture::{author, delta, log, replaced};

const START: Head = Head { seq: 0, chain: Chain([0; 16]) };

#[test]
fn a_good_delta_is_followed_to_its_end() {
    let entries = log(author(1), START, 10, 0);
    let middle = entries[3].head();
    assert_eq!(follow(START, &delta(author(1), START, &entries)), Ok(entries[9].head()));
    assert_eq!(follow(middle, &delta(author(1), middle, &entries[4..])), Ok(entries[9].head()));
    // Nothing to tell is no fault.
    assert_eq!(follow(middle, &delta(author(1), middle, &[])), Ok(middle));
}

#[test]
fn a_full_delta_is_followed() {
    let entries = log(author(1), START, DELTA_RECORDS, 0);
    assert_eq!(follow(START, &delta(author(1), START, &entries)).unwrap().seq, DELTA_RECORDS as u64);
}

#[test]
fn a_delta_from_elsewhere_is_not_taken() {
    let entries = log(author(1), START, 10, 0);
    let (here, there) = (entries[3].head(), entries[5].head());
    let later = delta(author(1), there, &entries[6..]);
    assert_eq!(follow(here, &later), Err(DeltaError::Elsewhere { begins: 6, here: 4 }));
    let earlier = delta(author(1), START, &entries);
    assert_eq!(follow(here, &earlier), Err(DeltaError::Elsewhere { begins: 0, here: 4 }));
}

#[test]
fn another_history_is_noticed() {
    let (one, other) = (log(author(1), START, 5, 1), log(author(1), START, 8, 2));
    let there = other[4].head();
    assert_eq!(follow(one[4].head(), &delta(author(1), there, &other[5..])), Err(DeltaError::Forked { at: 5 }));
    // Even at the very start, where there is only one history.
    let nowhere = Head { seq: 0, chain: Chain([1; 16]) };
    assert_eq!(follow(START, &delta(author(1), nowhere, &one)), Err(DeltaError::Forked { at: 0 }));
}

type Change = fn(&mut lamplit_wire::RecordBody);

#[test]
fn every_change_of_a_record_breaks_the_chain() {
    let good = log(author(1), START, 5, 0);
    let changes: [(&str, Change); 9] = [
        ("tag", |body| body.tag = Tag([1; 16])),
        ("clock", |body| body.clock = Hlc { wall: Wall(1), count: 0 }),
        ("count", |body| body.clock.count += 1),
        ("origin", |body| body.origin = author(9).device),
        ("sealed", |body| body.sealed = vec![9].try_into().unwrap()),
        ("chain", |body| body.chain = Chain([9; 16])),
        ("author", |body| body.author = author(9)),
        ("set", |body| body.set.audience = lamplit_types::AudienceId::from_bytes([9; 16])),
        ("seq", |body| body.seq += 1),
    ];
    for (what, change) in changes {
        for at in 0..good.len() {
            let mut entries = good.clone();
            let LogEntry::Live(record) = &mut entries[at] else { panic!("all are live") };
            change(&mut record.body);
            let expected = Err(DeltaError::Broken { at: at as u64 + 1 });
            assert_eq!(follow(START, &delta(author(1), START, &entries)), expected, "{what} of record {at}");
        }
    }
}

#[test]
fn a_gap_a_repetition_and_a_swap_are_noticed() {
    let good = log(author(1), START, 5, 0);
    for live in [true, false] {
        let good: Vec<LogEntry> = if live { good.clone() } else { good.iter().map(replaced).collect() };
        let mut gap = good.clone();
        gap.remove(2);
        assert_eq!(follow(START, &delta(author(1), START, &gap)), Err(DeltaError::Broken { at: 3 }));
        let mut twice = good.clone();
        twice.insert(2, good[1].clone());
        assert_eq!(follow(START, &delta(author(1), START, &twice)), Err(DeltaError::Broken { at: 3 }));
        let mut swapped = good.clone();
        swapped.swap(2, 3);
        assert_eq!(follow(START, &delta(author(1), START, &swapped)), Err(DeltaError::Broken { at: 3 }));
    }
}

#[test]
fn a_made_up_place_is_found_out_at_the_next_record() {
    let mut entries = log(author(1), START, 5, 0);
    entries[2] = LogEntry::Replaced { seq: 3, chain: Chain([9; 16]) };
    assert_eq!(follow(START, &delta(author(1), START, &entries)), Err(DeltaError::Broken { at: 4 }));
}

#[test]
fn nothing_follows_the_last_number() {
    let last = Head { seq: u64::MAX, chain: Chain([1; 16]) };
    let again = LogEntry::Replaced { seq: u64::MAX, chain: Chain([2; 16]) };
    assert_eq!(follow(last, &delta(author(1), last, &[again])), Err(DeltaError::Broken { at: u64::MAX }));
    let before = Head { seq: u64::MAX - 1, ..last };
    let end = LogEntry::Replaced { seq: u64::MAX, chain: Chain([2; 16]) };
    assert_eq!(follow(before, &delta(author(1), before, &[end])), Ok(Head { seq: u64::MAX, chain: Chain([2; 16]) }));
}

#[test]
fn errors_say_where() {
    assert_eq!(
        DeltaError::Elsewhere { begins: 6, here: 4 }.to_string(),
        "a delta begins at 6 where 4 is the last known"
    );
    assert_eq!(DeltaError::Forked { at: 5 }.to_string(), "two histories of one log differ at 5");
    assert_eq!(DeltaError::Broken { at: 3 }.to_string(), "a delta does not hold together at 3");
}

proptest! {
    #[test]
    fn whatever_was_replaced_the_end_is_the_same(
        count in 1..30usize,
        gone in proptest::collection::vec(any::<bool>(), 30),
        cut: prop::sample::Index,
    ) {
        let mut entries = log(author(1), START, count, 0);
        for (entry, gone) in entries.iter_mut().zip(gone) {
            if gone {
                *entry = replaced(entry);
            }
        }
        // In one piece or in two.
        let end = entries.last().unwrap().head();
        prop_assert_eq!(follow(START, &delta(author(1), START, &entries)), Ok(end));
        let (first, second) = entries.split_at(cut.index(count + 1));
        let middle = follow(START, &delta(author(1), START, first)).unwrap();
        prop_assert_eq!(follow(middle, &delta(author(1), middle, second)), Ok(end));
    }
}
