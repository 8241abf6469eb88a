#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::collections::BTreeSet;

use lamplit_wire::{Chain, credential::Signed};

use super::*;
use crate::{
    memory::Memory,
    suite::at_once,
    testing::{self, Frail, Person, Writer, batch, change, device, rows, set, store, tally},
};

/// A store with Ada's account, Ada, and her first device, which writes into a set of hers.
fn opened() -> (Memory, Person, Writer) {
    let (store, ada) = (store(), Person::new(1));
    ada.open(&store);
    let writer = Writer::new(set(&ada, 1), 1);
    (store, ada, writer)
}

fn bring(store: &impl Store, ada: &Person, piece: &Piece) -> Taken {
    at_once(append(store, ada.who(), piece)).unwrap()
}

#[track_caller]
fn keep(store: &impl Store, ada: &Person, piece: &Piece) {
    let taken = bring(store, ada, piece);
    assert!(matches!(taken, Taken::Kept { .. }), "{taken:?}");
}

/// All of a set that somebody lacks who has this much of one log.
fn lacks(store: &impl Store, ada: &Person, set: SetId, has: &[(Author, u64)]) -> Found {
    let heads: Vec<_> = has.iter().map(|(author, seq)| (*author, Head { seq: *seq, chain: Chain([0; 16]) })).collect();
    let want = WantSet { set, heads: heads.try_into().unwrap() };
    at_once(find(store, ada.account, &want, usize::MAX)).unwrap()
}

fn count_of(store: &impl Store, ada: &Person) -> i64 {
    let row = at_once(store.get(&Partition::Account(ada.account), key::RECORDS)).unwrap();
    row.map_or(0, |row| i64::from_be_bytes(row.try_into().unwrap()))
}

/// Rows of an account whose keys begin so.
fn rows_with(store: &impl Store, ada: &Person, prefix: &[u8]) -> Vec<Row> {
    at_once(store.scan(&Partition::Account(ada.account), prefix, None, usize::MAX)).unwrap()
}

#[track_caller]
fn counts_right(store: &impl Store, ada: &Person) {
    let all: i64 = rows_with(store, ada, b"R").iter().map(|(_, value)| weight(value)).sum();
    assert_eq!(count_of(store, ada), all);
}

#[test]
fn a_log_is_kept_piece_by_piece_and_handed_out_as_it_came() {
    let (store, ada, mut writer) = opened();
    let pieces = [writer.write(3, 20), writer.write(1, 0), writer.write(64, 5)];
    for (piece, head) in pieces.iter().zip([3, 4, 68]) {
        let taken = bring(&store, &ada, piece);
        let Taken::Kept { head: at, siblings, owes: false } = taken else { panic!("{taken:?}") };
        assert_eq!((at.seq, siblings), (head, vec![]));
    }
    let found = lacks(&store, &ada, writer.set, &[]);
    assert_eq!(found.pieces, pieces);
    assert_eq!((found.heads, found.more), (vec![(writer.author, writer.head)], false));
    assert!(lacks(&store, &ada, set(&ada, 2), &[]).heads.is_empty());
    counts_right(&store, &ada);
    assert!(rows_with(&store, &ada, key::UPDATES).is_empty(), "there is no other device to tell");
}

#[test]
fn each_author_has_a_log_of_their_own_in_each_set() {
    let (store, mut ada, mut writer) = opened();
    ada.add(3);
    ada.open(&store);
    let mut others = [Writer::new(set(&ada, 1), 3), Writer::in_life(set(&ada, 1), 1, 2), Writer::new(set(&ada, 2), 1)];
    keep(&store, &ada, &writer.write(2, 10));
    others.iter_mut().for_each(|other| keep(&store, &ada, &other.write(1, 10)));
    let found = lacks(&store, &ada, set(&ada, 1), &[]);
    let [tablet, later, _] = &others;
    let mut heads = vec![(writer.author, writer.head), (tablet.author, tablet.head), (later.author, later.head)];
    heads.sort_unstable_by_key(|(author, _)| *author);
    assert_eq!(found.heads, heads);
    assert_eq!(found.pieces.len(), 3);
    assert_eq!(lacks(&store, &ada, set(&ada, 2), &[]).pieces.len(), 1);
}

#[test]
fn siblings_are_told_whoever_of_them_wrote_it() {
    let (store, mut ada, mut writer) = opened();
    let tablet = ada.add(3);
    ada.open(&store);
    // The tablet brings what the first device wrote, and is off the list later.
    let first = writer.write(2, 10);
    let taken = at_once(append(&store, (ada.account, tablet), &first)).unwrap();
    assert_eq!(taken, Taken::Kept { head: writer.head, siblings: vec![ada.id()], owes: false });
    let [(_, word)] = &rows_with(&store, &ada, key::UPDATES)[..] else { panic!("one word") };
    let added = Added { set: writer.set, author: writer.author, after: 0, to: 2, by: tablet };
    assert_eq!(rows::read::<Update>(word), Ok(Update::Added(added)));

    let mut old = Writer::new(set(&ada, 1), 3);
    ada.remove(tablet);
    ada.open(&store);
    keep(&store, &ada, &old.write(2, 10));
}

#[test]
fn what_does_not_follow_is_answered_with_where_the_log_is() {
    let (store, ada, mut writer) = opened();
    let (first, second, third) = (writer.write(2, 10), writer.write(1, 10), writer.write(1, 10));
    let none = Head::default();
    assert_eq!(bring(&store, &ada, &second), Taken::Elsewhere(none));
    keep(&store, &ada, &first);
    let before = rows(&store, ada.account);
    assert_eq!(bring(&store, &ada, &first), Taken::Elsewhere(second.delta.after), "it is here");
    assert_eq!(bring(&store, &ada, &third), Taken::Elsewhere(second.delta.after));
    // Another history of the same log.
    let mut other = Writer::new(set(&ada, 1), 1);
    other.write(2, 11);
    assert_eq!(bring(&store, &ada, &other.write(1, 10)), Taken::Elsewhere(second.delta.after));
    assert_eq!(rows(&store, ada.account), before);
}

/// It is refused, and nothing of it is kept.
#[track_caller]
fn refused(store: &impl Store, ada: &Person, piece: &Piece) {
    let before = rows(store, ada.account);
    assert_eq!(bring(store, ada, piece), Taken::Refused);
    assert_eq!(rows(store, ada.account), before);
}

fn with_record(piece: &Piece, change: impl FnOnce(&mut Record)) -> Piece {
    let mut entries = piece.delta.entries.clone().into_vec();
    let LogEntry::Live(record) = &mut entries[1] else { panic!("it counts") };
    change(record);
    let mut piece = piece.clone();
    piece.delta.entries = entries.try_into().unwrap();
    piece
}

#[test]
fn what_the_author_did_not_sign_is_refused() {
    let (store, ada, mut writer) = opened();
    let good = writer.write(3, 10);
    refused(&store, &ada, &with_record(&good, |record| record.body.sealed = testing::sealed(11)));
    refused(&store, &ada, &with_record(&good, |record| record.body.key.day = 1));
    refused(&store, &ada, &with_record(&good, |record| record.body.seq = 7));
    refused(&store, &ada, &with_record(&good, |record| *record = device(3).sign(record.body.clone()).unwrap()));
    // One of another log, which its author did sign.
    let of = |mut writer: Writer| {
        let LogEntry::Live(record) = writer.write(3, 10).delta.entries[1].clone() else { panic!("it counts") };
        record
    };
    for other in [of(Writer::new(set(&ada, 2), 1)), of(Writer::in_life(set(&ada, 1), 1, 2))] {
        refused(&store, &ada, &with_record(&good, |record| *record = *other));
    }
    keep(&store, &ada, &good);
}

#[test]
fn what_is_of_another_account_or_empty_or_too_large_is_refused() {
    let (store, ada, mut writer) = opened();
    let grace = Person::new(2);
    grace.open(&store);
    refused(&store, &ada, &Writer::new(set(&grace, 1), 2).write(1, 10));
    let mut empty = writer.write(1, 10);
    empty.delta.entries = Vec::new().try_into().unwrap();
    refused(&store, &ada, &empty);
    let mut writer = Writer::new(set(&ada, 1), 1);
    let large = writer.write(6, 8_192);
    assert!(rows::write(&large).unwrap().len() > PIECE_BYTES);
    refused(&store, &ada, &large);
    assert!(rows(&store, grace.account).iter().all(|(at, _)| !at.starts_with(b"R")));
}

#[test]
fn what_is_missing_has_to_be_vouched_for_by_a_device_of_the_account() {
    let (store, mut ada, _) = opened();
    let (tablet, laptop) = (ada.add(3), ada.add(4));
    ada.remove(laptop);
    ada.open(&store);
    let counts = [true, false, true, false];
    let piece = |seed| Writer::new(set(&ada, 1), 1).write_of_old(&counts, seed);
    let good = piece(3);
    assert_eq!(good.tally.unwrap().live, 0b101);

    refused(&store, &ada, &Piece { tally: None, ..good.clone() });
    refused(&store, &ada, &piece(9));
    refused(&store, &ada, &piece(4));
    let to = Head { seq: 4, chain: good.tally.unwrap().to.chain };
    let right = tally(&good, to, 3);
    let wrong = [
        Tally { live: 0b1101, ..right },
        Tally { to: Head { seq: 3, ..to }, ..right },
        Tally { to: Head { chain: Chain([1; 16]), ..to }, ..right },
        Tally { after: Head { seq: 1, ..right.after }, ..right },
        Tally { set: set(&ada, 2), ..right },
        Tally { author: Author { device: tablet, ..right.author }, ..right },
        Tally { device: ada.id(), ..right },
    ];
    for tally in wrong {
        refused(&store, &ada, &Piece { tally: Some(device(3).sign(tally).unwrap()), ..good.clone() });
    }
    let signature = good.tally.unwrap().signature;
    let elsewhere = Signed { body: Tally { device: ada.id(), ..right }, signature };
    refused(&store, &ada, &Piece { tally: Some(elsewhere), ..good.clone() });
    keep(&store, &ada, &good);

    // Where nothing is missing a tally needs not be there, and has to be right if it is.
    let mut writer = Writer::in_life(set(&ada, 1), 1, 2);
    let whole = writer.write_of_old(&[true, true], 3);
    let wrong = Tally { live: 1, ..whole.tally.unwrap().body };
    refused(&store, &ada, &Piece { tally: Some(device(3).sign(wrong).unwrap()), ..whole.clone() });
    keep(&store, &ada, &whole);
}

#[test]
fn an_account_has_room_for_so_many_bytes() {
    let (store, ada, mut writer) = opened();
    let (first, second, third) = (writer.write(2, 10), writer.write(2, 10), writer.write(1, 11));
    keep(&store, &ada, &first);
    let one = count_of(&store, &ada);
    // 64 MiB would take long. One more of the same fits in, to the byte.
    let ballast = RECORDS_BYTES - 2 * one;
    let add = |by| change(&store, ada.account, vec![Change::Add { key: key::RECORDS.to_vec(), by }]);
    add(ballast + 1);
    assert_eq!(bring(&store, &ada, &second), Taken::Full(second.delta.after));
    add(-1);
    keep(&store, &ada, &second);
    assert_eq!(bring(&store, &ada, &third), Taken::Full(third.delta.after));
    add(-ballast);
    counts_right(&store, &ada);
    keep(&store, &ada, &third);
}

#[test]
fn an_account_has_so_many_sets_and_a_set_so_many_authors() {
    let (store, ada, _) = opened();
    for audience in 1..=u8::try_from(SETS).unwrap() {
        keep(&store, &ada, &Writer::new(set(&ada, audience), 1).write(1, 10));
    }
    let beyond = u8::try_from(SETS + 1).unwrap();
    assert_eq!(bring(&store, &ada, &Writer::new(set(&ada, beyond), 1).write(1, 10)), Taken::Full(Head::default()));
    for life in 2..=u64::try_from(VECTOR_AUTHORS).unwrap() {
        keep(&store, &ada, &Writer::in_life(set(&ada, 1), 1, life).write(1, 10));
    }
    let beyond = Writer::in_life(set(&ada, 1), 1, u64::MAX).write(1, 10);
    assert_eq!(bring(&store, &ada, &beyond), Taken::Full(Head::default()));
    assert_eq!(lacks(&store, &ada, set(&ada, 1), &[]).heads.len(), VECTOR_AUTHORS);
    keep(&store, &ada, &Writer::in_life(set(&ada, 2), 1, 2).write(1, 10));
}

#[test]
fn who_has_some_of_a_log_is_handed_the_rest_of_it() {
    let (store, ada, mut writer) = opened();
    let pieces = [writer.write(3, 20), writer.write(3, 20), writer.write(3, 20)];
    pieces.iter().for_each(|piece| keep(&store, &ada, piece));
    let from = |seq| lacks(&store, &ada, writer.set, &[(writer.author, seq)]).pieces;
    assert_eq!(from(3), pieces[1..]);
    assert_eq!(from(4), pieces[1..], "a piece comes whole");
    assert_eq!(from(8), pieces[2..]);
    assert!(from(9).is_empty() && from(10).is_empty());
    let found = lacks(&store, &ada, writer.set, &[(writer.author, 99)]);
    assert_eq!((found.heads, found.more), (vec![(writer.author, writer.head)], false));
}

#[test]
fn so_much_of_a_set_is_handed_out_at_once() {
    let (store, ada, mut writer) = opened();
    let mut other = Writer::in_life(set(&ada, 1), 1, 2);
    for _ in 0..WANT_PIECES {
        keep(&store, &ada, &writer.write(1, 10));
        keep(&store, &ada, &other.write(1, 10));
    }
    let first = lacks(&store, &ada, writer.set, &[]);
    assert_eq!((first.pieces.len(), first.more, first.heads.len()), (WANT_PIECES, true, 2));
    let has = [(writer.author, writer.head.seq)];
    let second = lacks(&store, &ada, writer.set, &has);
    assert_eq!((second.pieces.len(), second.more), (WANT_PIECES, false));
    assert!(second.pieces.iter().all(|piece| piece.delta.author == other.author));

    // Or so many bytes.
    let one = rows::write(&first.pieces[0]).unwrap().len();
    let want = WantSet { set: writer.set, heads: Vec::new().try_into().unwrap() };
    for (bytes, many) in [(3 * one, 3), (3 * one - 1, 2), (one - 1, 0)] {
        let found = at_once(find(&store, ada.account, &want, bytes)).unwrap();
        assert_eq!((found.pieces.len(), found.bytes, found.more), (many, many * one, true));
    }
}

#[test]
fn a_log_that_is_brought_anew_takes_the_place_of_the_old_one() {
    let (store, mut ada, mut writer) = opened();
    ada.add(3);
    ada.open(&store);
    keep(&store, &ada, &writer.write(5, 10));
    keep(&store, &ada, &writer.write(5, 10));
    let words = rows_with(&store, &ada, key::UPDATES);
    at_once(begin_anew(&store, ada.account, &writer.set.audience)).unwrap();
    let found = lacks(&store, &ada, writer.set, &[]);
    assert!(found.heads.is_empty() && found.pieces.is_empty() && !found.more);
    assert_eq!(count_of(&store, &ada), 0);
    at_once(begin_anew(&store, ada.account, &writer.set.audience)).unwrap();

    // In other pieces, and with less in it. Nobody is told twice.
    let mut again = Writer::new(set(&ada, 1), 1);
    keep(&store, &ada, &again.write_of_old(&[false, false, true, false, true, false, true], 1));
    assert_eq!(lacks(&store, &ada, writer.set, &[]).heads, [(again.author, again.head)]);
    assert_eq!(rows_with(&store, &ada, key::UPDATES), words);
    keep(&store, &ada, &again.write(5, 10));
    let added = Added { set: writer.set, author: writer.author, after: 10, to: 12, by: ada.id() };
    let all = rows_with(&store, &ada, key::UPDATES);
    assert_eq!(all.len(), words.len() + 1);
    assert_eq!(rows::read::<Update>(&all[2].1), Ok(Update::Added(added)));
    counts_right(&store, &ada);
}

/// The power goes after each number of batches. What is left is an empty log, whoever looks and whatever follows.
#[test]
fn a_log_that_is_half_removed_begins_anew_all_the_same() {
    let many = TIDY_ROWS + 10;
    for batches in 0..3 {
        for next in ["again", "a piece", "tidy"] {
            let (store, ada) = (Frail::new(), Person::new(1));
            ada.open(&store);
            let mut writer = Writer::new(set(&ada, 1), 1);
            for _ in 0..many {
                keep(&store, &ada, &writer.write(1, 10));
            }
            store.take_only(batches);
            assert!(at_once(begin_anew(&store, ada.account, &writer.set.audience)).is_err());
            store.take_only(usize::MAX);
            let found = lacks(&store, &ada, writer.set, &[]);
            if batches == 0 {
                assert_eq!(found.heads, [(writer.author, writer.head)]);
                continue;
            }
            assert!(found.heads.is_empty() && found.pieces.is_empty() && !found.more, "after {batches}");
            assert!(!rows_with(&store, &ada, b"R").is_empty());
            counts_right(&store, &ada);
            let mut again = Writer::new(set(&ada, 1), 1);
            match next {
                "again" => at_once(begin_anew(&store, ada.account, &writer.set.audience)).unwrap(),
                "tidy" => at_once(tidy(&store, ada.account)).unwrap(),
                _ => keep(&store, &ada, &again.write(2, 10)),
            }
            let left = usize::from(next == "a piece");
            assert_eq!(rows_with(&store, &ada, b"R").len(), left, "{next} after {batches}");
            counts_right(&store, &ada);
        }
    }
}

#[test]
fn who_asks_while_a_log_is_brought_anew_is_told_once_it_is_there() {
    let (store, ada, mut writer) = opened();
    let grace = Person::new(2);
    grace.open(&store);
    let audience = writer.set.audience;
    at_once(members::put(&store, ada.account, audience, vec![grace.account])).unwrap();
    keep(&store, &ada, &writer.write(4, 10));
    let tells = || testing::tell(&store, ada.account);
    tells();
    let words = rows_with(&store, &grace, key::UPDATES).len();
    at_once(begin_anew(&store, ada.account, &audience)).unwrap();
    let mut again = Writer::new(set(&ada, 1), 1);
    keep(&store, &ada, &again.write(2, 10));
    assert!(tells().is_empty());
    let want = WantSet { set: writer.set, heads: Vec::new().try_into().unwrap() };
    for _ in 0..2 {
        let found = at_once(find(&store, grace.account, &want, usize::MAX)).unwrap();
        assert_eq!(found.heads, [(again.author, again.head)]);
    }
    keep(&store, &ada, &again.write(2, 10));
    assert_eq!(tells(), BTreeSet::from([grace.id()]));
    let all = rows_with(&store, &grace, key::UPDATES);
    assert_eq!(all.len(), words + 1);
    assert_eq!(rows::read::<Update>(&all.last().unwrap().1), Ok(Update::Set(writer.set)));
    assert!(rows_with(&store, &ada, b"W").is_empty());
    // Who asks now is not waiting for anything.
    at_once(find(&store, grace.account, &want, usize::MAX)).unwrap();
    assert!(rows_with(&store, &ada, b"W").is_empty());
}

/// Its device may be gone, and others have no more of it.
#[test]
fn a_log_that_does_not_come_to_what_it_was_keeps_nobody_waiting_for_ever() {
    let (store, ada, mut writer) = opened();
    let grace = Person::new(2);
    grace.open(&store);
    let audience = writer.set.audience;
    at_once(members::put(&store, ada.account, audience, vec![grace.account])).unwrap();
    keep(&store, &ada, &writer.write(9, 10));
    testing::tell(&store, ada.account);
    at_once(begin_anew(&store, ada.account, &audience)).unwrap();
    let want = WantSet { set: writer.set, heads: Vec::new().try_into().unwrap() };
    let asks = || at_once(find(&store, grace.account, &want, usize::MAX)).unwrap();
    assert!(asks().heads.is_empty());
    let mut again = Writer::new(set(&ada, 1), 1);
    keep(&store, &ada, &again.write(2, 10));
    assert!(testing::tell(&store, ada.account).is_empty());

    at_once(tidy(&store, ada.account)).unwrap();
    assert_eq!(testing::tell(&store, ada.account), BTreeSet::from([grace.id()]));
    let last = |store: &Memory| rows::read::<Update>(&rows_with(store, &grace, key::UPDATES).last().unwrap().1);
    assert_eq!(last(&store), Ok(Update::Set(writer.set)));
    assert_eq!(asks().heads, [(again.author, again.head)]);
    assert!(rows_with(&store, &ada, b"W").is_empty(), "it is as long as it is");
    // What comes after that is told as any other.
    keep(&store, &ada, &again.write(3, 10));
    assert_eq!(testing::tell(&store, ada.account), BTreeSet::from([grace.id()]));
    let added = Added { set: writer.set, author: writer.author, after: 2, to: 5, by: ada.id() };
    assert_eq!(last(&store), Ok(Update::Added(added)));
    // Nothing of it came at all.
    at_once(begin_anew(&store, ada.account, &audience)).unwrap();
    asks();
    at_once(tidy(&store, ada.account)).unwrap();
    assert_eq!(testing::tell(&store, ada.account), BTreeSet::from([grace.id()]));
    assert!(rows_with(&store, &ada, b"W").is_empty());
    at_once(tidy(&store, ada.account)).unwrap();
    assert!(testing::tell(&store, ada.account).is_empty(), "once");
}

#[test]
fn of_two_that_bring_the_same_log_one_is_told_where_it_is() {
    let (store, ada) = (Frail::new(), Person::new(1));
    ada.open(&store);
    let mut writer = Writer::new(set(&ada, 1), 1);
    let (first, second) = (writer.write(2, 10), writer.write(1, 10));
    // What the other makes of the account's rows.
    let elsewhere = testing::store();
    ada.open(&elsewhere);
    keep(&elsewhere, &ada, &first);
    let other = rows(&elsewhere, ada.account).into_iter().map(|(key, value)| Change::Put { key, value });
    store.be_overtaken_by(vec![batch(ada.account, other.collect())]);
    assert_eq!(bring(&store, &ada, &first), Taken::Elsewhere(second.delta.after));
    keep(&store, &ada, &second);
    counts_right(&store, &ada);
}

#[test]
fn a_piece_that_comes_as_its_set_gets_members_is_told_to_them() {
    let (store, ada, grace) = (Frail::new(), Person::new(1), Person::new(2));
    ada.open(&store);
    grace.open(&store);
    let mut writer = Writer::new(set(&ada, 1), 1);
    let key = key::members(&writer.set.audience);
    let put = Change::Put { key, value: rows::write(&vec![grace.account]).unwrap() };
    store.be_overtaken_by(vec![batch(ada.account, vec![put])]);
    let taken = bring(&store, &ada, &writer.write(1, 10));
    assert_eq!(taken, Taken::Kept { head: writer.head, siblings: vec![], owes: true });
    assert_eq!(rows_with(&store, &ada, key::OWED).len(), 1);
}

#[test]
fn a_piece_that_cannot_be_written_leaves_nothing() {
    let (store, ada) = (Frail::new(), Person::new(1));
    ada.open(&store);
    let before = rows(&store, ada.account);
    let piece = Writer::new(set(&ada, 1), 1).write(1, 10);
    store.take_only(0);
    assert!(at_once(append(&store, ada.who(), &piece)).is_err());
    assert_eq!(rows(&store, ada.account), before);
    store.take_only(1);
    keep(&store, &ada, &piece);
}

#[test]
fn a_full_queue_of_the_accounts_own_keeps_no_piece_away() {
    let (store, mut ada, mut writer) = opened();
    ada.add(3);
    ada.open(&store);
    let many = usize::try_from(UPDATES).unwrap();
    let words = (0..many).flat_map(|_| updates::putting(&Update::Set(writer.set)).unwrap());
    change(&store, ada.account, words.collect());
    keep(&store, &ada, &writer.write(1, 10));
    assert_eq!(rows_with(&store, &ada, key::UPDATES).len(), many - 255);
    assert_eq!(at_once(updates::dropped(&store, ada.account)), Ok(256));
}
