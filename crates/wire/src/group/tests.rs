#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use super::*;
use crate::samples;

#[test]
fn a_removal_is_later_than_what_was_said_at_the_same_time() {
    assert!(Rank::Out > Rank::Member && Rank::Member > Rank::Admin);
}

#[test]
fn a_statement_is_named_by_all_it_says_but_for_the_device() {
    let standing = samples::standing();
    let elsewhere = Standing { device: samples::ORIGIN, ..standing.clone() };
    assert_eq!(elsewhere.hash(), standing.hash());
    for other in [
        Standing { rank: Rank::Member, ..standing.clone() },
        Standing { version: 1, ..standing.clone() },
        Standing { keeps: List::new(), ..standing.clone() },
        Standing { by: samples::ACCOUNT, ..standing.clone() },
        Standing { root: RootHash([0; 32]), ..standing.clone() },
    ] {
        assert_ne!(other.hash(), standing.hash());
    }
}

#[test]
fn no_key_is_shown_in_a_log() {
    let shown = format!("{:?}", samples::frames());
    assert!(format!("{:?}", [0x9C_u8; 4]).contains("156, 156"), "the search finds what is there");
    for secret in ["156, 156", "157, 157", "9c9c", "9d9d", "choir"] {
        assert!(!shown.contains(secret), "{secret}");
    }
}
