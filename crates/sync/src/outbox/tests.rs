#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use proptest::prelude::*;

use super::*;

#[test]
fn a_window_is_so_wide_and_no_wider() {
    let mut window = Window::default();
    for seq in 1..=WINDOW as u64 {
        assert_ne!(window.room().1, 0);
        window.sent(seq);
    }
    assert_eq!(window.room(), (WINDOW as u64, 0));
    window.acknowledged(7);
    assert_eq!(window.room(), (WINDOW as u64, 1));
}

#[test]
fn an_acknowledgement_counts_once() {
    let mut window = Window::default();
    window.sent(1);
    window.sent(2);
    window.acknowledged(1);
    window.acknowledged(1);
    window.acknowledged(99);
    assert_eq!(window.room(), (2, WINDOW - 1));
}

#[test]
fn what_is_sent_again_makes_room_for_itself_and_no_more() {
    let mut window = Window::default();
    (1..=10).for_each(|seq| window.sent(seq));
    window.again_from(7);
    // 1 to 6 are still under way.
    assert_eq!(window.room(), (6, WINDOW - 6));
    (7..=10).for_each(|seq| window.sent(seq));
    assert_eq!(window.room(), (10, WINDOW - 10));
    window.again_from(1);
    assert_eq!(window.room(), (0, WINDOW));
    window.again_from(0);
    assert_eq!(window.room(), (0, WINDOW));
}

#[test]
fn what_was_not_sent_yet_need_not_be_sent_again() {
    let mut window = Window::default();
    window.sent(3);
    window.again_from(9);
    assert_eq!(window.room(), (3, WINDOW - 1));
    window.again_from(4);
    assert_eq!(window.room(), (3, WINDOW - 1));
}

#[derive(Clone, Debug)]
enum Act {
    Send,
    Acknowledge(prop::sample::Index),
    Again(prop::sample::Index),
}

proptest! {
    #[test]
    fn never_more_than_a_window_is_under_way_and_everything_gets_through(
        acts in proptest::collection::vec(prop_oneof![
            4 => Just(Act::Send),
            2 => any::<prop::sample::Index>().prop_map(Act::Acknowledge),
            1 => any::<prop::sample::Index>().prop_map(Act::Again),
        ], 0..300),
    ) {
        let last = 200;
        let mut window = Window::default();
        let mut unacknowledged: BTreeSet<u64> = (1..=last).collect();
        let mut under_way: BTreeSet<u64> = BTreeSet::new();
        let send = |window: &mut Window, unacknowledged: &BTreeSet<u64>, under_way: &mut BTreeSet<u64>| {
            let (after, room) = window.room();
            for seq in unacknowledged.range(after + 1..).take(room) {
                window.sent(*seq);
                under_way.insert(*seq);
            }
        };
        for act in acts {
            match act {
                Act::Send => send(&mut window, &unacknowledged, &mut under_way),
                Act::Acknowledge(which) if !under_way.is_empty() => {
                    let seq = *under_way.iter().nth(which.index(under_way.len())).unwrap();
                    under_way.remove(&seq);
                    unacknowledged.remove(&seq);
                    window.acknowledged(seq);
                }
                Act::Again(which) => {
                    let seq = which.index(last as usize) as u64 + 1;
                    window.again_from(seq);
                    under_way.split_off(&seq);
                }
                Act::Acknowledge(_) => {}
            }
            prop_assert!(under_way.len() <= WINDOW);
            prop_assert_eq!(window.room().1, WINDOW - under_way.len());
        }
        // Acknowledging whatever comes brings everything across.
        for _ in 0..=last {
            send(&mut window, &unacknowledged, &mut under_way);
            let Some(seq) = under_way.pop_first() else { break };
            unacknowledged.remove(&seq);
            window.acknowledged(seq);
        }
        prop_assert!(unacknowledged.is_empty(), "{:?} never went out", unacknowledged);
    }
}
