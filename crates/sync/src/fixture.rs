//! Logs for the tests, chained as an author chains them. Nothing is signed: signatures are checked elsewhere.

#![allow(clippy::expect_used, reason = "a test fails by panicking")]

use lamplit_types::{AccountId, AudienceId, Author, DeviceId, Hlc, Incarnation, SpaceId, Wall};
use lamplit_wire::{
    Chain, Delta, Head, KeyId, LogEntry, Record, RecordBody, SetId, Tag, chain,
    credential::{Signature, Signed},
};

pub(crate) fn set() -> SetId {
    SetId { space: SpaceId::Account(AccountId::from_bytes([0xA1; 16])), audience: AudienceId::from_bytes([0xAD; 16]) }
}

pub(crate) fn author(number: u8) -> Author {
    Author { device: DeviceId::from_bytes([number; 32]), incarnation: Incarnation(1) }
}

/// The next record of an author's log, saying `what`.
pub(crate) fn next(author: Author, head: Head, what: &[u8]) -> Record {
    let (tag, clock, origin) = (Tag([0x7A; 16]), Hlc { wall: Wall(1000 + head.seq), count: 0 }, author.device);
    let body = RecordBody {
        set: set(),
        key: KeyId::default(),
        tag,
        author,
        seq: head.seq + 1,
        chain: chain(head.chain, tag, clock, origin, what),
        clock,
        origin,
        sealed: what.to_vec().try_into().expect("a short value"),
    };
    Signed { body, signature: Signature { r: [0; 32], s: [0; 32] } }
}

/// `count` records of an author from `head` on; `salt` tells one history from another.
pub(crate) fn log(author: Author, mut head: Head, count: usize, salt: u8) -> Vec<LogEntry> {
    let mut entries = Vec::new();
    for _ in 0..count {
        let record = next(author, head, &[salt]);
        let entry = LogEntry::Live(Box::new(record));
        head = entry.head();
        entries.push(entry);
    }
    entries
}

/// The same entry, once its record no longer counts.
pub(crate) fn replaced(entry: &LogEntry) -> LogEntry {
    let Head { seq, chain } = entry.head();
    LogEntry::Replaced { seq, chain }
}

pub(crate) fn delta(author: Author, after: Head, entries: &[LogEntry]) -> Delta {
    let entries = entries.to_vec().try_into().expect("no more than a delta holds");
    Delta { set: set(), author, after, entries }
}

/// The chain at a number of a complete log.
pub(crate) fn chain_at(log: &[LogEntry], seq: u64) -> Option<Chain> {
    log.iter().map(LogEntry::head).find(|head| head.seq == seq).map(|head| head.chain)
}
