use super::*;

const NOW: Wall = Wall(1_800_000_000_000);

fn hlc(wall: u64, count: u32) -> Hlc {
    Hlc { wall: Wall(wall), count }
}

#[test]
fn a_horizon_lies_as_far_back_as_deletions_are_kept() {
    assert_eq!(at(NOW, KEEP_DELETIONS_MS), hlc(NOW.0 - 90 * DAY_MS, 0));
    assert_eq!(at(NOW, 0), hlc(NOW.0, 0));
    assert_eq!(at(Wall(5), 6), hlc(0, 0));
}

#[test]
fn a_deletion_is_forgotten_when_it_is_older_than_the_horizon() {
    let horizon = hlc(100, 0);
    assert!(may_forget(hlc(99, u32::MAX), horizon));
    assert!(!may_forget(hlc(100, 0), horizon));
    assert!(!may_forget(hlc(100, 1), horizon));
}

#[test]
fn who_was_away_since_before_the_horizon_may_have_missed_something() {
    let horizon = hlc(100, 0);
    assert!(was_away_too_long(Wall(99), horizon));
    assert!(!was_away_too_long(Wall(100), horizon));
    // Nothing was forgotten yet: nobody missed anything.
    assert!(!was_away_too_long(Wall(0), Hlc::default()));
}

#[test]
fn nothing_that_was_deleted_and_forgotten_can_be_said_again() {
    // What a deletion ended was written before it, or at the same time.
    for horizon in [hlc(0, 0), hlc(100, 0), hlc(100, 7)] {
        for deleted in (95..105).flat_map(|wall| [hlc(wall, 0), hlc(wall, 7), hlc(wall, 9)]) {
            if may_forget(deleted, horizon) {
                assert!(!outlives_absence(deleted, horizon), "{deleted:?} under {horizon:?}");
            }
        }
        assert!(outlives_absence(horizon, horizon), "what is as young as the horizon still counts");
    }
}
