//! How much the local interface takes, and what happens when it is reached.

use std::time::Duration;

/// A request or an answer, on its line or as a WebSocket message, in bytes. A longer request is answered with
/// [`crate::ErrorCode::TooLong`] and its connection is closed, since nobody can tell where the next one begins.
pub const LINE_BYTES: usize = 1024 * 1024;
/// Connections at one time, on the socket and on the WebSocket each. A further one gets [`crate::ErrorCode::Busy`] and is closed.
pub const CONNECTIONS: usize = 64;
/// Connections to the WebSocket at one time that have not shown the token yet. A further one is closed at once: so whoever
/// floods the port keeps newcomers out, and harms neither those inside nor the local socket.
pub const STRANGERS: usize = 16;
/// How long one of them may take from connecting to having shown it. Then it is closed.
pub const GREETING_TIMEOUT: Duration = Duration::from_secs(5);
/// Requests of one connection that are being worked on: they are answered in the order they came, so that what is said
/// in order is sent in order. Further ones wait unread in the socket; who wants more at a time opens more connections.
pub const IN_FLIGHT: usize = 1;
/// Bytes of an id that is text. A request with a longer one is refused as none: it would come back in every answer, also where
/// room is short.
pub const ID_BYTES: usize = 256;
/// Calls in a batch. One with more is refused as a whole with [`crate::ErrorCode::Full`], and nothing of it is done. Whoever opens
/// a screen asks for a dozen things at once; and what comes behind a batch on its connection waits until all of it is done.
pub const BATCH: usize = 64;
/// Bytes that each call of a batch has for its answer, whatever the others take: enough for every error, and for whatever is
/// answered to a call that changes something. A longer answer takes what else is left of a line. If that is too little,
/// [`crate::ErrorCode::Full`] is in its place, and whoever asked may ask again, alone.
pub const BATCH_ANSWER_BYTES: usize = 8 * 1024;
/// Lines that wait to be written to one connection. Answers and events wait for room; events that come faster than
/// the reader reads end as `lagged`.
pub const QUEUED_LINES: usize = 64;
/// How long a reader may leave a line unread before its connection is closed.
pub const WRITE_TIMEOUT: Duration = Duration::from_secs(30);
/// Entries in one page. A request for more gets this many.
pub const PAGE: usize = 200;
/// Bytes of one page, so that its answer fits into a line. Entries beyond it are on the next page, but for the first.
pub const PAGE_BYTES: usize = LINE_BYTES / 2;
/// Bytes of the contacts and of the groups in a snapshot, each, so that all of it fits into a line. Further ones are on the next page.
pub const SNAPSHOT_BYTES: usize = LINE_BYTES / 4;
/// How often is looked whether the status is another one, for those who subscribed.
pub const STATUS_LOOK: Duration = Duration::from_millis(500);
/// Events a [`crate::Connection`] keeps that came while it waited for an answer. The oldest are dropped beyond it, and
/// reported as lagged.
pub const KEPT_EVENTS: usize = 1024;
/// Bytes of an error's message. What is longer, since it repeats what somebody sent, is cut.
pub const ERROR_BYTES: usize = 1024;

const _: () = assert!(BATCH * BATCH_ANSWER_BYTES < LINE_BYTES, "the answers to a batch fit into a line");
// JSON takes six bytes for a byte that it has to escape.
const _: () = assert!(6 * (ERROR_BYTES + ID_BYTES) + 128 < BATCH_ANSWER_BYTES, "every error fits");
