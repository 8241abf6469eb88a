#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use super::*;

#[test]
fn an_address_has_a_scheme_and_a_rest() {
    let address = Address::parse("udp:[fe80::1%3]:4242").unwrap();
    assert_eq!((address.scheme(), address.rest()), ("udp", "[fe80::1%3]:4242"));
    assert_eq!(address.to_string(), "udp:[fe80::1%3]:4242");
}

#[test]
fn what_is_no_address_is_refused() {
    for bad in ["", "udp", "udp:", ":1", "UDP:1", "u dp:1", "udp:1 2", "udp:1\n", "udp:\u{1b}[2J", "udp:é"] {
        assert_eq!(Address::parse(bad), Err(AddressError::Form), "{bad:?}");
    }
    let longest = format!("udp:{}", "1".repeat(ADDRESS_BYTES - 4));
    assert!(Address::parse(&longest).is_ok());
    let found = ADDRESS_BYTES + 1;
    assert_eq!(Address::parse(&format!("{longest}1")), Err(AddressError::TooLong { found }));
}

#[test]
fn a_log_sees_the_scheme_alone() {
    assert_eq!(format!("{:?}", Address::parse("udp:192.0.2.1:9").unwrap()), "Address(udp:…)");
}
