//! Packets: what is too large for one is cut into several, each under a header of three bytes.

use std::collections::{BTreeMap, VecDeque};

use crate::{
    limits::{MTU, PARTIAL_SEGMENTS, SEGMENT_BYTES, SEGMENT_FULL, SEGMENT_LEAST},
    packets::cipher::TAG_BYTES,
};

/// Bytes before each packet's body.
pub(crate) const HEADER_BYTES: usize = 3;
/// Packets one segment or handshake message may be cut into: the index has five bits.
pub(crate) const PIECES: usize = 32;

const LAST_BIT: u8 = 0x20;
const INDEX_BITS: u8 = 0x1f;

/// What a packet is a piece of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A handshake message, in the clear.
    Handshake = 0,
    /// A sealed segment.
    Segment = 1,
}

/// One packet, taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Packet<'a> {
    pub(crate) kind: Kind,
    pub(crate) is_last: bool,
    pub(crate) index: u8,
    pub(crate) number: u16,
    pub(crate) body: &'a [u8],
}

impl<'a> Packet<'a> {
    /// Takes a packet apart, or nothing if it is none of ours.
    pub(crate) fn parse(bytes: &'a [u8]) -> Option<Self> {
        if bytes.len() > MTU {
            return None;
        }
        let (&[first, low, high], body) = bytes.split_first_chunk::<HEADER_BYTES>()?;
        let kind = match first >> 6 {
            0 => Kind::Handshake,
            1 => Kind::Segment,
            _ => return None,
        };
        let number = u16::from_le_bytes([low, high]);
        let packet = Self { kind, is_last: first & LAST_BIT != 0, index: first & INDEX_BITS, number, body };
        (!body.is_empty()).then_some(packet)
    }
}

/// How a pipe's packets are filled, and how many make a segment: more while all goes well, fewer when some are lost,
/// since a segment with one packet missing is lost whole.
pub(crate) struct Cut {
    body: usize,
    least: usize,
    most: usize,
    pieces: usize,
}

impl Cut {
    /// For packets of at most `mtu` bytes, which must leave room beside the header.
    pub(crate) fn new(mtu: usize) -> Self {
        let body = mtu.min(MTU).saturating_sub(HEADER_BYTES).max(1);
        let least = SEGMENT_LEAST.div_ceil(body).min(PIECES);
        let most = SEGMENT_FULL.div_ceil(body).min(PIECES);
        Self { body, least, most, pieces: (2 * least).min(most) }
    }

    /// Bytes of plaintext that fit the next segment.
    pub(crate) fn room(&self) -> usize {
        (self.pieces * self.body).saturating_sub(TAG_BYTES)
    }

    pub(crate) fn grow(&mut self) {
        self.pieces = (self.pieces + 1).min(self.most);
    }

    pub(crate) fn shrink(&mut self) {
        self.pieces = (self.pieces / 2).max(self.least);
    }

    /// Cuts `whole` into packets, at most [`PIECES`] of them.
    pub(crate) fn packets(&self, kind: Kind, number: u16, whole: &[u8]) -> Vec<Vec<u8>> {
        let [low, high] = number.to_le_bytes();
        let count = whole.len().div_ceil(self.body);
        let cut = |(index, body): (u8, &[u8])| {
            let last = if usize::from(index) + 1 == count { LAST_BIT } else { 0 };
            let mut packet = vec![(kind as u8) << 6 | last | index & INDEX_BITS, low, high];
            packet.extend_from_slice(body);
            packet
        };
        (0..).zip(whole.chunks(self.body)).take(PIECES).map(cut).collect()
    }
}

/// The pieces of one whole that came so far.
#[derive(Default)]
pub(crate) struct Partial {
    pieces: BTreeMap<u8, Vec<u8>>,
    last: Option<u8>,
    bytes: usize,
}

/// What a piece brought about.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Added {
    /// Some pieces are still missing.
    Incomplete,
    /// All are there.
    Whole(Vec<u8>),
    /// The pieces don't belong together.
    Broken,
}

impl Partial {
    /// Adds a piece of a whole that may have at most `limit` bytes. A piece that is there already is ignored.
    pub(crate) fn add(&mut self, packet: Packet<'_>, limit: usize) -> Added {
        if packet.is_last {
            self.last.get_or_insert(packet.index);
        }
        if !self.pieces.contains_key(&packet.index) {
            self.bytes = self.bytes.saturating_add(packet.body.len());
            self.pieces.insert(packet.index, packet.body.to_vec());
        }
        let highest = self.pieces.last_key_value().map(|(&index, _)| index);
        match self.last {
            _ if self.bytes > limit => Added::Broken,
            Some(last) if highest > Some(last) => Added::Broken,
            Some(last) if self.pieces.len() == usize::from(last) + 1 => {
                Added::Whole(core::mem::take(&mut self.pieces).into_values().flatten().collect())
            }
            _ => Added::Incomplete,
        }
    }
}

/// Segments of which some pieces came, by number. The first to be begun is the first to make room: were it the lowest
/// number, a few forged pieces with high ones would keep all others out for good.
#[derive(Default)]
pub(crate) struct Reassembly(VecDeque<(u64, Partial)>);

impl Reassembly {
    /// Adds a piece of segment `number`; returns the segment when it is whole.
    pub(crate) fn add(&mut self, number: u64, packet: Packet<'_>) -> Option<Vec<u8>> {
        let known = self.0.iter().position(|(n, _)| *n == number);
        let (_, mut partial) = known.and_then(|at| self.0.remove(at)).unwrap_or((number, Partial::default()));
        match partial.add(packet, SEGMENT_BYTES) {
            Added::Whole(segment) => return Some(segment),
            Added::Broken => return None,
            Added::Incomplete => {}
        }
        match known {
            Some(at) => self.0.insert(at, (number, partial)),
            None => self.0.push_back((number, partial)),
        }
        if self.0.len() > PARTIAL_SEGMENTS {
            self.0.pop_front();
        }
        None
    }

    /// Drops what came of the segments before `number`.
    pub(crate) fn forget_before(&mut self, number: u64) {
        self.0.retain(|(n, _)| *n >= number);
    }
}

#[cfg(test)]
mod tests;
