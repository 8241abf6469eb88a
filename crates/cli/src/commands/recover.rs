//! Opening the account of a number on an empty device: with the code that is sent there, and the recovery phrase.

use std::{path::absolute, sync::Arc, time::Duration};

use anyhow::{Context, anyhow};
use lamplit_client::{
    Client, CodeAsked, Command, Handle, Network, Opening, Parts, ReopenError, ReopenFailed, Reopened, Reopening,
    ServerAddress,
    account::{self, Kept, KeyringChoice},
    identity::{Cost, Phrase, RootKey},
    view,
};
use lamplit_types::{Name, PhoneNumber, SmsCode, limits::CONTACTS};
use serde_json::json;
use tokio::{
    task::spawn_blocking,
    time::{Instant, sleep},
};

use super::{Desk, join::NAMELESS};
use crate::{
    args::Init,
    failure::Failure,
    hidden,
    output::{complain, safe, short},
    waiting,
};

/// How long it is waited for the account's records, and how often it is looked.
const RECORDS: Duration = Duration::from_secs(60);
const LOOK: Duration = Duration::from_millis(100);
/// How long the server may take to have the code sent.
const SENDING: Duration = Duration::from_secs(60);

pub(super) async fn run(desk: &Desk, init: Init, choice: KeyringChoice, number: String) -> Result<(), Failure> {
    if init.name.is_some() {
        return Err(Failure::Other(anyhow!("an account that is opened has its name already: leave --name out")));
    }
    let number = PhoneNumber::parse(&number).map_err(anyhow::Error::new)?;
    let link = init.server.context("which server keeps the account? --server LINK, as you used it before")?;
    let server = ServerAddress::from_link(&link).map_err(anyhow::Error::new)?;
    let called = match init.device {
        Some(name) => Name::parse(&name).map_err(anyhow::Error::new)?,
        None => match account::host_name() {
            Some(name) => name,
            None => Name::parse(NAMELESS).map_err(anyhow::Error::new)?,
        },
    };
    let data = absolute(&desk.data).context("the data directory has no absolute path")?;

    let reopening = Reopening::begin(&data, server, number).map_err(anyhow::Error::new)?;
    ask(desk, &reopening, number).await?;
    let opening = show(desk, &reopening).await?;
    let (root, reopened) = unlock(desk, &reopening, &opening, &called).await?;
    let kept = reopening.keep(reopened, choice).await.map_err(anyhow::Error::new)?;
    let json = json!({
        "account": kept.account.to_string(),
        "device": kept.device.to_string(),
        "called": called.as_str(),
        "name": kept.name.as_str(),
        "keys": match kept.kept { Kept::Keyring => "keyring", Kept::File(_) => "file" },
        "data": data,
    });
    desk.out.print(&json, || {
        format!(
            "This is a device of {}'s account now: {} ({}).\nThis device's keys are kept in {}.",
            safe(kept.name.as_str()),
            safe(called.as_str()),
            short(&kept.device.to_string()),
            kept.kept,
        )
    })?;

    let parts = Parts::on_network(kept.opened, Network { bind: None, discovery: true }).map_err(anyhow::Error::new)?;
    let client = Client::start(parts).map_err(anyhow::Error::new)?;
    let handle = client.handle();
    let settled = settle(desk, &handle, root, init.remove_others).await;
    handle.stop();
    client.wait().await.map_err(anyhow::Error::new)?;
    settled?;
    desk.out.text("Start with: lamplit run")?;
    Ok(())
}

async fn ask(desk: &Desk, reopening: &Reopening, number: PhoneNumber) -> Result<(), Failure> {
    let sending = waiting::wait(desk.out.is_json(), "Waiting until the code is sent", SENDING, reopening.ask_code());
    let asked = sending.await.unwrap_or(Ok(CodeAsked::Unclear)).map_err(anyhow::Error::new)?;
    desk.out.print(&json!({ "asked": number.to_string() }), || match asked {
        CodeAsked::Sent => format!("A code is on its way to {number}."),
        CodeAsked::Unclear => format!("The server does not say whether a code is on its way to {number}; it may come."),
    })?;
    Ok(())
}

/// Asks for the code until it is right.
async fn show(desk: &Desk, reopening: &Reopening) -> Result<Opening, Failure> {
    let mut wrong = None;
    loop {
        let code = typed("Code: ", wrong.take()).await?;
        let error = match SmsCode::parse(&code) {
            Ok(code) => match reopening.show_code(code).await {
                Ok(opening) => return Ok(opening),
                Err(error @ ReopenFailed::WrongCode(_)) => anyhow::Error::new(error),
                Err(error) => return Err(Failure::Other(anyhow::Error::new(error))),
            },
            Err(error) => anyhow::Error::new(error),
        };
        wrong = Some(complained(desk, error));
    }
}

/// Asks for the phrase until it is the right one.
async fn unlock(
    desk: &Desk,
    reopening: &Reopening,
    opening: &Opening,
    called: &Name,
) -> Result<(RootKey, Reopened), Failure> {
    let mut wrong = None;
    loop {
        let phrase = typed("Recovery phrase: ", wrong.take()).await?;
        let stretched = spawn_blocking(move || {
            let phrase = Phrase::parse(&phrase).map_err(anyhow::Error::new)?;
            phrase.root_key(Cost::STANDARD).map_err(anyhow::Error::new)
        });
        let error = match stretched.await.map_err(anyhow::Error::new)? {
            Ok(root) => match reopening.open(&root, opening, called.clone()) {
                Ok(reopened) => return Ok((root, reopened)),
                Err(error @ ReopenFailed::Reopen(ReopenError::WrongPhrase)) => anyhow::Error::new(error),
                Err(error) => return Err(Failure::Other(anyhow::Error::new(error))),
            },
            Err(error) => error,
        };
        wrong = Some(complained(desk, error));
    }
}

/// A line that nobody sees. If there is none, what was wrong with the one before is what there is to say.
async fn typed(question: &'static str, wrong: Option<anyhow::Error>) -> Result<String, Failure> {
    let line = spawn_blocking(move || hidden::line(question)).await.map_err(anyhow::Error::new)?;
    line.map_err(|error| wrong.map_or(error, Failure::Other))
}

fn complained(desk: &Desk, error: anyhow::Error) -> anyhow::Error {
    complain(desk.out.is_json(), &format!("{error:#}"));
    error
}

/// Waits until the account's records are here, and removes its other devices if that is wished.
async fn settle(desk: &Desk, handle: &Handle, root: RootKey, remove_others: bool) -> Result<(), Failure> {
    if !caught_up(desk, handle).await {
        if remove_others {
            return Err(Failure::Timeout(
                "the account is open here, but its records are not yet, and without them no device can be removed: start with \
                 `lamplit run`, then `lamplit devices remove`"
                    .to_owned(),
            ));
        }
        return Ok(desk.out.text("Its contacts and the rest come with: lamplit run")?);
    }
    let contacts = handle.read(|read| view::contacts(read, None, CONTACTS)).await.map_err(anyhow::Error::new)?.len();
    desk.out.print(&json!({ "contacts": contacts }), || match contacts {
        0 => "It has no contacts.".to_owned(),
        1 => "Your contact is here. What was said before stays on the devices it was said on.".to_owned(),
        _ => format!("Your {contacts} contacts are here. What was said before stays on the devices it was said on."),
    })?;
    let devices = handle.read(view::devices).await.map_err(anyhow::Error::new)?;
    let others: Vec<_> = devices.into_iter().filter(|device| !device.this).collect();
    if !remove_others {
        let many = others.len();
        if many > 0 {
            desk.out.text(&format!(
                "The account has {many} more {}: `lamplit devices` lists them, and `lamplit devices remove` removes what is lost.",
                if many == 1 { "device" } else { "devices" }
            ))?;
        }
        return Ok(());
    }
    let root = Arc::new(root);
    for other in others {
        let command = Command::RemoveDevice { device: other.device, root: root.clone() };
        handle.command(command).await.map_err(anyhow::Error::new)?;
        let (id, name) = (other.device.to_string(), other.name.map(|name| safe(name.as_str())));
        desk.out.print(&json!({ "device": id, "removed": true }), || {
            format!("{} ({}) is no device of yours any more.", name.as_deref().unwrap_or("no name"), short(&id))
        })?;
    }
    if !caught_up(desk, handle).await {
        desk.out.text("The server has not heard of it yet: start `lamplit run`, which brings it there. Until then the others go on.")?;
    }
    Ok(())
}

/// Whether the account's records are here, within a while.
async fn caught_up(desk: &Desk, handle: &Handle) -> bool {
    let deadline = Instant::now() + RECORDS;
    let waited = waiting::wait(desk.out.is_json(), "Waiting for the server", RECORDS, async {
        while !handle.state().caught_up && Instant::now() < deadline {
            sleep(LOOK).await;
        }
    });
    waited.await.is_some() && handle.state().caught_up
}
