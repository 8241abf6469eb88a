use lamplit_wire::credential::SignedOneTimeKey;

use super::*;
use crate::{
    limits::{KEYS, STOCK, STOCKS},
    testing::{device, key, stock},
};

/// Grace asks at a server where Ada left keys.
fn stocked(one_time: core::ops::Range<u8>) -> (Service<Memory>, Person, Person) {
    let (grace, ada) = (Person::new(2), Person::new(1));
    let service = server(&[&grace, &ada]);
    let left = Down::Stocked(u16::from(one_time.end - one_time.start));
    let turn = Line::known(&service, &ada, ada.id()).say([Up::Stock(stock(&ada.keys, one_time, Some(200)))]);
    says(turn, vec![left]);
    (service, grace, ada)
}

fn want(ada: &Person) -> Up {
    Up::WantKey(WantKey { account: ada.account, device: ada.id() })
}

fn handed(ada: &Person, number: u8) -> Down {
    found(ada, Found::Key(key(&ada.keys, number)))
}

fn found(ada: &Person, found: Found) -> Down {
    Down::Key(KeyFor { device: ada.id(), found })
}

#[test]
fn each_key_is_handed_out_once_and_then_the_fallback() {
    let (service, grace, ada) = stocked(1..3);
    let mut line = Line::known(&service, &grace, grace.id());
    says(line.say([want(&ada), want(&ada)]), vec![handed(&ada, 1), handed(&ada, 2)]);
    // To somebody else as well.
    says(Line::known(&service, &ada, ada.id()).say([want(&ada)]), vec![handed(&ada, 200)]);
    says(line.say([want(&ada)]), vec![handed(&ada, 200)]);
}

#[test]
fn of_who_left_no_keys_there_is_none() {
    let (service, grace, _) = stocked(1..3);
    let nobody = Person::new(9);
    let mut line = Line::known(&service, &grace, grace.id());
    for person in [&grace, &nobody] {
        let turn = line.say([want(person)]);
        assert!(turn.wake.is_empty());
        says(turn, vec![found(person, Found::Nothing)]);
    }
}

#[test]
fn a_device_is_told_how_many_of_its_keys_are_left() {
    let (service, _, ada) = stocked(0..60);
    let mut line = Line::open(&service, ada.id());
    says(line.say([resume(&ada)]), vec![welcome(60)]);
    says(line.say([Up::Stock(stock(&ada.keys, 60..110, None))]), vec![Down::Stocked(STOCK as u16)]);
}

#[test]
fn keys_that_are_not_its_own_are_against_the_rules() {
    let (service, _, ada) = stocked(0..3);
    let other = device(3);
    let before = rows(service.store(), ada.account);
    let mut forged: SignedOneTimeKey = key(&other, 7);
    forged.body.device = ada.id();
    let forged = Stock { one_time: List::one(forged), fallback: None };
    for stock in [stock(&other, 1..2, None), stock(&other, 0..0, Some(1)), forged] {
        goodbye(Line::known(&service, &ada, ada.id()).say([Up::Stock(stock)]), Goodbye::Rules);
    }
    assert_eq!(rows(service.store(), ada.account), before);
}

#[test]
fn who_runs_low_on_keys_hears_of_it_and_not_too_often() {
    let low = u8::try_from(STOCK_LOW).unwrap();
    let (service, grace, ada) = stocked(0..low + 1);
    let mut line = Line::known(&service, &grace, grace.id());
    let mut owner = Line::known(&service, &ada, ada.id());
    assert!(line.say([want(&ada)]).wake.is_empty(), "there are as many left as are enough");
    owner.now = after(STOCK_TOLD_MS);
    says(owner.pump(), vec![]);
    assert_eq!(line.say([want(&ada)]).wake, only([ada.id()]));
    owner.now = after(2 * STOCK_TOLD_MS - 1);
    says(owner.pump(), vec![]);
    owner.now = after(2 * STOCK_TOLD_MS);
    says(owner.pump(), vec![Down::Stocked(u16::from(low) - 1)]);
    assert_eq!(line.say([want(&ada)]).wake, only([ada.id()]));
    says(owner.pump(), vec![]);
    owner.now = after(3 * STOCK_TOLD_MS - 1);
    says(owner.pump(), vec![]);
    owner.now = after(3 * STOCK_TOLD_MS);
    says(owner.pump(), vec![Down::Stocked(u16::from(low) - 2)]);
    // Also while only the fallback is handed out.
    line.say((0..low - 2).map(|_| want(&ada)));
    let turn = line.say([want(&ada)]);
    assert_eq!(turn.wake, only([ada.id()]));
    says(turn, vec![handed(&ada, 200)]);
    owner.now = after(4 * STOCK_TOLD_MS);
    says(owner.pump(), vec![Down::Stocked(0)]);
}

#[test]
fn who_has_just_come_was_told_with_the_welcome() {
    let (service, _, ada) = stocked(0..1);
    let mut line = Line::known(&service, &ada, ada.id());
    line.now = after(STOCK_TOLD_MS - 1);
    says(line.pump(), vec![]);
    line.now = after(STOCK_TOLD_MS);
    says(line.pump(), vec![Down::Stocked(1)]);
}

#[test]
fn who_wants_too_many_keys_is_told_to_wait() {
    let (service, grace, ada) = stocked(1..3);
    let nobody = Person::new(9);
    let mut line = Line::known(&service, &grace, grace.id());
    let (many, each) = KEYS;
    let turn = line.say((0..many).map(|_| want(&nobody)));
    says(turn, vec![found(&nobody, Found::Nothing); many as usize]);
    let turn = line.say([want(&ada)]);
    assert!(turn.wake.is_empty());
    says(turn, vec![found(&ada, Found::Busy)]);
    line.now = after(each);
    says(line.say([want(&ada), want(&ada)]), vec![handed(&ada, 1), found(&ada, Found::Busy)]);
    let mut again = Line::known(&service, &grace, grace.id());
    again.now = line.now;
    says(again.say([want(&ada)]), vec![found(&ada, Found::Busy)]);
}

#[test]
fn who_brings_too_many_stocks_is_let_go() {
    let ada = Person::new(1);
    let service = server(&[&ada]);
    let mut line = Line::known(&service, &ada, ada.id());
    let (many, each) = STOCKS;
    let one = |number: u8| Up::Stock(stock(&ada.keys, number..number + 1, None));
    for number in 0..u8::try_from(many).unwrap() {
        says(line.say([one(number)]), vec![Down::Stocked(u16::from(number) + 1)]);
    }
    line.now = after(each);
    says(line.say([one(50)]), vec![Down::Stocked(11)]);
    goodbye(line.say([one(51)]), Goodbye::Busy);
    let mut again = Line::known(&service, &ada, ada.id());
    again.now = line.now;
    goodbye(again.say([one(52)]), Goodbye::Busy);
    let turn = Line::open(&service, ada.id()).say([resume(&ada)]);
    says(turn, vec![welcome(11)]);
}
