#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::collections::BTreeSet;

use lamplit_identity::CERTIFICATE_MS;
use lamplit_wire::server::{Outcome, Post};

use super::*;
use crate::{
    limits::CODES_OF_ALL,
    mail,
    rates::Rates,
    stock,
    suite::at_once,
    testing::{self, Frail, NOW, Person, SENDER, after, batch, device, rows, rows_of, store},
};

/// A device shows this person's list, where anybody may open an account.
fn show_by(store: &impl Store, person: &Person, device: DeviceId) -> Shown {
    let list = person.list.wire().clone();
    at_once(show(store, (person.account, device), list, true, NOW.wall)).unwrap()
}

#[track_caller]
fn taken(shown: Shown) -> (VerifiedList, BTreeSet<DeviceId>) {
    let Shown::Taken { list, concerned } = shown else { panic!("{shown:?}") };
    (*list, concerned.into_iter().collect())
}

#[track_caller]
fn refused(shown: Shown) -> Goodbye {
    let Shown::Refused(Refused::For(goodbye)) = shown else { panic!("{shown:?}") };
    goodbye
}

fn found(store: &impl Store, person: &Person) -> Known {
    at_once(find(store, person.account)).unwrap().unwrap()
}

#[test]
fn the_first_list_opens_the_account() {
    let (store, mut ada) = (store(), Person::new(1));
    let first = ada.id();
    assert!(at_once(find(&store, ada.account)).unwrap().is_none());
    assert_eq!(at_once(head(&store, ada.account)), Ok(None));
    let (list, concerned) = taken(show_by(&store, &ada, first));
    assert_eq!((list, concerned), (ada.list.clone(), BTreeSet::from([first])));
    let opened = found(&store, &ada).account;
    assert_eq!(at_once(head(&store, ada.account)), Ok(Some(ada.list.head())));
    assert_eq!(opened.devices, [first]);

    // Later ones leave what is for good.
    ada.add(3);
    let wire = ada.list.wire().clone();
    at_once(show(&store, ada.who(), wire, false, after(9).wall)).unwrap();
    let known = found(&store, &ada);
    assert_eq!(known.list, ada.list);
    assert_eq!(known.account.root, opened.root);
    assert_eq!(known.account.head, ada.list.head());
    assert_eq!(known.account.devices.len(), 2);
}

#[test]
fn devices_that_were_added_apart_are_together_afterwards() {
    // Ada, as two of her devices that were apart know her.
    let base = Person::new(1);
    let (mut here, mut there) = (Person::new(1), Person::new(1));
    let (tablet, laptop) = (here.add(3), there.add(4));
    let everybody = BTreeSet::from([base.id(), tablet, laptop]);
    let mut heads = Vec::new();
    for (one, other) in [((&here, tablet), (&there, laptop)), ((&there, laptop), (&here, tablet))] {
        let store = store();
        base.open(&store);
        let (list, concerned) = taken(show_by(&store, one.0, one.1));
        assert_eq!((list, concerned), (one.0.list.clone(), BTreeSet::from([base.id(), one.1])));
        let (both, concerned) = taken(show_by(&store, other.0, other.1));
        assert_eq!(concerned, everybody);
        assert_eq!(both.devices().map(id).collect::<BTreeSet<_>>(), everybody);
        assert_eq!(found(&store, &base).list, both);
        heads.push(both.head());
    }
    assert_eq!(heads[0], heads[1], "whatever the order");
}

#[test]
fn a_list_that_says_the_same_or_less_changes_nothing() {
    let (store, mut ada) = (store(), Person::new(1));
    let less = Person::new(1);
    ada.add(3);
    ada.open(&store);
    let before = rows(&store, ada.account);
    for shown in [&ada, &less] {
        let (list, concerned) = taken(show_by(&store, shown, ada.id()));
        assert_eq!((list, concerned.len()), (ada.list.clone(), 0));
        assert_eq!(rows(&store, ada.account), before);
    }
}

#[test]
fn a_list_that_does_not_hold_is_refused() {
    let (store, ada, grace) = (store(), Person::new(1), Person::new(2));
    let show = |list, who| refused(at_once(show(&store, who, list, true, NOW.wall)).unwrap());
    // Also where no account is open that it could go against.
    let mut forged = ada.list.wire().clone();
    forged.generation.body.list_key = [9; 32];
    assert_eq!(show(forged.clone(), ada.who()), Goodbye::ListRefused);
    assert_eq!(show(grace.list.wire().clone(), (ada.account, grace.id())), Goodbye::ListRefused);
    assert!(rows(&store, ada.account).is_empty());

    ada.open(&store);
    let before = rows(&store, ada.account);
    assert_eq!(show(forged, ada.who()), Goodbye::ListRefused);
    assert_eq!(show(grace.list.wire().clone(), (ada.account, grace.id())), Goodbye::ListRefused);
    // A good list of that account under another root.
    let impostor = ada.impostor(5);
    assert_eq!(show(impostor.list.wire().clone(), impostor.who()), Goodbye::ListRefused);
    assert_eq!(rows(&store, ada.account), before);
}

#[test]
fn two_histories_of_one_account_do_not_go_together() {
    let (store, mut ada, mut other) = (store(), Person::new(1), Person::new(1));
    let (tablet, laptop) = (ada.add(3), ada.add(4));
    other.add(3);
    other.add(4);
    ada.open(&store);
    ada.remove(tablet);
    ada.open(&store);
    other.remove(laptop);
    let before = rows(&store, ada.account);
    assert_eq!(refused(show_by(&store, &other, ada.id())), Goodbye::ListRefused);
    assert_eq!(rows(&store, ada.account), before);
}

#[test]
fn where_no_accounts_are_taken_only_those_go_on_that_are_there() {
    let (store, mut ada, grace) = (store(), Person::new(1), Person::new(2));
    ada.open(&store);
    let closed =
        |person: &Person| at_once(show(&store, person.who(), person.list.wire().clone(), false, NOW.wall)).unwrap();
    assert_eq!(refused(closed(&grace)), Goodbye::Closed);
    assert!(rows(&store, grace.account).is_empty());
    ada.add(3);
    assert_eq!(taken(closed(&ada)).0, ada.list);
}

#[test]
fn only_a_device_on_the_list_may_show_it() {
    let (store, mut ada) = (store(), Person::new(1));
    let stranger = device(9).id();
    assert_eq!(refused(show_by(&store, &ada, stranger)), Goodbye::NotListed);
    assert!(rows(&store, ada.account).is_empty(), "it opens nothing");
    ada.open(&store);
    let before = rows(&store, ada.account);
    ada.add(3);
    assert_eq!(refused(show_by(&store, &ada, stranger)), Goodbye::NotListed);
    // A certificate that is past its time, or of one to come.
    let list = ada.list.wire();
    for wall in [NOW.wall.plus(CERTIFICATE_MS), Wall(0)] {
        let shown = at_once(show(&store, ada.who(), list.clone(), true, wall)).unwrap();
        assert_eq!(refused(shown), Goodbye::NotListed);
    }
    assert_eq!(rows(&store, ada.account), before);
}

#[test]
fn a_removed_device_is_shown_that_it_was() {
    let (store, mut ada, mut before) = (store(), Person::new(1), Person::new(1));
    let tablet = ada.add(3);
    before.add(3);
    before.open(&store);
    ada.remove(tablet);
    let (list, concerned) = taken(show_by(&store, &ada, ada.id()));
    assert_eq!(list, ada.list);
    assert_eq!(concerned, BTreeSet::from([ada.id(), tablet]), "the one that is gone hears of it too");
    // Whichever list it shows.
    for shown in [&before, &ada] {
        let Shown::Refused(Refused::Removed(proof)) = show_by(&store, shown, tablet) else { panic!("it is removed") };
        let wire = ada.list.wire();
        assert_eq!(*proof, Removed { root: wire.root, generation: wire.generation.clone() });
    }
}

#[test]
fn with_a_removed_device_goes_all_that_was_its_and_nothing_else() {
    let (store, mut ada) = (store(), Person::new(1));
    let (tablet, laptop) = (device(3), device(4));
    // The tablet is also somebody else's device.
    let elsewhere = Person::with_device(6, device(3));
    ada.add(3);
    ada.add(4);
    ada.open(&store);
    elsewhere.open(&store);
    for (keys, number) in [(&ada.keys, 10), (&tablet, 20), (&laptop, 30)] {
        let who = (ada.account, keys.id());
        at_once(stock::put(&store, who, &testing::stock(keys, number..number + 3, Some(number + 9)))).unwrap();
        bring(&store, ada.post_to(keys.id(), 1));
    }
    at_once(stock::put(&store, elsewhere.who(), &testing::stock(&tablet, 1..3, Some(9)))).unwrap();
    bring(&store, elsewhere.post(1));
    // More than is dropped in one go.
    for id in 2..u32::try_from(TIDY_ROWS + 10).unwrap() {
        bring(&store, ada.post_to(tablet.id(), id));
    }
    let account = ada.account;
    let of = |device| rows_of(&store, (account, device));
    let others = [of(ada.id()), of(laptop.id()), rows(&store, elsewhere.account)];

    ada.remove(tablet.id());
    ada.open(&store);
    assert!(of(tablet.id()).is_empty());
    assert_eq!([of(ada.id()), of(laptop.id()), rows(&store, elsewhere.account)], others);
}

fn bring(store: &impl Store, post: Post) {
    assert_eq!(at_once(mail::post(store, SENDER, post, NOW.wall)).0, Outcome::Kept);
}

/// What a list makes of an account's rows, as a batch.
fn taking_in(person: &Person) -> Batch {
    let elsewhere = store();
    person.open(&elsewhere);
    let put = rows(&elsewhere, person.account).into_iter().map(|(key, value)| Change::Put { key, value });
    batch(person.account, put.collect())
}

#[test]
fn of_two_lists_that_come_at_once_both_count() {
    let (store, base) = (Frail::new(), Person::new(1));
    let (mut here, mut there) = (Person::new(1), Person::new(1));
    let (tablet, laptop) = (here.add(3), there.add(4));
    let devices = |list: &VerifiedList| list.devices().map(id).collect::<BTreeSet<_>>();
    // Just before the account is opened, and just before its list is changed.
    store.be_overtaken_by(vec![taking_in(&base)]);
    let (list, _) = taken(show_by(&store, &here, tablet));
    assert_eq!(devices(&list), BTreeSet::from([base.id(), tablet]));
    store.be_overtaken_by(vec![taking_in(&there)]);
    let mut last = Person::new(1);
    let phone = last.add(5);
    let (list, _) = taken(show_by(&store, &last, phone));
    assert_eq!(devices(&list), BTreeSet::from([base.id(), laptop, phone]), "what was written over is not here");
}

#[test]
fn a_list_that_is_overtaken_all_the_time_is_not_taken() {
    let (store, mut ada) = (Frail::new(), Person::new(1));
    ada.open(&store);
    let row = found(&store, &ada).account;
    let changes = (1..).map(|at| {
        let head = ListHead { generation: row.head.generation + at, ..row.head };
        let value = rows::write(&Account { head, ..row.clone() }).unwrap();
        batch(ada.account, vec![Change::Put { key: key::ACCOUNT.to_vec(), value }])
    });
    store.be_overtaken_by(changes.take(TRIES).collect());
    let before = ada.list.clone();
    ada.add(3);
    let shown = at_once(show(&store, ada.who(), ada.list.wire().clone(), true, NOW.wall));
    assert!(matches!(shown, Err(Failed::Contended)), "{shown:?}");
    assert_eq!(found(&store, &ada).list, before);
    taken(show_by(&store, &ada, ada.id()));
    assert_eq!(found(&store, &ada).list, ada.list);
}

#[test]
fn a_list_that_cannot_be_written_is_not_taken() {
    let (store, mut ada) = (Frail::new(), Person::new(1));
    store.take_only(0);
    let list = ada.list.wire().clone();
    assert!(at_once(show(&store, ada.who(), list, true, NOW.wall)).is_err());
    assert!(rows(&store, ada.account).is_empty());
    store.take_only(usize::MAX);
    let tablet = ada.add(3);
    ada.open(&store);
    bring(&store, ada.post_to(tablet, 1));

    // The removal is written and nothing that follows from it: whoever is concerned hears of it all the same.
    store.take_only(1);
    ada.remove(tablet);
    let (list, concerned) = taken(show_by(&store, &ada, ada.id()));
    assert_eq!((list, concerned), (ada.list.clone(), BTreeSet::from([ada.id(), tablet])));
    assert_eq!(found(&store, &ada).list, ada.list);
    assert!(!rows_of(&store, (ada.account, tablet)).is_empty());
    store.take_only(usize::MAX);
    at_once(crate::tidy::next(&store, &Rates::new(CODES_OF_ALL), None, NOW)).unwrap().unwrap();
    assert!(rows_of(&store, (ada.account, tablet)).is_empty());
}

#[test]
fn rows_that_do_not_go_together_are_damage() {
    let (store, ada) = (store(), Person::new(1));
    ada.open(&store);
    let damaged = |key: &[u8], value: Option<Vec<u8>>| {
        let before = rows(&store, ada.account);
        let key = key.to_vec();
        let change = match value {
            Some(value) => Change::Put { key, value },
            None => Change::Remove { key },
        };
        testing::change(&store, ada.account, vec![change]);
        let found = at_once(find(&store, ada.account)).map(|_| ());
        let put = before.into_iter().map(|(key, value)| Change::Put { key, value });
        testing::change(&store, ada.account, put.collect());
        found
    };
    let corrupt = Err(Failed::Read(crate::StoreError::Corrupt));
    assert_eq!(damaged(key::LIST, None), corrupt);
    assert_eq!(damaged(key::LIST, Some(vec![1, 2, 3])), corrupt);
    assert_eq!(damaged(key::LIST, Some(rows::write(ada.impostor(5).list.wire()).unwrap())), corrupt);
    assert_eq!(damaged(key::ACCOUNT, Some(vec![1, 2, 3])), corrupt);
    assert!(at_once(find(&store, ada.account)).is_ok());
}
