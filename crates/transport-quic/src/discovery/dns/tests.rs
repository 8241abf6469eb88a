#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::net::Ipv4Addr;

use super::*;

const SHOWN: Beacon = Beacon::from_bytes([0xa1; 8]);
const LAN: Face = Face { interface: 3, is_v6: false, is_loopback: false };
const LOOPBACK: Face = Face { interface: 1, is_v6: false, is_loopback: true };

fn service(host: u8) -> Service {
    Service { beacon: SHOWN, host: [host; 16], port: 4242 }
}

#[test]
fn only_sixteen_hex_digits_are_a_beacon() {
    assert_eq!(beacon_of("a1a1a1a1a1a1a1a1._lamplit._udp.local"), Some(SHOWN));
    for name in [
        "",
        "a1a1a1a1a1a1a1a1",
        "a1a1a1a1a1a1a1._lamplit._udp.local",
        "a1a1a1a1a1a1a1a1a1._lamplit._udp.local",
        "a1a1a1a1a1a1a1g1._lamplit._udp.local",
        "a1a1a1a1a1a1a1a1 (2)._lamplit._udp.local",
        "a1a1a1a1a1a1a1a1._ipp._tcp.local",
        "x.a1a1a1a1a1a1a1a1._lamplit._udp.local",
        "éééééééé._lamplit._udp.local",
    ] {
        assert_eq!(beacon_of(name), None, "{name}");
    }
}

#[test]
fn what_is_shown_is_read_and_tells_nothing_but_what_was_drawn_for_it() {
    for ip in ["192.0.2.1", "2001:db8::1"] {
        let ip: IpAddr = ip.parse().unwrap();
        let said = service(7).announcement(ip, 120).unwrap();
        let heard = read(&said, LAN).unwrap();
        assert_eq!(heard.shown, [(SHOWN, vec![SocketAddr::new(ip, 4242)])]);
        assert!(heard.gone.is_empty() && heard.asked.is_empty());
        let packet = Packet::parse(&said).unwrap();
        assert_eq!((packet.id(), packet.answers.len(), packet.additional_records.len()), (0, 4, 0));
        assert!(packet.answers.iter().all(|answer| answer.ttl == 120));
        // Two devices differ in what was drawn and in nothing else, so not in length either.
        let other = Service { beacon: Beacon::from_bytes([0xb2; 8]), host: [9; 16], port: 1 };
        assert_eq!(other.announcement(ip, 120).unwrap().len(), said.len());
    }
}

#[test]
fn what_is_taken_back_is_gone() {
    let said = service(7).announcement(Ipv4Addr::new(192, 0, 2, 1).into(), 0).unwrap();
    let heard = read(&said, LAN).unwrap();
    assert!(heard.shown.is_empty());
    assert!(heard.gone.iter().all(|beacon| *beacon == SHOWN) && !heard.gone.is_empty());
}

#[test]
fn a_question_names_the_service_and_nobody() {
    let asked = query().unwrap();
    assert_eq!(read(&asked, LAN).unwrap(), Heard { asked: vec![SERVICE.to_owned()], ..Heard::default() });
    assert_eq!(asked, query().unwrap(), "all ask alike");
}

#[test]
fn sightings_lead_to_single_hosts_and_never_to_ourselves() {
    for refused in ["127.0.0.1", "::1", "::ffff:127.0.0.1", "0.0.0.0", "224.0.0.251", "ff02::fb"] {
        let said = service(7).announcement(refused.parse().unwrap(), 120).unwrap();
        assert_eq!(read(&said, LAN).unwrap().shown, [(SHOWN, vec![])], "{refused}");
    }
    let own = service(7).announcement(Ipv4Addr::LOCALHOST.into(), 120).unwrap();
    assert_eq!(read(&own, LOOPBACK).unwrap().shown, [(SHOWN, vec!["127.0.0.1:4242".parse().unwrap()])]);
    let v6 = Face { is_v6: true, ..LAN };
    let linked = service(7).announcement("fe80::1".parse().unwrap(), 120).unwrap();
    assert_eq!(read(&linked, v6).unwrap().shown, [(SHOWN, vec!["[fe80::1%3]:4242".parse().unwrap()])]);
    let portless = Service { port: 0, ..service(7) }.announcement("192.0.2.1".parse().unwrap(), 120).unwrap();
    assert_eq!(read(&portless, LAN).unwrap().shown, [(SHOWN, vec![])]);
}

#[test]
fn names_are_the_same_in_either_case() {
    let mut said = service(7).announcement("192.0.2.1".parse().unwrap(), 120).unwrap();
    said.iter_mut().skip(HEADER).for_each(|byte| byte.make_ascii_uppercase());
    // Upper case changed lengths of no label here: none is between `a` and `z`.
    assert_eq!(read(&said, LAN).unwrap().shown.len(), 1);
}

#[test]
fn much_in_one_packet_is_cut() {
    let mut packet = Packet::new_reply(0);
    let one = service(7).announcement("192.0.2.1".parse().unwrap(), 120).unwrap();
    let one = Packet::parse(&one).unwrap();
    for _ in 0..99 {
        packet.answers.extend(one.answers.iter().cloned());
    }
    let heard = read(&packet.build_bytes_vec_compressed().unwrap(), LAN).unwrap();
    assert_eq!(heard.shown.len(), limits::SHOWN_A_PACKET);
    assert!(heard.shown.iter().all(|(_, sockets)| sockets.len() == limits::SIGHTED_ADDRESSES));
}

#[test]
fn a_message_that_promises_more_than_it_holds_takes_no_memory() {
    for section in 0..4 {
        let mut message = [0; 64];
        message[4 + 2 * section] = 0xff;
        assert!(!has_room(&message), "{section}");
        assert_eq!(read(&message, LAN), None);
    }
    assert_eq!(read(&[], LAN), None);
    assert_eq!(read(&[0; 11], LAN), None);
}

#[test]
fn no_damage_does_harm() {
    let said = service(7).announcement("192.0.2.1".parse().unwrap(), 120).unwrap();
    for at in 0..said.len() {
        let _ = read(&said[..at], LAN);
        for value in [0, 1, 0x3f, 0xc0, 0xff] {
            let mut damaged = said.clone();
            damaged[at] = value;
            let _ = read(&damaged, LAN);
        }
    }
}
