#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use chacha20::{ChaCha20Rng, rand_core::SeedableRng};

use super::*;
use crate::{Invite, InviteError};

const NOW: Wall = Wall(1_800_000_000_000);

fn code() -> LinkCode {
    let mut rng = ChaCha20Rng::from_seed([5; 32]);
    let made = crate::fixture::person(1).list;
    let addresses = List::try_from(vec!["192.0.2.7:4242".parse().unwrap()]).unwrap();
    LinkCode::generate(&mut rng, &made, addresses, NOW.plus(LINK_CODE_MS))
}

#[test]
fn a_code_survives_the_way_over_a_screen() {
    let code = code();
    let text = code.to_text().unwrap();
    assert!(text.starts_with("lamplit:link/"));
    let shouted = text.to_uppercase();
    let broken: String =
        shouted.chars().enumerate().flat_map(|(at, c)| if at % 40 == 39 { vec![c, '\n'] } else { vec![c] }).collect();
    assert!(LinkCode::parse(&broken, NOW).unwrap() == code);
}

#[test]
fn what_is_wrong_with_a_code_is_said() {
    let code = code();
    let text = code.to_text().unwrap();
    assert_eq!(LinkCode::parse("lamplit:invite/aaaa", NOW), Err(LinkCodeError::NotALinkCode));
    let cut: String = text.chars().take(text.len() - 3).collect();
    assert_eq!(LinkCode::parse(&cut, NOW), Err(LinkCodeError::Damaged));
    let late = LinkCode::parse(&text, code.expires);
    assert!(matches!(late, Err(LinkCodeError::Expired { .. })));
    assert_eq!(Invite::parse(&text, NOW), Err(InviteError::NotAnInvite), "a link code is no invite");
}

#[test]
fn a_proof_holds_for_one_secret_one_link_and_one_side() {
    let secret = code().secret();
    let proof = secret.proof(&[1; 32], Role::Initiator);
    assert!(secret.is_proof(&[1; 32], Role::Initiator, &proof));
    assert!(!secret.is_proof(&[1; 32], Role::Responder, &proof));
    assert!(!secret.is_proof(&[2; 32], Role::Initiator, &proof));
    assert!(!LinkSecret::from_bytes([0; 32]).is_proof(&[1; 32], Role::Initiator, &proof));
}

#[test]
fn it_is_never_printed() {
    assert_eq!(format!("{:?} {:?}", code(), code().secret()), "LinkCode(…) LinkSecret(…)");
}
