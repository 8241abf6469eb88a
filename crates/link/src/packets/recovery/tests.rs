#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use super::*;

fn flight(sent: u64) -> Flight {
    Flight { sent: Mono(sent), data: vec![(Class::Bulk, sent, sent + 1)], credit: Vec::new() }
}

fn sent(count: u64) -> Recovery {
    let mut recovery = Recovery::new();
    for number in 0..count {
        recovery.on_sent(number, flight(number));
    }
    recovery
}

fn starts(flights: &[Flight]) -> Vec<u64> {
    flights.iter().map(|f| f.data[0].1).collect()
}

#[test]
fn three_later_ones_make_a_loss() {
    let mut recovery = sent(5);
    let news = recovery.on_ack(Mono(9), Ack { largest: 3, missing: 0b111 }, 5).unwrap();
    assert_eq!((starts(&news.acked), starts(&news.lost), news.is_cut), (vec![3], vec![0], true));
    assert_eq!(recovery.flights.keys().copied().collect::<Vec<_>>(), [1, 2, 4]);
}

#[test]
fn one_burst_of_losses_cuts_the_window_once() {
    let mut recovery = sent(12);
    recovery.window = 20;
    let news = recovery.on_ack(Mono(9), Ack { largest: 3, missing: 0b111 }, 12).unwrap();
    assert!(news.is_cut);
    let window = recovery.window;
    let news = recovery.on_ack(Mono(9), Ack { largest: 8, missing: 0b1111 }, 12).unwrap();
    assert!(!news.is_cut && !news.lost.is_empty());
    assert_eq!(recovery.window, window);
}

#[test]
fn the_window_grows_and_holds_back() {
    let mut recovery = sent(WINDOW_FIRST as u64);
    assert!(!recovery.may_send());
    let mut next = WINDOW_FIRST as u64;
    for _ in 0..200 {
        recovery.on_ack(Mono(next), Ack { largest: next - 1, missing: 0 }, next).unwrap();
        while recovery.may_send() {
            recovery.on_sent(next, flight(next));
            next += 1;
        }
    }
    assert_eq!(recovery.flights.len(), WINDOW_MOST);
}

#[test]
fn an_acknowledgement_of_the_future_is_refused() {
    assert!(matches!(sent(2).on_ack(Mono(0), Ack { largest: 2, missing: 0 }, 2), Err(LinkError::Malformed(_))));
}

#[test]
fn silence_is_probed_and_then_given_up() {
    let mut recovery = sent(4);
    assert!(!recovery.may_send());
    let mut probed = 0;
    loop {
        let now = recovery.deadline().unwrap();
        assert!(!recovery.on_deadline(Mono(now.0 - 1), 4).unwrap());
        match recovery.on_deadline(now, 4) {
            Ok(is_due) => assert!(is_due),
            Err(error) => break assert_eq!(error, LinkError::Silent),
        }
        probed += 1;
        let mut offered = Vec::new();
        recovery.probe(|flight| {
            offered.push(flight.sent.0);
            true
        });
        assert_eq!(offered, [0, 1]);
        assert!(recovery.may_send());
    }
    assert_eq!(probed, TIMEOUTS);
}

#[test]
fn flights_of_which_all_has_come_are_dropped() {
    let mut recovery = sent(4);
    recovery.probe(|_| false);
    assert!(recovery.flights.is_empty());
    assert_eq!(recovery.deadline(), None);
}
