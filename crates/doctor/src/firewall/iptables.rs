//! What `iptables -S` and `ip6tables -S` show (iptables(8), iptables-extensions(8)).

use super::packet::{Packet, Way};
use super::rules::{Chain, Fits, Rule, Rules, Verdict, address, interface, port, words};
use crate::Ip;

pub(super) fn rules(text: &str, ip: Ip) -> Rules {
    let mut chains: Vec<Chain> = Vec::new();
    for line in text.lines().map(str::trim) {
        match words(line).as_slice() {
            ["-P", name, policy] => {
                let mut chain = chain(name, ip);
                chain.is_closed = *policy == "DROP";
                chain.hook = match *name {
                    "INPUT" => Some(Way::In),
                    "OUTPUT" => Some(Way::Out),
                    _ => None,
                };
                chains.push(chain);
            }
            ["-N", name] => chains.push(chain(name, ip)),
            ["-A", name, ..] => {
                let found = chains.iter_mut().find(|chain| chain.name == *name);
                found.into_iter().for_each(|chain| chain.rules.push(line.to_owned()));
            }
            _ => {}
        }
    }
    Rules { chains, read }
}

fn chain(name: &str, ip: Ip) -> Chain {
    Chain {
        place: format!("chain {name}"),
        table: String::new(),
        name: name.to_owned(),
        hook: None,
        ip: Some(ip),
        is_closed: false,
        rules: Vec::new(),
    }
}

fn read<'r>(line: &'r str, packet: &Packet<'_>) -> Rule<'r> {
    let mut rule = Rule { fits: Fits::Yes, names: false, verdict: Verdict::Nothing };
    let words = words(line);
    let mut rest = words.get(2..).unwrap_or_default();
    let mut is_not = false;
    while let [key, more @ ..] = rest {
        let value = more.first().copied().unwrap_or_default();
        let any_port = || Fits::any(value.split(',').map(|one| port(packet, one, ':')));
        let (fits, names) = match *key {
            "!" => {
                is_not = true;
                rest = more;
                continue;
            }
            "-j" | "-g" => {
                rule.verdict = verdict(key, value);
                // What follows says how.
                break;
            }
            "-m" | "--comment" => (Fits::Yes, false),
            "-p" => (Fits::of(matches!(value, "udp" | "17" | "all")), false),
            "-d" => (address(packet, value), packet.is_multicast()),
            "-i" if packet.way == Way::In => (interface(packet, value, '+'), false),
            "-o" if packet.way == Way::Out => (interface(packet, value, '+'), false),
            "-i" | "-o" => (Fits::No, false),
            "--dport" | "--dports" | "--ports" => (any_port(), true),
            "--ctstate" | "--state" => {
                (Fits::of(value.split(',').any(|one| matches!(one, "NEW" | "UNTRACKED"))), false)
            }
            "--pkt-type" => (Fits::of((value == "multicast") == packet.is_multicast()), packet.is_multicast()),
            "--dst-type" => match (value, packet.is_multicast()) {
                ("MULTICAST", is_multicast) => (Fits::of(is_multicast), is_multicast),
                ("LOCAL", is_multicast) => (Fits::of(!is_multicast), false),
                ("BROADCAST", _) => (Fits::No, false),
                _ => (Fits::Unknown, false),
            },
            "--icmp-type" | "--icmpv6-type" | "--syn" | "--tcp-flags" => (Fits::No, false),
            _ => (Fits::Unknown, false),
        };
        rule.names |= names && fits == Fits::Yes && !is_not;
        rule.fits = rule.fits & if is_not { fits.not() } else { fits };
        is_not = false;
        rest = more.get(1..).unwrap_or_default();
    }
    rule
}

fn verdict<'r>(key: &str, value: &'r str) -> Verdict<'r> {
    match (key, value) {
        ("-g", chain) => Verdict::Goto(chain),
        (_, "ACCEPT") => Verdict::Accept,
        (_, "DROP" | "REJECT") => Verdict::Drop,
        (_, "RETURN") => Verdict::Return,
        (_, "LOG" | "NFLOG" | "MARK" | "CONNMARK" | "TRACE") => Verdict::Nothing,
        (_, chain) => Verdict::Jump(chain),
    }
}
