#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

use super::*;
use crate::{
    memory::Memory,
    suite::at_once,
    testing::{Frail, Person, rows, set, store},
};

/// A set of somebody who is not here.
fn foreign(number: usize) -> SetId {
    let mut account = [0; 16];
    account.iter_mut().zip(number.to_be_bytes()).for_each(|(to, from)| *to = from);
    sets::own(AccountId::from_bytes(account), AudienceId::from_bytes([1; 16]))
}

#[test]
fn a_set_is_noted_once_and_none_of_the_account_itself() {
    let (store, ada, grace) = (store(), Person::new(1), Person::new(2));
    for of in [&set(&ada, 1), &set(&ada, 1), &set(&ada, 2), &set(&grace, 1)] {
        at_once(note(&store, grace.account, of)).unwrap();
    }
    let expected = [set(&ada, 1), set(&ada, 2)].map(|set| (ada.account, set.audience));
    assert_eq!(at_once(of(&store, grace.account)).unwrap(), expected);
    assert!(at_once(of(&store, ada.account)).unwrap().is_empty());
}

#[test]
fn where_there_is_no_room_what_does_not_hold_goes() {
    let (store, ada, grace, eve) = (store(), Person::new(1), Person::new(2), Person::new(3));
    for person in [&ada, &grace] {
        person.open(&store);
    }
    let members = members::put(&store, ada.account, set(&ada, 1).audience, vec![grace.account]);
    at_once(members).unwrap();
    at_once(note(&store, grace.account, &set(&ada, 1))).unwrap();
    // As many as there may be, of people who never named her.
    let mut all = at_once(of(&store, grace.account)).unwrap();
    all.extend((1..GRANTED).map(|number| {
        let SetId { space: SpaceId::Account(owner), audience } = foreign(number);
        (owner, audience)
    }));
    all.sort_unstable();
    let value = rows::write(&all).unwrap();
    let changes = vec![Change::Put { key: key::GRANTED.to_vec(), value }];
    let batch = Batch { partition: Partition::Account(grace.account), expects: Vec::new(), changes };
    at_once(store.apply(batch)).unwrap();
    at_once(note(&store, grace.account, &set(&eve, 1))).unwrap();
    let mut expected = [(ada.account, set(&ada, 1).audience), (eve.account, set(&eve, 1).audience)];
    expected.sort_unstable();
    assert_eq!(at_once(of(&store, grace.account)).unwrap(), expected);
}

#[test]
fn of_two_that_are_noted_at_once_none_is_lost() {
    let store = Frail::new();
    let [ada, grace, eve] = [1, 2, 3].map(Person::new);
    let elsewhere = Memory::new(store.epoch());
    at_once(note(&elsewhere, grace.account, &set(&eve, 1))).unwrap();
    let other = rows(&elsewhere, grace.account).into_iter().map(|(key, value)| Change::Put { key, value });
    store.be_overtaken_by(vec![crate::testing::batch(grace.account, other.collect())]);
    at_once(note(&store, grace.account, &set(&ada, 1))).unwrap();
    assert_eq!(at_once(of(&store, grace.account)).unwrap().len(), 2);
}
