#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

use super::*;
use crate::{
    memory::Memory,
    suite::at_once,
    testing::{Frail, Person, rows, set, store},
};

fn people<const MANY: usize>(store: &impl Store) -> [Person; MANY] {
    let people = core::array::from_fn(|at| Person::new(u8::try_from(at + 1).unwrap()));
    people.iter().for_each(|person: &Person| person.open(store));
    people
}

fn sorted(people: &[&Person]) -> Vec<AccountId> {
    let mut accounts: Vec<AccountId> = people.iter().map(|person| person.account).collect();
    accounts.sort_unstable();
    accounts
}

fn name(store: &impl Store, owner: &Person, people: &[&Person]) -> Option<bool> {
    at_once(put(store, owner.account, set(owner, 1).audience, sorted(people))).unwrap()
}

#[test]
fn who_is_named_may_have_a_set_and_nobody_else() {
    let store = store();
    let [ada, grace, eve] = people(&store);
    let may = |person: &Person| at_once(may_have(&store, person.account, &set(&ada, 1))).unwrap();
    assert_eq!((may(&ada), may(&grace)), (true, false));
    assert_eq!(name(&store, &ada, &[&grace]), Some(true));
    assert_eq!((may(&ada), may(&grace), may(&eve)), (true, true, false));
    assert!(!at_once(may_have(&store, grace.account, &set(&ada, 2))).unwrap(), "another set");
    assert_eq!(name(&store, &ada, &[&grace]), Some(false), "that is known");
    assert_eq!(name(&store, &ada, &[]), Some(false));
    assert!(!may(&grace));
    let left = rows(&store, ada.account);
    assert!(!left.iter().any(|(at, _)| at.starts_with(key::MEMBERS)));
}

#[test]
fn an_account_has_so_many_lists() {
    let (store, ada) = (store(), Person::new(1));
    ada.open(&store);
    let audience = |number: usize| AudienceId::from_bytes([u8::try_from(number).unwrap(); 16]);
    let named = |number| at_once(put(&store, ada.account, audience(number), vec![Person::new(2).account])).unwrap();
    assert!((0..SETS).all(|number| named(number) == Some(true)));
    assert_eq!(named(SETS), None);
    assert_eq!(at_once(put(&store, ada.account, audience(0), Vec::new())), Ok(Some(false)));
    assert_eq!(named(SETS), Some(true));
}

#[test]
fn of_two_lists_that_come_at_once_the_later_counts() {
    let store = Frail::new();
    let [ada, grace, eve] = people(&store);
    let elsewhere = Memory::new(store.epoch());
    name(&elsewhere, &ada, &[&eve]);
    let other = rows(&elsewhere, ada.account).into_iter().map(|(key, value)| Change::Put { key, value });
    store.be_overtaken_by(vec![crate::testing::batch(ada.account, other.collect())]);
    assert_eq!(name(&store, &ada, &[&grace]), Some(true));
    assert_eq!(at_once(of(&store, ada.account, &set(&ada, 1).audience)), Ok(vec![grace.account]));
}
