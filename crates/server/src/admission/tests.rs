#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use super::*;

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

#[test]
fn a_source_has_its_share_of_handshakes_and_others_have_theirs() {
    let admission = Arc::new(Admission::default());
    let mut held: Vec<_> =
        (0..limits::HANDSHAKES_A_SOURCE).map(|_| admission.enter(ip("192.0.2.1")).unwrap()).collect();
    assert!(admission.enter(ip("192.0.2.1")).is_none());
    assert!(admission.enter(ip("::ffff:192.0.2.1")).is_none(), "the same address, as IPv6 writes it");
    assert!(admission.enter(ip("192.0.2.2")).is_some());
    held.first_mut().unwrap().settle();
    assert!(admission.enter(ip("192.0.2.1")).is_some(), "a handshake that is over is none");
    assert_eq!(admission.handshakes(), limits::HANDSHAKES_A_SOURCE - 1);
    drop(held);
    assert_eq!(admission.handshakes(), 0);
}

#[test]
fn a_network_of_ipv6_is_one_source() {
    let admission = Arc::new(Admission::default());
    let callers = (0..limits::HANDSHAKES_A_SOURCE).map(|at| ip(&format!("2001:db8::{at:x}")));
    let _held: Vec<_> = callers.map(|caller| admission.enter(caller).unwrap()).collect();
    assert!(admission.enter(ip("2001:db8::ffff:ffff:ffff:ffff")).is_none());
    assert!(admission.enter(ip("2001:db8:0:1::1")).is_some());
}

#[test]
fn connections_have_a_limit_for_each_source_and_one_for_all() {
    let admission = Arc::new(Admission::default());
    let enter = |ip| {
        let mut place = admission.enter(ip)?;
        place.settle();
        Some(place)
    };
    let mut held: Vec<_> = (0..limits::CONNECTIONS_A_SOURCE).map(|_| enter(ip("192.0.2.1")).unwrap()).collect();
    assert!(enter(ip("192.0.2.1")).is_none());
    for at in 0_u32.. {
        if held.len() == limits::CONNECTIONS {
            break;
        }
        held.push(enter(Ipv4Addr::from(at).into()).unwrap());
    }
    assert!(enter(ip("192.0.2.2")).is_none());
    held.pop();
    assert!(enter(ip("192.0.2.2")).is_some());
    drop(held);
    assert!(admission.lock().each.is_empty(), "nobody is remembered");
}

#[test]
fn handshakes_have_a_limit_for_all() {
    let admission = Arc::new(Admission::default());
    let _held: Vec<_> =
        (0..limits::HANDSHAKES).map(|at| admission.enter(Ipv4Addr::from(at as u32).into()).unwrap()).collect();
    assert!(admission.enter(ip("192.0.2.1")).is_none());
}
