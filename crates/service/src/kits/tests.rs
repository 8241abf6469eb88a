#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

use lamplit_identity::DeviceKeys;

use super::*;
use crate::{
    suite::at_once,
    testing::{Frail, Person, batch, device, rows, sealed, store},
};

fn version(generation: u32, friends: u32) -> KitVersion {
    KitVersion { generation, friends }
}

/// A kit as a device with these keys signs it.
fn kit(account: AccountId, keys: &DeviceKeys, version: KitVersion) -> Signed<Kit> {
    keys.sign(Kit { account, version, device: keys.id(), sealed: sealed(300) }).unwrap()
}

#[track_caller]
fn puts(store: &impl Store, person: &Person, keys: &DeviceKeys, version: KitVersion) -> Put {
    at_once(put(store, (person.account, keys.id()), &kit(person.account, keys, version))).unwrap()
}

#[test]
fn the_later_kit_takes_the_place_of_the_earlier_and_never_the_other_way() {
    let mut ada = Person::new(1);
    ada.add(11);
    let store = store();
    ada.open(&store);
    assert_eq!(at_once(opening(&store, ada.account)), Ok(None));
    assert_eq!(puts(&store, &ada, &ada.keys, version(1, 7)), Put::Here(Some(version(1, 7))));
    // Another device of hers, which is behind, and the same again.
    assert_eq!(puts(&store, &ada, &device(11), version(1, 6)), Put::Here(Some(version(1, 7))));
    assert_eq!(puts(&store, &ada, &device(11), version(1, 7)), Put::Here(Some(version(1, 7))));
    let found = at_once(opening(&store, ada.account)).unwrap().unwrap();
    assert_eq!((found.kit, &found.list), (kit(ada.account, &ada.keys, version(1, 7)), ada.list.wire()));

    assert_eq!(puts(&store, &ada, &device(11), version(1, 8)), Put::Here(Some(version(1, 8))));
    assert_eq!(at_once(find(&store, ada.account)).unwrap(), Some(kit(ada.account, &device(11), version(1, 8))));
    let of_kits = rows(&store, ada.account).into_iter().filter(|(key, _)| key == key::KIT);
    assert_eq!(of_kits.count(), 1, "there is one, whoever brought it");
}

#[test]
fn a_kit_goes_with_the_generation_of_the_list_that_is_here() {
    let mut ada = Person::new(1);
    let second = ada.add(11);
    let store = store();
    ada.open(&store);
    assert_eq!(puts(&store, &ada, &ada.keys, version(2, 9)), Put::Here(None), "its list is not here yet");
    assert_eq!(puts(&store, &ada, &ada.keys, version(1, 9)), Put::Here(Some(version(1, 9))));
    ada.remove(second);
    ada.open(&store);
    assert_eq!(puts(&store, &ada, &ada.keys, version(1, 10)), Put::Here(Some(version(1, 9))), "its list is past");
    assert_eq!(puts(&store, &ada, &ada.keys, version(2, 3)), Put::Here(Some(version(2, 3))));
}

#[test]
fn nobody_but_a_device_of_the_account_leaves_a_kit() {
    let mut ada = Person::new(1);
    let (second, eve) = (ada.add(11), Person::new(2));
    let store = store();
    ada.open(&store);
    let good = kit(ada.account, &ada.keys, version(1, 1));
    // Of another account; of another device than brings it; signed by another; of a device that is not on the list.
    assert_eq!(at_once(put(&store, eve.who(), &good)), Ok(Put::Refused));
    assert_eq!(at_once(put(&store, (ada.account, second), &good)), Ok(Put::Refused));
    let forged = Signed { signature: eve.keys.sign(good.body.clone()).unwrap().signature, ..good.clone() };
    assert_eq!(at_once(put(&store, ada.who(), &forged)), Ok(Put::Refused));
    assert_eq!(puts(&store, &ada, &eve.keys, version(1, 1)), Put::Refused);
    // Of one that was removed; and of an account that is not here.
    ada.remove(second);
    ada.open(&store);
    assert_eq!(puts(&store, &ada, &device(11), version(2, 1)), Put::Refused);
    assert_eq!(puts(&store, &eve, &eve.keys, version(1, 1)), Put::Refused);
    assert_eq!(at_once(find(&store, ada.account)), Ok(None));
    assert_eq!(puts(&store, &ada, &ada.keys, version(2, 1)), Put::Here(Some(version(2, 1))), "hers is taken");
}

#[test]
fn whoever_is_faster_with_a_later_kit_is_not_overwritten() {
    let ada = Person::new(1);
    let store = Frail::new();
    ada.open(&store);
    let later = rows::write(&kit(ada.account, &ada.keys, version(1, 9))).unwrap();
    store.be_overtaken_by(vec![batch(ada.account, vec![Change::Put { key: key::KIT.to_vec(), value: later }])]);
    assert_eq!(puts(&store, &ada, &ada.keys, version(1, 8)), Put::Here(Some(version(1, 9))));
}
