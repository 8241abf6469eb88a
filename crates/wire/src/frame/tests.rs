#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use core::fmt::Debug;

use lamplit_types::limits::ENVELOPE_BYTES;
use lamplit_types::limits::{
    DELTA_RECORDS, DEVICES, FRAME_BYTES, GRANTS, GROUP_PART, GROUP_SECRETS, NAME_BYTES, PRESENCE_BYTES,
    SEALED_RECORD_BYTES, VECTOR_AUTHORS,
};
use proptest::prelude::*;

use super::*;
use crate::{
    Chain, DecodeError, Decoded, EncodeError, LogEntry, Record, RecordBody, Standing, VERSION, Wants,
    credential::Signed, decode, golden, samples,
};

/// Reads the only frame of `wire`.
fn read(wire: &[u8]) -> Result<Decoded<Frame>, DecodeError> {
    let mut rest = wire;
    let decoded = decode(&mut rest)?.expect("a frame, not the end");
    assert!(rest.is_empty(), "bytes left over");
    Ok(decoded)
}

fn frame(frame: Frame) -> Decoded<Frame> {
    Decoded::Frame(Box::new(frame))
}

/// A frame of any version, kind and body, with the short form of the length.
fn forge(version: u8, kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u16::try_from(body.len()).unwrap().to_le_bytes();
    [&[version, kind], &length[..], body].concat()
}

/// As [`forge`], with the long form of the length.
fn forge_long(version: u8, kind: u8, length: usize, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(length).unwrap().to_le_bytes();
    [&[version, kind, 0xFF, 0xFF], &length[..], body].concat()
}

/// The body of a frame with a short header.
fn body(frame: &Frame) -> (u8, Vec<u8>) {
    let wire = frame.encode().unwrap();
    (wire[1], wire[4..].to_vec())
}

#[test]
fn every_frame_is_what_was_agreed() {
    for (name, sample) in samples::frames() {
        golden::check(name, &sample.encode().unwrap());
        assert_eq!(read(&golden::vector(name)), Ok(frame(sample)), "{name}");
    }
}

#[test]
fn every_kind_has_a_vector() {
    let known = |kind: &u8| !matches!(read(&forge(VERSION, *kind, &[])), Ok(Decoded::Skipped { .. }));
    let known: Vec<u8> = (0..=u8::MAX).filter(known).collect();
    let mut sampled: Vec<u8> = samples::frames().iter().map(|(_, sample)| body(sample).0).collect();
    sampled.sort_unstable();
    sampled.dedup();
    assert_eq!(sampled, known, "each kind that can be read needs a sample in samples.rs and a vector in golden.txt");
}

#[test]
fn every_kind_is_described() {
    let page = include_str!("../../../../docs/protocol.md");
    for (name, sample) in samples::frames() {
        let name: String = name.chars().take_while(char::is_ascii_alphanumeric).collect();
        let row = format!("| {} | `{name}` |", body(&sample).0);
        assert!(page.contains(&row), "docs/protocol.md has no row that begins with {row}");
    }
}

#[test]
fn frames_follow_one_another() {
    let frames: Vec<Frame> = samples::frames().into_iter().map(|(_, frame)| frame).collect();
    let wire: Vec<u8> = frames.iter().flat_map(|frame| frame.encode().unwrap()).collect();
    let mut rest = wire.as_slice();
    for expected in frames {
        assert_eq!(decode(&mut rest), Ok(Some(frame(expected))));
    }
    assert_eq!(decode::<Frame>(&mut rest), Ok(None));
    assert_eq!(decode::<Frame>(&mut rest), Ok(None));
}

#[test]
fn what_is_not_known_is_stepped_over() {
    let ack = Frame::Ack(EnvelopeId::from_bytes([1; 16]));
    let table = [
        (VERSION, 0, vec![]),
        (VERSION, 17, vec![1, 2, 3]),
        (VERSION, 255, vec![0; 60_000]),
        // A kind we know, of a version we do not: its body may be anything.
        (VERSION + 1, 6, vec![0xFF; 5]),
        (VERSION + 1, 3, vec![]),
        (0, 6, vec![0xFF; 16]),
        (255, 255, vec![0xFF; 1000]),
    ];
    for (version, kind, body) in table {
        let short = forge(version, kind, &body);
        let long = forge_long(version, kind, body.len(), &body);
        for unknown in [short, long] {
            let wire = [unknown, ack.encode().unwrap()].concat();
            let mut rest = wire.as_slice();
            assert_eq!(decode::<Frame>(&mut rest), Ok(Some(Decoded::Skipped { version, kind })));
            assert_eq!(decode(&mut rest), Ok(Some(frame(ack.clone()))));
            assert_eq!(decode::<Frame>(&mut rest), Ok(None));
        }
    }
}

#[test]
fn a_frame_that_is_cut_off_is_no_frame() {
    for (name, sample) in samples::frames() {
        let wire = sample.encode().unwrap();
        for cut in 1..wire.len() {
            let mut rest = &wire[..cut];
            let found = decode::<Frame>(&mut rest);
            assert!(
                matches!(found, Err(DecodeError::Truncated { have, need }) if have < need),
                "{name} at {cut}: {found:?}"
            );
            assert_eq!(rest.len(), cut, "{name}: nothing is taken of it");
        }
    }
}

#[test]
fn a_body_that_is_cut_off_is_malformed() {
    for (name, sample) in samples::frames() {
        let (kind, body) = body(&sample);
        for cut in 0..body.len() {
            assert_eq!(read(&forge(VERSION, kind, &body[..cut])), Err(DecodeError::Malformed(kind)), "{name} at {cut}");
        }
    }
}

#[test]
fn a_body_that_is_too_long_is_refused() {
    for (name, sample) in samples::frames() {
        let (kind, mut body) = body(&sample);
        for extra in 1..=3 {
            body.push(0);
            assert_eq!(read(&forge(VERSION, kind, &body)), Err(DecodeError::Trailing { kind, extra }), "{name}");
        }
    }
}

#[test]
fn a_frame_has_a_size_and_no_more() {
    // Unknown kinds have no other limit than the frame's.
    let longest = FRAME_BYTES - 4;
    assert!(read(&forge(VERSION, 200, &vec![0; longest])).is_ok());
    assert_eq!(read(&forge(VERSION, 200, &vec![0; longest + 1])), Err(DecodeError::TooLarge(FRAME_BYTES + 1)));
    let longest = FRAME_BYTES - 8;
    assert!(read(&forge_long(VERSION, 200, longest, &vec![0; longest])).is_ok());
    // Announced is enough: nothing of it need be there.
    for announced in [longest + 1, u32::MAX as usize] {
        assert_eq!(read(&forge_long(VERSION, 200, announced, &[])), Err(DecodeError::TooLarge(announced + 8)));
        assert_eq!(read(&forge_long(VERSION + 1, 1, announced, &[])), Err(DecodeError::TooLarge(announced + 8)));
    }
}

#[test]
fn the_long_form_reads_as_the_short_one() {
    for (name, sample) in samples::frames() {
        let (kind, body) = body(&sample);
        assert_eq!(read(&forge_long(VERSION, kind, body.len(), &body)), Ok(frame(sample)), "{name}");
    }
}

#[test]
fn a_frame_that_would_be_too_large_is_not_written() {
    let body = RecordBody { sealed: vec![0; SEALED_RECORD_BYTES].try_into().unwrap(), ..samples::record().body };
    let entry = LogEntry::Live(Box::new(Record { body, ..samples::record() }));
    let delta = |records| {
        let entries = vec![entry.clone(); records].try_into().unwrap();
        Frame::Delta(Delta { set: samples::set(), author: samples::author(), after: samples::head(), entries })
    };
    assert!(delta(7).encode().is_ok_and(|wire| wire.len() <= FRAME_BYTES));
    assert_eq!(delta(8).encode(), Err(EncodeError));
}

/// A body with one list or byte string of the given length, encoded without the limits of the real types.
type Forged = Box<dyn Fn(usize) -> Vec<u8>>;

fn forged<T: Serialize>(make: impl Fn(usize) -> T + 'static) -> Forged {
    Box::new(move |length| postcard::to_allocvec(&make(length)).unwrap())
}

/// Every list and byte string in every frame: what it is, the frame's kind, the body with it of some length, its limit.
fn limited() -> Vec<(&'static str, u8, Forged, usize)> {
    use samples::*;
    let signed_generation = |removals: usize| {
        let Signed { body: g, signature } = generation();
        let body = (g.account, g.number, g.list_key, g.recovery_key, g.previous, vec![removal(); removals]);
        (body, signature)
    };
    let certified = |name: usize| {
        let Signed { body: c, signature } = certificate(None);
        ((c.claim, c.claim_signature, c.generation, c.serial, c.issued, c.expires, Some("x".repeat(name))), signature)
    };
    let sealed = |length: usize| {
        let Record { body: r, signature } = record();
        let sealed = vec![0u8; length];
        ((r.set, r.key, r.tag, r.author, r.seq, r.chain, r.clock, r.origin, sealed), signature)
    };
    let heads = |length: usize| vec![(author(), head()); length];
    let greeting = |grants: usize| {
        let Hello { list, your_list, incarnation, received, has_session, .. } = hello();
        let grant = GrantHead { audience: audience(), key: key() };
        (list, your_list, incarnation, received, has_session, vec![grant; grants], Vec::<GroupHead>::new())
    };
    let in_groups = |groups: usize| {
        let Hello { list, your_list, incarnation, received, has_session, grants, .. } = hello();
        let head = GroupHead { group: GROUP, hash: [1; 16] };
        (list, your_list, incarnation, received, has_session, grants, vec![head; groups])
    };
    vec![
        ("grants", 1, forged(greeting), GRANTS),
        ("groups", 1, forged(in_groups), GROUPS),
        ("standings", 24, forged(|n| part(vec![(standing(), SIGNATURE); n], 0)), GROUP_PART),
        ("group secrets", 24, forged(|n| part(Vec::new(), n)), GROUP_SECRETS),
        ("removals", 2, forged(move |n| ([7; 32], signed_generation(n), vec![certificate(None)])), DEVICES),
        ("devices", 2, forged(|n| ([7; 32], generation(), vec![certificate(None); n])), DEVICES),
        ("device name", 2, forged(move |n| ([7; 32], generation(), vec![certified(n)])), NAME_BYTES),
        (
            "sealed envelope",
            5,
            forged(|n| (envelope().suite, DEVICE, envelope().id, NOW, vec![0u8; n])),
            ENVELOPE_BYTES,
        ),
        ("sealed presence", 8, forged(|n| (audience(), key(), vec![0u8; n])), PRESENCE_BYTES),
        ("offered heads", 9, forged(move |n| (set(), heads(n), clock(), Wants::Offer)), VECTOR_AUTHORS),
        (
            "log entries",
            10,
            forged(|n| (set(), author(), head(), vec![LogEntry::Replaced { seq: 1, chain: Chain::default() }; n])),
            DELTA_RECORDS,
        ),
        (
            "sealed record in a log",
            10,
            forged(move |n| (set(), author(), head(), vec![(0u8, sealed(n))])),
            SEALED_RECORD_BYTES,
        ),
        ("records", 11, forged(move |n| whole(vec![record(); n], heads(0))), DELTA_RECORDS),
        ("sealed record", 11, forged(move |n| whole(vec![sealed(n)], heads(0))), SEALED_RECORD_BYTES),
        ("heads at the end", 11, forged(move |n| whole(Vec::<u8>::new(), heads(n))), VECTOR_AUTHORS),
        ("name", 13, forged(|n| ([0u8; 32], list(), DEVICE, SIGNATURE, [0u8; 32], "x".repeat(n))), NAME_BYTES),
    ]
}

/// A [`GroupPart`] with nothing in it but these.
fn part(standings: Vec<(Standing, Signature)>, secrets: usize) -> impl Serialize {
    let founding = (samples::ACCOUNT, [0x99u8; 32], [0x9Bu8; 16]);
    let secrets = vec![(1u32, [0x9Du8; 32]); secrets];
    (samples::GROUP, founding, standings, [0u8; 3], secrets, Some([0x98u8; 16]))
}

/// A [`Whole`] of everybody's records.
fn whole<R: Serialize, H: Serialize>(records: R, heads: H) -> impl Serialize {
    (samples::set(), None::<u8>, records, heads, true, false, samples::clock())
}

#[test]
fn every_field_holds_its_limit_and_not_one_more() {
    for (what, kind, body, limit) in limited() {
        let whole = read(&forge(VERSION, kind, &body(limit)));
        let Ok(Decoded::Frame(found)) = whole else { panic!("{what} at its limit: {whole:?}") };
        assert_eq!(found.encode().unwrap(), forge(VERSION, kind, &body(limit)), "{what} at its limit");
        assert_eq!(
            read(&forge(VERSION, kind, &body(limit + 1))),
            Err(DecodeError::Malformed(kind)),
            "{what}, one over"
        );
    }
}

#[test]
fn values_that_are_none_are_malformed() {
    let mut hello = golden::vector("Hello to a stranger").split_off(4);
    // Whether there is a session; after it come two lists of nothing.
    *hello.iter_mut().nth_back(2).unwrap() = 2;
    let mut offer = golden::vector("Offer").split_off(4);
    // The first byte is the kind of space.
    offer[0] = 1;
    let mut introduce = golden::vector("Introduce").split_off(4);
    // The last letter of the name.
    *introduce.last_mut().unwrap() = 0x1B;
    let table = [
        ("a truth that is neither", 1, hello),
        ("an unknown suite", 5, [vec![2], golden::vector("Envelope").split_off(5)].concat()),
        ("an unknown space", 9, offer),
        ("a name that speaks to the terminal", 13, introduce),
        ("an unknown reason", 15, vec![8]),
        ("a number that does not end", 15, vec![0x80; 12]),
    ];
    for (what, kind, body) in table {
        assert_eq!(read(&forge(VERSION, kind, &body)), Err(DecodeError::Malformed(kind)), "{what}");
    }
}

#[test]
fn errors_say_what_is_wrong() {
    let table = [
        (DecodeError::Truncated { have: 3, need: 4 }.to_string(), "a frame was cut off: 3 bytes where 4 are announced"),
        (DecodeError::TooLarge(70_000).to_string(), "a frame of 70000 bytes was announced, at most 65536 are allowed"),
        (DecodeError::Malformed(5).to_string(), "the body of a frame of kind 5 is malformed or over a limit"),
        (DecodeError::Trailing { kind: 6, extra: 2 }.to_string(), "2 bytes too many in a frame of kind 6"),
        (EncodeError.to_string(), "a frame would be larger than 65536 bytes"),
    ];
    for (found, expected) in table {
        assert_eq!(found, expected);
    }
}

fn shows(value: &dyn Debug, secret: u8) -> bool {
    let shown = format!("{value:?}");
    shown.contains(&format!("{secret}, {secret}")) || shown.contains(&format!("{secret:02x}").repeat(3))
}

#[test]
fn no_secret_is_shown_in_a_log() {
    // The search finds what is there, in both spellings.
    assert!(shows(&[0x5E_u8; 4], 0x5E));
    assert!(shows(&DEVICE_HEX, 0xD1));
    // Token, proof and share; ids of an account, a device, an invite and an envelope; sealed bodies.
    for secret in [0x18, 0x19, 0x5E, 0xA1, 0xD1, 0x17, 0xE1, 0xBB] {
        for (name, sample) in samples::frames() {
            assert!(!shows(&sample, secret), "{name} shows {secret:#x}: {sample:?}");
        }
    }
    assert!(!format!("{:?}", samples::introduce()).contains("Ada"));
}

const DEVICE_HEX: &str = "d1d1d1d1";

/// Reading and writing again gives one form, whatever was read.
fn is_canonical(wire: &[u8]) {
    let mut rest = wire;
    while let Ok(Some(decoded)) = decode::<Frame>(&mut rest) {
        let Decoded::Frame(found) = decoded else { continue };
        let Ok(once) = found.encode() else { continue };
        assert_eq!(read(&once), Ok(frame(*found)));
    }
}

proptest! {
    #[test]
    fn random_bytes_are_read_or_refused(wire in proptest::collection::vec(any::<u8>(), 0..600)) {
        is_canonical(&wire);
    }

    #[test]
    fn random_bodies_are_read_or_refused(kind in 1..=17u8, body in proptest::collection::vec(any::<u8>(), 0..600)) {
        is_canonical(&forge(VERSION, kind, &body));
    }

    #[test]
    fn damaged_frames_are_read_or_refused(
        which: prop::sample::Index,
        damage in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let samples = samples::frames();
        let mut wire = which.get(&samples).1.encode().unwrap();
        for (at, byte) in damage {
            *at.get_mut(&mut wire) = byte;
        }
        is_canonical(&wire);
    }

    #[test]
    fn spliced_frames_are_read_or_refused(a: prop::sample::Index, b: prop::sample::Index, cut: prop::sample::Index) {
        let samples = samples::frames();
        let (kind, mut wire) = body(&a.get(&samples).1);
        wire.truncate(cut.index(wire.len() + 1));
        wire.extend(body(&b.get(&samples).1).1);
        is_canonical(&forge(VERSION, kind, &wire));
    }
}
