//! Frames in a stream of bytes: a `u32`, little endian, then the frame. Bits 0 to 30 of the number are the frame's
//! length, 1 to [`limits::FRAME_BYTES`]; bit 31 says that it is no frame but a packet that found no other way.

use std::collections::VecDeque;

use lamplit_types::limits;

use crate::{LinkError, limits::PREFIX_BYTES};

const PACKET_BIT: u32 = 1 << 31;

/// What is between two prefixes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Unit {
    pub(crate) is_packet: bool,
    pub(crate) bytes: Vec<u8>,
}

/// The prefix of a frame or packet. Both are far shorter than 2^31 bytes: `send` and `send_packet` see to it.
pub(crate) fn prefix(is_packet: bool, len: usize) -> [u8; PREFIX_BYTES] {
    let len = u32::try_from(len).unwrap_or(u32::MAX) & !PACKET_BIT;
    (if is_packet { len | PACKET_BIT } else { len }).to_le_bytes()
}

/// Finds the frames in a stream. Holds the stream's bytes and nothing else until they are taken.
#[derive(Default)]
pub(crate) struct Deframer {
    bytes: VecDeque<u8>,
    /// Where in `bytes` the first prefix stands that was not looked at yet; may lie past their end.
    unchecked: usize,
}

impl Deframer {
    /// Adds bytes; every prefix is checked as soon as it is there.
    pub(crate) fn push(&mut self, bytes: impl IntoIterator<Item = u8>) -> Result<(), LinkError> {
        self.bytes.extend(bytes);
        while let Some((_, len)) = self.prefix_at(self.unchecked) {
            if len == 0 || len > limits::FRAME_BYTES {
                // What came before is good; the rest must not be taken for a frame.
                self.bytes.truncate(self.unchecked);
                return Err(LinkError::FrameLength { found: len });
            }
            self.unchecked = self.unchecked.saturating_add(PREFIX_BYTES).saturating_add(len);
        }
        Ok(())
    }

    /// Takes the next whole frame.
    pub(crate) fn pop(&mut self) -> Option<Unit> {
        let (is_packet, len) = self.prefix_at(0)?;
        let whole = PREFIX_BYTES.saturating_add(len);
        if self.bytes.len() < whole {
            return None;
        }
        let bytes = self.bytes.drain(..whole).skip(PREFIX_BYTES).collect();
        self.unchecked = self.unchecked.saturating_sub(whole);
        Some(Unit { is_packet, bytes })
    }

    /// Bytes held.
    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }

    fn prefix_at(&self, at: usize) -> Option<(bool, usize)> {
        let mut found = [0; PREFIX_BYTES];
        if self.bytes.len() < at.saturating_add(PREFIX_BYTES) {
            return None;
        }
        for (to, from) in found.iter_mut().zip(self.bytes.iter().skip(at)) {
            *to = *from;
        }
        let number = u32::from_le_bytes(found);
        Some((number & PACKET_BIT != 0, usize::try_from(number & !PACKET_BIT).unwrap_or(usize::MAX)))
    }
}

#[cfg(test)]
mod tests;
