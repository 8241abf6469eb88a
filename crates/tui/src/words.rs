//! What several screens say alike.

use lamplit_rpc::api::{Family, File, FileState, LitApp, Message, NearDevice, Over, Progress, Reach, Transfer};

use crate::bytes::bytes;

/// What bars are made of: what is done, and what is not.
pub(crate) const BARS: [char; 2] = ['━', '─'];
/// Cells of a bar.
const BAR: usize = 16;

/// Apps, in words.
pub fn apps(lit: &[LitApp]) -> String {
    lit.iter().map(|app| app.app.as_str()).collect::<Vec<_>>().join(", ")
}

/// How many people.
pub(crate) fn people(count: usize) -> String {
    if count == 1 { "1 person".to_owned() } else { format!("{count} people") }
}

/// How far a message has come, in ticks.
pub const fn ticks(progress: Progress) -> &'static str {
    match progress {
        Progress::Sent => "·",
        Progress::Delivered => "✓",
        Progress::Read => "✓✓",
    }
}

/// How far a message in a group has come, in ticks, and with how many members where it is not all.
pub(crate) fn ticks_of(reach: &Reach) -> String {
    let all = |count: usize| count >= reach.members;
    match (reach.read, reach.delivered) {
        (_, 0) => "·".to_owned(),
        (read, _) if all(read) => "✓✓".to_owned(),
        (0, delivered) if all(delivered) => "✓".to_owned(),
        (0, delivered) => format!("{delivered}✓"),
        (read, _) => format!("{read}✓✓"),
    }
}

/// Over what a device is reached.
pub fn way(device: &NearDevice) -> String {
    let over = match device.over {
        Over::Lan => "LAN",
        Over::Ble => "Bluetooth",
        Over::Server => "server",
    };
    match device.family {
        Some(Family::Ipv4) => format!("{over}, IPv4"),
        Some(Family::Ipv6) => format!("{over}, IPv6"),
        None => over.to_owned(),
    }
}

/// A file in a conversation, in words: its name and size, where it is, and what was said with it.
pub(crate) fn file(message: &Message, file: &File, under_way: Option<&Transfer>) -> String {
    let picture = file.picture.map(|(width, height)| format!(", {width} × {height}")).unwrap_or_default();
    let state = match under_way {
        Some(transfer) => transfer.trouble.clone().unwrap_or_else(|| bar(transfer)),
        None if message.mine => sent(file),
        None => received(&file.state),
    };
    let line = format!("[{}] {}{picture}\n{state}", file.name, bytes(file.size));
    if message.text.is_empty() { line } else { format!("{line}\n{}", message.text) }
}

/// Where a file is that somebody else sent.
fn received(state: &FileState) -> String {
    match state {
        FileState::Offered => "offered: /fetch takes it, /decline does not".to_owned(),
        FileState::Wanted => "on its way".to_owned(),
        FileState::Here { path } => format!("here: {path}"),
        FileState::Declined => "declined".to_owned(),
        FileState::Withdrawn => "taken back".to_owned(),
    }
}

/// How far a file has come that was sent from here or from another own device.
fn sent(file: &File) -> String {
    match (&file.state, file.fetched_by.len(), file.declined_by.len()) {
        (FileState::Withdrawn, ..) => "taken back".to_owned(),
        (_, 0, 0) => "offered".to_owned(),
        (_, 0, _) => "declined".to_owned(),
        (_, 1, _) => "fetched".to_owned(),
        (_, many, _) => format!("fetched by {many}"),
    }
}

/// How far a file is, as a bar.
fn bar(transfer: &Transfer) -> String {
    let percent = percent(transfer.done, transfer.total);
    let full = usize::from(percent).saturating_mul(BAR) / 100;
    let [done, left] = BARS.map(String::from);
    format!("{}{} {percent} %", done.repeat(full), left.repeat(BAR.saturating_sub(full)))
}

/// How much of a whole is done; all of nothing is.
pub(crate) fn percent(done: u64, total: u64) -> u8 {
    let percent = u128::from(done).saturating_mul(100).checked_div(u128::from(total)).unwrap_or(100);
    u8::try_from(percent.min(100)).unwrap_or(100)
}

#[cfg(test)]
mod tests;
