#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use proptest::prelude::*;

use lamplit_types::limits::TEXT_BYTES;

use super::*;
use crate::{golden, samples};

#[test]
fn every_content_is_what_was_agreed() {
    for (name, content) in samples::contents() {
        golden::check_value(name, &content);
    }
}

/// The sample content with another body, encoded without the limits of the real types.
fn forge(body: &impl Serialize) -> Vec<u8> {
    let (_, content) = samples::contents().remove(0);
    let head = (content.conversation, content.incarnation, content.seq, content.base, content.sent, content.mark);
    postcard::to_allocvec(&(head, body)).unwrap()
}

#[test]
fn a_content_holds_its_limits_and_not_one_more() {
    let id = MessageId::from_bytes([0x1D; 16]);
    let text = |length: usize| forge(&(0u8, id, "x".repeat(length)));
    let receipt = |length: usize| forge(&(1u8, Progress::Read, vec![id; length]));
    let good = |wire: &[u8]| postcard::from_bytes::<Content>(wire).is_ok();
    assert!(good(&text(TEXT_BYTES)));
    assert!(!good(&text(TEXT_BYTES + 1)));
    assert!(!good(&text(0)));
    assert!(good(&receipt(RECEIPT_IDS)));
    assert!(!good(&receipt(RECEIPT_IDS + 1)));
}

#[test]
fn what_is_unknown_inside_is_not_read() {
    let id = MessageId::from_bytes([0x1D; 16]);
    let good = |wire: Vec<u8>| postcard::from_bytes::<Content>(&wire).is_ok();
    assert!(good(forge(&(1u8, 1u8, vec![id]))));
    assert!(!good(forge(&(1u8, 2u8, vec![id]))), "an unknown progress");
    assert!(!good(forge(&(99u8, [0u8; 32]))), "an unknown kind");
    assert!(!good(forge(&(2u8, 2u8, [0u8; 32]))), "an unknown grant");
    assert!(!good(forge(&(0u8, id, "\u{1b}[2J"))), "a text that speaks to the terminal");
}

/// A name is tamed where it is read: whoever sends it may have written any.
#[test]
fn a_file_of_somebody_has_a_harmless_name_whatever_they_call_it() {
    let (_, card) = samples::contents().into_iter().find(|(name, _)| *name == "Content: file").unwrap();
    let wire = postcard::to_allocvec(&card).unwrap();
    let plain = postcard::to_allocvec("a.txt").unwrap();
    let at = wire.windows(plain.len()).position(|part| part == plain).expect("the sample's name");
    let long = "n".repeat(10_000);
    for hostile in
        ["../../x", "/etc/passwd", "..\\..\\x", "C:x", "CON", "con.txt", "gpj.\u{202e}exe.txt", ".", "", &long]
    {
        let renamed = postcard::to_allocvec(hostile).unwrap();
        let forged = [&wire[..at], &renamed, &wire[at + plain.len()..]].concat();
        let content: Content = postcard::from_bytes(&forged).unwrap();
        let Body::File { card, .. } = content.body else { panic!("no file: {:?}", content.body) };
        let name = card.name.as_str();
        assert_eq!(name, FileName::tamed(hostile).as_str());
        assert!(name != hostile && !name.contains(['/', '\\', ':', '\u{202e}']) && name.len() <= 255, "{name}");
    }
}

#[test]
fn the_largest_content_fits_into_an_envelope_and_that_into_a_frame() {
    let content = forge(&(0u8, MessageId::from_bytes([0; 16]), "x".repeat(TEXT_BYTES)));
    assert!(content.len() < ENVELOPE_BYTES);
    let envelope = Envelope { sealed: vec![0; ENVELOPE_BYTES].try_into().unwrap(), ..samples::envelope() };
    assert!(crate::Frame::Envelope(envelope).encode().is_ok());
}

#[test]
fn a_message_is_delivered_before_it_is_read() {
    assert!(Progress::Delivered < Progress::Read);
}

#[test]
fn neither_text_nor_key_is_shown_in_a_log() {
    assert!(format!("{:?}", [0x4B_u8; 4]).contains("75, 75"), "the search finds what is there");
    for (name, content) in samples::contents() {
        let shown = format!("{content:?}");
        for secret in ["llo", "75, 75", "4b4b", "76, 76", "4c4c", "a1a1a1", "979797", "1d1d1d"] {
            assert!(!shown.contains(secret), "{name}: {shown}");
        }
    }
}

proptest! {
    #[test]
    fn random_bytes_are_read_or_refused(wire: Vec<u8>) {
        if let Ok(content) = postcard::from_bytes::<Content>(&wire) {
            let once = postcard::to_allocvec(&content).unwrap();
            prop_assert_eq!(postcard::from_bytes::<Content>(&once).unwrap(), content);
        }
    }
}
