#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use lamplit_types::{Mono, limits::DAY_MS};

use super::*;

const MINUTE: u64 = 60 * 1000;

/// A time of this device: the time of day is so many minutes after noon of some day, if nobody sets the clock.
const fn at(minutes: u64) -> Now {
    Now { mono: Mono(minutes * MINUTE), wall: Wall(1_000 * DAY_MS + minutes * MINUTE) }
}

fn account(number: u8) -> AccountId {
    AccountId::from_bytes([number; 16])
}

/// Others whose clocks were ahead of this one by so many minutes.
fn met(ahead: &[i64]) -> Clocks {
    let mut clocks = Clocks::default();
    for (number, ahead) in (0..).zip(ahead) {
        let theirs = at(0).wall.0.saturating_add_signed(ahead * 60 * 1000);
        assert!(clocks.keep(account(number), Shown { at: at(0), theirs: Some(Wall(theirs)) }));
    }
    clocks
}

#[test]
fn what_most_others_show_decides() {
    let stand = |ahead: &[i64]| met(ahead).stand(at(7));
    assert_eq!(stand(&[]), ClockStand::Unknown);
    assert_eq!(stand(&[4, -4, 1]), ClockStand::Agrees { others: 3 });
    assert_eq!(stand(&[-90]), ClockStand::Ahead { millis: 90 * MINUTE, others: 1 });
    assert_eq!(stand(&[90]), ClockStand::Behind { millis: 90 * MINUTE, others: 1 });
    // One of two says nothing against this clock; two of three do.
    assert_eq!(stand(&[90, 0]), ClockStand::Agrees { others: 2 });
    assert_eq!(stand(&[90, 0, 100]), ClockStand::Behind { millis: 100 * MINUTE, others: 3 });
    assert_eq!(stand(&[-90, 90, 0]), ClockStand::Agrees { others: 3 });
    // One whose clock is years off changes nothing of by how much.
    assert_eq!(stand(&[-60, -61, -9_000_000]), ClockStand::Ahead { millis: 61 * MINUTE, others: 3 });
}

#[test]
fn a_clock_that_was_set_since_is_taken_as_it_is() {
    let clocks = met(&[-120]);
    let set_right = Now { wall: Wall(at(30).wall.0 - 120 * MINUTE), ..at(30) };
    assert_eq!(clocks.stand(at(30)), ClockStand::Ahead { millis: 120 * MINUTE, others: 1 });
    assert_eq!(clocks.stand(set_right), ClockStand::Agrees { others: 1 });
    let mut clocks = Clocks::default();
    assert!(clocks.keep(account(1), Shown { at: at(0), theirs: None }));
    assert_eq!(clocks.stand(at(30)), ClockStand::Disputed);
    assert_eq!(clocks.stand(set_right), ClockStand::Unknown);
}

#[test]
fn what_is_no_news_is_not_told_again() {
    let mut clocks = met(&[10]);
    let shows = |ahead: i64| Shown { at: at(60), theirs: Some(Wall(at(60).wall.0.saturating_add_signed(ahead))) };
    let minute = 60 * 1000;
    assert!(!clocks.keep(account(0), shows(10 * minute + 500)), "half a second is the way");
    assert!(!clocks.keep(account(0), Shown { at: at(60), theirs: None }), "what is known is better than a dispute");
    assert!(clocks.keep(account(0), shows(20 * minute)));
    assert!(clocks.keep(account(1), Shown { at: at(60), theirs: None }));
    assert!(!clocks.keep(account(1), Shown { at: at(61), theirs: None }));
}

#[test]
fn beyond_the_limit_another_one_is_forgotten() {
    let mut clocks = Clocks::default();
    for number in 0..u16::try_from(limits::CLOCKS).unwrap() + 9 {
        let mut id = [0; 16];
        id[..2].copy_from_slice(&number.to_be_bytes());
        assert!(clocks.keep(AccountId::from_bytes(id), Shown { at: at(0), theirs: Some(at(0).wall) }));
    }
    assert_eq!(clocks.stand(at(0)), ClockStand::Agrees { others: limits::CLOCKS });
}
