#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

use lamplit_types::limits::DAY_MS;
use zeroize::Zeroizing;

use super::*;
use crate::{
    limits::{CODE_COUNT_MS, CODE_WAITS_MS},
    memory::Memory,
    store::StoreError,
    suite::at_once,
    testing::{Frail, NOW, batch, store},
};

const T: Wall = NOW.wall;
const ADA: (AccountId, DeviceId) = (AccountId::from_bytes([1; 16]), DeviceId::from_bytes([1; 32]));
const BOB: (AccountId, DeviceId) = (AccountId::from_bytes([2; 16]), DeviceId::from_bytes([2; 32]));
const EVE: (AccountId, DeviceId) = (AccountId::from_bytes([3; 16]), DeviceId::from_bytes([3; 32]));

fn key() -> CodeKey {
    CodeKey::from_bytes(Zeroizing::new([7; 32]))
}

fn number(last: u8) -> PhoneNumber {
    PhoneNumber::parse(&format!("+86138001380{last:02}")).unwrap()
}

/// Somebody shows the code that came to a number.
#[track_caller]
fn prove(store: &impl Store, who: (AccountId, DeviceId), number: PhoneNumber, now: Wall) -> Vec<AccountId> {
    let code = at_once(ask(store, &key(), (number, who.1), now)).unwrap().unwrap();
    let shown = at_once(show(store, &key(), who, (number, code), now)).unwrap();
    assert_eq!(shown.verdict, Verdict::Right);
    shown.others
}

fn stands(store: &impl Store, who: (AccountId, DeviceId), now: Wall) -> (Option<PhoneNumber>, Option<PhoneNumber>) {
    let numbers = at_once(settle(store, who.0, now)).unwrap().numbers;
    (numbers.held.map(|held| held.number), numbers.coming.map(|coming| coming.number))
}

fn all_rows(store: &Memory) -> Vec<(Partition, Vec<u8>)> {
    let partitions = at_once(store.partitions(None, usize::MAX)).unwrap();
    let rows = |partition| at_once(store.scan(&partition, b"", None, usize::MAX)).unwrap().into_iter();
    partitions.into_iter().flat_map(|partition| rows(partition).map(move |(key, _)| (partition, key))).collect()
}

#[test]
fn a_free_number_is_whose_code_was_shown_and_the_one_before_is_free_then() {
    let store = store();
    assert_eq!(stands(&store, ADA, T), (None, None));
    assert_eq!(prove(&store, ADA, number(1), T), []);
    assert_eq!(stands(&store, ADA, T), (Some(number(1)), None));

    assert_eq!(prove(&store, ADA, number(2), T), []);
    assert_eq!(stands(&store, ADA, T), (Some(number(2)), None));
    // Nobody has the first one any more.
    let later = T.plus(CODE_WAITS_MS[0]);
    assert_eq!(prove(&store, BOB, number(1), later), []);
    assert_eq!(stands(&store, BOB, later), (Some(number(1)), None));
}

#[test]
fn a_number_of_somebody_else_stays_theirs_for_a_week() {
    let store = store();
    prove(&store, ADA, number(1), T);
    prove(&store, BOB, number(2), T);
    let taken = T.plus(DAY_MS);
    assert_eq!(prove(&store, BOB, number(1), taken), [ADA.0], "who has it is told");
    let at = taken.plus(NUMBER_HELD_MS);

    let ada = at_once(settle(&store, ADA.0, taken)).unwrap().numbers;
    assert_eq!(ada.held, Some(HeldNumber { number: number(1), leaves: Some(at) }));
    let bob = at_once(settle(&store, BOB.0, taken)).unwrap().numbers;
    assert_eq!(bob.coming, Some(ComingNumber { number: number(1), at }));
    assert_eq!(bob.held.unwrap().number, number(2), "until then the other one stays");
    // To show it again does not make it longer, nor shorter.
    let again = taken.plus(DAY_MS);
    prove(&store, BOB, number(1), again);
    assert_eq!(at_once(settle(&store, BOB.0, again)).unwrap().numbers.coming.unwrap().at, at);

    let early = Wall(at.0 - 1);
    assert_eq!(stands(&store, ADA, early), (Some(number(1)), None));
    assert_eq!(stands(&store, ADA, at), (None, None));
    assert_eq!(stands(&store, BOB, at), (Some(number(1)), None));
    assert_eq!(prove(&store, EVE, number(2), at), [], "what Bob had before is free");
}

#[test]
fn whoever_still_has_their_number_keeps_it() {
    let store = store();
    prove(&store, ADA, number(1), T);
    prove(&store, EVE, number(1), T.plus(DAY_MS));
    let back = T.plus(3 * DAY_MS);
    assert_eq!(prove(&store, ADA, number(1), back), [EVE.0], "whoever waited for it is told");
    assert_eq!(at_once(settle(&store, ADA.0, back)).unwrap().numbers.held.unwrap().leaves, None);
    let later = T.plus(30 * DAY_MS);
    assert_eq!(stands(&store, EVE, later), (None, None));
    assert_eq!(stands(&store, ADA, later), (Some(number(1)), None));
}

#[test]
fn a_later_claim_takes_the_place_of_an_earlier_one() {
    let store = store();
    prove(&store, ADA, number(1), T);
    prove(&store, BOB, number(1), T.plus(DAY_MS));
    assert_eq!(prove(&store, EVE, number(1), T.plus(2 * DAY_MS)), [ADA.0, BOB.0]);
    assert_eq!(stands(&store, BOB, T.plus(2 * DAY_MS)), (None, None));
    assert_eq!(
        stands(&store, ADA, T.plus(8 * DAY_MS)),
        (Some(number(1)), None),
        "Bob's week is over, and counts no more"
    );
    assert_eq!(stands(&store, EVE, T.plus(9 * DAY_MS)), (Some(number(1)), None));
    assert_eq!(stands(&store, ADA, T.plus(9 * DAY_MS)), (None, None));
}

#[test]
fn who_wants_another_number_lets_go_of_the_claim_before() {
    let store = store();
    prove(&store, ADA, number(1), T);
    prove(&store, BOB, number(1), T.plus(DAY_MS));
    assert_eq!(prove(&store, BOB, number(2), T.plus(DAY_MS)), [ADA.0], "whose number it stays is told");
    assert_eq!(stands(&store, BOB, T.plus(30 * DAY_MS)), (Some(number(2)), None));
    assert_eq!(at_once(settle(&store, ADA.0, T.plus(30 * DAY_MS))).unwrap().numbers.held.unwrap().leaves, None);
}

#[test]
fn a_lost_number_that_nobody_looked_at_can_be_claimed_back() {
    let store = store();
    prove(&store, ADA, number(1), T);
    prove(&store, BOB, number(1), T.plus(DAY_MS));
    let late = T.plus(20 * DAY_MS);
    // Neither came by since: the code is shown before anything was settled.
    assert_eq!(prove(&store, ADA, number(1), late).len(), 1);
    assert_eq!(stands(&store, BOB, late), (Some(number(1)), None));
    let later = late.plus(NUMBER_HELD_MS);
    assert_eq!(stands(&store, ADA, later), (Some(number(1)), None));
    assert_eq!(stands(&store, BOB, later), (None, None));
}

#[test]
fn what_is_given_up_is_free_and_leaves_nothing() {
    let store = store();
    assert_eq!(at_once(free(&store, ADA.0, T)).unwrap(), []);
    prove(&store, ADA, number(1), T);
    assert_eq!(at_once(free(&store, ADA.0, T)).unwrap(), []);
    assert_eq!(stands(&store, ADA, T), (None, None));

    // Whoever waits has it at once.
    let now = T.plus(DAY_MS);
    prove(&store, ADA, number(1), now);
    prove(&store, BOB, number(1), now.plus(DAY_MS));
    assert_eq!(at_once(free(&store, ADA.0, now.plus(DAY_MS))).unwrap(), [BOB.0]);
    assert_eq!(stands(&store, BOB, now.plus(DAY_MS)), (Some(number(1)), None));
    at_once(free(&store, BOB.0, now.plus(DAY_MS))).unwrap();

    at_once(tidy(&store, number(1), now.plus(DAY_MS + CODE_COUNT_MS))).unwrap();
    assert_eq!(all_rows(&store), []);
}

#[test]
fn who_waits_for_a_number_is_told_when_its_owner_takes_another() {
    let store = store();
    prove(&store, ADA, number(1), T);
    prove(&store, BOB, number(1), T.plus(DAY_MS));
    assert_eq!(prove(&store, ADA, number(2), T.plus(2 * DAY_MS)), [BOB.0]);
    assert_eq!(stands(&store, BOB, T.plus(2 * DAY_MS)), (Some(number(1)), None));
    // Or when its owner looks at what became of an earlier claim.
    prove(&store, ADA, number(1), T.plus(3 * DAY_MS));
    prove(&store, EVE, number(2), T.plus(4 * DAY_MS));
    let later = T.plus(10 * DAY_MS);
    let settled = at_once(settle(&store, ADA.0, later)).unwrap();
    assert_eq!(settled.numbers.held.unwrap().number, number(1));
    assert_eq!(settled.others, [EVE.0]);
    assert_eq!(at_once(settle(&store, ADA.0, later)).unwrap().others, []);
}

#[test]
fn a_code_that_nobody_asked_for_leaves_nothing() {
    let store = store();
    for last in 1..50 {
        let shown = at_once(show(&store, &key(), ADA, (number(last), SmsCode::from_random(1)), T)).unwrap();
        assert_eq!(shown, Shown { verdict: Verdict::Gone, others: Vec::new() });
    }
    assert_eq!(all_rows(&store), []);
}

/// Another device of the account looks at its numbers just before the number is the account's.
#[test]
fn whose_code_was_right_has_the_number_whoever_looks_in_between() {
    let frail = Frail::new();
    let code = at_once(ask(&frail, &key(), (number(1), ADA.1), T)).unwrap().unwrap();
    let finds_none = batch(ADA.0, vec![Change::Remove { key: key::WISH.to_vec() }]);
    // The last of them comes first: before what the account wants is written.
    frail.be_overtaken_by(vec![finds_none, batch(ADA.0, Vec::new())]);
    let shown = at_once(show(&frail, &key(), ADA, (number(1), code), T)).unwrap();
    assert_eq!(shown.verdict, Verdict::Right);
    assert_eq!(stands(&frail, ADA, T), (Some(number(1)), None));
}

#[test]
fn a_wrong_code_changes_nothing_but_the_tries() {
    let store = store();
    let code = at_once(ask(&store, &key(), (number(1), ADA.1), T)).unwrap().unwrap();
    let wrong = (0..2).map(SmsCode::from_random).find(|other| *other != code).unwrap();
    let shown = at_once(show(&store, &key(), ADA, (number(1), wrong), T)).unwrap();
    assert_eq!(shown, Shown { verdict: Verdict::Wrong(4), others: Vec::new() });
    assert_eq!(all_rows(&store), [(Partition::Number(number(1)), b"C".to_vec())]);
    // Nobody else may show it.
    let shown = at_once(show(&store, &key(), BOB, (number(1), code), T)).unwrap();
    assert_eq!(shown.verdict, Verdict::Gone);
    assert_eq!(at_once(wait(&store, number(1), T)).unwrap(), CODE_WAITS_MS[0]);
    assert_eq!(at_once(ask(&store, &key(), (number(1), BOB.1), T)).unwrap(), Err(CODE_WAITS_MS[0]));
}

/// The power goes after each number of batches: what was half done is whole or undone once it is looked at again.
#[test]
fn what_breaks_off_is_finished_or_undone() {
    let mut ends = [0, 0];
    for batches in 0..12 {
        let frail = Frail::new();
        prove(&frail, ADA, number(1), T);
        let now = T.plus(DAY_MS);
        let code = at_once(ask(&frail, &key(), (number(2), ADA.1), now)).unwrap().unwrap();
        frail.take_only(batches);
        let shown = at_once(show(&frail, &key(), ADA, (number(2), code), now));
        let _ = at_once(settle(&frail, ADA.0, now));
        frail.take_only(usize::MAX);

        let stand = stands(&frail, ADA, now);
        let has_changed = stand == (Some(number(2)), None);
        assert!(has_changed || stand == (Some(number(1)), None), "{batches}: {stand:?}");
        assert!(has_changed || shown.is_err(), "{batches}: it was said to be right");
        ends[usize::from(has_changed)] += 1;
        // Only one of them is anybody's.
        let gone = if has_changed { number(1) } else { number(2) };
        let later = now.plus(DAY_MS);
        assert_eq!(prove(&frail, BOB, gone, later), [], "{batches}");
        assert_eq!(stands(&frail, BOB, later), (Some(gone), None), "{batches}");
    }
    assert!(ends.iter().all(|count| *count > 0), "{ends:?}");
}

#[test]
fn a_store_that_cannot_be_read_is_no_verdict() {
    let frail = Frail::new();
    frail.fail_reads(true);
    let code = SmsCode::from_random(1);
    let failed = at_once(show(&frail, &key(), ADA, (number(1), code), T));
    assert!(matches!(failed, Err(Failed::Read(StoreError::Storage(_)))), "{failed:?}");
}
