//! How much is sealed, kept and allowed for, and what happens beyond it.

use lamplit_types::limits::ENVELOPE_BYTES;

/// The largest padded plaintext of an envelope, in bytes; a larger one is refused with [`TooLong`]. What is left
/// up to [`ENVELOPE_BYTES`] holds what Olm adds ([`OLM_BYTES`]), and the number is itself a size that padding makes.
pub const PADDED_BYTES: usize = ENVELOPE_BYTES - 1024;
/// The most that Olm adds to a plaintext, in bytes: 74 for a message of an open session, 107 more before the other
/// side has answered.
pub const OLM_BYTES: usize = 181;
/// The largest plaintext sealed in one piece under a symmetric or public key, in bytes; a larger one is refused
/// with [`TooLong`].
pub const PLAINTEXT_BYTES: usize = 1024 * 1024;

/// Sessions kept with one device. A further one takes the place of the one that was of use longest ago.
pub const SESSIONS: usize = 4;
/// One-time keys handed out and not yet used. A further one takes the place of the oldest; who still starts a
/// session with that gets [`crate::AcceptError::UnknownOneTimeKey`] and needs another. vodozemac alone would go to
/// 5,000, in an account of half a megabyte.
pub const ONE_TIME_KEYS: usize = 256;

/// How many messages of one sending chain may be missing before the next that opens. Beyond it a message is refused
/// with [`crate::DecryptError::Gap`] until a session is started anew. vodozemac's number.
pub const MESSAGE_GAP: u64 = 2_000;
/// Keys kept for the missing messages of one sending chain. The oldest is forgotten for a further one, and its
/// message is then refused with [`crate::DecryptError::Spent`]. vodozemac's number.
pub const SKIPPED_KEYS: usize = 40;
/// The other side's sending chains that are kept; a new one begins whenever the conversation turns. The oldest is
/// forgotten for a further one, with the keys of its missing messages, which are then refused with
/// [`crate::DecryptError::Forged`]. vodozemac's number.
pub const RECEIVING_CHAINS: usize = 5;

/// Days that an audience key is turned forward at once, at most: ten years. A request for more is refused with
/// [`crate::RatchetError::TooFar`].
pub const AUDIENCE_DAYS: u32 = 3_660;

/// There is more to seal than fits. Nothing was sealed; send it in parts or as a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{found} bytes cannot be sealed in one piece, at most {max} can: send it in parts or as a file")]
pub struct TooLong {
    /// Bytes there are.
    pub found: usize,
    /// Bytes there may be.
    pub max: usize,
}

/// Refuses more than `max` bytes.
pub(crate) fn check(found: usize, max: usize) -> Result<(), TooLong> {
    if found > max { Err(TooLong { found, max }) } else { Ok(()) }
}
