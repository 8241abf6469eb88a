use lamplit_wire::Envelope;

use super::*;
use crate::limits::{POSTS, WANTED};

/// Grace, at a server that Ada has been to.
fn grace_and_ada() -> (Service<Memory>, Person, Person) {
    let (grace, ada) = (Person::new(2), Person::new(1));
    (server(&[&grace, &ada]), grace, ada)
}

#[test]
fn what_is_kept_wakes_its_addressee_who_is_handed_it() {
    let (service, grace, ada) = grace_and_ada();
    let mut reading = Line::known(&service, &ada, ada.id());
    let mut line = Line::known(&service, &grace, grace.id());
    let post = ada.post(7);
    let turn = line.say([bring(post.clone())]);
    assert_eq!(turn.wake, only([ada.id()]));
    says(turn, vec![posted(post.envelope.id, Outcome::Kept)]);
    let (account, device) = grace.who();
    let delivery = lamplit_wire::server::Delivery { account, device, envelope: post.envelope };
    let items = List::one(Item::Envelope(Box::new(delivery)));
    let feed = Feed { items, cursor: Cursor { epoch: EPOCH, place: 1 }, last: true, gap: false };
    says(reading.pump(), vec![Down::Feed(feed)]);
    says(reading.pump(), vec![]);
}

#[test]
fn envelopes_that_follow_each_other_are_kept_and_answered_in_order() {
    let (service, grace, mut ada) = grace_and_ada();
    let tablet = ada.add(3);
    ada.open(service.store());
    let stranger = Person::new(9);
    let mut line = Line::known(&service, &grace, grace.id());
    let (mut posts, mut answers) = (Vec::new(), Vec::new());
    for id in 1..=40 {
        let (mut post, outcome) = match id % 8 {
            1 => (ada.post_to(tablet, id), Outcome::Kept),
            3 => (stranger.post(id), Outcome::Nobody),
            5 => (ada.post_to(stranger.id(), id), Outcome::Nobody),
            7 => (ada.post(id), Outcome::Expired),
            _ => (ada.post(id), Outcome::Kept),
        };
        if outcome == Outcome::Expired {
            post.envelope = Envelope { expires: NOW.wall, ..post.envelope };
        }
        answers.push(posted(post.envelope.id, outcome));
        posts.push(bring(post));
    }
    // Some of it once more.
    posts.extend_from_within(30..32);
    answers.extend_from_within(30..32);
    let turn = line.say(posts);
    assert_eq!(turn.wake, only([ada.id(), tablet]), "for nobody else there is anything");
    says(turn, answers);
    let of = |device| Line::open(&service, device).say([resume(&ada)]);
    let handed = |turn: Turn| parts(&turn).into_iter().flat_map(|(ids, ..)| ids).collect::<Vec<_>>();
    assert_eq!(handed(of(ada.id())), (1..=40).filter(|id| id % 2 == 0).collect::<Vec<_>>());
    assert_eq!(handed(of(tablet)), [1, 9, 17, 25, 33]);
}

#[test]
fn what_is_said_between_envelopes_is_answered_between_them() {
    let (service, grace, ada) = grace_and_ada();
    let mut line = Line::known(&service, &grace, grace.id());
    let said = [bring(ada.post(1)), Up::WantList(ada.account), bring(ada.post(2)), bring(grace.post(3))];
    let turn = line.say(said);
    let kept = |post: Post| posted(post.envelope.id, Outcome::Kept);
    assert_eq!(turn.down[..4], [kept(ada.post(1)), list_of(&ada), kept(ada.post(2)), kept(grace.post(3))]);
    // And what came for herself follows.
    assert_eq!(parts(&turn), [(vec![3], 1, true)]);
    assert_eq!(turn.down.len(), 5);
}

#[test]
fn mail_for_an_account_that_is_not_here_is_for_nobody() {
    let (service, grace, _) = grace_and_ada();
    let stranger = Person::new(9);
    let post = stranger.post(7);
    let turn = Line::known(&service, &grace, grace.id()).say([bring(post.clone())]);
    assert!(turn.wake.is_empty());
    says(turn, vec![posted(post.envelope.id, Outcome::Nobody)]);
    assert!(rows(service.store(), stranger.account).is_empty());
}

#[test]
fn a_sender_who_goes_by_another_list_is_shown_the_one_that_counts() {
    let (service, grace, mut ada) = grace_and_ada();
    let (older, mut charles) = (Person::new(1), Person::new(4));
    ada.add(3);
    charles.add(5);
    ada.open(service.store());
    charles.open(service.store());
    let mut line = Line::known(&service, &grace, grace.id());
    let answered = |post: &Post, outcome| posted(post.envelope.id, outcome);
    // Once for all that go by it, and after them.
    let posts = [older.post(1), older.post(2), charles.post(3), older.post(4)];
    let mut answers: Vec<Down> = posts.iter().map(|post| answered(post, Outcome::Kept)).collect();
    answers.push(list_of(&ada));
    says(line.say(posts.map(bring)), answers);
    let right = ada.post(5);
    says(line.say([bring(right.clone())]), vec![answered(&right, Outcome::Kept)]);
    // Also if the device is on it no more, or not yet.
    let gone = older.post_to(crate::testing::device(7).id(), 6);
    says(line.say([bring(gone.clone())]), vec![answered(&gone, Outcome::Nobody), list_of(&ada)]);
}

#[test]
fn anybodys_list_may_be_asked_for() {
    let (service, grace, ada) = grace_and_ada();
    let stranger = Person::new(9);
    let mut line = Line::known(&service, &grace, grace.id());
    let nobody = Down::ListOf(Box::new(ListOf { account: stranger.account, list: None }));
    let turn = line.say([Up::WantList(ada.account), Up::WantList(stranger.account)]);
    assert!(turn.wake.is_empty());
    says(turn, vec![list_of(&ada), nobody]);
}

#[test]
fn who_asks_for_too_many_lists_is_told_so() {
    let (service, grace, ada) = grace_and_ada();
    let mut line = Line::known(&service, &grace, grace.id());
    let (many, each) = WANTED;
    let asked = |times: u32| (0..times).map(|_| Up::WantList(ada.account));
    says(line.say(asked(many)), vec![list_of(&ada); many as usize]);
    goodbye(line.say(asked(3)), Goodbye::Busy);
    // Another connection does not help, and waiting does.
    goodbye(Line::known(&service, &grace, grace.id()).say(asked(1)), Goodbye::Busy);
    let mut line = Line::known(&service, &grace, grace.id());
    line.now = after(each);
    says(line.say(asked(1)), vec![list_of(&ada)]);
}

#[test]
fn who_goes_by_other_lists_all_the_time_is_not_shown_the_right_one_all_the_time() {
    let (service, grace, mut ada) = grace_and_ada();
    let older = Person::new(1);
    ada.add(3);
    ada.open(service.store());
    let mut line = Line::known(&service, &grace, grace.id());
    let (many, each) = WANTED;
    let shown = |turn: Turn| turn.down.iter().filter(|down| matches!(down, Down::ListOf(_))).count();
    let told: usize = (0..many + 9).map(|id| shown(line.say([bring(older.post(id))]))).sum();
    assert_eq!(told, many as usize);
    let last = older.post(many + 9);
    says(line.say([bring(last.clone())]), vec![posted(last.envelope.id, Outcome::Kept)]);
    line.now = after(each);
    says(line.say([bring(last.clone())]), vec![posted(last.envelope.id, Outcome::Kept), list_of(&ada)]);
}

#[test]
fn a_list_is_told_as_it_lies_here_and_is_not_verified_anew_for_each_who_hears_it() {
    let (service, grace, mut ada) = grace_and_ada();
    ada.add(3);
    let mut list = ada.list.wire().clone();
    list.generation.signature.s = [0; 32];
    let value = crate::rows::write(&list).unwrap();
    let put = crate::Change::Put { key: crate::rows::key::LIST.to_vec(), value };
    crate::testing::change(service.store(), ada.account, vec![put]);
    let told = Down::ListOf(Box::new(ListOf { account: ada.account, list: Some(list) }));
    let mut line = Line::known(&service, &grace, grace.id());
    let post = ada.post(1);
    says(line.say([bring(post.clone())]), vec![posted(post.envelope.id, Outcome::Kept), told.clone()]);
    says(line.say([Up::WantList(ada.account)]), vec![told]);
}

#[test]
fn who_brings_too_much_at_once_is_told_to_wait() {
    let (service, grace, ada) = grace_and_ada();
    let stranger = Person::new(9);
    let mut line = Line::known(&service, &grace, grace.id());
    let (many, each) = POSTS;
    let turn = line.say((0..many).map(|id| bring(stranger.post(id))));
    let answers: Vec<Down> = (0..many).map(|id| posted(stranger.post(id).envelope.id, Outcome::Nobody)).collect();
    says(turn, answers);
    let busy = |post: Post| posted(post.envelope.id, Outcome::Busy);
    let turn = line.say([bring(ada.post(1)), bring(ada.post(2))]);
    assert!(turn.wake.is_empty());
    says(turn, vec![busy(ada.post(1)), busy(ada.post(2))]);
    assert!(rows_of(service.store(), ada.who()).is_empty());
    line.now = after(each);
    let turn = line.say([bring(ada.post(1)), bring(ada.post(2))]);
    says(turn, vec![posted(ada.post(1).envelope.id, Outcome::Kept), busy(ada.post(2))]);
    let mut again = Line::known(&service, &grace, grace.id());
    again.now = line.now;
    says(again.say([bring(ada.post(2))]), vec![busy(ada.post(2))]);
    // Another device's envelopes are counted for themselves.
    let kept = posted(grace.post(3).envelope.id, Outcome::Kept);
    says(Line::known(&service, &ada, ada.id()).say([bring(grace.post(3))]), vec![kept]);
}
