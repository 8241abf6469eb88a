#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

use super::*;
use crate::{
    memory::Memory,
    suite::at_once,
    testing::{Frail, Person, batch, change, rows, set, store},
};

/// A store with Ada's account, and Ada.
fn opened() -> (Memory, Person) {
    let (store, ada) = (store(), Person::new(1));
    ada.open(&store);
    (store, ada)
}

fn word(ada: &Person) -> Update {
    Update::Set(set(ada, 1))
}

fn put_many(store: &impl Store, ada: &Person, many: usize) {
    let changes = (0..many).flat_map(|_| putting(&word(ada)).unwrap());
    change(store, ada.account, changes.collect());
}

fn numbers(store: &impl Store, ada: &Person) -> Vec<u64> {
    let found = at_once(store.scan(&Partition::Account(ada.account), key::UPDATES, None, usize::MAX)).unwrap();
    found.iter().map(|(at, _)| number_of(at).unwrap()).collect()
}

/// How many there are, counted and in fact.
#[track_caller]
fn many(store: &impl Store, ada: &Person) -> usize {
    let found = numbers(store, ada).len();
    assert_eq!(at_once(count(store, &Partition::Account(ada.account))), Ok(i64::try_from(found).unwrap()));
    found
}

#[test]
fn a_word_waits_for_all_devices_of_an_account_that_is_here() {
    let (store, mut ada) = opened();
    let tablet = ada.add(3);
    ada.open(&store);
    let told = at_once(put(&store, ada.account, &word(&ada))).unwrap();
    assert_eq!(told.len(), 2);
    assert!(told.contains(&tablet) && told.contains(&ada.id()));
    assert_eq!(many(&store, &ada), 1);

    let grace = Person::new(2);
    assert_eq!(at_once(put(&store, grace.account, &word(&ada))), Ok(Vec::new()));
    assert!(rows(&store, grace.account).is_empty());
}

#[test]
fn the_oldest_go_where_there_are_too_many() {
    let (store, ada) = opened();
    put_many(&store, &ada, 5);
    at_once(make_room(&store, ada.account, 6)).unwrap();
    assert_eq!((many(&store, &ada), at_once(dropped(&store, ada.account))), (5, Ok(0)));
    at_once(make_room(&store, ada.account, 4)).unwrap();
    assert_eq!((numbers(&store, &ada), at_once(dropped(&store, ada.account))), (vec![3, 4, 5], Ok(2)));
    // A number is not used again.
    at_once(put(&store, ada.account, &word(&ada))).unwrap();
    assert_eq!(numbers(&store, &ada), [3, 4, 5, 6]);
    many(&store, &ada);
}

#[test]
fn a_full_queue_takes_a_further_word_and_loses_a_share_of_the_oldest() {
    let (store, ada) = opened();
    let most = usize::try_from(UPDATES).unwrap();
    put_many(&store, &ada, most - 1);
    at_once(put(&store, ada.account, &word(&ada))).unwrap();
    assert_eq!((many(&store, &ada), at_once(dropped(&store, ada.account))), (most, Ok(0)));
    at_once(put(&store, ada.account, &word(&ada))).unwrap();
    assert_eq!((many(&store, &ada), at_once(dropped(&store, ada.account))), (most - 255, Ok(256)));
}

#[test]
fn two_who_make_room_at_once_count_right() {
    let (store, ada) = (Frail::new(), Person::new(1));
    ada.open(&store);
    put_many(&store, &ada, 5);
    let other = vec![
        Change::Remove { key: numbered(key::UPDATES, 1) },
        Change::Add { key: key::UPDATE_COUNT.to_vec(), by: -1 },
    ];
    store.be_overtaken_by(vec![batch(ada.account, other)]);
    at_once(make_room(&store, ada.account, 3)).unwrap();
    assert_eq!((many(&store, &ada), numbers(&store, &ada)), (2, vec![4, 5]));
}

#[test]
fn what_all_devices_have_goes() {
    let (store, mut ada) = opened();
    let tablet = ada.add(3);
    ada.open(&store);
    put_many(&store, &ada, 2 * TIDY_ROWS);
    let devices = [ada.id(), tablet];
    let tidy = || at_once(drop_collected(&store, Partition::Account(ada.account), &devices)).unwrap();
    tidy();
    at_once(collected(&store, ada.who(), 500)).unwrap();
    tidy();
    assert_eq!(many(&store, &ada), 2 * TIDY_ROWS, "the tablet has none of it, as far as is known");
    at_once(collected(&store, (ada.account, tablet), 300)).unwrap();
    tidy();
    assert_eq!((many(&store, &ada), numbers(&store, &ada)[0]), (2 * TIDY_ROWS - 300, 301));
    assert_eq!(at_once(dropped(&store, ada.account)), Ok(0), "nobody lacks any of it");
}

#[test]
fn a_place_counts_if_there_is_anything_before_it() {
    let (store, ada) = opened();
    let resumes = |place| at_once(resumed(&store, ada.who(), place)).unwrap();
    assert_eq!((resumes(None), resumes(Some(7))), (0, 0));
    assert_eq!(resumes(None), 0, "there was no word of records");
    put_many(&store, &ada, 3);
    assert_eq!(resumes(Some(2)), 0);
    assert_eq!(resumes(Some(1)), 2, "it had said so before");
    assert_eq!(resumes(Some(9)), 2);
    assert_eq!(resumes(Some(9)), 9);
}
