//! Every limit of a link, and what happens there. Those that other crates share are in [`lamplit_types::limits`].

use lamplit_types::{Class, limits};

/// How long a handshake may take, in milliseconds. After it the link dies.
pub const HANDSHAKE_MS: u64 = 15_000;
/// The first wait before an unanswered handshake message is sent again, in milliseconds; it doubles each time.
pub const HANDSHAKE_RESEND_MS: u64 = 300;
/// The longest such wait, in milliseconds.
pub const HANDSHAKE_RESEND_MAX_MS: u64 = 1_500;
/// A handshake message, in bytes; ours have at most 96. A longer one kills the link.
pub const HANDSHAKE_BYTES: usize = 128;
/// Contacts tried for one pair tag. Further ones of a collision are not tried.
pub const CANDIDATES: usize = 8;

/// The length that stands before a frame, in bytes.
pub const PREFIX_BYTES: usize = 4;
/// A packet given to `send_packet`, in bytes. A larger one is refused.
pub const PACKET_BYTES: usize = 1_200;
/// Received packets that wait to be polled. The oldest makes room for a further one.
pub const PACKETS_WAITING: usize = 32;
/// Bytes received on a pipe with streams, before the peer is known. More kill the link.
pub const EARLY_BYTES: usize = 4 * limits::FRAME_BYTES;
/// Bytes received on a pipe with streams that wait to be polled. More kill the link: its caller does not poll.
pub const UNPOLLED_BYTES: usize = 2 * limits::LINK_QUEUE_BYTES;

/// The largest packet a link makes or takes, in bytes. A pipe's larger MTU is not used, a larger packet is ignored.
pub const MTU: usize = 1_500;
/// A sealed segment that is received, in bytes. A larger one is ignored.
pub const SEGMENT_BYTES: usize = 1_536;
/// A segment grows, while nothing is lost, to the fewest packets that hold this many bytes.
pub const SEGMENT_FULL: usize = 512;
/// A segment shrinks, when some are lost, to the fewest packets that hold this many bytes.
pub const SEGMENT_LEAST: usize = 48;
/// Segments of which some packets came and some did not. The first to be begun makes room for a further one.
pub const PARTIAL_SEGMENTS: usize = 64;
/// Segments under one key, some 6 MiB at most. The next one takes the next key.
pub const EPOCH_SEGMENTS: u64 = 4_096;
/// Segments that do not open. More kill the link (compare RFC 9001, 6.6).
pub const FORGERIES: u32 = 1 << 20;
/// How far behind the latest a segment may come, in segments. A later one is ignored; what it held is sent again.
pub const REPLAY_WINDOW: u64 = 64;
/// Bytes of one class that the peer may send before some are polled: two frames. A peer that sends more is cut.
pub const CREDIT_BYTES: usize = 2 * (limits::FRAME_BYTES + PREFIX_BYTES);
/// Bytes polled before new credit is granted.
pub const CREDIT_STEP: usize = CREDIT_BYTES / 4;
/// Separate runs of bytes one class may hold behind a gap. A segment that would add one is not acknowledged.
pub const RUNS: usize = 256;

/// Segments on the way before anything is known of the pipe.
pub const WINDOW_FIRST: usize = 4;
/// Segments that may be on the way, however many are lost.
pub const WINDOW_LEAST: usize = 4;
/// Segments on the way at most. Further ones wait for acknowledgements.
pub const WINDOW_MOST: usize = 32;
/// A segment is taken for lost when one so many numbers later is acknowledged (RFC 9002, 6.1.1).
pub const REORDER: u64 = 3;
/// The longest an acknowledgement waits for company, in milliseconds.
pub const ACK_DELAY_MS: u64 = 20;
/// Segments acknowledged at once, whatever the delay.
pub const ACK_EVERY: u32 = 2;
/// The wait for an acknowledgement before a round trip was measured, in milliseconds.
pub const TIMEOUT_FIRST_MS: u64 = 500;
/// The longest wait for an acknowledgement, in milliseconds.
pub const TIMEOUT_MAX_MS: u64 = 3_000;
/// Timeouts in a row without any acknowledgement. At the next the link dies: the peer is gone.
pub const TIMEOUTS: u32 = 16;
/// Segments sent at a timeout, whatever the window says.
pub const PROBES: usize = 2;

/// Bytes that may wait to be sent when a frame of this class is added. What less urgent frames may not fill is left to
/// the more urgent, so that a message is taken though files wait; nothing passes [`limits::LINK_QUEUE_BYTES`].
pub const fn queue_share(class: Class) -> usize {
    match class {
        Class::Control => limits::LINK_QUEUE_BYTES,
        Class::Message => limits::LINK_QUEUE_BYTES / 8 * 7,
        Class::Bulk => limits::LINK_QUEUE_BYTES / 8 * 6,
    }
}
