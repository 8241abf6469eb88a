//! The server that carries what cannot go directly.

use lamplit_rpc::{
    CallError, Connection, Happening,
    api::{self, Event, GetStatus, LeaveServer, Subscribe},
};
use serde_json::json;

use super::Desk;
use crate::{
    args::{Server, ServerCommand, UseServer},
    failure::Failure,
    output::safe,
    waiting,
};

pub(super) async fn run(desk: &Desk, Server { command }: Server) -> Result<(), Failure> {
    match command {
        None => show(desk).await,
        Some(ServerCommand::Use(chosen)) => choose(desk, chosen).await,
        Some(ServerCommand::Leave) => leave(desk).await,
    }
}

async fn show(desk: &Desk) -> Result<(), Failure> {
    let status = desk.connect().await?.call(GetStatus {}).await?;
    desk.out.print(&status.server, || match &status.server {
        Some(server) => describe(server),
        None => {
            "No server: what is said waits until the other is near. `lamplit server use LINK` chooses one.".to_owned()
        }
    })?;
    Ok(())
}

async fn choose(desk: &Desk, UseServer { link, timeout }: UseServer) -> Result<(), Failure> {
    let mut daemon = desk.connect().await?;
    daemon.call(Subscribe {}).await?;
    daemon.call(api::UseServer { server: link }).await?;
    let reached =
        waiting::wait(desk.out.is_json(), "Waiting for the server", timeout, until_connected(&mut daemon)).await;
    let server = reached.ok_or_else(|| {
        Failure::Timeout(
            "the server did not answer yet, and is tried again and again: `lamplit server` tells how it stands. Is the link right, \
             and does no firewall stop UDP?"
                .to_owned(),
        )
    })??;
    desk.out.print(&server, || format!("{} carries your messages from now on.", safe(&server.place)))?;
    Ok(())
}

async fn leave(desk: &Desk) -> Result<(), Failure> {
    desk.connect().await?.call(LeaveServer {}).await?;
    desk.out.print(&json!(null), || "No server is used any more.".to_owned())?;
    Ok(())
}

/// Where it is, and whether it is there.
pub(super) fn describe(server: &api::Server) -> String {
    let place = safe(&server.place);
    match (&server.connected, &server.why) {
        (true, _) => format!("{place}, connected"),
        (false, None) => format!("{place}, not reached"),
        (false, Some(why)) => format!("{place}, not connected: {}", safe(why)),
    }
}

async fn until_connected(daemon: &mut Connection) -> Result<api::Server, CallError> {
    loop {
        let status = daemon.call(GetStatus {}).await?;
        if let Some(server) = status.server.filter(|server| server.connected) {
            return Ok(server);
        }
        loop {
            match daemon.next().await?.ok_or(CallError::Gone)? {
                Happening::Event(Event::StatusChanged { .. }) | Happening::Lagged(_) => break,
                Happening::Event(_) => {}
            }
        }
    }
}
