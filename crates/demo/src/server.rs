use std::{process::Stdio, time::Duration};

use anyhow::{Context, Result, anyhow, bail};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, BufReader, Lines},
    process::{Child, ChildStdout, Command},
    time::timeout,
};

use crate::device::beside;

/// How long a server may take to start.
const PATIENCE: Duration = Duration::from_secs(30);

/// A server of its own, which ends with this; its data vanishes then.
pub(crate) struct Server {
    /// What is typed into a device to use it.
    pub(crate) link: String,
    // Ends before its data goes.
    _program: Child,
    _data: TempDir,
}

impl Server {
    /// Starts one, and waits until it serves.
    pub(crate) async fn start() -> Result<Self> {
        let data = TempDir::with_prefix("lamplit-demo-")?;
        let mut command = Command::new(beside("lamplit-server")?);
        command.arg("--data").arg(data.path()).args(["--listen", "127.0.0.1:0"]).kill_on_drop(true);
        // A group of its own: Ctrl-C is for this program.
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).process_group(0);
        let mut program = command.spawn().context("the server does not start")?;
        let stdout = program.stdout.take().context("the server's output is piped")?;
        let mut lines = BufReader::new(stdout).lines();
        let link = timeout(PATIENCE, link_of(&mut lines)).await.map_err(|_| anyhow!("the server is silent"))??;
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Ok(Self { link, _program: program, _data: data })
    }
}

/// The link that it prints first.
async fn link_of(lines: &mut Lines<BufReader<ChildStdout>>) -> Result<String> {
    while let Some(line) = lines.next_line().await? {
        if let Some(link) = line.split_whitespace().find(|word| word.starts_with("lamplit:server/")) {
            return Ok(link.to_owned());
        }
    }
    bail!("the server ended as it began")
}
