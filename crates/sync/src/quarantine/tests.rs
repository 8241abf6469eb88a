use lamplit_types::limits::{CLOCK_DRIFT_MS, DAY_MS};

use super::*;

const NOW: Wall = Wall(1_800_000_000_000);

fn at(wall: Wall, count: u32) -> Hlc {
    Hlc { wall, count }
}

#[test]
fn a_record_waits_if_clocks_cannot_have_drifted_so_far() {
    let edge = NOW.plus(CLOCK_DRIFT_MS);
    let table = [
        (at(Wall(0), 0), Time::Come),
        (at(NOW, u32::MAX), Time::Come),
        (at(edge, u32::MAX), Time::Come),
        (at(edge.plus(1), 0), Time::NotBefore(edge.plus(1))),
        (at(NOW.plus(365 * DAY_MS), 3), Time::NotBefore(NOW.plus(365 * DAY_MS))),
        (at(Wall(u64::MAX), u32::MAX), Time::NotBefore(Wall(u64::MAX))),
    ];
    for (clock, expected) in table {
        assert_eq!(time_of(clock, NOW), expected, "{clock:?}");
    }
}

#[test]
fn a_record_that_waited_until_its_time_need_not_wait_again() {
    for ahead in [CLOCK_DRIFT_MS + 1, DAY_MS, 365 * DAY_MS] {
        let clock = at(NOW.plus(ahead), 7);
        assert_eq!(time_of(clock, NOW), Time::NotBefore(clock.wall));
        assert_eq!(time_of(clock, clock.wall), Time::Come);
    }
}

#[test]
fn a_device_whose_own_clock_is_a_year_slow_lets_everything_wait() {
    let written = at(NOW, 0);
    assert_eq!(time_of(written, Wall(NOW.0 - 365 * DAY_MS)), Time::NotBefore(NOW));
}
