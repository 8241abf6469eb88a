use std::{env, path::PathBuf, process::Stdio, time::Duration};

use anyhow::{Context, Result, anyhow, bail};
use lamplit_client::account::DataDir;
use lamplit_rpc::{
    Connection,
    api::{GetContacts, GetHistory, GetStatus, Method, Stop},
};
use serde_json::Value;
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
    sync::Mutex,
    time::{sleep, timeout},
};

use crate::view::View;

/// Messages that a pane shows; older ones scroll away.
const SHOWN: usize = 100;
/// How long a daemon may take to start or stop.
const PATIENCE: Duration = Duration::from_secs(30);

/// A device: its data, which vanishes with it, and its daemon.
pub(crate) struct Device {
    pub(crate) name: &'static str,
    data: TempDir,
    daemon: Mutex<Option<Child>>,
}

impl Device {
    /// Makes an account.
    pub(crate) async fn new(name: &'static str) -> Result<Self> {
        let device = Self { name, data: TempDir::with_prefix("lamplit-demo-")?, daemon: Mutex::default() };
        let made = device.program()?.args(["init", "--keyring", "never", "--name", name]).output().await?;
        if !made.status.success() {
            bail!("{name}'s account could not be made: {}", String::from_utf8_lossy(&made.stderr).trim());
        }
        Ok(device)
    }

    /// Puts a file beside the device's data; where.
    pub(crate) fn keep(&self, name: &str, bytes: &[u8]) -> Result<String> {
        let path = self.data.path().join(name);
        std::fs::write(&path, bytes)?;
        Ok(path.to_string_lossy().into_owned())
    }

    /// Starts the daemon and waits until it is ready. Returns where it listens.
    pub(crate) async fn start(&self) -> Result<String> {
        self.start_with(&[]).await
    }

    /// The same, where nobody finds it and it finds nobody.
    pub(crate) async fn start_apart(&self) -> Result<String> {
        self.start_with(&["--no-discovery"]).await
    }

    async fn start_with(&self, options: &[&str]) -> Result<String> {
        let mut command = self.program()?;
        let mut daemon = command.args(["run", "--bind", "127.0.0.1:0"]).args(options).stderr(Stdio::null()).spawn()?;
        let stdout = daemon.stdout.take().context("the daemon's output is piped")?;
        *self.daemon.lock().await = Some(daemon);
        let mut lines = BufReader::new(stdout).lines();
        let first =
            timeout(PATIENCE, lines.next_line()).await.map_err(|_| anyhow!("{}'s daemon is silent", self.name))?;
        let first = first?.with_context(|| format!("{}'s daemon ended as it began", self.name))?;
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        let ready: Value = serde_json::from_str(&first)?;
        let address = ready.get("addresses").and_then(|addresses| addresses.get(0)).and_then(Value::as_str);
        Ok(address.context("a daemon that is ready has an address")?.to_owned())
    }

    /// Stops the daemon, as `lamplit stop` does; one that does not is killed.
    pub(crate) async fn stop(&self) {
        let Some(mut daemon) = self.daemon.lock().await.take() else { return };
        let asked = async {
            self.ask(Stop {}).await?;
            daemon.wait().await?;
            Ok::<(), anyhow::Error>(())
        };
        if !matches!(timeout(PATIENCE, asked).await, Ok(Ok(()))) {
            // It may have ended already.
            let _ = daemon.kill().await;
        }
    }

    /// Calls the daemon once.
    pub(crate) async fn ask<M: Method>(&self, method: M) -> Result<M::Result> {
        Ok(self.connect().await?.call(method).await?)
    }

    /// A connection to the daemon.
    pub(crate) async fn connect(&self) -> Result<Connection> {
        Ok(Connection::open(&DataDir::socket(self.data.path())?).await?)
    }

    /// Everything a pane shows.
    pub(crate) async fn look(&self) -> Result<View> {
        let mut daemon = self.connect().await?;
        let status = daemon.call(GetStatus {}).await?;
        let contact = daemon.call(GetContacts::default()).await?.contacts.into_iter().next();
        let mut messages = match &contact {
            Some(contact) => {
                let page = GetHistory { conversation: contact.id.clone(), before: None, limit: Some(SHOWN) };
                daemon.call(page).await?.messages
            }
            None => Vec::new(),
        };
        messages.reverse();
        Ok(View { status: Some(status), contact, messages })
    }

    /// Looks again and again until `wanted` is there.
    pub(crate) async fn until<T>(&self, what: &str, wanted: impl Fn(&View) -> Option<T>) -> Result<T> {
        let looking = async {
            loop {
                if let Ok(view) = self.look().await
                    && let Some(found) = wanted(&view)
                {
                    return found;
                }
                sleep(Duration::from_millis(50)).await;
            }
        };
        let waited = timeout(PATIENCE, looking).await;
        waited.map_err(|_| anyhow!("{}: waited {} s in vain for {what}", self.name, PATIENCE.as_secs()))
    }

    fn program(&self) -> Result<Command> {
        let mut command = Command::new(beside("lamplit")?);
        command.arg("--json").arg("--data").arg(self.data.path()).kill_on_drop(true);
        // A group of its own: Ctrl-C is for this program, which stops it in order.
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
        Ok(command)
    }
}

/// A program that was built together with this one.
pub(crate) fn beside(name: &str) -> Result<PathBuf> {
    let program = env::current_exe().context("this program does not know its own path")?.with_file_name(name);
    if !program.exists() {
        bail!("{} is missing: start this with `cargo xtask demo`, which builds it", program.display());
    }
    Ok(program)
}
