use super::*;
use crate::testing::{Frail, stock};

/// A server whose store gives trouble, to which both have been.
fn frail(people: [&Person; 2]) -> Service<Frail> {
    let service = Service::new(Frail::new(), Settings::default());
    people.iter().for_each(|person| person.open(service.store()));
    service
}

fn pair() -> (Service<Frail>, Person, Person) {
    let (grace, ada) = (Person::new(2), Person::new(1));
    (frail([&grace, &ada]), grace, ada)
}

/// All rows, also while none can be read.
fn all(service: &Service<Frail>, people: [&Person; 2]) -> Vec<crate::Row> {
    people.iter().flat_map(|person| rows(&service.store().store, person.account)).collect()
}

#[test]
fn what_was_not_written_is_not_said_to_be_kept() {
    let (service, grace, ada) = pair();
    let mut line = Line::known(&service, &grace, grace.id());
    service.store().take_only(1);
    let outcomes = [Outcome::Kept, Outcome::Failed, Outcome::Failed];
    let posts = [ada.post(1), ada.post(2), grace.post(3)];
    let answers = posts.iter().zip(outcomes).map(|(post, outcome)| posted(post.envelope.id, outcome)).collect();
    let turn = line.say(posts.clone().map(bring));
    assert_eq!(turn.wake, only([ada.id()]));
    says(turn, answers);
    let turn = line.say([bring(ada.post(4))]);
    assert!(turn.wake.is_empty());
    says(turn, vec![posted(ada.post(4).envelope.id, Outcome::Failed)]);
    // The connection goes on, and so does the mail.
    service.store().take_only(1);
    says(line.say([bring(ada.post(4))]), vec![posted(ada.post(4).envelope.id, Outcome::Kept)]);
    assert_eq!(parts(&Line::open(&service, ada.id()).say([resume(&ada)])), [(vec![1, 4], 2, true)]);
}

#[test]
fn a_store_that_cannot_be_read_fails_envelopes_and_ends_the_connection() {
    let (service, grace, ada) = pair();
    let mut line = Line::known(&service, &grace, grace.id());
    let before = all(&service, [&grace, &ada]);
    service.store().fail_reads(true);
    let said = [posted(ada.post(1).envelope.id, Outcome::Failed), Down::Goodbye(Goodbye::Failing)];
    last_words(line.say([bring(ada.post(1))]), said.to_vec());
    service.store().fail_reads(false);
    assert_eq!(all(&service, [&grace, &ada]), before);
}

#[test]
fn where_nothing_can_be_read_nothing_is_answered() {
    let (service, grace, ada) = pair();
    let questions = [
        Up::WantList(ada.account),
        Up::WantKey(WantKey { account: ada.account, device: ada.id() }),
        Up::Stock(stock(&grace.keys, 1..3, Some(9))),
        collect(0),
        list(&grace),
    ];
    for question in questions {
        let mut line = Line::known(&service, &grace, grace.id());
        let before = all(&service, [&grace, &ada]);
        service.store().fail_reads(true);
        // What follows it is not looked at.
        goodbye(line.say([question, bring(ada.post(1)), Up::WantList(ada.account)]), Goodbye::Failing);
        service.store().fail_reads(false);
        assert_eq!(all(&service, [&grace, &ada]), before);
    }
    let (mut known, mut coming) = (Line::known(&service, &ada, ada.id()), Line::open(&service, ada.id()));
    service.store().fail_reads(true);
    goodbye(known.pump(), Goodbye::Failing);
    goodbye(coming.say([resume(&ada)]), Goodbye::Failing);
}

#[test]
fn where_nothing_can_be_written_nobody_is_told_that_it_was() {
    let (service, grace, mut ada) = pair();
    Line::known(&service, &grace, grace.id()).say([bring(ada.post(1)), bring(ada.post(2))]);
    let turn = Line::known(&service, &ada, ada.id()).say([Up::Stock(stock(&ada.keys, 1..3, Some(9)))]);
    says(turn, vec![Down::Stocked(2)]);
    let known = resume(&ada);
    let old = Person::new(1);
    let tablet = ada.add(3);
    let before = all(&service, [&grace, &ada]);
    let changes = [
        (collect(1), 0),
        (Up::WantKey(WantKey { account: ada.account, device: ada.id() }), 0),
        (Up::Stock(stock(&ada.keys, 3..5, None)), 0),
        (list(&ada), 0),
    ];
    for (change, room) in changes {
        let mut line = Line::known(&service, &old, ada.id());
        service.store().take_only(room);
        goodbye(line.say([change, Up::WantList(ada.account)]), Goodbye::Failing);
        assert_eq!(all(&service, [&grace, &ada]), before);
        service.store().take_only(usize::MAX);
    }
    // Who comes, with a place up to which it has its feed.
    service.store().take_only(0);
    let Up::Resume(resume) = known else { panic!("it is one") };
    let resume = Up::Resume(Resume { cursor: Some(Cursor { epoch: EPOCH, place: 1 }), ..resume });
    goodbye(Line::open(&service, ada.id()).say([resume]), Goodbye::Failing);
    // And who opens an account, or comes with a list that is new.
    let stranger = Person::new(9);
    for (person, device) in [(&stranger, stranger.id()), (&ada, tablet)] {
        let mut line = Line::open(&service, device);
        says(line.say([self::resume(person)]), vec![Down::ShowList]);
        goodbye(line.say([list(person)]), Goodbye::Failing);
    }
    assert_eq!(all(&service, [&grace, &ada]), before);
    assert!(rows(&service.store().store, stranger.account).is_empty());
}

#[test]
fn a_removal_reaches_its_device_even_if_nothing_that_follows_is_written() {
    let (grace, mut ada) = (Person::new(2), Person::new(1));
    let tablet = ada.add(3);
    let service = frail([&grace, &ada]);
    let mut there = Line::known(&service, &ada, tablet);
    let mut here = Line::known(&service, &ada, ada.id());
    says(here.say([bring(ada.post_to(tablet, 1))]), vec![posted(ada.post(1).envelope.id, Outcome::Kept)]);
    service.store().take_only(1);
    ada.remove(tablet);
    let turn = here.say([list(&ada)]);
    assert_eq!(turn.wake, only([tablet]));
    says(turn, vec![]);
    let turn = there.pump();
    assert!(turn.ends && matches!(turn.down.as_slice(), [Down::Removed(_)]), "{turn:?}");
}
