#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use proptest::prelude::*;

use super::*;

const YEAR_MS: u64 = 365 * limits::DAY_MS;
const NOW: Wall = Wall(1_800_000_000_000);

const fn hlc(wall: u64, count: u32) -> Hlc {
    Hlc { wall: Wall(wall), count }
}

#[test]
fn times_stay_within_their_range() {
    assert_eq!(Mono(u64::MAX).plus(1), Mono(u64::MAX));
    assert_eq!(Wall(u64::MAX).plus(1), Wall(u64::MAX));
    assert_eq!(Mono(5).since(Mono(7)), 0);
    assert_eq!(Wall(7).since(Wall(5)), 2);
    assert_eq!(Wall(5).since(Wall(7)), 0);
}

#[test]
fn days_and_epochs_begin_where_they_should() {
    let table = [
        (0, 0, 0),
        (limits::EPOCH_MS - 1, 0, 0),
        (limits::EPOCH_MS, 0, 1),
        (limits::DAY_MS - 1, 0, 95),
        (limits::DAY_MS, 1, 96),
        // 2024-02-29 00:00 UTC.
        (1_709_164_800_000, 19_782, 1_899_072),
        (1_709_164_799_999, 19_781, 1_899_071),
    ];
    for (millis, day, epoch) in table {
        assert_eq!((Wall(millis).day(), Wall(millis).epoch()), (day, epoch), "{millis}");
    }
}

#[test]
fn a_day_beyond_counting_is_the_last() {
    let last = u64::from(u32::MAX) * limits::DAY_MS;
    assert_eq!(Wall(last - 1).day(), u32::MAX - 1);
    assert_eq!(Wall(last).day(), u32::MAX);
    assert_eq!(Wall(last + limits::DAY_MS).day(), u32::MAX);
    assert_eq!(Wall(u64::MAX).day(), u32::MAX);
}

#[test]
fn a_tick_follows_the_wall_clock_and_never_goes_back() {
    let table = [
        // The wall clock went on.
        (hlc(10, 9), 11, hlc(11, 0)),
        // It stands still.
        (hlc(10, 9), 10, hlc(10, 10)),
        // It was set back.
        (hlc(10, 9), 3, hlc(10, 10)),
        // The counter is full: the next millisecond is borrowed.
        (hlc(10, u32::MAX), 10, hlc(11, 0)),
        (hlc(10, u32::MAX), 3, hlc(11, 0)),
        (hlc(u64::MAX, u32::MAX - 1), 3, hlc(u64::MAX, u32::MAX)),
        // Nothing comes after this.
        (hlc(u64::MAX, u32::MAX), 3, hlc(u64::MAX, u32::MAX)),
    ];
    for (before, now, after) in table {
        assert_eq!(before.tick(Wall(now)), after, "{before:?} at {now}");
    }
}

#[test]
fn readings_are_ordered_by_time_and_then_by_count() {
    assert!(hlc(10, u32::MAX) < hlc(11, 0));
    assert!(hlc(10, 1) < hlc(10, 2));
}

#[test]
fn drift_is_allowed_up_to_the_limit() {
    let edge = NOW.plus(limits::CLOCK_DRIFT_MS);
    assert!(!Hlc { wall: edge, count: u32::MAX }.is_ahead_of(NOW));
    assert!(Hlc { wall: edge.plus(1), count: 0 }.is_ahead_of(NOW));
    assert!(!Hlc { wall: Wall(0), count: 0 }.is_ahead_of(NOW));
    // No overflow at the end of time.
    assert!(!Hlc { wall: Wall(u64::MAX), count: 0 }.is_ahead_of(Wall(u64::MAX - 1)));
}

#[test]
fn a_clock_a_year_fast_is_noticed_and_a_clock_a_year_slow_is_carried_along() {
    let right = Hlc::default().tick(NOW);
    let fast = Hlc::default().tick(NOW.plus(YEAR_MS));
    let slow = Hlc::default().tick(Wall(NOW.0 - YEAR_MS));
    assert!(fast.is_ahead_of(NOW));
    assert!(!slow.is_ahead_of(NOW));
    // Once it has seen a right clock, the slow one writes after it, though its wall clock is behind for a year.
    let mut clock = slow.witness(right);
    for _ in 0..1000 {
        let next = clock.tick(Wall(NOW.0 - YEAR_MS));
        assert!(next > clock && next > right && !next.is_ahead_of(NOW));
        clock = next;
    }
    // To the slow one, everything right comes from the future.
    assert!(right.is_ahead_of(Wall(NOW.0 - YEAR_MS)));
}

fn any_hlc() -> impl Strategy<Value = Hlc> {
    let edge = prop_oneof![0..4u64, (u64::MAX - 3)..=u64::MAX, any::<u64>()];
    let count = prop_oneof![0..3u32, (u32::MAX - 2)..=u32::MAX, any::<u32>()];
    (edge, count).prop_map(|(wall, count)| hlc(wall, count))
}

proptest! {
    #[test]
    fn a_tick_is_later_and_not_behind(before in any_hlc(), now: u64) {
        prop_assume!(before != hlc(u64::MAX, u32::MAX));
        let after = before.tick(Wall(now));
        prop_assert!(after > before);
        prop_assert!(after.wall >= Wall(now));
    }

    #[test]
    fn witnessing_is_taking_the_later(a in any_hlc(), b in any_hlc(), c in any_hlc()) {
        prop_assert_eq!(a.witness(b), b.witness(a));
        prop_assert_eq!(a.witness(b).witness(c), a.witness(b.witness(c)));
        prop_assert_eq!(a.witness(a), a);
        prop_assert!(a.witness(b) >= a && a.witness(b) >= b);
    }
}
