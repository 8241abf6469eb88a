#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use super::*;

const EVERY_IPV6: ([u8; 16], u16) = ([0; 16], 0);

/// Opens as a system does that knows no IPv6.
fn without_ipv6(bind: SocketAddr) -> io::Result<UdpSocket> {
    if bind.is_ipv6() { Err(io::ErrorKind::Unsupported.into()) } else { open_as(bind, false) }
}

#[test]
fn where_there_is_no_ipv6_every_address_means_every_ipv4_address() {
    let opened = open_by(EVERY_IPV6.into(), without_ipv6).unwrap().local_addr().unwrap();
    assert!(opened.is_ipv4() && opened.ip().is_unspecified(), "{opened}");
    // Who asks for one address gets that or none.
    let refused = open_by((Ipv6Addr::LOCALHOST, 0).into(), without_ipv6).unwrap_err();
    assert_eq!(refused.kind(), io::ErrorKind::Unsupported);
}

#[test]
fn a_socket_on_every_address_is_reached_by_both_versions() {
    let socket = open(EVERY_IPV6.into()).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let port = socket.local_addr().unwrap().port();
    for (from, to) in [
        (SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), SocketAddr::from((Ipv4Addr::LOCALHOST, port))),
        ((Ipv6Addr::LOCALHOST, 0).into(), (Ipv6Addr::LOCALHOST, port).into()),
    ] {
        UdpSocket::bind(from).unwrap().send_to(b"hello", to).unwrap();
        let (length, sender) = socket.recv_from(&mut [0; 16]).unwrap();
        assert_eq!((length, sender.ip().to_canonical()), (5, from.ip()));
    }
}
