//! Every limit of this transport, and what happens there.

use core::time::Duration;

/// A connection on which nothing arrives for so long has ended. Both sides find out for themselves.
pub const IDLE_TIMEOUT: Duration = Duration::from_secs(10);
/// How often an idle connection shows that it lives: often enough that two losses in a row end nothing.
pub const KEEP_ALIVE: Duration = Duration::from_secs(3);
/// How long a dial or an accepted handshake may take, streams included. After it the connection is dropped.
pub const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a shutdown waits for the other sides to hear of it.
pub const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(1);
/// The round trip assumed before one was measured; a lost first packet is sent again after about three of it.
pub const FIRST_RTT: Duration = Duration::from_millis(50);

/// Connections that others have dialled. A further one is refused.
pub const INCOMING: usize = 128;
/// Of these, as many from one IP address. A further one is refused. Several devices may share one by NAT.
pub const INCOMING_PER_SOURCE: usize = 16;
/// Handshakes under way from which on a caller must first show that its address is its own (a QUIC Retry,
/// RFC 9000 8.1.2), so that forged ones use up nobody's share. Less than [`INCOMING_PER_SOURCE`].
pub const UNVALIDATED: usize = 8;
/// Callers that wait to be looked at. A further one is refused.
pub const WAITING: usize = 64;
/// Bytes of early packets kept for each of them, and for all together eight times that. More is dropped and sent
/// again.
pub const WAITING_BYTES: u64 = 16 * 1024;

/// Bytes of one stream that wait to be read. The other side sends no more until some are.
pub const STREAM_WINDOW: u32 = 512 * 1024;
/// Bytes of all streams that wait to be read, and those not yet acknowledged: room for each class to be full without
/// holding up another.
pub const CONNECTION_WINDOW: u32 = 3 * STREAM_WINDOW;
/// Bytes of datagrams that wait to be sent or read. When more come, the oldest are lost.
pub const DATAGRAM_QUEUE: usize = 64 * 1024;
/// The largest packet beside the streams, in bytes: it fits the smallest QUIC packet of any network (1,200 bytes).
pub const PACKET_BYTES: usize = 1100;
/// QUIC packets' worth of a stream handed on at once, so up to about 45 kB.
pub const READ_CHUNKS: usize = 32;

/// Addresses taken from one sighting. Further ones are ignored.
pub const SIGHTED_ADDRESSES: usize = 4;
/// Beacons whose addresses are remembered so that nothing is told twice. When more are there all are forgotten, and
/// sightings may come again.
pub const SIGHTED_BEACONS: usize = 256;
/// Beacons of our own that are remembered, so that we never see ourselves. An older one's echo is long over.
pub const OWN_BEACONS: usize = 4;
/// DNS records that others may put into our cache, of all kinds. When there are more the cache is thrown away.
pub const CACHED_RECORDS: i64 = 8192;
/// How often the cache is counted.
pub const CACHE_CHECK: Duration = Duration::from_secs(30);
/// How long discovery rests after it failed or was flooded.
pub const DISCOVERY_REST: Duration = Duration::from_secs(2);
/// Addresses of this device in an invitation. Further ones are left out.
pub const OWN_ADDRESSES: usize = 16;
