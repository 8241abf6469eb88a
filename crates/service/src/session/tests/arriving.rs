use lamplit_identity::CERTIFICATE_MS;

use super::*;
use crate::limits::LISTS;

#[test]
fn who_comes_for_the_first_time_shows_the_list_and_is_welcome() {
    let (service, ada) = (server(&[]), Person::new(1));
    let mut line = Line::open(&service, ada.id());
    let turn = line.say([resume(&ada)]);
    assert!(!turn.welcomed);
    says(turn, vec![Down::ShowList]);
    assert!(rows(service.store(), ada.account).is_empty(), "nothing is opened without a list");
    let turn = line.say([list(&ada)]);
    assert!(turn.welcomed && turn.wake.is_empty(), "{turn:?}");
    says(turn, vec![welcome(0)]);

    // From now on it is known.
    let mut again = Line::open(&service, ada.id());
    let turn = again.say([resume(&ada)]);
    assert!(turn.welcomed);
    says(turn, vec![welcome(0)]);
    assert_eq!(again.session.device(), ada.id());
}

#[test]
fn nobody_waits_for_the_answer_to_go_on() {
    let (service, ada, grace) = (server(&[]), Person::new(1), Person::new(2));
    grace.open(service.store());
    let post = grace.post(7);
    let id = post.envelope.id;
    let mut line = Line::open(&service, ada.id());
    let turn = line.say([resume(&ada), list(&ada), bring(post), Up::WantList(grace.account)]);
    says(turn, vec![Down::ShowList, welcome(0), posted(id, Outcome::Kept), list_of(&grace)]);
}

#[test]
fn a_server_that_takes_no_accounts_serves_those_it_has() {
    let (ada, grace) = (Person::new(1), Person::new(2));
    let service = Service::new(store(), Settings { open: false, ..Settings::default() });
    ada.open(service.store());
    Line::known(&service, &ada, ada.id());
    let mut line = Line::open(&service, grace.id());
    says(line.say([resume(&grace)]), vec![Down::ShowList]);
    goodbye(line.say([list(&grace)]), Goodbye::Closed);
    assert!(rows(service.store(), grace.account).is_empty());
}

#[test]
fn nothing_is_said_before_resume_and_resume_is_said_once() {
    let ada = Person::new(1);
    let service = server(&[&ada]);
    let early = [
        list(&ada),
        bring(ada.post(7)),
        collect(0),
        Up::WantList(ada.account),
        Up::WantKey(WantKey { account: ada.account, device: ada.id() }),
        Up::Stock(crate::testing::stock(&ada.keys, 0..1, None)),
    ];
    let before = rows(service.store(), ada.account);
    for frame in early.clone() {
        goodbye(Line::open(&service, ada.id()).say([frame.clone(), resume(&ada)]), Goodbye::Rules);
    }
    // While the list is asked for nothing else counts; Grace's account is not here.
    let grace = Person::new(2);
    for frame in early.into_iter().skip(1).chain([resume(&grace)]) {
        let mut line = Line::open(&service, grace.id());
        says(line.say([resume(&grace)]), vec![Down::ShowList]);
        goodbye(line.say([frame]), Goodbye::Rules);
    }
    goodbye(Line::known(&service, &ada, ada.id()).say([resume(&ada)]), Goodbye::Rules);
    assert_eq!(rows(service.store(), ada.account), before);
}

#[test]
fn what_is_said_after_the_end_does_not_count() {
    let (ada, grace) = (Person::new(1), Person::new(2));
    let service = server(&[&ada, &grace]);
    let mut line = Line::known(&service, &grace, grace.id());
    let (first, second) = (ada.post(1), ada.post(2));
    let id = first.envelope.id;
    let turn = line.say([bring(first), resume(&grace), bring(second), Up::WantList(ada.account)]);
    assert_eq!(turn.wake, only([ada.id()]), "what came before it does");
    assert_eq!(turn.down, [posted(id, Outcome::Kept), Down::Goodbye(Goodbye::Rules)]);
    assert!(turn.ends);
    let turn = Line::open(&service, ada.id()).say([resume(&ada)]);
    assert_eq!(parts(&turn), [(vec![1], 1, true)]);
}

#[test]
fn a_removed_device_is_shown_that_it_was_and_nothing_else() {
    let mut ada = Person::new(1);
    let tablet = ada.add(3);
    let service = server(&[&ada]);
    let (before, mut here) = (resume(&ada), Line::known(&service, &ada, tablet));
    let waiting = ada.post_to(tablet, 7);
    ada.remove(tablet);
    let turn = Line::known(&service, &before_removal(), ada.id()).say([bring(waiting), list(&ada)]);
    assert_eq!(turn.wake, only([tablet]));
    let wire = ada.list.wire();
    let removed = Removed { root: wire.root, generation: wire.generation.clone() };
    let removed = || vec![Down::Removed(Box::new(removed.clone()))];
    // While it is there, as it comes back, and with the list that it is on.
    last_words(here.pump(), removed());
    last_words(Line::open(&service, tablet).say([before, list(&before_removal())]), removed());
    last_words(Line::open(&service, tablet).say([resume(&ada)]), removed());
}

fn before_removal() -> Person {
    let mut ada = Person::new(1);
    ada.add(3);
    ada
}

#[test]
fn a_device_that_shows_its_own_removal_hears_of_it() {
    let mut ada = before_removal();
    let tablet = crate::testing::device(3).id();
    let service = server(&[&ada]);
    let mut line = Line::known(&service, &ada, tablet);
    ada.remove(tablet);
    // Not taken from it: who is removed brings nothing any more.
    let turn = line.say([list(&ada)]);
    assert!(matches!(turn.down.as_slice(), [Down::Removed(_)]), "{turn:?}");
    assert!(turn.ends);
    Line::known(&service, &before_removal(), ada.id());
}

#[test]
fn a_list_under_another_root_is_refused() {
    let ada = Person::new(1);
    let service = server(&[&ada]);
    let impostor = ada.impostor(5);
    let mut line = Line::open(&service, impostor.id());
    says(line.say([resume(&impostor)]), vec![Down::ShowList]);
    goodbye(line.say([list(&impostor)]), Goodbye::ListRefused);
    // Nor is it from the device itself, which a false list may name as well.
    let mut line = Line::known(&service, &ada, ada.id());
    goodbye(line.say([list(&impostor)]), Goodbye::ListRefused);
    Line::known(&service, &ada, ada.id());
}

#[test]
fn a_device_on_no_list_of_the_account_is_not_let_in() {
    let (ada, stranger) = (Person::new(1), Person::new(9));
    let service = server(&[&ada]);
    let mut line = Line::open(&service, stranger.id());
    // A later list may have it, so it is asked first.
    says(line.say([resume(&ada)]), vec![Down::ShowList]);
    goodbye(line.say([list(&ada)]), Goodbye::NotListed);
    // Its own account's list does not help.
    let mut line = Line::open(&service, stranger.id());
    says(line.say([resume(&ada)]), vec![Down::ShowList]);
    goodbye(line.say([list(&stranger)]), Goodbye::ListRefused);
}

#[test]
fn a_new_device_brings_the_list_that_it_is_on() {
    let mut ada = Person::new(1);
    let service = server(&[&ada]);
    let mut first = Line::known(&service, &ada, ada.id());
    let tablet = ada.add(3);
    let mut line = Line::open(&service, tablet);
    says(line.say([resume(&ada)]), vec![Down::ShowList]);
    let turn = line.say([list(&ada)]);
    assert!(turn.welcomed);
    assert_eq!(turn.wake, only([ada.id()]));
    says(turn, vec![welcome(0)]);
    says(first.pump(), vec![Down::List(ada.list.wire().clone())]);
    says(first.pump(), vec![]);
}

#[test]
fn a_newer_list_reaches_the_other_devices() {
    let mut ada = before_removal();
    let tablet = crate::testing::device(3).id();
    let service = server(&[&ada]);
    let (mut first, mut second) = (Line::known(&service, &ada, ada.id()), Line::known(&service, &ada, tablet));
    let old = ada.post(1);
    let laptop = ada.add(4);
    let turn = first.say([list(&ada)]);
    assert_eq!(turn.wake, only([tablet, laptop]), "not who brought it");
    says(turn, vec![]);
    let newer = Down::List(ada.list.wire().clone());
    // The list comes before mail that may be from a device on it.
    let laptop = Line::known(&service, &ada, laptop).say([bring(ada.post_to(tablet, 7))]);
    assert_eq!(laptop.wake, only([tablet]));
    let turn = second.pump();
    assert_eq!(turn.down[0], newer);
    assert_eq!(parts(&turn), [(vec![7], 1, true)]);
    says(second.pump(), vec![]);
    says(first.pump(), vec![]);
    // Shown once more it is news to nobody.
    let turn = second.say([list(&ada)]);
    assert!(turn.wake.is_empty() && turn.down.is_empty(), "{turn:?}");
    assert_ne!(old.list, ada.post(1).list);
}

#[test]
fn an_older_list_is_answered_with_the_one_that_counts() {
    let mut ada = Person::new(1);
    let older = Person::new(1);
    ada.add(3);
    let service = server(&[&ada]);
    let newer = Down::List(ada.list.wire().clone());
    let mut line = Line::open(&service, ada.id());
    says(line.say([resume(&older)]), vec![Down::ShowList]);
    says(line.say([list(&older)]), vec![newer.clone(), welcome(0)]);
    says(line.say([list(&older)]), vec![newer]);
    says(line.pump(), vec![]);
}

#[test]
fn a_certificate_past_its_time_is_renewed_by_a_newer_list() {
    let mut ada = Person::new(1);
    let service = server(&[&ada]);
    let late = after(CERTIFICATE_MS);
    let mut line = Line::open(&service, ada.id());
    line.now = late;
    says(line.say([resume(&ada)]), vec![Down::ShowList]);
    goodbye(line.say([list(&ada)]), Goodbye::NotListed);
    ada.renew(late.wall);
    let mut line = Line::open(&service, ada.id());
    line.now = late;
    says(line.say([resume(&ada)]), vec![Down::ShowList]);
    let turn = line.say([list(&ada)]);
    assert!(turn.welcomed);
    says(
        turn,
        vec![Down::Welcome(Welcome {
            epoch: EPOCH,
            time: late.wall,
            stock: 0,
            numbers: Numbers::default(),
            kit: None,
        })],
    );
}

#[test]
fn an_account_that_is_gone_lists_nobody() {
    let ada = Person::new(1);
    let service = server(&[&ada]);
    let mut line = Line::known(&service, &ada, ada.id());
    let gone = rows(service.store(), ada.account).into_iter().map(|(key, _)| crate::Change::Remove { key });
    crate::testing::change(service.store(), ada.account, gone.collect());
    goodbye(line.pump(), Goodbye::NotListed);
}

#[test]
fn who_shows_too_many_lists_is_let_go() {
    let ada = Person::new(1);
    let service = server(&[&ada]);
    let mut line = Line::known(&service, &ada, ada.id());
    let (many, each) = LISTS;
    for _ in 0..many {
        says(line.say([list(&ada)]), vec![]);
    }
    line.now = after(each);
    says(line.say([list(&ada)]), vec![]);
    goodbye(line.say([list(&ada), list(&ada)]), Goodbye::Busy);
    // Nor does it begin anew with another connection.
    let mut line = Line::known(&service, &ada, ada.id());
    line.now = after(each);
    goodbye(line.say([list(&ada)]), Goodbye::Busy);
}

#[test]
fn who_is_to_leave_is_told_why() {
    let session = Session::new(Person::new(1).id());
    goodbye(session.stop(), Goodbye::Stopping);
    goodbye(session.newer(), Goodbye::Newer);
}
