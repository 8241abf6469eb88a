//! Replicated records: what everybody who carries one sees, and what only its audience sees.

use lamplit_types::{
    AudienceId, Author, DeviceId, Hlc, SpaceId,
    limits::{RECORD_BYTES, SEALED_RECORD_BYTES, VECTOR_AUTHORS},
};
use serde::{Deserialize, Serialize};

use crate::{
    bounded::{Bytes, List},
    credential::{Signable, Signed},
};

/// One replicated set: what one audience may see of one space.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SetId {
    /// Whose it is.
    pub space: SpaceId,
    /// Who may read it.
    pub audience: AudienceId,
}

/// Names a record within its set without telling what it is about:
/// BLAKE3 keyed with the owner's index key over audience ‖ kind ‖ entity ‖ field, cut to 16 bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Tag(pub [u8; 16]);

impl core::fmt::Debug for Tag {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let [a, b, ..] = self.0;
        write!(f, "Tag({a:02x}{b:02x}…)")
    }
}

/// The key a record is sealed with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct KeyId {
    /// The audience's generation.
    pub generation: u32,
    /// The day, for audiences whose keys ratchet; 0 for those whose keys do not.
    pub day: u32,
}

/// One field of one thing, sealed for one audience and signed by the device that wrote this copy down.
pub type Record = Signed<RecordBody>;

impl Signable for RecordBody {
    const LABEL: &'static str = "lamplit/1/record";
}

/// What the signature of a record covers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordBody {
    /// Where it belongs.
    pub set: SetId,
    /// The key it is sealed with.
    pub key: KeyId,
    /// Which field it is, for those who may not know.
    pub tag: Tag,
    /// Who sealed this copy. A re-seal has a new author and keeps the clock and origin.
    pub author: Author,
    /// Counts what the author wrote in this set, from 1, without a gap.
    pub seq: u64,
    /// Running hash over the author's records in this set, this one included (see [`chain`]).
    pub chain: Chain,
    /// When the value was written.
    pub clock: Hlc,
    /// The device on which it was written.
    pub origin: DeviceId,
    /// The sealed [`Entry`].
    pub sealed: Bytes<SEALED_RECORD_BYTES>,
}

/// A running hash over all that an author wrote in a set: the first 16 bytes of BLAKE3 over the one before and the
/// hash of the record's tag, clock, origin and sealed body.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Chain(pub [u8; 16]);

/// The chain after a record, given the one before it.
pub fn chain(before: Chain, tag: Tag, clock: Hlc, origin: DeviceId, sealed: &[u8]) -> Chain {
    let mut hash = blake3::Hasher::new_derive_key("lamplit/1/record-chain");
    hash.update(&before.0);
    hash.update(&tag.0);
    hash.update(&clock.wall.0.to_le_bytes());
    hash.update(&clock.count.to_le_bytes());
    hash.update(origin.as_bytes());
    hash.update(blake3::hash(sealed).as_bytes());
    let mut out = [0; 16];
    hash.finalize_xof().fill(&mut out);
    Chain(out)
}

/// What is inside a record.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// What sort of thing it is about.
    pub kind: Kind,
    /// Which one.
    pub entity: [u8; 16],
    /// Which field of it; the meaning is the kind's.
    pub field: u8,
    /// When the thing was created. A deletion ends all that was created before it.
    pub born: Hlc,
    /// The field's value, or the end of the whole thing.
    pub value: Value,
}

impl core::fmt::Debug for Entry {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Entry").field("kind", &self.kind).field("field", &self.field).finish_non_exhaustive()
    }
}

/// What a record says about its field.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Value {
    /// The field has this value.
    Set(Bytes<RECORD_BYTES>),
    /// The whole entity is gone (field 0).
    Gone,
}

/// What sorts of things are kept as records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Kind {
    /// The owner, as an audience may see them.
    Profile,
    /// Somebody the owner knows.
    Contact,
    /// A secret that the owner's devices share with those of a contact.
    PairSecret,
    /// The key of one generation of an audience that the owner has or belongs to.
    AudienceKey,
    /// A device of the owner.
    Device,
    /// How far a removed device's records of the set are taken.
    CutOff,
    /// The server that the account uses.
    Server,
}

/// How far a replica has come in one author's records of a set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// The last complete sequence number.
    pub seq: u64,
    /// The chain there.
    pub chain: Chain,
}

/// How far a replica has come in a set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    /// Which set.
    pub set: SetId,
    /// A head for each author.
    pub heads: List<(Author, Head), VECTOR_AUTHORS>,
    /// Deletions up to this time have been forgotten; who was away longer takes everything anew.
    pub horizon: Hlc,
    /// What the other is asked for.
    pub wants: Wants,
}

/// What an offer asks for, beside what the receiver sees that the sender lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Wants {
    /// Nothing more.
    Nothing,
    /// The receiver's offer.
    Offer,
    /// The whole set: the sender was away too long.
    Whole,
}

/// One step of an author's log: a record that still counts, or where one used to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum LogEntry {
    /// A record that still counts.
    Live(Box<Record>),
    /// A record that a later one replaced: only its place in the chain is left.
    Replaced {
        /// Its sequence number.
        seq: u64,
        /// The chain there.
        chain: Chain,
    },
}

impl LogEntry {
    /// The record, if it still counts.
    pub fn record(&self) -> Option<&Record> {
        match self {
            Self::Live(record) => Some(record),
            Self::Replaced { .. } => None,
        }
    }

    /// Where the log is with it.
    pub fn head(&self) -> Head {
        match self {
            Self::Live(record) => Head { seq: record.body.seq, chain: record.body.chain },
            Self::Replaced { seq, chain } => Head { seq: *seq, chain: *chain },
        }
    }
}

/// A piece of one author's log, complete from `after` on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delta {
    /// Which set.
    pub set: SetId,
    /// Whose log.
    pub author: Author,
    /// Where it begins: the receiver must be exactly there.
    pub after: Head,
    /// What follows, in order, without a gap.
    pub entries: List<LogEntry, { lamplit_types::limits::DELTA_RECORDS }>,
}

/// Some live records of a set: sent when two logs do not fit together, or when the receiver was away too long.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Whole {
    /// Which set.
    pub set: SetId,
    /// The author whose records these are; `None`: everybody's.
    pub author: Option<Author>,
    /// The records.
    pub records: List<Record, { lamplit_types::limits::DELTA_RECORDS }>,
    /// In the last part of everybody's: the sender's heads, which the receiver then has too. Empty otherwise.
    pub heads: List<(Author, Head), VECTOR_AUTHORS>,
    /// Whether this is the last part.
    pub last: bool,
    /// Asks for the receiver's records of the same author.
    pub wants_reply: bool,
    /// As in [`Offer`].
    pub horizon: Hlc,
}

/// How far the receiver has come: the next part may be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Have {
    /// A delta was committed.
    Delta {
        /// Which set.
        set: SetId,
        /// Whose log.
        author: Author,
        /// The receiver's head.
        head: Head,
    },
    /// A part of a whole set was committed.
    Whole {
        /// Which set.
        set: SetId,
        /// As in [`Whole`].
        author: Option<Author>,
    },
    /// What was sent of an author's log is not taken, now or ever: nothing is waited for.
    Refused {
        /// Which set.
        set: SetId,
        /// Whose log.
        author: Author,
    },
}

#[cfg(test)]
mod tests;
