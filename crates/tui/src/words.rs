//! What several screens say alike.

use lamplit_rpc::api::{LitApp, Progress};

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
