//! From the node's types to the interface's.

use std::net::{IpAddr, SocketAddr};

use lamplit_client::{
    AppPresence, ClockStand, CommandError, CommandFailed, Compared, Event, FileNote, Handle, Hearing, LinkKind, Media,
    NumberStage, NumberState, Progress, Reach, ReadError, Server, ServerAddress, ServerState, Snapshot, Source, State,
    Storage,
    identity::{Invite, LinkCode},
    text,
    view::{self, FileStand, MessageWhat},
};
use lamplit_types::{AccountId, ConversationId, DeviceId, GroupId, Name};

use crate::{
    api,
    frame::{Error, ErrorCode},
};

pub(crate) fn status(handle: &Handle, me: &view::Me, contacts: usize, unread: u64) -> api::Status {
    let addresses = handle.addresses().iter().map(ToString::to_string).collect();
    let state = handle.state();
    api::Status {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        account: me.account.to_string(),
        device: me.device.to_string(),
        name: me.name.to_string(),
        devices: me.devices.len(),
        contacts,
        unread,
        waiting: u64::try_from(me.waiting).unwrap_or(u64::MAX),
        lit: state.own_lit.iter().map(lit_app).collect(),
        near: state.near.keys().filter(|near| **near != me.account).map(AccountId::to_string).collect(),
        strangers: state.strangers,
        addresses,
        discovery: handle.discovery(),
        hearing: handle.hearing().into(),
        removed: me.removed,
        clock: clock(handle.clock_stand()),
        storage: match &state.storage {
            Storage::Working => api::Storage::Working,
            Storage::Failing(reason) => api::Storage::Failing { reason: reason.clone() },
        },
        server: state.server.as_ref().and_then(server),
        number: number(&state.number),
    }
}

impl From<Hearing> for api::Hearing {
    fn from(hearing: Hearing) -> Self {
        match hearing {
            Hearing::Off => Self::Off,
            Hearing::NoNetwork => Self::NoNetwork,
            Hearing::Blocked => Self::Blocked,
            Hearing::Untested => Self::Untested,
            Hearing::Alone => Self::Alone,
            Hearing::Others => Self::Others,
        }
    }
}

fn server(server: &Server) -> Option<api::Server> {
    let ServerAddress { host, port, .. } = &server.address;
    let (connected, why) = match server.state {
        ServerState::None => return None,
        ServerState::Connected => (true, None),
        ServerState::Away(goodbye) => (false, goodbye.map(|goodbye| text::goodbye(goodbye).to_owned())),
    };
    Some(api::Server { place: format!("{host}:{port}"), connected, why })
}

fn number(state: &NumberState) -> api::Number {
    let (held, coming) = (state.numbers.held, state.numbers.coming);
    api::Number {
        number: held.map(|held| held.number.to_string()),
        leaves_ms: held.and_then(|held| held.leaves).map(|at| at.0),
        coming: coming.map(|coming| coming.number.to_string()),
        comes_ms: coming.map(|coming| coming.at.0),
        asked: state.asked.map(|number| number.to_string()),
        step: state.stage.map(|stage| match stage {
            NumberStage::Waiting | NumberStage::Freeing => api::NumberStep::Waiting,
            NumberStage::Sent => api::NumberStep::Sent,
            NumberStage::Wait(until) => api::NumberStep::Wait { until_ms: until.0 },
            NumberStage::Unreachable => api::NumberStep::Unreachable,
            NumberStage::Failed => api::NumberStep::Failed,
            NumberStage::Off => api::NumberStep::Off,
            NumberStage::Right => api::NumberStep::Done,
            NumberStage::Wrong(left) => api::NumberStep::Wrong { left },
            NumberStage::Gone => api::NumberStep::Gone,
            NumberStage::Lost => api::NumberStep::Lost,
        }),
    }
}

fn clock(stand: ClockStand) -> api::Clock {
    let minutes = |millis: u64| millis / 60_000;
    match stand {
        ClockStand::Unknown => api::Clock::Unknown,
        ClockStand::Agrees { others } => api::Clock::Agrees { others },
        ClockStand::Ahead { millis, others } => api::Clock::Ahead { minutes: minutes(millis), others },
        ClockStand::Behind { millis, others } => api::Clock::Behind { minutes: minutes(millis), others },
        ClockStand::Disputed => api::Clock::Disputed,
    }
}

pub(crate) fn contact(state: &State, contact: view::ContactView) -> api::Contact {
    api::Contact {
        id: contact.account.to_string(),
        name: contact.name.to_string(),
        alias: contact.alias.map(|alias| alias.to_string()),
        note: contact.note.map(|note| note.as_str().to_owned()),
        number: contact.number.map(|number| number.to_string()),
        compared: contact.compared.into(),
        devices: contact.devices,
        since_ms: contact.since.0,
        unread: contact.unread,
        near: state.near.contains_key(&contact.account),
        lit: lit(state, contact.account),
    }
}

impl From<Compared> for api::Compared {
    fn from(compared: Compared) -> Self {
        match compared {
            Compared::NotYet => Self::NotYet,
            Compared::Same => Self::Same,
            Compared::Different => Self::Different,
        }
    }
}

impl From<api::Compared> for Compared {
    fn from(compared: api::Compared) -> Self {
        match compared {
            api::Compared::NotYet => Self::NotYet,
            api::Compared::Same => Self::Same,
            api::Compared::Different => Self::Different,
        }
    }
}

/// Who can be reached: `contacts` are those of them that are known.
pub(crate) fn nearby(handle: &Handle, me: AccountId, contacts: Vec<view::ContactView>) -> api::Nearby {
    let addresses = handle.addresses().iter().map(ToString::to_string).collect();
    let state = handle.state();
    let devices = |account| state.near.get(&account).into_iter().flatten().map(near_device).collect::<Vec<_>>();
    let person = |contact: view::ContactView| api::NearPerson {
        contact: contact.account.to_string(),
        name: contact.name.to_string(),
        lit: lit(&state, contact.account),
        devices: devices(contact.account),
    };
    let mut people: Vec<_> = contacts.into_iter().map(person).filter(|person| !person.devices.is_empty()).collect();
    people.sort_by_cached_key(|person| person.name.to_lowercase());
    api::Nearby {
        people,
        own: devices(me),
        strangers: state.strangers,
        addresses,
        discovery: handle.discovery(),
        hearing: handle.hearing().into(),
    }
}

fn near_device((device, reach): (&DeviceId, &Reach)) -> api::NearDevice {
    let family = reach.address.as_ref().and_then(|address| address.rest().parse::<SocketAddr>().ok());
    api::NearDevice {
        device: device.to_string(),
        since_ms: reach.since.0,
        over: match reach.kind {
            LinkKind::Lan => api::Over::Lan,
            LinkKind::Ble => api::Over::Ble,
            LinkKind::Server => api::Over::Server,
        },
        family: family.map(|address| match address.ip().to_canonical() {
            IpAddr::V4(_) => api::Family::Ipv4,
            IpAddr::V6(_) => api::Family::Ipv6,
        }),
        address: reach.address.as_ref().map(|address| address.rest().to_owned()),
    }
}

/// The apps somebody is on; an app that several devices show is told once, with the earliest time.
pub(crate) fn lit(state: &State, account: AccountId) -> Vec<api::LitApp> {
    let mut apps: Vec<api::LitApp> = Vec::new();
    for app in state.lit.get(&account).into_iter().flatten().flat_map(|device| &device.apps) {
        let app = lit_app(app);
        match apps.iter_mut().find(|known| known.app == app.app) {
            Some(known) => known.since_ms = known.since_ms.min(app.since_ms),
            None => apps.push(app),
        }
    }
    apps
}

/// What to call those who write in a conversation, where that has to be said.
pub(crate) type Names = Vec<(AccountId, Name)>;

pub(crate) fn names(read: &Snapshot, conversation: ConversationId) -> Result<Names, ReadError> {
    match conversation {
        ConversationId::Account(_) => Ok(Vec::new()),
        ConversationId::Group(group) => view::names(read, group),
    }
}

pub(crate) fn group(group: view::GroupView) -> api::Group {
    api::Group {
        id: group.group.to_string(),
        name: group.name.map_or_else(|| "unnamed group".to_owned(), |name| name.to_string()),
        members: group.members.into_iter().map(member).collect(),
        joined: group.is_member,
        unread: group.unread,
    }
}

fn member(member: view::MemberView) -> api::Member {
    api::Member {
        id: member.account.to_string(),
        name: member.name.to_string(),
        role: match member.role {
            view::Role::Founder => api::Role::Founder,
            view::Role::Admin => api::Role::Admin,
            view::Role::Member => api::Role::Member,
        },
        me: member.is_me,
        contact: member.is_contact,
    }
}

pub(crate) fn message(message: view::MessageView, names: &Names) -> api::Message {
    let from_name = names.iter().find(|(account, _)| *account == message.from).map(|(_, name)| name.to_string());
    let progress = message.progress.map_or(api::Progress::Sent, progress);
    api::Message {
        index: message.index,
        id: message.id.to_string(),
        conversation: message.conversation.to_string(),
        from: message.from.to_string(),
        from_name,
        mine: message.mine,
        text: message.text().to_owned(),
        file: match &message.what {
            MessageWhat::File(file) => Some(Box::new(self::file(file))),
            MessageWhat::Text(_) => None,
        },
        sent_ms: message.sent.wall.0,
        arrived_ms: message.arrived.0,
        progress: message.mine.then_some(progress),
        reach: message.reach.map(|reach| api::Reach {
            members: reach.members,
            delivered: reach.delivered,
            read: reach.read,
        }),
    }
}

fn file(file: &view::FileView) -> api::File {
    let who = |note| {
        let those = file.answers.iter().filter(move |(_, answer)| *answer == note);
        those.map(|(account, _)| account.to_string()).collect()
    };
    api::File {
        id: file.blob.to_string(),
        name: file.name.to_string(),
        size: file.size.bytes(),
        picture: match file.media {
            Media::Picture { width, height } => Some((width, height)),
            Media::Other => None,
        },
        state: match &file.state {
            FileStand::Offered => api::FileState::Offered,
            FileStand::Wanted => api::FileState::Wanted,
            FileStand::Here { place } => api::FileState::Here { path: place.clone() },
            FileStand::Declined => api::FileState::Declined,
            FileStand::Withdrawn => api::FileState::Withdrawn,
        },
        fetched_by: who(FileNote::Fetched),
        declined_by: who(FileNote::Declined),
    }
}

pub(crate) fn invited(invite: &Invite) -> Result<api::Invited, Error> {
    let link = invite.to_link().map_err(|error| Error::new(ErrorCode::BadInvite, error.to_string()))?;
    Ok(api::Invited { link, expires_ms: invite.expires.0 })
}

pub(crate) fn linking(code: &LinkCode) -> Result<api::Linking, Error> {
    let link = code.to_text().map_err(|error| Error::new(ErrorCode::BadInvite, error.to_string()))?;
    Ok(api::Linking { link, expires_ms: code.expires.0 })
}

pub(crate) fn device(state: &State, account: AccountId, device: view::DeviceView) -> api::Device {
    let near = state.near.get(&account).is_some_and(|near| near.contains_key(&device.device));
    api::Device {
        id: device.device.to_string(),
        name: device.name.map(|name| name.to_string()),
        this: device.this,
        since_ms: device.since.0,
        near,
        seen_ms: device.seen.map(|seen| seen.0),
        certificate_until_ms: device.certificate_until.0,
    }
}

/// An event with what a screen needs to show it, or `None` if that is gone again.
pub(crate) async fn event(handle: &Handle, event: Event) -> Result<Option<api::Event>, Error> {
    Ok(match event {
        Event::ContactAdded(account) => {
            load_contact(handle, account).await?.map(|contact| api::Event::ContactAdded { contact })
        }
        Event::ContactChanged(account) => {
            load_contact(handle, account).await?.map(|contact| api::Event::ContactChanged { contact })
        }
        Event::ContactRemoved(account) => Some(api::Event::ContactRemoved { contact: account.to_string() }),
        Event::AcceptFailed { inviter, error } => {
            Some(api::Event::AcceptFailed { contact: inviter.to_string(), reason: error.to_string() })
        }
        Event::GroupAdded(id) => load_group(handle, id).await?.map(|group| api::Event::GroupAdded { group }),
        Event::GroupChanged(id) => load_group(handle, id).await?.map(|group| api::Event::GroupChanged { group }),
        Event::GroupEnded(id) => load_group(handle, id).await?.map(|group| api::Event::GroupEnded { group }),
        Event::Message { id, conversation, .. } => handle
            .read(move |read| {
                Ok((view::message(read, id)?, names(read, conversation)?, view::unread(read, conversation)?))
            })
            .await
            .map(|(found, names, unread)| {
                found.map(|found| api::Event::Message { message: message(found, &names), unread })
            })?,
        Event::File { id, conversation } => handle
            .read(move |read| Ok((view::message(read, id)?, names(read, conversation)?)))
            .await
            .map(|(found, names)| found.map(|found| api::Event::File { message: message(found, &names) }))?,
        Event::FileLimit(limit) => Some(api::Event::FileLimitChanged { limit: limit.bytes() }),
        Event::Progress { conversation, id, progress: reached } => Some(api::Event::Progress {
            conversation: conversation.to_string(),
            id: id.to_string(),
            progress: progress(reached),
        }),
        Event::Presence(account) => {
            Some(api::Event::Presence { contact: account.to_string(), lit: lit(&handle.state(), account) })
        }
        Event::Near { account, device, .. } => match handle.read(view::me).await?.account {
            own if own == account => {
                load_device(handle, device).await?.map(|device| api::Event::DeviceChanged { device })
            }
            _ => Some(api::Event::Near {
                contact: account.to_string(),
                near: handle.state().near.contains_key(&account),
            }),
        },
        Event::DeviceAdded(device) => {
            load_device(handle, device).await?.map(|device| api::Event::DeviceAdded { device })
        }
        Event::DeviceChanged(device) => {
            load_device(handle, device).await?.map(|device| api::Event::DeviceChanged { device })
        }
        Event::DeviceRemoved(device) => Some(api::Event::DeviceRemoved { device: device.to_string() }),
        Event::Past { device, gives, told, total, last } => {
            Some(api::Event::Past { device: device.to_string(), gives, told, total, last })
        }
        Event::Warning(warning) => Some(api::Event::Warning { text: warning.to_string() }),
        // Answers go to whoever asked; how the clock stands, and whether the server is there, is in the status.
        Event::Answer(..) | Event::Clock | Event::Server(_) | Event::Number => None,
    })
}

async fn load_group(handle: &Handle, id: GroupId) -> Result<Option<api::Group>, Error> {
    Ok(handle.read(move |read| view::group(read, id)).await?.map(group))
}

async fn load_contact(handle: &Handle, account: AccountId) -> Result<Option<api::Contact>, Error> {
    let found = handle.read(move |read| view::contact(read, account)).await?;
    Ok(found.map(|found| contact(&handle.state(), found)))
}

async fn load_device(handle: &Handle, id: DeviceId) -> Result<Option<api::Device>, Error> {
    let (me, devices) = handle.read(|read| Ok((view::me(read)?, view::devices(read)?))).await?;
    let found = devices.into_iter().find(|found| found.device == id);
    Ok(found.map(|found| device(&handle.state(), me.account, found)))
}

fn lit_app(app: &AppPresence) -> api::LitApp {
    let source = match app.source {
        Source::Hand => "hand",
    };
    api::LitApp { app: app.app.to_string(), source: source.to_owned(), since_ms: app.since.0 }
}

fn progress(progress: Progress) -> api::Progress {
    match progress {
        Progress::Delivered => api::Progress::Delivered,
        Progress::Read => api::Progress::Read,
    }
}

impl From<CommandFailed> for Error {
    fn from(failed: CommandFailed) -> Self {
        let code = match &failed {
            CommandFailed::Stopping => ErrorCode::Stopping,
            CommandFailed::Refused(error) => match error {
                CommandError::UnknownContact => ErrorCode::UnknownContact,
                CommandError::NotYetAccepted => ErrorCode::NotYetAccepted,
                CommandError::UnknownDevice | CommandError::ThisDevice | CommandError::NotRemovable => {
                    ErrorCode::UnknownDevice
                }
                CommandError::WrongPhrase => ErrorCode::WrongPhrase,
                CommandError::Removed => ErrorCode::Removed,
                CommandError::TooManyDevices
                | CommandError::TooManyContacts
                | CommandError::TooManyInvites
                | CommandError::TooManyApps
                | CommandError::OutboxFull
                | CommandError::FilesFull(..)
                | CommandError::TooManyWanted => ErrorCode::Full,
                CommandError::UnknownFile | CommandError::FileWithdrawn => ErrorCode::BadFile,
                CommandError::TooManyGroups | CommandError::GroupFull | CommandError::GroupWornOut => ErrorCode::Full,
                CommandError::UnknownGroup | CommandError::UnknownMember => ErrorCode::UnknownGroup,
                CommandError::AlreadyMember | CommandError::Founder | CommandError::Denied(_) => ErrorCode::Denied,
                CommandError::AlreadyContact => ErrorCode::AlreadyContact,
                CommandError::OwnInvite | CommandError::InviteExpired(_) => ErrorCode::BadInvite,
                CommandError::NoAddress | CommandError::TooManyAddresses => ErrorCode::NoAddress,
                CommandError::NoServer | CommandError::ServerAway => ErrorCode::BadServer,
                CommandError::NoCodeAsked => ErrorCode::BadNumber,
                CommandError::NoteTooLong => ErrorCode::InvalidParams,
                CommandError::CodesDiffer => ErrorCode::CodesDiffer,
                CommandError::Storage(_) => ErrorCode::Storage,
            },
        };
        Self::new(code, failed.to_string())
    }
}

impl From<ReadError> for Error {
    fn from(error: ReadError) -> Self {
        Self::new(ErrorCode::Storage, error.to_string())
    }
}
