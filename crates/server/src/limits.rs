//! How much of everything the server takes, and what happens then.

use core::ops::RangeInclusive;
use core::time::Duration;

/// Connections in all. A further one is refused.
pub const CONNECTIONS: usize = 16_384;
/// Connections from one source, an IPv4 address or the /64 network of an IPv6 one. A further one is refused. Many people may share
/// an address by their provider's NAT.
pub const CONNECTIONS_A_SOURCE: usize = 1_024;
/// Handshakes under way in all. A further caller is refused.
pub const HANDSHAKES: usize = 1_024;
/// Handshakes under way from one source. A further one is refused.
pub const HANDSHAKES_A_SOURCE: usize = 32;
/// Handshakes under way from which on a caller must first show that its address is its own (a QUIC Retry, RFC 9000 8.1.2), so that
/// forged ones use up nobody's share.
pub const UNVALIDATED: usize = 16;
/// Callers that wait to be looked at. A further one is refused.
pub const WAITING: usize = 1_024;
/// Bytes of early packets kept for each of them. More is dropped and sent again.
pub const WAITING_BYTES: u64 = 16 * 1024;
/// The same for all of them.
pub const WAITING_BYTES_IN_ALL: u64 = 4 * 1024 * 1024;
/// How long a handshake may take. Then the connection is dropped.
pub const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a device may take to be welcomed, from the end of the handshake. Then the connection ends.
pub const WELCOME_TIMEOUT: Duration = Duration::from_secs(30);
/// A connection on which nothing arrives for so long has ended. Devices show that they live every 20 s.
pub const IDLE_TIMEOUT: Duration = Duration::from_secs(60);
/// How long a device may take to take in what one turn says to it. Then the connection ends: it comes again for the rest.
pub const SLOWEST: Duration = Duration::from_secs(30);
/// How long the last words of a connection may take to arrive.
pub const LAST_WORDS: Duration = Duration::from_secs(2);

/// Streams of a connection: the one that the device opens.
pub const STREAMS: u32 = 1;
/// Bytes of it that wait to be read. The device sends no more until some are.
pub const RECEIVE_WINDOW: u32 = 128 * 1024;
/// Bytes to a device that it has not acknowledged. More wait in the turn that says them.
pub const SEND_WINDOW: u32 = 256 * 1024;
/// Bytes of datagrams that wait. When more come, the oldest are lost.
pub const DATAGRAMS: usize = 16 * 1024;
/// How long after packets were sent it is looked whether some were lost: longer than most round trips, and then again after that, for the others and for a
/// network that was away for a moment.
pub const LOOKS: [Duration; 3] = [Duration::from_secs(1), Duration::from_secs(4), Duration::from_secs(15)];
/// Bytes read in one go.
pub const PIECE: usize = 64 * 1024;

/// Batches that wait to be committed. Whoever brings a further one waits.
pub const QUEUE: usize = 4_096;
/// Batches that are committed as one group. The rest waits for the next.
pub const GROUP: usize = 512;
/// How long nothing has to be committed before rows are spread.
pub const QUIET: Duration = Duration::from_millis(200);
/// How long after a failure nothing is spread.
pub const SPREAD_REST: Duration = Duration::from_secs(10);
/// How often all accounts are gone through for what nobody came for.
pub const TIDY: Duration = Duration::from_secs(60 * 60);

/// How long a server that stops waits for its connections to say goodbye. Then they are cut.
pub const STOPPING: Duration = Duration::from_secs(5);
/// Addresses that are told. Further ones are left out.
pub const ADDRESSES: usize = 16;

/// Commands that are answered at once. A further one is turned away.
pub const ADMINS: usize = 4;
/// Bytes of a question or an answer: a path may take 4,096, each written as six. A longer one is refused.
pub const ADMIN_LINE: u64 = 32 * 1024;
/// How long a command may take to ask, and to take its answer. Then its connection ends.
pub const ADMIN_PATIENCE: Duration = Duration::from_secs(10);
/// How long after a failure no command is taken.
pub const ADMIN_REST: Duration = Duration::from_millis(200);
/// Who asks for the status at once. Further ones wait.
pub const STATUS_GUESTS: usize = 16;
/// Bytes of what they ask. More is refused.
pub const STATUS_BYTES: usize = 16 * 1024;
/// How long they may take to ask and to take the answer. Then their connection ends.
pub const STATUS_PATIENCE: Duration = Duration::from_secs(10);
/// How long after a failed commit the server is said not to be ready, unless a later one succeeds.
pub const FAILING: Duration = Duration::from_secs(30);

/// Accounts that are counted in one go.
pub const ACCOUNTS_PAGE: usize = 256;

/// Codes to all numbers together that may be sent at once, by what an operator says. Anything else is refused.
pub const CODES_AT_ONCE: RangeInclusive<u32> = 1..=1_000_000;
/// Seconds from one to the next of those that follow. Anything else is refused: a day.
pub const CODE_SECONDS: RangeInclusive<u32> = 1..=86_400;

/// Bytes of a file of settings. A longer one is refused.
pub const SETTINGS_BYTES: u64 = 64 * 1024;
/// Names in the environment that are told because they mean nothing. Further ones are left out.
pub const NOTES: usize = 8;
