#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use super::*;
use crate::depot::tests::{account, append, get, in_memory, on_disk, put, remove, rows, spread};
use crate::keys;
use crate::layers::{ROOM, Weight};

#[test]
fn what_came_and_went_never_reaches_the_rows() {
    let depot = in_memory();
    depot.commit(vec![put(account(1), b"stays", b"1"), put(account(1), b"goes", b"1")]);
    depot.commit(vec![remove(account(1), b"goes"), put(account(1), b"stays", b"2")]);
    assert_eq!(on_disk(&depot), (vec![], vec![1, 2]));
    spread(&depot);
    assert_eq!(on_disk(&depot), (vec![keys::row(&account(1), b"stays")], vec![]));
    assert_eq!(get(&depot, account(1), b"stays").unwrap(), b"2");
    depot.commit(vec![remove(account(1), b"stays")]);
    spread(&depot);
    assert_eq!(on_disk(&depot), (vec![], vec![]));
    assert!(!depot.spread().unwrap());
}

#[test]
fn groups_that_come_while_it_is_spread_stay_in_the_log() {
    let mut depot = in_memory();
    depot.portion = Portion { rows: 1, groups: 1 };
    for number in 0..4 {
        depot.commit(vec![put(account(number), b"a", b"old")]);
    }
    assert!(depot.spread().unwrap());
    depot.commit(vec![put(account(0), b"a", b"new"), append(account(9), b"new")]);
    // Three rows more, one look that finds no further, four groups.
    while depot.writer().place.is_some() {
        assert!(depot.spread().unwrap());
    }
    let (there, log) = on_disk(&depot);
    assert_eq!((there.len(), log), (4, vec![5]));
    assert_eq!(get(&depot, account(0), b"a").unwrap(), b"new");
    spread(&depot);
    assert_eq!(on_disk(&depot).1, []);
    assert_eq!(rows(&depot).len(), 5);
}

#[test]
fn commits_alone_never_let_it_grow_far_beyond_twice_the_limit() {
    let mut depot = in_memory();
    depot.room = Weight { rows: 50, ..ROOM };
    for number in 0..30 {
        depot.commit((0..10).map(|row| put(account(number * 10 + row), b"a", b"")).collect());
        assert!(!depot.layers.read().unwrap().is_beyond(Weight { rows: 110, ..ROOM }, 1));
    }
    assert!(on_disk(&depot).0.len() >= 100, "nothing was spread");
    assert!(depot.is_due());
    spread(&depot);
    assert!(!depot.is_due());
    assert_eq!(on_disk(&depot).0.len(), 300);
}
