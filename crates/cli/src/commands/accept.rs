use anyhow::anyhow;
use lamplit_rpc::{
    CallError, Connection, Happening,
    api::{self, Contact, Event, Subscribe},
};
use serde_json::json;

use super::Desk;
use crate::{args::Accept, failure::Failure, output::safe, waiting, who};

pub(super) async fn run(desk: &Desk, Accept { link, timeout }: Accept) -> Result<(), Failure> {
    let mut daemon = desk.connect().await?;
    daemon.call(Subscribe {}).await?;
    let accepting = daemon.call(api::Accept { link }).await?;
    let waited = waiting::wait(
        desk.out.is_json(),
        "Waiting for whoever made this invite",
        timeout,
        until_met(&mut daemon, &accepting.contact),
    );
    let contact = waited.await.ok_or_else(|| {
        Failure::Timeout(format!(
            "nobody answered within {} s: is `lamplit run` running on the device that made this invite, and are both on one network? \
             The daemon goes on trying; `lamplit contacts` shows when it came about",
            timeout.as_secs()
        ))
    })??;
    desk.out.print(&json!({ "contact": contact }), || {
        let name = safe(&contact.name);
        format!("{name} is a contact now. Say something: lamplit say '{name}' hello")
    })?;
    Ok(())
}

async fn until_met(daemon: &mut Connection, id: &str) -> Result<Contact, Failure> {
    loop {
        match daemon.next().await?.ok_or(CallError::Gone)? {
            Happening::Event(Event::ContactAdded { contact }) if contact.id == id => return Ok(contact),
            Happening::Event(Event::AcceptFailed { contact, reason }) if contact == id => {
                return Err(Failure::Other(anyhow!(reason)));
            }
            Happening::Event(_) => {}
            Happening::Lagged(_) => {
                if let Some(contact) = who::all(daemon).await?.into_iter().find(|contact| contact.id == id) {
                    return Ok(contact);
                }
            }
        }
    }
}
