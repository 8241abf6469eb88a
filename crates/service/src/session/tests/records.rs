use lamplit_types::{AccountId, limits::MEMBERS_PART};
use lamplit_wire::{
    Head, SetId,
    server::{AppendOutcome, Appended, Members, MembersMark, Piece, SetAt, WantSet},
};

use super::*;
use crate::{
    Change,
    limits::{APPENDS, FEED_PASSED, HANDED_BYTES, MEMBERS, WANT_PIECES, WORDS},
    rates::Asker,
    rows::{Update, key},
    testing::{Frail, Writer, change, set},
    updates,
};

/// Ada, who has a tablet, and Grace, at a server.
fn ada_and_grace() -> (Service<Memory>, Person, DeviceId, Person) {
    let (mut ada, grace) = (Person::new(1), Person::new(2));
    let tablet = ada.add(3);
    (server(&[&ada, &grace]), ada, tablet, grace)
}

fn append(piece: &Piece) -> Up {
    Up::Append(Box::new(piece.clone()))
}

fn appended(piece: &Piece, head: Head, outcome: AppendOutcome) -> Down {
    Down::Appended(Appended { set: piece.delta.set, author: piece.delta.author, head, outcome })
}

fn want(set: SetId) -> Up {
    Up::WantSet(Box::new(WantSet { set, heads: List::new() }))
}

fn want_beyond(writer: &Writer, seq: u64) -> Up {
    let heads = List::one((writer.author, Head { seq, ..Head::default() }));
    Up::WantSet(Box::new(WantSet { set: writer.set, heads }))
}

fn piece(piece: &Piece) -> Down {
    Down::Piece(Box::new(piece.clone()))
}

fn set_at(set: SetId, logs: &[&Writer], more: bool, members: Option<&[AccountId]>) -> Down {
    let heads: Vec<_> = logs.iter().map(|log| (log.author, log.head)).collect();
    let members = members.map(MembersMark::of);
    Down::SetAt(Box::new(SetAt { set, heads: heads.try_into().unwrap(), more, members }))
}

fn members(set: SetId, accounts: Vec<AccountId>, first: bool, last: bool) -> Up {
    let accounts = accounts.try_into().unwrap();
    Up::Members(Box::new(Members { audience: set.audience, accounts, first, last }))
}

fn name(set: SetId, people: &[&Person]) -> Up {
    let mut accounts: Vec<AccountId> = people.iter().map(|person| person.account).collect();
    accounts.sort_unstable();
    members(set, accounts, true, true)
}

/// What a part of the feed has, at which place.
fn fed(items: Vec<Item>, place: u64) -> Down {
    let cursor = Cursor { epoch: EPOCH, place };
    Down::Feed(Feed { items: items.try_into().unwrap(), cursor, last: true, gap: false })
}

fn item(piece: &Piece) -> Item {
    Item::Piece(Box::new(piece.clone()))
}

#[test]
fn what_one_device_brings_its_sibling_is_sent_and_may_ask_for() {
    let (service, ada, tablet, _) = ada_and_grace();
    let mut writer = Writer::new(set(&ada, 1), 1);
    let mut line = Line::known(&service, &ada, ada.id());
    let mut other = Line::known(&service, &ada, tablet);
    let first = writer.write(2, 10);
    let turn = line.say([append(&first)]);
    assert_eq!(turn.wake, only([tablet]));
    says(turn, vec![appended(&first, writer.head, AppendOutcome::Kept)]);
    says(other.pump(), vec![fed(vec![item(&first)], 1)]);
    says(other.say([collect(1)]), vec![]);

    let second = writer.write(1, 10);
    says(
        line.say([append(&second), append(&second)]),
        vec![
            appended(&second, writer.head, AppendOutcome::Kept),
            appended(&second, writer.head, AppendOutcome::Elsewhere),
        ],
    );
    let at = set_at(writer.set, &[&writer], false, Some(&[]));
    says(other.say([want(writer.set)]), vec![piece(&first), piece(&second), at.clone(), fed(vec![item(&second)], 2)]);
    says(other.say([want_beyond(&writer, 2)]), vec![piece(&second), at.clone()]);
    says(other.say([want_beyond(&writer, 3)]), vec![at]);
    // Who comes back goes on where it was.
    let back = |place| Line::open(&service, tablet).say([resume_from(&ada, Some(Cursor { epoch: EPOCH, place }))]);
    assert_eq!(back(1).down[1..], [fed(vec![item(&second)], 2)]);
    assert_eq!(back(2).down.len(), 1);
}

#[test]
fn who_is_named_is_told_and_who_is_not_gets_nothing() {
    let (service, ada, tablet, grace) = ada_and_grace();
    let mut writer = Writer::new(set(&ada, 1), 1);
    let mut line = Line::known(&service, &ada, ada.id());
    let mut reader = Line::known(&service, &grace, grace.id());
    let first = writer.write(2, 10);
    line.say([append(&first)]);
    let nothing = set_at(writer.set, &[], false, None);
    says(
        reader.say([want(writer.set), want(set(&Person::new(9), 1))]),
        vec![nothing.clone(), set_at(set(&Person::new(9), 1), &[], false, None)],
    );

    let turn = line.say([name(writer.set, &[&grace])]);
    assert_eq!(turn.wake, only([grace.id()]));
    says(turn, vec![]);
    says(reader.pump(), vec![fed(vec![Item::Set(writer.set)], 1)]);
    says(reader.say([want(writer.set)]), vec![piece(&first), set_at(writer.set, &[&writer], false, None)]);
    let second = writer.write(1, 10);
    let turn = line.say([append(&second)]);
    assert_eq!(turn.wake, only([grace.id(), tablet]));
    says(reader.pump(), vec![fed(vec![item(&second)], 2)]);
    let at = set_at(writer.set, &[&writer], false, Some(&[grace.account]));
    says(line.say([want_beyond(&writer, 3)]), vec![at]);

    // What she was to be told before she was taken out is not sent either.
    let third = writer.write(1, 10);
    line.say([append(&third), name(writer.set, &[])]);
    says(reader.pump(), vec![]);
    says(reader.say([want(writer.set)]), vec![nothing]);
    // She may not bring anything, nor name anybody.
    goodbye(reader.say([append(&writer.write(1, 10))]), Goodbye::Rules);
    goodbye(Line::known(&service, &grace, grace.id()).say([Up::Anew(writer.set)]), Goodbye::Rules);
}

#[test]
fn what_may_not_be_brought_ends_the_connection() {
    let (service, ada, _, _) = ada_and_grace();
    let good = Writer::new(set(&ada, 1), 1).write(2, 10);
    let mut forged = good.clone();
    let other = Writer::in_life(set(&ada, 1), 1, 2).write(2, 10);
    forged.delta.entries = other.delta.entries;
    let unproved = Piece { tally: None, ..Writer::new(set(&ada, 1), 1).write_of_old(&[false, true], 1) };
    let stranger = Writer::new(set(&ada, 1), 1).write_of_old(&[false, true], 9);
    for piece in [forged, unproved, stranger] {
        goodbye(Line::known(&service, &ada, ada.id()).say([append(&piece)]), Goodbye::Rules);
    }
    let mut line = Line::known(&service, &ada, ada.id());
    says(line.say([want(set(&ada, 1))]), vec![set_at(set(&ada, 1), &[], false, Some(&[]))]);
    // What came before it is kept, and told.
    let turn = line.say([append(&good), Up::Anew(set(&Person::new(2), 1))]);
    assert!(turn.ends && turn.wake.len() == 1 && turn.down.len() == 2, "{turn:?}");
}

#[test]
fn nothing_of_records_is_taken_before_the_device_is_known() {
    let (service, ada, _, grace) = ada_and_grace();
    let piece = Writer::new(set(&ada, 1), 1).write(1, 10);
    for up in [append(&piece), want(set(&ada, 1)), Up::Anew(set(&ada, 1)), name(set(&ada, 1), &[&grace])] {
        goodbye(Line::open(&service, ada.id()).say([up]), Goodbye::Rules);
    }
}

#[test]
fn a_list_of_members_comes_in_parts_and_counts_once_the_last_is_there() {
    let (service, ada, _, grace) = ada_and_grace();
    let mut line = Line::known(&service, &ada, ada.id());
    let of = |number: usize| {
        let mut bytes = [7; 16];
        bytes[..8].copy_from_slice(&u64::try_from(number).unwrap().to_be_bytes());
        AccountId::from_bytes(bytes)
    };
    let all: Vec<AccountId> = (0..MEMBERS).map(of).collect();
    let parts: Vec<Vec<AccountId>> = all.chunks(MEMBERS_PART).map(<[AccountId]>::to_vec).collect();
    let last = parts.len() - 1;
    let part = |at: usize| members(set(&ada, 1), parts[at].clone(), at == 0, at == last);
    let mark = |accounts: &[AccountId]| set_at(set(&ada, 1), &[], false, Some(accounts));
    says(line.say((0..last).map(part)), vec![]);
    says(line.say([want(set(&ada, 1))]), vec![mark(&[])]);
    says(line.say([part(last), want(set(&ada, 1))]), vec![mark(&all)]);
    // Another one begins before this is whole.
    says(line.say([part(0), name(set(&ada, 1), &[&grace]), want(set(&ada, 1))]), vec![mark(&[grace.account])]);

    let audience = set(&ada, 1);
    let one_too_many = members(audience, vec![of(MEMBERS)], false, true);
    let wrong: [Vec<Up>; 7] = [
        vec![members(audience, vec![of(2), of(1)], true, true)],
        vec![members(audience, vec![of(1), of(1)], true, true)],
        vec![members(audience, vec![of(2)], true, false), members(audience, vec![of(1)], false, true)],
        vec![members(audience, vec![ada.account], true, true)],
        vec![members(audience, vec![of(1)], false, true)],
        vec![members(audience, vec![of(1)], true, false), members(set(&ada, 2), vec![of(2)], false, true)],
        (0..=last).map(|at| members(audience, parts[at].clone(), at == 0, false)).chain([one_too_many]).collect(),
    ];
    for ups in wrong {
        goodbye(Line::known(&service, &ada, ada.id()).say(ups), Goodbye::Rules);
    }
    says(line.say([want(audience)]), vec![mark(&[grace.account])]);
}

#[test]
fn so_much_is_handed_out_in_one_go() {
    let (service, ada, _, _) = ada_and_grace();
    let mut line = Line::known(&service, &ada, ada.id());
    let mut writer = Writer::new(set(&ada, 1), 1);
    for _ in 0..WANT_PIECES {
        line.say([append(&writer.write(2, 8_000))]);
    }
    let turn = line.say([want(writer.set)]);
    assert!(matches!(turn.down.last(), Some(Down::SetAt(at)) if at.more), "{turn:?}");
    let many = turn.down.len() - 1;
    assert!((1..WANT_PIECES).contains(&many), "{many} pieces");
    let turn = line.say((0..40).map(|_| want(writer.set)));
    let bytes: usize = turn.down.iter().map(|down| down.encode().unwrap().len()).sum();
    assert!((HANDED_BYTES / 2..HANDED_BYTES + 64 * 1024).contains(&bytes), "{bytes} bytes");
    let answers = turn.down.iter().filter(|down| matches!(down, Down::SetAt(at) if at.more)).count();
    assert_eq!(answers, 40, "each is to be asked again");
    assert_eq!(line.say([want(writer.set)]).down.len(), many + 1, "and there is room again");
}

#[test]
fn who_brings_too_much_is_told_to_wait() {
    let (service, ada, _, _) = ada_and_grace();
    let mut line = Line::known(&service, &ada, ada.id());
    let mut writer = Writer::new(set(&ada, 1), 1);
    let piece = writer.write(1, 10);
    line.say([append(&piece)]);
    let (many, each) = APPENDS;
    for _ in 1..many {
        line.say([append(&piece)]);
    }
    let next = writer.write(1, 10);
    says(line.say([append(&next)]), vec![appended(&next, next.delta.after, AppendOutcome::Busy)]);
    line.now = after(each);
    says(line.say([append(&next)]), vec![appended(&next, writer.head, AppendOutcome::Kept)]);
}

#[test]
fn what_cannot_be_written_is_said_to_have_failed_and_the_connection_goes_on() {
    let (mut ada, grace) = (Person::new(1), Person::new(2));
    ada.add(3);
    let service = Service::new(Frail::new(), Settings::default());
    ada.open(service.store());
    grace.open(service.store());
    let mut line = Line::known(&service, &ada, ada.id());
    let mut writer = Writer::new(set(&ada, 1), 1);
    line.say([name(writer.set, &[&grace])]);
    let piece = writer.write(1, 10);
    service.store().take_only(0);
    let turn = line.say([append(&piece)]);
    assert!(turn.wake.is_empty());
    says(turn, vec![appended(&piece, piece.delta.after, AppendOutcome::Failed)]);
    // It is kept, and nobody can be told: that is done when something else is said.
    service.store().take_only(1);
    let turn = line.say([append(&piece)]);
    assert!(!turn.wake.contains(&grace.id()));
    says(turn, vec![appended(&piece, writer.head, AppendOutcome::Kept)]);
    service.store().take_only(usize::MAX);
    assert_eq!(line.say([want_beyond(&writer, 1)]).wake, only([grace.id()]));
    let turn = Line::known(&service, &grace, grace.id()).pump();
    says(turn, vec![]);
}

#[test]
fn members_are_told_once_there_are_words_for_it_again() {
    let (service, ada, _, grace) = ada_and_grace();
    let mut line = Line::known(&service, &ada, ada.id());
    let mut writer = Writer::new(set(&ada, 1), 1);
    line.say([name(writer.set, &[&grace])]);
    let (most, each) = WORDS;
    let rates = service.rates();
    while rates.wait(Asker::Account(ada.account), What::Word, NOW.mono) == 0 {}
    let turn = line.say([append(&writer.write(1, 10))]);
    assert_eq!(turn.again, Some(each));
    assert!(!turn.wake.contains(&grace.id()));
    // Nothing else tells it before, and then it needs nothing else.
    line.now = after(each - 1);
    let turn = line.pump();
    assert_eq!((turn.again, turn.wake), (Some(1), BTreeSet::new()));
    line.now = after(each);
    let turn = line.pump();
    assert_eq!((turn.again, turn.wake), (None, only([grace.id()])));
    let turn = Line::known(&service, &grace, grace.id()).pump();
    says(turn, vec![]);
    let wait = rates.wait_for(Asker::Account(ada.account), &[(most, What::Word)], after(each).mono);
    assert_eq!(wait, u64::from(most) * each);
}

#[test]
fn a_set_that_is_brought_anew_tells_nobody_twice() {
    let (service, ada, tablet, grace) = ada_and_grace();
    let mut line = Line::known(&service, &ada, ada.id());
    let mut writer = Writer::new(set(&ada, 1), 1);
    line.say([name(writer.set, &[&grace]), append(&writer.write(4, 10)), append(&writer.write(4, 10))]);
    let mut readers = [Line::known(&service, &grace, grace.id()), Line::known(&service, &ada, tablet)];
    let empty = set_at(writer.set, &[], false, Some(&[grace.account]));
    let mut again = Writer::new(set(&ada, 1), 1);
    let old = again.write_of_old(&[false, false, true, false, true, false, false, true], 3);
    let turn = line.say([Up::Anew(writer.set), append(&old)]);
    assert!(turn.wake.is_empty(), "{turn:?}");
    says(turn, vec![empty, appended(&old, again.head, AppendOutcome::Kept)]);
    for reader in &mut readers {
        says(reader.pump(), vec![]);
        let turn = reader.say([want(writer.set)]);
        assert_eq!(turn.down[0], piece(&old));
    }
}

/// Puts so much word of records into an account's queue.
fn words(service: &Service<Memory>, person: &Person, many: usize) {
    let update = Update::Set(set(person, 1));
    let changes = (0..many).flat_map(|_| updates::putting(&update).unwrap());
    change(service.store(), person.account, changes.collect());
}

/// Parts of the feed: how much is in each, its place, and whether there is a gap before it.
fn gaps(turn: &Turn) -> Vec<(usize, u64, bool)> {
    let feeds = turn.down.iter().filter_map(|down| match down {
        Down::Feed(feed) => Some((feed.items.len(), feed.cursor.place, feed.gap)),
        _ => None,
    });
    feeds.collect()
}

#[test]
fn who_lacks_what_was_dropped_is_told_so_once() {
    let (service, ada, tablet, _) = ada_and_grace();
    words(&service, &ada, 10);
    let trim = |most| at_once(updates::make_room(service.store(), ada.account, most)).unwrap();
    let from = |device, place| {
        let cursor = Some(Cursor { epoch: EPOCH, place });
        let mut line = Line::open(&service, device);
        let turn = line.say([resume_from(&ada, cursor)]);
        (line, turn)
    };
    let (mut slow, turn) = from(tablet, 0);
    assert_eq!(gaps(&turn), [(10, 10, false)]);
    trim(6);
    // 1 to 5 are gone.
    assert_eq!(gaps(&from(ada.id(), 3).1), [(5, 10, true)]);
    assert_eq!(gaps(&from(ada.id(), 5).1), [(5, 10, false)]);
    says(slow.say([collect(10)]), vec![]);
    // Also where nothing is left, and as long as the device did not say that it knows.
    let remove = (6..=10).map(|number| Change::Remove { key: crate::numbered(key::UPDATES, number) });
    let count = Change::Add { key: key::UPDATE_COUNT.to_vec(), by: -5 };
    change(service.store(), ada.account, remove.chain([count]).collect());
    for _ in 0..2 {
        let (mut line, turn) = from(ada.id(), 3);
        assert_eq!(gaps(&turn), [(0, 5, true)]);
        says(line.pump(), vec![]);
    }
    let (mut line, _) = from(ada.id(), 3);
    says(line.say([collect(5)]), vec![]);
    assert_eq!(gaps(&from(ada.id(), 5).1), []);
    assert_eq!(gaps(&Line::open(&service, ada.id()).say([resume(&ada)])), [(0, 5, true)], "who begins from nothing");
}

#[test]
fn what_is_dropped_while_a_device_is_here_is_told_too() {
    let (service, ada, tablet, _) = ada_and_grace();
    let mut line = Line::known(&service, &ada, tablet);
    words(&service, &ada, 10);
    at_once(updates::make_room(service.store(), ada.account, 4)).unwrap();
    assert_eq!(gaps(&line.pump()), [(3, 10, true)]);
    words(&service, &ada, 1);
    assert_eq!(gaps(&line.pump()), [(1, 11, false)]);
}

#[test]
fn a_device_from_a_backup_may_lack_what_it_had() {
    let (service, ada, tablet, _) = ada_and_grace();
    words(&service, &ada, 6);
    let mut line = Line::known(&service, &ada, tablet);
    says(line.say([collect(6)]), vec![]);
    let cursor = |place| Some(Cursor { epoch: EPOCH, place });
    assert_eq!(gaps(&Line::open(&service, tablet).say([resume_from(&ada, cursor(4))])), [(2, 6, true)]);
    assert_eq!(gaps(&Line::open(&service, tablet).say([resume_from(&ada, cursor(6))])), []);
}

#[test]
fn what_is_not_for_a_device_is_passed_and_from_time_to_time_it_hears_its_place() {
    let (service, ada, tablet, _) = ada_and_grace();
    let mut line = Line::known(&service, &ada, ada.id());
    let mut writer = Writer::new(set(&ada, 1), 1);
    for _ in 1..FEED_PASSED {
        assert_eq!(gaps(&line.say([append(&writer.write(1, 10))])), []);
    }
    let place = u64::try_from(FEED_PASSED).unwrap();
    assert_eq!(gaps(&line.say([append(&writer.write(1, 10))])), [(0, place, false)]);
    says(line.say([collect(place)]), vec![]);
    // What both have goes.
    let mut other = Line::known(&service, &ada, tablet);
    for at in 1..=4 {
        other.say([collect(64 * at)]);
    }
    at_once(crate::tidy(&service, None, NOW)).unwrap();
    assert!(rows(service.store(), ada.account).iter().all(|(at, _)| !at.starts_with(key::UPDATES)));
    assert_eq!(gaps(&Line::open(&service, tablet).say([resume_from(&ada, Some(Cursor { epoch: EPOCH, place }))])), []);
}
