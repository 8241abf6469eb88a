use super::*;

const NOW: Mono = Mono(1_000);

#[test]
fn packets_in_any_order_leave_nothing_to_ask_for() {
    let mut packets = Packets::default();
    for number in [1, 3, 2, 2, 6, 5, 4, 1] {
        packets.came(number, NOW);
    }
    assert_eq!((packets.have, packets.deadline()), (6, None));
}

#[test]
fn what_stays_away_is_asked_for_once() {
    let mut packets = Packets::default();
    packets.came(1, NOW);
    packets.came(3, NOW);
    let due = NOW.plus(limits::PACKET_LATE_MS);
    assert_eq!((packets.have, packets.deadline()), (1, Some(due)));
    packets.came(4, due);
    assert_eq!(packets.deadline(), Some(due), "it waits no longer for that");
    packets.is_asked = true;
    packets.again = due.plus(limits::PACKETS_PAUSE_MS);
    packets.came(6, due);
    assert_eq!(packets.deadline(), None, "the answer is under way");
    packets.all_came(5, due);
    assert_eq!((packets.have, packets.deadline()), (6, None));
    packets.came(8, due);
    assert_eq!(packets.deadline(), Some(packets.again), "not all the time");
}

#[test]
fn what_the_answer_lacks_is_asked_for_again() {
    let mut packets = Packets::default();
    packets.were_sent(3, NOW);
    assert_eq!(packets.deadline(), Some(NOW));
    packets.is_asked = true;
    packets.came(5, NOW);
    packets.all_came(3, NOW);
    assert_eq!((packets.have, packets.deadline()), (3, Some(NOW.plus(limits::PACKET_LATE_MS))));
    packets.were_sent(3, NOW);
    assert_eq!(packets.deadline(), Some(NOW.plus(limits::PACKET_LATE_MS)));
}

#[test]
fn whatever_numbers_come_only_so_many_are_kept() {
    let mut packets = Packets::default();
    for number in 0..10_000 {
        packets.came(u64::MAX - number, NOW);
    }
    assert_eq!(packets.ahead.len(), limits::PACKETS_AHEAD);
    packets.all_came(u64::MAX, NOW);
    assert!(packets.ahead.is_empty() && packets.deadline().is_none());
}
