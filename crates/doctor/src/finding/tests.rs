#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::BTreeSet;

use super::*;

/// What the advice about a finding must name; none: there is nothing to do. A new kind does not compile without.
fn to_name(finding: &Finding) -> Option<&'static [&'static str]> {
    Some(match finding {
        Finding::Interface { .. }
        | Finding::Multicast { others: true, .. }
        | Finding::FirewallOpen { .. }
        | Finding::Port { .. }
        | Finding::Clock { .. }
        | Finding::Disk { .. } => return None,
        Finding::NoInterface | Finding::OnlyLoopback => &["cable", "Wi-Fi", "`ip link`"],
        Finding::NoMulticastFlag { .. } => &["ip link set wlan0 multicast on", "`lamplit dial`"],
        Finding::Multicast { .. } => &["client isolation", "`lamplit invite`", "`lamplit dial`"],
        Finding::MulticastBlocked { .. } => {
            &["UDP port 5353", "`nft insert rule", "`ufw allow 5353/udp`", "--add-service=mdns", "`lamplit dial`"]
        }
        Finding::MulticastPortTaken { .. } => &["UDP port 5353", "`ss -ulpn sport = 5353`"],
        Finding::FirewallDrops { tool, port, .. } => match (tool, port) {
            (Tool::Nftables, Some(5353)) => &["udp dport 5353 accept"],
            (Tool::Nftables, Some(_)) => &["udp dport 7001 accept"],
            (Tool::Nftables, None) => &["`lamplit run --bind '[::]:4242'`", "udp dport 4242 accept"],
            (Tool::Iptables, _) => &["iptables -I INPUT -p udp --dport 5353 -j ACCEPT"],
            (Tool::Ip6tables, _) => &["ip6tables -I INPUT -p udp --dport 5353 -j ACCEPT"],
            (Tool::Ufw, Some(_)) => &["ufw allow 7001/udp"],
            (Tool::Ufw, None) => &["`lamplit run --bind '[::]:4242'`", "ufw allow 4242/udp"],
            (Tool::Firewalld, Some(5353)) => &["firewall-cmd --permanent --add-service=mdns && firewall-cmd --reload"],
            (Tool::Firewalld, _) => &["firewall-cmd --permanent --add-port=7001/udp && firewall-cmd --reload"],
        },
        Finding::FirewallUnseen { tool, .. } => match tool {
            Tool::Nftables => &["sudo nft list ruleset"],
            Tool::Iptables => &["sudo iptables -S"],
            Tool::Ip6tables => &["sudo ip6tables -S"],
            Tool::Ufw => &["sudo ufw status verbose"],
            Tool::Firewalld => &["sudo firewall-cmd --list-all"],
        },
        Finding::TunnelTakesAll { .. } => &["the tunnel vpn0", "local network"],
        Finding::PortTaken { .. } => &["`lamplit run --bind`", "`ss -ulpn sport = 7001`"],
        Finding::ClockBehind { .. } | Finding::ClockBeforeProgram => &["`timedatectl set-ntp true`"],
        Finding::ClockAhead { .. } | Finding::ClockBehindOthers { .. } | Finding::ClockDisputed => {
            &["`timedatectl set-ntp true`", "time zone", "the other device"]
        }
        Finding::NoData { .. } => &["`lamplit init`", "--data"],
        Finding::DiskLow { .. } | Finding::DiskFull { .. } => &["room", "/home/ada/.local/share/lamplit"],
        Finding::NotWritable { .. } => &["/home/ada/.local/share/lamplit", "writable", "--data"],
    })
}

/// One of every kind, and of those whose advice differs each.
fn all() -> Vec<Finding> {
    let interface = || "wlan0".to_owned();
    let why = || "Operation not permitted".to_owned();
    let data = || PathBuf::from("/home/ada/.local/share/lamplit");
    let bind: SocketAddr = "[::]:7001".parse().unwrap();
    let blocked =
        |refused, other_works| Finding::MulticastBlocked { interface: interface(), ip: Ip::V4, refused, other_works };
    let drops = |tool, port| Finding::FirewallDrops { tool, port, rule: "`drop`".to_owned(), is_felt: false };
    let mut all = vec![
        Finding::Interface { interface: interface(), addresses: 2 },
        Finding::NoInterface,
        Finding::OnlyLoopback,
        Finding::NoMulticastFlag { interface: interface() },
        Finding::Multicast { interface: interface(), ip: Ip::V6, others: true },
        Finding::Multicast { interface: interface(), ip: Ip::V6, others: false },
        blocked(None, false),
        blocked(None, true),
        blocked(Some(why()), false),
        Finding::MulticastPortTaken { interface: interface(), why: why() },
        drops(Tool::Nftables, Some(5353)),
        drops(Tool::Nftables, Some(7001)),
        drops(Tool::Nftables, None),
        drops(Tool::Iptables, Some(5353)),
        drops(Tool::Ip6tables, Some(5353)),
        drops(Tool::Ufw, Some(7001)),
        drops(Tool::Ufw, None),
        drops(Tool::Firewalld, Some(5353)),
        drops(Tool::Firewalld, Some(7001)),
        Finding::FirewallOpen { tool: Tool::Nftables },
        Finding::TunnelTakesAll { interface: "vpn0".to_owned() },
        Finding::Port { bind },
        Finding::PortTaken { bind, why: why() },
        Finding::Clock { others: 2 },
        Finding::ClockBehind { seconds: 7_200 },
        Finding::ClockBeforeProgram,
        Finding::ClockAhead { minutes: 90, others: 1 },
        Finding::ClockBehindOthers { minutes: 90, others: 2 },
        Finding::ClockDisputed,
        Finding::Disk { data: data(), free: 9_000 },
        Finding::NoData { data: data() },
        Finding::DiskLow { data: data(), free: 3 },
        Finding::DiskFull { data: data() },
        Finding::NotWritable { data: data(), why: why() },
    ];
    for tool in [Tool::Nftables, Tool::Iptables, Tool::Ip6tables, Tool::Ufw, Tool::Firewalld] {
        all.push(Finding::FirewallUnseen { tool, why: why() });
    }
    all
}

/// The names of all kinds, as the program gives them.
fn names() -> BTreeSet<&'static str> {
    let (_, after) = include_str!("../finding.rs").split_once("fn name(&self)").unwrap();
    let (table, _) = after.split_once("fn advice").unwrap();
    table.lines().filter_map(|line| line.trim().strip_prefix("Self::")?.split('"').nth(1)).collect()
}

#[test]
fn every_kind_has_an_advice_that_names_the_thing_to_do() {
    let all = all();
    let tried: BTreeSet<&str> = all.iter().map(Finding::name).collect();
    assert_eq!(tried, names(), "one of every kind is looked at");
    for finding in all {
        let advice = finding.advice();
        let Some(words) = to_name(&finding) else {
            assert_eq!((finding.level(), advice), (Level::Good, None), "{finding:?}");
            continue;
        };
        let advice = advice.unwrap_or_else(|| panic!("no advice about {finding:?}"));
        for word in words {
            assert!(advice.contains(word), "no {word:?} in {advice:?}, about {finding:?}");
        }
    }
}

#[test]
fn what_was_found_names_where() {
    for finding in all() {
        let said = finding.to_string();
        let place = match &finding {
            Finding::Interface { .. }
            | Finding::NoMulticastFlag { .. }
            | Finding::Multicast { .. }
            | Finding::MulticastBlocked { .. }
            | Finding::MulticastPortTaken { .. } => "wlan0",
            Finding::FirewallDrops { tool, .. }
            | Finding::FirewallOpen { tool }
            | Finding::FirewallUnseen { tool, .. } => &tool.to_string(),
            Finding::TunnelTakesAll { .. } => "vpn0",
            Finding::Port { .. } | Finding::PortTaken { .. } => "[::]:7001",
            Finding::NoInterface | Finding::OnlyLoopback => "network",
            Finding::Clock { .. }
            | Finding::ClockBehind { .. }
            | Finding::ClockBeforeProgram
            | Finding::ClockAhead { .. }
            | Finding::ClockBehindOthers { .. }
            | Finding::ClockDisputed => "clock",
            Finding::Disk { .. }
            | Finding::NoData { .. }
            | Finding::DiskLow { .. }
            | Finding::DiskFull { .. }
            | Finding::NotWritable { .. } => "/home/ada/.local/share/lamplit",
        };
        assert!(said.contains(place), "no {place:?} in {said:?}");
    }
}
