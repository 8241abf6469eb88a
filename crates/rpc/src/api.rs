//! What goes over the local socket and the WebSocket: every method, its parameters and its result.
//!
//! These types are the interface and nothing else: they are neither what travels between devices nor what the
//! database holds, so each can change alone. Ids are text (accounts as UUIDs, groups with `group-` before, devices and messages in hexadecimal),
//! times are milliseconds since 1970-01-01 UTC and end in `_ms`. A conversation is named by the contact or the group it is
//! with.

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::{Error, ErrorCode};

/// One method of the interface: a parameter type that knows its name and its result.
pub trait Method: Serialize + DeserializeOwned + JsonSchema + Send {
    /// The method's name.
    const NAME: &'static str;
    /// What it answers with.
    type Result: Serialize + DeserializeOwned + JsonSchema + Send;
}

/// What describes a method: its name, and the schemas of its parameters and its result.
pub(crate) struct Described {
    pub(crate) name: &'static str,
    pub(crate) params: Schema,
    pub(crate) result: Schema,
}

macro_rules! methods {
    ($($(#[$doc:meta])* $name:literal => $params:ident -> $result:ident $({ $($(#[$field_doc:meta])* $field:ident: $kind:ty),* $(,)? })?;)*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
            #[serde(deny_unknown_fields)]
            pub struct $params { $($($(#[$field_doc])* pub $field: $kind,)*)? }

            impl Method for $params {
                const NAME: &'static str = $name;
                type Result = $result;
            }
        )*

        /// A call: a method with its parameters.
        #[derive(Clone, Debug)]
        pub enum Call {
            $($(#[$doc])* $params($params),)*
        }

        impl Call {
            /// A call of this method with these parameters.
            pub(crate) fn parse(method: &str, params: Value) -> Result<Self, Error> {
                match method {
                    $($name => read(method, params).map(Self::$params),)*
                    _ => Err(unknown_method()),
                }
            }

            /// The method's name.
            pub const fn method(&self) -> &'static str {
                match self {
                    $(Self::$params(_) => $name,)*
                }
            }

            /// The parameters, as they travel.
            ///
            /// # Errors
            /// None that is known: every parameter has its place in JSON.
            pub fn params(&self) -> serde_json::Result<Value> {
                match self {
                    $(Self::$params(params) => serde_json::to_value(params),)*
                }
            }
        }

        /// The names of all methods.
        pub const METHODS: &[&str] = &[$($name),*];

        /// All methods. Schemas of types with names go to the generators' definitions.
        pub(crate) fn describe(asked: &mut SchemaGenerator, answered: &mut SchemaGenerator) -> Vec<Described> {
            vec![$(Described {
                name: $name,
                params: $params::json_schema(asked),
                result: answered.subschema_for::<$result>(),
            }),*]
        }
    };
}

methods! {
    /// On the WebSocket, the first call: makes the daemon show that it knows the token. See docs/api.md.
    "hello" => Hello -> Greeting {
        /// 32 random bytes, as 64 hexadecimal digits in small letters.
        nonce: String,
    };
    /// On the WebSocket, the second call: shows the daemon that the program knows the token. See docs/api.md.
    "authenticate" => Authenticate -> Done {
        /// HMAC-SHA256 under the token of `lamplit 1 program PORT NONCE NONCE`, the program's nonce first, in hexadecimal.
        proof: String,
    };
    /// This interface itself, as an OpenRPC document.
    "rpc.discover" => Discover -> Document;
    /// How this device is.
    "status" => GetStatus -> Status;
    /// A page of contacts, in the order of their ids.
    "contacts" => GetContacts -> ContactPage {
        /// The last contact of the page before.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<String>,
        /// How many at most, up to 200, which is also what comes if nothing is said. Fewer come where they are long.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        limit: Option<usize>,
    };
    /// Says something in a conversation. It is committed when the answer comes, and sent to each device when it is near.
    "say" => Say -> Said {
        /// The contact or group.
        conversation: String,
        /// What to say.
        text: String,
    };
    /// A page of a conversation, newest message first.
    "history" => GetHistory -> HistoryPage {
        /// The contact or group.
        conversation: String,
        /// The index of the oldest message of the page before.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        before: Option<u64>,
        /// How many at most, up to 200, which is also what comes if nothing is said. Fewer come where they are long.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        limit: Option<usize>,
    };
    /// Sends a file. It is read through first; the answer comes when the message is committed, and the file goes to whoever
    /// fetches it.
    "send_file" => SendFile -> Said {
        /// The conversation.
        conversation: String,
        /// The file's absolute path on the daemon's machine.
        path: String,
        /// What to say with it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        caption: Option<String>,
        /// Whether a picture keeps what it tells beside itself: where it was taken, when, and with what.
        #[serde(default)]
        keep_metadata: bool,
    };
    /// A page of all messages that are files, in the order of the files' ids.
    "files" => GetFiles -> FilePage {
        /// The last file of the page before.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<String>,
        /// How many at most, up to 200.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        limit: Option<usize>,
    };
    /// One file, as `files` has it, and what is done with it just now.
    "file" => GetFile -> FileNow {
        /// The message that is the file.
        message: String,
    };
    /// Fetches a file that was offered.
    "fetch_file" => FetchFile -> Done {
        /// The message that is the file.
        message: String,
    };
    /// Takes a file back that was sent, or declines one that was offered.
    "cancel_file" => CancelFile -> Done {
        /// The message that is the file.
        message: String,
    };
    /// Files that are under way just now.
    "transfers" => GetTransfers -> Transfers;
    /// What files from other devices take on this one, and what they may take.
    "file_space" => GetFileSpace -> FileSpace;
    /// Sets what files from other devices may take on this one. One that would go beyond it is not fetched, and `fetch_file` says so.
    /// Under less than they take already nothing is deleted, and what is on its way still comes.
    "set_file_limit" => SetFileLimit -> Done {
        /// Bytes, from 1 MiB to 16 TiB; 64 GiB on a new device.
        limit: u64,
    };
    /// The small likeness of a picture, which came with its message: to show before the picture itself is fetched.
    "preview" => GetPreview -> Preview {
        /// Which file.
        file: String,
    };
    /// Makes an invite for one person.
    "invite" => Invite -> Invited;
    /// Accepts an invite. The answer means that it is being tried; an event tells how it ended.
    "accept" => Accept -> Accepting {
        /// The link.
        link: String,
    };
    /// Lights an app.
    "light" => Light -> Done {
        /// The app.
        app: String,
    };
    /// Lets an app go dark.
    "dark" => Dark -> Done {
        /// The app.
        app: String,
    };
    /// Marks messages of a conversation as read.
    "mark_read" => MarkRead -> Done {
        /// The contact or group.
        conversation: String,
        /// The last message that was shown, by its index; without it all were.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        up_to: Option<u64>,
    };
    /// Who can be reached directly now, and over what.
    "nearby" => GetNearby -> Nearby;
    /// Changes the name that contacts see.
    "set_name" => SetName -> Done {
        /// The name.
        name: String,
    };
    /// Calls a contact something else.
    "rename" => Rename -> Done {
        /// The contact.
        contact: String,
        /// The name for them; `null`: what they call themselves.
        name: Option<String>,
    };
    /// Keeps a note about a contact.
    "note" => Note -> Done {
        /// The contact.
        contact: String,
        /// The note; `null` removes it.
        note: Option<String>,
    };
    /// The safety code with a contact, for the two to compare: if both see the same, nobody stands between them.
    "safety" => GetSafety -> Safety {
        /// The contact.
        contact: String,
    };
    /// Keeps what came of comparing the safety code with a contact, on all devices of the account; nobody else sees it. A program that
    /// has the other's code from a camera compares it by this call, as `same`: what is not the code here is error 22, and nothing
    /// is kept.
    "mark_safety" => MarkSafety -> Done {
        /// The contact.
        contact: String,
        /// The code that was compared: 60 digits, with any spaces or none. It must be the one that `safety` shows.
        code: String,
        /// What came of it; `not_yet` forgets what came of it before.
        compared: Compared,
    };
    /// Forgets a contact. Messages stay.
    "remove_contact" => RemoveContact -> Done {
        /// The contact.
        contact: String,
    };
    /// A page of groups, in the order of their ids; those that the owner is in no more too.
    "groups" => GetGroups -> GroupPage {
        /// The last group of the page before.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<String>,
        /// How many at most; no more than [`crate::limits::PAGE`].
        #[serde(default, skip_serializing_if = "Option::is_none")]
        limit: Option<usize>,
    };
    /// Founds a group with some contacts.
    "create_group" => CreateGroup -> Founded {
        /// What it is called.
        name: String,
        /// The contacts.
        members: Vec<String>,
    };
    /// Calls a group something else, for all its members.
    "rename_group" => RenameGroup -> Done {
        /// The group.
        group: String,
        /// Its new name.
        name: String,
    };
    /// Adds contacts to a group.
    "add_members" => AddMembers -> Done {
        /// The group.
        group: String,
        /// The contacts.
        members: Vec<String>,
    };
    /// Removes a member from a group: they get nothing more of it.
    "remove_member" => RemoveMember -> Done {
        /// The group.
        group: String,
        /// The member's account.
        member: String,
    };
    /// Lets a member of a group add and remove others, or no longer.
    "name_admin" => NameAdmin -> Done {
        /// The group.
        group: String,
        /// The member's account.
        member: String,
        /// Whether they may.
        admin: bool,
    };
    /// Leaves a group. Messages stay.
    "leave_group" => LeaveGroup -> Done {
        /// The group.
        group: String,
    };
    /// Dials an address at which a contact is expected.
    "dial" => Dial -> Done {
        /// The contact.
        contact: String,
        /// The address, such as `192.168.1.7:41234`.
        address: String,
    };
    /// Lets a server carry the account's messages when people are apart. It can read none of them. Another one was used before:
    /// that one no more.
    "use_server" => UseServer -> Done {
        /// The server's link, as whoever runs it gives it out: `lamplit:server/…@HOST:PORT`.
        server: String,
    };
    /// Uses no server any more.
    "leave_server" => LeaveServer -> Done;
    /// Has a code of six digits sent to a telephone number, to show that it is the account's. `number` in the status says what
    /// became of it.
    "request_code" => RequestCode -> Done {
        /// The number with its country code, such as `+8613800138000`.
        number: String,
    };
    /// Shows the code that came: the number is the account's then, and contacts see it. `number` in the status says what became of
    /// it.
    "show_code" => ShowCode -> Done {
        /// The code.
        code: String,
    };
    /// Gives the account's telephone number up.
    "free_number" => FreeNumber -> Done;
    /// Makes a code by which one new device can join this account. The one before is good no more.
    "link" => LinkDevice -> Linking;
    /// No device can join any more by the code that was made last.
    "end_link" => EndLink -> Done;
    /// The devices of this account.
    "devices" => GetDevices -> DeviceList;
    /// Calls a device of this account something else. Contacts do not see it.
    "rename_device" => RenameDevice -> Done {
        /// The device; `null`: this one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        device: Option<String>,
        /// The name for it.
        name: String,
    };
    /// Removes a device of this account. All others get new keys, and what the removed one would read from then on is
    /// sealed with those.
    "remove_device" => RemoveDevice -> Done {
        /// The device.
        device: String,
        /// The recovery phrase of the account.
        phrase: String,
    };
    /// Stops the daemon. The connection ends when it has stopped.
    "stop" => Stop -> Done;
    /// Tells this connection what happens from now on, beginning with how things are.
    "subscribe" => Subscribe -> Snapshot;
}

/// Reads the parameters of a method.
pub(crate) fn read<M: Method>(method: &str, params: Value) -> Result<M, Error> {
    // Of an array serde would take the fields in their order, which is not promised.
    if params.is_array() {
        let message = format!("{method}: parameters are given by name, in an object, and not as an array");
        return Err(Error::new(ErrorCode::InvalidParams, message));
    }
    serde_json::from_value(params).map_err(|error| Error::new(ErrorCode::InvalidParams, format!("{method}: {error}")))
}

fn unknown_method() -> Error {
    let known = METHODS.join(", ");
    Error::new(ErrorCode::MethodNotFound, format!("there is no such method; there are {known}"))
}

/// It is done and committed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Done {}

/// The daemon's half of the greeting on the WebSocket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Greeting {
    /// The daemon's nonce: 64 hexadecimal digits.
    pub nonce: String,
    /// HMAC-SHA256 under the token of `lamplit 1 daemon PORT NONCE NONCE`, the program's nonce first, in hexadecimal. A
    /// program that does not find it right is not talking to the daemon, and should tell it nothing.
    pub proof: String,
}

/// An OpenRPC document (OpenRPC 1.3).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Document(pub serde_json::Map<String, Value>);

/// How a device is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Status {
    /// The daemon's version.
    pub version: String,
    /// The account.
    pub account: String,
    /// The device.
    pub device: String,
    /// The name that contacts see.
    pub name: String,
    /// How many devices the account has.
    pub devices: usize,
    /// How many contacts.
    pub contacts: usize,
    /// Messages that were not read yet.
    pub unread: u64,
    /// Envelopes that no device of their addressee has acknowledged.
    pub waiting: u64,
    /// The apps that contacts see lit.
    pub lit: Vec<LitApp>,
    /// Contacts with a device that can be reached now.
    pub near: Vec<String>,
    /// Devices that show themselves and are nobody's known here.
    pub strangers: usize,
    /// Where this device can be dialled.
    pub addresses: Vec<String>,
    /// Whether this device shows itself on the network and looks for others there.
    pub discovery: bool,
    /// Whether devices find each other there, as far as this one can tell.
    pub hearing: Hearing,
    /// Whether the owner removed this device from the account: then it hears and says nothing more.
    pub removed: bool,
    /// How this device's clock stands to those of others that were met since the daemon started.
    pub clock: Clock,
    /// Whether what happens can be kept.
    pub storage: Storage,
    /// The server that carries what cannot go directly; `null`: the account uses none.
    pub server: Option<Server>,
    /// How the account stands with its telephone number.
    pub number: Number,
}

/// How the account stands with its telephone number. What the server said last; before that all but `asked` are `null`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Number {
    /// The account's number.
    pub number: Option<String>,
    /// Then it is somebody else's, who showed that they have it; unless this account shows before that it still has it.
    pub leaves_ms: Option<u64>,
    /// The number that the account showed to have, and that is another account's yet.
    pub coming: Option<String>,
    /// Then that is the account's, unless the other shows before that it still has it.
    pub comes_ms: Option<u64>,
    /// The number for which a code was asked and not shown yet.
    pub asked: Option<String>,
    /// What became of what was asked for last; `null`: nothing was, since the daemon started.
    pub step: Option<NumberStep>,
}

/// What became of what was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "step", rename_all = "snake_case")]
pub enum NumberStep {
    /// The server has not answered yet.
    Waiting,
    /// A code is on its way.
    Sent,
    /// No code may be sent to the number yet.
    Wait {
        /// Before that.
        until_ms: u64,
    },
    /// No text can be sent to that number.
    Unreachable,
    /// The text could not be sent; it may be tried again.
    Failed,
    /// The server sends no codes.
    Off,
    /// It is done.
    Done,
    /// The code was wrong.
    Wrong {
        /// So many more may be tried; 0: a new code is needed.
        left: u8,
    },
    /// No code is open: it is too old, was used, or was sent to another device.
    Gone,
    /// The connection to the server ended before it answered.
    Lost,
}

/// The account's server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Server {
    /// Its host and port.
    pub place: String,
    /// Whether it is reached now and knows this device.
    pub connected: bool,
    /// Why not, if it said so.
    pub why: Option<String>,
}

/// Whether devices on the network find each other by themselves, as far as this one can tell. What is heard within this machine,
/// as on loopback, does not count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Hearing {
    /// Nobody looks: discovery is off.
    #[default]
    Off,
    /// There is no network to look on, only loopback or a tunnel.
    NoNetwork,
    /// They do not: not even what this device shows itself comes back to it, on any network. A firewall drops multicast.
    Blocked,
    /// It is too early to say: a few seconds after the start, or after the network changed.
    Untested,
    /// No other machine is heard. There is none, or the network keeps devices apart.
    Alone,
    /// They do: another machine is heard, or was since this device is on the network.
    Others,
}

/// How this device's clock stands to those of others: contacts, and other devices of the account. Each shows its own now and then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Clock {
    /// None of them showed how late it is there.
    Unknown,
    /// Most of them show the same to within five minutes, or it is neither ahead of most nor behind most.
    Agrees {
        /// How many are known.
        others: usize,
    },
    /// It is ahead of most of them.
    Ahead {
        /// By about so many minutes, if not by more.
        minutes: u64,
        /// How many are known.
        others: usize,
    },
    /// It is behind most of them.
    Behind {
        /// By about so many minutes, if not by more.
        minutes: u64,
        /// How many are known.
        others: usize,
    },
    /// Another device would not have this one, since the two clocks are more than a day apart; nobody knows in which direction.
    Disputed,
}

/// Whether what happens can be kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Storage {
    /// It can.
    Working,
    /// It cannot: what was tried last was undone.
    Failing {
        /// Why, and what to do.
        reason: String,
    },
}

/// An app that somebody is on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LitApp {
    /// The app.
    pub app: String,
    /// How we know: `hand` if they said so themselves.
    pub source: String,
    /// Since when.
    pub since_ms: u64,
}

/// A contact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Contact {
    /// Their account.
    pub id: String,
    /// What to call them: the alias, or else what they call themselves.
    pub name: String,
    /// The name given to them here.
    pub alias: Option<String>,
    /// The note about them.
    pub note: Option<String>,
    /// Their telephone number, if they show one.
    pub number: Option<String>,
    /// Whether the safety code with them was compared, and what came of it.
    pub compared: Compared,
    /// How many devices they have.
    pub devices: usize,
    /// Since when they are a contact.
    pub since_ms: u64,
    /// Their messages that were not read yet.
    pub unread: u64,
    /// Whether one of their devices can be reached now.
    pub near: bool,
    /// The apps they are on.
    pub lit: Vec<LitApp>,
}

/// Whether the safety code with a contact was compared, and what came of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Compared {
    /// It was not, since they were met.
    #[default]
    NotYet,
    /// Both saw the same: nobody stands between them.
    Same,
    /// The two saw different codes: somebody may stand between them. Screens should say so where they show the contact.
    Different,
}

/// The safety code with a contact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Safety {
    /// Twelve groups of five digits, a space between each two. It is the same at the contact's end.
    pub code: String,
    /// Whether it was compared, and what came of it.
    pub compared: Compared,
}

/// Some contacts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ContactPage {
    /// The contacts.
    pub contacts: Vec<Contact>,
    /// Whether there are more after these.
    pub more: bool,
}

/// Who can be reached directly now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Nearby {
    /// Contacts, by name.
    pub people: Vec<NearPerson>,
    /// Other devices of this account.
    pub own: Vec<NearDevice>,
    /// Devices that show themselves and are nobody's known here.
    pub strangers: usize,
    /// Where this device can be dialled.
    pub addresses: Vec<String>,
    /// Whether this device shows itself on the network and looks for others there.
    pub discovery: bool,
    /// Whether devices find each other there, as far as this one can tell.
    pub hearing: Hearing,
}

/// A contact who can be reached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NearPerson {
    /// The contact.
    pub contact: String,
    /// What to call them.
    pub name: String,
    /// The apps they are on.
    pub lit: Vec<LitApp>,
    /// Their devices that can be reached.
    pub devices: Vec<NearDevice>,
}

/// A device that can be reached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NearDevice {
    /// The device.
    pub device: String,
    /// Since when.
    pub since_ms: u64,
    /// Over what.
    pub over: Over,
    /// By which protocol of the internet, where that is what carries it.
    pub family: Option<Family>,
    /// Where it is, in the words of what carries it.
    pub address: Option<String>,
}

/// What carries a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Over {
    /// The local network.
    Lan,
    /// Bluetooth Low Energy.
    Ble,
    /// A server.
    Server,
}

/// A protocol of the internet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Family {
    /// IPv4.
    Ipv4,
    /// IPv6.
    Ipv6,
}

/// How far a message has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Progress {
    /// Kept here; no device of the addressee has it yet.
    Sent,
    /// A device of the addressee has it.
    Delivered,
    /// It was shown to the addressee.
    Read,
}

/// A group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Group {
    /// Its id.
    pub id: String,
    /// What it is called.
    pub name: String,
    /// Who is in it, the owner too.
    pub members: Vec<Member>,
    /// Whether the owner is in it.
    pub joined: bool,
    /// Messages in it that were not read yet.
    pub unread: u64,
}

/// A member of a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Member {
    /// Their account.
    pub id: String,
    /// What to call them.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// Whether it is the owner.
    pub me: bool,
    /// Whether they are a contact.
    pub contact: bool,
}

/// What a member of a group may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Everything; names admins.
    Founder,
    /// Add and remove members.
    Admin,
    /// Talk, rename the group, leave.
    Member,
}

/// Some groups.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct GroupPage {
    /// The groups.
    pub groups: Vec<Group>,
    /// Whether there are more after these.
    pub more: bool,
}

/// A new group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Founded {
    /// Its id.
    pub id: String,
}

/// With how many members of a group a message has come how far.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Reach {
    /// Members who were to get it.
    pub members: usize,
    /// Of these, with a device that has it.
    pub delivered: usize,
    /// Of these, to whom it was shown.
    pub read: usize,
}

/// A message of a conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Message {
    /// Its place in the conversation on this device.
    pub index: u64,
    /// Its id, the same on every device.
    pub id: String,
    /// The contact or group the conversation is with.
    pub conversation: String,
    /// The account that wrote it.
    pub from: String,
    /// In a group: what to call them.
    pub from_name: Option<String>,
    /// Whether the owner of this device wrote it.
    pub mine: bool,
    /// The text; of a file, what was said with it, or nothing.
    pub text: String,
    /// The file, if the message is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<Box<File>>,
    /// When it was written, by the writer's clock.
    pub sent_ms: u64,
    /// When it came to this device.
    pub arrived_ms: u64,
    /// How far it has come, in a group with all of its members; only of the owner's own messages.
    pub progress: Option<Progress>,
    /// How far it has come with how many; only of the owner's own messages in a group.
    pub reach: Option<Reach>,
}

/// A file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct File {
    /// Its id, the same on every device.
    pub id: String,
    /// What its sender calls it, as a name that can be used here.
    pub name: String,
    /// Bytes.
    pub size: u64,
    /// Of a picture: its width and height in pixels.
    pub picture: Option<(u32, u32)>,
    /// Where it is.
    pub state: FileState,
    /// Accounts that have it whole.
    pub fetched_by: Vec<String>,
    /// Accounts that do not want it.
    pub declined_by: Vec<String>,
}

/// Where a file is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum FileState {
    /// Not here, until it is asked for.
    Offered,
    /// On its way, or waiting for a device that has it.
    Wanted,
    /// Here.
    Here {
        /// Its path.
        path: String,
    },
    /// It was declined.
    Declined,
    /// Its sender took it back, or has it no more.
    Withdrawn,
}

/// Some files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FilePage {
    /// The messages that are the files.
    pub files: Vec<Message>,
    /// Whether there are more after these.
    pub more: bool,
}

/// A file, and what is done with it just now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FileNow {
    /// The message that is the file.
    pub message: Message,
    /// What is done with it, as `transfers` has it: one entry for each who is at it.
    pub transfers: Vec<Transfer>,
}

/// Files that are under way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Transfers {
    /// The files.
    pub transfers: Vec<Transfer>,
}

/// What files from other devices take on this one, and what they may take. Files that were sent from here lie where their owner
/// keeps them and do not count.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FileSpace {
    /// Bytes of those that are here. One that was deleted counts for up to an hour more.
    pub here: u64,
    /// Bytes of those that are on their way or wait for a device that has them, in whole.
    pub coming: u64,
    /// What the two may be together, in bytes.
    pub limit: u64,
    /// Bytes that are free on the disk where they are kept; `null` if the system does not tell. 64 MiB of them stay free of files.
    pub free: Option<u64>,
}

/// The likeness of a picture.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Preview {
    /// A JPEG of at most 12 KiB in base64 (RFC 4648, section 4), as its sender made it; null if there is none. It is a
    /// stranger's picture as much as any: show it where pictures cannot do harm.
    pub jpeg: Option<String>,
}

/// A file that is under way, or did not come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Transfer {
    /// Which.
    pub file: String,
    /// What is done with it.
    pub kind: TransferKind,
    /// Bytes that are done.
    pub done: u64,
    /// Bytes of the file.
    pub total: u64,
    /// Why it does not come at the moment, if it was tried and failed, and what to do. It is tried again.
    pub trouble: Option<String>,
}

/// What is done with a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TransferKind {
    /// It is read before it is sent.
    Reading,
    /// It comes.
    Fetching,
    /// It goes to somebody.
    Serving,
}

/// Some messages, newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HistoryPage {
    /// The messages.
    pub messages: Vec<Message>,
    /// Whether there are older ones.
    pub more: bool,
}

/// A message that will be sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Said {
    /// Its id.
    pub id: String,
}

/// An invite.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Invited {
    /// The link to hand to one person.
    pub link: String,
    /// Until when it is good.
    pub expires_ms: u64,
}

/// A code by which a new device can join.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Linking {
    /// The code, for `lamplit init --link`.
    pub link: String,
    /// Until when it is good.
    pub expires_ms: u64,
}

/// A device of this account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Device {
    /// Its id.
    pub id: String,
    /// What it is called.
    pub name: Option<String>,
    /// Whether it is the one that answers.
    pub this: bool,
    /// Since when it is a device of the account.
    pub since_ms: u64,
    /// Whether it can be reached now.
    pub near: bool,
    /// When it was last here.
    pub seen_ms: Option<u64>,
    /// Until when its certificate is good; it renews it by itself.
    pub certificate_until_ms: u64,
}

/// The devices of this account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DeviceList {
    /// The devices, in the order of their ids.
    pub devices: Vec<Device>,
}

/// An invite that is being accepted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Accepting {
    /// The account that made the invite.
    pub contact: String,
}

/// How things are when a subscription begins. Events after it tell what changed since.
///
/// It has what every screen shows. What only some show is asked for after it, by those: open conversations with `history`, files
/// with `files` and `transfers`, who is reached over what with `nearby`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Snapshot {
    /// The device, as `status` has it.
    pub status: Status,
    /// The first contacts, as `contacts` has them.
    pub contacts: Vec<Contact>,
    /// Whether there are more after these: `contacts` has them.
    pub more_contacts: bool,
    /// The first groups, as `groups` has them.
    pub groups: Vec<Group>,
    /// Whether there are more after these: `groups` has them.
    pub more_groups: bool,
    /// All devices of this account, as `devices` has them.
    pub devices: Vec<Device>,
}

/// Something that happened; the parameters of an `event` notification.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Event {
    /// What `status` says of this device itself is different: its name, its devices, its lit apps, what waits, how many strangers
    /// show themselves, its addresses, whether it was removed, whether its clock stands with those of others, whether what happens can
    /// be kept. Told up to twice a second. Contacts, who of them is near and what is unread have events of their own.
    StatusChanged {
        /// All of it, as it is now.
        status: Box<Status>,
    },
    /// Somebody became a contact.
    ContactAdded {
        /// The contact.
        contact: Contact,
    },
    /// What is known about a contact changed.
    ContactChanged {
        /// The contact, as it is now.
        contact: Contact,
    },
    /// A contact is gone.
    ContactRemoved {
        /// Whose.
        contact: String,
    },
    /// The owner is in a group now.
    GroupAdded {
        /// The group.
        group: Group,
    },
    /// A group's name, its members or what is unread in it changed.
    GroupChanged {
        /// The group, as it is now.
        group: Group,
    },
    /// The owner is in a group no more. Its messages stay.
    GroupEnded {
        /// The group, as it was last known.
        group: Group,
    },
    /// An invite could not be accepted.
    AcceptFailed {
        /// Who made it.
        contact: String,
        /// Why, and what to do.
        reason: String,
    },
    /// A message came in.
    Message {
        /// The message.
        message: Message,
        /// Messages of the conversation that were not read yet, this one included if it is one of them: what a screen shows in
        /// place of what it showed.
        unread: u64,
    },
    /// What is known about a file changed.
    File {
        /// The message, as it is now.
        message: Message,
    },
    /// What files from other devices may take on this one is set to something else.
    FileLimitChanged {
        /// As it is now, in bytes.
        limit: u64,
    },
    /// A message has come further.
    Progress {
        /// The contact or group the conversation is with.
        conversation: String,
        /// The message.
        id: String,
        /// How far it has come, in a group with one of its members.
        progress: Progress,
    },
    /// A contact's lit apps changed.
    Presence {
        /// The contact.
        contact: String,
        /// All their lit apps.
        lit: Vec<LitApp>,
    },
    /// A contact came near, or went away.
    Near {
        /// The contact.
        contact: String,
        /// Whether one of their devices can be reached now.
        near: bool,
    },
    /// A device joined this account.
    DeviceAdded {
        /// The device.
        device: Device,
    },
    /// What is known about a device of this account changed, or it came near or went away.
    DeviceChanged {
        /// The device, as it is now.
        device: Device,
    },
    /// A device is of this account no more.
    DeviceRemoved {
        /// Its id.
        device: String,
    },
    /// Conversations are told to a new device.
    Past {
        /// The other device.
        device: String,
        /// Whether this device tells them.
        gives: bool,
        /// How many messages were told so far.
        told: u64,
        /// How many there are.
        total: u64,
        /// Whether that is all.
        last: bool,
    },
    /// Something that somebody should look at.
    Warning {
        /// What, and what to do.
        text: String,
    },
}

/// Events were dropped because the reader was slow; the parameters of a `lagged` notification. What is shown is to be
/// replaced by the snapshot, and what is not in it is to be asked for again. Events go on after it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Lagged {
    /// How many.
    pub missed: u64,
    /// How things are now; `null` if that could not be read: ask with `status`, `contacts`, `groups` and `devices`.
    pub snapshot: Option<Box<Snapshot>>,
}
