//! The daemon, as the view sees it: one task listens to what happens, another asks in order.

use std::path::{Path, PathBuf};

use lamplit_rpc::{
    CallError, ConnectError, Connection, Error, ErrorCode, Happening,
    api::{
        Accept, AddMembers, CancelFile, CreateGroup, Dark, Dial, FetchFile, GetFileSpace, GetHistory, GetNearby,
        GetSafety, GetStatus, GetTransfers, Invite, LeaveGroup, Light, MarkRead, MarkSafety, Method, NameAdmin, Note,
        RemoveContact, RemoveMember, Rename, RenameGroup, Safety, Say, SendFile, SetName, Snapshot, Subscribe,
    },
};
use tokio::{sync::mpsc, time::sleep};

use crate::{
    calls::{Answer, Call, Input},
    limits,
};

/// Tells what happens, and goes on when the daemon comes back. Ends when nobody listens.
pub(crate) async fn watch(socket: PathBuf, inputs: mpsc::Sender<Input>) {
    loop {
        let reason = match follow(&socket, &inputs).await {
            Ok(()) => "the daemon has stopped".to_owned(),
            Err(reason) => reason,
        };
        if inputs.send(Input::Lost(reason)).await.is_err() {
            return;
        }
        sleep(limits::AGAIN).await;
    }
}

async fn follow(socket: &Path, inputs: &mpsc::Sender<Input>) -> Result<(), String> {
    let mut daemon = Connection::open(socket).await.map_err(|error| error.to_string())?;
    let failed = |error: CallError| error.to_string();
    let snapshot = daemon.call(Subscribe {}).await.map_err(failed)?;
    let mut input = whole(&mut daemon, Some(snapshot)).await.map_err(failed)?;
    loop {
        if inputs.send(input).await.is_err() {
            return Ok(());
        }
        input = match daemon.next().await.map_err(failed)? {
            Some(Happening::Event(event)) => Input::Happened(Box::new(event)),
            Some(Happening::Lagged(lagged)) => {
                whole(&mut daemon, lagged.snapshot.map(|snapshot| *snapshot)).await.map_err(failed)?
            }
            None => return Ok(()),
        };
    }
}

/// How things are, with all contacts and groups: what a snapshot has, and what is no more in it.
async fn whole(daemon: &mut Connection, snapshot: Option<Snapshot>) -> Result<Input, CallError> {
    let (status, contacts, groups) = match snapshot {
        Some(Snapshot { status, contacts, more_contacts, groups, more_groups, .. }) => (
            status,
            daemon.contacts_after(contacts, more_contacts).await?,
            daemon.groups_after(groups, more_groups).await?,
        ),
        None => (daemon.call(GetStatus {}).await?, daemon.contacts().await?, daemon.groups().await?),
    };
    Ok(Input::Whole { status: Box::new(status), contacts, groups })
}

/// Makes calls one after another. Ends when no more can come.
pub(crate) async fn answer(socket: PathBuf, mut calls: mpsc::Receiver<Call>, inputs: mpsc::Sender<Input>) {
    let mut line = Line { socket, open: None };
    while let Some(call) = calls.recv().await {
        if matches!(call, Call::SendFile { .. }) {
            // It is read through first, which takes a while: nothing waits for that.
            let (mut own, inputs) = (Line { socket: line.socket.clone(), open: None }, inputs.clone());
            tokio::spawn(async move { own.tell(call, &inputs).await });
        } else if !line.tell(call, &inputs).await {
            return;
        }
    }
}

/// The connection that calls are made on, once there is one.
struct Line {
    socket: PathBuf,
    open: Option<Connection>,
}

impl Line {
    /// Makes a call and tells what came of it. False if nobody listens.
    async fn tell(&mut self, call: Call, inputs: &mpsc::Sender<Input>) -> bool {
        let answer = match self.make(&call).await {
            Ok(answer) => answer,
            Err(reason) => Answer::Refused(call, reason),
        };
        inputs.send(Input::Answered(answer)).await.is_ok()
    }

    async fn make(&mut self, call: &Call) -> Result<Answer, String> {
        let connect = |error: ConnectError| error.to_string();
        let mut daemon = match self.open.take() {
            Some(daemon) => daemon,
            None => Connection::open(&self.socket).await.map_err(connect)?,
        };
        match make(&mut daemon, call.clone()).await {
            Ok(answer) => {
                self.open = Some(daemon);
                Ok(answer)
            }
            Err(CallError::Refused(error)) => {
                self.open = Some(daemon);
                Err(reason(&error))
            }
            // What comes next on this connection is nobody's answer.
            Err(error) => Err(error.to_string()),
        }
    }
}

/// What the daemon says, and with it which command helps: it does not know who asks. The command comes first, since the
/// row that shows it may be short.
fn reason(refused: &Error) -> String {
    if refused.code == ErrorCode::BadPicture as i64 {
        format!("/send-as-is sends it as it is; it may tell where it was taken. {refused}")
    } else {
        refused.to_string()
    }
}

async fn make(daemon: &mut Connection, call: Call) -> Result<Answer, CallError> {
    Ok(match call.clone() {
        Call::Nearby => Answer::Nearby(daemon.call(GetNearby {}).await?),
        Call::Transfers => Answer::Transfers(daemon.call(GetTransfers {}).await?.transfers),
        Call::FileSpace => Answer::FileSpace(daemon.call(GetFileSpace {}).await?),
        Call::Fetch { contact, want, before } => {
            let limit = Some(limits::PAGE);
            let page = daemon.call(GetHistory { conversation: contact.clone(), before, limit }).await?;
            Answer::Fetched { contact, want, page }
        }
        Call::Say { ticket, contact, text } => {
            let id = daemon.call(Say { conversation: contact.clone(), text }).await?.id;
            Answer::Said { ticket, contact, id }
        }
        Call::MarkRead { contact, up_to } => {
            done(daemon, MarkRead { conversation: contact, up_to: Some(up_to) }, call).await?
        }
        Call::Light { app, on: true } => done(daemon, Light { app }, call).await?,
        Call::Light { app, on: false } => done(daemon, Dark { app }, call).await?,
        Call::SetName(name) => done(daemon, SetName { name }, call).await?,
        Call::Rename { contact, name } => done(daemon, Rename { contact, name }, call).await?,
        Call::Note { contact, note } => done(daemon, Note { contact, note }, call).await?,
        Call::Safety { contact } => {
            let safety = daemon.call(GetSafety { contact: contact.clone() }).await?;
            Answer::Safety { contact, safety }
        }
        Call::MarkSafety { contact, compared } => {
            let Safety { code, .. } = daemon.call(GetSafety { contact: contact.clone() }).await?;
            daemon.call(MarkSafety { contact: contact.clone(), code: code.clone(), compared }).await?;
            Answer::Safety { contact, safety: Safety { code, compared } }
        }
        Call::Forget { contact } => done(daemon, RemoveContact { contact }, call).await?,
        Call::Found { name, contact } => {
            Answer::Founded(daemon.call(CreateGroup { name, members: vec![contact] }).await?.id)
        }
        Call::RenameGroup { group, name } => done(daemon, RenameGroup { group, name }, call).await?,
        Call::Add { group, contact, .. } => done(daemon, AddMembers { group, members: vec![contact] }, call).await?,
        Call::Remove { group, member, .. } => done(daemon, RemoveMember { group, member }, call).await?,
        Call::NameAdmin { group, member, admin, .. } => done(daemon, NameAdmin { group, member, admin }, call).await?,
        Call::LeaveGroup { group } => done(daemon, LeaveGroup { group }, call).await?,
        Call::Dial { contact, address } => done(daemon, Dial { contact, address }, call).await?,
        Call::SendFile { conversation, path, keep_metadata } => {
            done(daemon, SendFile { conversation, path, caption: None, keep_metadata }, call).await?
        }
        Call::FetchFile(message) => done(daemon, FetchFile { message }, call).await?,
        Call::DeclineFile { message, .. } | Call::TakeFileBack { message, .. } => {
            done(daemon, CancelFile { message }, call).await?
        }
        Call::Invite => Answer::Invited(daemon.call(Invite {}).await?),
        Call::Accept { link } => done(daemon, Accept { link }, call).await?,
    })
}

async fn done(daemon: &mut Connection, method: impl Method, call: Call) -> Result<Answer, CallError> {
    daemon.call(method).await?;
    Ok(Answer::Done(call))
}

#[cfg(test)]
mod tests;
