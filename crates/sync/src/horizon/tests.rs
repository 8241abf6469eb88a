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
fn what_the_others_have_followed_a_log_up_to_they_have_seen() {
    assert!(was_seen(7, 7));
    assert!(was_seen(1, 7));
    assert!(!was_seen(8, 7));
    assert!(!was_seen(1, 0), "of an author they never heard of");
}
