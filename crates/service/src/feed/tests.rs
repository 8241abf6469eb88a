#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

use lamplit_types::limits::{FRAME_BYTES, PIECE_BYTES};
use lamplit_wire::{
    bounded::List,
    server::{Cursor, Down, Feed, Outcome, Piece, Post},
};

use super::*;
use crate::{
    mail,
    memory::Memory,
    sets::Taken,
    store::Change,
    suite::at_once,
    testing::{self, EPOCH, NOW, Person, SENDER, Writer, change, sealed, set, store},
};

/// Ada, who has a tablet, and Grace, who may have a set of hers.
struct Two {
    store: Memory,
    ada: Person,
    tablet: DeviceId,
    grace: Person,
    writer: Writer,
}

fn two() -> Two {
    let (store, mut ada, grace) = (store(), Person::new(1), Person::new(2));
    let tablet = ada.add(3);
    ada.open(&store);
    grace.open(&store);
    let writer = Writer::new(set(&ada, 1), 1);
    let two = Two { store, ada, tablet, grace, writer };
    two.name(&[&two.grace]);
    two
}

impl Two {
    fn name(&self, members: &[&Person]) {
        let accounts = members.iter().map(|person| person.account).collect();
        at_once(members::put(&self.store, self.ada.account, self.writer.set.audience, accounts)).unwrap();
        self.tell();
    }

    fn tell(&self) {
        testing::tell(&self.store, self.ada.account);
    }

    /// Ada's first device brings a piece.
    fn bring(&mut self, records: usize, bytes: usize) -> Piece {
        let piece = self.writer.write(records, bytes);
        let taken = at_once(sets::append(&self.store, self.ada.who(), &piece)).unwrap();
        assert!(matches!(taken, Taken::Kept { .. }), "{taken:?}");
        piece
    }

    fn mail(&self, post: Post) {
        assert_eq!(at_once(mail::post(&self.store, SENDER, post, NOW.wall)).0, Outcome::Kept);
    }

    fn page(&self, who: (AccountId, DeviceId), after: u64) -> Page {
        at_once(feed(&self.store, who, after, NOW.wall)).unwrap()
    }

    /// All parts from a place on, each of which has to be a frame.
    fn all(&self, who: (AccountId, DeviceId), mut after: u64) -> Vec<Page> {
        let mut pages = Vec::new();
        loop {
            let page = self.page(who, after);
            let cursor = Cursor { epoch: EPOCH, place: u64::MAX };
            let items = List::try_from(page.items.clone()).unwrap();
            let bytes = Down::Feed(Feed { items, cursor, last: true, gap: true }).encode().unwrap().len();
            assert!(bytes <= FRAME_BYTES, "{bytes} bytes");
            let more = page.more;
            after = page.place;
            pages.push(page);
            if !more {
                return pages;
            }
        }
    }
}

fn piece(piece: &Piece) -> Item {
    Item::Piece(Box::new(piece.clone()))
}

#[test]
fn mail_and_records_come_in_the_order_they_came() {
    let mut two = two();
    let tablet = (two.ada.account, two.tablet);
    // The members were the first.
    two.mail(two.ada.post_to(two.tablet, 1));
    let first = two.bring(2, 10);
    two.mail(two.ada.post_to(two.tablet, 2));
    let second = two.bring(1, 10);
    let page = two.page(tablet, 0);
    let [Item::Envelope(one), a, Item::Envelope(other), b] = &page.items[..] else { panic!("{page:?}") };
    assert_eq!((one.envelope.id.as_bytes()[3], other.envelope.id.as_bytes()[3]), (1, 2));
    assert_eq!((a, b), (&piece(&first), &piece(&second)));
    assert_eq!((page.more, page.updates), (false, 2));
    assert_eq!(two.page(tablet, page.place).items, []);
    // Who brought them has them.
    let page = two.page(two.ada.who(), 0);
    assert_eq!((page.items, page.updates), (Vec::new(), 2));
}

#[test]
fn who_may_have_a_set_is_sent_it_and_nobody_else() {
    let mut two = two();
    let grace = two.grace.who();
    let first = two.bring(2, 10);
    two.tell();
    assert_eq!(two.page(grace, 0).items, [Item::Set(two.writer.set), piece(&first)]);
    two.name(&[]);
    let page = two.page(grace, 0);
    assert_eq!((page.items, page.updates, page.more), (Vec::new(), 2, false), "they are passed");
    two.bring(2, 10);
    two.tell();
    assert_eq!(two.page(grace, page.place).place, page.place, "there is nothing for her");
}

#[test]
fn what_is_too_much_for_a_part_is_named_and_not_sent() {
    let mut two = two();
    let grace = two.grace.who();
    let start = two.page(grace, 0).place;
    // Told in one, as they follow one another.
    let pieces: Vec<Piece> = (0..3).map(|_| two.bring(3, 7_200)).collect();
    two.tell();
    let page = two.page(grace, start);
    assert_eq!((page.items, page.more), (vec![Item::Set(two.writer.set)], false));
    let few = [two.bring(1, 10), two.bring(1, 10)];
    two.tell();
    assert_eq!(two.page(grace, page.place).items, few.each_ref().map(piece));
    let place = two.page(grace, page.place).place;
    for _ in 0..=FEED_ITEMS {
        two.bring(1, 10);
    }
    two.tell();
    assert_eq!(two.page(grace, place).items, [Item::Set(two.writer.set)]);
    // Her own devices get each as it came.
    let all = two.all((two.ada.account, two.tablet), 0);
    assert_eq!(all[0].items, [piece(&pieces[0]), piece(&pieces[1])]);
    assert_eq!(all.iter().map(|page| page.items.len()).sum::<usize>(), 3 + 2 + FEED_ITEMS + 1);
}

#[test]
fn what_is_not_here_any_more_is_named() {
    let mut two = two();
    let start = two.page(two.grace.who(), 0).place;
    two.bring(2, 10);
    two.tell();
    at_once(sets::begin_anew(&two.store, two.ada.account, &two.writer.set.audience)).unwrap();
    for (who, after) in [(two.grace.who(), start), ((two.ada.account, two.tablet), 0)] {
        assert_eq!(two.page(who, after).items, [Item::Set(two.writer.set)]);
    }
    // In other pieces, and more of it: what was said to be new is in them.
    two.writer = Writer::new(two.writer.set, 1);
    let again = two.bring(3, 10);
    assert_eq!(two.page(two.grace.who(), start).items, [piece(&again)]);
}

#[test]
fn the_largest_of_everything_fits() {
    let mut two = two();
    let tablet = (two.ada.account, two.tablet);
    let large = two.bring(6, 7_969);
    let bytes = rows::write(&large).unwrap().len();
    assert!((PIECE_BYTES - 64..=PIECE_BYTES).contains(&bytes), "{bytes} bytes");
    let mut items = 1;
    // Beside each other in every way: what comes before leaves all sorts of room.
    for (many, before) in [(0, 0), (1, 15_000), (1, 15_900), (1, 16_500), (1, 24_000), (1, 32_768), (63, 250), (60, 10)]
    {
        for id in 0..many {
            let mut post = two.ada.post_to(two.tablet, items * 100 + id);
            post.envelope.sealed = sealed(before);
            two.mail(post);
        }
        two.bring(6, 7_969);
        items += many + 1;
    }
    for records in 1..30 {
        two.bring(records, 1_300);
        items += 1;
    }
    let all = two.all(tablet, 0);
    assert_eq!(all.iter().map(|page| page.items.len()).sum::<usize>(), usize::try_from(items).unwrap());
    assert!(all.iter().all(|page| !page.items.is_empty()));
}

/// Many small pieces have a byte each before them, which counts too.
#[test]
fn as_many_small_pieces_as_come_at_once_fit() {
    let mut two = two();
    let grace = two.grace.who();
    let start = two.page(grace, 0).place;
    let set = two.writer.set;
    let around = rows::write(&Writer::in_life(set, 1, 2).write(1, 800)).unwrap().len() - 800;
    let most = FEED_FRAME_BYTES / FEED_ITEMS;
    assert_eq!(most * FEED_ITEMS, FEED_FRAME_BYTES);
    // As much as fits into a part, to the byte, and as much as would without those bytes.
    for (life, bytes, fits) in [(2, most - 1, true), (3, most, false)] {
        let place = two.page(grace, start).place;
        two.writer = Writer::in_life(set, 1, life);
        for _ in 0..FEED_ITEMS {
            let brought = two.bring(1, bytes - around);
            assert_eq!(rows::write(&brought).unwrap().len(), bytes);
        }
        two.tell();
        let all = two.all(grace, place);
        let items: usize = all.iter().map(|page| page.items.len()).sum();
        assert_eq!(items, if fits { FEED_ITEMS } else { 1 });
        assert!(fits || all[0].items == [Item::Set(set)]);
    }
}

#[test]
fn what_is_damaged_at_somebody_else_is_passed() {
    let mut two = two();
    two.bring(1, 10);
    two.tell();
    let key = key::members(&two.writer.set.audience);
    change(&two.store, two.ada.account, vec![Change::Put { key, value: vec![9] }]);
    two.mail(two.grace.post(7));
    let page = two.page(two.grace.who(), 0);
    assert_eq!((page.items.len(), page.updates, page.more), (1, 2, false));
}
