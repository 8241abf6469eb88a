//! A network that nobody else is on: a network namespace of its own, and a cable to another. Both are gone with the process.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};

/// What the end of the cable on this side is called.
pub(crate) const INTERFACE: &str = "eth0";
/// The address of this side.
pub(crate) const HERE: &str = "10.77.0.1";
/// The address of the other side.
pub(crate) const THERE: &str = "10.77.0.2";
/// What the other end is called until it is where it belongs, and there.
const END: &str = "end";
/// Makes the network, and goes on there as `$0`.
const LAY: &str = "ip link set lo up && ip link add eth0 type veth peer name end && exec \"$0\" \"$1\"";
/// Gives an end of the cable its address, once it is where it belongs.
const PLUG: &str = "ip link set lo up && echo 0 > /proc/sys/net/ipv6/conf/$0/accept_dad && \
    ip address add $1/24 dev $0 && ip link set $0 up";
/// How long a namespace may take to be there.
const PATIENCE: Duration = Duration::from_secs(2);

/// Runs this program once more as `name`, on a network of its own.
pub(crate) fn run_there(name: &str) -> Result<()> {
    let program = std::env::current_exe()?;
    // Who is not root is root in there.
    let mut command = Command::new("unshare");
    command.args(["--map-root-user", "--net", "sh", "-c", LAY]).arg(program).arg(name);
    let ended = command.status().context("`unshare` does not start: apt-get install util-linux")?;
    if !ended.success() {
        bail!("it was not measured: a network of its own needs root, or namespaces of users, and `ip` of iproute2");
    }
    Ok(())
}

/// The network at the other end of the cable, as long as somebody sleeps there.
pub(crate) struct Other(Child);

impl Other {
    pub(crate) fn plug() -> Result<Self> {
        let other = Self(Command::new("unshare").args(["--net", "sleep", "infinity"]).spawn()?);
        let start = Instant::now();
        while fs::read_link(other.network())? == fs::read_link("/proc/self/ns/net")? {
            if start.elapsed() > PATIENCE {
                bail!("there is no other network");
            }
            thread::sleep(Duration::from_millis(10));
        }
        let number = other.0.id().to_string();
        must(Command::new("ip").args(["link", "set", END, "netns", &number]))?;
        other.sh(PLUG, &[END, THERE])?;
        must(Command::new("sh").args(["-c", PLUG, INTERFACE, HERE]))?;
        Ok(other)
    }

    /// The file that stands for it.
    pub(crate) fn network(&self) -> PathBuf {
        PathBuf::from(format!("/proc/{}/ns/net", self.0.id()))
    }

    /// Lets no more through the cable in a second than `rate`, such as `100mbit`, each way.
    pub(crate) fn set_rate(&self, rate: &str) -> Result<()> {
        const BUCKET: &str = "tc qdisc replace dev $0 root tbf rate $1 burst 256kb latency 50ms";
        self.sh(BUCKET, &[END, rate])?;
        must(Command::new("sh").args(["-c", BUCKET, INTERFACE, rate]))
    }

    /// Runs a line of shell there.
    fn sh(&self, line: &str, arguments: &[&str]) -> Result<()> {
        let there = format!("--net={}", self.network().display());
        must(Command::new("nsenter").args([&there, "sh", "-c", line]).args(arguments))
    }
}

impl Drop for Other {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A command that runs on another network, by a file that stands for it.
pub(crate) fn within(network: &Path, command: &Command) -> Command {
    let mut within = Command::new("nsenter");
    within.arg(format!("--net={}", network.display())).arg(command.get_program()).args(command.get_args());
    within.stdin(Stdio::null()).stdout(Stdio::null());
    within
}

fn must(command: &mut Command) -> Result<()> {
    if command.status()?.success() { Ok(()) } else { bail!("{command:?} failed") }
}
