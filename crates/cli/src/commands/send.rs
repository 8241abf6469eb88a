use std::time::Duration;

use lamplit_rpc::{
    Connection,
    api::{Contact, File, FileState, GetFiles, Message, SendFile, TransferKind},
};
use serde_json::json;
use tokio::time::sleep;

use super::{Desk, files};
use crate::{args::Send, bytes::bytes, failure::Failure, output::safe, waiting::Bar, who};

/// How often is looked how far a file is.
const LOOK: Duration = Duration::from_millis(200);

pub(super) async fn run(desk: &Desk, send: Send) -> Result<(), Failure> {
    let mut daemon = desk.connect().await?;
    let contact = who::find(&mut daemon, &send.contact).await?;
    let mut sent = Vec::new();
    let mut caption = send.caption;
    for path in &send.files {
        // Where it is is for this process to know: the daemon has a directory of its own.
        let path = std::path::absolute(path)
            .map_err(|error| Failure::Other(anyhow::anyhow!("{}: {error}", path.display())))?;
        let path = path.to_string_lossy().into_owned();
        let id = reading(desk, &mut daemon, &contact, &path, (caption.take(), send.keep_metadata)).await?;
        desk.out.print(&json!({ "id": id, "conversation": contact.id, "path": path }), || {
            let name = safe(&contact.name);
            let whether = if contact.near { "" } else { " It is sent when they come near." };
            format!("{} is for {name}.{whether}", safe(&path))
        })?;
        sent.push(id);
    }
    // Nobody can say how long somebody stays away.
    if !send.no_wait && contact.near {
        for id in sent {
            wait(desk, &mut daemon, &id).await?;
        }
    }
    Ok(())
}

/// Sends a file and shows meanwhile how far it is read.
async fn reading(
    desk: &Desk,
    daemon: &mut Connection,
    contact: &Contact,
    path: &str,
    (caption, keep_metadata): (Option<String>, bool),
) -> Result<String, Failure> {
    let bar = Bar::new(desk.out.is_json(), "reading");
    let mut looking = desk.connect().await?;
    let call =
        daemon.call(SendFile { conversation: contact.id.clone(), path: path.to_owned(), caption, keep_metadata });
    tokio::pin!(call);
    loop {
        tokio::select! {
            said = &mut call => {
                bar.clear();
                return Ok(said?.id);
            }
            () = sleep(LOOK) => {
                let transfers = looking.call(lamplit_rpc::api::GetTransfers {}).await?.transfers;
                if let Some(transfer) = transfers.iter().find(|transfer| transfer.kind == TransferKind::Reading && transfer.trouble.is_none()) {
                    bar.show(transfer.done, transfer.total);
                }
            }
        }
    }
}

/// Waits until the other side has a file, or does not want it.
async fn wait(desk: &Desk, daemon: &mut Connection, id: &str) -> Result<(), Failure> {
    let mut bar = Bar::new(desk.out.is_json(), "waiting");
    loop {
        let Some(file) = file_of(daemon, id).await? else { return Ok(()) };
        bar.name(&safe(&file.name));
        if !file.fetched_by.is_empty() {
            bar.clear();
            let size = bytes(file.size);
            desk.out
                .print(&json!({ "id": id, "fetched": true }), || format!("{} ({size}) is there.", safe(&file.name)))?;
            return Ok(());
        }
        if !file.declined_by.is_empty() || file.state == FileState::Withdrawn {
            bar.clear();
            return Err(Failure::Other(anyhow::anyhow!("{} was declined or taken back", safe(&file.name))));
        }
        files::draw(daemon, &bar, &file.id, TransferKind::Serving).await?;
        sleep(LOOK).await;
    }
}

async fn file_of(daemon: &mut Connection, id: &str) -> Result<Option<Box<File>>, Failure> {
    let mut after = None;
    loop {
        let page = daemon.call(GetFiles { after, limit: None }).await?;
        let is_it = |message: &&Message| message.id == id;
        if let Some(message) = page.files.iter().find(is_it) {
            return Ok(message.file.clone());
        }
        match page.files.last().and_then(|message| message.file.as_ref()) {
            Some(last) if page.more => after = Some(last.id.clone()),
            _ => return Ok(None),
        }
    }
}
