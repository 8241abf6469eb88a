use std::{
    fs,
    path::PathBuf,
    process::Command,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use anyhow::{Context, Result};
use tempfile::TempDir;

/// A time of day that is not this machine's, for the daemons that are started with it. What measures how long something
/// takes goes on as ever, as when a machine slept or its clock was set.
#[derive(Debug)]
pub struct Clock {
    folder: TempDir,
    library: PathBuf,
    ahead: Duration,
}

impl Clock {
    /// Ahead of the machine's by no more than `period`, so that a new one has just begun, such as an hour.
    ///
    /// # Errors
    /// If `libfaketime` is missing.
    pub fn at_the_beginning_of(period: Duration) -> Result<Self> {
        Self::before_the_end_of(period, Duration::ZERO)
    }

    /// Ahead of the machine's by no more than `period`, so that one ends in the whole seconds of `left`, or up to a second sooner.
    ///
    /// # Errors
    /// If `libfaketime` is missing.
    pub fn before_the_end_of(period: Duration, left: Duration) -> Result<Self> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
        let gone =
            now.saturating_add(left.as_secs()).checked_rem(period.as_secs()).context("a period takes a while")?;
        let ahead = period.saturating_sub(Duration::from_secs(gone));
        let clock = Self { folder: TempDir::with_prefix("lamplit-e2e-")?, library: library()?, ahead };
        clock.write()?;
        Ok(clock)
    }

    /// How long it is by it until a period ends.
    ///
    /// # Errors
    /// If a period takes no time.
    pub fn until_the_end_of(&self, period: Duration) -> Result<Duration> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH)? + self.ahead;
        let gone = now.as_micros().checked_rem(period.as_micros()).context("a period takes a while")?;
        Ok(period.saturating_sub(Duration::from_micros(u64::try_from(gone)?)))
    }

    /// Sets it forward.
    ///
    /// # Errors
    /// If that cannot be written down.
    pub fn advance(&mut self, by: Duration) -> Result<()> {
        self.ahead += by;
        self.write()
    }

    fn write(&self) -> Result<()> {
        let new = self.folder.path().join("new");
        fs::write(&new, format!("+{}\n", self.ahead.as_secs()))?;
        Ok(fs::rename(new, self.file())?)
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("ahead")
    }

    pub(crate) fn wind(&self, command: &mut Command) {
        command.env("LD_PRELOAD", &self.library).env("FAKETIME_TIMESTAMP_FILE", self.file());
        command.env("FAKETIME_NO_CACHE", "1").env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
    }
}

/// Debian keeps it in the folder of the architecture.
fn library() -> Result<PathBuf> {
    let folders = fs::read_dir("/usr/lib")?.filter_map(Result::ok);
    let mut found = folders.map(|folder| folder.path().join("faketime/libfaketimeMT.so.1"));
    found.find(|library| library.exists()).context("libfaketime is missing: apt-get install faketime")
}
