//! What goes into the model and what comes out of it.

use lamplit_rpc::api::{
    Compared, Contact, Event, FileSpace, Group, HistoryPage, Invited, Nearby, Safety, Status, Transfer,
};
use ratatui::crossterm::event::KeyEvent;

use crate::talk::Want;

/// Something that happened.
#[derive(Debug)]
pub(crate) enum Input {
    Key(KeyEvent),
    Paste(String),
    /// The terminal has this many columns and rows.
    Resized(u16, u16),
    /// Whether somebody looks, as far as the terminal tells.
    Watched(bool),
    /// What the clock says, in milliseconds since 1970-01-01 UTC.
    Tick(u64),
    /// The daemon is there, or happenings were left out: how things are.
    Whole {
        status: Box<Status>,
        contacts: Vec<Contact>,
        groups: Vec<Group>,
    },
    /// The daemon is not there, and why.
    Lost(String),
    Happened(Box<Event>),
    Answered(Answer),
}

/// Something to be done, once the screen shows what led to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    Call(Call),
    /// Hand a text to the terminal's clipboard.
    Copy(String),
    Title(String),
    /// Draw everything anew.
    Redraw,
    Leave,
}

/// Something to ask the daemon for. Calls are answered in their order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Call {
    Nearby,
    /// Files that are under way.
    Transfers,
    /// What files from other devices take here, and may take.
    FileSpace,
    Fetch {
        contact: String,
        want: Want,
        before: Option<u64>,
    },
    Say {
        ticket: u64,
        contact: String,
        text: String,
    },
    MarkRead {
        contact: String,
        up_to: u64,
    },
    Light {
        app: String,
        on: bool,
    },
    SetName(String),
    Rename {
        contact: String,
        name: Option<String>,
    },
    Note {
        contact: String,
        note: Option<String>,
    },
    /// The safety code with a contact.
    Safety {
        contact: String,
    },
    /// Keeps what came of comparing it.
    MarkSafety {
        contact: String,
        compared: Compared,
    },
    Forget {
        contact: String,
    },
    /// Begins a group with a contact.
    Found {
        name: String,
        contact: String,
    },
    RenameGroup {
        group: String,
        name: String,
    },
    /// Adds a contact to a group; with their name, to tell of it.
    Add {
        group: String,
        contact: String,
        name: String,
    },
    /// Removes a member from a group; with their name, to tell of it.
    Remove {
        group: String,
        member: String,
        name: String,
    },
    /// Lets a member of a group add and remove others, or no longer; with their name, to tell of it.
    NameAdmin {
        group: String,
        member: String,
        name: String,
        admin: bool,
    },
    LeaveGroup {
        group: String,
    },
    Dial {
        contact: String,
        address: String,
    },
    SendFile {
        conversation: String,
        path: String,
        /// Whether a picture keeps what it tells beside itself.
        keep_metadata: bool,
    },
    FetchFile(String),
    /// Declines a file that was offered; with what it is called, to tell of it.
    DeclineFile {
        message: String,
        name: String,
    },
    /// Takes a file back that was sent; with what it is called, to tell of it.
    TakeFileBack {
        message: String,
        name: String,
    },
    Invite,
    Accept {
        link: String,
    },
}

/// What came of a call.
#[derive(Debug)]
pub(crate) enum Answer {
    Nearby(Nearby),
    Transfers(Vec<Transfer>),
    FileSpace(FileSpace),
    Fetched {
        contact: String,
        want: Want,
        page: HistoryPage,
    },
    Said {
        ticket: u64,
        contact: String,
        id: String,
    },
    Invited(Invited),
    /// The safety code with a contact, and what is kept of it.
    Safety {
        contact: String,
        safety: Safety,
    },
    /// A group is there, under this id.
    Founded(String),
    /// It is done and there is nothing to tell.
    Done(Call),
    /// It was not done, and why.
    Refused(Call, String),
}
