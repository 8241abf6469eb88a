//! Which of two values of a field wins.
//!
//! Last writer wins by (birth, clock, origin device, hash of the plaintext). A deletion is of the whole entity: what
//! was born before it, or at the same time, dies with it, however late it was edited; only a new birth revives.
//!
//! So the outcome depends on what was written, and not on the order or the number of times in which it arrived:
//!
//! ```
//! use lamplit_sync::merge::{Existing, Stamp, Verdict, field};
//! use lamplit_types::{Author, DeviceId, Hlc, Incarnation, Wall};
//! use lamplit_wire::KeyId;
//!
//! let at = |wall| Hlc { wall: Wall(wall), count: 0 };
//! let device = DeviceId::from_bytes([1; 32]);
//! let author = Author { device, incarnation: Incarnation(1) };
//! let written = |clock| Existing {
//!     stamp: Stamp { born: at(10), clock: at(clock), origin: device, hash: [0; 32] },
//!     key: KeyId::default(),
//!     author,
//! };
//! assert_eq!(field(None, None, written(20)), Verdict::Take);
//! assert_eq!(field(Some(written(20)), None, written(30)), Verdict::Take);
//! assert_eq!(field(Some(written(30)), None, written(20)), Verdict::Keep);
//! // Deleted at 15: what was born at 10 is void, whenever it was edited.
//! assert_eq!(field(None, Some(at(15)), written(30)), Verdict::Dead);
//! ```

use lamplit_types::{Author, DeviceId, Hlc};
use lamplit_wire::{Entry, KeyId, RecordBody, Value};
use serde::{Deserialize, Serialize};

/// What decides between two values of one field. Greater wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Stamp {
    /// When the entity was created.
    pub born: Hlc,
    /// When the value was written.
    pub clock: Hlc,
    /// On which device.
    pub origin: DeviceId,
    /// BLAKE3 of the plaintext: decides when everything else is equal and the bodies are not.
    pub hash: [u8; 32],
}

impl Stamp {
    /// The stamp of an opened record.
    pub fn of(body: &RecordBody, entry: &Entry, plaintext: &[u8]) -> Self {
        Self { born: entry.born, clock: body.clock, origin: body.origin, hash: *blake3::hash(plaintext).as_bytes() }
    }
}

/// A value that is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Existing {
    /// Its stamp.
    pub stamp: Stamp,
    /// The key its copy is sealed with.
    pub key: KeyId,
    /// Who sealed the copy.
    pub author: Author,
}

impl Existing {
    /// Between two copies of one value the one under the newer key stays; of one key, that of the greater author: so
    /// what a device says again in a new life takes the place of what it said in an older one.
    fn copy(&self) -> (KeyId, Author) {
        (self.key, self.author)
    }
}

/// What to do with an incoming value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It takes the place of what is there.
    Take,
    /// The same value in a newer copy: keep that; nothing changed for the owner.
    Reseal,
    /// What is there stays.
    Keep,
    /// Its entity was deleted after it was created: it is void.
    Dead,
}

/// Decides about an incoming value of a field.
///
/// `grave` is the clock of the entity's deletion, if it was deleted.
pub fn field(existing: Option<Existing>, grave: Option<Hlc>, incoming: Existing) -> Verdict {
    if grave.is_some_and(|deleted| incoming.stamp.born <= deleted) {
        return Verdict::Dead;
    }
    let Some(existing) = existing else { return Verdict::Take };
    match incoming.stamp.cmp(&existing.stamp) {
        core::cmp::Ordering::Greater => Verdict::Take,
        core::cmp::Ordering::Less => Verdict::Keep,
        core::cmp::Ordering::Equal if incoming.copy() > existing.copy() => Verdict::Reseal,
        core::cmp::Ordering::Equal => Verdict::Keep,
    }
}

/// Decides about an incoming deletion, given the latest one that is known. Of two, the one with the later clock counts:
/// it ends all that the other does. When it is taken, the caller drops every field that is [`Verdict::Dead`] under it.
pub fn deletion(known: Option<Existing>, incoming: Existing) -> Verdict {
    let order = |existing: &Existing| (existing.stamp.clock, existing.stamp.origin, existing.stamp.hash);
    let Some(known) = known else { return Verdict::Take };
    match order(&incoming).cmp(&order(&known)) {
        core::cmp::Ordering::Greater => Verdict::Take,
        core::cmp::Ordering::Less => Verdict::Keep,
        core::cmp::Ordering::Equal if incoming.copy() > known.copy() => Verdict::Reseal,
        core::cmp::Ordering::Equal => Verdict::Keep,
    }
}

/// Whether an entry is a deletion.
pub fn is_deletion(entry: &Entry) -> bool {
    entry.value == Value::Gone
}

#[cfg(test)]
mod tests;
