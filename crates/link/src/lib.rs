//! A secured byte link over any pipe: it proves who is at the other end and carries frames there, whatever the pipe
//! does. It owns no socket, clock or random source; bytes, the time and randomness go in, bytes and events come out.
//!
//! After each call: [`Link::poll_event`] until there is none, then [`Link::poll_transmit`] until there is none (reading
//! events makes room, of which the peer must hear), then wait for bytes or for [`Link::deadline`]. An error means that
//! the link is dead: close the pipe without a word.
//!
//! ```
//! # use rand_core::{CryptoRng, SeedableRng};
//! # use lamplit_link::*;
//! # use lamplit_types::*;
//! # struct Nobody;
//! # impl Directory for Nobody {
//! #     fn candidates(&self, _: PairTag) -> Vec<Candidate> { Vec::new() }
//! #     fn accepts_strangers(&self) -> bool { true }
//! #     fn first_seen(&mut self, _: PairTag, _: [u8; 32]) -> bool { true }
//! # }
//! # let (mut seeded, now, mut directory) = (chacha20::ChaCha8Rng::from_seed([1; 32]), Mono(0), Nobody);
//! # let rng: &mut dyn CryptoRng = &mut seeded;
//! let pipe = Pipe::Packets { mtu: 23 };
//! let mut alice = Link::dial(now, rng, pipe, Opening::Stranger)?;
//! let own = StaticKey::draw(rng);
//! let mut bob = Link::accept(now, rng, pipe, own);
//! for _ in 0..4 {
//!     while let Some((channel, bytes)) = alice.poll_transmit(now) {
//!         bob.receive(now, rng, &mut directory, channel, &bytes)?;
//!     }
//!     while let Some((channel, bytes)) = bob.poll_transmit(now) {
//!         alice.receive(now, rng, &mut directory, channel, &bytes)?;
//!     }
//! }
//! alice.send(now, Class::Message, b"good evening")?;
//! while let Some((channel, bytes)) = alice.poll_transmit(now) {
//!     bob.receive(now, rng, &mut directory, channel, &bytes)?;
//! }
//! assert!(matches!(bob.poll_event(), Some(LinkEvent::Established { .. })));
//! assert!(matches!(bob.poll_event(), Some(LinkEvent::Frame { bytes, .. }) if bytes == b"good evening"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Handshake
//!
//! | message | `KKpsk0`, contacts | `XX`, strangers |
//! | --- | --- | --- |
//! | 0, to the responder | `01`, pair tag (8), ephemeral (32), tag (16) | `02`, ephemeral (32) |
//! | 1, to the initiator | ephemeral (32), tag (16) | ephemeral (32), static (32 + 16), tag (16) |
//! | 2, to the responder | | static (32 + 16), tag (16) |
//!
//! The suites are `Noise_KKpsk0_25519_ChaChaPoly_BLAKE2s` and `Noise_XX_25519_ChaChaPoly_BLAKE2s`; all payloads are
//! empty. The prologue is `"lamplit link 1"`, the pipe's channel binding (32 bytes; zeros on pipes of packets), and
//! what stands before the first ephemeral. A first message that fits nobody, or was seen before, is met with silence.
//!
//! # Frames in streams
//!
//! ```text
//! 0  u32 LE   bits 0-30: length n, 1 to FRAME_BYTES; bit 31: this is a packet, not a frame
//! 4  n bytes  the frame
//! ```
//!
//! On pipes with streams these go over the stream of their class, unencrypted: the pipe's own TLS protects them, and
//! the handshake, bound to it by the channel binding, told who is there. Handshake messages go before them on the
//! Control stream in the same form. Packets go as the pipe's packets, as they are. A packet that the pipe's packets
//! can't carry, as on all pipes of packets, goes over the Control stream with bit 31 set: there it is reliable, and
//! only the latest one waits while the stream is busy.
//!
//! # Packets
//!
//! On pipes of packets the streams are the link's own. Every packet begins with three bytes:
//!
//! ```text
//! 0  u8      bits 7-6: 0 handshake message, 1 segment; others are ignored
//!            bit 5: last piece; bits 4-0: index of the piece, from 0
//! 1  u16 LE  lowest 16 bits of the segment's number; or the handshake message, 0 to 2
//! 3  1 to MTU-3 bytes of the message or segment
//! ```
//!
//! A **segment** is sealed whole, so that its tag is paid once and not in every packet: ChaCha20-Poly1305, no
//! associated data, nonce 4 zero bytes and its number as u64 LE. Numbers rise from 0, each side its own, and are never
//! used twice: what was lost goes again in a new segment. A segment fills at most as many packets as hold 512 bytes and
//! at least as many as hold 48. It starts at twice the least, takes one more for each segment that is acknowledged, and
//! half as many after a loss. With an MTU of 247 a message of 200 bytes is one packet; with 20 a full segment is 31
//! packets, a small one 3.
//!
//! Segments 0 to [`limits::EPOCH_SEGMENTS`]` - 1` use the handshake's transport key, each further lot the Noise `REKEY`
//! of the key before. The plaintext is a list of blocks, possibly empty. A varint is LEB128, 1 to 10 bytes; a class is
//! 0 Control, 1 Message, 2 Bulk:
//!
//! ```text
//! 00          varint largest, varint missing   all segments came from largest down to largest - 64,
//!                                              but those largest - 1 - i whose bit i of missing is set
//! 10 | class  varint total                     the peer may send this many bytes of the class in all
//! 20 | class  varint offset, varint n, n bytes bytes of the class's stream from offset on
//! 30 | class  varint offset, bytes             the same, to the end of the segment
//! ```
//!
//! Each class begins with [`limits::CREDIT_BYTES`] of credit. A segment with other blocks than acknowledgements is
//! acknowledged: every second at once, out of order at once, else within [`limits::ACK_DELAY_MS`]. It is taken for lost
//! when one three numbers later is acknowledged; when nothing is acknowledged in time, the two oldest go again (after
//! RFC 9002 and RFC 6298, in few words). In each segment the most urgent bytes go first, so a message overtakes a file
//! after at most the segments that are on the way.

mod event;
mod framing;
mod handshake;
mod keys;
pub mod limits;
mod machine;
mod noise;
mod packets;
mod per_class;
mod streams;

use core::fmt;

use lamplit_types::{Channel, Class, DeviceId, Mono, PairTag, Pipe};
use rand_core::CryptoRng;

pub use event::{LinkError, LinkEvent, OpenError, Role, SendError};
pub use keys::{Psk, StaticKey};
use machine::Machine;
use packets::Packets;
use streams::Streams;

/// Whom a link is opened to.
pub enum Opening {
    /// A contact's device (`KKpsk0`).
    Known {
        /// The tag by which the peer knows who is calling.
        tag: PairTag,
        /// The device called.
        peer: DeviceId,
        /// This device's static key.
        local_static: StaticKey,
        /// The called device's static public key.
        remote_static: [u8; 32],
        /// The pair secret.
        psk: Psk,
    },
    /// Somebody to pair with (`XX`); a static key is drawn and thrown away.
    Stranger,
}

/// One who may be calling.
pub struct Candidate {
    /// The device.
    pub peer: DeviceId,
    /// Its static public key.
    pub remote_static: [u8; 32],
    /// The pair secret shared with it.
    pub psk: Psk,
}

/// Whom a responder knows.
pub trait Directory {
    /// All devices that may use this tag now: none if it is unknown, several if tags collide.
    fn candidates(&self, tag: PairTag) -> Vec<Candidate>;
    /// Whether strangers may open a link now.
    fn accepts_strangers(&self) -> bool;
    /// Remembers a first message that opened, for as long as its tag is used, and tells whether it was new.
    fn first_seen(&mut self, tag: PairTag, ephemeral: [u8; 32]) -> bool;
}

/// One end of a secured link. See the crate's page for how to drive it.
pub struct Link {
    machine: Box<dyn Machine>,
    is_dead: bool,
}

impl Link {
    /// Opens a link over a pipe that was just made. Its first bytes are ready to be polled.
    pub fn dial(now: Mono, rng: &mut dyn CryptoRng, pipe: Pipe, opening: Opening) -> Result<Self, OpenError> {
        let machine: Box<dyn Machine> = match pipe {
            Pipe::Streams { binding, packet } => Box::new(Streams::dial(now, rng, binding, packet, opening)?),
            Pipe::Packets { mtu } if is_too_small(mtu) => return Err(OpenError::Mtu { mtu }),
            Pipe::Packets { mtu } => Box::new(Packets::dial(now, rng, mtu, opening)?),
        };
        Ok(Self { machine, is_dead: false })
    }

    /// Answers on a pipe that somebody else made: the kind of handshake is told by its first byte. `local_static` is
    /// this device's static key; a stranger meets one drawn for the occasion. A pipe whose packets are too small gives
    /// a link that is dead from the start.
    pub fn accept(now: Mono, rng: &mut dyn CryptoRng, pipe: Pipe, local_static: StaticKey) -> Self {
        let (machine, is_dead): (Box<dyn Machine>, bool) = match pipe {
            Pipe::Streams { binding, packet } => {
                (Box::new(Streams::accept(now, rng, binding, packet, local_static)), false)
            }
            Pipe::Packets { mtu } => (Box::new(Packets::accept(now, rng, mtu, local_static)), is_too_small(mtu)),
        };
        Self { machine, is_dead }
    }

    /// Takes bytes that came over the pipe: any piece of a stream, or one whole packet. After an error the link is
    /// dead; close the pipe and say nothing.
    pub fn receive(
        &mut self,
        now: Mono,
        rng: &mut dyn CryptoRng,
        directory: &mut dyn Directory,
        channel: Channel,
        bytes: &[u8],
    ) -> Result<(), LinkError> {
        if self.is_dead {
            return Err(LinkError::Closed);
        }
        let result = self.machine.receive(now, rng, directory, channel, bytes);
        self.is_dead = result.is_err();
        result
    }

    /// Queues a frame of 1 to [`lamplit_types::limits::FRAME_BYTES`] bytes. It arrives once, whole, in order within its
    /// class, or the link dies. Less urgent classes may fill less of the queue: see [`limits::queue_share`].
    pub fn send(&mut self, _now: Mono, class: Class, frame: &[u8]) -> Result<(), SendError> {
        self.check(frame, lamplit_types::limits::FRAME_BYTES)?;
        let after = self.machine.queued().saturating_add(limits::PREFIX_BYTES).saturating_add(frame.len());
        if after > limits::queue_share(class) {
            return Err(SendError::Full);
        }
        self.machine.send(class, frame);
        Ok(())
    }

    /// Queues a packet of 1 to [`limits::PACKET_BYTES`] bytes. It may be lost, and takes the place of one that waits.
    pub fn send_packet(&mut self, _now: Mono, bytes: &[u8]) -> Result<(), SendError> {
        self.check(bytes, limits::PACKET_BYTES)?;
        self.machine.send_packet(bytes);
        Ok(())
    }

    /// Bytes that wait: to be polled, and on pipes of packets also to be acknowledged.
    pub fn queued(&self) -> usize {
        self.machine.queued()
    }

    /// The next bytes for the pipe, the most urgent first. On pipes of packets there are only as many as should be on
    /// their way, so all can be polled; on pipes with streams a frame is handed out whole, so poll when the pipe has
    /// room.
    pub fn poll_transmit(&mut self, now: Mono) -> Option<(Channel, Vec<u8>)> {
        if self.is_dead { None } else { self.machine.poll_transmit(now) }
    }

    /// The next event. Frames received before a link died are still given out.
    pub fn poll_event(&mut self) -> Option<LinkEvent> {
        self.machine.poll_event()
    }

    /// When [`Self::on_deadline`] wants to be called; `None` if only bytes or a frame to send can bring something new.
    pub fn deadline(&self) -> Option<Mono> {
        if self.is_dead { None } else { self.machine.deadline() }
    }

    /// Does what is due: sends again, acknowledges, gives up. After an error the link is dead.
    pub fn on_deadline(&mut self, now: Mono) -> Result<(), LinkError> {
        if self.is_dead {
            return Err(LinkError::Closed);
        }
        let result = self.machine.on_deadline(now);
        self.is_dead = result.is_err();
        result
    }

    fn check(&self, bytes: &[u8], limit: usize) -> Result<(), SendError> {
        match bytes.len() {
            _ if self.is_dead => Err(SendError::Closed),
            _ if !self.machine.is_open() => Err(SendError::NotEstablished),
            0 => Err(SendError::Empty),
            found if found > limit => Err(SendError::TooLarge { found, limit }),
            _ => Ok(()),
        }
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link").field("is_dead", &self.is_dead).field("queued", &self.queued()).finish()
    }
}

fn is_too_small(mtu: usize) -> bool {
    mtu < lamplit_types::limits::MIN_MTU
}

#[cfg(test)]
mod tests;
