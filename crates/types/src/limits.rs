//! Every limit that more than one crate must agree on, and what happens there.

/// A day.
pub const DAY_MS: u64 = 24 * 60 * 60 * 1000;
/// How long a beacon or a pair tag is used. After it a new one takes its place.
pub const EPOCH_MS: u64 = 15 * 60 * 1000;
/// How far a clock may be ahead. Records from further ahead wait in quarantine until their time.
pub const CLOCK_DRIFT_MS: u64 = 5 * 60 * 1000;

/// A name, in bytes of UTF-8. A longer one is refused.
pub const NAME_BYTES: usize = 64;
/// A message's text, in bytes of UTF-8. A longer one is refused: it is a file.
pub const TEXT_BYTES: usize = 16 * 1024;
/// A file's name, in bytes of UTF-8. A longer one is cut before its ending.
pub const FILE_NAME_BYTES: usize = 200;
/// A file, in bytes. A larger one is refused.
pub const FILE_BYTES: u64 = 16 * 1024 * 1024 * 1024;
/// Files from other devices that are here or on their way, together, in bytes, unless the owner says otherwise. A further one
/// waits until the user asks for it and there is room.
pub const FILES_BYTES: u64 = 64 * 1024 * 1024 * 1024;
/// As little as the owner may say. Less is refused.
pub const FILES_BYTES_LEAST: u64 = 1024 * 1024;
/// As much as the owner may say. More is refused.
pub const FILES_BYTES_MOST: u64 = 16 * 1024 * 1024 * 1024 * 1024;
/// A picture's small likeness, in bytes. A larger one is left out.
pub const PREVIEW_BYTES: usize = 12 * 1024;
/// An app id, in bytes. A longer one is refused.
pub const APP_ID_BYTES: usize = 32;
/// A telephone number with its country code, in digits (ITU-T E.164). A longer one is refused.
pub const PHONE_NUMBER_DIGITS: usize = 15;
/// The shortest telephone number with its country code, in digits. A shorter one is refused.
pub const PHONE_NUMBER_DIGITS_LEAST: usize = 7;
/// A telephone number as somebody wrote it, in bytes of UTF-8. A longer one is refused before it is read.
pub const PHONE_NUMBER_TEXT_BYTES: usize = 64;
/// A code that is sent by SMS, in digits. One of more or fewer is refused.
pub const SMS_CODE_DIGITS: usize = 6;
/// A code as somebody wrote it, in bytes of UTF-8. A longer one is refused before it is read.
pub const SMS_CODE_TEXT_BYTES: usize = 64;

/// Apps in one device's presence. A further one is refused.
pub const PRESENCE_APPS: usize = 16;
/// A sealed presence, in bytes: every one is padded to it.
pub const PRESENCE_BYTES: usize = 256;
/// How long a presence is believed without being said again.
pub const PRESENCE_TTL_MS: u64 = 70_000;
/// Presences that a server tells of in one frame. Further ones follow in the next.
pub const LAMPS: usize = 128;

/// Devices on one account. A further addition is refused.
pub const DEVICES: usize = 16;
/// Contacts of one account. A further one is refused.
pub const CONTACTS: usize = 10_000;
/// The body of a record before it is sealed, in bytes. A larger one is refused.
pub const RECORD_BYTES: usize = 8 * 1024;
/// The plaintext of an envelope with its padding, in bytes. A larger one is refused.
pub const ENVELOPE_BYTES: usize = 32 * 1024;

/// A frame, header and body, in bytes. A link that announces a larger one is closed.
pub const FRAME_BYTES: usize = 64 * 1024;
/// The smallest MTU a link fragments down to.
pub const MIN_MTU: usize = 20;
/// Bytes that wait in one link to be sent. When they are reached, `send` says so and the outbox waits.
pub const LINK_QUEUE_BYTES: usize = 1024 * 1024;

/// Keys of the other's audiences that a greeting names. More are not named, and handed over again.
pub const GRANTS: usize = 16;

/// Groups of one account. A further one is refused; one that somebody adds this account to is passed over.
pub const GROUPS: usize = 256;
/// Members of a group at once. A further one is refused: a message is sealed for each device of each.
pub const GROUP_MEMBERS: usize = 64;
/// People who are or ever were in a group. A further one is refused: a new group has to be founded.
pub const GROUP_PEOPLE: usize = 192;
/// Secrets of a group that are kept, the latest. Who missed as many removals is told by a contact only.
pub const GROUP_SECRETS: usize = 4;
/// Statements of one kind in one part of a group. More go in a further one.
pub const GROUP_PART: usize = 64;

/// Message ids in one receipt. More go in a further one.
pub const RECEIPT_IDS: usize = 64;
/// A sealed record's body, in bytes: [`RECORD_BYTES`], its key and what sealing adds.
pub const SEALED_RECORD_BYTES: usize = RECORD_BYTES + 256;
/// Records in one frame of a delta. More go in a further one.
pub const DELTA_RECORDS: usize = 64;
/// Authors, lives included, in a set's version vector. A new one beyond it is refused.
pub const VECTOR_AUTHORS: usize = 256;

/// Generations of an audience's key that are kept. The oldest is forgotten.
pub const AUDIENCE_GENERATIONS: usize = 8;
/// Messages in one part of the past. More go in a further one.
pub const PAST_MESSAGES: usize = 256;
/// How a place in the past is named, in bytes.
pub const PAST_CURSOR_BYTES: usize = 64;

/// Things in one part of a device's feed at a server. More follow in a further one.
pub const FEED_ITEMS: usize = 64;
/// A piece of a log at a server, in bytes. A larger one is refused: it has to fit into a feed with what else is there.
pub const PIECE_BYTES: usize = 48 * 1024;
/// What opens an account with its recovery phrase, sealed, in bytes: every one is padded to it. A larger one is refused.
pub const KIT_BYTES: usize = 1024;
/// Accounts in one part of a list of members.
pub const MEMBERS_PART: usize = 1_024;
/// One-time keys that a device hands to a server at once. More go in a further frame.
pub const STOCK_PART: usize = 64;
