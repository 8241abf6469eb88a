//! What the server keeps things in, as its services see it: ordered rows in partitions, one for each account and each number.
//!
//! A batch changes rows of one partition, all or none of them, and only if what it expects holds. Nothing spans two
//! partitions: so a store may keep each of them elsewhere.

use lamplit_types::{AccountId, PhoneNumber};
use lamplit_wire::server::Epoch;

/// Rows that can be changed together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Partition {
    /// What is one account's.
    Account(AccountId),
    /// What is kept of one telephone number.
    Number(PhoneNumber),
}

/// A change of one partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// Which.
    pub partition: Partition,
    /// What must hold just before, or nothing is changed.
    pub expects: Vec<Expect>,
    /// The changes, in order.
    pub changes: Vec<Change>,
}

/// What must hold before a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expect {
    /// The row holds just this; `None`: there is no such row.
    Row {
        /// Which.
        key: Vec<u8>,
        /// What it holds.
        value: Option<Vec<u8>>,
    },
    /// The count is at most so much. One that was never added to is 0.
    AtMost {
        /// Which row.
        key: Vec<u8>,
        /// So much.
        limit: i64,
    },
}

/// A change of one row.
#[derive(Clone, PartialEq, Eq)]
pub enum Change {
    /// The row holds this from now on.
    Put {
        /// Which.
        key: Vec<u8>,
        /// What.
        value: Vec<u8>,
    },
    /// The row is gone.
    Remove {
        /// Which.
        key: Vec<u8>,
    },
    /// A new row at the end: its key is `prefix` and the partition's next number, as eight bytes, the greatest first.
    /// Numbers rise by one from 1 and are never used twice in a partition.
    Append {
        /// How its key begins.
        prefix: Vec<u8>,
        /// What it holds.
        value: Vec<u8>,
    },
    /// Adds to a count: eight bytes, the greatest first. One that comes to 0 is gone.
    Add {
        /// Which row.
        key: Vec<u8>,
        /// How much.
        by: i64,
    },
}

/// What a batch came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Applied {
    /// The partition's last number after it; 0 if nothing was ever appended.
    pub last: u64,
}

/// A key and its value.
pub type Row = (Vec<u8>, Vec<u8>);

/// Why a read failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The store itself failed.
    #[error("the store cannot be read: {0}")]
    Storage(String),
    /// A row does not hold what it should.
    #[error("a row of the store is damaged: stop the server, look with `lamplit-server verify`, and restore a backup")]
    Corrupt,
}

/// Why a batch was not applied. Nothing of it was.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ApplyError {
    /// What it expects does not hold, by its place in the list.
    #[error("the rows have changed since they were read")]
    Unexpected(usize),
    /// It makes no sense with the rows that are there.
    #[error(
        "a change makes no sense with what the store holds ({0}): `lamplit-server verify` says whether it is damaged"
    )]
    Refused(String),
    /// There is no room.
    #[error("the disk is full: free some space; nothing was lost or half written")]
    Full,
    /// The store failed.
    #[error("the store cannot be written: {0}")]
    Storage(String),
}

/// Where the services keep things. It can be shared, and used from several tasks at once.
pub trait Store: Send + Sync {
    /// This life of the store.
    fn epoch(&self) -> Epoch;

    /// The value of a row, as it was last committed.
    fn get(
        &self,
        partition: &Partition,
        key: &[u8],
    ) -> impl Future<Output = Result<Option<Vec<u8>>, StoreError>> + Send;

    /// At most `limit` rows whose keys begin with `prefix` and are greater than `after`, the smallest first.
    fn scan(
        &self,
        partition: &Partition,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<Row>, StoreError>> + Send;

    /// Applies a batch. Once this returns `Ok` it would survive a power cut, and reads show it. Of batches that are under way
    /// at once any may be applied first.
    fn apply(&self, batch: Batch) -> impl Future<Output = Result<Applied, ApplyError>> + Send;

    /// At most `limit` partitions beyond `after` that hold anything, in order.
    fn partitions(
        &self,
        after: Option<&Partition>,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<Partition>, StoreError>> + Send;
}

impl core::fmt::Debug for Change {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Put { .. } => "Put",
            Self::Remove { .. } => "Remove",
            Self::Append { .. } => "Append",
            Self::Add { .. } => "Add",
        })
    }
}

/// The key of a numbered row.
pub fn numbered(prefix: &[u8], number: u64) -> Vec<u8> {
    [prefix, &number.to_be_bytes()].concat()
}

/// The number at the end of a key.
pub fn number_of(key: &[u8]) -> Option<u64> {
    key.last_chunk::<8>().map(|bytes| u64::from_be_bytes(*bytes))
}
