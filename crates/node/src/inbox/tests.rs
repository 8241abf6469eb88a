#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use lamplit_types::{AccountId, Hlc, Incarnation, MessageId, Text};
use lamplit_wire::{Body, Content, Mark};

use super::{Said, read};

fn content() -> Content {
    Content {
        conversation: AccountId::from_bytes([7; 16]).into(),
        incarnation: Incarnation(3),
        seq: 300,
        base: 5,
        sent: Hlc::default(),
        mark: Mark([9; 16]),
        body: Body::Text { id: MessageId::from_bytes([1; 16]), text: Text::parse("hello").unwrap() },
    }
}

#[test]
fn what_is_understood_is_read_whole() {
    let came = read(&postcard::to_allocvec(&content()).unwrap()).unwrap();
    assert_eq!((came.seq, came.base, came.life), (300, 5, Incarnation(3)));
    assert!(matches!(came.said, Said::Now(body) if body == content().body));
}

#[test]
fn what_a_later_version_says_keeps_its_place_and_its_bytes() {
    let whole = postcard::to_allocvec(&content()).unwrap();
    let body = postcard::to_allocvec(&content().body).unwrap();
    let mut later = whole[..whole.len() - body.len()].to_vec();
    later.extend([99, 1, 2, 3]);
    let came = read(&later).unwrap();
    assert_eq!((came.seq, came.base), (300, 5));
    assert!(matches!(came.said, Said::Later(bytes) if bytes == [99, 1, 2, 3]));
}

#[test]
fn what_has_no_place_is_not_read() {
    assert!(read(&[]).is_none());
    assert!(read(&[7; 20]).is_none());
}
