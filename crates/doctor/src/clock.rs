use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::Finding;

/// Seconds since 1970 before which this program did not exist: 2026-01-01.
const MADE: Duration = Duration::from_secs(1_767_225_600);
/// What a clock may be set back by without being called wrong.
const SLACK: Duration = Duration::from_secs(300);

/// How this clock stands to those of other devices that the daemon met.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Others {
    /// None showed how late it is there, or no daemon runs.
    #[default]
    Unknown,
    /// As to most of them it should.
    Agrees {
        /// How many are known.
        others: usize,
    },
    /// It is ahead of most of them.
    Ahead {
        /// By about so many minutes, if not by more.
        minutes: u64,
        /// How many are known.
        others: usize,
    },
    /// It is behind most of them.
    Behind {
        /// By about so many minutes, if not by more.
        minutes: u64,
        /// How many are known.
        others: usize,
    },
    /// Another device would not have this one, since the two are more than a day apart.
    Disputed,
}

/// Compares the clock with what this device has written, and with those of others: whether it is ahead only they can tell.
pub(crate) fn look(data: &Path, others: Others) -> Vec<Finding> {
    vec![judge(SystemTime::now(), newest(data), others)]
}

fn judge(now: SystemTime, newest: Option<SystemTime>, others: Others) -> Finding {
    if now < UNIX_EPOCH + MADE {
        return Finding::ClockBeforeProgram;
    }
    match newest.and_then(|newest| newest.duration_since(now).ok()) {
        Some(ahead) if ahead > SLACK => Finding::ClockBehind { seconds: ahead.as_secs() },
        _ => match others {
            Others::Unknown => Finding::Clock { others: 0 },
            Others::Agrees { others } => Finding::Clock { others },
            Others::Ahead { minutes, others } => Finding::ClockAhead { minutes, others },
            Others::Behind { minutes, others } => Finding::ClockBehindOthers { minutes, others },
            Others::Disputed => Finding::ClockDisputed,
        },
    }
}

/// When the youngest file of a directory was written.
fn newest(data: &Path) -> Option<SystemTime> {
    let files = fs::read_dir(data).ok()?;
    files.filter_map(|file| file.ok()?.metadata().ok()?.modified().ok()).max()
}

#[cfg(test)]
mod tests;
