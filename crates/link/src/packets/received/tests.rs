#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

proptest! {
    #[test]
    fn agrees_with_a_set(numbers in prop::collection::vec(prop_oneof![0u64..90, 0u64..400], 1..200)) {
        let (mut received, mut set) = (Received::default(), BTreeSet::new());
        for number in numbers {
            let is_old = set.last().is_some_and(|&largest: &u64| largest.saturating_sub(number) > REPLAY_WINDOW);
            prop_assert_eq!(received.is_fresh(number), !is_old && !set.contains(&number));
            if received.is_fresh(number) {
                received.insert(Mono(0), number, true);
                set.insert(number);
            }
            let ack = received.untold().unwrap();
            for n in ack.largest.saturating_sub(REPLAY_WINDOW)..=ack.largest + 1 {
                prop_assert_eq!(ack.covers(n), set.contains(&n));
            }
        }
    }

    #[test]
    fn numbers_are_found_again(expected in any::<u64>(), off in -32_000i64..32_000) {
        let Some(number) = expected.checked_add_signed(off) else { return Ok(()) };
        prop_assert_eq!(full_number(number as u16, expected), number);
    }
}

#[test]
fn every_second_is_told_at_once_and_a_single_one_later() {
    let mut received = Received::default();
    received.insert(Mono(5), 0, true);
    assert!(!received.is_due());
    assert_eq!(received.deadline(), Some(Mono(5 + ACK_DELAY_MS)));
    received.on_deadline(Mono(5 + ACK_DELAY_MS));
    assert!(received.is_due());
    assert_eq!(received.deadline(), None);
    received.on_told();
    assert!(!received.is_due() && received.untold().is_none());

    received.insert(Mono(50), 1, true);
    received.insert(Mono(50), 2, true);
    assert!(received.is_due());
}

#[test]
fn a_gap_is_told_at_once_and_an_acknowledgement_never() {
    let mut received = Received::default();
    received.insert(Mono(0), 0, false);
    assert!(received.untold().is_none() && received.deadline().is_none());
    received.insert(Mono(0), 2, true);
    assert!(received.is_due());
    assert_eq!(received.untold(), Some(Ack { largest: 2, missing: 1 }));
}
