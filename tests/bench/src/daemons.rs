//! Real daemons, used over their local sockets.

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
    api::{
        Accept, CreateGroup, Event, FetchFile, FileState, GetFiles, GetHistory, Invite, LinkDevice, Say, SendFile,
        Stop, Subscribe,
    },
};
use tempfile::TempDir;
use tokio::{
    task::{JoinSet, spawn_blocking},
    time::{Instant, sleep, timeout},
};

use crate::cable;

/// How a daemon is started that nobody looks for.
pub(crate) const ON_LOOPBACK: &[&str] = &["--bind", "127.0.0.1:0", "--no-discovery"];

/// How many say something at once.
const TALKERS: usize = 16;
/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// A daemon with an account.
pub(crate) struct Daemon {
    data: TempDir,
    child: Child,
    /// What happens there.
    happenings: Connection,
    pub(crate) asking: Connection,
    /// The network that it is on, as a file; none: the one that this process is on.
    network: Option<PathBuf>,
}

/// Two of them who know each other.
pub(crate) struct Daemons {
    pub(crate) ada: Daemon,
    pub(crate) grace: Daemon,
    /// What Ada calls the conversation.
    conversation: String,
}

/// How many messages a device knows.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Known {
    /// Of the conversation with Grace, files too.
    pub(crate) with_grace: usize,
    pub(crate) in_the_group: usize,
    /// Of all those, files.
    pub(crate) files: usize,
}

impl Daemon {
    pub(crate) async fn make(name: &str, options: &[&str], network: Option<PathBuf>) -> Result<Self> {
        let data = TempDir::with_prefix("lamplit-bench-")?;
        let made = command(data.path())?.args(["init", "--name", name, "--keyring", "never"]).output()?;
        if !made.status.success() {
            bail!("{}", String::from_utf8_lossy(&made.stderr));
        }
        Self::start(data, options, network).await
    }

    async fn start(data: TempDir, options: &[&str], network: Option<PathBuf>) -> Result<Self> {
        let mut command = command(data.path())?;
        command.arg("run").args(options);
        if let Some(network) = &network {
            command = cable::within(network, &command);
        }
        let child = command.spawn()?;
        let socket = DataDir::socket(data.path())?;
        let happenings = open(&socket).await?;
        let asking = open(&socket).await?;
        Ok(Self { data, child, happenings, asking, network })
    }

    /// Invites another; what each calls the conversation, once both have each other as contacts. Both hear what happens.
    pub(crate) async fn befriend(&mut self, other: &mut Self) -> Result<String> {
        let link = self.asking.call(Invite {}).await?.link;
        other.asking.call(Accept { link }).await?;
        let added = |event| match event {
            Event::ContactAdded { contact } => Some(contact.id),
            _ => None,
        };
        let conversation = self.until("a contact", added).await?;
        other.until("a contact", added).await?;
        Ok(conversation)
    }

    /// Hears what happens from now on; whether its only contact is near now.
    pub(crate) async fn listen(&mut self) -> Result<bool> {
        let snapshot = self.happenings.call(Subscribe {}).await?;
        Ok(snapshot.contacts.iter().any(|contact| contact.near))
    }

    /// Waits until its only contact comes near.
    async fn until_near(&mut self) -> Result<()> {
        let came = |event| match event {
            Event::Near { near: true, .. } => Some(()),
            _ => None,
        };
        self.until("the other", came).await
    }

    /// Ends it as its owner would; its data and its network.
    async fn end(mut self) -> Result<(TempDir, Option<PathBuf>)> {
        self.asking.call(Stop {}).await?;
        self.child.wait()?;
        Ok((std::mem::replace(&mut self.data, TempDir::with_prefix("lamplit-bench-")?), self.network.take()))
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
    pub(crate) async fn start(options: &[&str]) -> Result<Self> {
        Self::start_apart(options, None).await
    }

    /// The same, with Grace on another network than this process, by a file that stands for it.
    pub(crate) async fn start_apart(options: &[&str], network: Option<PathBuf>) -> Result<Self> {
        let mut ada = Daemon::make("Ada", options, None).await?;
        let mut grace = Daemon::make("Grace", options, network).await?;
        ada.listen().await?;
        grace.listen().await?;
        let conversation = ada.befriend(&mut grace).await?;
        sleep(Duration::from_millis(500)).await;
        Ok(Self { ada, grace, conversation })
    }

    /// Ends both daemons, starts Ada's again, and after `pause` Grace's; how long from there until both say that the other
    /// is near. Neither knows the other's port from before.
    pub(crate) async fn find_again(self, options: &[&str], pause: Duration) -> Result<(Self, Duration)> {
        let Self { ada, grace, conversation } = self;
        let ((adas, here), (data, there)) = (ada.end().await?, grace.end().await?);
        let mut ada = Daemon::start(adas, options, here).await?;
        ada.listen().await?;
        sleep(pause).await;
        let start = Instant::now();
        let mut grace = Daemon::start(data, options, there).await?;
        if !grace.listen().await? {
            grace.until_near().await?;
        }
        ada.until_near().await?;
        let took = start.elapsed();
        Ok((Self { ada, grace, conversation }, took))
    }

    /// Lets Ada say so many things to Grace; returns when Grace has them all.
    pub(crate) async fn chat(&mut self, many: usize) -> Result<()> {
        self.chat_in(self.conversation.clone(), many).await
    }

    /// Lets Ada found a group with Grace and say so many things there; returns when Grace has them all. Also returns the group.
    pub(crate) async fn chat_in_a_group(&mut self, many: usize) -> Result<String> {
        let founding = CreateGroup { name: "At the lake".to_owned(), members: vec![self.conversation.clone()] };
        let group = self.ada.asking.call(founding).await?.id;
        let added = |event| match event {
            Event::GroupAdded { .. } => Some(()),
            _ => None,
        };
        self.grace.until("a group", added).await?;
        self.chat_in(group.clone(), many).await?;
        Ok(group)
    }

    async fn chat_in(&mut self, conversation: String, many: usize) -> Result<()> {
        let socket = DataDir::socket(self.ada.data.path())?;
        let mut talkers = JoinSet::new();
        for talker in 0..TALKERS {
            let (mut asking, conversation) = (Connection::open(&socket).await?, conversation.clone());
            talkers.spawn(async move {
                for number in (talker..many).step_by(TALKERS) {
                    let text = format!("Shall we meet at the lake at seven, or {number} minutes later?");
                    asking.call(Say { conversation: conversation.clone(), text }).await?;
                }
                anyhow::Ok(())
            });
        }
        let came = |event| match event {
            Event::Message { .. } => Some(()),
            _ => None,
        };
        for _ in 0..many {
            self.grace.until("a message", came).await?;
        }
        while let Some(said) = talkers.join_next().await {
            said??;
        }
        Ok(())
    }

    /// Lets Ada send Grace so many files; returns when Grace has them all.
    pub(crate) async fn send_small(&mut self, many: usize) -> Result<()> {
        let path = self.ada.data.path().join("picture.bin");
        let here = |event| match event {
            Event::File { message } => matches!(message.file?.state, FileState::Here { .. }).then_some(()),
            _ => None,
        };
        for number in 0..many {
            fs::write(&path, number.to_string().repeat(10_000))?;
            let path = path.to_string_lossy().into_owned();
            let send = SendFile { conversation: self.conversation.clone(), path, caption: None, keep_metadata: false };
            self.ada.asking.call(send).await?;
            self.grace.until("a file", here).await?;
        }
        Ok(())
    }

    /// Links a new device on another network to Ada's account; how long that took, and what it knows then of her conversation
    /// with Grace and of one in a group.
    pub(crate) async fn link_one_more(&mut self, group: &str, network: &Path) -> Result<(Duration, Known)> {
        let code = self.ada.asking.call(LinkDevice {}).await?.link;
        let data = TempDir::with_prefix("lamplit-bench-")?;
        let start = Instant::now();
        let mut command = command(data.path())?;
        command.args(["init", "--keyring", "never", "--device", "another", "--link", &code]);
        let mut command = cable::within(network, &command);
        let linked = spawn_blocking(move || command.output()).await??;
        if !linked.status.success() {
            bail!("{}", String::from_utf8_lossy(&linked.stderr));
        }
        let took = start.elapsed();
        let mut another = Daemon::start(data, ON_LOOPBACK, None).await?;
        let mut known = Known { with_grace: 0, in_the_group: 0, files: 0 };
        for (conversation, count) in
            [(self.conversation.as_str(), &mut known.with_grace), (group, &mut known.in_the_group)]
        {
            let history = GetHistory { conversation: conversation.to_owned(), before: None, limit: Some(1) };
            let newest = another.asking.call(history).await?.messages.pop();
            *count = usize::try_from(newest.map_or(0, |message| message.index))?;
        }
        let mut after = None;
        loop {
            let page = another.asking.call(GetFiles { after: after.take(), limit: None }).await?;
            known.files += page.files.len();
            after = page.files.last().and_then(|last| Some(last.file.as_ref()?.id.clone()));
            if !page.more {
                return Ok((took, known));
            }
        }
    }

    /// Says something; how long until the other's daemon has told of it.
    pub(crate) async fn say(&mut self) -> Result<Duration> {
        let start = Instant::now();
        let say =
            Say { conversation: self.conversation.clone(), text: "Shall we meet at the lake at seven?".to_owned() };
        let id = self.ada.asking.call(say).await?.id;
        let came = |event| match event {
            Event::Message { message, .. } if message.id == id => Some(()),
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
            Event::Message { message, .. } if message.id == id => Some(()),
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
