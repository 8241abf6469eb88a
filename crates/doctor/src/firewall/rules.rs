use core::ops::BitAnd;
use std::net::IpAddr;

use super::packet::{Packet, Way};
use crate::finding::MULTICAST_PORT;
use crate::{Ip, Tool};

/// How deep chains may call each other. The kernel allows as much (NFT_JUMP_STACK_SIZE).
const DEPTH: usize = 16;

/// The chains of a firewall, and how its rules are read.
pub(super) struct Rules {
    pub(super) chains: Vec<Chain>,
    pub(super) read: for<'r> fn(&'r str, &Packet<'_>) -> Rule<'r>,
}

/// Rules in their order.
pub(super) struct Chain {
    /// What it is called where it is shown.
    pub(super) place: String,
    /// The table it is in. A chain calls others of its table only.
    pub(super) table: String,
    pub(super) name: String,
    /// Which way go the packets that the kernel gives it; none: only other chains call it.
    pub(super) hook: Option<Way>,
    /// Of which version they are; none: of both.
    pub(super) ip: Option<Ip>,
    /// Whether what comes to its end is dropped.
    pub(super) is_closed: bool,
    pub(super) rules: Vec<String>,
}

/// What a rule means to a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rule<'r> {
    pub(super) fits: Fits,
    /// Whether it names where the packet goes, the port or the group.
    pub(super) names: bool,
    pub(super) verdict: Verdict<'r>,
}

/// Whether a condition holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fits {
    Yes,
    No,
    /// It depends on what is not known here.
    Unknown,
}

/// What a rule does with what it fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict<'r> {
    Nothing,
    Accept,
    Drop,
    Return,
    Jump(&'r str),
    Goto(&'r str),
}

/// What stops a packet.
pub(super) struct Stop {
    pub(super) rule: String,
    /// Who wrote it, if that can be seen.
    pub(super) author: Option<Tool>,
}

enum End {
    Accepted,
    Dropped(String),
    /// No rule decided.
    Left,
}

impl Rules {
    /// What stops a packet. A rule that may let it pass, for all that is known, does so where `is_trusted`.
    pub(super) fn stop(&self, packet: &Packet<'_>, is_trusted: bool) -> Option<Stop> {
        let hooked = self
            .chains
            .iter()
            .filter(|chain| chain.hook == Some(packet.way) && chain.ip.is_none_or(|ip| ip == packet.ip));
        hooked.into_iter().find_map(|chain| {
            let rule = match self.walk(chain, packet, is_trusted, 0) {
                End::Dropped(rule) => rule,
                End::Left if chain.is_closed => {
                    let (low, high) = packet.ports;
                    let port = if low == high { low.to_string() } else { format!("{low} to {high}") };
                    let way = if packet.way == Way::In { "in" } else { "out" };
                    format!("{} drops what no rule lets {way}, and none lets UDP port {port} {way}", chain.place)
                }
                End::Left | End::Accepted => return None,
            };
            Some(Stop { rule, author: self.author(chain) })
        })
    }

    fn walk(&self, chain: &Chain, packet: &Packet<'_>, is_trusted: bool, depth: usize) -> End {
        for line in &chain.rules {
            let rule = (self.read)(line, packet);
            match (rule.fits, rule.verdict) {
                (Fits::Yes, Verdict::Accept) => return End::Accepted,
                (Fits::Unknown, Verdict::Accept) if rule.names || is_trusted => return End::Accepted,
                (Fits::Yes, Verdict::Drop) => return End::Dropped(format!("`{line}` in {}", chain.place)),
                (Fits::Unknown, Verdict::Drop) if rule.names => {
                    return End::Dropped(format!("`{line}` in {}", chain.place));
                }
                (Fits::Yes, Verdict::Return) => return End::Left,
                (Fits::Yes | Fits::Unknown, Verdict::Jump(to) | Verdict::Goto(to)) if depth < DEPTH => {
                    let called = self.chains.iter().find(|one| one.table == chain.table && one.name == to);
                    let end = called.map_or(End::Left, |called| self.walk(called, packet, is_trusted, depth + 1));
                    match (rule.fits, end) {
                        (Fits::Yes, End::Left) if matches!(rule.verdict, Verdict::Goto(_)) => return End::Left,
                        (_, End::Left) => {}
                        (Fits::Yes, end) => return end,
                        (_, End::Accepted) if is_trusted => return End::Accepted,
                        _ => {}
                    }
                }
                _ => {}
            }
        }
        End::Left
    }

    /// Who wrote a table, by what its chains are called.
    fn author(&self, chain: &Chain) -> Option<Tool> {
        if chain.table.ends_with(" firewalld") {
            return Some(Tool::Firewalld);
        }
        let mut same = self.chains.iter().filter(|one| one.table == chain.table);
        same.any(|one| one.name.starts_with("ufw")).then_some(Tool::Ufw)
    }
}

impl BitAnd for Fits {
    type Output = Self;

    fn bitand(self, other: Self) -> Self {
        match (self, other) {
            (Self::No, _) | (_, Self::No) => Self::No,
            (Self::Yes, Self::Yes) => Self::Yes,
            _ => Self::Unknown,
        }
    }
}

impl Fits {
    pub(super) const fn of(holds: bool) -> Self {
        if holds { Self::Yes } else { Self::No }
    }

    /// Whether one of several holds.
    pub(super) fn any(all: impl Iterator<Item = Self>) -> Self {
        all.fold(Self::No, |so_far, one| match (so_far, one) {
            (Self::Yes, _) | (_, Self::Yes) => Self::Yes,
            (Self::No, Self::No) => Self::No,
            _ => Self::Unknown,
        })
    }

    pub(super) const fn not(self) -> Self {
        match self {
            Self::Yes => Self::No,
            Self::No => Self::Yes,
            Self::Unknown => Self::Unknown,
        }
    }
}

/// Whether a packet goes to a port such as `5353`, `mdns` or, with that mark between, `1024-65535`.
pub(super) fn port(packet: &Packet<'_>, words: &str, between: char) -> Fits {
    let number = |word: &str| if word == "mdns" { Ok(MULTICAST_PORT) } else { word.parse::<u16>() };
    let (low, high) = words.split_once(between).unwrap_or((words, words));
    let (Ok(low), Ok(high)) = (number(low), number(high)) else { return Fits::Unknown };
    let (from, to) = packet.ports;
    if low <= from && to <= high {
        return Fits::Yes;
    }
    // One of many ports is another than the one that chance picks.
    if from == to || high < from || to < low || low == high { Fits::No } else { Fits::Unknown }
}

/// Whether a packet goes to an address or a network, such as `224.0.0.0/4`.
pub(super) fn address(packet: &Packet<'_>, word: &str) -> Fits {
    let (network, bits) = word.split_once('/').unwrap_or((word, "128"));
    let (Ok(network), Ok(bits)) = (network.parse::<IpAddr>(), bits.parse::<u32>()) else { return Fits::Unknown };
    if network.is_ipv6() != (packet.ip == Ip::V6) {
        return Fits::No;
    }
    match (packet.group, network) {
        (Some(IpAddr::V4(group)), IpAddr::V4(network)) => {
            let shift = 32_u32.saturating_sub(bits);
            Fits::of(group.to_bits().checked_shr(shift) == network.to_bits().checked_shr(shift))
        }
        (Some(IpAddr::V6(group)), IpAddr::V6(network)) => {
            let shift = 128_u32.saturating_sub(bits);
            Fits::of(group.to_bits().checked_shr(shift) == network.to_bits().checked_shr(shift))
        }
        _ if bits == 0 => Fits::Yes,
        (None, network) if network.is_multicast() => Fits::No,
        _ => Fits::Unknown,
    }
}

/// Whether a packet goes by an interface, such as `eth0` or, with the mark for any end, `wl*`.
pub(super) fn interface(packet: &Packet<'_>, word: &str, any: char) -> Fits {
    Fits::of(match word.strip_suffix(any) {
        Some(start) => packet.interface.starts_with(start),
        None => packet.interface == word,
    })
}

/// The words of a line. What is between quotes or braces is one.
pub(super) fn words(line: &str) -> Vec<&str> {
    let (mut words, mut start, mut depth, mut is_quoted) = (Vec::new(), None, 0_usize, false);
    for (at, letter) in line.char_indices() {
        match letter {
            '"' => is_quoted = !is_quoted,
            '{' if !is_quoted => depth += 1,
            '}' if !is_quoted => depth = depth.saturating_sub(1),
            _ => {}
        }
        let is_between = letter.is_whitespace() && !is_quoted && depth == 0;
        match start {
            None if !is_between => start = Some(at),
            Some(from) if is_between => {
                words.extend(line.get(from..at));
                start = None;
            }
            _ => {}
        }
    }
    words.extend(start.and_then(|from| line.get(from..)));
    words
}
