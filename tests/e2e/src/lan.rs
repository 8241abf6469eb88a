mod cards;
mod firewall;
mod mouth;

use std::{
    path::{Path, PathBuf},
    process::{self, Command, Output, Stdio},
    sync::atomic::{AtomicU32, Ordering},
};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::Recorder;

pub use cards::Carried;
pub use firewall::Lost;
pub use mouth::GROUP;

const PREFIX: &str = "lamplit-e2e";

/// The interface that every host has at first.
const FIRST_INTERFACE: &str = "eth0";

/// Hosts with a cable each to one bridge, and nothing else: each is a network namespace, and there is one for the bridge
/// and for those that are laid beside it.
#[derive(Debug)]
pub struct Lan {
    prefix: String,
    hosts: u8,
}

/// A bridge and all that is plugged into it. Between two of them nothing goes but by a host that is on both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Network(u8);

impl Network {
    /// The one that every host is on at first.
    pub const FIRST: Self = Self(0);
    /// One that is there once it is laid ([`Lan::lay`]).
    pub const SECOND: Self = Self(1);

    fn bridge(self) -> String {
        format!("br{}", self.0)
    }
}

/// One of the hosts, from 1 on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Host(pub u8);

impl Host {
    /// The first one, 10.77.0.1.
    pub const LEFT: Self = Self(1);
    /// The second one, 10.77.0.2.
    pub const RIGHT: Self = Self(2);
    /// The third one, 10.77.0.3, of a [`Lan::of`] three or more.
    pub const THIRD: Self = Self(3);

    /// What the machine is called.
    pub fn hostname(self) -> String {
        format!("machine-{}", self.0)
    }

    /// Its address.
    pub fn address(self) -> String {
        format!("10.77.0.{}", self.0)
    }
}

impl Lan {
    /// Two hosts.
    ///
    /// # Errors
    /// If something is missing, and then what.
    pub fn new() -> Result<Self> {
        Self::of(2)
    }

    /// So many hosts.
    ///
    /// # Errors
    /// If something is missing, and then what.
    pub fn of(hosts: u8) -> Result<Self> {
        Self::with(hosts, |host| Some(host.address()))
    }

    /// Two hosts that have no IPv4 address but the loopback's, and of IPv6 what each interface gives itself.
    ///
    /// # Errors
    /// If something is missing, and then what.
    pub fn without_ipv4() -> Result<Self> {
        Self::with(2, |_| None)
    }

    /// Two hosts that know nothing of IPv6, not even on the loopback.
    ///
    /// # Errors
    /// If something is missing, and then what.
    pub fn without_ipv6() -> Result<Self> {
        let lan = Self::new()?;
        // What an interface had of it is gone at once.
        let off = "for at in /proc/sys/net/ipv6/conf/*/disable_ipv6; do echo 1 > $at; done";
        lan.hosts().try_for_each(|host| lan.must(host, off))?;
        Ok(lan)
    }

    fn with(hosts: u8, address: impl Fn(Host) -> Option<String>) -> Result<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        check_possible()?;
        sweep()?;
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let lan = Self { prefix: format!("{PREFIX}-{}-{number}", process::id()), hosts };
        ip(&["netns", "add", &lan.bridges()])?;
        lan.lay(Network::FIRST)?;
        for host in lan.hosts() {
            let name = lan.name(host);
            ip(&["netns", "add", &name])?;
            // An IPv6 address is good at once: nobody else here could have it.
            lan.must(host, "echo 0 > /proc/sys/net/ipv6/conf/default/accept_dad")?;
            ip(&["-n", &name, "link", "set", "lo", "up"])?;
            lan.add_interface(host, FIRST_INTERFACE, Network::FIRST, address(host).as_deref())?;
        }
        Ok(lan)
    }

    /// Lays a network that nobody is on yet.
    ///
    /// # Errors
    /// If `ip` fails, as when it is there.
    pub fn lay(&self, network: Network) -> Result<()> {
        let (bridges, bridge) = (self.bridges(), network.bridge());
        ip(&["-n", &bridges, "link", "add", &bridge, "type", "bridge", "mcast_snooping", "0"])?;
        ip(&["-n", &bridges, "link", "set", &bridge, "up"])
    }

    /// Gives a host an interface of that name, with a cable to a network and, if that is wanted, an IPv4 address. It is a
    /// new card: what it had of IPv6 under that name before, it has no more.
    ///
    /// # Errors
    /// If `ip` fails, as when there is one of that name.
    pub fn add_interface(&self, host: Host, interface: &str, network: Network, address: Option<&str>) -> Result<()> {
        let (name, port, bridges) = (self.name(host), port(host, interface), self.bridges());
        ip(&["link", "add", interface, "netns", &name, "type", "veth", "peer", "name", &port, "netns", &bridges])?;
        ip(&["-n", &bridges, "link", "set", &port, "master", &network.bridge()])?;
        if let Some(address) = address {
            ip(&["-n", &name, "address", "add", &format!("{address}/24"), "dev", interface])?;
        }
        self.set_interface(host, interface, true)?;
        self.set_cable_at(host, interface, true)
    }

    /// Takes an interface out of a host, with its cable.
    ///
    /// # Errors
    /// If `ip` fails, as when there is none of that name.
    pub fn remove_interface(&self, host: Host, interface: &str) -> Result<()> {
        ip(&["-n", &self.name(host), "link", "delete", interface])
    }

    /// Turns an interface on or off, as somebody does at that host. While it is off it has no IPv6 address.
    ///
    /// # Errors
    /// If `ip` fails.
    pub fn set_interface(&self, host: Host, interface: &str, is_on: bool) -> Result<()> {
        ip(&["-n", &self.name(host), "link", "set", interface, if is_on { "up" } else { "down" }])
    }

    /// All of them.
    pub fn hosts(&self) -> impl Iterator<Item = Host> + use<> {
        (1..=self.hosts).map(Host)
    }

    /// Plugs a host's first cable into the bridge, or pulls it there.
    ///
    /// # Errors
    /// If `ip` fails.
    pub fn set_cable(&self, host: Host, plugged: bool) -> Result<()> {
        self.set_cable_at(host, FIRST_INTERFACE, plugged)
    }

    /// The same with the cable of any interface.
    ///
    /// # Errors
    /// If `ip` fails.
    pub fn set_cable_at(&self, host: Host, interface: &str, plugged: bool) -> Result<()> {
        let state = if plugged { "up" } else { "down" };
        ip(&["-n", &self.bridges(), "link", "set", &port(host, interface), state])
    }

    /// Carries no multicast any more from one first cable to another, as an access point that keeps its devices apart. Who knows
    /// an IPv4 address of the other reaches it.
    ///
    /// # Errors
    /// If `ip` fails.
    pub fn keep_apart(&self) -> Result<()> {
        self.hosts().try_for_each(|host| {
            let port = port(host, FIRST_INTERFACE);
            ip(&["-n", &self.bridges(), "link", "set", &port, "type", "bridge_slave", "mcast_flood", "off"])
        })
    }

    /// Lets no more through each first cable in a second than `rate`, such as `100mbit`, each way; none: as much as there is.
    ///
    /// # Errors
    /// If `tc` fails.
    pub fn set_rate(&self, rate: Option<&str>) -> Result<()> {
        self.hosts().try_for_each(|host| match rate {
            Some(rate) => {
                let bucket = ["root", "tbf", "rate", rate, "burst", "256kb", "latency", "50ms"];
                tc(&[["-n", &self.name(host), "qdisc", "replace", "dev", FIRST_INTERFACE].as_slice(), &bucket].concat())
            }
            None => tc(&["-n", &self.name(host), "qdisc", "delete", "dev", FIRST_INTERFACE, "root"]),
        })
    }

    /// Records all that goes over the first network from now on.
    ///
    /// # Errors
    /// If `tcpdump` does not start.
    pub fn record(&self) -> Result<Recorder> {
        Recorder::start(&self.bridges())
    }

    /// Runs a line of the shell inside, with mounts of its own.
    ///
    /// # Errors
    /// If it does not run at all.
    pub fn shell(&self, host: Host, line: &str) -> Result<Output> {
        let mut command = self.command(host, Path::new("sh"));
        command.args(["-c", line]).stdin(Stdio::null()).output().context("no shell starts")
    }

    /// A line of the shell that must succeed.
    ///
    /// # Errors
    /// If it does not.
    pub fn must(&self, host: Host, line: &str) -> Result<()> {
        let output = self.shell(host, line)?;
        if output.status.success() {
            return Ok(());
        }
        bail!("`{line}` failed: {}", String::from_utf8_lossy(&output.stderr).trim())
    }

    /// A command that runs a program inside, on a machine with a name of its own.
    pub(crate) fn command(&self, host: Host, program: &Path) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec"]).arg(self.name(host)).args(["unshare", "--uts", "sh", "-c"]);
        command.arg(r#"hostname "$0" && exec "$@""#).arg(host.hostname()).arg(program);
        command
    }

    /// The file that stands for a host's network.
    pub(crate) fn network_of(&self, host: Host) -> PathBuf {
        Path::new("/run/netns").join(self.name(host))
    }

    fn name(&self, host: Host) -> String {
        format!("{}-{}", self.prefix, host.0)
    }

    /// Where the bridges are.
    fn bridges(&self) -> String {
        format!("{}-bridge", self.prefix)
    }
}

/// The bridge's end of a host's cable.
fn port(host: Host, interface: &str) -> String {
    format!("{}-{interface}", host.0)
}

impl Drop for Lan {
    fn drop(&mut self) {
        for name in self.hosts().map(|host| self.name(host)).chain([self.bridges()]) {
            // If it cannot be removed now, the next test's sweep does it.
            let _ = ip(&["netns", "delete", &name]);
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
    output(program, arguments).map(drop)
}

/// What a program tells in JSON.
fn tell(program: &str, arguments: &[&str]) -> Result<Value> {
    Ok(serde_json::from_slice(&output(program, arguments)?)?)
}

fn output(program: &str, arguments: &[&str]) -> Result<Vec<u8>> {
    let output =
        Command::new(program).args(arguments).output().with_context(|| format!("`{program}` does not start"))?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let line = arguments.join(" ");
    bail!("`{program} {line}` failed: {}", String::from_utf8_lossy(&output.stderr).trim())
}
