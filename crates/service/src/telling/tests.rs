#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

use lamplit_wire::server::WantSet;

use super::*;
use crate::{
    limits::{CODES_OF_ALL, MEMBERS, ROUNDS, UPS, WORDS},
    suite::at_once,
    testing::{Frail, Person, Writer, after, batch, change, rows, set, store},
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
    at_once(members::put(store, owner.account, set(owner, 1).audience, sorted(people))).unwrap()
}

fn append(store: &impl Store, owner: &Person, writer: &mut Writer) {
    let piece = writer.write(2, 10);
    let taken = at_once(sets::append(store, owner.who(), &piece)).unwrap();
    assert!(matches!(taken, sets::Taken::Kept { .. }), "{taken:?}");
}

/// With all words that there are at once.
fn tells(store: &impl Store, owner: &Person) -> Result<BTreeSet<DeviceId>, Failed> {
    let mut told = BTreeSet::new();
    let wait = tells_at(store, &Rates::new(CODES_OF_ALL), owner, 0, &mut told)?;
    assert_eq!(wait, 0);
    Ok(told)
}

/// So many milliseconds after the beginning.
fn tells_at(
    store: &impl Store,
    rates: &Rates,
    owner: &Person,
    millis: u64,
    told: &mut BTreeSet<DeviceId>,
) -> Result<u64, Failed> {
    at_once(Teller { store, rates, account: owner.account, now: after(millis).mono }.tell(told))
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

/// So many accounts that are here, the least first.
fn crowd(store: &impl Store, many: usize) -> Vec<AccountId> {
    let template = Person::new(2);
    template.open(store);
    let row = at_once(store.get(&Partition::Account(template.account), key::ACCOUNT)).unwrap().unwrap();
    let accounts: Vec<AccountId> = (0..many)
        .map(|number| {
            let [high, low] = u16::try_from(number).unwrap().to_be_bytes();
            AccountId::from_bytes([high, low, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9])
        })
        .collect();
    for account in &accounts {
        change(store, *account, vec![Change::Put { key: key::ACCOUNT.to_vec(), value: row.clone() }]);
    }
    accounts
}

/// How much waits for an account.
fn many(store: &impl Store, account: AccountId) -> usize {
    at_once(store.scan(&Partition::Account(account), key::UPDATES, None, usize::MAX)).unwrap().len()
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
    let accounts = crowd(&store, TOLD_AT_ONCE + 40);
    at_once(members::put(&store, ada.account, set(&ada, 1).audience, accounts.clone())).unwrap();
    tells(&store, &ada).unwrap();
    for account in accounts {
        let found = at_once(store.scan(&Partition::Account(account), key::UPDATES, None, 9)).unwrap();
        assert_eq!(found.len(), 1);
    }
}

/// Who has 10,000 contacts and changes something a few times a minute, hour by hour: all are told what is new, as it is brought.
#[test]
fn who_has_ten_thousand_members_and_changes_something_now_and_then_is_not_kept_waiting() {
    let (store, ada, rates) = (store(), Person::new(1), Rates::new(CODES_OF_ALL));
    ada.open(&store);
    let accounts = crowd(&store, 10_000);
    let mut writer = Writer::new(set(&ada, 1), 1);
    at_once(members::put(&store, ada.account, writer.set.audience, accounts.clone())).unwrap();
    for time in 0..6 {
        assert_eq!(tells_at(&store, &rates, &ada, time * 20_000, &mut BTreeSet::new()), Ok(0));
        append(&store, &ada, &mut writer);
    }
    assert_eq!(tells_at(&store, &rates, &ada, 120_000, &mut BTreeSet::new()), Ok(0));
    assert_eq!(owed(&store, &ada), 0);
    for account in accounts.iter().step_by(999) {
        let found = at_once(store.scan(&Partition::Account(*account), key::UPDATES, None, 99)).unwrap();
        let said: Vec<Update> = found.iter().map(|(_, value)| rows::read(value).unwrap()).collect();
        let mut all = vec![Update::Set(writer.set)];
        all.extend((0..6).map(|at| added(&ada, &writer, 2 * at, 2 * at + 2)));
        assert_eq!(said, all);
    }
}

/// Whoever names strangers as members, as many as may be, and brings something without end.
#[test]
fn an_account_has_so_many_words_and_no_more_and_what_waits_stays_small_and_is_told() {
    let (store, eve, rates) = (store(), Person::new(1), Rates::new(CODES_OF_ALL));
    eve.open(&store);
    // Words for those who are not here are counted too.
    let mut accounts = crowd(&store, 20);
    let here = accounts.clone();
    let nobody = |number: usize| {
        let [high, low] = u16::try_from(number).unwrap().to_be_bytes();
        AccountId::from_bytes([high, low, 10, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1])
    };
    accounts.extend((accounts.len()..MEMBERS).map(nobody));
    accounts.sort_unstable();
    let mut writer = Writer::new(set(&eve, 1), 1);
    at_once(members::put(&store, eve.account, writer.set.audience, accounts)).unwrap();
    let (most, each) = WORDS;
    let rounds = usize::try_from(most).unwrap() / MEMBERS;
    let mut wait = 0;
    for time in 0..40 {
        for _ in 0..UPS {
            append(&store, &eve, &mut writer);
        }
        wait = tells_at(&store, &rates, &eve, 0, &mut BTreeSet::new()).unwrap();
        // The first time there is also who is new.
        assert_eq!(wait > 0, time + 2 > rounds, "time {time}");
        assert!(owed(&store, &eve) <= 1, "{} rows at time {time}", owed(&store, &eve));
    }
    assert!(here.iter().all(|account| many(&store, *account) == rounds));
    // Tidying is no way round it, and nor is another device.
    assert_eq!(tells_at(&store, &rates, &eve, wait - 1, &mut BTreeSet::new()), Ok(1));
    assert!(here.iter().all(|account| many(&store, *account) == rounds));
    // All that waited is one word for each.
    let mut told = BTreeSet::new();
    assert_eq!(tells_at(&store, &rates, &eve, wait, &mut told), Ok(0));
    assert!(!told.is_empty());
    assert_eq!(owed(&store, &eve), 0);
    assert!(here.iter().all(|account| many(&store, *account) == rounds + 1));
    let all = u64::try_from(MEMBERS).unwrap() * each;
    assert!((1..=all).contains(&wait), "{wait} ms");
}

/// One whom somebody names alone, and who is away.
#[test]
fn one_member_alone_is_told_so_often_too() {
    let store = store();
    let [eve, grace] = people(&store);
    name(&store, &eve, &[&grace]);
    let (rates, (rounds, each)) = (Rates::new(CODES_OF_ALL), ROUNDS);
    // Two logs in turn, which are not told in one.
    let mut writers = [1, 2].map(|life| Writer::in_life(set(&eve, 1), 1, life));
    let mut time = 0;
    let mut bring = |millis: u64| {
        time += 1;
        append(&store, &eve, &mut writers[time % 2]);
        tells_at(&store, &rates, &eve, millis, &mut BTreeSet::new()).unwrap()
    };
    let most = usize::try_from(rounds).unwrap();
    // The first time there is also that she is named.
    assert!((1..most).all(|_| bring(0) == 0));
    assert!((0..50).all(|_| bring(0) == each));
    assert_eq!(many(&store, grace.account), most);
    assert_eq!(tells_at(&store, &rates, &eve, each, &mut BTreeSet::new()), Ok(0));
    assert_eq!((waits(&store, &grace).len(), waits(&store, &grace)[most]), (most + 1, Update::Set(set(&eve, 1))));
    assert_eq!(owed(&store, &eve), 0);
}

/// In an hour of all that can be done, of many sets with other members each time.
#[test]
fn what_waits_of_many_sets_and_lists_is_two_rows_of_a_set_at_most() {
    let (store, eve, rates) = (store(), Person::new(1), Rates::new(CODES_OF_ALL));
    eve.open(&store);
    let strangers = |from: u16| -> Vec<AccountId> {
        let id = |number: u16| {
            let [high, low] = number.to_be_bytes();
            AccountId::from_bytes([high, low, 10, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1])
        };
        (from..from + 8_000).map(id).collect()
    };
    let mut waited = 0;
    for time in 0..60_u16 {
        for audience in 1..=4 {
            let set = set(&eve, audience);
            at_once(members::put(&store, eve.account, set.audience, strangers(time % 2 * 8_000))).unwrap();
            append(&store, &eve, &mut Writer::in_life(set, 1, time.into()));
        }
        let wait = tells_at(&store, &rates, &eve, u64::from(time) * 1_000, &mut BTreeSet::new()).unwrap();
        waited += usize::from(wait > 0);
        let found = at_once(store.scan(&Partition::Account(eve.account), key::OWED, None, usize::MAX)).unwrap();
        let bytes: usize = found.iter().map(|(_, value)| value.len()).sum();
        assert!(found.len() <= 2 * 4 && bytes < 2 * 4 * 128, "{} rows of {bytes} bytes at {time} s", found.len());
    }
    assert!(waited > 50, "{waited}");
    let mut told = BTreeSet::new();
    assert_eq!(tells_at(&store, &rates, &eve, 3_600_000, &mut told), Ok(0));
    assert_eq!(owed(&store, &eve), 0);
}

#[test]
fn what_there_are_no_words_for_goes_in_order_and_as_it_is_where_it_is_little() {
    let store = store();
    let [ada, grace, carol] = people(&store);
    let rates = Rates::new(CODES_OF_ALL);
    name(&store, &ada, &[&grace]);
    let mut writer = Writer::new(set(&ada, 1), 1);
    // Nothing is left.
    let (most, each) = WORDS;
    assert_eq!(rates.wait_for(Asker::Account(ada.account), &[(most, What::Word)], after(0).mono), 0);
    append(&store, &ada, &mut writer);
    assert_eq!(tells_at(&store, &rates, &ada, 0, &mut BTreeSet::new()), Ok(each));
    // That she is a member, and what is new: that the set is to be asked for says both.
    assert_eq!(owed(&store, &ada), 1);
    assert_eq!(tells_at(&store, &rates, &ada, each, &mut BTreeSet::new()), Ok(0));
    assert_eq!(waits(&store, &grace), [Update::Set(writer.set)]);
    // What follows one another in a log stays what it is.
    for _ in 0..3 {
        append(&store, &ada, &mut writer);
        assert_eq!(tells_at(&store, &rates, &ada, each, &mut BTreeSet::new()), Ok(each));
    }
    assert_eq!(owed(&store, &ada), 1);
    // Who is named and let go before there is a word for it is told nothing.
    at_once(members::put(&store, ada.account, set(&ada, 2).audience, vec![carol.account])).unwrap();
    assert_eq!(tells_at(&store, &rates, &ada, each, &mut BTreeSet::new()), Ok(each));
    at_once(members::put(&store, ada.account, set(&ada, 2).audience, Vec::new())).unwrap();
    let mut told = BTreeSet::new();
    assert_eq!(tells_at(&store, &rates, &ada, 2 * each, &mut told), Ok(0));
    assert_eq!(told, BTreeSet::from([grace.id()]));
    assert_eq!(waits(&store, &grace)[1..], [added(&ada, &writer, 2, 8)]);
    assert_eq!((waits(&store, &carol), owed(&store, &ada)), (Vec::new(), 0));
}

/// A log is brought anew a second time, and a member asks a second time, after the member was told and before it is not waited for.
#[test]
fn who_asks_again_while_they_are_told_waits_again() {
    let store = Frail::new();
    let [ada, grace] = people(&store);
    name(&store, &ada, &[&grace]);
    let mut writer = Writer::new(set(&ada, 1), 1);
    append(&store, &ada, &mut writer);
    tells(&store, &ada).unwrap();
    let asks = |store: &Frail| {
        let want = WantSet { set: set(&ada, 1), heads: Vec::new().try_into().unwrap() };
        at_once(sets::find(store, grace.account, &want, usize::MAX)).unwrap()
    };
    let audience = writer.set.audience;
    at_once(sets::begin_anew(&store, ada.account, &audience)).unwrap();
    asks(&store);
    let waiting = || {
        let found = at_once(store.scan(&Partition::Account(ada.account), &key::waiting(&audience), None, 9)).unwrap();
        found.into_iter().next()
    };
    let first = waiting().unwrap();
    append(&store, &ada, &mut Writer::new(set(&ada, 1), 1));
    // The next two writes are her word and that she waits no more: before the second she asks again.
    let again = rows::write(&2_u64).unwrap();
    assert_ne!(first.1, again);
    let asked = Change::Put { key: first.0, value: again };
    store.be_overtaken_by(vec![batch(ada.account, vec![asked]), batch(ada.account, Vec::new())]);
    assert_eq!(tells(&store, &ada), Ok(BTreeSet::from([grace.id()])));
    assert!(waiting().is_some(), "she waits for the next time");
    assert_eq!(owed(&store, &ada), 0);
    at_once(sets::begin_anew(&store, ada.account, &audience)).unwrap();
    append(&store, &ada, &mut Writer::new(set(&ada, 1), 1));
    assert_eq!(tells(&store, &ada), Ok(BTreeSet::from([grace.id()])));
    assert!(waiting().is_none());
    assert_eq!(waits(&store, &grace).last(), Some(&Update::Set(set(&ada, 1))));
}
