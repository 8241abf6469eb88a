use super::*;
use crate::testing::{NEXT, sealed};

/// Envelopes for Ada, each of which is a part of its own.
fn large(service: &Service<Memory>, ada: &Person, ids: core::ops::RangeInclusive<u32>) {
    let grace = Person::new(2);
    let mut line = Line::known(service, &grace, grace.id());
    let posts = ids.map(|id| {
        let mut post = ada.post(id);
        post.envelope.sealed = sealed(25_000);
        bring(post)
    });
    let turn = line.say(posts);
    assert!(turn.down.iter().all(|down| matches!(down, Down::Posted(Posted { outcome: Outcome::Kept, .. }))));
}

fn ada_at_a_server() -> (Service<Memory>, Person) {
    let ada = Person::new(1);
    (server(&[&ada, &Person::new(2)]), ada)
}

/// The parts that hold one envelope each, up to the last one there is.
fn singly(ids: core::ops::RangeInclusive<u32>, last: u32) -> Vec<(Vec<u32>, u64, bool)> {
    ids.map(|id| (vec![id], u64::from(id), id == last)).collect()
}

#[test]
fn so_many_parts_are_under_way_and_the_next_comes_once_one_was_collected() {
    let (service, ada) = ada_at_a_server();
    large(&service, &ada, 1..=7);
    let mut line = Line::open(&service, ada.id());
    let turn = line.say([resume(&ada)]);
    assert_eq!(turn.down[0], welcome(0));
    assert_eq!((parts(&turn), turn.down.len()), (singly(1..=4, 7), 1 + FEED_PARTS));
    says(line.pump(), vec![]);
    let turn = line.say([collect(1)]);
    assert_eq!((parts(&turn), turn.down.len()), (singly(5..=5, 7), 1));
    says(line.say([collect(1)]), vec![]);
    // Two at once; and what is new comes in its turn.
    large(&service, &ada, 8..=9);
    says(line.pump(), vec![]);
    assert_eq!(parts(&line.say([collect(3)])), singly(6..=7, 9));
    assert_eq!(parts(&line.say([collect(7)])), singly(8..=9, 9));
    says(line.say([collect(9)]), vec![]);
    assert!(rows_of(service.store(), ada.who()).is_empty());
}

#[test]
fn what_was_collected_is_gone_and_the_rest_comes_again() {
    let (service, ada) = ada_at_a_server();
    large(&service, &ada, 1..=3);
    let mut line = Line::known(&service, &ada, ada.id());
    says(line.say([collect(2)]), vec![]);
    assert_eq!(parts(&Line::open(&service, ada.id()).say([resume(&ada)])), singly(3..=3, 3));
}

#[test]
fn nobody_has_collected_what_was_not_sent() {
    let (service, ada) = ada_at_a_server();
    large(&service, &ada, 1..=5);
    let before = rows(service.store(), ada.account);
    // The fifth waits.
    for cursor in [Cursor { epoch: EPOCH, place: 5 }, Cursor { epoch: NEXT, place: 1 }] {
        goodbye(Line::known(&service, &ada, ada.id()).say([Up::Collected(cursor)]), Goodbye::Rules);
        assert_eq!(rows(service.store(), ada.account), before);
    }
    assert_eq!(parts(&Line::known(&service, &ada, ada.id()).say([collect(4)])), singly(5..=5, 5));
}

#[test]
fn who_comes_back_says_what_was_committed_meanwhile() {
    let (service, ada) = ada_at_a_server();
    large(&service, &ada, 1..=3);
    let place = |epoch, place| Some(Cursor { epoch, place });
    // What was committed from another life of the store says nothing of this one.
    let before = rows(service.store(), ada.account);
    let turn = Line::open(&service, ada.id()).say([resume_from(&ada, place(NEXT, 3))]);
    assert_eq!(turn.down[0], welcome(0));
    assert_eq!(parts(&turn), singly(1..=3, 3));
    assert_eq!(rows(service.store(), ada.account), before);
    let turn = Line::open(&service, ada.id()).say([resume_from(&ada, place(EPOCH, 2))]);
    assert_eq!(turn.down[0], welcome(0));
    assert_eq!(parts(&turn), singly(3..=3, 3));
    assert_eq!(rows_of(service.store(), ada.who()).len(), 4, "one, known by its id, and its weight, of all and of one");
}

#[test]
fn the_place_holds_also_for_who_has_to_show_the_list_first() {
    let (service, mut ada) = ada_at_a_server();
    large(&service, &ada, 1..=3);
    ada.add(3);
    let mut line = Line::open(&service, ada.id());
    let cursor = Some(Cursor { epoch: EPOCH, place: 2 });
    says(line.say([resume_from(&ada, cursor)]), vec![Down::ShowList]);
    assert!(rows_of(service.store(), ada.who()).len() > 3, "not before it is known");
    let turn = line.say([list(&ada)]);
    assert_eq!((&turn.down[0], parts(&turn)), (&welcome(0), singly(3..=3, 3)));
}

#[test]
fn what_is_new_comes_after_what_was_sent() {
    let (service, ada) = ada_at_a_server();
    let mut line = Line::known(&service, &ada, ada.id());
    says(line.pump(), vec![]);
    large(&service, &ada, 1..=1);
    assert_eq!(parts(&line.pump()), singly(1..=1, 1));
    large(&service, &ada, 2..=2);
    // With the answer to anything.
    assert_eq!(parts(&line.say([Up::WantList(ada.account)])), singly(2..=2, 2));
}

#[test]
fn parts_that_hold_nothing_any_more_are_not_sent() {
    let (service, ada) = ada_at_a_server();
    let mut line = Line::known(&service, &Person::new(2), Person::new(2).id());
    // More than a part of what expires, and one behind it that does not.
    let posts = (1..=100).map(|id| {
        let mut post = ada.post(id);
        post.envelope.expires = if id < 100 { NOW.wall.plus(1) } else { post.envelope.expires };
        bring(post)
    });
    line.say(posts);
    let mut line = Line::open(&service, ada.id());
    line.now.wall = NOW.wall.plus(1);
    assert_eq!(parts(&line.say([resume(&ada)])), [(vec![100], 100, true)]);
    says(line.say([collect(100)]), vec![]);
    assert!(rows_of(service.store(), ada.who()).is_empty());
}
