//! Lists and bytes that cannot grow past the limit in their type.
//!
//! A length read from the wire is only a claim: one above the limit is refused before anything is read, and memory
//! grows with the items that really arrive, never by the length announced.

use core::fmt;
use core::marker::PhantomData;
use core::ops::Deref;

use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// At most `LIMIT` items. A longer one is refused, when it is made and when it is read.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct List<T, const LIMIT: usize>(Vec<T>);

/// At most `LIMIT` bytes. More are refused, when they are made and when they are read.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Bytes<const LIMIT: usize>(Vec<u8>);

/// More was given than a limit allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("at most {limit} are allowed here, there were {found}")]
pub struct TooMany {
    /// The limit.
    pub limit: usize,
    /// How many there were.
    pub found: usize,
}

impl<T, const LIMIT: usize> List<T, LIMIT> {
    /// The most items it holds.
    pub const LIMIT: usize = LIMIT;

    /// An empty list.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// A list of one.
    pub fn one(item: T) -> Self {
        const { assert!(LIMIT > 0, "such a list has room for nothing") };
        Self(vec![item])
    }

    /// What `make` makes of the items, without those it makes nothing of: never more than there were.
    pub fn try_filter_map<U, E>(&self, make: impl FnMut(&T) -> Result<Option<U>, E>) -> Result<List<U, LIMIT>, E> {
        let made: Result<Vec<U>, E> = self.0.iter().map(make).filter_map(Result::transpose).collect();
        made.map(List)
    }

    /// Adds an item at the end, or refuses it if the list is full.
    pub fn push(&mut self, item: T) -> Result<(), TooMany> {
        check::<LIMIT>(self.0.len().saturating_add(1))?;
        self.0.push(item);
        Ok(())
    }

    /// The items.
    pub fn into_vec(self) -> Vec<T> {
        self.0
    }
}

impl<const LIMIT: usize> Bytes<LIMIT> {
    /// The most bytes it holds.
    pub const LIMIT: usize = LIMIT;

    /// The bytes.
    pub fn into_vec(self) -> Vec<u8> {
        self.0
    }
}

fn check<const LIMIT: usize>(found: usize) -> Result<(), TooMany> {
    if found > LIMIT { Err(TooMany { limit: LIMIT, found }) } else { Ok(()) }
}

impl<T, const LIMIT: usize> Default for List<T, LIMIT> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: fmt::Debug, const LIMIT: usize> fmt::Debug for List<T, LIMIT> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Bytes are mostly secret or sealed, so only their number is shown.
impl<const LIMIT: usize> fmt::Debug for Bytes<LIMIT> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Bytes({} of at most {LIMIT})", self.0.len())
    }
}

impl<T, const LIMIT: usize> Deref for List<T, LIMIT> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<const LIMIT: usize> Deref for Bytes<LIMIT> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl<T, const LIMIT: usize> TryFrom<Vec<T>> for List<T, LIMIT> {
    type Error = TooMany;

    fn try_from(items: Vec<T>) -> Result<Self, TooMany> {
        check::<LIMIT>(items.len()).map(|()| Self(items))
    }
}

impl<const LIMIT: usize> TryFrom<Vec<u8>> for Bytes<LIMIT> {
    type Error = TooMany;

    fn try_from(bytes: Vec<u8>) -> Result<Self, TooMany> {
        check::<LIMIT>(bytes.len()).map(|()| Self(bytes))
    }
}

impl<T, const LIMIT: usize> IntoIterator for List<T, LIMIT> {
    type Item = T;
    type IntoIter = std::vec::IntoIter<T>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a, T, const LIMIT: usize> IntoIterator for &'a List<T, LIMIT> {
    type Item = &'a T;
    type IntoIter = core::slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl<const LIMIT: usize> Serialize for Bytes<LIMIT> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

impl<'de, T: Deserialize<'de>, const LIMIT: usize> Deserialize<'de> for List<T, LIMIT> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(ListVisitor(PhantomData))
    }
}

impl<'de, const LIMIT: usize> Deserialize<'de> for Bytes<LIMIT> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_bytes(BytesVisitor)
    }
}

struct ListVisitor<T, const LIMIT: usize>(PhantomData<T>);

impl<'de, T: Deserialize<'de>, const LIMIT: usize> Visitor<'de> for ListVisitor<T, LIMIT> {
    type Value = List<T, LIMIT>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at most {LIMIT} items")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        if let Some(announced) = items.size_hint().filter(|&announced| announced > LIMIT) {
            return Err(A::Error::invalid_length(announced, &self));
        }
        let mut list = List::new();
        while let Some(item) = items.next_element()? {
            list.push(item).map_err(A::Error::custom)?;
        }
        Ok(list)
    }
}

struct BytesVisitor<const LIMIT: usize>;

impl<const LIMIT: usize> Visitor<'_> for BytesVisitor<LIMIT> {
    type Value = Bytes<LIMIT>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at most {LIMIT} bytes")
    }

    fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Self::Value, E> {
        // Checked before it is copied.
        check::<LIMIT>(bytes.len()).map_err(E::custom)?;
        Ok(Bytes(bytes.to_vec()))
    }
}

#[cfg(test)]
mod tests;
