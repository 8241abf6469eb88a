#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use super::*;

#[test]
fn what_others_can_reach_comes_first() {
    let all = ["127.0.0.1", "::1", "fe80::1", "fd00::1", "10.0.0.7", "169.254.0.1", "2001:db8::1", "192.0.2.1"];
    let told = |listen: &str| -> Vec<String> {
        let told = ranked(listen.parse().unwrap(), all.iter().map(|ip| ip.parse().unwrap()));
        told.iter().map(SocketAddr::to_string).collect()
    };
    let both =
        ["192.0.2.1:9", "[2001:db8::1]:9", "10.0.0.7:9", "[fd00::1]:9", "169.254.0.1:9", "127.0.0.1:9", "[::1]:9"];
    assert_eq!(told("[::]:9"), both);
    assert_eq!(told("0.0.0.0:9"), ["192.0.2.1:9", "10.0.0.7:9", "169.254.0.1:9", "127.0.0.1:9"]);
}

#[test]
fn a_line_has_key_and_place() {
    let lines = address_lines(ServerKey([0; 32]), "[2001:db8::1]:4433".parse().unwrap());
    assert_eq!(lines, [format!("lamplit:server/{}@[2001:db8::1]:4433", "a".repeat(52))]);
}
