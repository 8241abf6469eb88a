//! How much the driver holds, and what happens when it is reached.

use std::time::Duration;

/// Incidents that wait for the driver. When they are as many, whoever brings the next one waits: a link is not read, a
/// command is not taken.
pub const INBOX: usize = 256;
/// Incidents that share one commit. What comes beyond them waits for the next.
pub const BATCH: usize = 128;
/// How long changes may wait for others to be committed with, if nobody is to be told of them. A crash meanwhile loses
/// what the peers say again.
pub(crate) const SILENT: Duration = Duration::from_millis(100);
/// How often it is looked whether the machine slept or its clock was set: no deadline comes of that, since the clock that
/// they go by stands still meanwhile.
pub(crate) const CLOCK_LOOK: Duration = Duration::from_secs(15);
/// How far the time of day may drift between two looks.
pub(crate) const CLOCK_LEAP_MS: u64 = 2_000;
/// Happenings that wait for one reader. Beyond them the oldest are dropped and the reader is told how many.
pub const EVENTS: usize = 1024;
/// Bytes that wait to enter one link. Beyond them the link is closed: the other side does not take what it allowed us
/// to send, and what it has not acknowledged goes back to the outbox.
pub const LINK_BYTES: usize = 2 * lamplit_types::limits::LINK_QUEUE_BYTES;
/// Links at one time. A further one is closed as it comes.
pub const LINKS: usize = 1024;
/// Beacons that are remembered as shown nearby, to be counted. Further ones are not.
pub(crate) const SIGHTED: usize = 1024;
/// Dials at one time. A further one fails at once.
pub const DIALS: usize = 64;
/// Addresses in an invite; the likeliest are taken.
pub const INVITE_ADDRESSES: usize = 8;

/// Files that are read through at one time before they are sent. Each may be a picture of up to 64 MiB, which is held twice and more.
pub const SENT_AT_ONCE: usize = 2;
/// Files that wait for that in their order. A further one is refused, and whoever sends it is told so.
pub const SENDS_WAITING: usize = 30;
/// Threads that read a file through before it is sent.
pub(crate) const HASHERS: usize = 4;
/// Files that are served at one time. Whoever asks for a further one is told so, and asks again.
pub const SERVED: usize = 16;
/// Pieces that are read ahead of a lane, or wait to be written to the disk. The side that is faster waits.
pub const PIECES_AHEAD: usize = 4;
/// Bytes of a file that are written before they are forced to the disk, so that a message's commit never waits for much.
pub const SYNC_BYTES: usize = 32 * 1024 * 1024;
/// Bytes of the disk that no file may take: the database needs some.
pub const FREE_BYTES: u64 = 64 * 1024 * 1024;
/// Files of one name. A further one is not kept until some were moved away.
pub const SAME_NAMES: u32 = 10_000;
/// How long whoever opened a lane may take to ask. Then the lane ends.
pub(crate) const ASKED_WITHIN: Duration = Duration::from_secs(10);
/// How long a lane may take for [`SLOWEST`] bytes. Then it ends, and is opened again later.
pub(crate) const STALLED: Duration = Duration::from_secs(30);
/// Bytes that a lane must move within [`STALLED`]: about a kilobyte a second, which any network has.
pub(crate) const SLOWEST: usize = 32 * 1024;
/// How often it is looked whether files that came were deleted.
pub(crate) const TIDY: Duration = Duration::from_secs(60 * 60);
/// Files that are looked at in one piece.
pub(crate) const TIDY_PAGE: usize = 256;

/// How long a link may take to send its last words.
pub(crate) const LAST_WORDS: Duration = Duration::from_secs(2);
/// How long a link stays open after its last words entered the pipe, so that they leave it too.
pub(crate) const LINGER: Duration = Duration::from_millis(300);
/// How long nothing is tried after a commit failed: a full disk does not get emptier by trying.
pub(crate) const PAUSE: Duration = Duration::from_secs(1);
/// How long transports may take to say goodbye.
pub(crate) const GOODBYE: Duration = Duration::from_secs(2);
