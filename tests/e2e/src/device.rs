use std::{
    fs,
    io::Write,
    path::Path,
    process::{Child, Command, Output, Stdio},
};

use anyhow::{Context, Result, anyhow, bail};
use serde_json::Value;
use tempfile::TempDir;

use crate::{
    Clock, Disk, Host, Lan, PATIENCE, Running, Screen, eventually, program,
    running::{ended, lines, output},
};

/// A device: a data directory of its own, and a daemon while it runs.
#[derive(Debug)]
pub struct Device<'lan> {
    lan: &'lan Lan,
    host: Host,
    name: String,
    data: TempDir,
    /// What its owner wrote down, if it is the first device of an account.
    phrase: Option<String>,
    daemon: Option<Child>,
}

/// A command that the program refused.
#[derive(Debug)]
pub struct Refused {
    /// Its exit code.
    pub code: Option<i32>,
    /// What it said, from its JSON on standard error.
    pub message: String,
}

/// What a daemon takes of the machine's memory.
#[derive(Clone, Copy, Debug)]
pub struct Memory {
    /// KiB at this moment.
    pub now_kib: u64,
    /// The most KiB that it ever took.
    pub peak_kib: u64,
}

impl<'lan> Device<'lan> {
    /// A device with a new account.
    ///
    /// # Errors
    /// If `lamplit init` fails.
    pub fn new(lan: &'lan Lan, host: Host, name: &str) -> Result<Self> {
        Self::in_folder(lan, host, name, TempDir::with_prefix("lamplit-e2e-")?)
    }

    /// The same, on a disk of its own of so many mebibytes.
    ///
    /// # Errors
    /// If the disk cannot be mounted, or `lamplit init` fails.
    pub fn on_disk(lan: &'lan Lan, host: Host, name: &str, mebibytes: u32) -> Result<(Self, Disk)> {
        let data = TempDir::with_prefix("lamplit-e2e-")?;
        let disk = Disk::mount(data.path(), mebibytes)?;
        Ok((Self::in_folder(lan, host, name, data)?, disk))
    }

    fn in_folder(lan: &'lan Lan, host: Host, name: &str, data: TempDir) -> Result<Self> {
        let mut device = Self { lan, host, name: name.to_owned(), data, phrase: None, daemon: None };
        let made = device.ask_there(&["init", "--name", name, "--keyring", "never"])?;
        let words: Vec<&str> =
            made.get("phrase").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
        if words.len() != 12 {
            bail!("init shows {} words of a recovery phrase", words.len());
        }
        device.phrase = Some(words.join(" "));
        Ok(device)
    }

    /// A further device of the account of `first`, whose daemon runs. Returns when it knows what was said before.
    ///
    /// # Errors
    /// If it is not linked.
    pub fn linked(lan: &'lan Lan, host: Host, called: &str, first: &Self) -> Result<Self> {
        let code = first.ask(&["link", "--no-wait"])?;
        let code = code.get("link").and_then(Value::as_str).context("there is a link code")?;
        Self::joined(lan, host, &first.name, called, code)
    }

    /// A further device of `name`'s account, by the code that one of its devices shows. Returns when it knows what was said
    /// before.
    ///
    /// # Errors
    /// If it is not linked.
    pub fn joined(lan: &'lan Lan, host: Host, name: &str, called: &str, code: &str) -> Result<Self> {
        let data = TempDir::with_prefix("lamplit-e2e-")?;
        let device = Self { lan, host, name: name.to_owned(), data, phrase: None, daemon: None };
        let mut command = lan.command(host, &program::lamplit()?);
        command.arg("--json").arg("--data").arg(device.data());
        command.args(["init", "--keyring", "never", "--device", called, "--link", code]);
        let told = judge(&output(&mut command)?)?;
        told.map_err(|refused| anyhow!("{called} was not linked: {}", refused.message))?;
        Ok(device)
    }

    /// A new device of the account of a number, opened by what `typed` has once the command runs: the code and the recovery phrase.
    /// Also returns what it said.
    ///
    /// # Errors
    /// If it does not run at all.
    pub fn recovered(
        lan: &'lan Lan,
        host: Host,
        name: &str,
        options: &[&str],
        typed: impl FnOnce() -> Result<String>,
    ) -> Result<Result<(Self, Vec<Value>), Refused>> {
        let data = TempDir::with_prefix("lamplit-e2e-")?;
        let device = Self { lan, host, name: name.to_owned(), data, phrase: None, daemon: None };
        let mut command = lan.command(host, &program::lamplit()?);
        command.arg("--json").arg("--data").arg(device.data()).args(["init", "--keyring", "never"]).args(options);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        let mut input = child.stdin.take().context("the input is piped")?;
        input.write_all(typed()?.as_bytes())?;
        drop(input);
        Ok(judge(&ended(child)?)?.map(|said| (device, said)))
    }

    /// The recovery phrase of its account, if it is the first device.
    pub fn phrase(&self) -> Option<&str> {
        self.phrase.as_deref()
    }

    /// Runs a command that must succeed and reads `input`, and returns the last object it prints.
    ///
    /// # Errors
    /// If it is refused.
    pub fn ask_with(&self, arguments: &[&str], input: &str) -> Result<Value> {
        let mut command = self.command()?;
        command.arg("--json").args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn()?;
        child.stdin.take().context("the input is piped")?.write_all(input.as_bytes())?;
        match judge(&ended(child)?)? {
            Ok(mut values) => Ok(values.pop().unwrap_or(Value::Null)),
            Err(refused) => bail!("{}: lamplit {}: {}", self.name, arguments.join(" "), refused.message),
        }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its data directory.
    pub fn data(&self) -> &Path {
        self.data.path()
    }

    /// Starts its daemon by another clock than the machine's.
    ///
    /// # Errors
    /// If it ends or says nothing.
    pub fn start_by(&mut self, clock: &Clock, options: &[&str]) -> Result<()> {
        self.start_as(options, |command| clock.wind(command))
    }

    /// Starts its daemon and waits until it says that it is ready.
    ///
    /// # Errors
    /// If it ends or says nothing.
    pub fn start(&mut self, options: &[&str]) -> Result<()> {
        self.start_as(options, |_| ())
    }

    fn start_as(&mut self, options: &[&str], prepare: impl FnOnce(&mut Command)) -> Result<()> {
        let mut daemon = self.spawn(options, prepare)?;
        let stdout = daemon.stdout.take().context("the daemon's output is piped")?;
        self.daemon = Some(daemon);
        let told = lines(stdout);
        let line = told.recv_timeout(PATIENCE).with_context(|| format!("{}'s daemon did not start", self.name))?;
        match serde_json::from_str::<Value>(&line)?.get("ready") {
            Some(Value::Bool(true)) => Ok(()),
            _ => bail!("{}'s daemon says {line} instead of ready", self.name),
        }
    }

    /// Starts a daemon that is expected to end by itself. If it does not, it is killed.
    ///
    /// # Errors
    /// If it does not start.
    pub fn try_start(&self, options: &[&str]) -> Result<Result<(), Refused>> {
        let mut daemon = self.spawn(options, |command| _ = command.stderr(Stdio::piped()))?;
        let told = lines(daemon.stdout.take().context("the daemon's output is piped")?);
        if told.recv_timeout(PATIENCE).is_ok() {
            daemon.kill()?;
            daemon.wait()?;
            return Ok(Ok(()));
        }
        judge(&ended(daemon)?).map(|outcome| outcome.map(drop))
    }

    /// Stops its daemon as a user would.
    ///
    /// # Errors
    /// If it does not stop, or not cleanly.
    pub fn stop(&mut self) -> Result<()> {
        self.ask(&["stop"])?;
        let mut daemon = self.daemon.take().context("there is a daemon to stop")?;
        if !eventually("the daemon shall end", || Ok(daemon.try_wait()?))?.success() {
            bail!("{}'s daemon did not end well", self.name);
        }
        Ok(())
    }

    /// Kills its daemon without a warning (SIGKILL).
    ///
    /// # Errors
    /// If it cannot be killed.
    pub fn kill(&mut self) -> Result<()> {
        let mut daemon = self.daemon.take().context("there is a daemon to kill")?;
        daemon.kill()?;
        daemon.wait()?;
        Ok(())
    }

    /// Sends its daemon a signal, such as `TERM`, and waits for it to end well.
    ///
    /// # Errors
    /// If it does not.
    pub fn signal(&mut self, signal: &str) -> Result<()> {
        let mut daemon = self.daemon.take().context("there is a daemon to signal")?;
        Command::new("kill").args([format!("-{signal}"), daemon.id().to_string()]).status()?;
        if !eventually("the daemon shall end", || Ok(daemon.try_wait()?))?.success() {
            bail!("{}'s daemon did not end well after {signal}", self.name);
        }
        Ok(())
    }

    /// What its daemon takes of the memory.
    ///
    /// # Errors
    /// If there is none.
    pub fn memory(&self) -> Result<Memory> {
        let daemon = self.daemon.as_ref().context("there is a daemon to measure")?;
        let status = fs::read_to_string(format!("/proc/{}/status", daemon.id()))?;
        let field = |name: &str| -> Result<u64> {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            let line = line.with_context(|| format!("the system tells no {name}"))?;
            Ok(line.trim().trim_end_matches(" kB").parse()?)
        };
        Ok(Memory { now_kib: field("VmRSS:")?, peak_kib: field("VmHWM:")? })
    }

    /// Lets its daemon stand still, as when the machine sleeps, or go on.
    ///
    /// # Errors
    /// If there is none.
    pub fn freeze(&self, frozen: bool) -> Result<()> {
        let daemon = self.daemon.as_ref().context("there is a daemon to freeze")?;
        let signal = if frozen { "-STOP" } else { "-CONT" };
        // `ip netns exec` becomes the program, so this is the daemon itself.
        Command::new("kill").args([signal.to_owned(), daemon.id().to_string()]).status()?;
        Ok(())
    }

    /// Runs a command that must succeed, and returns the last object it prints.
    ///
    /// # Errors
    /// If it is refused.
    pub fn ask(&self, arguments: &[&str]) -> Result<Value> {
        Ok(self.list(arguments)?.pop().unwrap_or(Value::Null))
    }

    /// Runs a command that must succeed, and returns all objects it prints.
    ///
    /// # Errors
    /// If it is refused.
    pub fn list(&self, arguments: &[&str]) -> Result<Vec<Value>> {
        match self.attempt(arguments)? {
            Ok(values) => Ok(values),
            Err(refused) => bail!("{}: lamplit {}: {}", self.name, arguments.join(" "), refused.message),
        }
    }

    /// Runs a command that may be refused.
    ///
    /// # Errors
    /// If it does not run at all.
    pub fn attempt(&self, arguments: &[&str]) -> Result<Result<Vec<Value>, Refused>> {
        judge(&output(self.command()?.arg("--json").args(arguments))?)
    }

    /// Runs a command on this device's host, where the loopback is the daemon's, too. It must succeed; returns the
    /// last object it prints.
    ///
    /// # Errors
    /// If it is refused.
    pub fn ask_there(&self, arguments: &[&str]) -> Result<Value> {
        let mut command = self.lan.command(self.host, &program::lamplit()?);
        command.arg("--data").arg(self.data()).arg("--json").args(arguments);
        match judge(&output(&mut command)?)? {
            Ok(mut values) => Ok(values.pop().unwrap_or(Value::Null)),
            Err(refused) => bail!("{}: lamplit {}: {}", self.name, arguments.join(" "), refused.message),
        }
    }

    /// Runs a command that must succeed, as a person does, and returns what it prints.
    ///
    /// # Errors
    /// If it is refused.
    pub fn read(&self, arguments: &[&str]) -> Result<String> {
        let output = output(self.command()?.args(arguments))?;
        if !output.status.success() {
            bail!("{}: lamplit {}: {}", self.name, arguments.join(" "), String::from_utf8_lossy(&output.stderr));
        }
        Ok(String::from_utf8(output.stdout)?)
    }

    /// Starts a command that goes on, as a person does.
    ///
    /// # Errors
    /// If it does not start.
    pub fn follow(&self, arguments: &[&str]) -> Result<Running> {
        Running::start(self.command()?.args(arguments))
    }

    /// Starts its daemon, as a person does who looks at what it says.
    ///
    /// # Errors
    /// If it does not start.
    pub fn run(&self, options: &[&str]) -> Result<Running> {
        let mut command = self.lan.command(self.host, &program::lamplit()?);
        Running::start(command.arg("--data").arg(self.data()).args(options).arg("run"))
    }

    /// Opens the view on a terminal of that size, as a person does.
    ///
    /// # Errors
    /// If it does not start.
    pub fn view(&self, columns: u16, rows: u16) -> Result<Screen> {
        self.on_terminal(&["view"], columns, rows)
    }

    /// Runs a command on a terminal of that size, as a person does.
    ///
    /// # Errors
    /// If it does not start.
    pub fn on_terminal(&self, arguments: &[&str], columns: u16, rows: u16) -> Result<Screen> {
        Screen::start(self.command()?.args(arguments), columns, rows)
    }

    /// Starts its daemon with the view, in one program on a terminal of that size, as a person does.
    ///
    /// # Errors
    /// If it does not start.
    pub fn run_view(&self, columns: u16, rows: u16) -> Result<Screen> {
        let mut command = self.lan.command(self.host, &program::lamplit()?);
        Screen::start(command.arg("--data").arg(self.data()).args(["run", "--view"]), columns, rows)
    }

    /// Invites `guest` and waits until both have each other among their contacts, and each has what the other's devices
    /// are recognised by. Returns the link.
    ///
    /// # Errors
    /// If they don't meet.
    pub fn meet(&self, guest: &Self) -> Result<String> {
        let invited = self.ask(&["invite"])?;
        let link = invited.get("link").and_then(Value::as_str).context("an invite has a link")?.to_owned();
        guest.ask(&["accept", &link])?;
        self.contact(guest)?;
        guest.contact(self)?;
        self.wait_until_sent()?;
        guest.wait_until_sent()?;
        Ok(link)
    }

    /// Waits until nothing is left to be sent.
    ///
    /// # Errors
    /// If that does not happen.
    pub fn wait_until_sent(&self) -> Result<()> {
        let what = format!("all that {} has to send shall be acknowledged", self.name);
        eventually(&what, || {
            let status = self.ask(&["status"])?;
            Ok(status.get("waiting").and_then(Value::as_u64).filter(|waiting| *waiting == 0).map(drop))
        })
    }

    /// Waits until `other` is a contact, and returns it.
    ///
    /// # Errors
    /// If that does not happen.
    pub fn contact(&self, other: &Self) -> Result<Value> {
        self.wait_for_contact(other, "become a contact", |_| true)
    }

    /// Waits until the contact `other` is as wanted, and returns it.
    ///
    /// # Errors
    /// If that does not happen.
    pub fn wait_for_contact(&self, other: &Self, what: &str, wanted: impl Fn(&Value) -> bool) -> Result<Value> {
        let what = format!("{} shall {what} for {}", other.name, self.name);
        eventually(&what, || {
            let contacts = self.list(&["contacts"])?;
            let named = |contact: &Value| contact.get("name").and_then(Value::as_str) == Some(other.name());
            Ok(contacts.into_iter().find(|contact| named(contact) && wanted(contact)))
        })
    }

    /// The texts of a conversation, oldest first: own ones and the other's.
    ///
    /// # Errors
    /// If they cannot be had.
    pub fn conversation(&self, other: &Self) -> Result<Vec<Value>> {
        self.list(&["history", other.name(), "--limit", "10000"])
    }

    fn command(&self) -> Result<Command> {
        let mut command = Command::new(program::lamplit()?);
        command.arg("--data").arg(self.data()).stdin(Stdio::null());
        Ok(command)
    }

    fn spawn(&self, options: &[&str], prepare: impl FnOnce(&mut Command)) -> Result<Child> {
        let mut command = self.lan.command(self.host, &program::lamplit()?);
        command.arg("--json").arg("--data").arg(self.data()).arg("run").args(options);
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        // What goes wrong shall be seen in the test's own output.
        command.stderr(Stdio::inherit());
        prepare(&mut command);
        command.spawn().context("the daemon does not start")
    }
}

impl Drop for Device<'_> {
    fn drop(&mut self) {
        if let Some(mut daemon) = self.daemon.take() {
            // It may have ended already.
            let _ = daemon.kill();
            let _ = daemon.wait();
        }
    }
}

fn judge(output: &Output) -> Result<Result<Vec<Value>, Refused>> {
    if output.status.success() {
        let text = String::from_utf8_lossy(&output.stdout);
        return text
            .lines()
            .map(|line| serde_json::from_str(line).context("a line is no JSON"))
            .collect::<Result<_>>()
            .map(Ok);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let last = said.lines().last().unwrap_or_default();
    let message =
        serde_json::from_str::<Value>(last).ok().and_then(|said| Some(said.get("error")?.as_str()?.to_owned()));
    Ok(Err(Refused { code: output.status.code(), message: message.unwrap_or_else(|| said.into_owned()) }))
}
