#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use super::*;

const CLOSED: &str = "\
table inet filter {
	chain input {
		type filter hook input priority filter; policy drop;
		ct state established,related accept
		iif \"lo\" accept
		tcp dport 22 accept
	}
	chain forward {
		type filter hook forward priority filter; policy drop;
	}
}";

/// Somebody on a cable, who listens where chance picks.
const PLAIN: Needs<'_> = Needs { interfaces: &["eth0"], port: None, is_felt: false };
/// The same, who chose a port.
const CHOSEN: Needs<'_> = Needs { port: Some(4242), ..PLAIN };

/// What is dropped of multicast.
fn unfound(findings: &[Finding]) -> Vec<&str> {
    rules_of(findings, true)
}

/// What is dropped of what others connect by.
fn unreached(findings: &[Finding]) -> Vec<&str> {
    rules_of(findings, false)
}

fn rules_of(findings: &[Finding], is_multicast: bool) -> Vec<&str> {
    let all = findings.iter().filter_map(|finding| match finding {
        Finding::FirewallDrops { port, rule, .. } => Some((*port == Some(MULTICAST_PORT), rule.as_str())),
        _ => None,
    });
    all.filter(|(of, _)| *of == is_multicast).map(|(_, rule)| rule).collect()
}

fn nft(text: &str, needs: Needs<'_>) -> Vec<Finding> {
    judge(&Seen { nftables: Some(Ok(text.to_owned())), ..Seen::default() }, needs)
}

/// A chain for what comes in that lets pass what no rule takes, with one rule.
fn hooked(rule: &str) -> String {
    format!(
        "table inet home {{\n\tchain in {{\n\t\ttype filter hook input priority 0; policy accept;\n\t\t{rule}\n\t}}\n}}"
    )
}

#[test]
fn a_rule_that_names_port_or_group_is_found_with_its_chain() {
    for rule in [
        "udp dport 5353 drop",
        "udp dport { 53, 5353 } counter packets 3 bytes 99 drop",
        "ip daddr 224.0.0.0/4 reject",
        "ip6 daddr ff00::/8 reject",
        "meta pkttype multicast drop",
        "iifname \"eth0\" udp dport 5000-6000 log prefix \"no { mdns: \" drop",
        "udp dport vmap { 53 : accept, 5353 : drop }",
        "meta l4proto udp ip saddr 192.168.0.0/16 udp dport 5353 drop",
    ] {
        let found = nft(&hooked(rule), PLAIN);
        assert_eq!(unfound(&found), [format!("`{rule}` in chain inet home in")]);
        assert_eq!(unreached(&found), Vec::<&str>::new(), "{rule}");
    }
    let found = nft(&hooked("drop"), PLAIN);
    assert_eq!((unfound(&found).len(), unreached(&found).len()), (1, 1), "{found:?}");
}

#[test]
fn other_rules_are_passed_over() {
    for rule in [
        "tcp dport 5353 drop",
        "udp dport 53530 drop",
        "udp dport 53 drop",
        "udp dport 5353 accept",
        "counter packets 1 bytes 2",
        "iifname \"wlan0\" drop",
        "ct state invalid drop",
        "ct state vmap { established : accept, related : accept, invalid : drop }",
        "meta nfproto ipv6 fib saddr . mark . iif oif missing drop",
        "ip saddr 203.0.113.7 drop",
        "ip daddr 224.0.0.1 drop",
        "tcp flags syn / fin,syn,rst,ack drop",
    ] {
        assert_eq!(nft(&hooked(rule), PLAIN), [Finding::FirewallOpen { tool: Tool::Nftables }], "{rule}");
    }
    let not_hooked = "table ip a {\n\tchain b {\n\t\tudp dport 5353 drop\n\t}\n}";
    assert_eq!(nft(not_hooked, PLAIN), [Finding::FirewallOpen { tool: Tool::Nftables }]);
}

#[test]
fn what_goes_out_is_looked_at_too() {
    let rules = hooked("udp dport 5353 drop").replace("hook input", "hook output");
    assert_eq!(unfound(&nft(&rules, PLAIN)).len(), 1);
    assert!(unfound(&nft(&rules.replace("udp", "oifname \"wlan0\" udp"), PLAIN)).is_empty());
}

#[test]
fn a_chain_that_lets_nothing_in_is_found_unless_a_rule_does() {
    let found = nft(CLOSED, PLAIN);
    let closed = "chain inet filter input drops what no rule lets in, and none lets UDP port";
    assert_eq!(unfound(&found), [format!("{closed} 5353 in")]);
    assert_eq!(unreached(&found), [format!("{closed} 32768 to 60999 in")]);
    assert!(unfound(&nft(&CLOSED.replace("tcp dport 22", "udp dport 5353"), PLAIN)).is_empty());
    let lists = CLOSED.replace("tcp dport 22", "udp dport {\n 4242, 5300-5400,\n 7 }");
    assert_eq!(nft(&lists, CHOSEN), [Finding::FirewallOpen { tool: Tool::Nftables }]);
}

#[test]
fn rules_of_other_chains_are_followed_to_their_end() {
    let rules = "\
table inet filter {
	chain input {
		type filter hook input priority filter; policy drop;
		iifname vmap { \"lo\" : accept, \"eth0\" : jump lan }
	}
	chain lan {
		ip saddr 10.0.0.0/8 goto inner
		udp dport 4242 accept
		meta pkttype multicast goto inner
		drop
	}
	chain inner {
		udp dport 5353 return
	}
}";
    let found = nft(rules, CHOSEN);
    // It comes back from the chain it went to for good, not to the next rule of the one that sent it there.
    assert_eq!(unfound(&found), ["chain inet filter input drops what no rule lets in, and none lets UDP port 5353 in"]);
    assert_eq!(unreached(&found), Vec::<&str>::new());
    let found = nft(&rules.replace("return", "accept"), PLAIN);
    assert_eq!((unfound(&found), unreached(&found)), (Vec::new(), vec!["`drop` in chain inet filter lan"]));
    // A chain that calls itself, as the kernel takes none, ends nowhere.
    assert!(!nft(&rules.replace("udp dport 5353 return", "jump inner"), PLAIN).is_empty());
}

#[test]
fn what_a_rule_may_do_counts_only_where_nothing_is_felt() {
    let rules = CLOSED.replace("tcp dport 22", "ip saddr 192.168.0.0/16");
    let v4 = |is_felt| {
        let found = nft(&rules.replace("inet", "ip"), Needs { is_felt, ..CHOSEN });
        (unfound(&found).len(), unreached(&found).len())
    };
    assert_eq!((v4(false), v4(true)), ((0, 0), (1, 1)));
    let felt = nft(CLOSED, Needs { is_felt: true, ..CHOSEN });
    let levels: Vec<_> = felt.iter().map(Finding::level).collect();
    assert_eq!(levels, [crate::Level::Failure, crate::Level::Warning], "multicast alone was tried: {felt:?}");
}

#[test]
fn our_own_port_counts_if_it_was_chosen() {
    let rules = hooked("udp dport 4242 drop");
    assert!(unreached(&nft(&rules, PLAIN)).is_empty());
    assert_eq!(unreached(&nft(&rules, CHOSEN)), ["`udp dport 4242 drop` in chain inet home in"]);
}

/// What the older programs show.
fn older(text: &str, needs: Needs<'_>) -> Vec<Finding> {
    judge(&Seen { iptables: Some(Ok(text.to_owned())), ..Seen::default() }, needs)
}

#[test]
fn the_older_tables_are_read_too() {
    for (rules, dropped) in [
        ("-P INPUT ACCEPT\n-A INPUT -p udp -m udp --dport 5353 -j DROP", 1),
        ("-P INPUT DROP\n-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT", 1),
        ("-P INPUT DROP\n-A INPUT -p udp -m udp --dport 5353 -j ACCEPT", 0),
        ("-P INPUT ACCEPT\n-A INPUT -p udp -m udp --dport 53 -j DROP", 0),
        (
            "-P INPUT DROP\n-N lan\n-A INPUT -i eth+ -j lan\n-A lan -p udp -m multiport --dports 53,5350:5360 -j ACCEPT",
            0,
        ),
        ("-P INPUT DROP\n-N lan\n-A INPUT ! -i eth0 -j lan\n-A lan -p udp -j ACCEPT", 1),
        ("-P OUTPUT ACCEPT\n-A OUTPUT -d 224.0.0.0/4 -j REJECT --reject-with icmp-port-unreachable", 1),
        ("-P INPUT ACCEPT\n-A INPUT -m conntrack --ctstate INVALID -m comment --comment \"a -j DROP\" -j DROP", 0),
        ("-P INPUT ACCEPT\n-A INPUT -m addrtype ! --dst-type LOCAL -j DROP", 1),
    ] {
        let found = older(rules, PLAIN);
        assert_eq!(unfound(&found).len(), dropped, "{rules}: {found:?}");
        assert!(found.iter().all(|finding| finding.name() != "firewall-unseen"));
    }
}

#[test]
fn what_the_newer_iptables_wrote_is_read_once() {
    let seen = |version: &str| Seen {
        nftables: Some(Ok(hooked("udp dport 5353 drop"))),
        version: Some(Ok(version.to_owned())),
        iptables: Some(Ok("-P INPUT ACCEPT\n-A INPUT -p udp -m udp --dport 5353 -j DROP".to_owned())),
        ..Seen::default()
    };
    assert_eq!(judge(&seen("iptables v1.8.9 (nf_tables)"), PLAIN).len(), 1);
    assert_eq!(judge(&seen("iptables v1.8.9 (legacy)"), PLAIN).len(), 2);
}

#[test]
fn what_may_not_be_seen_is_said() {
    let refused = || Some(Err("Operation not permitted (you must be root)".to_owned()));
    let seen = Seen {
        nftables: refused(),
        iptables: refused(),
        ufw: "# ENABLED=yes\nENABLED=no\n".to_owned(),
        ..Seen::default()
    };
    let tools = |seen: &Seen| -> Vec<Tool> {
        judge(seen, PLAIN)
            .into_iter()
            .map(|finding| match finding {
                Finding::FirewallUnseen { tool, .. } => tool,
                other => panic!("{other:?}"),
            })
            .collect()
    };
    assert_eq!(tools(&seen), [Tool::Nftables, Tool::Iptables]);
    let seen = Seen { ufw: seen.ufw.replace("no", "yes"), ..seen };
    assert_eq!(tools(&seen), [Tool::Nftables, Tool::Iptables, Tool::Ufw]);
    assert_eq!(judge(&Seen::default(), PLAIN), [], "where there is no firewall nothing is said of one");
}

/// What ufw and firewalld leave behind: samples/README.md.
const UFW: &str = include_str!("samples/ufw.nft");
const UFW_V4: &str = include_str!("samples/ufw.iptables");
const UFW_V6: &str = include_str!("samples/ufw.ip6tables");
const FIREWALLD: &str = include_str!("samples/firewalld.nft");
const ZONE: &str = include_str!("samples/firewalld.zone");

/// Puts a line before one that is in a text once for each version of the internet protocol, or once for both.
fn with_before(text: &str, line: &str, before: &str) -> String {
    assert!(text.contains(before), "no {before}");
    text.replace(before, &format!("{line}\n{before}"))
}

/// Of whom the rules are that drop something, and of which port.
fn who(findings: &[Finding]) -> Vec<(Tool, Option<u16>)> {
    let all = findings.iter().filter_map(|finding| match finding {
        Finding::FirewallDrops { tool, port, .. } => Some((*tool, *port)),
        _ => None,
    });
    all.collect()
}

#[test]
fn ufw_lets_multicast_in_and_nothing_else_until_it_is_told_to() {
    // It has a table for each version of the internet protocol.
    let found = nft(UFW, PLAIN);
    assert_eq!(who(&found), [(Tool::Ufw, None); 2], "{found:?}");
    assert!(unreached(&found).iter().all(|rule| rule.contains("INPUT drops what no rule lets in")), "{found:?}");
    assert_eq!(who(&nft(UFW, CHOSEN)), [(Tool::Ufw, Some(4242)); 2]);
    // As it says where something else stopped multicast, too.
    assert_eq!(who(&nft(UFW, Needs { is_felt: true, ..CHOSEN })), [(Tool::Ufw, Some(4242)); 2]);

    // What `ufw allow 4242/udp` adds.
    let v4 = "\tchain ufw-user-input {\n";
    let v6 = "\tchain ufw6-user-input {\n";
    let rule = "\t\tudp dport 4242 counter packets 0 bytes 0 accept\n";
    let told = [v4, v6].iter().fold(UFW.to_owned(), |text, chain| {
        assert!(text.contains(chain), "no {chain}");
        text.replace(chain, &format!("{chain}{rule}"))
    });
    assert_eq!(nft(&told, CHOSEN), [Finding::FirewallOpen { tool: Tool::Nftables }]);
    assert_eq!(who(&nft(&told, PLAIN)), [(Tool::Ufw, None); 2]);

    // Without the lines of its before.rules and before6.rules that let multicast DNS in.
    let group = |line: &&str| !line.contains("5353");
    let without: String = UFW.lines().filter(group).map(|line| format!("{line}\n")).collect();
    assert_eq!(unfound(&nft(&without, PLAIN)).len(), 2);
}

#[test]
fn ufw_is_the_same_by_the_older_programs() {
    let seen =
        Seen { iptables: Some(Ok(UFW_V4.to_owned())), ip6tables: Some(Ok(UFW_V6.to_owned())), ..Seen::default() };
    assert_eq!(who(&judge(&seen, PLAIN)), [(Tool::Ufw, None); 2]);
    let told = |text: &str, chain: &str, next: &str| {
        with_before(text, &format!("-A {chain} -p udp -m udp --dport 4242 -j ACCEPT"), next)
    };
    let seen = Seen {
        iptables: Some(Ok(told(UFW_V4, "ufw-user-input", "-A ufw-user-limit -m limit"))),
        ip6tables: Some(Ok(told(UFW_V6, "ufw6-user-input", "-A ufw6-user-limit -m limit"))),
        ..Seen::default()
    };
    let open = |tool| Finding::FirewallOpen { tool };
    assert_eq!(judge(&seen, CHOSEN), [open(Tool::Iptables), open(Tool::Ip6tables)]);
    let without: String =
        UFW_V4.lines().filter(|line| !line.contains("5353")).map(|line| format!("{line}\n")).collect();
    assert_eq!(unfound(&older(&without, PLAIN)).len(), 1);
}

#[test]
fn firewalld_lets_multicast_in_if_its_zone_has_the_service() {
    let found = nft(FIREWALLD, PLAIN);
    assert_eq!(who(&found), [(Tool::Firewalld, Some(MULTICAST_PORT)), (Tool::Firewalld, None)], "{found:?}");
    let reject = "`reject with icmpx admin-prohibited` in chain inet firewalld filter_IN_public";
    assert_eq!((unfound(&found), unreached(&found)), (vec![reject], vec![reject]));

    // What `firewall-cmd --add-service=mdns` and `--add-port=4242/udp` add.
    let ssh = "\t\ttcp dport 22 accept\n";
    let mdns = "\t\tip daddr 224.0.0.251 udp dport 5353 accept\n\t\tip6 daddr ff02::fb udp dport 5353 accept";
    let found_there = with_before(FIREWALLD, mdns, ssh);
    assert_eq!(who(&nft(&found_there, CHOSEN)), [(Tool::Firewalld, Some(4242))]);
    let reached = with_before(&found_there, "\t\tudp dport 4242 accept", ssh);
    assert_eq!(nft(&reached, CHOSEN), [Finding::FirewallOpen { tool: Tool::Nftables }]);
    // An interface may be in a zone of its own.
    let apart = reached.replace("iifname \"eth0\" goto filter_IN_public", "iifname \"eth0\" goto filter_IN_none");
    let shut = apart.replace(
        "\tchain filter_INPUT_ZONES {",
        "\tchain filter_IN_none {\n\t\tdrop\n\t}\n\tchain filter_INPUT_ZONES {",
    );
    assert_eq!(unfound(&nft(&shut, CHOSEN)), ["`drop` in chain inet firewalld filter_IN_none"]);
    assert_eq!(
        nft(&shut, Needs { interfaces: &["wlan0"], ..CHOSEN }),
        [Finding::FirewallOpen { tool: Tool::Nftables }]
    );
}

/// What firewall-cmd says, without the kernel's rules.
fn asked(state: Result<&str, &str>, zone: Result<&str, &str>, needs: Needs<'_>) -> Vec<Finding> {
    let said = |said: Result<&str, &str>| Some(said.map(str::to_owned).map_err(str::to_owned));
    judge(&Seen { firewalld: said(state), zone: said(zone), ..Seen::default() }, needs)
}

#[test]
fn where_the_rules_may_not_be_seen_firewalld_is_asked_for_its_zone() {
    let running = |zone: &str, needs| asked(Ok("running"), Ok(zone), needs);
    let both = [(Tool::Firewalld, Some(MULTICAST_PORT)), (Tool::Firewalld, Some(4242))];
    assert_eq!(who(&running(ZONE, CHOSEN)), both);
    let mdns = ZONE.replace("dhcpv6-client ssh", "dhcpv6-client mdns ssh");
    assert_eq!(who(&running(&mdns, CHOSEN)), [(Tool::Firewalld, Some(4242))]);
    assert_eq!(who(&running(&mdns, PLAIN)), [(Tool::Firewalld, None)]);
    let open = [Finding::FirewallOpen { tool: Tool::Firewalld }];
    assert_eq!(running(&mdns.replace("  ports:", "  ports: 4242/udp"), CHOSEN), open);
    assert_eq!(running(&ZONE.replace("target: default", "target: ACCEPT"), PLAIN), open);

    // What it tells others than root, and where it does not run.
    let refused = || Err("Authorization failed.");
    let unseen = [Finding::FirewallUnseen { tool: Tool::Firewalld, why: "Authorization failed.".to_owned() }];
    assert_eq!(asked(refused(), refused(), PLAIN), unseen);
    assert_eq!(asked(Ok("running"), refused(), PLAIN), unseen);
    assert_eq!(asked(Err("not running"), Err("FirewallD is not running"), PLAIN), []);
    let no_bus =
        "Error: DBUS_ERROR: Failed to connect to socket /run/dbus/system_bus_socket: No such file or directory";
    assert_eq!(asked(Err(no_bus), Err(no_bus), PLAIN), []);
}
