//! Everything that goes into a node and everything that comes out.

use std::sync::Arc;

use lamplit_identity::{Invite, LinkCode, RootKey};
use lamplit_sync::charter::Denied;
use lamplit_types::{
    AccountId, AppId, Beacon, BlobId, ByteCount, Channel, ConversationId, DeviceId, FileLimit, FileName, FileSize,
    GroupId, LinkId, MessageId, Name, PhoneNumber, Pipe, SmsCode, Text, Wall,
};
use lamplit_wire::{AppPresence, CloseReason, FileCard, Progress, credential::RootHash, server::Goodbye};

use crate::view::FileSpace;

/// What can happen to a device.
#[derive(Debug)]
pub enum Input {
    /// The deadline came.
    Tick,
    /// The user wants something. The answer is [`Event::Answer`] with the same number.
    Command(u64, Command),
    /// A transport saw a beacon.
    Sighted {
        /// The beacon.
        beacon: Beacon,
        /// Where it can be dialled.
        address: Address,
    },
    /// A beacon is seen no longer.
    Lost(Beacon),
    /// A pipe is open: one that was dialled, or one that somebody else dialled.
    Connected {
        /// A number that was never used before.
        link: LinkId,
        /// What the pipe does.
        pipe: Pipe,
        /// The dial it answers, or `None` if the other side dialled.
        dial: Option<DialId>,
    },
    /// A dial came to nothing.
    DialFailed(DialId),
    /// Bytes came in.
    Received {
        /// Over which link.
        link: LinkId,
        /// On which of its channels.
        channel: Channel,
        /// The bytes.
        bytes: Vec<u8>,
    },
    /// A pipe ended.
    Disconnected(LinkId),
    /// The other end of a link asks for a file. The answer is [`Transmit::Serve`] with the same number.
    Asked {
        /// Over which link.
        link: LinkId,
        /// To answer with.
        ask: AskId,
        /// Which file.
        blob: BlobId,
    },
    /// What came of [`Transmit::Fetch`]: where the file is now, or why it is not here.
    Fetched {
        /// Which file.
        blob: BlobId,
        /// Its path.
        result: Result<String, FetchError>,
    },
    /// The lane of an ask has ended, whatever came of it.
    Served(AskId),
    /// A file that is said to be here is not there any more, or is not what it was.
    FileLost(BlobId),
}

/// Numbers an ask for a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AskId(pub u64);

/// All that is needed to fetch a file or to serve it.
#[derive(Clone, PartialEq, Eq)]
pub struct FileJob {
    /// Which.
    pub blob: BlobId,
    /// Opens it.
    pub key: [u8; 32],
    /// BLAKE3 of the file.
    pub hash: [u8; 32],
    /// Its size.
    pub size: FileSize,
    /// What it is called.
    pub name: FileName,
    /// Where it is, if it is here.
    pub place: Option<String>,
}

impl core::fmt::Debug for FileJob {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("FileJob").field("blob", &self.blob).finish_non_exhaustive()
    }
}

impl Drop for FileJob {
    fn drop(&mut self) {
        zeroize::Zeroize::zeroize(&mut self.key);
    }
}

/// Why a file could not be fetched. What came of it is kept, and it is tried again.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    /// The other device has it no more, or not yet.
    #[error("the other device does not have the file now: it is asked again")]
    NotThere,
    /// The other device has too much to do.
    #[error("the other device sends too many files at once: it is tried again")]
    Busy,
    /// The link ended, or nothing came for too long.
    #[error("the link broke: it goes on when the other device is near again")]
    Broken,
    /// What came was not the file.
    #[error(
        "the other device sent something else than the file it announced: nothing of that was kept, and it is asked again; if this goes on, let it be sent anew"
    )]
    Lied,
    /// It cannot be kept.
    #[error("the file cannot be kept: {0}")]
    Storage(String),
}

/// A file to send.
#[derive(Clone)]
pub struct NewFile {
    /// All that others need to fetch it.
    pub card: Box<FileCard>,
    /// Where it is.
    pub place: String,
}

impl core::fmt::Debug for NewFile {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("NewFile").field("card", &self.card).finish_non_exhaustive()
    }
}

/// Where a device can be dialled, in the words of the transport that saw it; the node only hands it back.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Address(pub String);

/// Numbers a dial.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DialId(pub u64);

/// What a user can ask for.
#[derive(Clone, Debug)]
pub enum Command {
    /// Say something to a contact.
    Say {
        /// To whom.
        to: ConversationId,
        /// What.
        text: Text,
    },
    /// Send a file.
    SendFile {
        /// In which conversation.
        to: ConversationId,
        /// What.
        file: NewFile,
    },
    /// Fetch a file that was offered.
    FetchFile(MessageId),
    /// Take a file back that was sent, or do not fetch one that was offered.
    CancelFile(MessageId),
    /// Let files from other devices take so much here. Nothing is deleted, and what is on its way still comes.
    LimitFiles(FileLimit),
    /// Messages of a conversation were shown to the user.
    MarkRead {
        /// Which.
        conversation: ConversationId,
        /// The last message that was shown, by its index; `None`: all up to now were.
        up_to: Option<u64>,
    },
    /// Make an invite that one person can use.
    Invite {
        /// Where this device can be dialled, at most 8.
        addresses: Vec<std::net::SocketAddr>,
    },
    /// Accept somebody's invite.
    Accept(Box<Invite>),
    /// Light an app, or let it go dark.
    Light {
        /// The app.
        app: AppId,
        /// Lit or dark.
        on: bool,
    },
    /// Change what contacts see as this account's name.
    SetName(Name),
    /// Call a contact something else; `None`: what they call themselves.
    RenameContact {
        /// The contact.
        contact: AccountId,
        /// The name for them.
        alias: Option<Name>,
    },
    /// Keep a note about a contact; `None` removes it.
    SetNote {
        /// The contact.
        contact: AccountId,
        /// The note.
        note: Option<Text>,
    },
    /// Keep what came of comparing the safety code with a contact.
    KeepCompared {
        /// The contact.
        contact: AccountId,
        /// The contact's root that the code was made of, as [`crate::view::safety`] showed both.
        root: RootHash,
        /// What came of it.
        compared: Compared,
    },
    /// Forget a contact: keys, card and presence. Messages stay.
    RemoveContact(AccountId),
    /// Make a code by which one new device can join this account. The one before is good no more.
    LinkDevice {
        /// Where this device can be dialled, at most 8.
        addresses: Vec<std::net::SocketAddr>,
    },
    /// No device may join any more by the code that was made last.
    EndLinking,
    /// Call one of the account's devices something else.
    RenameDevice {
        /// Which; `None`: this one.
        device: Option<DeviceId>,
        /// The name for it.
        name: Name,
    },
    /// Remove one of the account's devices, with the root key that follows from the recovery phrase. All others get new keys.
    RemoveDevice {
        /// Which.
        device: DeviceId,
        /// The key of the account.
        root: Arc<RootKey>,
    },
    /// Found a group with some contacts; the answer names it.
    CreateGroup {
        /// What it is called.
        name: Name,
        /// Who is in it beside the owner.
        members: Vec<AccountId>,
    },
    /// Call a group something else, for all its members.
    RenameGroup {
        /// Which.
        group: GroupId,
        /// Its new name.
        name: Name,
    },
    /// Add contacts to a group.
    AddMembers {
        /// Which.
        group: GroupId,
        /// Whom.
        members: Vec<AccountId>,
    },
    /// Remove somebody from a group: they get nothing more of it.
    RemoveMember {
        /// Which.
        group: GroupId,
        /// Whom.
        member: AccountId,
    },
    /// Let a member of a group add and remove others, or no longer.
    NameAdmin {
        /// Which.
        group: GroupId,
        /// Whom.
        member: AccountId,
        /// Whether they may.
        admin: bool,
    },
    /// Leave a group. Messages stay.
    LeaveGroup(GroupId),
    /// Use another server from now on, or none.
    UseServer(Option<Address>),
    /// Have a code sent to a telephone number, to show that it is the account's. [`crate::Node::number`] says what became of it.
    AskCode(PhoneNumber),
    /// The code that came there.
    ShowCode(SmsCode),
    /// Have no telephone number any more.
    FreeNumber,
    /// Dial an address at which a contact is expected.
    Dial {
        /// The contact.
        contact: AccountId,
        /// Where.
        address: Address,
    },
}

/// Whether the safety code with a contact was compared, and what came of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Compared {
    /// Nobody compared it, or what was compared was made of another root.
    #[default]
    NotYet,
    /// Both saw the same.
    Same,
    /// The two saw different codes: somebody may stand between them.
    Different,
}

/// What a command came to.
#[derive(Clone, Debug)]
pub enum Answer {
    /// It is done and committed.
    Done,
    /// The message is committed and will be sent.
    Saying(MessageId),
    /// The invite.
    Invited(Box<Invite>),
    /// The link code.
    Linking(Box<LinkCode>),
    /// The new group.
    Founded(GroupId),
}

/// Why a command was refused. Nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
    /// Nobody of that id among the contacts.
    #[error("no such contact: `lamplit contacts` lists them")]
    UnknownContact,
    /// The contact's devices are not known.
    #[error("this contact has not accepted the invite yet")]
    NotYetAccepted,
    /// No device of that id on this account.
    #[error("no such device on this account: `lamplit devices` lists them")]
    UnknownDevice,
    /// It would remove itself.
    #[error("this is the device in your hands: remove it from another one of yours")]
    ThisDevice,
    /// Another account's root key.
    #[error("this recovery phrase is not the one of this account")]
    WrongPhrase,
    /// It cannot be removed.
    #[error("this device cannot be removed: no other would be left, or the account has had too many removals")]
    NotRemovable,
    /// This device was removed.
    #[error("{}", crate::text::REMOVED)]
    Removed,
    /// Too many devices.
    #[error("an account has at most {max} devices: remove one first", max = lamplit_types::limits::DEVICES)]
    TooManyDevices,
    /// Too many contacts.
    #[error("there is room for {max} contacts and all is taken: remove one first", max = lamplit_types::limits::CONTACTS)]
    TooManyContacts,
    /// Too many open invites.
    #[error("{max} invites are open: wait until one is used or past its date", max = crate::limits::INVITES)]
    TooManyInvites,
    /// An invite of this account.
    #[error("this is your own invite: send it to the person you want to meet")]
    OwnInvite,
    /// Somebody who is a contact already.
    #[error("you know this person already: `lamplit contacts` lists them")]
    AlreadyContact,
    /// An invite past its date.
    #[error("this invite was good until {until}: ask for a new one", until = lamplit_identity::Date(*.0))]
    InviteExpired(Wall),
    /// More addresses than an invite holds.
    #[error("an invite holds at most {max} addresses", max = lamplit_identity::INVITE_ADDRESSES)]
    TooManyAddresses,
    /// A note over its limit.
    #[error("a note has at most {max} bytes of UTF-8", max = crate::limits::NOTE_BYTES)]
    NoteTooLong,
    /// What was compared is not the safety code with this contact.
    #[error(
        "the codes differ: this is not the safety code with that contact here, and nothing was changed. Look again, both of you, each \
         at the code with the other; if they still differ, somebody may stand between you: `lamplit safety WHO --not-same` keeps that"
    )]
    CodesDiffer,
    /// No address to dial.
    #[error("an invite needs an address: is any network up?")]
    NoAddress,
    /// Too many lit apps to fit into one presence.
    #[error("no more apps can be lit at once: let one go dark first")]
    TooManyApps,
    /// Too much waits for one device.
    #[error("{max} messages wait for one of their devices: they have to come near first", max = crate::limits::OUTBOX)]
    OutboxFull,
    /// No file of that message.
    #[error("no such file: `lamplit files` lists them")]
    UnknownFile,
    /// The sender took it back.
    #[error("its sender took this file back, or has it no more: ask them to send it again")]
    FileWithdrawn,
    /// No room for a further file, of that size.
    #[error(
        "no room for {} more: files of others have {} here and {} on their way, of {} that they may have. Delete some of them, \
         which is noticed within the hour, or allow more: `lamplit storage --limit SIZE`",
        ByteCount(.0.bytes()), ByteCount(.1.here), ByteCount(.1.coming), ByteCount(.1.limit.bytes())
    )]
    FilesFull(FileSize, FileSpace),
    /// Too many files are to be fetched.
    #[error("{max} files are to be fetched already: wait until some are here, or cancel some", max = crate::limits::WANTED)]
    TooManyWanted,
    /// No group of that id that the owner is in.
    #[error("you are in no such group: `lamplit group list` shows those you are in")]
    UnknownGroup,
    /// Not in the group.
    #[error("nobody of that name is in the group: `lamplit group show` tells who is")]
    UnknownMember,
    /// The founder of a group, who is an admin of it for good.
    #[error("who founded a group is always an admin of it")]
    Founder,
    /// In the group already.
    #[error("they are in the group already")]
    AlreadyMember,
    /// Too many groups.
    #[error("there is room for {max} groups and all is taken: leave one first", max = lamplit_types::limits::GROUPS)]
    TooManyGroups,
    /// Too many members.
    #[error("a group has at most {max} members: remove one first", max = lamplit_types::limits::GROUP_MEMBERS)]
    GroupFull,
    /// Too many were in it.
    #[error("{max} people have been in this group, and it can remember no more: found a new one", max = lamplit_types::limits::GROUP_PEOPLE)]
    GroupWornOut,
    /// No server.
    #[error("telephone numbers are shown to a server, and none is used: `lamplit server use LINK`")]
    NoServer,
    /// The server is not reached.
    #[error("the server is not reached now: `lamplit server` tells why; try again once it is")]
    ServerAway,
    /// A code for which none was asked.
    #[error("no code was asked for: `lamplit register NUMBER` has one sent")]
    NoCodeAsked,
    /// Not the owner's to do.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The database failed.
    #[error("nothing was changed: {0}")]
    Storage(String),
}

/// Why somebody who asks for a file does not get it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotServed {
    /// It is not here, or not for them.
    NotHere,
    /// Their account is being served as much as one may be.
    Busy,
}

/// What the world must do for the device, once its writes are committed.
#[derive(Debug)]
pub enum Transmit {
    /// Put bytes into a pipe.
    Send {
        /// Which.
        link: LinkId,
        /// Where in it.
        channel: Channel,
        /// The bytes.
        bytes: Vec<u8>,
    },
    /// End a pipe, after what was sent before.
    Close(LinkId),
    /// Try to open a pipe.
    Dial {
        /// To answer with.
        dial: DialId,
        /// Where.
        address: Address,
    },
    /// Show this beacon from now on, in place of the one before.
    Advertise(Beacon),
    /// The other end of a link has proved who it is: it may open lanes.
    AllowLanes(LinkId),
    /// Fetch a file over a lane of that link, in place of an earlier try. What comes of it is [`Input::Fetched`].
    Fetch {
        /// Over which link.
        link: LinkId,
        /// What.
        file: FileJob,
    },
    /// Stop fetching or serving a file, and throw away the part of it that came.
    StopFile(BlobId),
    /// A file that was fetched is known to be here: it is the user's from now on.
    FileKept(BlobId),
    /// Answer somebody who asked for a file.
    Serve {
        /// Who.
        ask: AskId,
        /// The file, or why it is not served.
        file: Result<FileJob, NotServed>,
    },
    /// Stop answering somebody: the file is not for them any more.
    StopServing(AskId),
}

/// What a screen or a test may want to know. All of it is committed.
#[derive(Clone, Debug)]
pub enum Event {
    /// The answer to [`Input::Command`] of that number.
    Answer(u64, Result<Answer, CommandError>),
    /// Somebody became a contact.
    ContactAdded(AccountId),
    /// What is known about a contact changed.
    ContactChanged(AccountId),
    /// A contact is gone.
    ContactRemoved(AccountId),
    /// An invite could not be accepted; the reason is the other's, or ours.
    AcceptFailed {
        /// Who made the invite.
        inviter: AccountId,
        /// Why.
        error: AcceptError,
    },
    /// The owner is in a group now: founded here or elsewhere, or added.
    GroupAdded(GroupId),
    /// A group's name, its members or what is unread in it changed.
    GroupChanged(GroupId),
    /// The owner is in a group no more. Its messages stay.
    GroupEnded(GroupId),
    /// A message came in, from a contact or from another device of the owner.
    Message {
        /// With whom the conversation is.
        conversation: ConversationId,
        /// The message; [`crate::view::message`] reads it.
        id: MessageId,
        /// Which account wrote it.
        from: AccountId,
        /// The device it came from.
        device: DeviceId,
    },
    /// A message has come further.
    Progress {
        /// With whom the conversation is.
        conversation: ConversationId,
        /// The message.
        id: MessageId,
        /// How far it has come; in a group, with one of its members.
        progress: Progress,
    },
    /// The owner said how much files from other devices may take here.
    FileLimit(FileLimit),
    /// What is known about a file changed.
    File {
        /// With whom the conversation is.
        conversation: ConversationId,
        /// The message that is the file.
        id: MessageId,
    },
    /// A contact's lit apps changed; [`crate::Node::lit`] has them all.
    Presence(AccountId),
    /// A device can be reached directly, or no longer.
    Near {
        /// Whose.
        account: AccountId,
        /// Which.
        device: DeviceId,
        /// Whether it can.
        reachable: bool,
    },
    /// A device joined the account.
    DeviceAdded(DeviceId),
    /// What is known about a device of the account changed.
    DeviceChanged(DeviceId),
    /// A device is of the account no more.
    DeviceRemoved(DeviceId),
    /// The conversations are told to a new device, or this new device is told them.
    Past {
        /// The other device.
        device: DeviceId,
        /// Whether this one tells.
        gives: bool,
        /// How many messages were told so far.
        told: u64,
        /// How many there are.
        total: u64,
        /// Whether that is all.
        last: bool,
    },
    /// Another device showed how late it is there, which is news; [`crate::Node::clocks`] has all that is known.
    Clock,
    /// The connection to the server came or went.
    Server(ServerState),
    /// How the account stands with its telephone number changed; [`crate::Node::number`] says it.
    Number,
    /// Something that somebody should look at.
    Warning(Warning),
}

/// Whether the account's server is there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ServerState {
    /// The account uses no server.
    #[default]
    None,
    /// It is not reached now. Why, if it said so.
    Away(Option<Goodbye>),
    /// It knows this device, and carries its mail.
    Connected,
}

/// Why accepting an invite ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AcceptError {
    /// The inviter closed the link and said why.
    #[error("{}", crate::text::close_reason(*.0))]
    Refused(CloseReason),
    /// The one who answered is not the one who invited.
    #[error("somebody else answered at the address in the invite: nothing was told to them; ask for a new invite")]
    Impostor,
    /// Nobody answered in time.
    #[error("nobody answered: is the other device on and on this network?")]
    Unreachable,
}

/// Something is wrong, but the device goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Warning {
    /// A contact showed two different device lists of one generation.
    #[error("a contact's device list has two histories: compare safety codes before you trust it")]
    ListConflict(AccountId),
    /// Somebody who had an invite said to be a contact, with another root than that contact's.
    #[error(
        "somebody who has an invite of yours said to be a contact of yours, without that contact's keys: they were turned away and \
         nothing was changed; hand invites over in person"
    )]
    Impostor(AccountId),
    /// Somebody holds another device list of this account, of the same generation.
    #[error(
        "another device holds a different list of this account's devices: if you removed devices on two of them at once, \
         remove one on this device again; if not, somebody has your recovery phrase"
    )]
    OwnListConflict,
    /// This very device was removed from its account.
    #[error("{}", crate::text::REMOVED)]
    Removed,
    /// A device of the owner was shown its own later past.
    #[error("this device was restored from an older backup; it took a new life and repairs what it missed")]
    Restored,
    /// A certificate ran out.
    #[error(
        "a device's certificate does not count by this clock: it is refused until it shows a renewed one; is a clock wrong?"
    )]
    CertificateExpired(DeviceId),
    /// Clocks differ by more than anything can be checked with.
    #[error("this clock and another device's differ by more than a day: set the clock")]
    Clock,
    /// A contact's program is newer than this one.
    #[error("somebody sent what only a newer Lamplit understands: it is kept; update to see it")]
    LaterVersion(AccountId),
    /// A file cannot be sent any more.
    #[error("a file that was sent has changed or is gone before everybody had it: send it again")]
    FileLost,
    /// A file came that is none.
    #[error("a contact's device sent something else than the file it announced: nothing of it was kept")]
    FileLied(AccountId),
    /// Quarantine is full.
    #[error("too many records wait for their time: some were refused and will be asked for again")]
    QuarantineFull,
    /// The server takes no more records of this account.
    #[error(
        "the server has no more room for this account's contacts and settings: what changes reaches others only nearby"
    )]
    ServerFull,
}

/// What a contact's device says its user is on, with what is known about that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lit {
    /// The device that said so.
    pub device: DeviceId,
    /// The apps.
    pub apps: Vec<AppPresence>,
    /// When to stop believing it.
    pub expires: Wall,
}
