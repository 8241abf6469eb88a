use lamplit_rpc::api::{GetStatus, LitApp, Status, Storage};
use lamplit_tui::{hearing, reach::from_elsewhere};

use super::{Desk, number, server};
use crate::{
    failure::Failure,
    output::{Output, Style, safe, short},
    table::{self, Cell},
    time,
};

pub(super) async fn run(desk: &Desk) -> Result<(), Failure> {
    let status = desk.connect().await?.call(GetStatus {}).await?;
    desk.out.print(&status, || describe(desk.out, &status))?;
    Ok(())
}

fn describe(out: Output, status: &Status) -> String {
    let now = time::now_ms();
    let lit: Vec<String> = status.lit.iter().map(|app| lit(now, app)).collect();
    let database = match &status.storage {
        Storage::Working => Cell::from("working"),
        Storage::Failing { reason } => Cell::new(reason.clone(), |text| out.paint(Style::Bad, text)),
    };
    let devices = match status.devices {
        1 => "the only one".to_owned(),
        many => format!("one of {many} devices"),
    };
    let discovery = if status.discovery { "on" } else { "off" };
    let rows = [
        ("lit", Cell::new(or_nothing(lit.join(", ")), |text| out.paint(Style::Lit, text))),
        ("contacts", format!("{}, {} near", status.contacts, status.near.len()).into()),
        ("unread", status.unread.to_string().into()),
        ("waiting", format!("{} to be sent", status.waiting).into()),
        ("reachable at", or_nothing(from_elsewhere(status.addresses.clone()).join(", ")).into()),
        ("strangers", format!("{} nearby", status.strangers).into()),
        ("discovery", format!("{discovery}, {}", hearing::briefly(status.hearing)).into()),
        ("server", status.server.as_ref().map_or_else(|| "none".to_owned(), server::describe).into()),
        ("number", number::briefly(&status.number).into()),
        ("database", database),
        ("account", status.account.clone().into()),
        ("device", format!("{}, {devices}", short(&status.device)).into()),
        ("version", status.version.clone().into()),
    ];
    let removed = "this device was removed from its account: it hears and says nothing more";
    let removed = status.removed.then(|| out.paint(Style::Bad, removed));
    let rows: Vec<Vec<Cell>> = rows
        .into_iter()
        .map(|(label, value)| vec![Cell::new(label, |label| out.paint(Style::Dim, label)), value])
        .collect();
    let name = out.paint(Style::Bold, &safe(&status.name));
    let advised = hearing::advice(status.hearing, hearing::COMMANDS).is_some();
    let hearing = advised.then(|| hearing::whole(status.hearing, hearing::COMMANDS));
    core::iter::once(name).chain(removed).chain(table::lines(&rows)).chain(hearing).collect::<Vec<_>>().join("\n")
}

fn lit(now: u64, app: &LitApp) -> String {
    format!("{} ({}, {})", app.app, by(&app.source), time::age(now, app.since_ms))
}

/// How we know that somebody is on an app.
pub(super) fn by(source: &str) -> &str {
    match source {
        "hand" => "by hand",
        other => other,
    }
}

fn or_nothing(text: String) -> String {
    if text.is_empty() { "nothing".to_owned() } else { text }
}

#[cfg(test)]
mod tests;
