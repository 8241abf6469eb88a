//! What the doctor finds on machines that something is wrong with. Needs nft, beside what all need here.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::{fs, os::unix::fs::PermissionsExt, process::Output, time::Duration};

use lamplit_e2e::{Clock, Device, Host, Lan, eventually, lamplit};
use serde_json::Value;

/// What the doctor says on the left, with its exit code.
fn examined(lan: &Lan, data: &str, before: &str, options: &str) -> (Vec<Value>, Option<i32>) {
    let program = lamplit().unwrap();
    let line = format!("{before} exec {} --json --data {data} doctor {options}", program.display());
    said(&lan.shell(Host::LEFT, &line).unwrap())
}

/// What it said, read.
fn said(output: &Output) -> (Vec<Value>, Option<i32>) {
    let said = str::from_utf8(&output.stdout).unwrap();
    let findings =
        said.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")));
    (findings.collect(), output.status.code())
}

fn find<'a>(findings: &'a [Value], check: &str) -> Option<&'a Value> {
    findings.iter().find(|finding| finding["check"] == check)
}

fn expect<'a>(findings: &'a [Value], check: &str, level: &str, words: &[&str]) -> &'a Value {
    let finding = find(findings, check).unwrap_or_else(|| panic!("no {check} in {findings:#?}"));
    assert_eq!(finding["level"], level, "{finding}");
    for word in words {
        assert!(finding["what"].as_str().unwrap().contains(word), "no {word:?} in {finding}");
    }
    // What is well needs none, but where nobody is heard the network may keep devices apart.
    let is_alone = finding["what"].as_str().unwrap().contains("nobody else was heard");
    assert_eq!(finding["advice"].is_null(), level == "ok" && !is_alone, "{finding}");
    finding
}

/// What the advice about a finding must name.
fn advises(finding: &Value, words: &[&str]) {
    let advice = finding["advice"].as_str().unwrap_or_else(|| panic!("no advice in {finding}"));
    for word in words {
        assert!(advice.contains(word), "no {word:?} in {finding}");
    }
}

#[test]
fn where_all_is_well_the_doctor_says_so_with_a_daemon_and_without() {
    let lan = Lan::new().unwrap();
    let mut ada = Device::new(&lan, Host::LEFT, "Ada").unwrap();
    let data = ada.data().to_str().unwrap().to_owned();
    for is_running in [false, true] {
        if is_running {
            ada.start(&[]).unwrap();
        }
        let (findings, code) = examined(&lan, &data, "", "");
        for check in ["interface", "multicast", "clock"] {
            expect(&findings, check, "ok", &[]);
        }
        let alone = expect(&findings, "multicast", "ok", &["nobody else was heard"]);
        advises(alone, &["client isolation", "`lamplit dial`"]);
        assert!(findings.iter().all(|finding| finding["level"] != "fail"), "{findings:#?}");
        assert_eq!(code, Some(0));
    }
    let mut grace = Device::new(&lan, Host::RIGHT, "Grace").unwrap();
    grace.start(&[]).unwrap();
    let (findings, _) = examined(&lan, &data, "", "");
    assert!(
        findings.iter().any(|finding| finding["what"].as_str().unwrap().contains("others are heard")),
        "{findings:#?}"
    );
}

#[test]
fn a_firewall_that_drops_multicast_is_found_and_named() {
    let lan = Lan::new().unwrap();
    let ada = Device::new(&lan, Host::LEFT, "Ada").unwrap();
    let data = ada.data().to_str().unwrap();
    lan.block_multicast_at(Host::LEFT).unwrap();
    let (findings, code) = examined(&lan, data, "", "");
    let blocked = expect(&findings, "multicast-blocked", "fail", &["eth0"]);
    advises(blocked, &["UDP port 5353", "nft insert rule", "`lamplit dial`"]);
    let drops = expect(&findings, "firewall-drops", "fail", &["nftables", "udp dport 5353 drop", "inet home in"]);
    advises(drops, &["udp dport 5353 accept"]);
    assert_eq!(code, Some(1));

    lan.allow_multicast_at(Host::LEFT).unwrap();
    let (findings, code) = examined(&lan, data, "", "");
    expect(&findings, "firewall-open", "ok", &["nftables"]);
    assert_eq!((find(&findings, "multicast-blocked"), code), (None, Some(0)));
}

/// What ufw and firewalld leave in the kernel.
const SAMPLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../crates/doctor/src/firewall/samples");

#[test]
fn what_ufw_keeps_out_is_named_with_the_port_to_open() {
    let lan = Lan::new().unwrap();
    let ada = Device::new(&lan, Host::LEFT, "Ada").unwrap();
    let data = ada.data().to_str().unwrap();
    // What nft shows and cannot read concerns ICMPv6 alone.
    lan.must(Host::LEFT, &format!("grep -v ' xt match icmp6 ' {SAMPLES}/ufw.nft | nft -f -")).unwrap();
    let (findings, code) = examined(&lan, data, "", "");
    // It lets multicast in, and so says the kernel.
    expect(&findings, "multicast", "ok", &["eth0"]);
    assert_eq!((find(&findings, "multicast-blocked"), code), (None, Some(0)));
    let drops = expect(&findings, "firewall-drops", "warn", &["ufw drops what others connect by", "INPUT"]);
    advises(drops, &["`lamplit run --bind", "ufw allow 4242/udp"]);
    let (findings, _) = examined(&lan, data, "", "--bind [::]:7001");
    advises(expect(&findings, "firewall-drops", "warn", &["ufw", "UDP port 7001"]), &["ufw allow 7001/udp"]);
}

#[test]
fn a_zone_of_firewalld_without_multicast_is_named_with_the_service_to_add() {
    let lan = Lan::new().unwrap();
    let ada = Device::new(&lan, Host::LEFT, "Ada").unwrap();
    lan.must(Host::LEFT, &format!("nft -f {SAMPLES}/firewalld.nft")).unwrap();
    let (findings, code) = examined(&lan, ada.data().to_str().unwrap(), "", "");
    expect(&findings, "multicast-blocked", "fail", &["eth0"]);
    let drops = expect(&findings, "firewall-drops", "fail", &["firewalld", "filter_IN_public"]);
    advises(drops, &["firewall-cmd --permanent --add-service=mdns", "firewall-cmd --reload"]);
    assert_eq!(code, Some(1));
}

#[test]
fn an_interface_without_multicast_is_named_and_so_is_having_none() {
    let lan = Lan::new().unwrap();
    let ada = Device::new(&lan, Host::LEFT, "Ada").unwrap();
    let data = ada.data().to_str().unwrap();
    lan.must(Host::LEFT, "ip link set eth0 multicast off").unwrap();
    let (findings, _) = examined(&lan, data, "", "");
    advises(expect(&findings, "no-multicast-flag", "warn", &["eth0"]), &["ip link set eth0 multicast on"]);
    lan.must(Host::LEFT, "ip link set eth0 down").unwrap();
    let (findings, code) = examined(&lan, data, "", "");
    advises(expect(&findings, "only-loopback", "fail", &[]), &["join a network", "Wi-Fi"]);
    assert_eq!((find(&findings, "no-interface"), code), (None, Some(1)));
    lan.must(Host::LEFT, "ip link set lo down").unwrap();
    let (findings, code) = examined(&lan, data, "", "");
    advises(expect(&findings, "no-interface", "fail", &["no network interface is up"]), &["join a network", "cable"]);
    assert_eq!((find(&findings, "only-loopback"), code), (None, Some(1)));
}

#[test]
fn whoever_keeps_the_port_of_multicast_to_itself_is_found_out() {
    let lan = Lan::new().unwrap();
    let ada = Device::new(&lan, Host::LEFT, "Ada").unwrap();
    let data = ada.data().to_str().unwrap();
    let (findings, _) = examined(&lan, data, "", "");
    assert_eq!(find(&findings, "multicast-port-taken"), None);
    // A daemon shares its own port with nobody: here it is that of multicast DNS.
    let mut holder = Device::new(&lan, Host::LEFT, "Eve").unwrap();
    holder.start(&["--bind", "[::]:5353", "--no-discovery"]).unwrap();
    let (findings, code) = examined(&lan, data, "", "");
    let taken = expect(&findings, "multicast-port-taken", "fail", &["eth0", "in use"]);
    advises(taken, &["UDP port 5353", "`ss -ulpn sport = 5353`"]);
    assert_eq!((find(&findings, "multicast"), code), (None, Some(1)));
    holder.stop().unwrap();
    let (findings, code) = examined(&lan, data, "", "");
    assert_eq!((find(&findings, "multicast-port-taken"), code), (None, Some(0)));
}

#[test]
fn whoever_may_not_see_the_firewall_is_told_so_and_by_what_it_can_be_seen() {
    let lan = Lan::new().unwrap();
    lan.block_multicast_at(Host::LEFT).unwrap();
    // Where the program lies, others than root may not go.
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let (program, seen) = (lamplit().unwrap(), folder.path().join("lamplit"));
    fs::write(&seen, "").unwrap();
    let (program, seen, data) = (program.display(), seen.display(), folder.path().join("none"));
    let line = format!(
        "mount --bind {program} {seen} && exec setpriv --reuid=65534 --regid=65534 --clear-groups {seen} --json --data {} doctor",
        data.display()
    );
    let (findings, code) = said(&lan.shell(Host::LEFT, &line).unwrap());
    let unseen = expect(&findings, "firewall-unseen", "warn", &["nftables", "cannot be seen", "not permitted"]);
    advises(unseen, &["sudo nft list ruleset"]);
    // What it may not see it feels.
    expect(&findings, "multicast-blocked", "fail", &["eth0"]);
    let judged = ["firewall-open", "firewall-drops"].map(|check| find(&findings, check));
    assert_eq!((judged, code), ([None, None], Some(1)));
}

#[test]
fn a_tunnel_that_takes_all_and_a_port_that_is_taken_are_named() {
    let lan = Lan::new().unwrap();
    let ada = Device::new(&lan, Host::LEFT, "Ada").unwrap();
    let data = ada.data().to_str().unwrap();
    lan.must(Host::LEFT, "ip tuntap add dev vpn0 mode tun && ip link set vpn0 up").unwrap();
    lan.must(Host::LEFT, "ip route add default dev vpn0").unwrap();
    let (findings, _) = examined(&lan, data, "", "");
    advises(expect(&findings, "tunnel-takes-all", "warn", &["vpn0"]), &["vpn0", "local network"]);

    let mut other = Device::new(&lan, Host::LEFT, "Eve").unwrap();
    other.start(&["--bind", "10.77.0.1:4301", "--no-discovery"]).unwrap();
    let (findings, code) = examined(&lan, data, "", "--bind 10.77.0.1:4301");
    let taken = expect(&findings, "port-taken", "fail", &["10.77.0.1:4301"]);
    advises(taken, &["`lamplit run --bind`", "`ss -ulpn sport = 4301`"]);
    assert_eq!(code, Some(1));
    let (findings, _) = examined(&lan, other.data().to_str().unwrap(), "", "--bind 10.77.0.1:4301");
    expect(&findings, "port", "ok", &[]);
}

#[test]
fn a_full_disk_a_wrong_clock_and_a_directory_that_takes_nothing_are_named() {
    let lan = Lan::new().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_str().unwrap();
    let mount = format!("mount -t tmpfs -o size=1m none {data};");
    let (findings, code) = examined(&lan, data, &format!("{mount} head -c 2M /dev/zero > {data}/fill;"), "");
    advises(expect(&findings, "disk-full", "fail", &[data]), &["make room", data]);
    assert_eq!(code, Some(1));
    let (findings, _) = examined(&lan, data, &mount, "");
    advises(expect(&findings, "disk-low", "warn", &[data]), &["make room", data]);
    let (findings, _) = examined(&lan, data, &format!("{mount} mount -o remount,ro {data};"), "");
    advises(expect(&findings, "not-writable", "fail", &[data]), &["writable", data, "--data"]);
    let (findings, _) = examined(&lan, data, &format!("{mount} touch -d '2 days' {data}/store;"), "");
    advises(expect(&findings, "clock-behind", "fail", &[]), &["`timedatectl set-ntp true`"]);
    let (findings, code) = examined(&lan, &format!("{data}/none"), "", "");
    advises(expect(&findings, "no-data", "warn", &[data]), &["`lamplit init`", "--data"]);
    assert_eq!(code, Some(0));
}

/// Waits until the doctor finds that of the clock.
fn until_found(lan: &Lan, device: &Device<'_>, check: &str) -> (Vec<Value>, Option<i32>) {
    eventually(&format!("the doctor shall find {check}"), || {
        let (findings, code) = examined(lan, device.data().to_str().unwrap(), "", "");
        Ok(find(&findings, check).is_some().then_some((findings, code)))
    })
    .unwrap()
}

#[test]
fn a_clock_that_is_ahead_of_those_of_contacts_is_named() {
    let lan = Lan::new().unwrap();
    let mut clock = Clock::at_the_beginning_of(Duration::from_secs(60)).unwrap();
    clock.advance(Duration::from_secs(3 * 60 * 60)).unwrap();
    let mut ada = Device::new(&lan, Host::LEFT, "Ada").unwrap();
    let mut grace = Device::new(&lan, Host::RIGHT, "Grace").unwrap();
    ada.start_by(&clock, &[]).unwrap();
    grace.start(&[]).unwrap();
    ada.meet(&grace).unwrap();
    // Whoever is on something shows how late it is there.
    grace.ask(&["on", "qq"]).unwrap();
    let (findings, code) = until_found(&lan, &ada, "clock-ahead");
    let finding = expect(&findings, "clock-ahead", "warn", &["3 hours ahead of that of the one other"]);
    advises(finding, &["`timedatectl set-ntp true`", "the other device"]);
    assert_eq!(code, Some(0), "of two nobody can say which is wrong");

    // Of three one can.
    let mut hedy = Device::new(&lan, Host::RIGHT, "Hedy").unwrap();
    hedy.start(&[]).unwrap();
    ada.meet(&hedy).unwrap();
    hedy.ask(&["on", "qq"]).unwrap();
    let told = eventually("both shall be known", || {
        let (findings, code) = examined(&lan, ada.data().to_str().unwrap(), "", "");
        Ok((code == Some(1)).then_some(findings))
    });
    expect(&told.unwrap(), "clock-ahead", "fail", &["3 hours ahead of those of most of the 2 others"]);
    ada.ask(&["on", "qq"]).unwrap();
    let (findings, _) = until_found(&lan, &grace, "clock-behind-others");
    expect(&findings, "clock-behind-others", "warn", &["3 hours behind that of the one other"]);
}
