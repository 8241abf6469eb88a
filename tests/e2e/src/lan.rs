use std::{
    path::Path,
    process::{self, Command, Output, Stdio},
    sync::atomic::{AtomicU32, Ordering},
};

use anyhow::{Context, Result, bail};

const PREFIX: &str = "lamplit-e2e";

/// Two network namespaces with one cable between them, and nothing else.
#[derive(Debug)]
pub struct Lan {
    names: [String; 2],
}

/// One end of the cable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// 10.77.0.1
    Left,
    /// 10.77.0.2
    Right,
}

impl Lan {
    /// Lays the cable.
    ///
    /// # Errors
    /// If something is missing, and then what.
    pub fn new() -> Result<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        check_possible()?;
        sweep()?;
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = |side| format!("{PREFIX}-{}-{number}-{side}", process::id());
        let lan = Self { names: [name("l"), name("r")] };
        let [left, right] = &lan.names;
        ip(&["netns", "add", left])?;
        ip(&["netns", "add", right])?;
        ip(&["link", "add", "eth0", "netns", left, "type", "veth", "peer", "name", "eth0", "netns", right])?;
        for side in [Side::Left, Side::Right] {
            let name = lan.name(side);
            ip(&["-n", name, "address", "add", &format!("{}/24", side.address()), "dev", "eth0"])?;
            ip(&["-n", name, "link", "set", "lo", "up"])?;
        }
        lan.set_cable(true)?;
        Ok(lan)
    }

    /// Plugs the cable in, or pulls it.
    ///
    /// # Errors
    /// If `ip` fails.
    pub fn set_cable(&self, plugged: bool) -> Result<()> {
        let state = if plugged { "up" } else { "down" };
        self.names.iter().try_for_each(|name| ip(&["-n", name, "link", "set", "eth0", state]))
    }

    /// Lets no more through in a second than `rate`, such as `100mbit`, each way; none: as much as there is.
    ///
    /// # Errors
    /// If `tc` fails.
    pub fn set_rate(&self, rate: Option<&str>) -> Result<()> {
        self.names.iter().try_for_each(|name| match rate {
            Some(rate) => {
                let bucket = ["root", "tbf", "rate", rate, "burst", "256kb", "latency", "50ms"];
                tc(&[["-n", name, "qdisc", "replace", "dev", "eth0"].as_slice(), &bucket].concat())
            }
            None => tc(&["-n", name, "qdisc", "delete", "dev", "eth0", "root"]),
        })
    }

    /// Gives the end of the cable another address in place of the one it has.
    ///
    /// # Errors
    /// If `ip` fails.
    pub fn set_address(&self, side: Side, address: &str) -> Result<()> {
        let name = self.name(side);
        ip(&["-n", name, "-4", "address", "flush", "dev", "eth0"])?;
        ip(&["-n", name, "address", "add", &format!("{address}/24"), "dev", "eth0"])
    }

    /// Runs a line of the shell inside, with mounts of its own.
    ///
    /// # Errors
    /// If it does not run at all.
    pub fn shell(&self, side: Side, line: &str) -> Result<Output> {
        let mut command = self.command(side, Path::new("sh"));
        command.args(["-c", line]).stdin(Stdio::null()).output().context("no shell starts")
    }

    /// A line of the shell that must succeed.
    ///
    /// # Errors
    /// If it does not.
    pub fn must(&self, side: Side, line: &str) -> Result<()> {
        let output = self.shell(side, line)?;
        if output.status.success() {
            return Ok(());
        }
        bail!("`{line}` failed: {}", String::from_utf8_lossy(&output.stderr).trim())
    }

    /// A command that runs a program inside.
    pub(crate) fn command(&self, side: Side, program: &Path) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", self.name(side)]).arg(program);
        command
    }

    fn name(&self, side: Side) -> &str {
        let [left, right] = &self.names;
        match side {
            Side::Left => left,
            Side::Right => right,
        }
    }
}

impl Side {
    /// Its address on the cable.
    pub const fn address(self) -> &'static str {
        match self {
            Self::Left => "10.77.0.1",
            Self::Right => "10.77.0.2",
        }
    }
}

impl Drop for Lan {
    fn drop(&mut self) {
        for name in &self.names {
            // If it cannot be removed now, the next test's sweep does it.
            let _ = ip(&["netns", "delete", name]);
        }
    }
}

/// Names what is missing.
fn check_possible() -> Result<()> {
    let id = Command::new("id").arg("-u").output().context("`id` does not start")?;
    if String::from_utf8_lossy(&id.stdout).trim() != "0" {
        bail!("network namespaces need root: run the tests as root, such as `sudo -E cargo xtask test`");
    }
    if Command::new("ip").arg("-V").output().is_err() {
        bail!("the `ip` program is missing: apt-get install iproute2");
    }
    Ok(())
}

/// Removes namespaces whose test is no more.
fn sweep() -> Result<()> {
    let output = Command::new("ip").args(["netns", "list"]).output().context("`ip netns list` does not start")?;
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let name = line.split_whitespace().next().unwrap_or_default();
        let owner = name.strip_prefix(PREFIX).and_then(|rest| rest.split('-').nth(1));
        if owner.is_some_and(|pid| !Path::new("/proc").join(pid).exists()) {
            // Another test may have swept it just now.
            let _ = ip(&["netns", "delete", name]);
        }
    }
    Ok(())
}

fn ip(arguments: &[&str]) -> Result<()> {
    must("ip", arguments)
}

fn tc(arguments: &[&str]) -> Result<()> {
    must("tc", arguments)
}

fn must(program: &str, arguments: &[&str]) -> Result<()> {
    let output =
        Command::new(program).args(arguments).output().with_context(|| format!("`{program}` does not start"))?;
    if output.status.success() {
        return Ok(());
    }
    let line = arguments.join(" ");
    bail!("`{program} {line}` failed: {}", String::from_utf8_lossy(&output.stderr).trim())
}
