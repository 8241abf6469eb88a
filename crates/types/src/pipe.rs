/// What a frame is about; a lower class goes first, so that a message overtakes a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// Handshakes, acknowledgements, presence.
    Control,
    /// Envelopes.
    Message,
    /// Records and files.
    Bulk,
}

impl Class {
    /// All classes, the most urgent first.
    pub const ALL: [Self; 3] = [Self::Control, Self::Message, Self::Bulk];
}

/// Where in a pipe some bytes travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Channel {
    /// A stream of bytes, in order, complete: one for each class. Only pipes with streams have it.
    Stream(Class),
    /// One packet of at most the pipe's MTU; on pipes with streams it may be lost, on pipes of packets it is all there is.
    Packet,
}

/// What a pipe does for us; the link supplies what it does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pipe {
    /// A pipe that is encrypted, with one reliable stream for each class (QUIC).
    Streams {
        /// Bytes both ends derive from the pipe's own handshake and nobody else can (the TLS exporter, RFC 8446 7.5).
        binding: [u8; 32],
        /// Largest packet beside the streams, or 0 if it carries none.
        packet: usize,
    },
    /// A pipe that only moves packets, in the clear (BLE, serial, infrared). It may lose, double and reorder them.
    Packets {
        /// Largest packet, at least [`crate::limits::MIN_MTU`] bytes.
        mtu: usize,
    },
}

#[cfg(test)]
mod tests;
