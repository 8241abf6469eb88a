#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

use lamplit_types::AccountId;
use lamplit_wire::{
    credential::{ListHead, RootHash},
    server::{ListMark, Outcome, Post},
};

use super::*;
use crate::{
    limits::{CODES_OF_ALL, TIDY_ROWS},
    members,
    memory::Memory,
    stock,
    store::Change,
    suite::at_once,
    testing::{self, Frail, NOW, Person, SENDER, Writer, after, change, device, envelope, rows, rows_of, set, store},
};

fn bring(store: &impl Store, post: Post) {
    let kept = at_once(mail::post(store, SENDER, post, NOW.wall));
    assert_eq!(kept.0, Outcome::Kept);
}

fn lasting(post: Post, millis: u64) -> Post {
    Post { envelope: lamplit_wire::Envelope { expires: NOW.wall.plus(millis), ..post.envelope }, ..post }
}

fn tidied(store: &impl Store, place: Option<Partition>, millis: u64) -> Result<Option<Tidied>, TidyError> {
    at_once(next(store, &Rates::new(CODES_OF_ALL), place, after(millis)))
}

/// All of it, account by account; what was found.
fn all(store: &impl Store, millis: u64) -> Vec<Tidied> {
    let (mut place, mut found) = (None, Vec::new());
    while let Some(tidied) = tidied(store, place, millis).unwrap() {
        place = Some(tidied.partition);
        found.push(tidied);
    }
    found
}

/// It is in order.
fn sound(account: AccountId) -> Tidied {
    Tidied { partition: Partition::Account(account), is_damaged: false, wake: BTreeSet::new() }
}

#[test]
fn what_nobody_came_for_in_time_goes_and_the_rest_stays() {
    let (store, mut ada, grace) = (store(), Person::new(1), Person::new(2));
    let tablet = ada.add(3);
    ada.open(&store);
    grace.open(&store);
    at_once(stock::put(&store, ada.who(), &testing::stock(&ada.keys, 1..5, Some(9)))).unwrap();
    let stocked = rows(&store, ada.account);
    bring(&store, lasting(ada.post(1), 500));
    bring(&store, lasting(ada.post_to(tablet, 2), 500));
    bring(&store, lasting(grace.post(3), 500));
    bring(&store, lasting(grace.post(4), 2_000));
    let before = rows(&store, ada.account);
    all(&store, 499);
    assert_eq!(rows(&store, ada.account), before);
    all(&store, 500);
    assert_eq!(rows(&store, ada.account), stocked, "of both her devices, and nothing but mail");
    assert_eq!(
        rows_of(&store, grace.who()).len(),
        4,
        "one that is good, known by its id, and its weight, of all and of one"
    );
    all(&store, 2_000);
    assert!(rows_of(&store, grace.who()).is_empty());
}

#[test]
fn nothing_stays_of_a_device_that_is_listed_no_more() {
    let (store, mut ada) = (store(), Person::new(1));
    let (tablet, laptop) = (device(3), device(4));
    ada.add(3);
    ada.add(4);
    ada.open(&store);
    for (keys, number) in [(&ada.keys, 10), (&tablet, 20), (&laptop, 30)] {
        let who = (ada.account, keys.id());
        at_once(stock::put(&store, who, &testing::stock(keys, number..number + 3, Some(number + 9)))).unwrap();
        bring(&store, ada.post_to(keys.id(), 1));
        bring(&store, ada.post_to(keys.id(), 2));
    }
    let left_over = rows_of(&store, (ada.account, tablet.id()));
    assert_eq!(left_over.len(), 2 + 2 + 1 + 1 + 3 + 1);
    ada.remove(tablet.id());
    ada.open(&store);
    let others = rows(&store, ada.account);
    // As after a power cut between the removal and what follows from it: all of it, or any one row of it.
    let all_of_it = left_over.clone();
    for left in left_over.into_iter().map(|row| vec![row]).chain([all_of_it]) {
        let put = left.into_iter().map(|(key, value)| Change::Put { key, value });
        change(&store, ada.account, put.collect());
        assert_ne!(rows(&store, ada.account), others);
        all(&store, 0);
        assert_eq!(rows(&store, ada.account), others);
    }
}

#[test]
fn more_of_a_device_that_is_listed_no_more_than_goes_at_once() {
    let (store, ada) = (store(), Person::new(1));
    ada.open(&store);
    let others = rows(&store, ada.account);
    let many = u8::try_from(TIDY_ROWS / 4).unwrap();
    for nobody in [device(8).id(), device(9).id()] {
        let put = (0..=many).flat_map(|row| {
            key::all_of(&nobody).map(|prefix| Change::Put { key: [prefix.as_slice(), &[row]].concat(), value: vec![1] })
        });
        change(&store, ada.account, put.collect());
        let append = (0..TIDY_ROWS).map(|_| Change::Append { prefix: key::mail(&nobody), value: vec![1] });
        change(&store, ada.account, append.collect());
    }
    all(&store, 0);
    assert_eq!(rows(&store, ada.account), others);
}

#[test]
fn members_are_told_what_was_left_over_and_what_all_have_goes() {
    let (store, mut ada, grace) = (store(), Person::new(1), Person::new(2));
    let tablet = ada.add(3);
    ada.open(&store);
    grace.open(&store);
    let mut writer = Writer::new(set(&ada, 1), 1);
    at_once(members::put(&store, ada.account, writer.set.audience, vec![grace.account])).unwrap();
    at_once(sets::append(&store, ada.who(), &writer.write(2, 10))).unwrap();
    at_once(sets::append(&store, ada.who(), &writer.write(2, 10))).unwrap();
    let with = |person: &Person, prefix: &[u8]| {
        rows(&store, person.account).iter().filter(|(at, _)| at.starts_with(prefix)).count()
    };
    assert_eq!((with(&ada, key::OWED), with(&ada, key::UPDATES), with(&grace, key::UPDATES)), (3, 2, 0));
    let wake: BTreeSet<DeviceId> = all(&store, 0).into_iter().flat_map(|tidied| tidied.wake).collect();
    assert_eq!(wake, BTreeSet::from([grace.id()]), "she may be connected");
    assert_eq!((with(&ada, key::OWED), with(&ada, key::UPDATES), with(&grace, key::UPDATES)), (0, 2, 2));
    all(&store, 0);
    assert_eq!((with(&ada, key::UPDATES), with(&grace, key::UPDATES)), (2, 2));

    // Numbers 2 and 4: the members were the first, and each piece was also owed to them.
    at_once(updates::collected(&store, ada.who(), 4)).unwrap();
    at_once(updates::collected(&store, (ada.account, tablet), 2)).unwrap();
    at_once(updates::collected(&store, grace.who(), 2)).unwrap();
    all(&store, 0);
    assert_eq!((with(&ada, key::UPDATES), with(&grace, key::UPDATES)), (1, 0));
    // Who is listed no more is not waited for.
    ada.remove(tablet);
    ada.open(&store);
    all(&store, 0);
    assert_eq!((with(&ada, key::UPDATES), with(&ada, key::UPDATE_COUNT), with(&ada, b"P")), (0, 0, 1));
}

/// An account with a device that has one envelope, which expires.
fn account(store: &Memory, number: u16) -> AccountId {
    let [high, low] = number.to_be_bytes();
    let account = AccountId::from_bytes([high, low, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]);
    let device = DeviceId::from_bytes([low; 32]);
    let head = ListHead { generation: 1, hash: [0; 32] };
    let row = Account { root: RootHash([0; 32]), head, devices: vec![device] };
    change(store, account, vec![Change::Put { key: key::ACCOUNT.to_vec(), value: rows::write(&row).unwrap() }]);
    bring(store, lasting(Post { account, list: ListMark::from(head), envelope: envelope(device, 1) }, 500));
    account
}

#[test]
fn it_goes_on_account_by_account_to_the_end() {
    for many in [5, 1, 0] {
        let store = store();
        let accounts: Vec<_> = (0..many).map(|number| account(&store, number)).collect();
        assert_eq!(all(&store, 500), accounts.iter().copied().map(sound).collect::<Vec<_>>());
        for account in accounts {
            assert_eq!(rows(&store, account).len(), 1, "of {many} accounts none has mail");
        }
    }
}

#[test]
fn one_go_looks_at_one_account() {
    let store = store();
    let accounts = [account(&store, 0), account(&store, 1)];
    assert_eq!(tidied(&store, None, 500), Ok(Some(sound(accounts[0]))));
    assert_eq!(rows(&store, accounts[0]).len(), 1);
    assert!(rows(&store, accounts[1]).len() > 1, "its turn comes");
}

#[test]
fn an_account_that_is_damaged_keeps_no_other_from_its_turn() {
    let store = store();
    let accounts: Vec<_> = (0..5).map(|number| account(&store, number)).collect();
    let device = |number: u8| DeviceId::from_bytes([number; 32]);
    let put = |key: Vec<u8>| Change::Put { key, value: vec![1, 2, 3] };
    // What it is in short; an envelope; how much waits for its device.
    change(&store, accounts[1], vec![put(key::ACCOUNT.to_vec())]);
    change(&store, accounts[2], vec![put(crate::numbered(&key::mail(&device(2)), 1))]);
    change(&store, accounts[3], vec![put(key::weight(&device(3)))]);
    let found = all(&store, 500);
    let damaged: Vec<_> = found.iter().map(|tidied| tidied.is_damaged).collect();
    assert_eq!(damaged, [false, true, true, true, false]);
    assert_eq!((rows(&store, accounts[0]).len(), rows(&store, accounts[4]).len()), (1, 1));
}

#[test]
fn it_says_when_the_store_fails() {
    let (store, ada) = (Frail::new(), Person::new(1));
    ada.open(&store);
    bring(&store, lasting(ada.post(1), 500));
    let before = rows(&store.store, ada.account);
    store.fail_reads(true);
    assert!(tidied(&store, None, 500).is_err());
    store.fail_reads(false);
    store.take_only(0);
    assert!(tidied(&store, None, 500).is_err());
    assert_eq!(rows(&store.store, ada.account), before);
    store.take_only(1);
    let again = tidied(&store, None, 500);
    assert_eq!(again, Ok(Some(sound(ada.account))), "it may be tried again");
    assert!(rows_of(&store.store, ada.who()).is_empty());
}
