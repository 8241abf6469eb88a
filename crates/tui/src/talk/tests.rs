#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use super::*;
use crate::state::tests::message;

fn page(indexes: impl DoubleEndedIterator<Item = u64>, more: bool) -> HistoryPage {
    let messages =
        indexes.rev().map(|index| message(index, false, &format!("number {index}"), 1_000 - index)).collect();
    HistoryPage { messages, more }
}

fn talk(indexes: impl DoubleEndedIterator<Item = u64>, more: bool, unread: u64) -> Talk {
    let mut talk = Talk::new("g".to_owned());
    talk.fetched(Want::Newest, page(indexes, more), unread, &TimeZone::UTC);
    talk.lay(60, 20);
    talk
}

fn indexes(talk: &Talk) -> Vec<u64> {
    talk.entries().iter().map(|entry| entry.message.index).collect()
}

#[test]
fn a_page_that_leaves_a_gap_begins_anew() {
    let mut talk = talk(1..=5, false, 0);
    talk.fetched(Want::Newest, page(6..=8, true), 0, &TimeZone::UTC);
    assert_eq!(indexes(&talk), [1, 2, 3, 4, 5, 6, 7, 8]);
    talk.fetched(Want::Newest, page(20..=22, true), 0, &TimeZone::UTC);
    assert_eq!(indexes(&talk), [20, 21, 22]);
    assert!(!talk.begins());
}

#[test]
fn an_event_that_came_out_of_order_is_fetched() {
    let mut talk = talk(1..=5, false, 0);
    talk.came(message(6, false, "six", 0), &TimeZone::UTC);
    assert_eq!(talk.want(), None);
    talk.came(message(9, false, "nine", 0), &TimeZone::UTC);
    assert_eq!(talk.want(), Some((Want::Newest, None)));
}

#[test]
fn huge_messages_count_by_their_bytes() {
    let mut talk = talk(1..=2, false, 0);
    for index in 3..400 {
        talk.came(message(index, false, &"x".repeat(16 * 1024), 0), &TimeZone::UTC);
        let bytes: usize = talk.entries().iter().map(|entry| entry.message.text.len()).sum();
        assert!(bytes <= limits::TALK_BYTES);
    }
    assert_eq!(indexes(&talk).last(), Some(&399));
}

#[test]
fn a_message_of_line_feeds_takes_no_more_rows_than_anybody_reads() {
    let mut talk = talk(1..=1, false, 0);
    talk.came(message(2, false, &"\n".repeat(16_000), 0), &TimeZone::UTC);
    talk.lay(60, 20);
    let rows = &talk.entries()[1].rows;
    assert_eq!(rows.len(), limits::MESSAGE_ROWS + 1);
    assert!(rows.last().unwrap().contains("rows more"));
}

#[test]
fn what_is_beyond_what_was_fetched_is_not_read() {
    // Ten are unread, and only five are at hand.
    let mut talk = talk(6..=10, true, 10);
    assert_eq!(talk.look(10), None);
    talk.fetched(Want::Older, page(1..=5, false), 10, &TimeZone::UTC);
    talk.go_to_start();
    talk.lay(60, 60);
    assert_eq!(talk.look(10), Some(10));
    // Told once.
    assert_eq!(talk.look(10), None);
}
