use core::fmt;

use lamplit_types::{Class, DeviceId};

use crate::{framing::Unit, limits};

/// Which side began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The one who dialled.
    Initiator,
    /// The one who accepted.
    Responder,
}

/// What happened on a link.
#[derive(Clone, PartialEq, Eq)]
pub enum LinkEvent {
    /// The handshake is over; frames may be sent. Comes once, before all others.
    Established {
        /// The contact's device, or nothing if it is a stranger.
        peer: Option<DeviceId>,
        /// The final `h` of the handshake (Noise revision 34, 11.2): the same on both sides, different on every link.
        /// A device that signs it proves that it is at the other end of this very link.
        handshake_hash: [u8; 32],
        /// This side's role.
        role: Role,
    },
    /// A frame came, whole and in order within its class.
    Frame {
        /// What it is about.
        class: Class,
        /// 1 to [`lamplit_types::limits::FRAME_BYTES`] bytes.
        bytes: Vec<u8>,
    },
    /// A packet came. Earlier ones may have been dropped for it.
    Packet(Vec<u8>),
}

impl LinkEvent {
    pub(crate) fn from_unit(class: Class, unit: Unit) -> Self {
        if unit.is_packet { Self::Packet(unit.bytes) } else { Self::Frame { class, bytes: unit.bytes } }
    }
}

/// Shows lengths, never what is in a frame or who is there.
impl fmt::Debug for LinkEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Established { role, .. } => write!(f, "Established({role:?})"),
            Self::Frame { class, bytes } => write!(f, "Frame({class:?}, {} bytes)", bytes.len()),
            Self::Packet(bytes) => write!(f, "Packet({} bytes)", bytes.len()),
        }
    }
}

/// Why a link can't be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// The packets are too small.
    #[error("the pipe's packets have {mtu} bytes, a link needs {least}: use another pipe", least = lamplit_types::limits::MIN_MTU)]
    Mtu {
        /// The pipe's MTU.
        mtu: usize,
    },
    /// The keys can't begin a handshake.
    #[error("the handshake refused its keys: fetch the contact's device list again")]
    Keys,
}

/// Why a frame or packet was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// The handshake is not over.
    #[error("the link is not established yet: wait for the event")]
    NotEstablished,
    /// The link is dead.
    #[error("the link is closed: dial again")]
    Closed,
    /// Too much waits already.
    #[error("the link's queue is full: send again when `queued` has fallen")]
    Full,
    /// Too long.
    #[error("{found} bytes are more than the {limit} allowed: split them")]
    TooLarge {
        /// Bytes given.
        found: usize,
        /// Bytes allowed.
        limit: usize,
    },
    /// Nothing in it.
    #[error("there is nothing to send in zero bytes")]
    Empty,
}

/// Why a link is dead. For the local log only: the peer is told nothing, the pipe is closed without a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// The link died before, or never lived.
    #[error("the link is closed: dial again")]
    Closed,
    /// No contact fits the pair tag and the message.
    #[error("a caller no contact's keys fit was ignored")]
    Unknown,
    /// A first message that was seen before.
    #[error("a replayed first message was ignored")]
    Replayed,
    /// A stranger called while none is expected.
    #[error("a stranger called and was ignored: begin pairing first")]
    StrangersRefused,
    /// The handshake's messages don't fit.
    #[error("the handshake failed: other keys, another pipe's binding, or a damaged message")]
    Handshake,
    /// The handshake took too long.
    #[error("no handshake within {} ms: try again or another path", limits::HANDSHAKE_MS)]
    HandshakeTimeout,
    /// Nothing was acknowledged for too long.
    #[error("the peer did not answer {} times: try another path", limits::TIMEOUTS)]
    Silent,
    /// A peer that is known sent what makes no sense.
    #[error("the peer broke the protocol with {0}")]
    Malformed(&'static str),
    /// A frame's length is not allowed.
    #[error("the peer announced a frame of {found} bytes; 1 to {limit} are allowed", limit = lamplit_types::limits::FRAME_BYTES)]
    FrameLength {
        /// Bytes announced.
        found: usize,
    },
    /// More bytes than were granted.
    #[error("the peer sent more {class:?} bytes than it had credit for")]
    CreditIgnored {
        /// The class.
        class: Class,
    },
    /// Too many segments did not open.
    #[error("more than {} forged segments came", limits::FORGERIES)]
    Forged,
    /// A stream where there is none.
    #[error("bytes came on a stream of a pipe that has no streams: the transport is at fault")]
    WrongChannel,
    /// Too much was received and not polled, or came before the handshake was over.
    #[error("more than {limit} bytes wait to be polled: poll events after each receive")]
    Unpolled {
        /// Bytes allowed.
        limit: usize,
    },
}
