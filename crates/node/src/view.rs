//! What screens read: pages of a snapshot, beside the machine.

use lamplit_identity::{SafetyCode, root_hash, safety_code};
use lamplit_types::{
    AccountId, BlobId, ConversationId, DeviceId, FileLimit, FileName, FileSize, GroupId, MessageId, Name, PhoneNumber,
    Text, Wall,
};
use lamplit_wire::{Body, FileNote, Media, Progress, Rank, SetId, credential::RootHash};

use crate::{
    compared::compared,
    db::{Typed, decode},
    fetches::Fetches,
    io::Compared,
    rows::{self, FileState, FileTotal, Said, What, key},
    setup::DeviceSecrets,
    step::Stepped,
    table::{Order, Read, ReadError, Table},
};

/// A contact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContactView {
    /// Who.
    pub account: AccountId,
    /// What to call them: the alias, or else what they call themselves.
    pub name: Name,
    /// What the owner calls them.
    pub alias: Option<Name>,
    /// The owner's note.
    pub note: Option<Text>,
    /// The telephone number that they show.
    pub number: Option<PhoneNumber>,
    /// Whether the safety code with them was compared.
    pub compared: Compared,
    /// How many devices they have.
    pub devices: usize,
    /// Since when this device knows them.
    pub since: Wall,
    /// Messages of theirs that were not shown.
    pub unread: u64,
}

/// The safety code with a contact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SafetyView {
    /// The contact's root that it is made of, beside the account's own.
    pub root: RootHash,
    /// What both see.
    pub code: SafetyCode,
    /// Whether it was compared.
    pub compared: Compared,
}

/// A message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageView {
    /// Its place in the conversation on this device, from 1.
    pub index: u64,
    /// Which it is, on all devices.
    pub id: MessageId,
    /// With whom the conversation is.
    pub conversation: ConversationId,
    /// Who wrote it.
    pub from: AccountId,
    /// On which device.
    pub from_device: DeviceId,
    /// What it is.
    pub what: MessageWhat,
    /// When, by its writer's clock.
    pub sent: lamplit_types::Hlc,
    /// When it came, by this device's clock.
    pub arrived: Wall,
    /// Whether this account wrote it.
    pub mine: bool,
    /// How far it has come, in a group with all of its members; `None`: it waits here.
    pub progress: Option<Progress>,
    /// In a group: how far an own message has come with how many.
    pub reach: Option<Reach>,
}

/// How far a message to a group has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reach {
    /// Members who were to get it.
    pub members: usize,
    /// Of these, with a device that has it.
    pub delivered: usize,
    /// Of these, to whom it was shown.
    pub read: usize,
}

/// A group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupView {
    /// Which.
    pub group: GroupId,
    /// What it is called; `None` if whoever called it so is believed no more.
    pub name: Option<Name>,
    /// Who is in it, the owner too.
    pub members: Vec<MemberView>,
    /// Whether the owner is in it.
    pub is_member: bool,
    /// Messages of others that were not shown.
    pub unread: u64,
}

/// A member of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberView {
    /// Who.
    pub account: AccountId,
    /// What to call them: as a contact, or as they call themselves.
    pub name: Name,
    /// What they may do.
    pub role: Role,
    /// Whether it is the owner.
    pub is_me: bool,
    /// Whether they are a contact.
    pub is_contact: bool,
}

/// What a member of a group may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Founded the group: may do all, and name admins.
    Founder,
    /// May add and remove members.
    Admin,
    /// May talk, rename the group, and leave.
    Member,
}

/// What a message is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MessageWhat {
    /// Text.
    Text(Text),
    /// A file.
    File(Box<FileView>),
}

impl MessageView {
    /// What was written, with a file too; empty if nothing was.
    pub fn text(&self) -> &str {
        match &self.what {
            MessageWhat::Text(text) => text.as_str(),
            MessageWhat::File(file) => file.caption.as_ref().map_or("", Text::as_str),
        }
    }
}

/// A file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileView {
    /// Which.
    pub blob: BlobId,
    /// Its size.
    pub size: FileSize,
    /// What its sender calls it.
    pub name: FileName,
    /// What it is.
    pub media: Media,
    /// What was said with it.
    pub caption: Option<Text>,
    /// Where it is.
    pub state: FileStand,
    /// What its addressees did with it.
    pub answers: Vec<(AccountId, FileNote)>,
}

/// Where a file is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileStand {
    /// Not here, until the user asks for it.
    Offered,
    /// On its way, or waiting for a device that has it.
    Wanted,
    /// Here.
    Here {
        /// Its path.
        place: String,
    },
    /// The user does not want it.
    Declined,
    /// Its sender took it back, or has it no more.
    Withdrawn,
}

/// What files from other devices take on this one, and what they may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileSpace {
    /// Bytes of those that are here.
    pub here: u64,
    /// Bytes of those that are to be fetched, in whole.
    pub coming: u64,
    /// What the two may be together.
    pub limit: FileLimit,
}

impl FileSpace {
    /// The same of a database, beside so many bytes that are to be fetched.
    pub(crate) fn beside(read: &impl Read, coming: u64) -> Stepped<Self> {
        let here: FileTotal = read.row(Table::Device, key::FILE_TOTAL)?.unwrap_or_default();
        let limit = read.row(Table::Device, key::FILE_LIMIT)?.unwrap_or_default();
        Ok(Self { here: here.bytes, coming, limit })
    }

    /// Whether a file of that size may come.
    pub(crate) const fn has_room_for(&self, size: FileSize) -> bool {
        let taken = self.here.saturating_add(self.coming);
        taken.saturating_add(size.bytes()) <= self.limit.bytes()
    }
}

/// What files from other devices take on this one, and what they may take.
///
/// # Errors
/// [`ReadError`] if the database fails.
pub fn file_space(read: &impl Read) -> Result<FileSpace, ReadError> {
    FileSpace::beside(read, Fetches::load(read)?.bytes())
}

/// This device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Me {
    /// Whose.
    pub account: AccountId,
    /// Which.
    pub device: DeviceId,
    /// What contacts see as the name.
    pub name: Name,
    /// The account's devices.
    pub devices: Vec<DeviceId>,
    /// Messages that wait for other devices, as far as they are counted.
    pub waiting: usize,
    /// Whether its owner removed it from the account.
    pub removed: bool,
}

/// Messages in the outbox are counted up to this.
pub const WAITING_COUNTED: usize = 1_000;

/// This device; [`ReadError`] if the database holds none.
///
/// # Errors
/// [`ReadError`] if the database fails.
pub fn me(read: &impl Read) -> Result<Me, ReadError> {
    let device = device(read)?;
    let removed = device.removed.is_some();
    Ok(Me {
        account: device.account,
        device: device.device,
        name: device.name,
        devices: device.list.additions.iter().map(|certificate| certificate.device).collect(),
        removed,
        waiting: read.scan(Table::Outbox, &[], None, Order::Up, WAITING_COUNTED)?.len(),
    })
}

/// A device of this account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceView {
    /// Which.
    pub device: DeviceId,
    /// What the owner calls it.
    pub name: Option<Name>,
    /// Whether it is this one.
    pub this: bool,
    /// Since when it is a device of the account.
    pub since: Wall,
    /// When it was last linked with this one.
    pub seen: Option<Wall>,
    /// Until when its certificate is good; it renews it by itself.
    pub certificate_until: Wall,
}

/// The devices of this account, by id.
///
/// # Errors
/// [`ReadError`] if the database fails.
pub fn devices(read: &impl Read) -> Result<Vec<DeviceView>, ReadError> {
    let me = device(read)?;
    let views = me.list.additions.iter().map(|certificate| {
        let id = certificate.device;
        let row: rows::Sibling = read.row(Table::Devices, id.as_bytes())?.unwrap_or_default();
        let (since, seen) = (crate::devices::since(&row, certificate.issued), row.seen);
        Ok(DeviceView {
            device: id,
            name: row.name,
            this: id == me.device,
            since,
            seen: (seen.0 != 0).then_some(seen),
            certificate_until: certificate.expires,
        })
    });
    views.collect()
}

/// The devices of an account that is known: this one's, or a contact's.
///
/// # Errors
/// [`ReadError`] if the database fails.
pub fn devices_of(read: &impl Read, account: AccountId) -> Result<Vec<DeviceId>, ReadError> {
    let me = device(read)?;
    let contact: Option<rows::Contact> = read.row(Table::Contacts, account.as_bytes())?;
    let list = if me.account == account { Some(me.list) } else { contact.map(|contact| contact.list) };
    Ok(list.into_iter().flat_map(|list| list.additions.into_vec()).map(|certificate| certificate.device).collect())
}

/// Whether this device still lacks some of what was said before it joined.
///
/// # Errors
/// [`ReadError`] if the database fails.
pub fn lacks_past(read: &impl Read) -> Result<bool, ReadError> {
    Ok(read.get(Table::Device, key::PAST)?.is_some())
}

fn device(read: &impl Read) -> Stepped<rows::Device> {
    read.row(Table::Device, key::DEVICE)?.ok_or(ReadError::Corrupt { table: Table::Device })
}

/// The contacts after `after`, by id, at most `limit`.
///
/// # Errors
/// [`ReadError`] if the database fails.
pub fn contacts(read: &impl Read, after: Option<AccountId>, limit: usize) -> Result<Vec<ContactView>, ReadError> {
    let after = after.as_ref().map(|account| account.as_bytes().as_slice());
    let rows = read.scan(Table::Contacts, &[], after, Order::Up, limit)?;
    let views = rows.into_iter().filter_map(|(at, value)| {
        let account = <[u8; 16]>::try_from(at.as_slice()).ok().map(AccountId::from_bytes)?;
        Some(decode(Table::Contacts, &value).and_then(|row| contact_view(read, account, row)))
    });
    views.collect()
}

/// One contact.
///
/// # Errors
/// [`ReadError`] if the database fails.
pub fn contact(read: &impl Read, account: AccountId) -> Result<Option<ContactView>, ReadError> {
    let row: Option<rows::Contact> = read.row(Table::Contacts, account.as_bytes())?;
    row.map(|row| contact_view(read, account, row)).transpose()
}

fn contact_view(read: &impl Read, account: AccountId, row: rows::Contact) -> Stepped<ContactView> {
    Ok(ContactView {
        account,
        compared: compared(read, account, row.root)?,
        name: row.alias.clone().unwrap_or(row.name),
        alias: row.alias,
        note: row.note,
        number: row.number,
        devices: row.list.additions.len(),
        since: row.since,
        unread: unread(read, account.into())?,
    })
}

/// The safety code with a contact; `None` if it is none.
///
/// # Errors
/// [`ReadError`] if the database fails.
pub fn safety(read: &impl Read, account: AccountId) -> Result<Option<SafetyView>, ReadError> {
    let row: Option<rows::Contact> = read.row(Table::Contacts, account.as_bytes())?;
    let Some(rows::Contact { root, .. }) = row else { return Ok(None) };
    let own = root_hash(&device(read)?.list.root);
    Ok(Some(SafetyView { root, code: safety_code(&own, &root), compared: compared(read, account, root)? }))
}

/// The groups after `after`, by id, at most `limit`; those that the owner is in no more too.
///
/// # Errors
/// [`ReadError`] if the database fails.
pub fn groups(read: &impl Read, after: Option<GroupId>, limit: usize) -> Result<Vec<GroupView>, ReadError> {
    let after = after.as_ref().map(|group| group.as_bytes().as_slice());
    let rows = read.scan(Table::Groups, &[], after, Order::Up, limit)?;
    let views = rows.into_iter().filter_map(|(at, value)| {
        let group = <[u8; 16]>::try_from(at.as_slice()).ok().map(GroupId::from_bytes)?;
        Some(decode(Table::Groups, &value).and_then(|row| group_view(read, group, &row)))
    });
    views.collect()
}

/// One group.
///
/// # Errors
/// [`ReadError`] if the database fails.
pub fn group(read: &impl Read, group: GroupId) -> Result<Option<GroupView>, ReadError> {
    let row: Option<rows::GroupRow> = read.row(Table::Groups, group.as_bytes())?;
    row.map(|row| group_view(read, group, &row)).transpose()
}

/// What to call everybody who is in a group, or was.
///
/// # Errors
/// [`ReadError`] if the database fails.
pub fn names(read: &impl Read, group: GroupId) -> Result<Vec<(AccountId, Name)>, ReadError> {
    let row: Option<rows::GroupRow> = read.row(Table::Groups, group.as_bytes())?;
    let shown = row.map(|row| row.names).unwrap_or_default().into_iter();
    let called = shown.map(|(account, name)| {
        let contact = contact(read, account)?;
        Ok((account, contact.map_or(name, |contact| contact.name)))
    });
    called.collect()
}

/// Messages of a conversation that were not shown.
///
/// # Errors
/// [`ReadError`] if the database fails.
pub fn unread(read: &impl Read, with: ConversationId) -> Result<u64, ReadError> {
    let conversation: Option<rows::Conversation> = read.row(Table::Conversations, &key::conversation(with))?;
    Ok(conversation.unwrap_or_default().unread)
}

fn group_view(read: &impl Read, group: GroupId, row: &rows::GroupRow) -> Stepped<GroupView> {
    let (me, charter) = (device(read)?.account, row.charter());
    let mut members = Vec::new();
    for standing in charter.members() {
        let account = standing.account;
        let contact = contact(read, account)?;
        let shown = row.names.iter().find(|(whose, _)| *whose == account).map(|(_, name)| name.clone());
        let is_contact = contact.is_some();
        let name = contact.map(|contact| contact.name).or(shown).unwrap_or_else(|| standing.name.clone());
        let role = match standing.rank {
            Rank::Admin if account == charter.founder() => Role::Founder,
            Rank::Admin => Role::Admin,
            Rank::Member | Rank::Out => Role::Member,
        };
        members.push(MemberView { account, name, role, is_me: account == me, is_contact });
    }
    Ok(GroupView {
        group,
        name: charter.name().map(|name| name.name.clone()),
        members,
        is_member: charter.is_member(me),
        unread: unread(read, group.into())?,
    })
}

fn reach(read: &impl Read, id: MessageId) -> Stepped<Reach> {
    let all = crate::groups::reach_of(read, id)?;
    let at_least = |progress| all.iter().filter(|reached| **reached >= Some(progress)).count();
    Ok(Reach { members: all.len(), delivered: at_least(Progress::Delivered), read: at_least(Progress::Read) })
}

/// A conversation's messages before `before`, the newest first, at most `limit`.
///
/// # Errors
/// [`ReadError`] if the database fails.
pub fn history(
    read: &impl Read,
    conversation: ConversationId,
    before: Option<u64>,
    limit: usize,
) -> Result<Vec<MessageView>, ReadError> {
    let me = device(read)?.account;
    let conversation = key::conversation(conversation);
    let before = before.map(|index| key::numbered(&conversation, index));
    let rows = read.scan(Table::Messages, &conversation, before.as_deref(), Order::Down, limit)?;
    rows.into_iter().map(|(at, value)| message_view(read, me, &at, decode(Table::Messages, &value)?)).collect()
}

/// One message.
///
/// # Errors
/// [`ReadError`] if the database fails.
pub fn message(read: &impl Read, id: MessageId) -> Result<Option<MessageView>, ReadError> {
    let Some(at) = read.get(Table::MessageIndex, id.as_bytes())? else { return Ok(None) };
    let me = device(read)?.account;
    let row: Option<rows::Message> = read.row(Table::Messages, &at)?;
    row.map(|row| message_view(read, me, &at, row)).transpose()
}

/// Which message lies in a row of [`Table::Outbox`] or [`Table::Held`]; `None` if there is no such row, or it is about
/// something else than a text. Only the device itself can tell.
///
/// # Errors
/// [`ReadError`] if the database fails, or the row is not of this device.
pub fn text_in(
    read: &impl Read,
    secrets: &DeviceSecrets,
    table: Table,
    row: &[u8],
) -> Result<Option<MessageId>, ReadError> {
    let body = match table {
        Table::Held => read.sealed::<rows::Held>(&secrets.vault, table, row)?.and_then(|held| match held.said {
            Said::Now(body) => Some(body),
            Said::Later(_) => None,
        }),
        _ => read.sealed::<rows::Outgoing>(&secrets.vault, Table::Outbox, row)?.map(|outgoing| outgoing.body),
    };
    Ok(body.and_then(|body| match body {
        Body::Text { id, .. } | Body::File { id, .. } => Some(id),
        Body::Told(past) => Some(past.id),
        Body::Receipt { .. }
        | Body::Grant(_)
        | Body::FileNote { .. }
        | Body::Keys(_)
        | Body::Pair(_)
        | Body::Heard(_)
        | Body::Unreadable { .. }
        | Body::Group(_)
        | Body::GroupWanted => None,
    }))
}

/// A record of a replicated set, as it can be compared with that of another device.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RecordView {
    /// Which set.
    pub set: SetId,
    /// Which field of it: kind, entity and field, as in the key of its row.
    pub field: Vec<u8>,
    /// BLAKE3 of what decides about its value, the value included.
    pub value: [u8; 32],
    /// BLAKE3 of this copy of it, as it was sealed and signed.
    pub copy: [u8; 32],
}

/// The records after the row `after`, at most `limit`, with the keys of their rows.
///
/// # Errors
/// [`ReadError`] if the database fails.
pub fn records(read: &impl Read, after: Option<&[u8]>, limit: usize) -> Result<Vec<(Vec<u8>, RecordView)>, ReadError> {
    let rows = read.scan(Table::Records, &[], after, Order::Up, limit)?;
    let views = rows.into_iter().map(|(at, value)| {
        let stored: rows::Stored = decode(Table::Records, &value)?;
        let digest = |bytes: Vec<u8>| *blake3::hash(&bytes).as_bytes();
        let value = digest(crate::db::encode(&stored.stamp, Table::Records)?);
        let copy = digest(crate::db::encode(&stored.record, Table::Records)?);
        let field = at.get(key::SET_BYTES..).unwrap_or_default().to_vec();
        let set = stored.record.body.set;
        Ok((at, RecordView { set, field, value, copy }))
    });
    views.collect()
}

fn message_view(read: &impl Read, me: AccountId, at: &[u8], row: rows::Message) -> Stepped<MessageView> {
    let corrupt = || ReadError::Corrupt { table: Table::Messages };
    let conversation = key::conversation_of(at).ok_or_else(corrupt)?;
    let reach = match conversation {
        ConversationId::Group(_) if row.from == me => Some(reach(read, row.id)?).filter(|reach| reach.members > 0),
        _ => None,
    };
    Ok(MessageView {
        index: key::number_of(at).ok_or_else(corrupt)?,
        id: row.id,
        conversation,
        from: row.from,
        from_device: row.device,
        what: match row.what {
            What::Text(text) => MessageWhat::Text(text),
            What::File(blob) => MessageWhat::File(Box::new(file_view(read, blob)?)),
        },
        sent: row.sent,
        arrived: row.arrived,
        mine: row.from == me,
        progress: row.progress,
        reach,
    })
}

fn file_view(read: &impl Read, blob: BlobId) -> Stepped<FileView> {
    let row: Option<rows::File> = read.row(Table::Files, blob.as_bytes())?;
    let file = row.ok_or(ReadError::Corrupt { table: Table::Files })?;
    let state = match file.state {
        FileState::Offered => FileStand::Offered,
        FileState::Wanted => FileStand::Wanted,
        FileState::Here(place) => FileStand::Here { place },
        FileState::Declined => FileStand::Declined,
        FileState::Withdrawn => FileStand::Withdrawn,
    };
    let rows::File { size, name, media, caption, answers, .. } = file;
    Ok(FileView { blob, size, name, media, caption, state, answers })
}

/// The messages that are files after `after`, by blob, at most `limit`.
///
/// # Errors
/// [`ReadError`] if the database fails.
pub fn files(read: &impl Read, after: Option<BlobId>, limit: usize) -> Result<Vec<MessageView>, ReadError> {
    let after = after.as_ref().map(|blob| blob.as_bytes().as_slice());
    let mut messages = Vec::new();
    for (_, value) in read.scan(Table::Files, &[], after, Order::Up, limit)? {
        let file: rows::File = decode(Table::Files, &value)?;
        messages.extend(message(read, file.message)?);
    }
    Ok(messages)
}

/// A picture's small likeness, a JPEG as its sender made it.
///
/// # Errors
/// [`ReadError`] if the database fails.
pub fn preview(read: &impl Read, blob: BlobId) -> Result<Option<Vec<u8>>, ReadError> {
    read.get(Table::Previews, blob.as_bytes())
}
