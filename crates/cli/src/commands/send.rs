use std::{collections::BTreeSet, time::Duration};

use lamplit_rpc::{
    CallError, Connection, ErrorCode,
    api::{File, FileNow, FileState, GetFile, GetNearby, GetTransfers, SendFile, TransferKind},
};
use serde_json::json;
use tokio::time::sleep;

use super::{Desk, files, trouble::Trouble};
use crate::{
    args::Send,
    bytes::bytes,
    failure::Failure,
    output::safe,
    waiting::Bar,
    who::{self, Named, With},
};

/// How often is looked how far a file is.
const LOOK: Duration = Duration::from_millis(200);

pub(super) async fn run(desk: &Desk, send: Send) -> Result<(), Failure> {
    let mut daemon = desk.connect().await?;
    let audience = Audience::of(&who::find_with(&mut daemon, &send.to).await?);
    let near = audience.near(&mut daemon).await?.len();
    let mut sent = Vec::new();
    let mut caption = send.caption;
    for path in &send.files {
        // Where it is is for this process to know: the daemon has a directory of its own.
        let path = std::path::absolute(path)
            .map_err(|error| Failure::Other(anyhow::anyhow!("{}: {error}", path.display())))?;
        let path = path.to_string_lossy().into_owned();
        let file = SendFile {
            conversation: audience.conversation.clone(),
            path: path.clone(),
            caption: caption.take(),
            keep_metadata: send.keep_metadata,
        };
        let id = reading(desk, &mut daemon, file).await?;
        let json = json!({ "id": id, "conversation": audience.conversation, "path": path });
        desk.out.print(&json, || format!("{} is for {}", safe(&path), audience.describe(near)))?;
        sent.push(id);
    }
    // Nobody can say how long somebody stays away.
    if !send.no_wait && near > 0 {
        for id in sent {
            wait(desk, &mut daemon, &audience, &id).await?;
        }
    }
    Ok(())
}

/// Who is to get a file: a contact, or the other members of a group.
struct Audience {
    conversation: String,
    /// What the conversation is called.
    name: String,
    /// Each one's id and name.
    people: Vec<(String, String)>,
    is_group: bool,
}

impl Audience {
    fn of(with: &With) -> Self {
        let (people, is_group) = match with {
            With::Contact(contact) => (vec![(contact.id.clone(), contact.name.clone())], false),
            With::Group(group) => {
                let others = group.members.iter().filter(|member| !member.me);
                (others.map(|member| (member.id.clone(), member.name.clone())).collect(), true)
            }
        };
        Self { conversation: with.id().to_owned(), name: with.name().to_owned(), people, is_group }
    }

    /// Those who are near, as far as is known: of members who are no contacts it is not.
    async fn near(&self, daemon: &mut Connection) -> Result<BTreeSet<String>, Failure> {
        let near = daemon.call(GetNearby {}).await?.people.into_iter().map(|person| person.contact);
        Ok(near.filter(|contact| self.people.iter().any(|(id, _)| id == contact)).collect())
    }

    /// Whom it is for, and what is known of when they get it.
    fn describe(&self, near: usize) -> String {
        let (name, all) = (safe(&self.name), self.people.len());
        match (self.is_group, near) {
            (false, 0) => format!("{name}. It is sent when they come near."),
            (false, _) => format!("{name}."),
            (true, 0) => format!("{name}: each of {all} gets it when they come near."),
            (true, _) => format!("{name}: {near} of {all} are known to be near."),
        }
    }

    /// Why nothing goes, if it is a contact who is away. Of a group nobody who is away is waited for.
    async fn away(&self, daemon: &mut Connection) -> Result<Option<String>, Failure> {
        let is_away = !self.is_group && self.near(daemon).await?.is_empty();
        Ok(is_away.then(|| format!("{} is away: it goes on when they come near", self.name)))
    }

    /// How many are waited for: a contact even while they are away for a moment; of a group, who is near.
    async fn awaited(&self, daemon: &mut Connection, file: &File) -> Result<usize, Failure> {
        let near = if self.is_group { Some(self.near(daemon).await?) } else { None };
        let waits = |id: &&String| near.as_ref().is_none_or(|near| near.contains(*id)) && !has_answered(file, id);
        Ok(self.people.iter().map(|(id, _)| id).filter(waits).count())
    }
}

/// Whether somebody has a file or does not want it.
fn has_answered(file: &File, id: &String) -> bool {
    file.fetched_by.contains(id) || file.declined_by.contains(id)
}

/// Sends a file and shows meanwhile how far it is read.
async fn reading(desk: &Desk, daemon: &mut Connection, file: SendFile) -> Result<String, Failure> {
    let bar = Bar::new(desk.out.is_json(), "reading");
    let mut looking = desk.connect().await?;
    let call = daemon.call(file);
    tokio::pin!(call);
    loop {
        tokio::select! {
            said = &mut call => {
                bar.clear();
                return Ok(said.map_err(refused)?.id);
            }
            () = sleep(LOOK) => {
                let transfers = looking.call(GetTransfers {}).await?.transfers;
                if let Some(transfer) = transfers.iter().find(|transfer| transfer.kind == TransferKind::Reading && transfer.trouble.is_none()) {
                    bar.show(transfer.done, transfer.total);
                }
            }
        }
    }
}

/// What the daemon says, and with it which option helps: it does not know who asks.
fn refused(error: CallError) -> Failure {
    match error {
        CallError::Refused(said) if said.code == ErrorCode::BadPicture as i64 => {
            Failure::Other(anyhow::anyhow!("{said}: then send it with --keep-metadata"))
        }
        error => error.into(),
    }
}

/// Waits until everybody who is waited for has a file or does not want it, and tells of each.
async fn wait(desk: &Desk, daemon: &mut Connection, audience: &Audience, id: &str) -> Result<(), Failure> {
    let mut bar = Bar::new(desk.out.is_json(), "waiting");
    let (mut told, mut trouble) = (BTreeSet::new(), Trouble::default());
    loop {
        let FileNow { message, transfers } = daemon.call(GetFile { message: id.to_owned() }).await?;
        let Some(file) = message.file else { return Ok(()) };
        bar.name(&safe(&file.name));
        for (person, name) in audience.people.iter().filter(|(person, _)| has_answered(&file, person)) {
            if told.insert(person) {
                bar.aside(|| tell(desk, id, &file, person, name))?;
            }
        }
        if file.state == FileState::Withdrawn {
            bar.clear();
            return Err(Failure::Other(anyhow::anyhow!("{} was taken back", safe(&file.name))));
        }
        if audience.awaited(daemon, &file).await? == 0 {
            bar.clear();
            return end(desk, audience, &file);
        }
        let going = files::of_kind(&transfers, TransferKind::Serving);
        let away = if going.is_none() { audience.away(daemon).await? } else { None };
        trouble.tell(desk, &bar, (id, &safe(&file.name)), going, away)?;
        files::draw(&bar, going);
        sleep(LOOK).await;
    }
}

/// Tells that somebody has a file, or does not want it.
fn tell(desk: &Desk, id: &str, file: &File, person: &String, name: &str) -> Result<(), Failure> {
    let (what, name) = (safe(&file.name), safe(name));
    if file.fetched_by.contains(person) {
        let json = json!({ "id": id, "by": person, "fetched": true });
        desk.out.print(&json, || format!("{what} ({}) is with {name}.", bytes(file.size)))?;
    } else {
        desk.out.print(&json!({ "id": id, "by": person, "declined": true }), || format!("{name} declined {what}."))?;
    }
    Ok(())
}

/// What is left to say when nobody is waited for any more. It failed only if nobody at all wants it.
fn end(desk: &Desk, audience: &Audience, file: &File) -> Result<(), Failure> {
    if audience.people.iter().all(|(id, _)| file.declined_by.contains(id)) {
        return Err(Failure::Other(anyhow::anyhow!("{} was declined", safe(&file.name))));
    }
    match audience.people.iter().filter(|(id, _)| !has_answered(file, id)).count() {
        0 => Ok(()),
        left => Ok(desk.out.text(&format!("{left} of {} get it when they come near.", audience.people.len()))?),
    }
}

#[cfg(test)]
mod tests;
