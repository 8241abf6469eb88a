//! What each method does.

mod files;
mod safety;

use std::sync::Arc;

use lamplit_client::{
    Answer, Command, Handle, ServerAddress, Snapshot,
    identity::{Cost, Invite as InviteLink, Phrase},
    view,
};
use lamplit_types::{AccountId, AppId, ConversationId, DeviceId, GroupId, Name, PhoneNumber, SmsCode, Text};
use serde::Serialize;
use serde_json::Value;

use crate::{
    api::{
        Accept, Accepting, AddMembers, Call, ContactPage, CreateGroup, Dark, DeviceList, Dial, Discover, Document,
        Done, EndLink, Founded, FreeNumber, GetContacts, GetDevices, GetGroups, GetHistory, GetNearby, GetStatus,
        GroupPage, HistoryPage, Invite, Invited, LeaveGroup, LeaveServer, Light, LinkDevice, Linking, MarkRead, Method,
        NameAdmin, Nearby, Note, RemoveContact, RemoveDevice, RemoveMember, Rename, RenameDevice, RenameGroup,
        RequestCode, Said, Say, SetName, ShowCode, Snapshot as ApiSnapshot, Status, UseServer,
    },
    convert,
    document::document,
    frame::{Error, ErrorCode},
    limits,
};

/// A method that the daemon can answer.
trait Serve: Method {
    fn serve(self, handle: &Handle) -> impl Future<Output = Result<Self::Result, Error>> + Send;
}

/// Answers any call but `subscribe` and `stop`, which are the connection's own.
pub(crate) async fn answer(handle: &Handle, call: Call) -> Result<Value, Error> {
    match call {
        Call::GetStatus(call) => to_value(call.serve(handle).await?),
        Call::GetContacts(call) => to_value(call.serve(handle).await?),
        Call::Say(call) => to_value(call.serve(handle).await?),
        Call::GetHistory(call) => to_value(call.serve(handle).await?),
        Call::SendFile(call) => to_value(call.serve(handle).await?),
        Call::GetFiles(call) => to_value(call.serve(handle).await?),
        Call::GetFile(call) => to_value(call.serve(handle).await?),
        Call::FetchFile(call) => to_value(call.serve(handle).await?),
        Call::CancelFile(call) => to_value(call.serve(handle).await?),
        Call::GetTransfers(call) => to_value(call.serve(handle).await?),
        Call::GetFileSpace(call) => to_value(call.serve(handle).await?),
        Call::SetFileLimit(call) => to_value(call.serve(handle).await?),
        Call::GetPreview(call) => to_value(call.serve(handle).await?),
        Call::GetNearby(call) => to_value(call.serve(handle).await?),
        Call::Invite(call) => to_value(call.serve(handle).await?),
        Call::Accept(call) => to_value(call.serve(handle).await?),
        Call::Light(call) => to_value(call.serve(handle).await?),
        Call::Dark(call) => to_value(call.serve(handle).await?),
        Call::MarkRead(call) => to_value(call.serve(handle).await?),
        Call::SetName(call) => to_value(call.serve(handle).await?),
        Call::Rename(call) => to_value(call.serve(handle).await?),
        Call::Note(call) => to_value(call.serve(handle).await?),
        Call::GetSafety(call) => to_value(call.serve(handle).await?),
        Call::MarkSafety(call) => to_value(call.serve(handle).await?),
        Call::RemoveContact(call) => to_value(call.serve(handle).await?),
        Call::GetGroups(call) => to_value(call.serve(handle).await?),
        Call::CreateGroup(call) => to_value(call.serve(handle).await?),
        Call::RenameGroup(call) => to_value(call.serve(handle).await?),
        Call::AddMembers(call) => to_value(call.serve(handle).await?),
        Call::RemoveMember(call) => to_value(call.serve(handle).await?),
        Call::NameAdmin(call) => to_value(call.serve(handle).await?),
        Call::LeaveGroup(call) => to_value(call.serve(handle).await?),
        Call::Dial(call) => to_value(call.serve(handle).await?),
        Call::UseServer(call) => to_value(call.serve(handle).await?),
        Call::LeaveServer(call) => to_value(call.serve(handle).await?),
        Call::RequestCode(call) => to_value(call.serve(handle).await?),
        Call::ShowCode(call) => to_value(call.serve(handle).await?),
        Call::FreeNumber(call) => to_value(call.serve(handle).await?),
        Call::LinkDevice(call) => to_value(call.serve(handle).await?),
        Call::EndLink(call) => to_value(call.serve(handle).await?),
        Call::GetDevices(call) => to_value(call.serve(handle).await?),
        Call::RenameDevice(call) => to_value(call.serve(handle).await?),
        Call::RemoveDevice(call) => to_value(call.serve(handle).await?),
        Call::Discover(call) => to_value(call.serve(handle).await?),
        Call::Hello(_) | Call::Authenticate(_) | Call::Subscribe(_) | Call::Stop(_) => {
            Err(Error::new(ErrorCode::InvalidRequest, "this connection is open already: nothing more is to be shown"))
        }
    }
}

/// How things are, for a subscription to begin with.
pub(crate) async fn snapshot(handle: &Handle) -> Result<ApiSnapshot, Error> {
    let status = status(handle).await?;
    let contacts = contacts(handle, GetContacts::default(), limits::SNAPSHOT_BYTES).await?;
    let groups = groups(handle, GetGroups::default(), limits::SNAPSHOT_BYTES).await?;
    let DeviceList { devices } = GetDevices {}.serve(handle).await?;
    Ok(ApiSnapshot {
        status,
        contacts: contacts.contacts,
        more_contacts: contacts.more,
        groups: groups.groups,
        more_groups: groups.more,
        devices,
    })
}

/// How the device is.
pub(crate) async fn status(handle: &Handle) -> Result<Status, Error> {
    let (me, contacts, unread) = handle.read(count).await?;
    Ok(convert::status(handle, &me, contacts, unread))
}

/// A page of contacts of so many bytes.
async fn contacts(handle: &Handle, asked: GetContacts, bytes: usize) -> Result<ContactPage, Error> {
    let after = asked.after.as_deref().map(account).transpose()?;
    let limit = asked.limit.unwrap_or(limits::PAGE).clamp(1, limits::PAGE);
    let mut page = handle.read(move |read| view::contacts(read, after, limit.saturating_add(1))).await?;
    let more = page.len() > limit;
    page.truncate(limit);
    let state = handle.state();
    let contacts = page.into_iter().map(|contact| convert::contact(&state, contact)).collect();
    let (contacts, cut) = fit(contacts, bytes)?;
    Ok(ContactPage { contacts, more: more || cut })
}

/// A page of groups of so many bytes.
async fn groups(handle: &Handle, asked: GetGroups, bytes: usize) -> Result<GroupPage, Error> {
    let after = asked.after.as_deref().map(group).transpose()?;
    let limit = asked.limit.unwrap_or(limits::PAGE).clamp(1, limits::PAGE);
    let mut page = handle.read(move |read| view::groups(read, after, limit.saturating_add(1))).await?;
    let more = page.len() > limit;
    page.truncate(limit);
    let (groups, cut) = fit(page.into_iter().map(convert::group).collect(), bytes)?;
    Ok(GroupPage { groups, more: more || cut })
}

pub(crate) fn to_value(result: impl Serialize) -> Result<Value, Error> {
    serde_json::to_value(result).map_err(unwritable)
}

pub(crate) fn unwritable(error: serde_json::Error) -> Error {
    Error::new(ErrorCode::Storage, format!("the answer cannot be written: {error}"))
}

impl Serve for Discover {
    async fn serve(self, _: &Handle) -> Result<Document, Error> {
        Ok(document())
    }
}

impl Serve for GetStatus {
    async fn serve(self, handle: &Handle) -> Result<Status, Error> {
        status(handle).await
    }
}

/// The owner, the number of contacts and of their unread messages.
fn count(read: &Snapshot) -> Result<(view::Me, usize, u64), lamplit_client::ReadError> {
    let (mut contacts, mut unread, mut after) = (0_usize, 0_u64, None);
    loop {
        let page = view::contacts(read, after, limits::PAGE)?;
        contacts = contacts.saturating_add(page.len());
        unread = page.iter().fold(unread, |sum, contact| sum.saturating_add(contact.unread));
        match page.last() {
            Some(last) if page.len() == limits::PAGE => after = Some(last.account),
            _ => break,
        }
    }
    let mut after = None;
    loop {
        let page = view::groups(read, after, limits::PAGE)?;
        unread = page.iter().fold(unread, |sum, group| sum.saturating_add(group.unread));
        match page.last() {
            Some(last) if page.len() == limits::PAGE => after = Some(last.group),
            _ => return Ok((view::me(read)?, contacts, unread)),
        }
    }
}

impl Serve for GetContacts {
    async fn serve(self, handle: &Handle) -> Result<ContactPage, Error> {
        contacts(handle, self, limits::PAGE_BYTES).await
    }
}

impl Serve for GetHistory {
    async fn serve(self, handle: &Handle) -> Result<HistoryPage, Error> {
        let (with, before) = (conversation(&self.conversation)?, self.before);
        let limit = self.limit.unwrap_or(limits::PAGE).clamp(1, limits::PAGE);
        let read = move |read: &Snapshot| {
            let names = convert::names(read, with)?;
            Ok((view::history(read, with, before, limit.saturating_add(1))?, names))
        };
        let (mut page, names) = handle.read(read).await?;
        let more = page.len() > limit;
        page.truncate(limit);
        let messages = page.into_iter().map(|message| convert::message(message, &names)).collect();
        let (messages, cut) = fit(messages, limits::PAGE_BYTES)?;
        Ok(HistoryPage { messages, more: more || cut })
    }
}

impl Serve for GetNearby {
    async fn serve(self, handle: &Handle) -> Result<Nearby, Error> {
        let accounts: Vec<AccountId> = handle.state().near.keys().copied().collect();
        let found = handle.read(move |read| {
            let me = view::me(read)?.account;
            let contacts = accounts.into_iter().filter_map(|account| view::contact(read, account).transpose());
            Ok((me, contacts.collect::<Result<Vec<_>, _>>()?))
        });
        let (me, contacts) = found.await?;
        Ok(convert::nearby(handle, me, contacts))
    }
}

/// As many of these entries as fit into a page of so many bytes, and whether some did not.
fn fit<T: Serialize>(entries: Vec<T>, most: usize) -> Result<(Vec<T>, bool), Error> {
    let (many, mut bytes, mut page) = (entries.len(), 0_usize, Vec::new());
    for entry in entries {
        bytes = bytes.saturating_add(serde_json::to_vec(&entry).map_err(unwritable)?.len());
        if bytes > most && !page.is_empty() {
            break;
        }
        page.push(entry);
    }
    let cut = page.len() < many;
    Ok((page, cut))
}

impl Serve for Say {
    async fn serve(self, handle: &Handle) -> Result<Said, Error> {
        let command = Command::Say { to: conversation(&self.conversation)?, text: text(self.text)? };
        match handle.command(command).await? {
            Answer::Saying(id) => Ok(Said { id: id.to_string() }),
            _ => Err(unexpected()),
        }
    }
}

impl Serve for GetGroups {
    async fn serve(self, handle: &Handle) -> Result<GroupPage, Error> {
        groups(handle, self, limits::PAGE_BYTES).await
    }
}

impl Serve for CreateGroup {
    async fn serve(self, handle: &Handle) -> Result<Founded, Error> {
        let command = Command::CreateGroup { name: name(&self.name)?, members: accounts(&self.members)? };
        match handle.command(command).await? {
            Answer::Founded(group) => Ok(Founded { id: group.to_string() }),
            _ => Err(unexpected()),
        }
    }
}

impl Serve for RenameGroup {
    async fn serve(self, handle: &Handle) -> Result<Done, Error> {
        done(handle, Command::RenameGroup { group: group(&self.group)?, name: name(&self.name)? }).await
    }
}

impl Serve for AddMembers {
    async fn serve(self, handle: &Handle) -> Result<Done, Error> {
        done(handle, Command::AddMembers { group: group(&self.group)?, members: accounts(&self.members)? }).await
    }
}

impl Serve for RemoveMember {
    async fn serve(self, handle: &Handle) -> Result<Done, Error> {
        done(handle, Command::RemoveMember { group: group(&self.group)?, member: account(&self.member)? }).await
    }
}

impl Serve for NameAdmin {
    async fn serve(self, handle: &Handle) -> Result<Done, Error> {
        let (group, member) = (group(&self.group)?, account(&self.member)?);
        done(handle, Command::NameAdmin { group, member, admin: self.admin }).await
    }
}

impl Serve for LeaveGroup {
    async fn serve(self, handle: &Handle) -> Result<Done, Error> {
        done(handle, Command::LeaveGroup(group(&self.group)?)).await
    }
}

impl Serve for Invite {
    async fn serve(self, handle: &Handle) -> Result<Invited, Error> {
        match handle.invite().await? {
            Answer::Invited(invite) => convert::invited(&invite),
            _ => Err(unexpected()),
        }
    }
}

impl Serve for Accept {
    async fn serve(self, handle: &Handle) -> Result<Accepting, Error> {
        let invite = InviteLink::parse(&self.link, handle.now())
            .map_err(|error| Error::new(ErrorCode::BadInvite, error.to_string()))?;
        let contact = invite.account.to_string();
        handle.command(Command::Accept(Box::new(invite))).await?;
        Ok(Accepting { contact })
    }
}

impl Serve for Light {
    async fn serve(self, handle: &Handle) -> Result<Done, Error> {
        done(handle, Command::Light { app: app(&self.app)?, on: true }).await
    }
}

impl Serve for Dark {
    async fn serve(self, handle: &Handle) -> Result<Done, Error> {
        done(handle, Command::Light { app: app(&self.app)?, on: false }).await
    }
}

impl Serve for MarkRead {
    async fn serve(self, handle: &Handle) -> Result<Done, Error> {
        done(handle, Command::MarkRead { conversation: conversation(&self.conversation)?, up_to: self.up_to }).await
    }
}

impl Serve for SetName {
    async fn serve(self, handle: &Handle) -> Result<Done, Error> {
        done(handle, Command::SetName(name(&self.name)?)).await
    }
}

impl Serve for Rename {
    async fn serve(self, handle: &Handle) -> Result<Done, Error> {
        let alias = self.name.as_deref().map(name).transpose()?;
        done(handle, Command::RenameContact { contact: account(&self.contact)?, alias }).await
    }
}

impl Serve for Note {
    async fn serve(self, handle: &Handle) -> Result<Done, Error> {
        let note = self.note.map(text).transpose()?;
        done(handle, Command::SetNote { contact: account(&self.contact)?, note }).await
    }
}

impl Serve for RemoveContact {
    async fn serve(self, handle: &Handle) -> Result<Done, Error> {
        done(handle, Command::RemoveContact(account(&self.contact)?)).await
    }
}

impl Serve for Dial {
    async fn serve(self, handle: &Handle) -> Result<Done, Error> {
        let contact = account(&self.contact)?;
        let address: std::net::SocketAddr = self.address.parse().map_err(|_| {
            invalid("an address is an IP address and a port, such as 192.168.1.7:41234 or [fe80::1]:41234")
        })?;
        handle.dial(contact, address).await?;
        Ok(Done {})
    }
}

impl Serve for UseServer {
    async fn serve(self, handle: &Handle) -> Result<Done, Error> {
        let server = ServerAddress::from_link(&self.server)
            .map_err(|error| Error::new(ErrorCode::BadServer, error.to_string()))?;
        handle.use_server(Some(server)).await?;
        Ok(Done {})
    }
}

impl Serve for LeaveServer {
    async fn serve(self, handle: &Handle) -> Result<Done, Error> {
        handle.use_server(None).await?;
        Ok(Done {})
    }
}

impl Serve for RequestCode {
    async fn serve(self, handle: &Handle) -> Result<Done, Error> {
        handle.ask_code(PhoneNumber::parse(&self.number).map_err(bad_number)?).await?;
        Ok(Done {})
    }
}

impl Serve for ShowCode {
    async fn serve(self, handle: &Handle) -> Result<Done, Error> {
        handle.show_code(SmsCode::parse(&self.code).map_err(bad_number)?).await?;
        Ok(Done {})
    }
}

impl Serve for FreeNumber {
    async fn serve(self, handle: &Handle) -> Result<Done, Error> {
        handle.free_number().await?;
        Ok(Done {})
    }
}

fn bad_number(error: impl ToString) -> Error {
    Error::new(ErrorCode::BadNumber, error.to_string())
}

impl Serve for LinkDevice {
    async fn serve(self, handle: &Handle) -> Result<Linking, Error> {
        match handle.link_device().await? {
            Answer::Linking(code) => convert::linking(&code),
            _ => Err(unexpected()),
        }
    }
}

impl Serve for EndLink {
    async fn serve(self, handle: &Handle) -> Result<Done, Error> {
        done(handle, Command::EndLinking).await
    }
}

impl Serve for GetDevices {
    async fn serve(self, handle: &Handle) -> Result<DeviceList, Error> {
        let (me, devices) = handle.read(|read| Ok((view::me(read)?, view::devices(read)?))).await?;
        let state = handle.state();
        Ok(DeviceList {
            devices: devices.into_iter().map(|found| convert::device(&state, me.account, found)).collect(),
        })
    }
}

impl Serve for RenameDevice {
    async fn serve(self, handle: &Handle) -> Result<Done, Error> {
        let device = self.device.as_deref().map(device).transpose()?;
        done(handle, Command::RenameDevice { device, name: name(&self.name)? }).await
    }
}

impl Serve for RemoveDevice {
    async fn serve(self, handle: &Handle) -> Result<Done, Error> {
        let device = device(&self.device)?;
        let wrong = |error: String| Error::new(ErrorCode::WrongPhrase, error);
        let phrase = Phrase::parse(&self.phrase).map_err(|error| wrong(error.to_string()))?;
        // Takes 64 MiB and a good part of a second.
        let root = tokio::task::spawn_blocking(move || phrase.root_key(Cost::STANDARD)).await;
        let root = root.map_err(|error| wrong(error.to_string()))?.map_err(|error| wrong(error.to_string()))?;
        done(handle, Command::RemoveDevice { device, root: Arc::new(root) }).await
    }
}

async fn done(handle: &Handle, command: Command) -> Result<Done, Error> {
    handle.command(command).await?;
    Ok(Done {})
}

fn account(text: &str) -> Result<AccountId, Error> {
    text.parse().map_err(|_| invalid("a contact is named by the id that `contacts` lists, a UUID"))
}

fn accounts(texts: &[String]) -> Result<Vec<AccountId>, Error> {
    texts.iter().map(|text| account(text)).collect()
}

fn group(text: &str) -> Result<GroupId, Error> {
    text.parse().map_err(|_| invalid("a group is named by the id that `groups` lists, which begins with `group-`"))
}

fn conversation(text: &str) -> Result<ConversationId, Error> {
    text.parse().map_err(invalid)
}

fn device(text: &str) -> Result<DeviceId, Error> {
    let wrong = || invalid("a device is named by the id that `devices` lists, 64 hexadecimal digits");
    let digits: Option<Vec<u8>> =
        text.chars().map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok())).collect();
    let bytes: Vec<u8> = digits
        .filter(|digits| digits.len() == 64)
        .ok_or_else(wrong)?
        .chunks_exact(2)
        .map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit))
        .collect();
    let bytes: [u8; 32] = bytes.try_into().map_err(|_| wrong())?;
    Ok(DeviceId::from_bytes(bytes))
}

fn app(text: &str) -> Result<AppId, Error> {
    AppId::parse(text).map_err(invalid)
}

fn name(text: &str) -> Result<Name, Error> {
    Name::parse(text).map_err(invalid)
}

fn text(text: String) -> Result<Text, Error> {
    Text::parse(text).map_err(invalid)
}

fn invalid(error: impl ToString) -> Error {
    Error::new(ErrorCode::InvalidParams, error.to_string())
}

fn unexpected() -> Error {
    Error::new(ErrorCode::Storage, "the daemon answered something else than was asked; please report this")
}
