#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use zeroize::Zeroizing;

use super::*;
use crate::limits::{CREDIT_BYTES, FORGERIES};

const NOW: Mono = Mono(0);

/// A session, and the keys of a peer that keeps to no rules.
fn with_rogue() -> (Session, Sealer) {
    let [send, receive] = [1, 2].map(|n| Zeroizing::new([n; 32]));
    (Session::new(1_200, Keys { send, receive: receive.clone() }), Sealer::new(receive))
}

fn segment(write: impl FnOnce(&mut Writer)) -> Vec<u8> {
    let mut writer = Writer::new(1_000);
    write(&mut writer);
    writer.finish()
}

fn give(session: &mut Session, rogue: &mut Sealer, plain: &[u8]) -> Result<bool, LinkError> {
    let (number, sealed) = rogue.seal(plain).unwrap();
    let packets = Cut::new(1_200).packets(Kind::Segment, number as u16, &sealed);
    session.receive(NOW, Packet::parse(&packets[0]).unwrap())
}

#[test]
fn a_peer_that_ignores_credit_is_cut() {
    let (mut session, mut rogue) = with_rogue();
    // The first byte never comes, so that all is held.
    let mut offset = 1;
    let error = loop {
        let plain = segment(|writer| writer.data(Class::Message, offset, &[1; 900]));
        match give(&mut session, &mut rogue, &plain) {
            Ok(is_opened) => assert!(is_opened),
            Err(error) => break error,
        }
        offset += 900;
        assert!(offset <= CREDIT_BYTES as u64 + 900);
    };
    assert_eq!(error, LinkError::CreditIgnored { class: Class::Message });
}

#[test]
fn a_peer_that_breaks_the_protocol_is_cut() {
    for plain in [vec![0x77], segment(|writer| assert!(writer.ack(Ack { largest: 5, missing: 0 })))] {
        let (mut session, mut rogue) = with_rogue();
        assert!(matches!(give(&mut session, &mut rogue, &plain), Err(LinkError::Malformed(_))));
    }
}

#[test]
fn a_frame_that_is_too_long_is_refused_at_its_first_bytes() {
    let (mut session, mut rogue) = with_rogue();
    let plain = segment(|writer| writer.data(Class::Bulk, 0, &[1, 0, 1, 0]));
    assert_eq!(give(&mut session, &mut rogue, &plain), Err(LinkError::FrameLength { found: 65_537 }));
}

#[test]
fn one_segment_is_taken_once() {
    let (mut session, mut rogue) = with_rogue();
    let (number, sealed) = rogue.seal(&segment(|writer| writer.data(Class::Bulk, 0, &[1, 0, 0, 0, 9]))).unwrap();
    let packets = Cut::new(1_200).packets(Kind::Segment, number as u16, &sealed);
    let packet = Packet::parse(&packets[0]).unwrap();
    assert_eq!(session.receive(NOW, packet), Ok(true));
    assert_eq!(session.receive(NOW, packet), Ok(false));
    assert_eq!(session.pop().unwrap().1.bytes, [9]);
    assert!(session.pop().is_none());
}

#[test]
fn too_many_forgeries_end_it() {
    let (mut session, _) = with_rogue();
    session.forgeries = FORGERIES - 1;
    let packet = Packet { kind: Kind::Segment, is_last: true, index: 0, number: 0, body: &[0; 40] };
    assert_eq!(session.receive(NOW, packet), Ok(false));
    assert_eq!(session.receive(NOW, packet), Err(LinkError::Forged));
}

#[test]
fn what_cannot_be_remembered_is_not_acknowledged() {
    let (mut session, mut rogue) = with_rogue();
    let mut number = 0;
    // Single bytes with gaps between them, until one finds no room.
    loop {
        let plain = segment(|writer| writer.data(Class::Bulk, 10 + 2 * number, &[1]));
        give(&mut session, &mut rogue, &plain).unwrap();
        if session.received.next() == number {
            break;
        }
        number += 1;
    }
    assert_eq!(number, crate::limits::RUNS as u64);
}

#[test]
fn acknowledgements_are_not_acknowledged() {
    let (mut session, mut rogue) = with_rogue();
    give(&mut session, &mut rogue, &[]).unwrap();
    assert!(session.poll_transmit(NOW).is_none());
    assert_eq!(session.deadline(), None);
    give(&mut session, &mut rogue, &segment(|writer| writer.data(Class::Bulk, 0, &[9]))).unwrap();
    assert!(session.poll_transmit(NOW).is_none());
    session.on_deadline(session.deadline().unwrap()).unwrap();
    assert!(session.poll_transmit(NOW).is_some());
    assert!(session.poll_transmit(NOW).is_none());
}
