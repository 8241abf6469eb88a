//! Every limit of this transport, and what happens there.

use core::time::Duration;

use lamplit_transport::LANES;

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
pub const STREAM_WINDOW: u32 = 1024 * 1024;
/// Bytes of all streams that wait to be read, and those not yet acknowledged: room for each class to be full without
/// holding up another.
pub const CONNECTION_WINDOW: u32 = 3 * STREAM_WINDOW;
/// The same once the other side may open lanes, which are streams too.
pub const LANES_WINDOW: u32 = CONNECTION_WINDOW + 2 * LANES * STREAM_WINDOW;
/// Bytes of datagrams that wait to be sent or read. When more come, the oldest are lost.
pub const DATAGRAM_QUEUE: usize = 64 * 1024;
/// The largest packet beside the streams, in bytes: it fits the smallest QUIC packet of any network (1,200 bytes).
pub const PACKET_BYTES: usize = 1100;
/// QUIC packets' worth of a stream handed on at once, so up to about 45 kB.
pub const READ_CHUNKS: usize = 32;

/// Addresses taken from one sighting. Further ones are ignored.
pub const SIGHTED_ADDRESSES: usize = 4;
/// Beacons that are seen at one time, with the addresses that were told of. When there are more, the one that was said longest
/// ago is told to be lost, and is seen again when it is said the next time.
pub const SIGHTED_BEACONS: usize = 256;
/// Beacons of our own that are remembered, so that we never see ourselves. An older one's echo is long over.
pub const OWN_BEACONS: usize = 4;
/// How long others may remember a name that they hear nothing of. Then it is gone.
pub const TTL_SECONDS: u32 = 120;
/// How long after a name its next is shown: at most this, drawn anew each time. Longer than clocks are apart.
pub const ROTATION_PAUSE: Duration = Duration::from_secs(20);
/// How long a device that slept waits for the name of the time it woke up in. Longer than a driver takes to look at the clock.
pub const NEXT_NAME: Duration = Duration::from_secs(20);
/// Waits after the first times a name is said or a question asked: whoever missed one hears the next.
pub const BURST: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(3)];
/// How long after it a name is said again, give or take a quarter: before anybody forgets it, also over the pause between
/// two names.
pub const ANNOUNCE_AGAIN: Duration = Duration::from_secs(72);
/// How long an answer waits at most, so that not all answer at once.
pub const ANSWER_WITHIN: Duration = Duration::from_millis(120);
/// So often a name is said without hearing anybody before multicast is taken to be blocked: about four seconds at first.
pub const UNHEARD: u32 = 3;
/// At most one answer in this time on each face, whoever asks how often (RFC 6762 6).
pub const ANSWER_GAP: Duration = Duration::from_secs(1);
/// Packets of multicast DNS from one address that are looked at in a second. Further ones are dropped unread.
pub const PACKETS_A_SOURCE: u32 = 256;
/// Addresses whose packets are counted. When there are more the count begins anew.
pub const SOURCES: usize = 1024;
/// Packets of multicast DNS that wait to be read. More stay with the system, which drops what it has no room for.
pub const PACKETS: usize = 64;
/// Bytes of such a packet (RFC 6762 17). The rest of a longer one is cut off, and it is dropped.
pub const MESSAGE_BYTES: usize = 9000;
/// Services taken from one packet. Further ones are ignored.
pub const SHOWN_A_PACKET: usize = 16;
/// Questions taken from one packet. Further ones are ignored.
pub const ASKED_A_PACKET: usize = 16;
/// IP versions of interfaces on which we speak. Further ones are left out.
pub const FACES: usize = 32;
/// How long discovery rests after the system would not let it go on.
pub const DISCOVERY_REST: Duration = Duration::from_secs(2);
/// How often the network is looked at: an interface that comes, goes or changes is noticed after this.
pub const NETWORK_CHECK: Duration = Duration::from_secs(2);
/// Ports shown before that are kept for the connections they carry. At the limit those of the oldest end, and are
/// dialled anew.
pub const PORTS_BEFORE: usize = 8;
/// How long a port takes callers after its name was said last.
pub const PORT_KNOWN: Duration = Duration::from_secs(2 * TTL_SECONDS as u64);
/// Addresses of this device in an invitation. Further ones are left out.
pub const OWN_ADDRESSES: usize = 16;

/// A connection to a server on which nothing arrives for so long has ended.
pub const SERVER_IDLE_TIMEOUT: Duration = Duration::from_secs(60);
/// How often an idle connection to a server shows that it lives: before a NAT forgets it, which may be after 30 s
/// (RFC 4787 4.3 asks for two minutes; many take less), and so that two losses in a row end nothing.
pub const SERVER_KEEP_ALIVE: Duration = Duration::from_secs(20);
/// How long a dial to a server may take, with asking for its name.
pub const SERVER_DIAL_TIMEOUT: Duration = Duration::from_secs(10);
/// The round trip to a server assumed before one was measured.
pub const SERVER_FIRST_RTT: Duration = Duration::from_millis(200);
/// Addresses of a server that are tried, of those that its name has. Further ones are not.
pub const SERVER_ADDRESSES: usize = 6;
/// How long one address is tried before the next is tried too (RFC 8305 5).
pub const SERVER_NEXT_ADDRESS: Duration = Duration::from_millis(250);
