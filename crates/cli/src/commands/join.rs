//! A new device of an account that is on another one.

use std::path::absolute;

use anyhow::{Context, anyhow};
use lamplit_client::{Client, Event, Events, Handle, Missed, Network, Parts, account, account::KeyringChoice, view};
use lamplit_types::Name;
use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};

use super::Desk;
use crate::{
    args::Init,
    failure::Failure,
    output::{safe, short},
};

/// What a machine without a name is called.
pub(super) const NAMELESS: &str = "computer";

pub(super) async fn run(desk: &Desk, init: Init, choice: KeyringChoice, code: String) -> Result<(), Failure> {
    if init.name.is_some() {
        return Err(Failure::Other(anyhow!("a device that is linked takes the account's name: leave --name out")));
    }
    let called = match init.device {
        Some(name) => Name::parse(&name).map_err(anyhow::Error::new)?,
        None => match account::host_name() {
            Some(name) => name,
            None => Name::parse(NAMELESS).map_err(anyhow::Error::new)?,
        },
    };
    let data = absolute(&desk.data).context("the data directory has no absolute path")?;
    let opened = lamplit_client::join(&data, &code, called.clone(), choice).await.map_err(anyhow::Error::new)?;
    let device = opened.secrets.device().to_string();

    let parts = Parts::on_network(opened, Network { bind: None, discovery: true }).map_err(anyhow::Error::new)?;
    let client = Client::start(parts).map_err(anyhow::Error::new)?;
    let handle = client.handle();
    let name = handle.read(view::me).await.map_err(anyhow::Error::new)?.name;
    desk.out.print(
        &json!({ "device": device, "called": called.as_str(), "name": name.as_str(), "data": data }),
        || {
            format!(
                "This is a device of {}'s account now: {} ({}). The other device shows the same name and number.",
                safe(name.as_str()),
                safe(called.as_str()),
                short(&device)
            )
        },
    )?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let all = tokio::select! {
        told = until_told(desk, &handle) => told?,
        _ = interrupt.recv() => false,
    };
    handle.stop();
    client.wait().await.map_err(anyhow::Error::new)?;
    desk.out.text(if all { "Start with: lamplit run" } else { "The rest comes with: lamplit run" })?;
    Ok(())
}

/// Shows how much of what was said before is here, until all is; whether it is.
async fn until_told(desk: &Desk, handle: &Handle) -> Result<bool, Failure> {
    let mut events: Events = handle.events();
    while handle.read(view::lacks_past).await.map_err(anyhow::Error::new)? {
        match events.next().await {
            Ok(Event::Past { gives: false, told, total, last, .. }) => {
                if desk.out.is_json() {
                    desk.out.print(&json!({ "told": told, "total": total, "last": last }), String::new)?;
                } else if last {
                    desk.out.line(&format!("All {told} messages are here."))?;
                }
            }
            Ok(_) | Err(Missed::Lagged(_)) => {}
            Err(Missed::Stopped) => return Ok(false),
        }
    }
    Ok(true)
}
