//! The account's own devices: linking a new one, listing, renaming.

use std::time::Duration;

use anyhow::anyhow;
use lamplit_rpc::{
    CallError, Connection, Happening,
    api::{self, Device, Event, Subscribe},
};
use serde_json::json;
use tokio::{
    signal::unix::{SignalKind, signal},
    time::{Instant, sleep, timeout_at},
};

use super::Desk;
use crate::{
    args::{Devices, DevicesCommand, Link, RemoveDevice, RenameDevice},
    failure::Failure,
    hidden,
    output::{Output, Style, safe, short},
    qr::qr,
    table::{self, Cell},
    time,
};

/// How long a new device may take to say what it is called,
const NAMED_WITHIN: Duration = Duration::from_secs(3);
/// and how often it is looked whether it did.
const LOOK: Duration = Duration::from_millis(100);

pub(super) async fn run(desk: &Desk, Devices { command }: Devices) -> Result<(), Failure> {
    match command {
        None => list(desk).await,
        Some(DevicesCommand::Rename(rename)) => self::rename(desk, rename).await,
        Some(DevicesCommand::Remove(remove)) => self::remove(desk, remove).await,
    }
}

/// Shows a link code and waits until a device has joined by it, and knows what was said before.
pub(super) async fn link(desk: &Desk, Link { no_qr, no_wait }: Link) -> Result<(), Failure> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut daemon = desk.connect().await?;
    daemon.call(Subscribe {}).await?;
    let linking = daemon.call(api::LinkDevice {}).await?;
    let (bold, until) = (desk.out.paint(Style::Bold, &linking.link), time::date_and_time(linking.expires_ms));
    let code = if desk.out.is_json() || no_qr { String::new() } else { format!("{}\n\n", qr(&linking.link)?) };
    desk.out.print(&linking, || {
        format!(
            "{code}{bold}\n\n\
             For one new device of yours, until {until}. Whoever has this code becomes a device of your account: show it to\n\
             nobody, and copy it over no way that others read. On the new device: lamplit init --link CODE"
        )
    })?;
    if no_wait {
        return Ok(());
    }
    let left = linking.expires_ms.saturating_sub(time::now_ms());
    let deadline = Instant::now() + Duration::from_millis(left);
    let joined = tokio::select! {
        joined = timeout_at(deadline, joined(&mut daemon)) => joined,
        _ = interrupt.recv() => {
            desk.connect().await?.call(api::EndLink {}).await?;
            return Err(Failure::Other(anyhow!("no device was linked, and the code is good no more")));
        }
    };
    let device =
        joined.map_err(|_| Failure::Timeout("nobody used the code: run `lamplit link` again".to_owned()))??;
    let device = with_name(desk, device).await?;
    desk.out.print(&json!({ "device": device }), || {
        format!(
            "A new device has joined: {}. The new device shows the same name and number; if that is not the one in your\n\
             hands, remove it at once: lamplit devices remove {}",
            called(&device),
            short(&device.id)
        )
    })?;
    follow_past(desk, &mut daemon, &device.id).await
}

async fn joined(daemon: &mut Connection) -> Result<Device, Failure> {
    loop {
        if let Happening::Event(Event::DeviceAdded { device }) = daemon.next().await?.ok_or(CallError::Gone)? {
            return Ok(device);
        }
    }
}

/// The device once it has said what it is called, which comes a moment after it joined; nameless if it does not say.
async fn with_name(desk: &Desk, mut device: Device) -> Result<Device, Failure> {
    let mut daemon = desk.connect().await?;
    let deadline = Instant::now() + NAMED_WITHIN;
    while device.name.is_none() && Instant::now() < deadline {
        sleep(LOOK).await;
        device = all(&mut daemon).await?.into_iter().find(|known| known.id == device.id).unwrap_or(device);
    }
    Ok(device)
}

/// Shows how far the new device has come, to the end.
async fn follow_past(desk: &Desk, daemon: &mut Connection, id: &str) -> Result<(), Failure> {
    loop {
        let Happening::Event(event) = daemon.next().await?.ok_or(CallError::Gone)? else { continue };
        let Event::Past { device, gives: true, told, total, last } = event else { continue };
        if device != id {
            continue;
        }
        if desk.out.is_json() {
            desk.out.print(&json!({ "told": told, "total": total, "last": last }), String::new)?;
        }
        if last {
            return Ok(desk.out.text(&match told {
                0 => "Nothing was said before it joined.".to_owned(),
                1 => "It has the one message there is.".to_owned(),
                _ => format!("It has all {told} messages."),
            })?);
        }
    }
}

async fn list(desk: &Desk) -> Result<(), Failure> {
    let mut devices = all(&mut desk.connect().await?).await?;
    devices.sort_by_key(|device| (!device.this, device.since_ms));
    if desk.out.is_json() {
        for device in &devices {
            desk.out.print(device, String::new)?;
        }
        return Ok(());
    }
    for line in table::lines(&rows(desk.out, &devices)) {
        desk.out.line(&line)?;
    }
    Ok(())
}

fn rows(out: Output, devices: &[Device]) -> Vec<Vec<Cell>> {
    let head = ["NAME", "SEEN", "SINCE", "CERTIFICATE UNTIL", "ID"];
    let head = head.map(|title| Cell::new(title, |title| out.paint(Style::Dim, title)));
    let now = time::now_ms();
    let row = |device: &Device| {
        let seen = match (device.this, device.near, device.seen_ms) {
            (true, ..) => "this one".to_owned(),
            (_, true, _) => "near".to_owned(),
            (.., Some(seen)) => time::age(now, seen),
            (.., None) => "never".to_owned(),
        };
        vec![
            Cell::new(name(device), |name| out.paint(Style::Bold, name)),
            seen.into(),
            time::date(device.since_ms).into(),
            time::date(device.certificate_until_ms).into(),
            short(&device.id).to_owned().into(),
        ]
    };
    core::iter::once(head.into()).chain(devices.iter().map(row)).collect()
}

async fn rename(desk: &Desk, RenameDevice { name, device }: RenameDevice) -> Result<(), Failure> {
    let mut daemon = desk.connect().await?;
    let which = match device {
        Some(wanted) => Some(find(&mut daemon, &wanted).await?.id),
        None => None,
    };
    daemon.call(api::RenameDevice { device: which.clone(), name: name.clone() }).await?;
    desk.out.print(&json!({ "device": which, "name": name }), || {
        format!("The device is called {} on all of your devices now; nobody else sees that.", safe(&name))
    })?;
    Ok(())
}

async fn remove(desk: &Desk, RemoveDevice { device }: RemoveDevice) -> Result<(), Failure> {
    let mut daemon = desk.connect().await?;
    let device = find(&mut daemon, &device).await?;
    if device.this {
        return Err(Failure::Other(anyhow!("this is the device in your hands: remove it from another one of yours")));
    }
    let question = format!("Recovery phrase, to remove {}: ", called(&device));
    let phrase = tokio::task::spawn_blocking(move || hidden::line(&question)).await.map_err(anyhow::Error::new)??;
    daemon.call(api::RemoveDevice { device: device.id.clone(), phrase }).await?;
    desk.out.print(&json!({ "device": device.id, "removed": true }), || {
        format!(
            "{} is no device of yours any more. Your other devices and your contacts hear of it when they meet this one, or\n\
             one that knows; until then they do not know.",
            called(&device)
        )
    })?;
    Ok(())
}

async fn all(daemon: &mut Connection) -> Result<Vec<Device>, Failure> {
    Ok(daemon.call(api::GetDevices {}).await?.devices)
}

/// The device that `wanted` means: a name, or the beginning of an id.
pub(super) async fn find(daemon: &mut Connection, wanted: &str) -> Result<Device, Failure> {
    let (devices, small) = (all(daemon).await?, wanted.trim().to_lowercase());
    let named = |device: &&Device| device.name.as_ref().is_some_and(|name| name.to_lowercase() == small);
    let numbered = |device: &&Device| !small.is_empty() && device.id.starts_with(&small);
    let mut found: Vec<&Device> = devices.iter().filter(named).collect();
    if found.is_empty() {
        found = devices.iter().filter(numbered).collect();
    }
    match found.as_slice() {
        [one] => Ok((*one).clone()),
        [] => {
            Err(Failure::Who(format!("none of your devices is called {}: `lamplit devices` lists them", safe(wanted))))
        }
        _ => Err(Failure::Who(format!("several of your devices are called {}: use the id", safe(wanted)))),
    }
}

/// A device by name and number.
pub(super) fn called(device: &Device) -> String {
    format!("{} ({})", name(device), short(&device.id))
}

fn name(device: &Device) -> String {
    device.name.as_ref().map_or_else(|| "no name".to_owned(), |name| safe(name))
}
