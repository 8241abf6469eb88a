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

#[test]
fn a_rule_that_names_port_or_group_is_found_with_its_chain() {
    for rule in [
        "udp dport 5353 drop",
        "udp dport { 53, 5353 } counter packets 3 bytes 99 drop",
        "ip daddr 224.0.0.0/4 reject",
        "meta pkttype multicast drop",
        "drop",
    ] {
        let rules = format!(
            "table inet home {{\n\tchain in {{\n\t\ttype filter hook input priority 0; policy accept;\n\t\t{rule}\n\t}}\n}}"
        );
        let found = nftables(&rules, None);
        assert_eq!(found, [format!("`{rule}` in chain inet home in")]);
    }
}

#[test]
fn other_rules_are_passed_over() {
    for rule in ["tcp dport 5353 drop", "udp dport 53530 drop", "udp dport 53 drop", "udp dport 5353 accept", "counter"]
    {
        let rules = format!(
            "table inet home {{\n\tchain in {{\n\t\ttype filter hook input priority 0; policy accept;\n\t\t{rule}\n\t}}\n}}"
        );
        assert!(nftables(&rules, None).is_empty(), "{rule}");
    }
    let not_hooked = "table ip a {\n\tchain b {\n\t\tudp dport 5353 drop\n\t}\n}";
    assert!(nftables(not_hooked, None).is_empty());
}

#[test]
fn a_chain_that_lets_nothing_in_is_found_unless_a_rule_does() {
    let found = nftables(CLOSED, None);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found.iter().all(|rule| rule.contains("inet filter input")));
    assert!(nftables(&CLOSED.replace("tcp dport 22", "udp dport 5353"), None).is_empty());
}

#[test]
fn our_own_port_counts_if_it_was_chosen() {
    let rules = "table ip a {\n\tchain b {\n\t\ttype filter hook input priority 0; policy accept;\n\t\tudp dport 4242 drop\n\t}\n}";
    assert!(nftables(rules, None).is_empty());
    assert_eq!(nftables(rules, Some("4242")).len(), 1);
}

#[test]
fn the_older_tables_are_read_too() {
    assert_eq!(iptables("-P INPUT ACCEPT\n-A INPUT -p udp -m udp --dport 5353 -j DROP", None).len(), 1);
    assert_eq!(iptables("-P INPUT DROP\n-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT", None).len(), 1);
    assert!(iptables("-P INPUT DROP\n-A INPUT -p udp -m udp --dport 5353 -j ACCEPT", None).is_empty());
    assert!(iptables("-P INPUT ACCEPT\n-A INPUT -p udp -m udp --dport 53 -j DROP", None).is_empty());
}
