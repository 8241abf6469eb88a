#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

use lamplit_types::limits::{ENVELOPE_BYTES, FEED_ITEMS, FRAME_BYTES};
use lamplit_wire::{
    Envelope,
    bounded::List,
    server::{Cursor, Delivery, Down, Feed, Item},
};

use super::*;
use crate::{
    feed::{Page, feed},
    limits::{FEED_BYTES, ROW_BYTES},
    memory::Memory,
    store::numbered,
    suite::at_once,
    testing::{EPOCH, Frail, NOW, Person, SENDER, after, batch, change, rows, rows_of, sealed, store},
};

/// A store with Ada's account, and Ada.
fn opened() -> (Memory, Person) {
    let (store, ada) = (store(), Person::new(1));
    ada.open(&store);
    (store, ada)
}

fn bring(store: &impl Store, what: Post) -> Outcome {
    at_once(post(store, SENDER, what, NOW.wall)).0
}

/// One of another size.
fn sized(post: Post, bytes: usize) -> Post {
    Post { envelope: Envelope { sealed: sealed(bytes), ..post.envelope }, ..post }
}

fn lasting(post: Post, millis: u64) -> Post {
    Post { envelope: Envelope { expires: NOW.wall.plus(millis), ..post.envelope }, ..post }
}

fn page(store: &impl Store, ada: &Person, after: u64) -> Page {
    at_once(feed(store, ada.who(), after, NOW.wall)).unwrap()
}

/// What is in the feed, by the first bytes of its ids.
fn ids(page: &Page) -> Vec<u32> {
    let id = |item: &Item| {
        let Item::Envelope(delivery) = item else { panic!("{item:?}") };
        u32::from_be_bytes(*delivery.envelope.id.as_bytes().first_chunk::<4>().unwrap())
    };
    page.items.iter().map(id).collect()
}

fn weighs(store: &impl Store, ada: &Person) -> i64 {
    let row = at_once(store.get(&Partition::Account(ada.account), &key::weight(&ada.id()))).unwrap();
    row.map_or(0, |row| i64::from_be_bytes(row.try_into().unwrap()))
}

#[test]
fn an_envelope_is_kept_once_however_often_it_is_brought() {
    let (store, mut ada) = opened();
    let tablet = ada.add(3);
    ada.open(&store);
    assert_eq!(bring(&store, ada.post(7)), Outcome::Kept);
    let before = rows(&store, ada.account);
    assert_eq!(bring(&store, ada.post(7)), Outcome::Kept, "it is here, whatever its sender heard");
    assert_eq!(rows(&store, ada.account), before);
    assert_eq!(ids(&page(&store, &ada, 0)), [7]);
    // Another device's is another one, even if somebody gives it the same name.
    assert_eq!(bring(&store, ada.post_to(tablet, 7)), Outcome::Kept);
    assert_eq!(at_once(feed(&store, (ada.account, tablet), 0, NOW.wall)).unwrap().items.len(), 1);
    assert_eq!(ids(&page(&store, &ada, 0)), [7]);
}

#[test]
fn what_is_kept_says_who_brought_it_and_is_handed_out_as_it_came() {
    let (store, ada) = opened();
    let brought = ada.post(7);
    let (outcome, head) = at_once(post(&store, SENDER, brought.clone(), NOW.wall));
    assert_eq!((outcome, head), (Outcome::Kept, Some(ada.list.head())));
    let Some(Item::Envelope(delivery)) = page(&store, &ada, 0).items.pop() else { panic!("it is mail") };
    let (account, device) = SENDER;
    assert_eq!(*delivery, Delivery { account, device, envelope: brought.envelope });
}

#[test]
fn mail_for_somebody_who_is_not_here_is_not_kept() {
    let (store, ada) = opened();
    let (grace, before) = (Person::new(2), rows(&store, ada.account));
    assert_eq!(at_once(post(&store, ada.who(), grace.post(7), NOW.wall)), (Outcome::Nobody, None));
    assert!(rows(&store, grace.account).is_empty());
    // A device that its account does not list; whoever asks learns of the list that counts.
    let stranger = at_once(post(&store, grace.who(), ada.post_to(grace.id(), 7), NOW.wall));
    assert_eq!(stranger, (Outcome::Nobody, Some(ada.list.head())));
    assert_eq!(rows(&store, ada.account), before);
}

#[test]
fn what_has_expired_is_not_kept() {
    let (store, ada) = opened();
    let before = rows(&store, ada.account);
    assert_eq!(bring(&store, lasting(ada.post(7), 0)), Outcome::Expired);
    assert_eq!(rows(&store, ada.account), before);
    assert_eq!(bring(&store, lasting(ada.post(7), 1)), Outcome::Kept);
}

#[test]
fn nothing_is_kept_longer_than_the_server_keeps_it() {
    let (store, ada) = opened();
    assert_eq!(bring(&store, lasting(ada.post(7), 2 * KEPT_MS)), Outcome::Kept);
    let at = |millis| at_once(feed(&store, ada.who(), 0, after(millis).wall)).unwrap().items.len();
    assert_eq!((at(KEPT_MS - 1), at(KEPT_MS)), (1, 0));
    let dropped = |millis| {
        let partition = Partition::Account(ada.account);
        at_once(drop_expired(&store, partition, &ada.id(), after(millis).wall)).unwrap()
    };
    assert_eq!((dropped(KEPT_MS - 1), dropped(KEPT_MS)), (0, 1));
}

#[test]
fn a_full_mailbox_takes_no_more_until_some_of_it_is_collected() {
    let (store, ada) = opened();
    assert_eq!(bring(&store, ada.post(1)), Outcome::Kept);
    let one = weighs(&store, &ada);
    assert!(one > 300 + ROW_BYTES, "{one} bytes for an envelope of 300");
    // 64 MiB would take long. Two more of the same fit in, to the byte.
    let ballast = MAILBOX_BYTES - 3 * one;
    change(&store, ada.account, vec![Change::Add { key: key::weight(&ada.id()), by: ballast }]);
    assert_eq!(bring(&store, ada.post(2)), Outcome::Kept);
    assert_eq!(bring(&store, sized(ada.post(3), 301)), Outcome::Full, "a byte too much");
    assert_eq!(bring(&store, ada.post(3)), Outcome::Kept);
    assert_eq!(weighs(&store, &ada), MAILBOX_BYTES);
    assert_eq!(bring(&store, ada.post(4)), Outcome::Full);
    assert_eq!(bring(&store, ada.post(2)), Outcome::Kept, "it needs no room");
    assert_eq!(ids(&page(&store, &ada, 0)), [1, 2, 3]);

    at_once(collected(&store, ada.who(), 1)).unwrap();
    assert_eq!(bring(&store, ada.post(4)), Outcome::Kept);
    assert_eq!(bring(&store, ada.post(5)), Outcome::Full);
    assert_eq!(ids(&page(&store, &ada, 0)), [2, 3, 4]);
    change(&store, ada.account, vec![Change::Add { key: key::weight(&ada.id()), by: -ballast }]);
    at_once(collected(&store, ada.who(), 4)).unwrap();
    assert!(rows_of(&store, ada.who()).is_empty(), "an empty mailbox weighs nothing");
}

#[test]
fn one_account_fills_its_share_of_a_mailbox_and_no_more() {
    let (store, ada) = opened();
    let (account, device) = SENDER;
    let grace = Person::new(2).who();
    let brings = |from, id| at_once(post(&store, from, ada.post(id), NOW.wall)).0;
    assert_eq!(brings(SENDER, 1), Outcome::Kept);
    let one = weighs(&store, &ada);
    // 8 MiB would take long. One more of the same fits in, to the byte.
    let key = key::share(&ada.id(), &account);
    change(&store, ada.account, vec![Change::Add { key: key.clone(), by: SENDER_BYTES - 2 * one }]);
    assert_eq!(bring(&store, sized(ada.post(2), 301)), Outcome::Full, "a byte too much");
    assert_eq!(brings(SENDER, 2), Outcome::Kept);
    assert_eq!(brings(SENDER, 3), Outcome::Full);
    assert_eq!(brings((account, grace.1), 3), Outcome::Full, "whichever of its devices");
    assert_eq!(brings((grace.0, device), 3), Outcome::Kept, "others still get in");
    assert_eq!(brings(SENDER, 2), Outcome::Kept, "it is here");
    assert_eq!(ids(&page(&store, &ada, 0)), [1, 2, 3]);

    at_once(collected(&store, ada.who(), 1)).unwrap();
    assert_eq!(brings(SENDER, 4), Outcome::Kept);
    assert_eq!(brings(SENDER, 5), Outcome::Full);
    change(&store, ada.account, vec![Change::Add { key, by: 2 * one - SENDER_BYTES }]);
    at_once(collected(&store, ada.who(), 4)).unwrap();
    assert!(rows_of(&store, ada.who()).is_empty(), "of nobody anything is left");
}

#[test]
fn mail_is_handed_out_in_the_order_it_came() {
    let (store, ada) = opened();
    for id in [9, 2, 7, 4] {
        assert_eq!(bring(&store, ada.post(id)), Outcome::Kept);
    }
    let all = page(&store, &ada, 0);
    assert_eq!((ids(&all), all.place, all.more), (vec![9, 2, 7, 4], 4, false));
    let rest = page(&store, &ada, 2);
    assert_eq!((ids(&rest), rest.place, rest.more), (vec![7, 4], 4, false));
    let none = page(&store, &ada, 4);
    assert_eq!((ids(&none), none.place, none.more), (vec![], 4, false));
    // A number is not used again, or somebody would take new mail for what they have.
    at_once(collected(&store, ada.who(), 4)).unwrap();
    assert_eq!(bring(&store, ada.post(5)), Outcome::Kept);
    assert_eq!(page(&store, &ada, 4).place, 5);
}

#[test]
fn a_part_of_the_feed_holds_so_many() {
    let (store, ada) = opened();
    let most = u32::try_from(FEED_ITEMS).unwrap();
    for id in 1..=most {
        bring(&store, sized(ada.post(id), 10));
    }
    let whole = page(&store, &ada, 0);
    assert_eq!((whole.items.len(), whole.more), (FEED_ITEMS, false), "there is nothing behind it");
    bring(&store, sized(ada.post(most + 1), 10));
    let first = page(&store, &ada, 0);
    assert_eq!((ids(&first), first.place, first.more), ((1..=most).collect(), 64, true));
    let second = page(&store, &ada, first.place);
    assert_eq!((ids(&second), second.place, second.more), (vec![most + 1], 65, false));
}

#[test]
fn a_part_of_the_feed_ends_once_it_is_large() {
    let (store, ada) = opened();
    for (id, bytes) in [(1, 12_000), (2, 12_000), (3, 12_000), (4, ENVELOPE_BYTES), (5, 10)] {
        assert_eq!(bring(&store, sized(ada.post(id), bytes)), Outcome::Kept);
    }
    // Two of them are not beyond the limit, and with a third the part is.
    let mut place = 0;
    for (expected, more) in [(vec![1, 2, 3], true), (vec![4], true), (vec![5], false)] {
        let part = page(&store, &ada, place);
        assert_eq!((ids(&part), part.more), (expected, more));
        place = part.place;
    }
}

#[test]
fn the_largest_part_of_a_feed_is_a_frame() {
    let (store, ada) = opened();
    // As much beside the largest envelope as can be, in as many pieces as can be.
    for id in 1..64 {
        bring(&store, sized(ada.post(id), 279));
    }
    bring(&store, sized(ada.post(64), ENVELOPE_BYTES));
    let mail = key::mail(&ada.id());
    let in_order = rows(&store, ada.account).into_iter().filter(|(at, _)| at.starts_with(&mail));
    let before: usize = in_order.take(63).map(|(_, row)| row.len()).sum();
    assert!((FEED_BYTES - 62..=FEED_BYTES).contains(&before), "{before} bytes before the last one");
    let part = page(&store, &ada, 0);
    assert_eq!(part.items.len(), FEED_ITEMS);
    let cursor = Cursor { epoch: EPOCH, place: u64::MAX };
    let feed = Feed { items: List::try_from(part.items).unwrap(), cursor, last: true, gap: false };
    let bytes = Down::Feed(feed).encode().unwrap().len();
    assert!(bytes <= FRAME_BYTES, "{bytes} bytes");
}

#[test]
fn what_has_expired_is_passed_by() {
    let (store, ada) = opened();
    for (id, millis) in [(1, 500), (2, 2_000), (3, 500), (4, 2_000), (5, 500)] {
        assert_eq!(bring(&store, lasting(ada.post(id), millis)), Outcome::Kept);
    }
    let at = |place, millis| at_once(feed(&store, ada.who(), place, after(millis).wall)).unwrap();
    assert_eq!(ids(&at(0, 499)), [1, 2, 3, 4, 5]);
    let good = at(0, 500);
    assert_eq!((ids(&good), good.place), (vec![2, 4], 5));
    let none = at(4, 500);
    assert_eq!((ids(&none), none.place, none.more), (vec![], 5, false));
    // Whoever has collected what follows it takes it along.
    at_once(collected(&store, ada.who(), 5)).unwrap();
    assert!(rows_of(&store, ada.who()).is_empty());
}

#[test]
fn what_was_collected_is_gone_and_what_follows_stays() {
    let (store, mut ada) = opened();
    let tablet = ada.add(3);
    ada.open(&store);
    // More than is dropped in one go, twice.
    let many = u32::try_from(2 * TIDY_ROWS + 40).unwrap();
    bring(&store, ada.post_to(tablet, 1));
    for id in 1..=many {
        bring(&store, sized(ada.post(id), 10));
    }
    let (one, others) = (weighs(&store, &ada) / i64::from(many), rows_of(&store, (ada.account, tablet)));
    // The first number went to the tablet.
    at_once(collected(&store, ada.who(), u64::from(many) - 2)).unwrap();
    assert_eq!(ids(&page(&store, &ada, 0)), [many - 2, many - 1, many]);
    assert_eq!(weighs(&store, &ada), 3 * one);
    assert_eq!(rows_of(&store, ada.who()).len(), 8, "three, each known by its id, and their weight, of all and of one");
    at_once(collected(&store, ada.who(), 1)).unwrap();
    assert_eq!(ids(&page(&store, &ada, 0)).len(), 3, "it was said before");
    at_once(collected(&store, ada.who(), u64::MAX)).unwrap();
    assert!(rows_of(&store, ada.who()).is_empty());
    assert_eq!(rows_of(&store, (ada.account, tablet)), others);
    // What is not here is not known any more.
    assert_eq!(bring(&store, ada.post(1)), Outcome::Kept);
    assert_eq!(ids(&page(&store, &ada, 0)), [1]);
}

#[test]
fn exactly_as_many_as_are_dropped_in_one_go() {
    let (store, ada) = opened();
    for rows in [TIDY_ROWS - 1, TIDY_ROWS] {
        for id in 0..u32::try_from(rows).unwrap() {
            bring(&store, sized(ada.post(id), 10));
        }
        let partition = Partition::Account(ada.account);
        let dropped = at_once(drop_expired(&store, partition, &ada.id(), after(KEPT_MS).wall));
        assert_eq!(dropped, Ok(rows));
        assert!(rows_of(&store, ada.who()).is_empty());
    }
}

#[test]
fn what_has_expired_is_dropped_up_to_what_has_not() {
    let (store, ada) = opened();
    for (id, millis) in [(1, 500), (2, 600), (3, 2_000), (4, 500)] {
        bring(&store, lasting(ada.post(id), millis));
    }
    let four = weighs(&store, &ada);
    let partition = Partition::Account(ada.account);
    let dropped = |millis| at_once(drop_expired(&store, partition, &ada.id(), after(millis).wall)).unwrap();
    assert_eq!((dropped(499), dropped(599), dropped(600)), (0, 1, 1));
    assert_eq!(ids(&page(&store, &ada, 0)), [3, 4]);
    assert_eq!(weighs(&store, &ada), four / 2);
    assert_eq!(dropped(2_000), 2);
    assert!(rows_of(&store, ada.who()).is_empty());
}

#[test]
fn two_who_drop_the_same_mail_drop_all_of_it_once() {
    let (store, ada) = (Frail::new(), Person::new(1));
    ada.open(&store);
    for id in 1..=5 {
        bring(&store, ada.post(id));
    }
    let five = weighs(&store, &ada);
    // Somebody else drops the first, as it has expired, just before.
    let envelope = ada.post(1).envelope;
    let first = vec![
        Change::Remove { key: numbered(&key::mail(&ada.id()), 1) },
        Change::Remove { key: key::known(&ada.id(), &envelope.id) },
        Change::Add { key: key::weight(&ada.id()), by: -(five / 5) },
        Change::Add { key: key::share(&ada.id(), &SENDER.0), by: -(five / 5) },
    ];
    store.be_overtaken_by(vec![batch(ada.account, first)]);
    at_once(collected(&store, ada.who(), 4)).unwrap();
    assert_eq!(ids(&page(&store, &ada, 0)), [5]);
    assert_eq!(weighs(&store, &ada), five / 5);
}

/// So many changes of an account's row.
fn changes(store: &impl Store, account: AccountId, many: usize) -> Vec<Batch> {
    let row = at_once(store.get(&Partition::Account(account), key::ACCOUNT)).unwrap().unwrap();
    let mut row: Account = rows::read(&row).unwrap();
    let put = (0..many).map(|_| {
        row.head.generation += 1;
        batch(account, vec![Change::Put { key: key::ACCOUNT.to_vec(), value: rows::write(&row).unwrap() }])
    });
    put.collect()
}

#[test]
fn an_account_that_changes_all_the_time_gets_no_mail() {
    let (store, ada) = (Frail::new(), Person::new(1));
    ada.open(&store);
    store.be_overtaken_by(changes(&store, ada.account, TRIES - 1));
    assert_eq!(bring(&store, ada.post(1)), Outcome::Kept);
    store.be_overtaken_by(changes(&store, ada.account, TRIES));
    assert_eq!(bring(&store, ada.post(2)), Outcome::Failed);
    assert_eq!(ids(&page(&store, &ada, 0)), [1]);
}

#[test]
fn mail_that_comes_as_its_device_is_removed_is_not_kept() {
    let (store, mut ada) = (Frail::new(), Person::new(1));
    let tablet = ada.add(3);
    ada.open(&store);
    // What the list without it makes of the account's rows.
    ada.remove(tablet);
    let elsewhere = crate::testing::store();
    ada.open(&elsewhere);
    let removal = rows(&elsewhere, ada.account).into_iter().map(|(key, value)| Change::Put { key, value });
    store.be_overtaken_by(vec![batch(ada.account, removal.collect())]);
    assert_eq!(bring(&store, ada.post_to(tablet, 1)), Outcome::Nobody);
    assert!(rows_of(&store, (ada.account, tablet)).is_empty());
}

#[test]
fn what_cannot_be_written_is_not_kept() {
    let (store, ada) = (Frail::new(), Person::new(1));
    ada.open(&store);
    store.take_only(1);
    assert_eq!(bring(&store, ada.post(1)), Outcome::Kept);
    assert_eq!(bring(&store, ada.post(2)), Outcome::Failed);
    assert!(at_once(collected(&store, ada.who(), 1)).is_err());
    assert_eq!(ids(&page(&store, &ada, 0)), [1]);
}
