//! How much of everything at the server, and what happens then.

use lamplit_types::limits::{CONTACTS, DAY_MS, FRAME_BYTES, PRESENCE_TTL_MS};

/// How long an envelope is kept for its addressee, at most. Then it is dropped.
pub const KEPT_MS: u64 = 30 * DAY_MS;
/// Bytes of envelopes that wait for one device. A further one is answered with `Full`.
pub const MAILBOX_BYTES: i64 = 64 * 1024 * 1024;
/// Bytes of them that are from one account: an eighth, so that nobody alone keeps others out. A further one is answered with `Full`.
pub const SENDER_BYTES: i64 = MAILBOX_BYTES / 8;
/// What a row costs beside its envelope, in bytes: so that many small ones fill a mailbox too.
pub const ROW_BYTES: i64 = 128;
/// One-time keys of one device. Further ones are dropped.
pub const STOCK: usize = 100;
/// One-time keys below which their device is told that they run low.
pub const STOCK_LOW: usize = 20;
/// Bytes of one part of a feed. A single envelope may be larger.
pub const FEED_BYTES: usize = 24 * 1024;
/// Bytes of all that is in one part of a feed: with what stands around it a frame is not too large.
pub const FEED_FRAME_BYTES: usize = FRAME_BYTES - 64;
/// Word of records that a device needs not be sent, after which it is told its place all the same: what is behind it can go.
pub const FEED_PASSED: usize = 256;
/// Parts of a feed that are under way to a device. The next waits until one was committed there.
pub const FEED_PARTS: usize = 4;
/// How often a batch is tried anew because others change the same rows. Then the request fails, and may be made again.
pub const TRIES: usize = 16;
/// Rows that are looked at in one go when what has expired is dropped.
pub const TIDY_ROWS: usize = 256;

/// Sets of one account. A piece of a further one is answered with `Full`; members of a further one end the connection.
pub const SETS: usize = 64;
/// Bytes of pieces of one account. A further one is answered with `Full`.
pub const RECORDS_BYTES: i64 = 64 * 1024 * 1024;
/// Accounts that may have one set. More end the connection.
pub const MEMBERS: usize = 16_384;
const _: () = assert!(MEMBERS >= CONTACTS, "all contacts may have a set");
/// Members that are told at once. The others come after them.
pub const TOLD_AT_ONCE: usize = 256;
/// Rows of what members are owed that are gone through in one go: more than come of what is taken in one go, and twice as many as are
/// left of any number of them, which is two for each set.
pub const OWED_ROWS: usize = 4 * SETS;
const _: () = assert!(OWED_ROWS > UPS, "what is taken in one go is gone through in one go");
/// Accounts in such a row that waits. With more of them it is all members of the set that are told, so that the row is small.
pub const OWED_ACCOUNTS: usize = 256;
/// Word of records that waits for the devices of one account. Beyond it the oldest is dropped, and devices that lack it ask for each set.
pub const UPDATES: i64 = 16_384;
/// Pieces that are handed out for one question. The rest is asked for again.
pub const WANT_PIECES: usize = 16;
/// Bytes of them.
pub const WANT_BYTES: usize = 256 * 1024;
/// Bytes of pieces that are handed out for all questions that are taken in one go: they are in memory until the device has them.
pub const HANDED_BYTES: usize = 1024 * 1024;

/// How long what a device shows is kept after it was said, as long as others believe it.
pub const LAMP_MS: u64 = PRESENCE_TTL_MS;
/// Audiences to which one device may show something at once. A further one ends the connection.
pub const AUDIENCES_SHOWN: usize = 16;
/// Packets to one connection of which it is known when what they tell was shown. Who lacks an older one is told all again.
pub const LATELY: usize = 256;
/// What is shown that one device is told of at once. Of more it is told the latest, and of the rest when that is said again.
pub const LAMPS_AT_ONCE: usize = 4_096;

/// How long a code that was sent to a number is good.
pub const CODE_MS: u64 = 10 * 60_000;
/// How often a wrong code may be shown. Then a new one is needed.
pub const CODE_TRIES: u8 = 5;
/// Codes of one number that are good at once, each for another device. Beyond it the oldest is good no more.
pub const CODES_OPEN: usize = 3;
/// How long a number waits for its next code, after the first, the second, and so on. The last one is for all that follow.
pub const CODE_WAITS_MS: [u64; 5] = [60_000, 2 * 60_000, 10 * 60_000, 60 * 60_000, 12 * 60 * 60_000];
/// How long after the last code those of a number are counted. A right code clears the count too.
pub const CODE_COUNT_MS: u64 = DAY_MS;
/// How long an account keeps a number of which another one has shown that it has it.
pub const NUMBER_HELD_MS: u64 = 7 * DAY_MS;

/// Frames of one device that are taken in one go. The rest waits in its connection.
pub const UPS: usize = 64;
/// How often a device is told at most that its one-time keys run low.
pub const STOCK_TOLD_MS: u64 = 60_000;

/// What is counted of devices, accounts and networks that used up a part of what follows. Beyond it that of which the least is used up is forgotten.
pub const RATES: usize = 65_536;
/// Envelopes that one device may post at once, and one by one afterwards each so many milliseconds, on whatever connections. Beyond it
/// the device is told to wait.
pub const POSTS: (u32, u64) = (2_000, 20);
/// The same for pieces of logs. Beyond it the device is told to wait.
pub const APPENDS: (u32, u64) = (2_000, 20);
/// The same for sets that are asked for: one of each contact at first. Beyond it the connection ends.
pub const WANTED_SETS: (u32, u64) = (20_000, 50);
/// The same for sets that are to be brought anew. Beyond it the connection ends.
pub const ANEWS: (u32, u64) = (128, 10_000);
/// The same for parts of lists of members. Beyond it the connection ends.
pub const MEMBERS_PARTS: (u32, u64) = (1_000, 1_000);
/// Words to members by which one account tells of what is new in its sets, one for each member: at once four times all members of the
/// largest set, and then each so many milliseconds one, which is three times a minute all of 10,000 contacts. Beyond it what is
/// to be told waits, and is put together: a member is told that a set has to be asked for.
pub const WORDS: (u32, u64) = (65_536, 2);
const _: () = assert!(WORDS.0 as usize >= 4 * MEMBERS, "all members of any set can be told at once");
/// How often one account tells all members of a set something, in the same way: so it takes most of a day to fill somebody's queue, of
/// which that goes each hour what their devices have.
pub const ROUNDS: (u32, u64) = (1_000, 5_000);
/// How often one device may show what its user is on, in the same way. Beyond it the connection ends.
pub const LIGHTS: (u32, u64) = (32, 500);
/// Packets by which others are told of what one account's devices show, in the same way: each 20 s all of 16,384. Beyond it they are told with
/// the next.
pub const LAMPS_TOLD: (u32, u64) = (65_536, 1);
/// How often one device may ask what it lacks of what is shown, in the same way. Beyond it the connection ends.
pub const WANTED_LAMPS: (u32, u64) = (60, 1_000);
/// The same for keys to start sessions with, which use up what others made.
pub const KEYS: (u32, u64) = (200, 5_000);
/// The same for codes to numbers. Beyond it the device is told how long to wait.
pub const CODES: (u32, u64) = (5, 10 * 60_000);
/// The same for all devices of one network: an IPv4 address or an IPv6 /64.
pub const CODES_OF_NETWORK: (u32, u64) = (20, 3 * 60_000);
/// The same for all devices there are: each code costs money. An operator may say something else.
pub const CODES_OF_ALL: (u32, u64) = (500, 6_000);
/// The same for codes that are shown, right or wrong. Beyond it the connection ends.
pub const SHOWN_CODES: (u32, u64) = (20, 60_000);
/// The same for device lists, which cost signatures. Beyond it the connection ends.
pub const LISTS: (u32, u64) = (10, 60_000);
/// The same for kits. Beyond it the connection ends.
pub const KITS: (u32, u64) = (200, 1_000);
/// The same for stocks of keys. Beyond it the connection ends.
pub const STOCKS: (u32, u64) = (10, 10_000);
/// The same for the lists of others. Beyond it the connection of who asks for one ends, and who goes by an older one is not told.
pub const WANTED: (u32, u64) = (500, 1_000);
