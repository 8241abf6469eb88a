use std::net::SocketAddr;

use anyhow::{Context, Result};

use crate::{Host, Lan, Running, program};

/// A host's own relay of UDP, that holds back each packet for a while, both ways: distance, on kernels without netem.
#[derive(Debug)]
pub struct Relay {
    _running: Running,
    port: u16,
    host: Host,
}

impl Relay {
    /// On `host`, to `address`, over so many milliseconds each way.
    ///
    /// # Errors
    /// If it does not start.
    pub fn start(lan: &Lan, host: Host, to: SocketAddr, millis: u64) -> Result<Self> {
        let mut command = lan.command(host, &program::relay()?);
        let running = Running::start(command.arg(to.to_string()).arg(millis.to_string()))?;
        let port = running.line()?.trim().parse().context("the relay says no port")?;
        Ok(Self { _running: running, port, host })
    }

    /// Where it listens.
    pub fn address(&self) -> String {
        format!("{}:{}", self.host.address(), self.port)
    }
}
