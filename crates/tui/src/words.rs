//! What several screens say alike.

use lamplit_rpc::api::{Family, File, FileState, LitApp, NearDevice, Over, Progress};

use crate::bytes::bytes;

/// Apps, in words.
pub fn apps(lit: &[LitApp]) -> String {
    lit.iter().map(|app| app.app.as_str()).collect::<Vec<_>>().join(", ")
}

/// How far a message has come, in ticks.
pub const fn ticks(progress: Progress) -> &'static str {
    match progress {
        Progress::Sent => "·",
        Progress::Delivered => "✓",
        Progress::Read => "✓✓",
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
pub fn file(file: &File, said: &str) -> String {
    let picture = file.picture.map(|(width, height)| format!(", {width} × {height}")).unwrap_or_default();
    let state = match &file.state {
        FileState::Offered => "offered".to_owned(),
        FileState::Wanted => "on its way".to_owned(),
        FileState::Here { path } => format!("here: {path}"),
        FileState::Declined => "declined".to_owned(),
        FileState::Withdrawn => "taken back".to_owned(),
    };
    let line = format!("[{}] {}{picture}\n{state}", file.name, bytes(file.size));
    if said.is_empty() { line } else { format!("{line}\n{said}") }
}

#[cfg(test)]
mod tests;
