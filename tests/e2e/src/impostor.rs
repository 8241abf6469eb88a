use anyhow::{Result, bail};

use crate::{Host, Lan, Running, program};

/// Somebody on a host's loopback who has the port that was a daemon's.
#[derive(Debug)]
pub struct Impostor(Running);

impl Impostor {
    /// On a port; with that of a daemon it stands between that and whoever comes.
    ///
    /// # Errors
    /// If it does not have the port.
    pub fn start(lan: &Lan, host: Host, port: u16, daemon: Option<u16>) -> Result<Self> {
        let mut command = lan.command(host, &program::impostor()?);
        let running = Running::start(command.arg(port.to_string()).args(daemon.map(|daemon| daemon.to_string())))?;
        match running.line()?.as_str() {
            "here" => Ok(Self(running)),
            other => bail!("the impostor says {other}"),
        }
    }

    /// All that it heard and answered until somebody was gone.
    ///
    /// # Errors
    /// If nobody comes and goes.
    pub fn heard(&self) -> Result<Vec<String>> {
        self.0.lines_to("gone")
    }
}
