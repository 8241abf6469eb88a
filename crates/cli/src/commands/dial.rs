use lamplit_rpc::{
    CallError, Connection, Happening,
    api::{self, Event, GetStatus, Subscribe},
};
use serde_json::json;

use super::Desk;
use crate::{args::Dial, failure::Failure, output::safe, waiting, who};

pub(super) async fn run(desk: &Desk, Dial { contact, address, timeout }: Dial) -> Result<(), Failure> {
    let mut daemon = desk.connect().await?;
    let contact = who::find(&mut daemon, &contact).await?;
    let name = safe(&contact.name);
    let snapshot = daemon.call(Subscribe {}).await?;
    if !snapshot.status.near.contains(&contact.id) {
        daemon.call(api::Dial { contact: contact.id.clone(), address: address.to_string() }).await?;
        let message = format!("Waiting for {name} at {address}");
        let near = waiting::wait(desk.out.is_json(), &message, timeout, until_near(&mut daemon, &contact.id)).await;
        near.ok_or_else(|| {
            let message =
                "is their daemon running, is that what their `lamplit status` shows, and does no firewall stop it?";
            Failure::Timeout(format!("{name} did not answer at {address}: {message}"))
        })??;
    }
    desk.out.print(&json!({ "contact": contact.id, "near": true }), || format!("{name} is near."))?;
    Ok(())
}

async fn until_near(daemon: &mut Connection, id: &str) -> Result<(), CallError> {
    loop {
        match daemon.next().await?.ok_or(CallError::Gone)? {
            Happening::Event(Event::Near { contact, near: true }) if contact == id => return Ok(()),
            Happening::Event(_) => {}
            Happening::Lagged(_) => {
                if daemon.call(GetStatus {}).await?.near.iter().any(|near| near == id) {
                    return Ok(());
                }
            }
        }
    }
}
