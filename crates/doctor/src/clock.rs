use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::Finding;

/// Seconds since 1970 before which this program did not exist: 2026-01-01.
const MADE: Duration = Duration::from_secs(1_767_225_600);
/// What a clock may be set back by without being called wrong.
const SLACK: Duration = Duration::from_secs(300);

/// Compares the clock with what this device has written. Whether it is ahead only others can tell.
pub(crate) fn look(data: &Path) -> Vec<Finding> {
    vec![judge(SystemTime::now(), newest(data))]
}

fn judge(now: SystemTime, newest: Option<SystemTime>) -> Finding {
    if now < UNIX_EPOCH + MADE {
        return Finding::ClockBeforeProgram;
    }
    match newest.and_then(|newest| newest.duration_since(now).ok()) {
        Some(ahead) if ahead > SLACK => Finding::ClockBehind { seconds: ahead.as_secs() },
        _ => Finding::Clock,
    }
}

/// When the youngest file of a directory was written.
fn newest(data: &Path) -> Option<SystemTime> {
    let files = fs::read_dir(data).ok()?;
    files.filter_map(|file| file.ok()?.metadata().ok()?.modified().ok()).max()
}

#[cfg(test)]
mod tests;
