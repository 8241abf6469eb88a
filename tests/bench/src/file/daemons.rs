//! Two real daemons on loopback, used over their local sockets.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use anyhow::{Context, Result, bail};
use lamplit_client::account::DataDir;
use lamplit_rpc::{
    Connection, Happening,
    api::{Accept, Event, FetchFile, FileState, Invite, Say, SendFile, Subscribe},
};
use tempfile::TempDir;
use tokio::time::{Instant, sleep, timeout};

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// A daemon with an account.
pub(crate) struct Daemon {
    data: TempDir,
    child: Child,
    /// What happens there.
    happenings: Connection,
    pub(crate) asking: Connection,
}

/// Two of them who know each other.
pub(crate) struct Daemons {
    pub(crate) ada: Daemon,
    pub(crate) grace: Daemon,
    /// What Ada calls the conversation.
    conversation: String,
}

impl Daemon {
    async fn start(name: &str) -> Result<Self> {
        let data = TempDir::with_prefix("lamplit-bench-")?;
        let made = command(data.path())?.args(["init", "--name", name, "--keyring", "never"]).output()?;
        if !made.status.success() {
            bail!("{}", String::from_utf8_lossy(&made.stderr));
        }
        let child = command(data.path())?.args(["run", "--bind", "127.0.0.1:0", "--no-discovery"]).spawn()?;
        let socket = DataDir::socket(data.path())?;
        let happenings = open(&socket).await?;
        let asking = open(&socket).await?;
        let mut daemon = Self { data, child, happenings, asking };
        daemon.happenings.call(Subscribe {}).await?;
        Ok(daemon)
    }

    /// Waits for an event.
    async fn until<T>(&mut self, what: &str, wanted: impl Fn(Event) -> Option<T>) -> Result<T> {
        let waiting = async {
            loop {
                match self.happenings.next().await?.context("a daemon stopped")? {
                    Happening::Event(event) => {
                        if let Some(found) = wanted(event) {
                            return anyhow::Ok(found);
                        }
                    }
                    Happening::Lagged(_) => bail!("events were missed"),
                }
            }
        };
        timeout(PATIENCE, waiting).await.with_context(|| format!("{what} did not come"))?
    }

    /// The most memory it ever had, in KiB.
    pub(crate) fn peak_kib(&self) -> Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("no VmHWM")?;
        Ok(line.trim().trim_end_matches(" kB").parse()?)
    }

    /// Where it keeps its files.
    pub(crate) fn files(&self) -> PathBuf {
        self.data.path().join("files")
    }
}

impl Daemons {
    pub(crate) async fn start() -> Result<Self> {
        let (mut ada, mut grace) = (Daemon::start("Ada").await?, Daemon::start("Grace").await?);
        let link = ada.asking.call(Invite {}).await?.link;
        grace.asking.call(Accept { link }).await?;
        let added = |event| match event {
            Event::ContactAdded { contact } => Some(contact.id),
            _ => None,
        };
        let conversation = ada.until("a contact", added).await?;
        grace.until("a contact", added).await?;
        sleep(Duration::from_millis(500)).await;
        Ok(Self { ada, grace, conversation })
    }

    /// Says something; how long until the other's daemon has told of it.
    pub(crate) async fn say(&mut self) -> Result<Duration> {
        let start = Instant::now();
        let say =
            Say { conversation: self.conversation.clone(), text: "Shall we meet at the lake at seven?".to_owned() };
        let id = self.ada.asking.call(say).await?.id;
        let came = |event| match event {
            Event::Message { message } if message.id == id => Some(()),
            _ => None,
        };
        self.grace.until("a message", came).await?;
        Ok(start.elapsed())
    }

    /// Sends a file that is larger than what is fetched unasked, and asks for it; how long both took until it was there, and
    /// what messages said meanwhile took if `talk`.
    pub(crate) async fn send(&mut self, path: &Path, talk: bool) -> Result<(Duration, Vec<Duration>)> {
        let start = Instant::now();
        let path = path.to_string_lossy().into_owned();
        let send = SendFile { conversation: self.conversation.clone(), path, caption: None, keep_metadata: false };
        let id = self.ada.asking.call(send).await?.id;
        let came = |event| match event {
            Event::Message { message } if message.id == id => Some(()),
            _ => None,
        };
        self.grace.until("the file's message", came).await?;
        self.grace.asking.call(FetchFile { message: id.clone() }).await?;
        let mut talked = Vec::new();
        if talk {
            while self.grace.asking.call(lamplit_rpc::api::GetTransfers {}).await?.transfers.is_empty() {
                sleep(Duration::from_millis(1)).await;
            }
            while !self.grace.asking.call(lamplit_rpc::api::GetTransfers {}).await?.transfers.is_empty() {
                talked.push(self.say().await?);
            }
            return Ok((start.elapsed(), talked));
        }
        let here = |event| match event {
            Event::File { message } if message.id == id => {
                let file = message.file?;
                matches!(file.state, FileState::Here { .. }).then_some(())
            }
            _ => None,
        };
        self.grace.until("the file", here).await?;
        Ok((start.elapsed(), talked))
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

async fn open(socket: &Path) -> Result<Connection> {
    let opening = async {
        loop {
            match Connection::open(socket).await {
                Ok(connection) => return connection,
                Err(_) => sleep(Duration::from_millis(20)).await,
            }
        }
    };
    timeout(PATIENCE, opening).await.context("a daemon does not start")
}

/// The program, built beside this one.
pub(crate) fn command(data: &Path) -> Result<Command> {
    let program = std::env::current_exe()?.with_file_name("lamplit");
    if !program.is_file() {
        bail!("{} is missing: `cargo build --release --package lamplit-cli` makes it", program.display());
    }
    let mut command = Command::new(program);
    command.arg("--data").arg(data).stdin(Stdio::null()).stdout(Stdio::null());
    Ok(command)
}
