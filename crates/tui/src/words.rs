//! What several screens say alike.

use lamplit_rpc::api::{Family, LitApp, NearDevice, Over, Progress};

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
