use core::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;

/// The port of multicast DNS (RFC 6762).
pub(crate) const MULTICAST_PORT: u16 = 5353;
/// A port to listen on, where an example is wanted.
const EXAMPLE_PORT: u16 = 4242;

/// How bad something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// As it should be.
    Good,
    /// It may do harm, or could not be looked at.
    Warning,
    /// It stops something.
    Failure,
}

/// A version of the internet protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ip {
    /// IPv4
    V4,
    /// IPv6
    V6,
}

/// A firewall.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tool {
    /// nftables, by `nft`.
    Nftables,
    /// The older tables, by `iptables`.
    Iptables,
    /// The same for IPv6, by `ip6tables`.
    Ip6tables,
    /// ufw
    Ufw,
    /// firewalld
    Firewalld,
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// An interface is up.
    Interface {
        /// Its name.
        interface: String,
        /// How many addresses it has.
        addresses: usize,
    },
    /// No interface is up, not even loopback.
    NoInterface,
    /// Only loopback is up.
    OnlyLoopback,
    /// An interface is up that takes no multicast.
    NoMulticastFlag {
        /// Its name.
        interface: String,
    },
    /// What was said by multicast came back.
    Multicast {
        /// Where.
        interface: String,
        /// By which version.
        ip: Ip,
        /// Whether another machine's Lamplit answered.
        others: bool,
    },
    /// It did not come back.
    MulticastBlocked {
        /// Where.
        interface: String,
        /// By which version.
        ip: Ip,
        /// Why it did not leave, if it did not.
        refused: Option<String>,
        /// Whether the other version works there, so that devices are found all the same.
        other_works: bool,
    },
    /// The port of multicast DNS cannot be shared.
    MulticastPortTaken {
        /// Where.
        interface: String,
        /// What the system said.
        why: String,
    },
    /// A rule of a firewall drops what is needed.
    FirewallDrops {
        /// Whose rule.
        tool: Tool,
        /// What is sent to which UDP port: 5353, that of multicast DNS, or our own; none: our own is picked by chance.
        port: Option<u16>,
        /// The rule, and where it stands.
        rule: String,
        /// Whether something was seen to be stopped.
        is_felt: bool,
    },
    /// No rule that may be read drops it.
    FirewallOpen {
        /// Whose rules.
        tool: Tool,
    },
    /// The rules may not be read.
    FirewallUnseen {
        /// Whose.
        tool: Tool,
        /// Why.
        why: String,
    },
    /// A tunnel takes what goes to the internet, and perhaps more.
    TunnelTakesAll {
        /// Its name.
        interface: String,
    },
    /// The port can be listened on, or the daemon does.
    Port {
        /// Where.
        bind: SocketAddr,
    },
    /// The chosen address cannot be listened on.
    PortTaken {
        /// Where.
        bind: SocketAddr,
        /// What the system said.
        why: String,
    },
    /// The clock goes as far as can be seen.
    Clock {
        /// With so many others' it was compared.
        others: usize,
    },
    /// The clock is behind: files of this device are from its future.
    ClockBehind {
        /// By how many seconds at least.
        seconds: u64,
    },
    /// The clock shows a time before this program was made.
    ClockBeforeProgram,
    /// The clock is ahead of those of most others that were met.
    ClockAhead {
        /// By about so many minutes, if not by more.
        minutes: u64,
        /// How many were met.
        others: usize,
    },
    /// The clock is behind those of most others that were met.
    ClockBehindOthers {
        /// By about so many minutes, if not by more.
        minutes: u64,
        /// How many were met.
        others: usize,
    },
    /// Another device would not have this one, since the two clocks are more than a day apart.
    ClockDisputed,
    /// The data directory can be written to.
    Disk {
        /// Where.
        data: PathBuf,
        /// Free mebibytes.
        free: u64,
    },
    /// There is no data directory yet.
    NoData {
        /// Where it would be.
        data: PathBuf,
    },
    /// Little is left.
    DiskLow {
        /// Where.
        data: PathBuf,
        /// Free mebibytes.
        free: u64,
    },
    /// Nothing is left.
    DiskFull {
        /// Where.
        data: PathBuf,
    },
    /// The data directory cannot be written to.
    NotWritable {
        /// Where.
        data: PathBuf,
        /// What the system said.
        why: String,
    },
}

impl Finding {
    /// How bad it is.
    pub const fn level(&self) -> Level {
        match self {
            Self::Interface { .. }
            | Self::Multicast { .. }
            | Self::FirewallOpen { .. }
            | Self::Port { .. }
            | Self::Clock { .. }
            | Self::Disk { .. } => Level::Good,
            Self::NoMulticastFlag { .. }
            | Self::MulticastBlocked { other_works: true, .. }
            | Self::FirewallDrops { is_felt: false, .. }
            | Self::FirewallUnseen { .. }
            | Self::TunnelTakesAll { .. }
            | Self::NoData { .. }
            // With one other nobody can say which of the two is wrong.
            | Self::ClockAhead { others: 0 | 1, .. }
            | Self::ClockBehindOthers { others: 0 | 1, .. }
            | Self::ClockDisputed
            | Self::DiskLow { .. } => Level::Warning,
            Self::NoInterface
            | Self::OnlyLoopback
            | Self::MulticastBlocked { .. }
            | Self::MulticastPortTaken { .. }
            | Self::FirewallDrops { .. }
            | Self::PortTaken { .. }
            | Self::ClockBehind { .. }
            | Self::ClockBeforeProgram
            | Self::ClockAhead { .. }
            | Self::ClockBehindOthers { .. }
            | Self::DiskFull { .. }
            | Self::NotWritable { .. } => Level::Failure,
        }
    }

    /// Its name, for programs.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Interface { .. } => "interface",
            Self::NoInterface => "no-interface",
            Self::OnlyLoopback => "only-loopback",
            Self::NoMulticastFlag { .. } => "no-multicast-flag",
            Self::Multicast { .. } => "multicast",
            Self::MulticastBlocked { .. } => "multicast-blocked",
            Self::MulticastPortTaken { .. } => "multicast-port-taken",
            Self::FirewallDrops { .. } => "firewall-drops",
            Self::FirewallOpen { .. } => "firewall-open",
            Self::FirewallUnseen { .. } => "firewall-unseen",
            Self::TunnelTakesAll { .. } => "tunnel-takes-all",
            Self::Port { .. } => "port",
            Self::PortTaken { .. } => "port-taken",
            Self::Clock { .. } => "clock",
            Self::ClockBehind { .. } => "clock-behind",
            Self::ClockBeforeProgram => "clock-before-program",
            Self::ClockAhead { .. } => "clock-ahead",
            Self::ClockBehindOthers { .. } => "clock-behind-others",
            Self::ClockDisputed => "clock-disputed",
            Self::Disk { .. } => "disk",
            Self::NoData { .. } => "no-data",
            Self::DiskLow { .. } => "disk-low",
            Self::DiskFull { .. } => "disk-full",
            Self::NotWritable { .. } => "not-writable",
        }
    }

    /// What to do about it; nothing if it is as it should be.
    pub fn advice(&self) -> Option<String> {
        let text = match self {
            Self::Multicast { others: false, .. } => {
                "if others should be here: an access point may keep its devices apart (\"client isolation\", a guest network): \
                 switch that off there; the QR code of `lamplit invite` or `lamplit dial` does without"
                    .to_owned()
            }
            Self::Interface { .. }
            | Self::Multicast { others: true, .. }
            | Self::FirewallOpen { .. }
            | Self::Port { .. }
            | Self::Clock { .. }
            | Self::Disk { .. } => return None,
            Self::NoInterface | Self::OnlyLoopback => {
                "join a network: plug in a cable, or switch Wi-Fi on; `ip link` shows what there is".to_owned()
            }
            Self::NoMulticastFlag { interface } => format!(
                "if others are to be found there: ip link set {interface} multicast on; else use an invite or `lamplit dial`"
            ),
            Self::MulticastBlocked { .. } => {
                "let UDP port 5353 in and out, such as by `nft insert rule inet filter input udp \
                dport 5353 accept`, `ufw allow 5353/udp` or `firewall-cmd --add-service=mdns`; meanwhile an invite or \
                `lamplit dial` does without"
                    .to_owned()
            }
            Self::MulticastPortTaken { .. } => {
                "another program keeps UDP port 5353 to itself: find it by `ss -ulpn sport = \
                5353` and end it, or let it share"
                    .to_owned()
            }
            Self::FirewallDrops { tool, port: Some(port), .. } => tool.open(*port),
            Self::FirewallDrops { tool, port: None, .. } => format!(
                "have Lamplit listen on a port of your choice, such as by `lamplit run --bind '[::]:{EXAMPLE_PORT}'`, and \
                 {}; else others are reached only if their firewalls let this device in",
                tool.open(EXAMPLE_PORT)
            ),
            Self::FirewallUnseen { tool, .. } => format!("to see them: sudo {}", tool.show()),
            Self::TunnelTakesAll { interface } => format!(
                "if contacts are not found or reached, allow the local network in the settings of the tunnel {interface}"
            ),
            Self::PortTaken { bind, .. } => format!(
                "choose another with `lamplit run --bind`, or end who has it: `ss -ulpn sport = {}` shows that",
                bind.port()
            ),
            Self::ClockBehind { .. } | Self::ClockBeforeProgram => {
                "set the clock, such as by `timedatectl set-ntp true`: certificates are refused by a wrong one"
                    .to_owned()
            }
            Self::ClockAhead { .. } | Self::ClockBehindOthers { .. } | Self::ClockDisputed => {
                "look whether date, time and time zone are right here, and set them, such as by `timedatectl set-ntp true`; if \
                they are, the other device's are to be set: by clocks that differ devices do not find each other, and what is \
                written by the one that is ahead waits"
                    .to_owned()
            }
            Self::NoData { .. } => "make an account with `lamplit init`, or name its directory with --data".to_owned(),
            Self::DiskLow { data, .. } | Self::DiskFull { data } => {
                format!("make room on the disk of {}: what cannot be kept is not sent", data.display())
            }
            Self::NotWritable { data, .. } => {
                format!("make {} yours and writable, or name another directory with --data", data.display())
            }
        };
        Some(text)
    }
}

impl Finding {
    /// The interface that devices may be found by.
    pub(crate) fn interface_that_is_up(&self) -> Option<&str> {
        match self {
            Self::Interface { interface, .. } => Some(interface),
            _ => None,
        }
    }
}

impl Tool {
    /// What shows its rules.
    const fn show(self) -> &'static str {
        match self {
            Self::Nftables => "nft list ruleset",
            Self::Iptables => "iptables -S",
            Self::Ip6tables => "ip6tables -S",
            Self::Ufw => "ufw status verbose",
            Self::Firewalld => "firewall-cmd --list-all",
        }
    }

    /// What lets a UDP port through.
    fn open(self, port: u16) -> String {
        match self {
            Self::Nftables => format!("take the rule away, or put before it: udp dport {port} accept"),
            Self::Iptables => format!("put before it: iptables -I INPUT -p udp --dport {port} -j ACCEPT"),
            Self::Ip6tables => format!("put before it: ip6tables -I INPUT -p udp --dport {port} -j ACCEPT"),
            Self::Ufw => format!("open it: ufw allow {port}/udp"),
            Self::Firewalld if port == MULTICAST_PORT => {
                "open it: firewall-cmd --permanent --add-service=mdns && firewall-cmd --reload".to_owned()
            }
            Self::Firewalld => {
                format!("open it: firewall-cmd --permanent --add-port={port}/udp && firewall-cmd --reload")
            }
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Interface { interface, addresses: 1 } => write!(f, "{interface} is up, with one address"),
            Self::Interface { interface, addresses } => write!(f, "{interface} is up, with {addresses} addresses"),
            Self::NoInterface => f.write_str("no network interface is up"),
            Self::OnlyLoopback => f.write_str("this machine is on no network: only loopback is up"),
            Self::NoMulticastFlag { interface } => {
                write!(f, "{interface} takes no multicast: nobody is found there by itself")
            }
            Self::Multicast { interface, ip, others: true } => {
                write!(f, "multicast over {ip} works on {interface}, and others are heard")
            }
            Self::Multicast { interface, ip, others: false } => write!(
                f,
                "multicast over {ip} works on {interface}; nobody else was heard, so whether the network passes it on cannot be \
                 seen from here"
            ),
            Self::MulticastBlocked { interface, ip, refused: Some(why), .. } => {
                write!(f, "multicast over {ip} does not leave by {interface}: {why}")
            }
            Self::MulticastBlocked { interface, ip, .. } => {
                write!(f, "multicast over {ip} does not come back on {interface}: something on this machine drops it")
            }
            Self::MulticastPortTaken { interface, why } => {
                write!(f, "multicast DNS cannot be listened to on {interface}: {why}")
            }
            Self::FirewallDrops { tool, port: Some(MULTICAST_PORT), rule, .. } => {
                write!(f, "{tool} drops what devices find each other by: {rule}")
            }
            Self::FirewallDrops { tool, rule, .. } => write!(f, "{tool} drops what others connect by: {rule}"),
            Self::FirewallOpen { tool } => write!(f, "{tool} has no rule that drops what devices find each other by"),
            Self::FirewallUnseen { tool, why } => write!(f, "the rules of {tool} cannot be seen: {why}"),
            Self::TunnelTakesAll { interface } => {
                write!(f, "{interface}, a tunnel (VPN), takes all that is not sent to the local network")
            }
            Self::Port { bind } => write!(f, "{bind} can be listened on"),
            Self::PortTaken { bind, why } => write!(f, "{bind} cannot be listened on: {why}"),
            Self::Clock { others: 0 } => f.write_str(
                "the clock is not behind what this device has written; whether it is ahead can be told once others are met",
            ),
            Self::Clock { others: 1 } => f.write_str("the clock agrees with that of the one other who was met"),
            Self::Clock { others } => {
                write!(f, "the clock is neither ahead of nor behind most of the {others} others who were met")
            }
            Self::ClockBehind { seconds } => {
                write!(f, "the clock is wrong, or was: files of this device are {seconds} s ahead of it")
            }
            Self::ClockAhead { minutes, others } => {
                write!(f, "the clock is {} ahead of {}", Span(*minutes), whose(*others))
            }
            Self::ClockBehindOthers { minutes, others } => {
                write!(f, "the clock is {} behind {}", Span(*minutes), whose(*others))
            }
            Self::ClockDisputed => {
                f.write_str("another device refused this one: the two clocks are more than a day apart")
            }
            Self::ClockBeforeProgram => f.write_str("the clock is wrong: it shows a time before this program was made"),
            Self::Disk { data, free } => write!(f, "{} can be written to, {free} MiB are free", data.display()),
            Self::NoData { data } => write!(f, "there is no data directory at {}", data.display()),
            Self::DiskLow { data, free } => write!(f, "little room is left for {}: {free} MiB", data.display()),
            Self::DiskFull { data } => write!(f, "the disk of {} is full", data.display()),
            Self::NotWritable { data, why } => write!(f, "{} cannot be written to: {why}", data.display()),
        }
    }
}

/// Whose clocks this one was compared with.
fn whose(others: usize) -> String {
    match others {
        1 => "that of the one other who was met".to_owned(),
        many => format!("those of most of the {many} others who were met"),
    }
}

/// So many minutes, in the largest unit that says enough.
struct Span(u64);

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            minutes if minutes < 120 => write!(f, "{minutes} minutes"),
            minutes if minutes < 48 * 60 => write!(f, "{} hours", minutes / 60),
            minutes => write!(f, "{} days", minutes / (24 * 60)),
        }
    }
}

impl fmt::Display for Ip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::V4 => "IPv4",
            Self::V6 => "IPv6",
        })
    }
}

impl fmt::Display for Tool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Nftables => "nftables",
            Self::Iptables => "iptables",
            Self::Ip6tables => "ip6tables",
            Self::Ufw => "ufw",
            Self::Firewalld => "firewalld",
        })
    }
}

#[cfg(test)]
mod tests;
