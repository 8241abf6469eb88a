//! The device's tables, as the pure node sees them: ordered bytes under ordered bytes.
//!
//! The node owns keys, values and their meaning (see `rows`); the `store` crate owns files, versions and
//! transactions. So the machine can run over redb, over a map in a test, and over anything else that is ordered.

/// A table of the device's database. Values are postcard unless said otherwise; "sealed" means sealed under the
/// device's storage key, bound to table and key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Table {
    /// Empty key → `rows::Device`: who this device is, its life, its counters. `past` → `rows::Past`, while it lacks the
    /// conversations of before it joined. `lists` → `rows::KnownLists`, `files` → `rows::FileTotal`, `file-limit` →
    /// `FileLimit`, `server` → `rows::Server`.
    Device,
    /// Key name → sealed secret bytes: list key, own keys, Olm account.
    Secrets,
    /// `AccountId` → `rows::Contact`: whom the owner knows, as all records together say.
    Contacts,
    /// `AccountId` → `rows::Comparison`: what came of comparing the safety code with a contact, as the records say.
    Comparisons,
    /// `AccountId | pair` → sealed `rows::PairRow`: the secrets shared with a contact.
    Pairs,
    /// `AudienceId` → sealed `rows::Audience`: an audience's key and how far back it goes.
    Audiences,
    /// `DeviceId` → sealed Olm sessions with that device.
    Sessions,
    /// `DeviceId` → `rows::Peer`: counters of what was sent to and received from that device.
    Peers,
    /// `DeviceId ‖ seq: u64 BE` → sealed `rows::Outgoing`: what that device has not acknowledged.
    Outbox,
    /// `DeviceId ‖ incarnation: u64 BE ‖ seq: u64 BE` → sealed `rows::Held`: what came before its turn.
    Held,
    /// The same key → sealed `rows::Held`: what only a later version understands.
    Later,
    /// `DeviceId ‖ number: u64 BE` → sealed `rows::Held`: what came for a group before what gives it a place there.
    Early,
    /// `DeviceId` → `rows::Owed`: what that device is to be told of what came from it through the server.
    Owed,
    /// `EnvelopeId` → expiry, `u64` BE: envelopes that were received.
    Seen,
    /// `expiry: u64 BE ‖ EnvelopeId` → nothing: the same, by expiry.
    SeenByExpiry,
    /// `ConversationId ‖ index: u64 BE` → `rows::Message`: conversations in the order this device learnt of them.
    Messages,
    /// `MessageId` → the key in `Messages`.
    MessageIndex,
    /// `BlobId` → `rows::File`: files that were sent or offered.
    Files,
    /// `BlobId` → sealed key of the file.
    FileKeys,
    /// `BlobId` → a picture's small likeness, a JPEG.
    Previews,
    /// `BlobId` → nothing: files that are to be fetched.
    Wanted,
    /// `ConversationId` → `rows::Conversation`: how long a conversation is and how much of it is unread.
    Conversations,
    /// `GroupId` → `rows::GroupRow`: what is signed of a group, and its people's devices.
    Groups,
    /// `GroupId` → sealed `rows::GroupKeys`: what its members share and show each other.
    GroupKeys,
    /// `MessageId ‖ AccountId` → `rows::Reached`: how far one of this account's messages to a group has come with a member.
    Reach,
    /// `SetId ‖ kind: u8 ‖ entity ‖ field: u8` → `rows::Stored`: the records that count; field 0 is a deletion.
    Records,
    /// `SetId ‖ Author ‖ seq: u64 BE` → `rows::LogRow`: every author's log.
    Log,
    /// `SetId ‖ Author` → `rows::HeadRow`: how far each log is complete.
    Heads,
    /// `SetId` → `rows::SetRow`: horizon and time of the last complete exchange.
    Sets,
    /// `SetId` → nothing: sets of contacts that are to be asked for at the server, and own ones that are to be brought there anew.
    Sought,
    /// `due: u64 BE ‖ SetId ‖ author ‖ seq: u64 BE ‖ hash` → a record that waits for its time, its key or its author's certificate.
    Quarantine,
    /// `epoch: u64 BE ‖ PairTag ‖ ephemeral key` → nothing: first handshake messages that opened.
    Opened,
    /// `InviteId` → sealed `rows::Invite`: invites this device gave out.
    Invites,
    /// `InviteId` → sealed `rows::Acceptance`: invites this device is accepting.
    Acceptances,
    /// `InviteId` → sealed `rows::LinkCodeRow`: the code by which a new device may join.
    LinkCodes,
    /// `DeviceId` → `rows::Departed`: devices that their accounts removed.
    Departed,
    /// `DeviceId` → `rows::Sibling`: what is known of the account's own devices beside their certificates.
    Devices,
}

impl Table {
    /// All tables.
    pub const ALL: [Self; 37] = [
        Self::Device,
        Self::Secrets,
        Self::Contacts,
        Self::Comparisons,
        Self::Pairs,
        Self::Audiences,
        Self::Sessions,
        Self::Peers,
        Self::Outbox,
        Self::Held,
        Self::Later,
        Self::Early,
        Self::Owed,
        Self::Seen,
        Self::SeenByExpiry,
        Self::Messages,
        Self::MessageIndex,
        Self::Files,
        Self::FileKeys,
        Self::Previews,
        Self::Wanted,
        Self::Conversations,
        Self::Groups,
        Self::GroupKeys,
        Self::Reach,
        Self::Records,
        Self::Log,
        Self::Heads,
        Self::Sets,
        Self::Sought,
        Self::Quarantine,
        Self::Opened,
        Self::Invites,
        Self::Acceptances,
        Self::LinkCodes,
        Self::Devices,
        Self::Departed,
    ];

    /// Its name in the database.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Device => "device",
            Self::Secrets => "secrets",
            Self::Contacts => "contacts",
            Self::Comparisons => "comparisons",
            Self::Pairs => "pairs",
            Self::Audiences => "audiences",
            Self::Sessions => "sessions",
            Self::Peers => "peers",
            Self::Outbox => "outbox",
            Self::Held => "held",
            Self::Later => "later",
            Self::Early => "early",
            Self::Owed => "owed",
            Self::Seen => "seen",
            Self::SeenByExpiry => "seen-by-expiry",
            Self::Messages => "messages",
            Self::MessageIndex => "message-index",
            Self::Files => "files",
            Self::FileKeys => "file-keys",
            Self::Previews => "previews",
            Self::Wanted => "wanted",
            Self::Conversations => "conversations",
            Self::Groups => "groups",
            Self::GroupKeys => "group-keys",
            Self::Reach => "reach",
            Self::Records => "records",
            Self::Log => "log",
            Self::Heads => "heads",
            Self::Sets => "sets",
            Self::Sought => "sought",
            Self::Quarantine => "quarantine",
            Self::Opened => "opened",
            Self::Invites => "invites",
            Self::Acceptances => "acceptances",
            Self::LinkCodes => "link-codes",
            Self::Devices => "devices",
            Self::Departed => "departed",
        }
    }
}

/// Which end a scan begins at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// The smallest key first.
    Up,
    /// The largest key first.
    Down,
}

/// A key and its value.
pub type Row = (Vec<u8>, Vec<u8>);

/// Why a read failed. The step that asked is given up; nothing of it is kept.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The database itself failed.
    #[error("the database cannot be read: {0}")]
    Storage(String),
    /// A row grew beyond what can be written.
    #[error("a row of table {table:?} is too large to be written: this is a mistake in Lamplit, please report it")]
    Unwritable {
        /// Which table.
        table: Table,
    },
    /// A row does not hold what its table says.
    #[error(
        "a row of table {table:?} is damaged: restore a backup, or move the data directory away and link this device anew"
    )]
    Corrupt {
        /// Which table.
        table: Table,
    },
}

/// A consistent view of the database. What one view shows does not change.
pub trait Read {
    /// The value under `key`.
    ///
    /// # Errors
    /// [`ReadError::Storage`] if the database fails.
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, ReadError>;

    /// At most `limit` rows whose keys begin with `prefix`, beyond `from` in the given order (`from` itself excluded).
    ///
    /// # Errors
    /// [`ReadError::Storage`] if the database fails.
    fn scan(
        &self,
        table: Table,
        prefix: &[u8],
        from: Option<&[u8]>,
        order: Order,
        limit: usize,
    ) -> Result<Vec<Row>, ReadError>;
}

impl<R: Read + ?Sized> Read for &R {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, ReadError> {
        (**self).get(table, key)
    }

    fn scan(
        &self,
        table: Table,
        prefix: &[u8],
        from: Option<&[u8]>,
        order: Order,
        limit: usize,
    ) -> Result<Vec<Row>, ReadError> {
        (**self).scan(table, prefix, from, order, limit)
    }
}

/// One change of the database.
#[derive(Clone, PartialEq, Eq)]
pub struct Write {
    /// Which table.
    pub table: Table,
    /// Which row.
    pub key: Vec<u8>,
    /// Its new value; `None` removes it.
    pub value: Option<Vec<u8>>,
}

impl core::fmt::Debug for Write {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let size = self.value.as_ref().map(Vec::len);
        f.debug_struct("Write").field("table", &self.table).field("value bytes", &size).finish()
    }
}
