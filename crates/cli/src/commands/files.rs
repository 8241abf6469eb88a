use std::time::Duration;

use lamplit_rpc::{
    Connection,
    api::{
        CancelFile, FetchFile, File, FileNow, FileState, GetFile, GetFiles, GetNearby, GetTransfers, Message, Transfer,
        TransferKind,
    },
};
use serde::Serialize;
use serde_json::json;
use tokio::time::sleep;

use super::{
    Desk,
    trouble::{Trouble, nobody_near},
};
use crate::{
    args::Get,
    bytes::bytes,
    failure::Failure,
    output::{safe, short},
    table::{Cell, lines},
    waiting::Bar,
    who,
};

/// How often is looked how far a file is.
const LOOK: Duration = Duration::from_millis(200);

/// A file in JSON.
#[derive(Serialize)]
struct Listed<'f> {
    #[serde(flatten)]
    message: &'f Message,
    /// How far it has come, or why it does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    transfer: Option<&'f Transfer>,
}

/// Prints all files.
pub(super) async fn list(desk: &Desk) -> Result<(), Failure> {
    let mut daemon = desk.connect().await?;
    let files = all(&mut daemon).await?;
    let transfers = daemon.call(GetTransfers {}).await?.transfers;
    let under_way = |file: &File| transfers.iter().find(|transfer| transfer.file == file.id);
    if desk.out.is_json() {
        for message in &files {
            let transfer = message.file.as_deref().and_then(under_way);
            desk.out.print(&Listed { message, transfer }, String::new)?;
        }
        return Ok(());
    }
    if files.is_empty() {
        desk.out.line("No files yet: `lamplit send TO FILE` sends one.")?;
        return Ok(());
    }
    let contacts = who::all(&mut daemon).await?;
    let groups = who::all_groups(&mut daemon).await?;
    let mut rows: Vec<Vec<Cell>> = vec![["ID", "WITH", "NAME", "SIZE", "STATE"].map(Cell::from).into()];
    for message in &files {
        let Some(file) = &message.file else { continue };
        let contact = contacts.iter().find(|contact| contact.id == message.conversation);
        let group = groups.iter().find(|group| group.id == message.conversation);
        let with = contact.map(|contact| contact.name.as_str()).or_else(|| Some(group?.name.as_str()));
        let with = with.unwrap_or("(gone)");
        let cells = [
            short(&file.id).to_owned(),
            safe(with),
            safe(&file.name),
            bytes(file.size),
            state_now(file, message.mine, under_way(file)),
        ];
        rows.push(cells.map(Cell::from).into());
    }
    for line in lines(&rows) {
        desk.out.line(&line)?;
    }
    Ok(())
}

/// Fetches a file and waits for it, if that is wanted.
pub(super) async fn get(desk: &Desk, Get { file: wanted, no_wait }: Get) -> Result<(), Failure> {
    let mut daemon = desk.connect().await?;
    let message = find(&mut daemon, &wanted).await?;
    daemon.call(FetchFile { message: message.id.clone() }).await?;
    let name = message.file.as_ref().map(|file| safe(&file.name)).unwrap_or_default();
    let bar = Bar::new(desk.out.is_json(), &name);
    let mut trouble = Trouble::default();
    // Of a member of a group who is no contact nobody knows whether they are near.
    let is_known = message.mine || who::all(&mut daemon).await?.iter().any(|contact| contact.id == message.from);
    loop {
        let FileNow { message: now, transfers } = daemon.call(GetFile { message: message.id.clone() }).await?;
        match now.file.as_ref().map(|file| &file.state) {
            Some(FileState::Here { path }) => {
                bar.clear();
                desk.out.print(&json!({ "id": message.id, "path": path }), || format!("It is here: {}", safe(path)))?;
                return Ok(());
            }
            Some(FileState::Wanted) if no_wait => {
                let json = json!({ "id": message.id, "path": null });
                desk.out.print(&json, || format!("{name} is to be fetched: `lamplit files` shows how far it is."))?;
                return Ok(());
            }
            Some(FileState::Wanted) => {}
            _ => {
                bar.clear();
                return Err(Failure::Other(anyhow::anyhow!("{name} is not to be had: it was taken back or declined")));
            }
        }
        let coming = of_kind(&transfers, TransferKind::Fetching);
        let away = match coming {
            None if is_known => nobody_near(&message.from, &daemon.call(GetNearby {}).await?),
            _ => None,
        };
        trouble.tell(desk, &bar, (&message.id, &name), coming, away)?;
        draw(&bar, coming);
        sleep(LOOK).await;
    }
}

/// Takes a file back, or declines it.
pub(super) async fn cancel(desk: &Desk, wanted: &str) -> Result<(), Failure> {
    let mut daemon = desk.connect().await?;
    let message = find(&mut daemon, wanted).await?;
    daemon.call(CancelFile { message: message.id.clone() }).await?;
    desk.out.print(&json!({ "id": message.id }), || {
        let name = message.file.as_ref().map(|file| safe(&file.name)).unwrap_or_default();
        if message.mine { format!("{name} is taken back.") } else { format!("{name} is declined.") }
    })?;
    Ok(())
}

/// What is under way of that kind.
pub(super) fn of_kind(transfers: &[Transfer], kind: TransferKind) -> Option<&Transfer> {
    transfers.iter().find(|transfer| transfer.kind == kind)
}

/// Shows how far a file is, with which this is done.
pub(super) fn draw(bar: &Bar, now: Option<&Transfer>) {
    match now {
        Some(Transfer { done, total, trouble: None, .. }) => bar.show(*done, *total),
        _ => bar.wait(),
    }
}

/// Where a file is, and how far it has come or why it does not.
fn state_now(file: &File, mine: bool, transfer: Option<&Transfer>) -> String {
    let state = state(file, mine);
    match transfer {
        Some(Transfer { trouble: Some(why), .. }) => format!("{state}: {}", safe(why)),
        Some(Transfer { done, total, .. }) => format!("{state}: {} of {}", bytes(*done), bytes(*total)),
        None => state,
    }
}

/// Where a file is, in a word or two.
pub(super) fn state(file: &File, mine: bool) -> String {
    match &file.state {
        FileState::Offered => "offered".to_owned(),
        FileState::Wanted => "on its way".to_owned(),
        FileState::Here { .. } if mine && file.fetched_by.is_empty() && file.declined_by.is_empty() => {
            "sent".to_owned()
        }
        FileState::Here { .. } if mine && file.fetched_by.is_empty() => "declined".to_owned(),
        FileState::Here { .. } if mine => "fetched".to_owned(),
        FileState::Here { path } => format!("here: {}", safe(path)),
        FileState::Declined => "declined".to_owned(),
        FileState::Withdrawn => "taken back".to_owned(),
    }
}

async fn all(daemon: &mut Connection) -> Result<Vec<Message>, Failure> {
    let mut files: Vec<Message> = Vec::new();
    loop {
        let after = files.last().and_then(|message| message.file.as_ref()).map(|file| file.id.clone());
        let page = daemon.call(GetFiles { after, limit: None }).await?;
        let more = page.more && !page.files.is_empty();
        files.extend(page.files);
        if !more {
            files.sort_by_key(|message| message.arrived_ms);
            return Ok(files);
        }
    }
}

/// The file that `wanted` means: the id of its message, the beginning of its own, or its name; of one name the latest.
async fn find(daemon: &mut Connection, wanted: &str) -> Result<Message, Failure> {
    let files = all(daemon).await?;
    let is_file = |message: &Message, fits: &dyn Fn(&File) -> bool| message.file.as_deref().is_some_and(fits);
    let by_id = |message: &&Message| {
        message.id == wanted || (wanted.len() >= 4 && is_file(message, &|file| file.id.starts_with(wanted)))
    };
    let mut exact = files.iter().filter(by_id);
    let by_name = files.iter().rev().find(|message| is_file(message, &|file| file.name == wanted));
    match (exact.next(), exact.next()) {
        (Some(_), Some(_)) => {
            Err(Failure::Who(format!("several files begin with {}: use more of the id", safe(wanted))))
        }
        (Some(one), None) => Ok(one.clone()),
        (None, _) => by_name
            .cloned()
            .ok_or_else(|| Failure::Who(format!("there is no file {}: `lamplit files` lists them", safe(wanted)))),
    }
}
