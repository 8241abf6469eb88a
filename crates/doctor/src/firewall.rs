//! Looks at the firewalls of this machine, as far as it may, for what stops that devices find and reach each other: what
//! the kernel was told ([`rules`]) decides, whoever told it. Rules can say anything, so not all can be judged; the
//! multicast that was tried beside it decides what is felt.

mod iptables;
mod nftables;
mod packet;
mod rules;
#[cfg(test)]
mod tests;

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use packet::Packet;
use rules::Rules;

use crate::finding::MULTICAST_PORT;
use crate::{Finding, Ip, Tool};

/// Where programs of root lie, which is not always on the path of others.
const PATH: &str = "/usr/sbin:/sbin:/usr/local/sbin:/usr/bin:/bin";

/// What a program printed, or why it did not; none: there is no such program.
type Said = Option<Result<String, String>>;

/// What was read of the firewalls.
#[derive(Clone, Debug, Default)]
struct Seen {
    /// `nft list ruleset`
    nftables: Said,
    /// `iptables -V`
    version: Said,
    /// `iptables -S`
    iptables: Said,
    /// `ip6tables -S`
    ip6tables: Said,
    /// /etc/ufw/ufw.conf; empty: there is none.
    ufw: String,
    /// `firewall-cmd --state`
    firewalld: Said,
    /// `firewall-cmd --list-all`
    zone: Said,
}

/// What must get through.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Needs<'a> {
    /// The interfaces that are up.
    pub(crate) interfaces: &'a [&'a str],
    /// Our own port, if it was chosen.
    pub(crate) port: Option<u16>,
    /// Whether multicast was seen to be stopped.
    pub(crate) is_felt: bool,
}

/// What the firewalls do to that.
pub(crate) fn look(needs: Needs<'_>) -> Vec<Finding> {
    judge(&read(), needs)
}

fn read() -> Seen {
    Seen {
        nftables: run("nft", &["list", "ruleset"]),
        version: run("iptables", &["-V"]),
        iptables: run("iptables", &["-S"]),
        ip6tables: run("ip6tables", &["-S"]),
        ufw: fs::read_to_string("/etc/ufw/ufw.conf").unwrap_or_default(),
        firewalld: run("firewall-cmd", &["--state"]),
        zone: run("firewall-cmd", &["--list-all"]),
    }
}

/// What a program prints, or why it does not. None if there is no such program.
fn run(program: &str, arguments: &[&str]) -> Said {
    let found = PATH.split(':').map(|folder| Path::new(folder).join(program)).find(|path| path.exists())?;
    Some(match Command::new(found).args(arguments).stdin(Stdio::null()).output() {
        Ok(output) if output.status.success() => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stderr);
            Err(said.lines().next().unwrap_or("it says nothing").trim().to_owned())
        }
        Err(error) => Err(error.to_string()),
    })
}

fn judge(seen: &Seen, needs: Needs<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    // The newer iptables write what nft shows.
    let is_shown =
        matches!((&seen.nftables, &seen.version), (Some(Ok(_)), Some(Ok(version))) if version.contains("nf_tables"));
    let older = |said: &Said| said.clone().filter(|_| !is_shown);
    let mut is_seen = false;
    for (tool, said) in [
        (Tool::Nftables, seen.nftables.clone()),
        (Tool::Iptables, older(&seen.iptables)),
        (Tool::Ip6tables, older(&seen.ip6tables)),
    ] {
        let text = match said {
            None => continue,
            Some(Err(why)) => {
                findings.push(Finding::FirewallUnseen { tool, why });
                continue;
            }
            Some(Ok(text)) => text,
        };
        let rules = match tool {
            Tool::Nftables => nftables::rules(&text),
            Tool::Iptables => iptables::rules(&text, Ip::V4),
            _ => iptables::rules(&text, Ip::V6),
        };
        is_seen = true;
        let dropped = dropped(&rules, tool, needs);
        if dropped.is_empty() {
            findings.push(Finding::FirewallOpen { tool });
        }
        findings.extend(dropped);
    }
    if !is_seen {
        findings.extend(ufw(&seen.ufw));
        findings.extend(firewalld(seen, needs));
    }
    findings
}

/// What the kernel's rules drop of what must get through, each rule once.
fn dropped(rules: &Rules, tool: Tool, needs: Needs<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for packet in Packet::needed(needs) {
        let Some(stopped) = rules.stop(&packet, !needs.is_felt) else { continue };
        let is_felt = packet.is_multicast() && needs.is_felt;
        let port = if packet.is_multicast() { Some(MULTICAST_PORT) } else { needs.port };
        let tool = stopped.author.unwrap_or(tool);
        let finding = Finding::FirewallDrops { tool, port, rule: stopped.rule, is_felt };
        if !findings.contains(&finding) {
            findings.push(finding);
        }
    }
    findings
}

/// That ufw is on, where its rules may not be seen.
fn ufw(conf: &str) -> Option<Finding> {
    let is_on = conf.lines().any(|line| line.trim() == "ENABLED=yes");
    let why = "it is on, and only root may see what it lets in".to_owned();
    is_on.then_some(Finding::FirewallUnseen { tool: Tool::Ufw, why })
}

/// What firewalld says of itself, where its rules may not be seen. It has a zone for each interface; this is the default one.
fn firewalld(seen: &Seen, needs: Needs<'_>) -> Vec<Finding> {
    let tool = Tool::Firewalld;
    let zone = match (&seen.firewalld, &seen.zone) {
        (Some(Ok(_)), Some(Ok(zone))) => zone,
        (None, _) | (_, None) => return Vec::new(),
        // It is not there to be asked.
        (Some(Err(why)), _) if why == "not running" || why.contains("DBUS_ERROR") => return Vec::new(),
        (Some(Err(why)), _) | (_, Some(Err(why))) => return vec![Finding::FirewallUnseen { tool, why: why.clone() }],
    };
    let line = |key: &str| zone.lines().find_map(|line| line.trim().strip_prefix(key)?.strip_prefix(':'));
    if line("target").is_some_and(|target| target.trim() == "ACCEPT") {
        return vec![Finding::FirewallOpen { tool }];
    }
    let has = |key: &str, word: &str| line(key).is_some_and(|line| line.split_whitespace().any(|one| one == word));
    let lets_in = |port: u16| has("ports", &format!("{port}/udp"));
    let name = zone.split_whitespace().next().unwrap_or("default");
    let mut findings = Vec::new();
    if !(has("services", "mdns") || lets_in(MULTICAST_PORT)) {
        let rule = format!("the zone {name} does not let the service mdns in");
        findings.push(Finding::FirewallDrops { tool, port: Some(MULTICAST_PORT), rule, is_felt: needs.is_felt });
    }
    if !needs.port.is_some_and(lets_in) {
        let rule = match needs.port {
            Some(port) => format!("the zone {name} does not let UDP port {port} in"),
            None => format!("the zone {name} lets in no UDP port but those it names"),
        };
        findings.push(Finding::FirewallDrops { tool, port: needs.port, rule, is_felt: false });
    }
    if findings.is_empty() {
        findings.push(Finding::FirewallOpen { tool });
    }
    findings
}
