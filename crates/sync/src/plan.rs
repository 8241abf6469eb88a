//! What the other side of an offer lacks, and whether its logs and ours are of one history.
//!
//! Each side tells the other how far it is in every author's log: one round trip, and then only what changed travels.
//!
//! ```
//! use std::collections::BTreeMap;
//! use lamplit_sync::plan::{Step, answer};
//! use lamplit_types::{Author, DeviceId, Incarnation};
//! use lamplit_wire::{Chain, Head};
//!
//! let author = Author { device: DeviceId::from_bytes([1; 32]), incarnation: Incarnation(1) };
//! let mine = BTreeMap::from([(author, Head { seq: 2, chain: Chain([2; 16]) })]);
//! let chain_at = |_: &Author, seq: u64| Ok::<_, ()>(Some(Chain([u8::try_from(seq).unwrap_or(0); 16])));
//!
//! let behind = Head { seq: 1, chain: Chain([1; 16]) };
//! let theirs = BTreeMap::from([(author, behind)]);
//! assert_eq!(answer(&mine, &theirs, chain_at), Ok(vec![Step::Send { author, after: behind }]));
//!
//! let elsewhere = Head { seq: 1, chain: Chain([7; 16]) };
//! let theirs = BTreeMap::from([(author, elsewhere)]);
//! assert_eq!(answer(&mine, &theirs, chain_at), Ok(vec![Step::Whole { author }]));
//! ```

use std::collections::BTreeMap;

use lamplit_types::Author;
use lamplit_wire::{Chain, Head};

/// What to do about one author of an offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Send the author's log from this head on.
    Send {
        /// The author.
        author: Author,
        /// Where the other is.
        after: Head,
    },
    /// The two hold different histories of this author: compare everything.
    Whole {
        /// The author.
        author: Author,
    },
}

/// Plans the answer to an offer: for every author of whom we know more, or something else. An author of whom the other
/// knows more gets none; that is the other's to answer.
///
/// `chain_at` looks up the chain of an author's log at a sequence number; `None` if that far is not known here.
///
/// # Errors
/// Whatever `chain_at` fails with.
pub fn answer<E>(
    mine: &BTreeMap<Author, Head>,
    theirs: &BTreeMap<Author, Head>,
    mut chain_at: impl FnMut(&Author, u64) -> Result<Option<Chain>, E>,
) -> Result<Vec<Step>, E> {
    let mut steps = Vec::new();
    for (author, here) in mine {
        let there = theirs.get(author).copied().unwrap_or_default();
        // Where both are, our log knows the chain unless the other is ahead: then it will find out.
        if there.seq > here.seq {
            continue;
        }
        let ours = if there.seq == 0 { Some(Chain::default()) } else { chain_at(author, there.seq)? };
        match ours {
            Some(chain) if chain != there.chain => steps.push(Step::Whole { author: *author }),
            Some(_) if there.seq < here.seq => steps.push(Step::Send { author: *author, after: there }),
            Some(_) => {}
            None => steps.push(Step::Whole { author: *author }),
        }
    }
    Ok(steps)
}

/// Whether somebody holds a later or another past of this very device than it does itself: then it was restored from
/// an older backup.
///
/// `ours` is the device's own head in the life the other speaks of, and `chain_at` its own log.
///
/// # Errors
/// Whatever `chain_at` fails with.
pub fn is_from_my_future<E>(
    ours: Head,
    theirs: Head,
    chain_at: impl FnOnce(u64) -> Result<Option<Chain>, E>,
) -> Result<bool, E> {
    if theirs.seq == 0 {
        return Ok(false);
    }
    if theirs.seq > ours.seq {
        return Ok(true);
    }
    Ok(chain_at(theirs.seq)?.is_some_and(|chain| chain != theirs.chain))
}

#[cfg(test)]
mod tests;
