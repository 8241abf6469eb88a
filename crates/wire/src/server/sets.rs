//! Records at a server (P8): the logs of an account's sets, piece by piece as its devices bring them, and who else may have them.
//!
//! A server cannot open a record, and may not be believed which of them still count. So a piece with places of records that were
//! replaced comes with a [`Tally`] that a device of the owner signed: whoever would hide a record that counts needs its word.

use lamplit_types::{
    AccountId, AudienceId, Author, DeviceId,
    limits::{MEMBERS_PART, VECTOR_AUTHORS},
};
use serde::{Deserialize, Serialize};

use crate::{
    bounded::List,
    credential::{Signable, Signed},
    record::{Delta, Head, LogEntry, SetId},
};

/// A piece of one author's log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Piece {
    /// The entries.
    pub delta: Delta,
    /// Which of them count. `None`: all do.
    pub tally: Option<Signed<Tally>>,
}

/// Which entries of a piece still counted when a device of the owner brought it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Which set.
    pub set: SetId,
    /// Whose log.
    pub author: Author,
    /// Where the piece begins.
    pub after: Head,
    /// Where it ends.
    pub to: Head,
    /// A bit for each entry, the lowest for the first: whether it counts.
    pub live: u64,
    /// Who says so.
    pub device: DeviceId,
}

impl Signable for Tally {
    const LABEL: &'static str = "lamplit/1/tally";
}

/// A bit for each entry of a piece, the lowest for the first: whether it counts.
pub fn live(delta: &Delta) -> u64 {
    let bits = delta.entries.iter().enumerate().filter(|(_, entry)| matches!(entry, LogEntry::Live(_)));
    bits.filter_map(|(place, _)| 1_u64.checked_shl(u32::try_from(place).ok()?)).sum()
}

/// What became of a piece that was brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Appended {
    /// Which set.
    pub set: SetId,
    /// Whose log.
    pub author: Author,
    /// How far the log reaches at the server now. After `Busy` and `Failed`: where the piece begins.
    pub head: Head,
    /// What became of the piece.
    pub outcome: AppendOutcome,
}

/// What becomes of a piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum AppendOutcome {
    /// It is on the server's disk.
    Kept,
    /// It does not begin where the log at the server ends.
    Elsewhere,
    /// As much of the account's records is kept as may be.
    Full,
    /// Too much was brought at once: it has to be brought again later.
    Busy,
    /// The server cannot keep anything now: it has to be brought again.
    Failed,
}

/// Asks for what a device lacks of a set. Pieces come, and then [`SetAt`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WantSet {
    /// Which set: one of the account's own, or of somebody who has it in their audience.
    pub set: SetId,
    /// How far the device is.
    pub heads: List<(Author, Head), VECTOR_AUTHORS>,
}

/// How far the logs of a set reach at the server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetAt {
    /// Which set.
    pub set: SetId,
    /// A head for each author of whom there is anything. None at all: there is no such set, or it is not for this account.
    pub heads: List<(Author, Head), VECTOR_AUTHORS>,
    /// Not all that was asked for has come: it is to be asked for again.
    pub more: bool,
    /// Of an own set: who else may have it.
    pub members: Option<MembersMark>,
}

/// Who else may have one of the account's sets. A list takes several parts and counts from the last one on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Members {
    /// The audience.
    pub audience: AudienceId,
    /// Accounts, the least first, each greater than the one before, also over parts.
    pub accounts: List<AccountId, MEMBERS_PART>,
    /// Whether this is the first part.
    pub first: bool,
    /// Whether this is the last part.
    pub last: bool,
}

/// Names a list of members: the first 16 bytes of BLAKE3 in key-derivation mode, context "lamplit/1/members", over their ids in
/// order. Nobody at all: zeros.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MembersMark(pub [u8; 16]);

impl MembersMark {
    /// The mark of these accounts, the least first.
    pub fn of<'a>(accounts: impl IntoIterator<Item = &'a AccountId>) -> Self {
        let mut accounts = accounts.into_iter().peekable();
        if accounts.peek().is_none() {
            return Self::default();
        }
        let mut hash = blake3::Hasher::new_derive_key("lamplit/1/members");
        for account in accounts {
            hash.update(account.as_bytes());
        }
        let mut mark = [0; 16];
        hash.finalize_xof().fill(&mut mark);
        Self(mark)
    }
}

#[cfg(test)]
mod tests;
