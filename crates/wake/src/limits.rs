//! How much of everything, and what happens then.

use core::time::Duration;

/// Bytes of an endpoint's URL. A longer one is refused.
pub const ENDPOINT_BYTES: usize = 1024;
/// Bytes of a token of FCM. A longer one is refused.
pub const FCM_TOKEN_BYTES: usize = 1024;
/// Bytes of a device's token of APNs, before they are written as hexadecimal digits. A longer one is refused.
pub const APNS_TOKEN_BYTES: usize = 128;
/// Bytes of an app's name at Apple. A longer one is refused.
pub const TOPIC_BYTES: usize = 155;
/// Bytes of the operator's address that push services are told. A longer one is refused.
pub const SUBJECT_BYTES: usize = 256;
/// Bytes of a file that holds a key of the operator. A longer one is refused.
pub const FILE_BYTES: u64 = 16 * 1024;

/// Bytes of what is sealed for a device, all that is not said filled up: each message has this length.
pub const SEALED_BYTES: usize = 64;

/// How long a push service keeps a wake for a device that it does not reach: one that comes later fetches what there is anyway.
pub const TTL: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// How long a token for one push service of the web is good (RFC 8292, section 2: a day at most).
pub const VAPID_GOOD: Duration = Duration::from_secs(12 * 60 * 60);
/// How long a token for APNs is used. Apple takes none that is older than 60 minutes, and no new one more often than in 20.
pub const APNS_USED: Duration = Duration::from_secs(40 * 60);
/// See [`APNS_USED`]. A token that is younger is not replaced, whatever Apple says of it.
pub const APNS_LEAST: Duration = Duration::from_secs(20 * 60);
/// How long a word to Google is good that asks for a token: an hour at most.
pub const FCM_ASKED: Duration = Duration::from_secs(10 * 60);
/// How long before a token of FCM ends a new one is asked for; half of its time if it is good for less than twice that.
pub const FCM_BEFORE: Duration = Duration::from_secs(5 * 60);
/// How long a token of FCM is used at most, whatever Google says.
pub const FCM_USED: Duration = Duration::from_secs(60 * 60);

/// How long nobody asks for a token again after Google gave none.
pub const TOKEN_PAUSE: Duration = Duration::from_secs(5);

/// How long connecting may take, TLS included. Then the wake is tried again later.
pub const CONNECT: Duration = Duration::from_secs(5);
/// How long all of it may take, connecting included. Then the wake is tried again later.
pub const ANSWER: Duration = Duration::from_secs(20);
/// How long a connection over HTTP/2 may be silent while something is asked, before it is asked whether it is there.
pub const PING: Duration = Duration::from_secs(5);
/// How long it may be silent then. It is left, and the wake tried again later over another.
pub const PONG: Duration = Duration::from_secs(10);
/// How long an answer's body may take. What came until then is read.
pub const BODY: Duration = Duration::from_secs(5);
/// Bytes that are read of an answer's body. The rest is never read.
pub const ANSWER_BYTES: usize = 16 * 1024;

/// Devices that are looked after at once: they are to be woken, or were just now. A further one is not woken.
pub const WAITING: usize = 65_536;
/// Wakes under way at once. Further ones wait.
pub const AT_ONCE: usize = 256;
/// How long after a wake was taken the same device gets no other. One that is asked for in the meantime comes then.
pub const REST: Duration = Duration::from_secs(30);
/// How often a wake is tried, in about an hour. Then it is given up, and the device left alone for [`PAUSE_MOST`].
pub const TRIES: u32 = 12;
/// The first pause before a wake is tried again. Each further one is twice as long, and each is cut by chance.
pub const PAUSE: Duration = Duration::from_secs(2);
/// The longest pause, also if a push service asks for a longer one; and how long a device is left alone whose push service refuses.
pub const PAUSE_MOST: Duration = Duration::from_secs(60 * 60);
