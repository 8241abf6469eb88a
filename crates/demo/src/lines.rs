//! The story line by line, for where there is no terminal.

use std::io::{self, Write};

use anyhow::Result;
use lamplit_rpc::api::{Event, Progress};
use lamplit_tui::words::apps;
use tokio::sync::mpsc;

use crate::{
    stage::{Shown, Stage, Who},
    view::{is_here, words},
};

/// Prints what there is to show. Stays up after the end of the story, unless it shall be told once.
pub(crate) async fn run(mut happenings: mpsc::Receiver<Shown>, _stage: &Stage, once: bool) -> Result<()> {
    while let Some(shown) = happenings.recv().await {
        match shown {
            Shown::Told(text) => print(&format!("* {text}"))?,
            Shown::View(who, _, Some(event)) => {
                if let Some(text) = describe(who, &event) {
                    print(&format!("    {:<6} {text}", who.name()))?;
                }
            }
            Shown::View(_, _, None) => {}
            Shown::End if once => {
                print("* That was the story.")?;
                return Ok(());
            }
            Shown::End => print("* That was the story. The devices stay up until Ctrl-C.")?,
            Shown::Failed(error) => return Err(error),
        }
    }
    Ok(())
}

fn describe(who: Who, event: &Event) -> Option<String> {
    let other = who.other().name();
    Some(match event {
        Event::ContactAdded { contact } => format!("has a new contact: {}", contact.name),
        Event::Near { near: true, .. } => format!("is linked with {other}"),
        Event::Near { near: false, .. } => format!("has lost the link with {other}"),
        Event::Presence { lit, .. } if lit.is_empty() => format!("sees {other} on nothing"),
        Event::Presence { lit, .. } => format!("sees {other} on {}", apps(lit)),
        Event::Message { message, .. } if !message.mine => format!("gets \"{}\"", words(message)),
        Event::File { message } if !message.mine && is_here(message) => format!("has {} whole", words(message)),
        Event::Progress { progress: Progress::Delivered, .. } => "is told: delivered".to_owned(),
        Event::Progress { progress: Progress::Read, .. } => "is told: read".to_owned(),
        Event::Warning { text } => format!("is warned: {text}"),
        Event::AcceptFailed { reason, .. } => format!("could not accept: {reason}"),
        Event::Message { .. }
        | Event::File { .. }
        | Event::FileLimitChanged { .. }
        | Event::DeviceAdded { .. }
        | Event::DeviceChanged { .. }
        | Event::DeviceRemoved { .. }
        | Event::Past { .. }
        | Event::Progress { .. }
        | Event::StatusChanged { .. }
        | Event::ContactChanged { .. }
        | Event::GroupAdded { .. }
        | Event::GroupChanged { .. }
        | Event::GroupEnded { .. }
        | Event::ContactRemoved { .. } => {
            return None;
        }
    })
}

fn print(line: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{line}")?;
    stdout.flush()
}
