#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

use super::*;
use crate::{
    memory::Memory,
    suite::at_once,
    testing::{Frail, Person, Writer, change, rows, set, store},
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

fn append(store: &impl Store, owner: &Person, writer: &mut Writer) {
    let piece = writer.write(2, 10);
    let taken = at_once(sets::append(store, owner.who(), &piece)).unwrap();
    assert!(matches!(taken, sets::Taken::Kept { .. }), "{taken:?}");
}

fn tells(store: &impl Store, owner: &Person) -> Result<BTreeSet<DeviceId>, Failed> {
    let mut told = BTreeSet::new();
    at_once(tell(store, owner.account, &mut told)).map(|()| told)
}

/// What waits for somebody.
fn waits(store: &impl Store, person: &Person) -> Vec<Update> {
    let found = at_once(store.scan(&Partition::Account(person.account), key::UPDATES, None, usize::MAX)).unwrap();
    found.iter().map(|(_, value)| rows::read(value).unwrap()).collect()
}

fn owed(store: &impl Store, owner: &Person) -> usize {
    at_once(store.scan(&Partition::Account(owner.account), key::OWED, None, usize::MAX)).unwrap().len()
}

fn added(owner: &Person, writer: &Writer, after: u64, to: u64) -> Update {
    Update::Added(Added { set: writer.set, author: writer.author, after, to, by: owner.id() })
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
fn only_who_is_new_is_told_of_a_set() {
    let store = store();
    let [ada, grace, eve] = people(&store);
    name(&store, &ada, &[&grace]);
    assert_eq!(tells(&store, &ada), Ok(BTreeSet::from([grace.id()])));
    name(&store, &ada, &[&grace, &eve]);
    assert_eq!(tells(&store, &ada), Ok(BTreeSet::from([eve.id()])));
    for person in [&grace, &eve] {
        assert_eq!(waits(&store, person), [Update::Set(set(&ada, 1))]);
    }
    // Who is named again may have missed what came in between.
    name(&store, &ada, &[&eve]);
    name(&store, &ada, &[&grace, &eve]);
    assert_eq!(tells(&store, &ada), Ok(BTreeSet::from([grace.id()])));
    assert_eq!(owed(&store, &ada), 0);
}

#[test]
fn members_are_told_once_of_what_follows_one_another() {
    let store = store();
    let [ada, grace] = people(&store);
    let mut writer = Writer::new(set(&ada, 1), 1);
    append(&store, &ada, &mut writer);
    assert_eq!(owed(&store, &ada), 0, "nobody may have it");
    name(&store, &ada, &[&grace, &Person::new(9)]);
    append(&store, &ada, &mut writer);
    append(&store, &ada, &mut writer);
    let mut other = Writer::in_life(set(&ada, 1), 1, 2);
    append(&store, &ada, &mut other);
    append(&store, &ada, &mut writer);
    assert_eq!(tells(&store, &ada), Ok(BTreeSet::from([grace.id()])));
    let said =
        [Update::Set(writer.set), added(&ada, &writer, 2, 6), added(&ada, &other, 0, 2), added(&ada, &writer, 6, 8)];
    assert_eq!(waits(&store, &grace), said);
    assert!(rows(&store, Person::new(9).account).is_empty(), "who is not here is told nothing");
    assert_eq!((tells(&store, &ada), owed(&store, &ada)), (Ok(BTreeSet::new()), 0));
}

#[test]
fn what_broke_off_is_told_again_and_never_left_out() {
    // Three members and the row that says what they are owed.
    for batches in 0..4 {
        let store = Frail::new();
        let [ada, grace, eve, carol] = people(&store);
        name(&store, &ada, &[&grace, &eve, &carol]);
        store.take_only(batches);
        assert!(tells(&store, &ada).is_err());
        store.take_only(usize::MAX);
        assert_eq!(owed(&store, &ada), 1);
        assert_eq!(tells(&store, &ada).unwrap().len(), 3);
        let many: Vec<usize> = [&grace, &eve, &carol].map(|person| waits(&store, person).len()).into();
        assert!(many.iter().all(|many| (1..=2).contains(many)), "{many:?}");
        assert_eq!((many.iter().sum::<usize>(), owed(&store, &ada)), (3 + batches, 0));
    }
}

#[test]
fn a_member_whose_rows_are_damaged_keeps_nobody_from_hearing() {
    let store = store();
    let [ada, grace, eve] = people(&store);
    name(&store, &ada, &[&grace, &eve]);
    change(&store, grace.account, vec![Change::Put { key: key::UPDATE_COUNT.to_vec(), value: vec![1] }]);
    assert_eq!(tells(&store, &ada), Ok(BTreeSet::from([eve.id()])));
    assert_eq!(owed(&store, &ada), 0);
}

#[test]
fn more_than_are_told_at_once() {
    let (store, ada) = (store(), Person::new(1));
    ada.open(&store);
    let template = Person::new(2);
    template.open(&store);
    let row = at_once(store.get(&Partition::Account(template.account), key::ACCOUNT)).unwrap().unwrap();
    let many = u16::try_from(TOLD_AT_ONCE + 40).unwrap();
    let accounts: Vec<AccountId> = (0..many)
        .map(|number| {
            let [high, low] = number.to_be_bytes();
            AccountId::from_bytes([high, low, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9])
        })
        .collect();
    for account in &accounts {
        change(&store, *account, vec![Change::Put { key: key::ACCOUNT.to_vec(), value: row.clone() }]);
    }
    at_once(put(&store, ada.account, set(&ada, 1).audience, accounts.clone())).unwrap();
    tells(&store, &ada).unwrap();
    for account in accounts {
        let found = at_once(store.scan(&Partition::Account(account), key::UPDATES, None, 9)).unwrap();
        assert_eq!(found.len(), 1);
    }
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
