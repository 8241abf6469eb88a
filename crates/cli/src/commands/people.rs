//! Names, notes and removal.

use std::io::{self, BufRead, IsTerminal, Write};

use lamplit_rpc::api;
use serde_json::json;

use super::Desk;
use crate::{
    args::{Name, Note, Remove, Rename},
    failure::Failure,
    output::safe,
    who,
};

pub(super) async fn name(desk: &Desk, Name { name }: Name) -> Result<(), Failure> {
    desk.connect().await?.call(api::SetName { name: name.clone() }).await?;
    desk.out.print(&json!({ "name": name }), || format!("Contacts see you as {} now.", safe(&name)))?;
    Ok(())
}

pub(super) async fn rename(desk: &Desk, Rename { contact, name }: Rename) -> Result<(), Failure> {
    let mut daemon = desk.connect().await?;
    let contact = who::find(&mut daemon, &contact).await?;
    daemon.call(api::Rename { contact: contact.id.clone(), name: name.clone() }).await?;
    desk.out.print(&json!({ "contact": contact.id, "name": name }), || match &name {
        Some(name) => format!("{} is called {} now; nobody else sees that.", safe(&contact.name), safe(name)),
        None => "They are called what they call themselves.".to_owned(),
    })?;
    Ok(())
}

pub(super) async fn note(desk: &Desk, about: Note) -> Result<(), Failure> {
    let note = about.words();
    let mut daemon = desk.connect().await?;
    let contact = who::find(&mut daemon, &about.contact).await?;
    daemon.call(api::Note { contact: contact.id.clone(), note: note.clone() }).await?;
    desk.out.print(&json!({ "contact": contact.id, "note": note }), || match &note {
        Some(_) => format!("Noted about {}; nobody else sees it.", safe(&contact.name)),
        None => format!("There is no note about {} now.", safe(&contact.name)),
    })?;
    Ok(())
}

pub(super) async fn remove(desk: &Desk, Remove { contact, yes }: Remove) -> Result<(), Failure> {
    let mut daemon = desk.connect().await?;
    let contact = who::find(&mut daemon, &contact).await?;
    let name = safe(&contact.name);
    if !yes && !confirmed(&format!("Forget {name}? You need a new invite to meet again. [y/N] "))? {
        return Err(Failure::Other(anyhow::anyhow!("nothing was removed")));
    }
    daemon.call(api::RemoveContact { contact: contact.id.clone() }).await?;
    desk.out.print(&json!({ "contact": contact.id, "removed": true }), || format!("{name} is no contact any more."))?;
    Ok(())
}

fn confirmed(question: &str) -> Result<bool, Failure> {
    if !io::stdin().is_terminal() {
        return Err(Failure::Other(anyhow::anyhow!("this would ask first, and nobody is there to answer: add --yes")));
    }
    let mut stderr = io::stderr().lock();
    stderr.write_all(question.as_bytes())?;
    stderr.flush()?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}
