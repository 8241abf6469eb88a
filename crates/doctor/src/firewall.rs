//! Reads the rules of the firewalls of this machine, as far as it may, for one that stops what devices find each other
//! by. Rules can say anything, so this sees the plain ones: those that name the port or the group, those that take all
//! multicast, and chains that drop what no rule has let in. The multicast that was tried beside it decides what is felt.

use std::fs;
use std::process::{Command, Stdio};

use crate::{Finding, Tool};

/// Where programs of root lie, which is not always on the path of others.
const PATH: &str = "/usr/sbin:/sbin:/usr/local/sbin:/usr/bin:/bin";
/// Words of a rule that concern multicast DNS.
const MULTICAST: &[&str] =
    &["5353", "224.0.0.251", "224.0.0.0/4", "224.0.0.0/24", "ff02::fb", "ff00::/8", "multicast", "mdns"];

/// What the firewalls say. `port` is our own, if it was chosen; `is_felt` whether multicast was seen to be stopped.
pub(crate) fn read(port: Option<u16>, is_felt: bool) -> Vec<Finding> {
    let port = port.filter(|port| *port != 0).map(|port| port.to_string());
    let mut findings = Vec::new();
    for tool in [Tool::Nftables, Tool::Iptables, Tool::Ip6tables] {
        let (program, arguments): (_, &[&str]) = match tool {
            Tool::Nftables => ("nft", &["list", "ruleset"]),
            Tool::Iptables => ("iptables", &["-S"]),
            _ => ("ip6tables", &["-S"]),
        };
        let rules = match run(program, arguments) {
            None => continue,
            Some(Err(why)) => {
                findings.push(Finding::FirewallUnseen { tool, why });
                continue;
            }
            Some(Ok(rules)) => rules,
        };
        let dropped =
            if tool == Tool::Nftables { nftables(&rules, port.as_deref()) } else { iptables(&rules, port.as_deref()) };
        if dropped.is_empty() {
            findings.push(Finding::FirewallOpen { tool });
        }
        findings.extend(dropped.into_iter().map(|rule| Finding::FirewallDrops { tool, rule, is_felt }));
    }
    if fs::read_to_string("/etc/ufw/ufw.conf").is_ok_and(|text| text.lines().any(|line| line.trim() == "ENABLED=yes")) {
        let why = "it is on, and keeps out what it was not told to let in".to_owned();
        findings.push(Finding::FirewallUnseen { tool: Tool::Ufw, why });
    }
    if let Some(Ok(state)) = run("firewall-cmd", &["--state"])
        && state.trim() == "running"
    {
        match run("firewall-cmd", &["--query-service=mdns"]) {
            Some(Ok(answer)) if answer.trim() == "yes" => {
                findings.push(Finding::FirewallOpen { tool: Tool::Firewalld });
            }
            _ => {
                let rule = "the zone in use does not let the service mdns in".to_owned();
                findings.push(Finding::FirewallDrops { tool: Tool::Firewalld, rule, is_felt });
            }
        }
    }
    findings
}

/// What a program prints, or why it does not. None if there is no such program.
fn run(program: &str, arguments: &[&str]) -> Option<Result<String, String>> {
    let found = PATH.split(':').map(|folder| std::path::Path::new(folder).join(program)).find(|path| path.exists())?;
    Some(match Command::new(found).args(arguments).stdin(Stdio::null()).output() {
        Ok(output) if output.status.success() => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stderr);
            Err(said.lines().next().unwrap_or("it says nothing").trim().to_owned())
        }
        Err(error) => Err(error.to_string()),
    })
}

/// Rules of `nft list ruleset` that drop what we need, each with its chain.
fn nftables(rules: &str, port: Option<&str>) -> Vec<String> {
    let (mut table, mut chain) = (String::new(), String::new());
    let mut hook = "";
    // Whether the chain drops what nothing lets in, and whether something does.
    let (mut closed, mut open) = (false, false);
    let mut dropped = Vec::new();
    for line in rules.lines().map(str::trim) {
        if let Some(name) = line.strip_prefix("table ") {
            name.trim_end_matches(" {").clone_into(&mut table);
        } else if let Some(name) = line.strip_prefix("chain ") {
            name.trim_end_matches(" {").clone_into(&mut chain);
            (hook, closed, open) = ("", false, false);
        } else if line.starts_with("type ") {
            hook = ["input", "output", "prerouting", "ingress"]
                .into_iter()
                .find(|hook| line.contains(&format!("hook {hook} ")))
                .unwrap_or("");
            closed = line.contains("policy drop");
        } else if line == "}" {
            if closed && !open && !hook.is_empty() {
                dropped.push(format!("chain {table} {chain} drops what no rule lets in, and none lets UDP 5353 in"));
            }
            (hook, closed, open) = ("", false, false);
        } else if !hook.is_empty() {
            let concerns = concerns(line, port);
            open |= line.ends_with("accept") && (concerns || line == "accept");
            if is_drop(line) && (concerns || line == "drop") && !open {
                dropped.push(format!("`{line}` in chain {table} {chain}"));
            }
        }
    }
    dropped
}

/// Rules of `iptables -S` that drop what we need.
fn iptables(rules: &str, port: Option<&str>) -> Vec<String> {
    let mut dropped = Vec::new();
    let mut open = false;
    for line in
        rules.lines().map(str::trim).filter(|line| line.starts_with("-A INPUT") || line.starts_with("-A OUTPUT"))
    {
        let concerns = concerns(line, port);
        open |= line.ends_with("-j ACCEPT") && concerns;
        let drops = line.contains("-j DROP") || line.contains("-j REJECT");
        if drops && !open && (concerns || line.split_whitespace().count() == 4) {
            dropped.push(format!("`{line}`"));
        }
    }
    if rules.lines().any(|line| line.trim() == "-P INPUT DROP") && !open {
        dropped.push("`-P INPUT DROP`, and no rule lets UDP 5353 in".to_owned());
    }
    dropped
}

fn is_drop(line: &str) -> bool {
    let is = |word: &str| word == "drop" || word == "reject";
    line.split_whitespace().any(is)
}

fn concerns(line: &str, port: Option<&str>) -> bool {
    // Another protocol's port of the same number is none of ours.
    let is_udp = !line.contains("tcp ");
    let words = || line.split(|c: char| !(c.is_alphanumeric() || matches!(c, '.' | ':' | '/')));
    is_udp && words().any(|word| MULTICAST.contains(&word) || Some(word) == port)
}

#[cfg(test)]
mod tests;
