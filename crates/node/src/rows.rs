//! What the device's tables hold. `docs/storage.md` lists them; a change of any shape is a migration.

use std::collections::BTreeSet;

use lamplit_sync::{inbox::Inbox, merge::Stamp};
use lamplit_types::{
    AccountId, AudienceId, Author, BlobId, ConversationId, DeviceId, EnvelopeId, FileName, FileSize, GroupId, Hlc,
    Incarnation, MessageId, Name, PhoneNumber, Text, Wall,
};
use lamplit_wire::{
    AccountSecrets, Badge, Body, Chain, Envelope, FileNote, Founding, GenerationSecret, GroupName, GroupSecret, Kind,
    Mark, Media, Progress, Received, Record, Removed, SetId, Standing,
    credential::{DeviceList, ListHead, PairId, RootHash, Signed},
    server::{Cursor, Epoch},
};
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop};

/// Who this device is, its life and its counters.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Device {
    pub(crate) account: AccountId,
    pub(crate) device: DeviceId,
    pub(crate) name: Name,
    pub(crate) list: DeviceList,
    /// The audience of all contacts.
    pub(crate) friends: AudienceId,
    pub(crate) life: Incarnation,
    /// Lives this device had before and knows of.
    pub(crate) past_lives: Vec<Incarnation>,
    pub(crate) clock: Hlc,
    pub(crate) steady: Steady,
    /// The generation that removed this very device.
    pub(crate) removed: Option<u32>,
    /// Another history of the account's list, which somebody showed.
    pub(crate) fork: Option<DeviceList>,
}

/// Whether the wall clock can be trusted to tell how old something is.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Steady {
    /// What it showed at the last chores; 0: there were none.
    pub(crate) wall: Wall,
    /// How many chores it has gone on without a leap since it last made one.
    pub(crate) chores: u32,
}

/// What all devices of an account share and nobody else has.
#[derive(Clone, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
pub(crate) struct AccountKeys {
    pub(crate) generation: u32,
    pub(crate) list: [u8; 32],
    /// From which the devices of the account make the pair secret between themselves, and their beacon keys.
    pub(crate) own: [u8; 32],
    pub(crate) index: [u8; 32],
    pub(crate) data: [u8; 32],
    pub(crate) secrets: [u8; 32],
}

/// Somebody the owner knows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Contact {
    pub(crate) root: RootHash,
    pub(crate) list: DeviceList,
    /// What they call themselves.
    pub(crate) name: Name,
    pub(crate) alias: Option<Name>,
    pub(crate) note: Option<Text>,
    /// The telephone number that they show.
    pub(crate) number: Option<PhoneNumber>,
    pub(crate) since: Wall,
    /// The latest generation of the audience of all contacts whose key this device handed them.
    pub(crate) granted: u32,
}

/// What came of comparing the safety code with a contact, as the account's devices tell it to one another and as it is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Comparison {
    /// The contact's root that the code was made of: of another one this says nothing.
    pub(crate) root: RootHash,
    /// Whether the contact saw the same code.
    pub(crate) same: bool,
}

/// A secret shared with a contact, as the account's devices tell it to one another.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
pub(crate) struct PairRow {
    #[zeroize(skip)]
    pub(crate) account: AccountId,
    #[zeroize(skip)]
    pub(crate) id: PairId,
    /// Greater than those of the secrets that were there when the two were paired.
    pub(crate) number: u32,
    pub(crate) secret: [u8; 32],
}

/// The keys of an audience, the latest generation last.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Audience {
    pub(crate) owner: AccountId,
    pub(crate) keys: Vec<GenerationKey>,
}

/// The key of one generation of an audience, at the earliest day it is still needed for.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
pub(crate) struct GenerationKey {
    pub(crate) generation: u32,
    pub(crate) day: u32,
    pub(crate) key: [u8; 32],
    /// The key to the beacons that the owner's devices show to this generation.
    pub(crate) beacon: [u8; 32],
}

/// What was sent to and received from one device.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Peer {
    /// The number of the last message to it, in this device's present life.
    pub(crate) last: u64,
    pub(crate) inbox: Inbox,
    /// The highest number received in the latest life heard of, and the mark in it.
    pub(crate) mark: Option<(Incarnation, u64, Mark)>,
    /// Where it was told to be found, by hand or by an invite.
    pub(crate) address: Option<String>,
    /// The generation of the audience of all contacts whose key it is known to hold; 0: none.
    pub(crate) holds: u32,
    /// Up to which number the server keeps what was sent to it, in which life of its store.
    pub(crate) kept: Option<(Epoch, u64)>,
}

impl Peer {
    /// A message with that mark was taken in. What an earlier life still sends says nothing about the latest.
    pub(crate) fn witness(&mut self, life: Incarnation, seq: u64, mark: Mark) {
        let latest = self.inbox.received().is_some_and(|(latest, _)| latest == life);
        if latest && self.mark.is_none_or(|(known, highest, _)| known != life || highest < seq) {
            self.mark = Some((life, seq, mark));
        }
    }

    /// What to tell the device of what came from it.
    pub(crate) fn received(&self) -> Option<Received> {
        let (incarnation, seq) = self.inbox.received()?;
        let (_, highest, mark) = self.mark.filter(|(life, ..)| *life == incarnation)?;
        Some(Received { incarnation, seq, highest, mark })
    }
}

/// A message that a device has not acknowledged.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Outgoing {
    pub(crate) conversation: ConversationId,
    pub(crate) sent: Hlc,
    pub(crate) body: Body,
    pub(crate) expires: Wall,
    /// As it was sealed and sent; sealed anew only if the other side could not open it.
    pub(crate) envelope: Option<Envelope>,
    /// Whether it may have been sent under this number.
    pub(crate) was_sealed: bool,
    /// What this message is known by, once it was sealed under this number.
    pub(crate) mark: Option<Mark>,
}

/// The server that the account uses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Server {
    /// Where it is and what its key is, in the words of the transport.
    pub(crate) address: String,
    /// The place of this device in its feed.
    pub(crate) cursor: Option<Cursor>,
    /// The life of its store that keys were left in.
    pub(crate) stocked: Option<Epoch>,
}

/// What a device is to be told of what came from it through the server, as long as the server has not taken it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Owed {
    /// Rises with everything that came.
    pub(crate) number: u64,
    /// Whether something came that could be read.
    pub(crate) heard: bool,
    /// Whether some may not have been taken in because it was not known here yet.
    pub(crate) lacks: bool,
    /// What could not: the latest, at most as many as go into one letter.
    pub(crate) unreadable: Vec<EnvelopeId>,
}

/// A message that came before its turn.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Held {
    pub(crate) account: AccountId,
    /// When to stop waiting for what should have come before.
    pub(crate) expires: Wall,
    pub(crate) conversation: ConversationId,
    pub(crate) sent: Hlc,
    pub(crate) said: Said,
}

/// What a message says, as far as this version understands it.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) enum Said {
    /// It is understood.
    Now(Body),
    /// It is of a kind that a later version knows: kept as it came, until this device is that version.
    Later(Vec<u8>),
}

/// How long a conversation is here.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Conversation {
    /// The index of the last message.
    pub(crate) last: u64,
    pub(crate) unread: u64,
    /// The index up to which all messages were shown.
    pub(crate) read: u64,
    /// Those beyond it that were shown on another device, which may have them in another order.
    pub(crate) shown_ahead: BTreeSet<u64>,
}

impl Conversation {
    /// Whether the message of that index was shown.
    pub(crate) fn has_shown(&self, index: u64) -> bool {
        index <= self.read || self.shown_ahead.contains(&index)
    }
}

/// One message.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Message {
    pub(crate) id: MessageId,
    pub(crate) from: AccountId,
    pub(crate) device: DeviceId,
    pub(crate) what: What,
    pub(crate) sent: Hlc,
    pub(crate) arrived: Wall,
    pub(crate) progress: Option<Progress>,
}

/// What a message is.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum What {
    Text(Text),
    /// A file, by the key of its row.
    File(BlobId),
}

/// A file that was sent or offered.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct File {
    pub(crate) message: MessageId,
    pub(crate) conversation: ConversationId,
    /// Who sent it.
    pub(crate) from: AccountId,
    pub(crate) hash: [u8; 32],
    pub(crate) size: FileSize,
    pub(crate) name: FileName,
    pub(crate) media: Media,
    pub(crate) caption: Option<Text>,
    pub(crate) state: FileState,
    /// What its addressees did with it.
    pub(crate) answers: Vec<(AccountId, FileNote)>,
}

/// Where a file is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum FileState {
    /// Not here. The user may ask for it.
    Offered,
    /// Not here, and to be fetched.
    Wanted,
    /// Here, at this path.
    Here(String),
    /// The user does not want it.
    Declined,
    /// Its sender took it back, or has it no more.
    Withdrawn,
}

/// How much all files have that came from other devices and are here.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(crate) struct FileTotal {
    pub(crate) bytes: u64,
}

impl FileTotal {
    pub(crate) const fn plus(self, size: FileSize) -> Self {
        Self { bytes: self.bytes.saturating_add(size.bytes()) }
    }

    pub(crate) const fn minus(self, size: FileSize) -> Self {
        Self { bytes: self.bytes.saturating_sub(size.bytes()) }
    }
}

/// How far a message to a group has come with one of its members; `None`: it waits here for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Reached(pub(crate) Option<Progress>);

/// What is signed of a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct GroupRow {
    pub(crate) founding: Founding,
    pub(crate) standings: Vec<Signed<Standing>>,
    pub(crate) name: Option<Signed<GroupName>>,
    /// What its people call themselves.
    pub(crate) names: Vec<(AccountId, Name)>,
    pub(crate) lists: Vec<DeviceList>,
}

/// What a group's members share and show each other.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(crate) struct GroupKeys {
    pub(crate) badges: Vec<Signed<Badge>>,
    pub(crate) secrets: Vec<GroupSecret>,
}

/// A record that counts.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Stored {
    pub(crate) record: Record,
    pub(crate) stamp: Stamp,
    /// When it came here: a deletion is remembered from then on.
    pub(crate) since: Wall,
}

/// Where a record lies that an author wrote at some place of its log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Place {
    /// It counts.
    Record(FieldKey),
    /// It waits in quarantine, under this key.
    Waiting(Vec<u8>),
    /// It was replaced.
    Replaced,
}

/// One step of an author's log.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct LogRow {
    pub(crate) chain: Chain,
    pub(crate) place: Place,
}

/// A record that waits.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Waiting {
    pub(crate) record: Record,
    /// Whether it has a place in its author's log here.
    pub(crate) logged: bool,
}

/// What is known of a set as a whole.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(crate) struct SetRow {
    pub(crate) horizon: Hlc,
    /// When this replica last had all that another one had.
    pub(crate) complete: Wall,
}

/// The name of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct FieldKey {
    pub(crate) kind: Kind,
    pub(crate) entity: [u8; 16],
    pub(crate) field: u8,
}

/// An invite this device gave out.
#[derive(Clone, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
pub(crate) struct InviteRow {
    pub(crate) secret: [u8; 32],
    pub(crate) share: [u8; 32],
    #[zeroize(skip)]
    pub(crate) expires: Wall,
    /// The acceptance that used it.
    #[zeroize(skip)]
    pub(crate) used: Option<[u8; 16]>,
}

/// An invite this device is accepting.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Acceptance {
    /// The invite, as its link text.
    pub(crate) link: String,
    pub(crate) token: [u8; 16],
    pub(crate) share: [u8; 32],
}

/// The code by which a new device may join.
#[derive(Clone, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
pub(crate) struct LinkCodeRow {
    pub(crate) secret: [u8; 32],
    #[zeroize(skip)]
    pub(crate) expires: Wall,
    /// The device that used it.
    #[zeroize(skip)]
    pub(crate) used: Option<DeviceId>,
}

/// What a device that has no account yet is about to join.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Joining {
    /// The link code, as its text.
    pub(crate) code: String,
    /// What the device is to be called.
    pub(crate) called: Name,
}

/// What is known of a device of the account beside its certificate.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Sibling {
    pub(crate) name: Option<Name>,
    /// Since when it is a device of the account; 0: not known.
    pub(crate) since: Wall,
    /// When it was last linked with this device; 0: never.
    pub(crate) seen: Wall,
}

/// The heads that the account's list had, with the devices that were on it, the latest last: by the head that somebody
/// names it is known whom they do not know.
pub(crate) type KnownLists = Vec<(ListHead, BTreeSet<DeviceId>)>;

/// A device that its account removed, as far as it may still call.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Departed {
    pub(crate) account: AccountId,
    pub(crate) noise_static: [u8; 32],
    /// What it is told.
    pub(crate) removed: Removed,
    pub(crate) since: Wall,
}

/// How much this device has of what was said before it joined, while that is not all.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Past {
    /// Who tells it, in which of its lives.
    pub(crate) from: Option<(DeviceId, Incarnation)>,
    /// Up to where, as that device names it.
    pub(crate) after: Vec<u8>,
    /// How many messages that were.
    pub(crate) told: u64,
}

impl From<&AccountKeys> for AccountSecrets {
    fn from(keys: &AccountKeys) -> Self {
        let AccountKeys { generation, list, own, index, data, secrets } = *keys;
        Self { generation, list, own, index, data, secrets }
    }
}

impl From<&AccountSecrets> for AccountKeys {
    fn from(keys: &AccountSecrets) -> Self {
        let AccountSecrets { generation, list, own, index, data, secrets } = *keys;
        Self { generation, list, own, index, data, secrets }
    }
}

impl From<&GenerationKey> for GenerationSecret {
    fn from(held: &GenerationKey) -> Self {
        let GenerationKey { generation, day, key, beacon } = *held;
        Self { generation, day, key, beacon }
    }
}

impl From<&GenerationSecret> for GenerationKey {
    fn from(told: &GenerationSecret) -> Self {
        let GenerationSecret { generation, day, key, beacon } = *told;
        Self { generation, day, key, beacon }
    }
}

/// Keys of rows.
pub(crate) mod key {
    use super::*;

    pub(crate) const DEVICE: &[u8] = b"";
    /// Beside the device itself: how much its files have.
    pub(crate) const FILE_TOTAL: &[u8] = b"files";
    /// Beside the device itself: how much files from other devices may take, a `FileLimit`, if the owner said so.
    pub(crate) const FILE_LIMIT: &[u8] = b"file-limit";
    pub(crate) const ACCOUNT: &[u8] = b"account";
    pub(crate) const OLM: &[u8] = b"olm";
    pub(crate) const JOINING: &[u8] = b"joining";
    pub(crate) const FORMER: &[u8] = b"former";
    pub(crate) const COMING: &[u8] = b"coming";
    pub(crate) const PAST: &[u8] = b"past";
    /// Beside the device itself: `rows::Server`.
    pub(crate) const SERVER: &[u8] = b"server";
    /// Beside the device itself: `server::number::Asked`.
    pub(crate) const NUMBER: &[u8] = b"number";
    /// Beside the device itself: `rows::KnownLists`.
    pub(crate) const LISTS: &[u8] = b"lists";
    /// Bytes of a set at the beginning of a key.
    pub(crate) const SET_BYTES: usize = 32;

    pub(crate) fn numbered(first: &[u8], number: u64) -> Vec<u8> {
        [first, &number.to_be_bytes()].concat()
    }

    /// Bytes of a conversation at the beginning of a key.
    pub(crate) const CONVERSATION_BYTES: usize = 17;

    pub(crate) fn conversation(id: ConversationId) -> [u8; CONVERSATION_BYTES] {
        let (kind, bytes) = match &id {
            ConversationId::Account(account) => (0, account.as_bytes()),
            ConversationId::Group(group) => (1, group.as_bytes()),
        };
        let mut key = [kind; CONVERSATION_BYTES];
        for (to, from) in key.iter_mut().skip(1).zip(bytes) {
            *to = *from;
        }
        key
    }

    /// The conversation at the beginning of a key of `Messages` or `Conversations`.
    pub(crate) fn conversation_of(key: &[u8]) -> Option<ConversationId> {
        let (kind, rest) = key.split_first()?;
        let bytes = *rest.first_chunk()?;
        match kind {
            0 => Some(AccountId::from_bytes(bytes).into()),
            1 => Some(GroupId::from_bytes(bytes).into()),
            _ => None,
        }
    }

    pub(crate) fn held(device: DeviceId, life: Incarnation, seq: u64) -> Vec<u8> {
        numbered(&held_life(device, life), seq)
    }

    pub(crate) fn held_life(device: DeviceId, life: Incarnation) -> Vec<u8> {
        numbered(device.as_bytes(), life.0)
    }

    pub(crate) fn set(set: &SetId) -> Vec<u8> {
        let lamplit_types::SpaceId::Account(owner) = set.space;
        [owner.as_bytes().as_slice(), set.audience.as_bytes()].concat()
    }

    /// The set that a key names.
    pub(crate) fn set_in(key: &[u8]) -> Option<SetId> {
        let (owner, audience) = key.split_at_checked(16)?;
        let owner = AccountId::from_bytes(owner.try_into().ok()?);
        let audience = AudienceId::from_bytes(audience.try_into().ok()?);
        Some(SetId { space: lamplit_types::SpaceId::Account(owner), audience })
    }

    pub(crate) fn field(set_id: &SetId, field: FieldKey) -> Vec<u8> {
        [entity(set_id, field.kind, &field.entity).as_slice(), &[field.field]].concat()
    }

    pub(crate) fn entity(set_id: &SetId, kind: Kind, entity: &[u8; 16]) -> Vec<u8> {
        [set(set_id).as_slice(), &[kind_number(kind)], entity].concat()
    }

    pub(crate) fn log(set_id: &SetId, author: &Author, seq: u64) -> Vec<u8> {
        numbered(&head(set_id, author), seq)
    }

    pub(crate) fn head(set_id: &SetId, author: &Author) -> Vec<u8> {
        numbered(&[set(set_id).as_slice(), author.device.as_bytes()].concat(), author.incarnation.0)
    }

    /// The author at the end of a key of `Heads`.
    pub(crate) fn author_of_head(key: &[u8]) -> Option<Author> {
        let (rest, life) = key.split_last_chunk::<8>()?;
        let (_, device) = rest.split_last_chunk::<32>()?;
        Some(Author { device: DeviceId::from_bytes(*device), incarnation: Incarnation(u64::from_be_bytes(*life)) })
    }

    /// The number at the end of a key.
    pub(crate) fn number_of(key: &[u8]) -> Option<u64> {
        key.last_chunk::<8>().map(|bytes| u64::from_be_bytes(*bytes))
    }

    pub(crate) const fn kind_number(kind: Kind) -> u8 {
        match kind {
            Kind::Profile => 1,
            Kind::Contact => 2,
            Kind::PairSecret => 3,
            Kind::AudienceKey => 4,
            Kind::Device => 5,
            Kind::CutOff => 6,
            Kind::Server => 7,
        }
    }

    /// What is due at one time goes in the order in which it was written.
    pub(crate) fn waiting(due: Wall, set_id: &SetId, author: &Author, seq: u64, hash: &[u8; 32]) -> Vec<u8> {
        [due.0.to_be_bytes().as_slice(), &log(set_id, author, seq), hash].concat()
    }
}
