//! What every store must do, as tests: `store_suite!(fixture, run)` in a test module makes a test of each function here.
//! `run` brings a future to its end: [`at_once`] for a store that never waits.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use core::pin::pin;
use core::task::{Context, Poll, Waker};

use lamplit_types::{AccountId, PhoneNumber};
use lamplit_wire::server::Epoch;

use crate::memory::Memory;
use crate::store::{Applied, ApplyError, Batch, Change, Expect, Partition, Row, Store, numbered};

/// Makes the stores of the tests.
pub trait Fixture {
    /// Which store.
    type Store: Store;

    /// An empty store.
    fn fresh(&self) -> Self::Store;

    /// What happens to a store between any two steps: nothing, or whatever must not be seen from outside.
    fn between(&self, store: Self::Store) -> Self::Store {
        store
    }
}

/// Makes a test of each function in the suite; `$fixture` is an expression that makes a [`Fixture`], `$run` a function
/// that brings a future to its end.
#[macro_export]
macro_rules! store_suite {
    ($fixture:expr, $run:path) => {
        $crate::store_suite!(@each $fixture, $run;
            a_row_is_there_until_it_is_removed
            an_expectation_that_fails_leaves_nothing
            an_expectation_holds_what_was_before_the_batch
            appended_rows_are_numbered_in_order
            counts_add_up_and_go_at_zero
            what_is_no_count_is_not_added_to
            changes_of_a_batch_happen_in_order
            scans_show_what_begins_with_the_prefix
            partitions_know_nothing_of_each_other
            partitions_are_listed_while_they_hold_anything
            random_batches_come_to_the_same_as_in_the_model
        );
    };
    (@each $fixture:expr, $run:path; $($name:ident)+) => {$(
        #[test]
        fn $name() {
            $run($crate::suite::$name(&$fixture));
        }
    )+};
}

/// Brings a future to its end that never waits.
pub fn at_once<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(ended) => ended,
        Poll::Pending => panic!("it waits"),
    }
}

/// A row that was put holds what was put last, also an empty value under an empty key.
pub async fn a_row_is_there_until_it_is_removed<F: Fixture>(fixture: &F) {
    let mut shelf = Shelf::new(fixture);
    for key in [b"".as_slice(), b"key", &[0xff; 40]] {
        assert_eq!(shelf.get(A, key).await, None);
        for value in [b"one".as_slice(), b"", &[9; 5000]] {
            shelf.apply(A, vec![put(key, value)]).await.unwrap();
            assert_eq!(shelf.get(A, key).await.as_deref(), Some(value));
            assert_eq!(shelf.all(A).await, [(key.to_vec(), value.to_vec())]);
        }
        shelf.apply(A, vec![remove(key)]).await.unwrap();
        assert_eq!(shelf.get(A, key).await, None);
        shelf.apply(A, vec![remove(key)]).await.unwrap();
    }
    assert_eq!(shelf.all(A).await, []);
}

/// Its place is told, and neither rows nor counts nor numbers have changed.
pub async fn an_expectation_that_fails_leaves_nothing<F: Fixture>(fixture: &F) {
    let mut shelf = Shelf::new(fixture);
    shelf.apply(A, vec![put(b"row", b"value"), add(b"count", 5), append(b"n", b"first")]).await.unwrap();
    let before = shelf.all(A).await;
    let holds = [row(b"row", Some(b"value")), row(b"none", None), at_most(b"count", 5), at_most(b"none", 0)];
    let fails = [
        row(b"row", Some(b"other")),
        row(b"row", None),
        row(b"none", Some(b"")),
        at_most(b"count", 4),
        at_most(b"none", -1),
    ];
    for failing in fails {
        for place in 0..=holds.len() {
            let mut expects = holds.to_vec();
            expects.insert(place, failing.clone());
            let changes = vec![put(b"row", b"new"), remove(b"count"), append(b"n", b"second"), add(b"other", 1)];
            let applied = shelf.try_apply(A, expects, changes).await;
            assert_eq!(applied, Err(ApplyError::Unexpected(place)), "{failing:?}");
            assert_eq!(shelf.all(A).await, before, "{failing:?}");
        }
    }
    let applied = shelf.try_apply(A, holds.to_vec(), vec![append(b"n", b"second")]).await;
    assert_eq!(applied, Ok(Applied { last: 2 }));
}

/// Not what the batch itself does.
pub async fn an_expectation_holds_what_was_before_the_batch<F: Fixture>(fixture: &F) {
    let mut shelf = Shelf::new(fixture);
    let expects = vec![row(b"row", None), at_most(b"count", 0)];
    let changes = vec![put(b"row", b"1"), add(b"count", 10)];
    shelf.try_apply(A, expects.clone(), changes.clone()).await.unwrap();
    assert_eq!(shelf.try_apply(A, expects, changes).await, Err(ApplyError::Unexpected(0)));
    let expects = vec![row(b"row", Some(b"1")), at_most(b"count", 10)];
    shelf.try_apply(A, expects, vec![remove(b"row"), add(b"count", -10)]).await.unwrap();
    assert_eq!(shelf.all(A).await, []);
}

/// From 1, whatever their prefixes; no number comes twice, though its row is gone.
pub async fn appended_rows_are_numbered_in_order<F: Fixture>(fixture: &F) {
    let mut shelf = Shelf::new(fixture);
    assert_eq!(shelf.apply(A, vec![put(b"row", b"")]).await, Ok(Applied { last: 0 }));
    assert_eq!(shelf.apply(A, vec![append(b"f", b"1"), append(b"", b"2")]).await, Ok(Applied { last: 2 }));
    assert_eq!(shelf.apply(B, vec![append(b"f", b"b1")]).await, Ok(Applied { last: 1 }));
    assert_eq!(shelf.apply(A, vec![append(b"f", b"3")]).await, Ok(Applied { last: 3 }));
    let first = (numbered(b"f", 1), b"1".to_vec());
    assert_eq!(shelf.scan(A, b"f", None, 9).await, [first, (numbered(b"f", 3), b"3".to_vec())]);
    assert_eq!(shelf.get(A, &numbered(b"", 2)).await.as_deref(), Some(b"2".as_slice()));

    let gone = vec![remove(&numbered(b"f", 1)), remove(&numbered(b"", 2)), remove(&numbered(b"f", 3)), remove(b"row")];
    assert_eq!(shelf.apply(A, gone).await, Ok(Applied { last: 3 }));
    assert_eq!(shelf.all(A).await, []);
    assert_eq!(shelf.apply(A, vec![append(b"f", b"4")]).await, Ok(Applied { last: 4 }));
    assert_eq!(shelf.all(A).await, [(numbered(b"f", 4), b"4".to_vec())]);
    assert_eq!(shelf.apply(B, Vec::new()).await, Ok(Applied { last: 1 }));
}

/// Eight bytes, below zero too.
pub async fn counts_add_up_and_go_at_zero<F: Fixture>(fixture: &F) {
    let mut shelf = Shelf::new(fixture);
    for (by, sum) in [(3, Some(3_i64)), (-5, Some(-2)), (0, Some(-2)), (2, None), (0, None), (i64::MAX, Some(i64::MAX))]
    {
        shelf.apply(A, vec![add(b"count", by)]).await.unwrap();
        assert_eq!(shelf.get(A, b"count").await, sum.map(|sum| sum.to_be_bytes().to_vec()));
    }
    let applied = shelf.apply(A, vec![put(b"row", b""), add(b"count", 1)]).await;
    assert!(matches!(applied, Err(ApplyError::Refused(_))), "{applied:?}");
    assert_eq!(shelf.all(A).await, [(b"count".to_vec(), i64::MAX.to_be_bytes().to_vec())]);
}

/// Nor is it compared to a limit.
pub async fn what_is_no_count_is_not_added_to<F: Fixture>(fixture: &F) {
    let mut shelf = Shelf::new(fixture);
    shelf.apply(A, vec![put(b"row", b"seven b")]).await.unwrap();
    let applied = shelf.apply(A, vec![put(b"other", b""), add(b"row", 1)]).await;
    assert!(matches!(applied, Err(ApplyError::Refused(_))), "{applied:?}");
    let applied = shelf.try_apply(A, vec![at_most(b"row", i64::MAX)], vec![put(b"other", b"")]).await;
    assert!(matches!(applied, Err(ApplyError::Refused(_))), "{applied:?}");
    assert_eq!(shelf.all(A).await, [(b"row".to_vec(), b"seven b".to_vec())]);
}

/// Each sees what those before it did.
pub async fn changes_of_a_batch_happen_in_order<F: Fixture>(fixture: &F) {
    let mut shelf = Shelf::new(fixture);
    shelf.apply(A, vec![put(b"a", b"1"), remove(b"a"), put(b"b", b"1"), put(b"b", b"2")]).await.unwrap();
    assert_eq!(shelf.all(A).await, [(b"b".to_vec(), b"2".to_vec())]);
    let count = 40_i64.to_be_bytes();
    shelf.apply(A, vec![put(b"c", &count), add(b"c", 2), remove(b"b"), add(b"b", 1), add(b"b", -1)]).await.unwrap();
    assert_eq!(shelf.all(A).await, [(b"c".to_vec(), 42_i64.to_be_bytes().to_vec())]);
    shelf
        .apply(A, vec![append(b"f", b"1"), remove(&numbered(b"f", 1)), append(b"f", b"2"), remove(b"c")])
        .await
        .unwrap();
    assert_eq!(shelf.all(A).await, [(numbered(b"f", 2), b"2".to_vec())]);
}

/// Every prefix, every beginning and every limit that can be put together from keys at each other's edges.
pub async fn scans_show_what_begins_with_the_prefix<F: Fixture>(fixture: &F) {
    let mut shelf = Shelf::new(fixture);
    let model = Memory::new(Epoch([0; 8]));
    for (step, key) in KEYS.iter().enumerate() {
        // Every third is gone again, and the neighbours' rows lie around ours.
        let mut changes = vec![put(key, &[step as u8])];
        changes.extend((step % 3 == 2).then(|| remove(key)));
        for partition in [A, B, c()] {
            model.apply(batch(partition, Vec::new(), changes.clone())).await.unwrap();
            shelf.apply(partition, changes.clone()).await.unwrap();
        }
        same(&shelf, &model).await;
    }
    for key in KEYS {
        model.apply(batch(B, Vec::new(), vec![remove(key)])).await.unwrap();
        shelf.apply(B, vec![remove(key)]).await.unwrap();
        same(&shelf, &model).await;
    }
}

/// Rows of one name differ, whatever the neighbours do.
pub async fn partitions_know_nothing_of_each_other<F: Fixture>(fixture: &F) {
    let mut shelf = Shelf::new(fixture);
    for partition in [A, B, c()] {
        shelf.apply(partition, vec![put(b"row", &[1]), add(b"count", 2)]).await.unwrap();
    }
    let expects = vec![row(b"row", Some(&[1])), at_most(b"count", 2)];
    let changes = vec![remove(b"row"), add(b"count", 5), append(b"f", b"mine")];
    assert_eq!(shelf.try_apply(B, expects, changes).await, Ok(Applied { last: 1 }));
    for partition in [A, c()] {
        let count = (b"count".to_vec(), 2_i64.to_be_bytes().to_vec());
        assert_eq!(shelf.all(partition).await, [count, (b"row".to_vec(), vec![1])]);
        assert_eq!(shelf.apply(partition, Vec::new()).await, Ok(Applied { last: 0 }));
    }
}

/// In order and in pages. One that only has used up numbers holds nothing, and still uses none of them again.
pub async fn partitions_are_listed_while_they_hold_anything<F: Fixture>(fixture: &F) {
    let mut shelf = Shelf::new(fixture);
    assert_eq!(shelf.partitions(None, 9).await, []);
    for partition in [c(), A, B] {
        shelf.apply(partition, vec![append(b"f", b""), append(b"f", b"")]).await.unwrap();
    }
    assert_eq!(shelf.partitions(None, 9).await, [A, B, c()]);
    assert_eq!(shelf.partitions(None, 2).await, [A, B]);
    assert_eq!(shelf.partitions(None, 0).await, []);
    assert_eq!(shelf.partitions(Some(&A), 1).await, [B]);
    assert_eq!(shelf.partitions(Some(&c()), 9).await, []);
    let gone = vec![remove(&numbered(b"f", 1)), remove(&numbered(b"f", 2))];
    shelf.apply(B, gone.clone()).await.unwrap();
    assert_eq!(shelf.partitions(None, 9).await, [A, c()]);
    assert_eq!(shelf.partitions(Some(&A), 9).await, [c()]);
    shelf.apply(c(), gone).await.unwrap();
    assert_eq!(shelf.partitions(Some(&A), 9).await, []);
    assert_eq!(shelf.apply(B, vec![append(b"f", b"")]).await, Ok(Applied { last: 3 }));
    assert_eq!(shelf.partitions(None, 9).await, [A, B]);
}

/// Batches of every kind, drawn from few keys so that they meet, beside the model.
pub async fn random_batches_come_to_the_same_as_in_the_model<F: Fixture>(fixture: &F) {
    for seed in 0..RUNS {
        let mut dice = Dice::new(seed);
        let mut shelf = Shelf::new(fixture);
        let model = Memory::new(Epoch([0; 8]));
        let mut refused = 0;
        for step in 0..STEPS {
            let drawn = dice.batch(&model).await;
            let (expected, applied) = (model.apply(drawn.clone()).await, shelf.hand_in(drawn.clone()).await);
            // What is wrong inside the store, each says in its own words.
            let told = |result: Result<Applied, ApplyError>| {
                result.map_err(|error| match error {
                    ApplyError::Refused(_) => ApplyError::Refused(String::new()),
                    other => other,
                })
            };
            refused += usize::from(applied.is_err());
            assert_eq!(told(applied), told(expected), "seed {seed}, step {step}: {drawn:?}");
            same_rows(&shelf, &model, &format!("seed {seed}, step {step}")).await;
        }
        same(&shelf, &model).await;
        assert!((1..STEPS).contains(&refused), "seed {seed}: {refused} of {STEPS} batches were refused");
    }
}

/// Runs of the comparison, and batches in each.
const RUNS: u64 = 12;
const STEPS: usize = 60;

/// Partitions beside each other.
const A: Partition = Partition::Account(AccountId::from_bytes([3; 16]));
const B: Partition = Partition::Account(AccountId::from_bytes([3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 4]));
/// A number's, behind those of all accounts.
fn c() -> Partition {
    Partition::Number(PhoneNumber::parse("+8613800138000").expect("a number"))
}

/// Keys that are prefixes, neighbours and ends of each other; eight bytes at the end of some look like a number.
const KEYS: [&[u8]; 12] = [
    b"",
    b"\x00",
    b"\x00\x00",
    b"\x00\x00\x00\x00\x00\x00\x00\x01",
    b"\x01",
    b"\x01\xff",
    b"\x01\xff\xff",
    b"\x02",
    b"f\x00\x00\x00\x00\x00\x00\x00\x02",
    b"g",
    b"\xff",
    b"\xff\xff",
];

/// A store under test, to which something happens after each step.
struct Shelf<'f, F: Fixture> {
    fixture: &'f F,
    store: Option<F::Store>,
}

impl<'f, F: Fixture> Shelf<'f, F> {
    fn new(fixture: &'f F) -> Self {
        Self { fixture, store: Some(fixture.fresh()) }
    }

    fn store(&self) -> &F::Store {
        self.store.as_ref().expect("a fixture gives the store back")
    }

    async fn hand_in(&mut self, batch: Batch) -> Result<Applied, ApplyError> {
        let applied = self.store().apply(batch).await;
        self.store = self.store.take().map(|store| self.fixture.between(store));
        applied
    }

    async fn try_apply(
        &mut self,
        partition: Partition,
        expects: Vec<Expect>,
        changes: Vec<Change>,
    ) -> Result<Applied, ApplyError> {
        self.hand_in(batch(partition, expects, changes)).await
    }

    async fn apply(&mut self, partition: Partition, changes: Vec<Change>) -> Result<Applied, ApplyError> {
        self.try_apply(partition, Vec::new(), changes).await
    }

    async fn get(&self, partition: Partition, key: &[u8]) -> Option<Vec<u8>> {
        self.store().get(&partition, key).await.unwrap()
    }

    async fn scan(&self, partition: Partition, prefix: &[u8], after: Option<&[u8]>, limit: usize) -> Vec<Row> {
        self.store().scan(&partition, prefix, after, limit).await.unwrap()
    }

    async fn all(&self, partition: Partition) -> Vec<Row> {
        self.scan(partition, b"", None, usize::MAX).await
    }

    async fn partitions(&self, after: Option<&Partition>, limit: usize) -> Vec<Partition> {
        self.store().partitions(after, limit).await.unwrap()
    }
}

/// Asks both for all rows and all partitions.
async fn same_rows<F: Fixture>(shelf: &Shelf<'_, F>, model: &Memory, when: &str) {
    for partition in [A, B, c()] {
        let expected = model.scan(&partition, b"", None, usize::MAX).await.unwrap();
        assert_eq!(shelf.all(partition).await, expected, "{when}");
        for key in KEYS {
            assert_eq!(shelf.get(partition, key).await, model.get(&partition, key).await.unwrap(), "{when}: {key:?}");
        }
    }
    assert_eq!(shelf.partitions(None, usize::MAX).await, model.partitions(None, usize::MAX).await.unwrap(), "{when}");
}

/// Asks both every scan that can be put together from the keys.
async fn same<F: Fixture>(shelf: &Shelf<'_, F>, model: &Memory) {
    for partition in [A, B, c()] {
        for prefix in KEYS {
            for after in KEYS.into_iter().map(Some).chain([None]) {
                for limit in [0, 1, 2, usize::MAX] {
                    let got = shelf.scan(partition, prefix, after, limit).await;
                    let expected = model.scan(&partition, prefix, after, limit).await.unwrap();
                    assert_eq!(got, expected, "prefix {prefix:?} after {after:?} limit {limit}");
                }
            }
        }
        for limit in [0, 1, usize::MAX] {
            let got = shelf.partitions(Some(&partition), limit).await;
            assert_eq!(got, model.partitions(Some(&partition), limit).await.unwrap());
        }
    }
}

/// Random draws, the same for the same seed (splitmix64).
struct Dice(u64);

impl Dice {
    fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % end as u64).unwrap()
    }

    fn key(&mut self) -> Vec<u8> {
        KEYS.get(self.below(KEYS.len())).unwrap().to_vec()
    }

    fn value(&mut self) -> Vec<u8> {
        let length = *[0, 1, 3, 8, 8, 600].get(self.below(6)).unwrap();
        let byte = self.below(3) as u8;
        vec![byte; length]
    }

    /// A batch; four of five expectations are what the model has.
    async fn batch(&mut self, model: &Memory) -> Batch {
        let partition = *[A, B, c()].get(self.below(3)).unwrap();
        let mut expects = Vec::new();
        for _ in 0..self.below(3) {
            let key = self.key();
            let there = model.get(&partition, &key).await.unwrap();
            let count = there.as_deref().unwrap_or(&[0; 8]).try_into().map(i64::from_be_bytes);
            expects.push(match (self.below(5), count) {
                (0, _) => Expect::Row { key, value: Some(self.value()) },
                (1, Ok(count)) => Expect::AtMost { key, limit: count.saturating_sub(self.below(2) as i64) },
                (2, Ok(count)) => Expect::AtMost { key, limit: count },
                _ => Expect::Row { key, value: there },
            });
        }
        let changes = (0..self.below(6)).map(|_| self.change()).collect();
        Batch { partition, expects, changes }
    }

    fn change(&mut self) -> Change {
        match self.below(8) {
            0..3 => Change::Put { key: self.key(), value: self.value() },
            3..5 => Change::Remove { key: self.key() },
            5..7 => Change::Append { prefix: self.key(), value: self.value() },
            _ => Change::Add { key: self.key(), by: self.below(5) as i64 - 2 },
        }
    }
}

fn batch(partition: Partition, expects: Vec<Expect>, changes: Vec<Change>) -> Batch {
    Batch { partition, expects, changes }
}

fn put(key: &[u8], value: &[u8]) -> Change {
    Change::Put { key: key.to_vec(), value: value.to_vec() }
}

fn remove(key: &[u8]) -> Change {
    Change::Remove { key: key.to_vec() }
}

fn append(prefix: &[u8], value: &[u8]) -> Change {
    Change::Append { prefix: prefix.to_vec(), value: value.to_vec() }
}

fn add(key: &[u8], by: i64) -> Change {
    Change::Add { key: key.to_vec(), by }
}

fn row(key: &[u8], value: Option<&[u8]>) -> Expect {
    Expect::Row { key: key.to_vec(), value: value.map(<[u8]>::to_vec) }
}

fn at_most(key: &[u8], limit: i64) -> Expect {
    Expect::AtMost { key: key.to_vec(), limit }
}
