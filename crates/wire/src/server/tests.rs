#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use core::fmt::Debug;

use proptest::prelude::*;

use super::*;
use crate::{DecodeError, Decoded, FrameBuffer, Kinds, VERSION, decode, golden, samples};

/// A frame of this version with the short form of the length.
fn forge(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u16::try_from(body.len()).unwrap().to_le_bytes();
    [&[VERSION, kind], &length[..], body].concat()
}

fn read<F: Kinds>(wire: &[u8]) -> Result<Decoded<F>, DecodeError> {
    let mut rest = wire;
    let decoded = decode(&mut rest)?.expect("a frame, not the end");
    assert!(rest.is_empty(), "bytes left over");
    Ok(decoded)
}

/// Everything that holds for each kind that one side may say.
fn all_hold<F: Kinds + Clone + Debug + PartialEq>(samples: Vec<(&'static str, F)>, encode: impl Fn(&F) -> Vec<u8>) {
    let mut sampled = Vec::new();
    let page = include_str!("../../../../docs/protocol.md");
    for (name, sample) in samples {
        let wire = encode(&sample);
        golden::check(name, &wire);
        assert_eq!(read(&golden::vector(name)), Ok(Decoded::Frame(Box::new(sample.clone()))), "{name}");
        let (kind, body) = (wire[1], &wire[4..]);
        sampled.push(kind);
        for cut in 0..body.len() {
            let found = read::<F>(&forge(kind, &body[..cut]));
            assert_eq!(found, Err(DecodeError::Malformed(kind)), "{name} at {cut}");
        }
        let longer = forge(kind, &[body, &[0]].concat());
        assert_eq!(read::<F>(&longer), Err(DecodeError::Trailing { kind, extra: 1 }), "{name}");
        let word: String = name.chars().take_while(char::is_ascii_alphanumeric).collect();
        assert!(page.contains(&format!("| {kind} | `{word}` |")), "docs/protocol.md has no row for {kind} `{word}`");
        // A number, a code, ids of an account, a device and an envelope; what is sealed.
        for secret in
            ["13800138000", "123456", "a1a1a1", "d1d1d1", "e1e1e1", "161, 161", "209, 209", "225, 225", "187, 187"]
        {
            assert!(!format!("{sample:?}").contains(secret), "{name} shows {secret}: {sample:?}");
        }
    }
    sampled.sort_unstable();
    sampled.dedup();
    let is_known = |kind: &u8| !matches!(read::<F>(&forge(*kind, &[])), Ok(Decoded::Skipped { .. }));
    let known: Vec<u8> = (0..=u8::MAX).filter(is_known).collect();
    assert_eq!(sampled, known, "each kind that can be read needs a sample and a vector");
}

#[test]
fn what_a_device_says_is_what_was_agreed() {
    all_hold(samples::ups(), |up| up.encode().unwrap());
}

#[test]
fn what_a_server_says_is_what_was_agreed() {
    all_hold(samples::downs(), |down| down.encode().unwrap());
}

#[test]
fn no_kind_is_said_both_ways() {
    for (name, up) in samples::ups() {
        let wire = up.encode().unwrap();
        assert!(matches!(read::<Down>(&wire), Ok(Decoded::Skipped { .. })), "{name}");
        assert!(matches!(read::<crate::Frame>(&wire), Ok(Decoded::Skipped { .. })), "{name}");
    }
}

#[test]
fn a_full_part_of_a_feed_fits_into_a_frame() {
    let largest =
        Envelope { sealed: vec![0; lamplit_types::limits::ENVELOPE_BYTES].try_into().unwrap(), ..samples::envelope() };
    let delivery = |envelope| {
        let (account, device) = (samples::ACCOUNT, samples::DEVICE);
        Item::Envelope(Box::new(Delivery { account, device, envelope }))
    };
    // As many bytes as a server puts into one part, and then the largest envelope.
    let mut items = vec![delivery(samples::envelope()); 24 * 1024 / 450];
    items.push(delivery(largest));
    let cursor = Cursor { epoch: Epoch([0; 8]), place: u64::MAX };
    let feed = Feed { items: items.try_into().unwrap(), cursor, last: false, gap: true };
    assert!(Down::Feed(feed).encode().is_ok());
}

proptest! {
    #[test]
    fn a_stream_may_be_cut_anywhere(cuts in proptest::collection::vec(1..90_usize, 1..60)) {
        let ups: Vec<Up> = samples::ups().into_iter().map(|(_, up)| up).collect();
        let mut wire: Vec<u8> = ups.iter().flat_map(|up| up.encode().unwrap()).collect();
        // What a later version says is stepped over.
        wire.splice(0..0, [2, 99, 3, 0, 1, 2, 3]);
        let (mut buffer, mut found, mut rest) = (FrameBuffer::default(), Vec::new(), wire.as_slice());
        for cut in cuts.into_iter().chain([usize::MAX]) {
            let (piece, after) = rest.split_at(cut.min(rest.len()));
            buffer.push(piece);
            rest = after;
            while let Some(up) = buffer.pop::<Up>().unwrap() {
                found.push(up);
            }
        }
        prop_assert_eq!(found, ups);
    }

    #[test]
    fn random_bodies_are_read_or_refused(kind in 60..120_u8, body in proptest::collection::vec(any::<u8>(), 0..600)) {
        let wire = forge(kind, &body);
        if let Ok(Decoded::Frame(up)) = read::<Up>(&wire) {
            prop_assert_eq!(read::<Up>(&up.encode().unwrap()), Ok(Decoded::Frame(up)));
        }
        if let Ok(Decoded::Frame(down)) = read::<Down>(&wire) {
            prop_assert_eq!(read::<Down>(&down.encode().unwrap()), Ok(Decoded::Frame(down)));
        }
    }
}
