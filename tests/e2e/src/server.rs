use std::path::Path;

use anyhow::{Context, Result, anyhow};

use crate::{Host, Lan, Running, program};

/// Where a server listens.
const PORT: u16 = 4433;

/// A sync server that runs on a host.
#[derive(Debug)]
pub struct Server {
    running: Running,
    link: String,
}

impl Server {
    /// Starts one whose key and store are in a directory, and returns once it serves.
    ///
    /// # Errors
    /// If it does not start.
    pub fn start(lan: &Lan, host: Host, data: &Path) -> Result<Self> {
        let mut command = lan.command(host, &program::server()?);
        let listen = format!("{}:{PORT}", host.address());
        let running = Running::start(command.arg("--data").arg(data).args(["--listen", &listen]))?;
        let lines = running.lines_to("may open an account")?;
        let links =
            lines.iter().find_map(|line| line.split_whitespace().find(|word| word.starts_with("lamplit:server/")));
        let link = links.map(ToOwned::to_owned).ok_or_else(|| anyhow!("the server tells no link: {lines:?}"))?;
        Ok(Self { running, link })
    }

    /// What is typed into a device to use it.
    pub fn link(&self) -> &str {
        &self.link
    }

    /// Ends it at once, as a power cut would.
    ///
    /// # Errors
    /// If it is not there.
    pub fn kill(mut self) -> Result<()> {
        self.running.signal("KILL")?;
        self.running.wait().context("the server ends").map(drop)
    }

    /// Asks it to stop, and whether it did so in order.
    ///
    /// # Errors
    /// If it does not end.
    pub fn stop(mut self) -> Result<bool> {
        self.running.signal("TERM")?;
        Ok(self.running.wait()?.success())
    }
}
