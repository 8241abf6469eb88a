use std::io::Read;

use anyhow::Context;
use lamplit_rpc::api::{self, Compared};
use lamplit_types::limits::TEXT_BYTES;
use serde_json::json;

use super::Desk;
use crate::{
    args::Say,
    failure::Failure,
    output::{Style, safe},
    who::{self, Named, With},
};

pub(super) async fn run(desk: &Desk, say: Say) -> Result<(), Failure> {
    let text = match say.words() {
        Some(words) => words,
        None => standard_input()?,
    };
    let mut daemon = desk.connect().await?;
    let with = who::find_with(&mut daemon, &say.to).await?;
    let said = daemon.call(api::Say { conversation: with.id().to_owned(), text }).await?;
    let server = daemon.call(api::GetStatus {}).await?.server;
    desk.out.print(&json!({ "id": said.id, "conversation": with.id() }), || {
        let name = safe(with.name());
        match &with {
            With::Contact(contact) if !contact.near && server.is_some() => {
                format!("Kept: it goes through the server, or when {name} comes near.")
            }
            With::Contact(contact) if !contact.near => format!("Kept: it is sent when {name} comes near."),
            With::Contact(_) => format!("Sent to {name}."),
            With::Group(_) if server.is_some() => {
                format!("Sent to {name}: to each member through the server, or when they are near.")
            }
            With::Group(_) => format!("Sent to {name}: to each member when they are near."),
        }
    })?;
    if matches!(&with, With::Contact(contact) if contact.compared == Compared::Different) {
        let name = safe(with.name());
        let careful =
            format!("Careful: your safety codes differ. Whoever gets it may not be {name}: lamplit safety '{name}'");
        desk.out.text(&desk.out.paint(Style::Bad, &careful))?;
    }
    Ok(())
}

/// All of standard input, without the line feed at its end. No more than a message holds is read.
fn standard_input() -> Result<String, Failure> {
    let most = u64::try_from(TEXT_BYTES).unwrap_or(u64::MAX).saturating_add(2);
    let mut text = String::new();
    std::io::stdin().take(most).read_to_string(&mut text).context("standard input is no text")?;
    text.truncate(text.trim_end_matches(['\n', '\r']).len());
    Ok(text)
}
