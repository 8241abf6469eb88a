#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

use super::*;
use crate::{
    Row,
    memory::Memory,
    suite::at_once,
    testing::{self, Frail, NEXT, Person, batch, device, restored, rows_of, stock, store},
};

fn opened() -> (Memory, Person) {
    let (store, ada) = (store(), Person::new(1));
    ada.open(&store);
    (store, ada)
}

fn left(store: &impl Store, ada: &Person, what: &Stock) -> Option<usize> {
    at_once(put(store, ada.who(), what)).unwrap()
}

fn counted(store: &impl Store, ada: &Person) -> usize {
    at_once(count(store, ada.who())).unwrap()
}

fn want(ada: &Person) -> WantKey {
    WantKey { account: ada.account, device: ada.id() }
}

/// The number of the key that is handed out, and how many are left.
fn handed(store: &impl Store, ada: &Person) -> (Option<u8>, usize) {
    let handed = at_once(take(store, want(ada))).unwrap();
    match handed.found {
        Found::Key(key) => {
            assert_eq!(key, testing::key(&ada.keys, key.key[0]), "as its device signed it");
            (Some(key.key[0]), handed.left)
        }
        Found::Nothing => (None, handed.left),
        Found::Busy => panic!("busy is who asks too often"),
    }
}

#[test]
fn each_key_is_handed_out_once_and_then_the_fallback() {
    let (store, ada) = opened();
    assert_eq!(left(&store, &ada, &stock(&ada.keys, 1..4, Some(200))), Some(3));
    let all: Vec<_> = (0..5).map(|_| handed(&store, &ada)).collect();
    assert_eq!(all, [(Some(1), 2), (Some(2), 1), (Some(3), 0), (Some(200), 0), (Some(200), 0)]);
    assert_eq!(left(&store, &ada, &stock(&ada.keys, 4..5, None)), Some(1));
    assert_eq!(handed(&store, &ada), (Some(4), 0));
    assert_eq!(handed(&store, &ada), (Some(200), 0), "it stays while no other comes");
    assert_eq!(left(&store, &ada, &stock(&ada.keys, 0..0, Some(201))), Some(0));
    assert_eq!(handed(&store, &ada), (Some(201), 0));
}

#[test]
fn where_there_are_no_keys_there_is_nothing_to_hand_out() {
    let (store, mut ada) = opened();
    let nothing = Handed { found: Found::Nothing, left: STOCK };
    assert_eq!(at_once(take(&store, want(&ada))), Ok(nothing), "it left none");
    left(&store, &ada, &stock(&ada.keys, 1..2, None));
    assert_eq!(handed(&store, &ada), (Some(1), 0));
    assert_eq!(at_once(take(&store, want(&ada))), Ok(nothing), "nor one for when there are no others");
    assert_eq!(at_once(take(&store, want(&Person::new(2)))), Ok(nothing), "its account is not here");

    // A device that is on its account no more, and of which something was left over.
    let tablet = device(3);
    ada.add(3);
    ada.open(&store);
    ada.remove(tablet.id());
    ada.open(&store);
    at_once(put(&store, (ada.account, tablet.id()), &stock(&tablet, 1..4, Some(9)))).unwrap();
    let want = WantKey { account: ada.account, device: tablet.id() };
    assert_eq!(at_once(take(&store, want)), Ok(nothing));
}

#[test]
fn there_is_room_for_so_many_and_no_more() {
    let (store, ada) = opened();
    assert_eq!(left(&store, &ada, &stock(&ada.keys, 0..60, None)), Some(60));
    assert_eq!(left(&store, &ada, &stock(&ada.keys, 30..60, None)), Some(60), "they are here");
    assert_eq!(left(&store, &ada, &stock(&ada.keys, 60..120, Some(200))), Some(STOCK));
    assert_eq!(counted(&store, &ada), STOCK);
    let keys = rows_of(&store, ada.who()).len();
    assert_eq!(keys, STOCK + 1, "the fallback takes no room from them");
    assert_eq!(left(&store, &ada, &stock(&ada.keys, 120..121, None)), Some(STOCK));
    assert_eq!(rows_of(&store, ada.who()).len(), keys);
    let all: Vec<_> = (0..=STOCK).map(|_| handed(&store, &ada).0.unwrap()).collect();
    let expected: Vec<u8> = (0..100).chain([200]).collect();
    assert_eq!(all, expected, "what there was no room for is not here");
}

#[test]
fn keys_that_the_device_did_not_sign_are_refused_and_all_that_come_with_them() {
    let (store, ada) = opened();
    let other = device(3);
    let before = testing::rows(&store, ada.account);
    let refuse = |what: &Stock| {
        assert_eq!(left(&store, &ada, what), None);
        assert_eq!(testing::rows(&store, ada.account), before);
    };
    let theirs = testing::key(&other, 5);
    // What another device signed, given out as hers.
    let mut forged = testing::key(&other, 6);
    forged.body.device = ada.id();
    let mut altered = testing::key(&ada.keys, 7);
    altered.body.key = [8; 32];
    for wrong in [theirs, forged, altered] {
        let mut among = stock(&ada.keys, 1..4, Some(9));
        among.one_time.push(wrong).unwrap();
        refuse(&among);
        refuse(&Stock { fallback: Some(wrong), ..stock(&ada.keys, 1..4, None) });
    }
}

#[test]
fn keys_of_an_earlier_life_of_the_store_are_not_handed_out() {
    let (store, ada) = opened();
    left(&store, &ada, &stock(&ada.keys, 1..60, Some(200)));
    // They may have been handed out since the backup was made.
    let store = restored(&store);
    assert_eq!(store.epoch(), NEXT);
    assert_eq!(counted(&store, &ada), 0);
    assert_eq!(handed(&store, &ada), (None, STOCK));
    assert_eq!(left(&store, &ada, &stock(&ada.keys, 70..72, Some(201))), Some(2), "and take no room");
    let stale = [key::one_time(&ada.id(), testing::EPOCH), key::fallback(&ada.id(), testing::EPOCH)];
    let is_stale = |at: &[u8]| stale.iter().any(|stale| at.starts_with(stale));
    assert!(!testing::rows(&store, ada.account).iter().any(|(at, _)| is_stale(at)), "they are of no use");
    let all: Vec<_> = (0..3).map(|_| handed(&store, &ada).0).collect();
    assert_eq!(all, [Some(70), Some(71), Some(201)]);
}

/// Somebody else takes this key.
fn taking(store: &impl Store, ada: &Person, number: u8) -> Batch {
    let keys = key::one_time(&ada.id(), testing::EPOCH);
    let is_it =
        |(at, value): &Row| at.starts_with(&keys) && rows::read::<SignedOneTimeKey>(value).unwrap().key == [number; 32];
    let (at, _) = testing::rows(store, ada.account).into_iter().find(is_it).unwrap();
    batch(ada.account, vec![Change::Remove { key: at }])
}

#[test]
fn two_who_ask_at_once_get_two_keys() {
    let (store, ada) = (Frail::new(), Person::new(1));
    ada.open(&store);
    left(&store, &ada, &stock(&ada.keys, 1..30, Some(200)));
    store.be_overtaken_by(vec![taking(&store, &ada, 1)]);
    assert_eq!(handed(&store, &ada), (Some(2), 27));
    // Always somebody else is faster.
    let tries = u8::try_from(TRIES).unwrap();
    store.be_overtaken_by((3..3 + tries).rev().map(|number| taking(&store, &ada, number)).collect());
    assert_eq!(at_once(take(&store, want(&ada))), Err(Failed::Contended));
    assert_eq!(handed(&store, &ada).0, Some(3 + tries));
}

#[test]
fn a_key_that_cannot_be_taken_out_is_not_handed_out() {
    let (store, ada) = (Frail::new(), Person::new(1));
    ada.open(&store);
    left(&store, &ada, &stock(&ada.keys, 1..3, Some(200)));
    store.take_only(0);
    assert_eq!(at_once(take(&store, want(&ada))), Err(Failed::Write(ApplyError::Full)));
    assert!(at_once(put(&store, ada.who(), &stock(&ada.keys, 3..4, None))).is_err());
    store.take_only(9);
    assert_eq!(handed(&store, &ada), (Some(1), 1));
}
