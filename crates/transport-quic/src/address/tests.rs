#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use super::*;
use crate::interfaces::Face;

#[test]
fn sockets_and_addresses_say_the_same() {
    for text in ["udp:192.168.1.4:4242", "udp:[2001:db8::1]:1", "udp:[fe80::1%3]:4242"] {
        let address = Address::parse(text).unwrap();
        assert_eq!(from_socket(to_socket(&address).unwrap()), Some(address));
    }
    let SocketAddr::V6(scoped) = to_socket(&Address::parse("udp:[fe80::1%3]:4242").unwrap()).unwrap() else {
        panic!("an IPv6 address")
    };
    assert_eq!(scoped.scope_id(), 3);
}

#[test]
fn what_no_device_can_have_is_refused() {
    let bad =
        ["tcp:192.0.2.1:1", "udp:host:1", "udp:192.0.2.1", "udp:192.0.2.1:0", "udp:0.0.0.0:1", "udp:224.0.0.251:1"];
    for text in bad.into_iter().chain(["udp:[::]:1", "udp:[ff02::1%2]:1", "udp:[::ffff:224.0.0.1]:1", "udp:1:2:3"]) {
        let address = Address::parse(text).unwrap();
        let error = to_socket(&address).unwrap_err();
        assert!(matches!(error, DialError::Address { .. }) && error.to_string().contains(text), "{error}");
    }
}

#[test]
fn only_link_local_addresses_carry_an_interface() {
    assert_eq!(scoped("fe80::1".parse().unwrap(), 9, 3).to_string(), "[fe80::1%3]:9");
    assert_eq!(scoped("2001:db8::1".parse().unwrap(), 9, 3).to_string(), "[2001:db8::1]:9");
}

#[test]
fn loopback_is_the_last_place_to_be_reached() {
    let all = reachable("[::]:4242".parse().unwrap());
    let first_loopback = all.iter().position(|socket| socket.ip().is_loopback()).unwrap();
    assert!(all.iter().skip(first_loopback).all(|socket| socket.ip().is_loopback()));
    assert!(all.iter().all(|socket| socket.port() == 4242 && is_one_host(*socket)));

    assert!(reachable("0.0.0.0:4242".parse().unwrap()).iter().all(SocketAddr::is_ipv4));
    let alone: SocketAddr = "127.0.0.1:4242".parse().unwrap();
    assert_eq!(reachable(alone), [alone]);
}

#[test]
fn link_local_addresses_are_told_only_where_there_is_nothing_else() {
    let bound: SocketAddr = "[::]:4242".parse().unwrap();
    let told = |ips: &[&str]| -> Vec<String> {
        let all = ranked(bound, ips.iter().map(|ip| ip.parse().unwrap()));
        all.iter().map(|socket| socket.ip().to_string()).collect()
    };
    assert_eq!(told(&["127.0.0.1", "::1", "fe80::2", "fe80::1"]), ["fe80::1", "fe80::2", "127.0.0.1", "::1"]);
    assert_eq!(told(&["::1", "fe80::1", "fd00::1"]), ["fd00::1", "::1"]);
    assert_eq!(told(&["fe80::1", "169.254.0.1", "127.0.0.1"]), ["169.254.0.1", "127.0.0.1"]);
}

#[test]
fn a_link_local_address_without_an_interface_may_be_on_any() {
    let face = |interface, is_v6, is_loopback| {
        let ip = if is_v6 { "fe80::9" } else { "192.0.2.9" };
        (Face { interface, is_v6, is_loopback }, ("eth".to_owned(), ip.parse().unwrap()))
    };
    let faces = [face(1, true, true), face(2, false, false), face(2, true, false), face(3, true, false)];
    let interfaces = || Interfaces { faces: faces.into_iter().collect(), addresses: Vec::new() };
    let open = |text: &str| -> Vec<String> {
        ways_to(text.parse().unwrap(), interfaces.clone()).iter().map(SocketAddr::to_string).collect()
    };
    assert_eq!(open("[fe80::1]:9"), ["[fe80::1%2]:9", "[fe80::1%3]:9"]);
    for text in ["[fe80::1%3]:9", "[fd00::1]:9", "192.0.2.1:9"] {
        assert_eq!(open(text), [text]);
    }
}
