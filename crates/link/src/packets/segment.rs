//! The blocks a segment is made of.

use lamplit_types::Class;

use super::{received::Ack, varint};
use crate::LinkError;

const ACK: u8 = 0x00;
const CREDIT: u8 = 0x10;
const DATA: u8 = 0x20;
const REST: u8 = 0x30;

/// One block of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Block<'a> {
    /// What came.
    Ack(Ack),
    /// How many bytes of a class the peer may send in all.
    Credit { class: Class, total: u64 },
    /// Bytes of a class's stream.
    Data { class: Class, offset: u64, bytes: &'a [u8] },
}

/// Takes a segment's plaintext apart.
pub(crate) fn parse(mut plain: &[u8]) -> Result<Vec<Block<'_>>, LinkError> {
    let mut blocks = Vec::new();
    while let Some((&kind, rest)) = plain.split_first() {
        plain = rest;
        blocks.push(block(kind, &mut plain).ok_or(LinkError::Malformed("a block that cannot be read"))?);
    }
    Ok(blocks)
}

fn block<'a>(kind: u8, plain: &mut &'a [u8]) -> Option<Block<'a>> {
    if kind == ACK {
        return Some(Block::Ack(Ack { largest: varint::take(plain)?, missing: varint::take(plain)? }));
    }
    let class = match kind & 0x0f {
        0 => Class::Control,
        1 => Class::Message,
        2 => Class::Bulk,
        _ => return None,
    };
    let number = varint::take(plain)?;
    let len = match kind & 0xf0 {
        CREDIT => return Some(Block::Credit { class, total: number }),
        DATA => usize::try_from(varint::take(plain)?).ok()?,
        REST => plain.len(),
        _ => return None,
    };
    let (bytes, rest) = plain.split_at_checked(len)?;
    *plain = rest;
    Some(Block::Data { class, offset: number, bytes })
}

fn code(kind: u8, class: Class) -> u8 {
    kind | match class {
        Class::Control => 0,
        Class::Message => 1,
        Class::Bulk => 2,
    }
}

/// Fills a segment.
pub(crate) struct Writer {
    plain: Vec<u8>,
    room: usize,
}

impl Writer {
    /// For a segment of at most `room` bytes.
    pub(crate) fn new(room: usize) -> Self {
        Self { plain: Vec::with_capacity(room), room }
    }

    /// Adds an acknowledgement, if it fits.
    pub(crate) fn ack(&mut self, ack: Ack) -> bool {
        let len = 1 + varint::len(ack.largest) + varint::len(ack.missing);
        if len > self.left() {
            return false;
        }
        self.plain.push(ACK);
        varint::put(&mut self.plain, ack.largest);
        varint::put(&mut self.plain, ack.missing);
        true
    }

    /// Adds a grant of credit, if it fits.
    pub(crate) fn credit(&mut self, class: Class, total: u64) -> bool {
        if 1 + varint::len(total) > self.left() {
            return false;
        }
        self.plain.push(code(CREDIT, class));
        varint::put(&mut self.plain, total);
        true
    }

    /// Bytes of a stream that fit, if they begin at `offset`.
    pub(crate) fn data_room(&self, offset: u64) -> usize {
        self.left().saturating_sub(1 + varint::len(offset))
    }

    /// Adds bytes of a stream, no more than [`Self::data_room`]. Where their length would not fit beside them they
    /// are the last of the segment.
    pub(crate) fn data(&mut self, class: Class, offset: u64, bytes: &[u8]) {
        let len = bytes.len() as u64;
        let has_len = bytes.len() + varint::len(len) <= self.data_room(offset);
        self.plain.push(code(if has_len { DATA } else { REST }, class));
        varint::put(&mut self.plain, offset);
        if has_len {
            varint::put(&mut self.plain, len);
        } else {
            self.room = 0;
        }
        self.plain.extend_from_slice(bytes);
    }

    pub(crate) fn finish(self) -> Vec<u8> {
        self.plain
    }

    fn left(&self) -> usize {
        self.room.saturating_sub(self.plain.len())
    }
}

#[cfg(test)]
mod tests;
