use anyhow::{Context, Result};

use crate::{Host, Lan, Running, program};

/// Somebody on a host who says what thousands of devices would say by DNS-SD, and asks who is there, without end.
#[derive(Debug)]
pub struct Flood {
    running: Running,
    answers: u64,
    millis: u64,
}

impl Flood {
    /// From that host, whose first address is its own. Returns when it is at it.
    ///
    /// # Errors
    /// If it does not start.
    pub fn start(lan: &Lan, host: Host) -> Result<Self> {
        let running = Running::start(lan.command(host, &program::flood()?).arg(host.address()))?;
        let mut flood = Self { running, answers: 0, millis: 0 };
        flood.read()?;
        Ok(flood)
    }

    /// Waits until it has said so many answers more.
    ///
    /// # Errors
    /// If it ends.
    pub fn wait_for(&mut self, answers: u64) -> Result<()> {
        let end = self.answers + answers;
        while self.answers < end {
            self.read()?;
        }
        Ok(())
    }

    /// How many answers it has said, and in how many milliseconds, as far as was read.
    pub const fn said(&self) -> (u64, u64) {
        (self.answers, self.millis)
    }

    fn read(&mut self) -> Result<()> {
        let line = self.running.line().context("the flood has ended")?;
        let mut numbers = line.split_whitespace().filter_map(|word| word.parse().ok());
        self.answers = numbers.next().context("the flood tells no number")?;
        self.millis = numbers.next().context("the flood tells no time")?;
        Ok(())
    }
}
