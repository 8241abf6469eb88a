#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use core::convert::Infallible;

use lamplit_wire::LogEntry;
use proptest::prelude::*;

use super::*;
use crate::{
    fixture::{author, chain_at, delta, log, replaced},
    log::{DeltaError, follow},
};

/// A replica: every author's log, complete up to its head.
#[derive(Clone, Debug, Default)]
struct Replica {
    logs: BTreeMap<Author, Vec<LogEntry>>,
}

impl Replica {
    fn heads(&self) -> BTreeMap<Author, Head> {
        self.logs.keys().map(|author| (*author, self.head(author))).collect()
    }

    fn head(&self, author: &Author) -> Head {
        self.logs.get(author).and_then(|log| log.last()).map(LogEntry::head).unwrap_or_default()
    }

    fn write(&mut self, author: Author, count: usize, salt: u8) {
        let head = self.head(&author);
        self.logs.entry(author).or_default().extend(log(author, head, count, salt));
    }

    fn chain_at(&self, author: &Author, seq: u64) -> Result<Option<Chain>, Infallible> {
        Ok(self.logs.get(author).and_then(|log| chain_at(log, seq)))
    }

    fn answer(&self, theirs: &BTreeMap<Author, Head>) -> Vec<Step> {
        let Ok(steps) = answer(&self.heads(), theirs, |author, seq| self.chain_at(author, seq));
        steps
    }

    /// Sends `to` one author's log after `after` in pieces of `size`; stops where one is refused.
    fn send(&self, to: &mut Self, author: Author, after: Head, size: usize) -> Result<(), DeltaError> {
        let missing: Vec<&LogEntry> = self.logs[&author].iter().filter(|entry| entry.head().seq > after.seq).collect();
        let mut after = after;
        for piece in missing.chunks(size) {
            let piece: Vec<LogEntry> = piece.iter().copied().cloned().collect();
            after = follow(to.head(&author), &delta(author, after, &piece))?;
            to.logs.entry(author).or_default().extend(piece);
        }
        Ok(())
    }
}

/// `to` offers, `from` answers. Says whether anything was sent.
fn exchange(from: &Replica, to: &mut Replica, size: usize) -> bool {
    let steps = from.answer(&to.heads());
    for step in &steps {
        match step {
            Step::Send { author, after } => from.send(to, *author, *after, size).expect("one history, no fault"),
            Step::Whole { author } => panic!("{author:?} was never forked"),
        }
    }
    !steps.is_empty()
}

#[test]
fn who_has_everything_is_told_nothing() {
    let mut one = Replica::default();
    assert_eq!(one.answer(&BTreeMap::new()), vec![]);
    one.write(author(1), 3, 0);
    assert_eq!(one.answer(&one.heads()), vec![]);
}

#[test]
fn who_has_nothing_is_told_everything() {
    let mut one = Replica::default();
    one.write(author(1), 3, 0);
    one.write(author(2), 1, 0);
    let after = Head::default();
    let expected = [author(1), author(2)].map(|author| Step::Send { author, after });
    assert_eq!(one.answer(&BTreeMap::new()), expected);
    // The same if it says so.
    assert_eq!(one.answer(&BTreeMap::from([(author(1), after), (author(2), after)])), expected);
}

#[test]
fn who_is_ahead_is_told_nothing() {
    let mut ahead = Replica::default();
    ahead.write(author(1), 3, 0);
    let mut behind = ahead.clone();
    ahead.write(author(1), 2, 0);
    let after = behind.head(&author(1));
    assert_eq!(behind.answer(&ahead.heads()), vec![]);
    assert_eq!(ahead.answer(&behind.heads()), vec![Step::Send { author: author(1), after }]);
    assert!(exchange(&ahead, &mut behind, 64));
    assert_eq!(behind.heads(), ahead.heads());
}

#[test]
fn two_histories_lead_to_a_whole_comparison() {
    let mut one = Replica::default();
    one.write(author(1), 3, 0);
    one.write(author(2), 1, 0);
    let mut other = one.clone();
    one.write(author(1), 2, 1);
    other.write(author(1), 2, 2);
    let whole = vec![Step::Whole { author: author(1) }];
    assert_eq!(one.answer(&other.heads()), whole, "equally long");
    assert_eq!(other.answer(&one.heads()), whole);
    one.write(author(1), 4, 1);
    assert_eq!(one.answer(&other.heads()), whole, "the longer one sees it");
    assert_eq!(other.answer(&one.heads()), vec![], "the shorter one leaves it to the other");
}

#[test]
fn a_log_without_a_past_leads_to_a_whole_comparison() {
    // A set that was taken whole has a head and no log below it.
    let mine = BTreeMap::from([(author(1), Head { seq: 9, chain: Chain([9; 16]) })]);
    let theirs = BTreeMap::from([(author(1), Head { seq: 5, chain: Chain([5; 16]) })]);
    let at_the_head = |_: &Author, seq: u64| Ok::<_, Infallible>((seq == 9).then_some(Chain([9; 16])));
    assert_eq!(answer(&mine, &theirs, at_the_head), Ok(vec![Step::Whole { author: author(1) }]));
    assert_eq!(answer(&mine, &mine, at_the_head), Ok(vec![]));
}

#[test]
fn a_head_at_nothing_that_is_no_start_is_another_history() {
    let mut one = Replica::default();
    one.write(author(1), 1, 0);
    let nowhere = Head { seq: 0, chain: Chain([1; 16]) };
    assert_eq!(one.answer(&BTreeMap::from([(author(1), nowhere)])), vec![Step::Whole { author: author(1) }]);
}

#[test]
fn a_failing_database_is_no_answer() {
    let mine = BTreeMap::from([(author(1), Head { seq: 9, chain: Chain::default() })]);
    let theirs = BTreeMap::from([(author(1), Head { seq: 5, chain: Chain::default() })]);
    assert_eq!(answer(&mine, &theirs, |_, _| Err("disk")), Err("disk"));
    let (ours, theirs) = (mine[&author(1)], theirs[&author(1)]);
    assert_eq!(is_from_my_future(ours, theirs, |_| Err("disk")), Err("disk"));
}

#[test]
fn a_device_that_came_back_from_a_backup_finds_out() {
    let mut world = Replica::default();
    world.write(author(1), 5, 0);
    let mut restored = world.clone();
    world.write(author(1), 3, 0);
    let finds_out = |restored: &Replica, theirs: Head| {
        let Ok(found) = is_from_my_future(restored.head(&author(1)), theirs, |seq| restored.chain_at(&author(1), seq));
        found
    };
    let theirs = world.head(&author(1));
    assert!(finds_out(&restored, theirs), "they know more of it than it does");
    assert!(!finds_out(&world, theirs), "they know as much");
    assert!(!finds_out(&world, restored.head(&author(1))), "they know less");
    assert!(!finds_out(&restored, Head::default()), "they know nothing");
    // It went on writing before it met anybody.
    restored.write(author(1), 3, 9);
    assert!(finds_out(&restored, theirs), "they know as much, and something else");
    restored.write(author(1), 3, 9);
    assert!(finds_out(&restored, theirs), "they know less, and something else");
}

#[derive(Clone, Debug)]
enum Act {
    /// A replica's own device writes.
    Write { at: usize, count: usize, salt: u8 },
    /// A record no longer counts at a replica.
    Replace { at: usize, author: usize, entry: prop::sample::Index },
    /// One offers, another answers.
    Exchange { from: usize, to: usize, size: usize },
}

fn any_acts(replicas: usize) -> impl Strategy<Value = Vec<Act>> {
    let act = prop_oneof![
        3 => (0..replicas, 1..6usize, any::<u8>()).prop_map(|(at, count, salt)| Act::Write { at, count, salt }),
        3 => (0..replicas, 0..replicas, any::<prop::sample::Index>())
            .prop_map(|(at, author, entry)| Act::Replace { at, author, entry }),
        2 => (0..replicas, 0..replicas, 1..5usize).prop_map(|(from, to, size)| Act::Exchange { from, to, size }),
    ];
    proptest::collection::vec(act, 0..40)
}

fn own(replica: usize) -> Author {
    author(u8::try_from(replica).unwrap())
}

fn play(acts: Vec<Act>, count: usize) -> Vec<Replica> {
    let mut replicas = vec![Replica::default(); count];
    for act in acts {
        match act {
            Act::Write { at, count, salt } => replicas[at].write(own(at), count, salt),
            Act::Replace { at, author, entry } => {
                if let Some(log) = replicas[at].logs.get_mut(&own(author)).filter(|log| !log.is_empty()) {
                    let entry = entry.get_mut(log);
                    *entry = replaced(entry);
                }
            }
            Act::Exchange { from, to, size } if from != to => {
                let sender = replicas[from].clone();
                exchange(&sender, &mut replicas[to], size);
            }
            Act::Exchange { .. } => {}
        }
    }
    replicas
}

/// One round: everybody answers everybody's offer. Says whether anything was sent.
fn round(replicas: &mut [Replica]) -> bool {
    let mut moved = false;
    for from in 0..replicas.len() {
        for to in (0..replicas.len()).filter(|to| *to != from) {
            let sender = replicas[from].clone();
            moved |= exchange(&sender, &mut replicas[to], 3);
        }
    }
    moved
}

proptest! {
    #[test]
    fn replicas_that_meet_end_up_equally_far(acts in any_acts(3)) {
        let mut replicas = play(acts, 3);
        // Everybody has met everybody: a second round has nothing left to do.
        round(&mut replicas);
        round(&mut replicas);
        prop_assert!(!round(&mut replicas), "it never gets quiet");
        let heads = replicas[0].heads();
        for (number, replica) in replicas.iter().enumerate() {
            prop_assert_eq!(&replica.heads(), &heads, "replica {}", number);
            for log in replica.logs.values() {
                let numbers: Vec<u64> = log.iter().map(|entry| entry.head().seq).collect();
                prop_assert!(numbers.iter().copied().eq(1..=numbers.len() as u64), "a gap in {:?}", numbers);
            }
        }
    }

    #[test]
    fn no_two_histories_are_ever_mixed(before in 0..6usize, one in 1..6usize, other in 1..6usize, size in 1..4usize) {
        let mut first = Replica::default();
        first.write(author(1), before, 0);
        let mut second = first.clone();
        first.write(author(1), one, 1);
        second.write(author(1), other, 2);
        let whole = vec![Step::Whole { author: author(1) }];
        let (longer, shorter) = if one >= other { (&first, &second) } else { (&second, &first) };
        prop_assert_eq!(longer.answer(&shorter.heads()), whole);
        // Whatever is sent from one to the other without asking is refused.
        for after in 0..=before + one {
            let after = after as u64;
            let Ok(chain) = first.chain_at(&author(1), after);
            let after = Head { seq: after, chain: chain.unwrap_or_default() };
            let mut receiver = second.clone();
            if after.seq < first.head(&author(1)).seq {
                prop_assert!(first.send(&mut receiver, author(1), after, size).is_err());
            }
            prop_assert_eq!(receiver.heads(), second.heads());
        }
    }
}
