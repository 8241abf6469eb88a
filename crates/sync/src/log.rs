//! Whether a piece of an author's log fits onto what is there.
//!
//! Every author's records in a set form a log: numbered from 1 without a gap, each with a running hash ([`chain`]) over
//! all before it, which the author's signature covers. A record that was replaced leaves its number and chain behind, so
//! that a log stays complete however little of it still counts. Who made up such a place is found out at the next
//! record that is signed.
//!
//! ```
//! use lamplit_sync::log::{DeltaError, follow};
//! use lamplit_types::{AccountId, AudienceId, Author, DeviceId, Incarnation, SpaceId};
//! use lamplit_wire::{Chain, Delta, Head, LogEntry, SetId};
//!
//! let set = SetId { space: SpaceId::Account(AccountId::from_random([1; 16])), audience: AudienceId::from_bytes([2; 16]) };
//! let author = Author { device: DeviceId::from_bytes([3; 32]), incarnation: Incarnation(4) };
//! let entries = vec![LogEntry::Replaced { seq: 1, chain: Chain([9; 16]) }].try_into()?;
//! let delta = Delta { set, author, after: Head::default(), entries };
//!
//! let head = follow(Head::default(), &delta)?;
//! assert_eq!(head, Head { seq: 1, chain: Chain([9; 16]) });
//! assert_eq!(follow(head, &delta), Err(DeltaError::Elsewhere { begins: 0, here: 1 }));
//! # Ok::<(), Box<dyn core::error::Error>>(())
//! ```

use lamplit_wire::{Delta, Head, LogEntry, chain};

/// Why a delta was not taken. Nothing of it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeltaError {
    /// It begins elsewhere: ask again with an offer.
    #[error("a delta begins at {begins} where {here} is the last known")]
    Elsewhere {
        /// Where it begins.
        begins: u64,
        /// Where this replica is.
        here: u64,
    },
    /// The author's log has two histories: one of them is from a device restored from a backup.
    #[error("two histories of one log differ at {at}")]
    Forked {
        /// The sequence number.
        at: u64,
    },
    /// It does not hold together.
    #[error("a delta does not hold together at {at}")]
    Broken {
        /// The sequence number.
        at: u64,
    },
}

/// The head after `delta`, checked entry by entry against the chain. Signatures are the caller's to check.
///
/// # Errors
/// [`DeltaError`]; the replica is as it was.
pub fn follow(here: Head, delta: &Delta) -> Result<Head, DeltaError> {
    if delta.after.seq != here.seq {
        return Err(DeltaError::Elsewhere { begins: delta.after.seq, here: here.seq });
    }
    if delta.after.chain != here.chain {
        return Err(DeltaError::Forked { at: here.seq });
    }
    let mut head = here;
    for entry in delta.entries.iter() {
        head = step(head, delta, entry)?;
    }
    Ok(head)
}

fn step(head: Head, delta: &Delta, entry: &LogEntry) -> Result<Head, DeltaError> {
    // Nothing comes after the last number there is.
    let Some(at) = head.seq.checked_add(1) else { return Err(DeltaError::Broken { at: head.seq }) };
    if let LogEntry::Live(record) = entry {
        let body = &record.body;
        let expected = chain(head.chain, body.tag, body.clock, body.origin, &body.sealed);
        if body.set != delta.set || body.author != delta.author || body.chain != expected {
            return Err(DeltaError::Broken { at });
        }
    }
    let next = entry.head();
    if next.seq == at { Ok(next) } else { Err(DeltaError::Broken { at }) }
}

#[cfg(test)]
mod tests;
