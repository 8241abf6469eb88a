//! How much a device keeps and does, and what happens when it is reached.

use lamplit_types::limits::{CONTACTS, DAY_MS, DEVICES, LINK_QUEUE_BYTES};

pub use lamplit_types::limits::PRESENCE_TTL_MS;

/// Messages that wait for one device. A further one is refused.
pub const OUTBOX: u64 = 10_000;
/// The same, as rows that are counted.
pub const OUTBOX_ROWS: usize = 10_000;
/// How long a message waits for its addressee; then it is given up, and its sender still has it.
pub const ENVELOPE_MS: u64 = 30 * DAY_MS;
/// Devices whose sessions are kept at hand. Those that were of no use for longest are read again when they are needed.
pub const SESSIONS_AT_HAND: usize = 64;
/// How long a receipt may wait for others, or for a message to go with.
pub const RECEIPT_MS: u64 = 40;
/// Invites that are open, and acceptances. A further one is refused.
pub const INVITES: usize = 64;
/// How long an invite past its date is remembered, so that a late guest hears why.
pub const INVITE_MEMORY_MS: u64 = 7 * DAY_MS;
/// How often each address of an invite is tried. Then the acceptance is given up.
pub const INVITE_ROUNDS: u32 = 4;
/// How long a link code past its date is remembered, so that the device that used it can ask again.
pub const LINK_CODE_MEMORY_MS: u64 = DAY_MS;
/// How long a device that was just linked waits for the conversations of before, since the last part came. Then what is
/// said now is taken in before them.
pub const PAST_PATIENCE_MS: u64 = 10 * 60 * 1000;
/// Heads of the account's device list that are remembered. Whoever names an older one is taken to know the devices of the
/// oldest that is.
pub const KNOWN_LISTS: usize = 64;
/// Keys of earlier generations of the account that are kept. The oldest are forgotten, and what only they open.
pub const FORMER_KEYS: usize = 8;
/// Removed devices that are remembered, to be told so when they call. Further ones meet silence.
pub const DEPARTED: usize = PEERS;
/// Parts of the past that are under way at once. The next is sent when one is committed.
pub const PAST_WINDOW: usize = 8;
/// What a message of the past adds to its row in a frame, at most.
pub const PAST_FRAME_BYTES: usize = 64;
/// The same, for one that is a file, with its likeness.
pub const PAST_FILE_BYTES: usize = lamplit_types::limits::PREVIEW_BYTES + 1024;
/// Conversations of one account. Those beyond it are not counted.
pub const CONVERSATIONS: usize = 4 * CONTACTS;
/// Messages that were shown before others that came earlier here. Beyond it the earliest of them counts as unread again.
pub const SHOWN_AHEAD: usize = 1_000;
/// A note about a contact, in bytes. A longer one is refused.
pub const NOTE_BYTES: usize = 4096;

/// A file of a contact that is fetched without asking, in bytes. A larger one waits until the user asks for it.
pub const FETCHED_UNASKED: u64 = 64 * 1024 * 1024;
/// Receipts for messages that are not here yet. Beyond them the oldest is forgotten: how far that message came is shown by
/// the device that sent it.
pub const EARLY_RECEIPTS: usize = 1_024;
/// Files that are fetched at one time. Further ones wait.
pub const FETCHES: usize = 12;
/// Of them from one account, so that one who is slow does not keep out the others.
pub const FETCHES_FROM_ONE: usize = 3;
/// Files that are served to the devices of one account at one time. Whoever asks for a further one is told so, and asks
/// again.
pub const SERVED_TO_ONE: usize = 4;
/// Files that are to be fetched. A further one waits until the user asks for it.
pub const WANTED: usize = 1_000;
/// Of them, as many of one contact as are fetched without asking. A further one waits until the user asks for it.
pub const WANTED_FROM_ONE: usize = 200;
/// How long after a failure a file is asked for again; doubled each time,
pub const FETCH_AGAIN_MS: u64 = 1_000;
/// up to this.
pub const FETCH_AGAIN_MAX_MS: u64 = 60_000;

/// Links at once. A further one is closed.
pub const LINKS: usize = 4096;
/// Two links to one device count as made at once within this. Otherwise the later one stays.
pub const AT_ONCE_MS: u64 = 3_000;
/// Bytes in a link beyond which nothing more is put into it but answers.
pub const PUMP_BYTES: usize = 256 * 1024;
/// Bytes that are put into a stream in one piece. More go in a further one.
pub const PIECE_BYTES: usize = 64 * 1024;
/// Bytes of frames that overtook the greeting of a link. More end it, and it is made anew.
pub const EARLY_BYTES: usize = 2 * LINK_QUEUE_BYTES;
/// One-time keys given to one device over one link. A device that asks for more is cut off.
pub const KEYS_A_LINK: u32 = 64;
/// Envelopes one device refuses over one link. Then the link ends and is made anew.
pub const REFUSALS_A_LINK: u32 = 64;
/// First handshake messages remembered against replay, in three epochs. At the limit no further call is answered.
pub const OPENED: usize = 65_536;
/// Of these, as many with one tag, which stands for two devices, a secret of theirs and an epoch. A further call with it is
/// not answered.
pub const OPENED_BY_ONE: usize = 256;

/// Devices whose address is known. Further sightings are passed over.
pub const REACHABLE: usize = CONTACTS;
/// Addresses of one device, or in one invite. The one that was shown longest ago is forgotten.
pub const ADDRESSES: usize = 8;
/// Devices that are looked for behind one beacon that means nothing here. Others are when it is seen again.
pub const LOOKED_FOR: usize = 64;
/// Beacons that mean nothing here and are remembered with up to [`ADDRESSES`] each, in case it is learnt whose they are. The one that was seen longest
/// ago is forgotten.
pub const STRANGE: usize = 256;
/// How long after one address the next is tried.
pub const NEXT_ADDRESS_MS: u64 = 250;
/// Dials under way at once. Further ones wait.
pub const DIALS: usize = 16;
/// An address, in bytes. A longer one is passed over.
pub const ADDRESS_BYTES: usize = 128;
/// How long the side with the greater id waits for the other to dial.
pub const YIELD_MS: u64 = 400;
/// How long after a lost link or a failed dial the next dial comes; doubled each time,
pub const REDIAL_MS: u64 = 1_000;
/// up to this.
pub const REDIAL_MAX_MS: u64 = 60_000;
/// How long after a link opened whoever is at its other end may take to show who they are and to greet. Then it ends: a stranger
/// who knows of an invite could hold it for ever otherwise.
pub const GREETING_MS: u64 = 60_000;
/// A link over which nothing went or came for so long rests, if nothing is due. Three times the time between two presences
/// and more, so one over which presence is said stays.
pub const REST_MS: u64 = 120_000;
/// How long a sighting is worth dialling.
pub const SIGHTING_MS: u64 = 30 * 60 * 1000;

/// Packets of a server that are known to have come behind one that has not. What further ones tell counts, and is asked for again.
pub const PACKETS_AHEAD: usize = 256;
/// How long a packet of a server may be late before what it told is asked for.
pub const PACKET_LATE_MS: u64 = 500;
/// People whose lists are asked for within [`LIST_PAUSE_MS`] because a device that is not known shows something. Further ones are asked for
/// when it shows it again.
pub const LISTS_ASKED: usize = 64;
/// How long nobody's list is asked for again for that.
pub const LIST_PAUSE_MS: u64 = 60_000;
/// How long nothing of that is asked for again. What is missing more often is asked for together.
pub const PACKETS_PAUSE_MS: u64 = 3_000;
/// How often a presence is said again.
pub const PRESENCE_AGAIN_MS: u64 = 20_000;
/// At most one presence in this time: changes in between go together.
pub const PRESENCE_GAP_MS: u64 = 1_000;

/// Records that wait for their time, key or meaning, of the account's own sets; and as many of all sets of others. At the
/// limit deltas with more of them are refused, and asked for again when there is room.
pub const QUARANTINE: usize = 10_000;
/// Of one set of somebody else, so that one contact leaves room to the others.
pub const QUARANTINE_OF_ONE: usize = 500;
/// All records that wait. Of a kind that only a later version knows one more delta may be there, for each set.
pub const ALL_QUARANTINE: usize = 4 * QUARANTINE;
/// Records released from quarantine in one step. The rest follow in the next.
pub const RELEASED: usize = 256;
/// Fields of one entity. No kind has more.
pub const FIELDS: usize = 256;
/// Bytes of records in one frame. More go in a further one.
pub const DELTA_BYTES: usize = 40 * 1024;
/// What a record adds to its sealed body in a frame, at most.
pub const RECORD_FRAME_BYTES: usize = 320;
/// Fields of a set that is taken anew. A larger one ends the link.
pub const WHOLE_SET: usize = 1_000_000;
/// Lives of this device that it remembers. The oldest is forgotten.
pub const PAST_LIVES: usize = 64;

/// Secrets shared with one contact. The oldest is forgotten.
pub const PAIRS: usize = 4;
/// Secrets of one contact that are read: two devices of the account may have added some apart.
pub const PAIRS_READ: usize = PAIRS * DEVICES;
/// Secrets shared with all contacts.
pub const ALL_PAIRS: usize = PAIRS * CONTACTS;
/// How many turns the beacon keys of the account's devices may be apart for them to know each other. Further apart,
/// they need an address.
pub const TURNS: u16 = 16;
/// Audiences of one account that this one belongs to. The key to a further one is not kept.
pub const AUDIENCES_OF_ONE: usize = 8;
/// Generations of an audience's key that are kept. The oldest is forgotten.
pub const GENERATIONS: usize = 8;
/// How many days before a contact was met the key begins that they are handed.
pub const GRANT_DAYS: u32 = 2;
/// For how many days back an audience's key is kept: as long as a message may be under way.
pub const KEY_DAYS: u32 = 30;
/// After how many days a record is sealed anew, before its key is let go of.
pub const RESEAL_DAYS: u32 = 20;
/// Records sealed anew in one read.
pub const RESEALED: usize = 256;
/// Groups this device keeps, those it is in no more included. Further ones are neither founded nor joined.
pub const GROUPS_EVER: usize = 1024;
/// Hashes of what was said of a group on one link. At the limit they are forgotten, and it may be said again.
pub const GROUP_ITEMS: usize = 4096;
/// Bytes of what is told of a group in one frame or message, beside what all of its parts have. More go in a further one.
pub const GROUP_PART_BYTES: usize = 24 * 1024;
/// Messages of one device that wait for what gives them a place in a group. Beyond it the oldest are let go of.
pub const EARLY: usize = 256;
/// Rows looked at in one read of a longer walk.
pub const BATCH: usize = 512;
/// Messages of one device that came before their turn.
pub const HELD: usize = 512;
/// Unread messages that are counted one by one.
pub const UNREAD: usize = 10_000;
/// Devices this one has ever exchanged messages with.
pub const PEERS: usize = CONTACTS * DEVICES;
/// How often a device forgets what nobody needs any more.
pub const CHORES_MS: u64 = 60 * 60 * 1000;
/// Accounts whose clocks are known. At the limit another one is forgotten.
pub const CLOCKS: usize = 256;
/// Somebody's clock is told of again if it stands otherwise than it did by so much.
pub const CLOCK_TOLD_MS: u64 = 60 * 1000;
/// The wall clock has leapt if it went on by so much more or less than was to be expected.
pub const LEAP_MS: u64 = 14 * DAY_MS;
/// After a leap nothing is thrown away for being old until so many chores have passed without another one: a week of
/// running. A clock that is set wrong is put right by then.
pub const STEADY_CHORES: u32 = 7 * 24;
/// How often the consequences of one input are followed up before the next one is taken.
pub const SETTLING_ROUNDS: usize = 8;

/// Envelopes posted to the server and not answered. Further ones wait in the outbox.
pub const POSTS: usize = 64;
/// How long after it was dialled too early, while this device waits for what was said before it joined, it is dialled again.
pub const PAST_PAUSE_MS: u64 = 10_000;
/// How long after it sent this device away it is dialled again, at the least.
pub const SENT_AWAY_MS: u64 = 30_000;
/// How long after the server could take no more it is tried again.
pub const POST_PAUSE_MS: u64 = 30_000;
/// The same, for somebody whom it does not know, or has no key of.
pub const NOBODY_PAUSE_MS: u64 = 10 * 60 * 1000;
/// Sets of contacts that are asked for at the server at once.
pub const SETS_ASKED: usize = 16;
/// How often a device asks on over one connection because the server says that there is more of a set. Then that connection ends.
pub const SET_ASKS: usize = 65_536;
/// How long after the server had no room for records it is tried again.
pub const FULL_PAUSE_MS: u64 = 60 * 60 * 1000;
/// How long after the logs of a set were brought anew for want of room that is done again.
pub const ANEW_PAUSE_MS: u64 = DAY_MS;
/// How long word of what came through the server waits for more to tell.
pub const LETTER_MS: u64 = 2_000;
/// The server is dialled up to so much later than a device that is near would be, by chance: not all come back at once.
pub const SERVER_JITTER_MS: u64 = 3_000;
/// Parts of the feed that are here and not taken in. A server that sends more is left.
pub const FEED_PARTS: usize = 8;
/// One-time keys that this device leaves at the server.
pub const STOCK: u16 = 50;
/// When so few are left there, it leaves more;
pub const STOCK_LOW: u16 = 20;
/// but not more often than this.
pub const STOCK_PAUSE_MS: u64 = 60_000;
