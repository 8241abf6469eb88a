//! What `nft list ruleset` shows (nft(8)).

use super::packet::{Packet, Way};
use super::rules::{Chain, Fits, Rule, Rules, Verdict, address, interface, port, words};
use crate::Ip;

pub(super) fn rules(text: &str) -> Rules {
    let mut chains: Vec<Chain> = Vec::new();
    let (mut table, mut is_chain) = (String::new(), false);
    // A long set goes over several lines.
    let mut line = String::new();
    for part in text.lines().map(str::trim) {
        line = if line.is_empty() { part.to_owned() } else { format!("{line} {part}") };
        if let Some(name) = line.strip_prefix("table ") {
            name.trim_end_matches(" {").clone_into(&mut table);
        } else if let Some(name) = line.strip_prefix("chain ") {
            chains.push(chain(&table, name.trim_end_matches(" {")));
            is_chain = true;
        } else if line == "}" {
            is_chain = false;
        } else if is_chain && is_open(&line) {
            continue;
        } else if let Some(chain) = chains.last_mut().filter(|_| is_chain) {
            if line.starts_with("type ") {
                hook(chain, &line);
            } else if !line.is_empty() && !line.starts_with('#') {
                chain.rules.push(line.clone());
            }
        }
        line.clear();
    }
    Rules { chains, read }
}

/// Whether a brace is not closed yet.
fn is_open(line: &str) -> bool {
    let unquoted = || line.split('"').step_by(2);
    let count = |brace: char| unquoted().map(|part| part.matches(brace).count()).sum::<usize>();
    count('{') > count('}')
}

fn chain(table: &str, name: &str) -> Chain {
    Chain {
        place: format!("chain {table} {name}"),
        table: table.to_owned(),
        name: name.to_owned(),
        hook: None,
        ip: match table.split(' ').next() {
            Some("ip") => Some(Ip::V4),
            Some("ip6") => Some(Ip::V6),
            _ => None,
        },
        is_closed: false,
        rules: Vec::new(),
    }
}

/// What the first line of a chain that the kernel calls says.
fn hook(chain: &mut Chain, line: &str) {
    let words = words(line);
    let after = |word: &str| words.iter().skip_while(|one| **one != word).nth(1).copied();
    // Frames between machines of a bridge, and ARP, are none of ours.
    let is_ours = ["ip ", "ip6 ", "inet ", "netdev "].iter().any(|family| chain.table.starts_with(family));
    chain.hook = match after("hook") {
        Some("input" | "prerouting" | "ingress") if is_ours => Some(Way::In),
        Some("output" | "postrouting" | "egress") if is_ours => Some(Way::Out),
        _ => None,
    };
    chain.is_closed = line.contains("policy drop");
}

/// A rule while it is read.
struct Reading<'p> {
    packet: &'p Packet<'p>,
    fits: Fits,
    names: bool,
}

fn read<'r>(line: &'r str, packet: &Packet<'_>) -> Rule<'r> {
    let mut reading = Reading { packet, fits: Fits::Yes, names: false };
    let words = words(line);
    let mut rest = words.as_slice();
    let mut verdict = Verdict::Nothing;
    while let [word, more @ ..] = rest {
        rest = match (*word, more) {
            ("accept", _) => {
                verdict = Verdict::Accept;
                break;
            }
            ("drop" | "reject", _) => {
                verdict = Verdict::Drop;
                break;
            }
            ("return", _) => {
                verdict = Verdict::Return;
                break;
            }
            ("jump", [chain, ..]) => {
                verdict = Verdict::Jump(chain);
                break;
            }
            ("goto", [chain, ..]) => {
                verdict = Verdict::Goto(chain);
                break;
            }
            // These change nothing about what it fits.
            ("counter", ["packets", _, "bytes", _, rest @ ..]) => rest,
            ("comment", [_, rest @ ..]) => rest,
            ("log", rest) => after_log(rest),
            ("counter" | "meta" | "th", rest) => rest,
            _ => match condition(rest) {
                Some((key, "vmap", map, _)) => {
                    verdict = reading.look_up(&key, map);
                    break;
                }
                Some((key, operator, value, rest)) => {
                    reading.add(&key, operator, value);
                    rest
                }
                None => {
                    reading.fits = reading.fits & Fits::Unknown;
                    more
                }
            },
        };
    }
    Rule { fits: reading.fits, names: reading.names, verdict }
}

/// A condition at the beginning of some words: of what, compared how, with what; and what follows.
fn condition<'w, 'r>(words: &'w [&'r str]) -> Option<(String, &'r str, &'r str, &'w [&'r str])> {
    let length = match words {
        [
            "iif" | "iifname" | "oif" | "oifname" | "l4proto" | "protocol" | "nfproto" | "pkttype" | "dport" | "sport",
            ..,
        ] => 1,
        // `fib daddr type`, `fib saddr . iif oif`
        ["fib", ..] => words.iter().position(|word| matches!(*word, "type" | "oif" | "oifname"))? + 1,
        // `icmp type`, `ct state`, `ip daddr`, `udp dport`
        [
            "tcp" | "icmp" | "icmpv6" | "igmp" | "sctp" | "dccp" | "esp" | "ah" | "udp" | "udplite" | "ct" | "ip"
            | "ip6" | "ether",
            ..,
        ] => 2,
        _ => return None,
    };
    let (key, more) = words.split_at_checked(length)?;
    let (operator, value, rest) = match more {
        [operator @ ("==" | "!=" | "<" | ">" | "<=" | ">=" | "&" | "vmap"), value, rest @ ..] => {
            (*operator, *value, rest)
        }
        [value, rest @ ..] => ("==", *value, rest),
        [] => return None,
    };
    Some((key.join(" "), operator, value, rest))
}

impl Reading<'_> {
    /// Takes in a condition.
    fn add(&mut self, key: &str, operator: &str, value: &str) {
        let fits = Fits::any(items(value).map(|item| self.compare(key, item)));
        let fits = match operator {
            "==" => fits,
            "!=" => fits.not(),
            // Of other comparisons only what is of no UDP packet is known.
            _ if fits == Fits::No && is_other_protocol(key) => Fits::No,
            _ => Fits::Unknown,
        };
        self.names |= operator == "==" && fits == Fits::Yes && self.is_target(key);
        self.fits = self.fits & fits;
    }

    /// What a map from values to verdicts says.
    fn look_up<'r>(&mut self, key: &str, map: &'r str) -> Verdict<'r> {
        for item in items(map) {
            let Some((value, verdict)) = item.split_once(" : ") else { continue };
            match self.compare(key, value.trim()) {
                Fits::No => {}
                fits => {
                    self.fits = self.fits & fits;
                    self.names |= fits == Fits::Yes && self.is_target(key);
                    return match words(verdict).as_slice() {
                        ["accept"] => Verdict::Accept,
                        ["drop"] => Verdict::Drop,
                        ["return"] => Verdict::Return,
                        ["jump", chain] => Verdict::Jump(chain),
                        ["goto", chain] => Verdict::Goto(chain),
                        _ => Verdict::Nothing,
                    };
                }
            }
        }
        Verdict::Nothing
    }

    /// Whether a condition is about where the packet goes.
    fn is_target(&self, key: &str) -> bool {
        matches!(key, "udp dport" | "dport") || self.packet.is_multicast() && is_place(key)
    }

    fn compare(&self, key: &str, value: &str) -> Fits {
        let packet = self.packet;
        let value = value.trim_matches('"');
        let is_multicast = packet.is_multicast();
        match (key, value) {
            (_, value) if value.starts_with('@') => {
                if is_other_protocol(key) {
                    Fits::No
                } else {
                    Fits::Unknown
                }
            }
            ("iif" | "iifname", name) if packet.way == Way::In => interface(packet, name, '*'),
            ("oif" | "oifname", name) if packet.way == Way::Out => interface(packet, name, '*'),
            ("iif" | "iifname" | "oif" | "oifname", _) => Fits::No,
            ("l4proto" | "ip protocol" | "ip6 nexthdr" | "protocol", value) => {
                Fits::of(matches!(value, "udp" | "17") || key == "protocol" && matches!(value, "ip" | "ip6"))
            }
            ("nfproto", value) => Fits::of((value == "ipv6") == (packet.ip == Ip::V6)),
            ("pkttype", value) => Fits::of((value == "multicast") == is_multicast),
            ("udp dport" | "dport", value) => port(packet, value, '-'),
            ("udp sport" | "sport", value) if is_multicast => port(packet, value, '-'),
            ("ip daddr" | "ip6 daddr", value) => address(packet, value),
            ("ct state", value) => Fits::of(value.split(',').any(|one| matches!(one, "new" | "untracked"))),
            ("ct status", _) => Fits::No,
            ("fib daddr type", "multicast") => Fits::of(is_multicast),
            ("fib daddr type", "local") => Fits::of(!is_multicast),
            ("fib daddr type", "broadcast" | "anycast") => Fits::No,
            // From where it comes there is a way back.
            (key, "missing" | "0") if key.starts_with("fib saddr") => Fits::No,
            (key, _) if key.starts_with("ip ") && packet.ip == Ip::V6 => Fits::No,
            (key, _) if key.starts_with("ip6 ") && packet.ip == Ip::V4 => Fits::No,
            (key, _) if is_other_protocol(key) => Fits::No,
            _ => Fits::Unknown,
        }
    }
}

fn is_place(key: &str) -> bool {
    key.ends_with("daddr") || key == "pkttype" || key == "fib daddr type"
}

/// Whether a condition can hold of no UDP packet.
fn is_other_protocol(key: &str) -> bool {
    let protocol = key.split(' ').next().unwrap_or_default();
    matches!(protocol, "tcp" | "icmp" | "icmpv6" | "igmp" | "sctp" | "dccp" | "esp" | "ah" | "udplite")
}

/// What follows the options of `log`.
fn after_log<'w, 'r>(mut words: &'w [&'r str]) -> &'w [&'r str] {
    loop {
        words = match words {
            ["flags", "tcp" | "ip", _, rest @ ..] => rest,
            ["prefix" | "level" | "flags" | "group" | "snaplen" | "queue-threshold", _, rest @ ..] => rest,
            _ => return words,
        };
    }
}

/// The values of a set, or the one there is.
fn items(value: &str) -> impl Iterator<Item = &str> {
    let is_set = value.starts_with('{');
    let inner = value.trim_start_matches('{').trim_end_matches('}');
    // What is no set may list states: they are compared at once.
    inner.split(move |letter| is_set && letter == ',').map(str::trim)
}
