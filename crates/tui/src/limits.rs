//! How much the view keeps and takes, and what happens when it is reached.

use std::time::Duration;

/// Messages of the one conversation that is open. Beyond it those furthest from the screen go, and are fetched again.
pub(crate) const MESSAGES: usize = 500;
/// Bytes of text of those messages. Beyond it likewise.
pub(crate) const TALK_BYTES: usize = 2 * 1024 * 1024;
/// Rows of one message. What is beyond them is left out, and a row says so.
pub(crate) const MESSAGE_ROWS: usize = 500;
/// Messages fetched at a time.
pub(crate) const PAGE: usize = 100;
/// Rows from the end of what is there at which more is fetched.
pub(crate) const FETCH_AHEAD: usize = 40;
/// Messages that are being said and not answered. A further one stays in the line it was typed in.
pub(crate) const SAYING: usize = 32;
/// Files that are being read to be sent. A further one stays in the line it was typed in, and the view says so.
pub(crate) const SENDING: usize = 8;
/// Letters a filter may have. Further ones are not taken.
pub(crate) const FILTER_CHARS: usize = 64;
/// Conversations with something typed and not sent. Beyond it one of the others is forgotten.
pub(crate) const DRAFTS: usize = 64;
/// Characters shown as one: a letter with its marks, or an emoji with its parts. Further marks are left out, so that
/// nobody writes over other people's lines.
pub(crate) const CLUSTER_CHARS: usize = 16;
/// How long a word about what was done stays in sight, in milliseconds.
pub(crate) const NOTICE_MS: u64 = 8_000;
/// Calls that wait for the daemon. A further one is refused, and the view says so.
pub(crate) const CALLS: usize = 64;
/// Things that may wait to be taken in; whoever brings more waits too.
pub(crate) const INPUTS: usize = 256;
/// How long a call may take before the view says that the daemon is slow, in milliseconds.
pub(crate) const SLOW_MS: u64 = 1_500;
/// How long before something is asked for again that was refused, in milliseconds.
pub(crate) const PATIENCE_MS: u64 = 1_000;
/// How long to wait before the daemon is looked for again.
pub(crate) const AGAIN: Duration = Duration::from_millis(500);
/// How often the time is looked at.
pub(crate) const TICK: Duration = Duration::from_secs(1);
/// How often is asked which files are under way, in milliseconds, beside when something tells of it.
pub(crate) const ASK_MS: u64 = 10_000;
/// Messages of one person in a row that are this close, in milliseconds, stand under one heading.
pub(crate) const TOGETHER_MS: u64 = 5 * 60 * 1000;
/// The widest a message gets, in cells: longer rows are hard to read.
pub(crate) const MESSAGE_WIDTH: usize = 76;
/// The width up to which one pane is shown at a time.
pub(crate) const STACKED: u16 = 64;
/// The width from which what is nearby has a column of its own.
pub(crate) const WIDE: u16 = 108;
