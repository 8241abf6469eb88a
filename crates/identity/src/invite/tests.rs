#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use proptest::prelude::*;

use data_encoding::BASE32_NOPAD;

use super::*;
use crate::armour::checksum;
use crate::fixture::{NOW, person, rng};

fn invite() -> Invite {
    Invite {
        id: InviteId::from_bytes([1; 16]),
        secret: InviteSecret::from_bytes([2; 32]),
        account: AccountId::from_bytes([3; 16]),
        root_hash: RootHash([4; 32]),
        expires: NOW.plus(INVITE_MS),
        addresses: vec!["192.168.178.23:4433".parse().unwrap(), "[fd00::1]:4433".parse().unwrap()].try_into().unwrap(),
        name: Name::parse("Anna Lamp").unwrap(),
    }
}

fn link_of(bytes: &[u8]) -> String {
    let bytes = [bytes, &checksum(bytes)].concat();
    format!("{PREFIX}{}", BASE32_NOPAD.encode(&bytes))
}

fn parse(link: &str) -> Result<Invite, InviteError> {
    Invite::parse(link, NOW)
}

#[test]
fn golden_link() {
    assert_eq!(
        invite().to_link().unwrap(),
        "lamplit:invite/aeaqcaibaeaqcaibaeaqcaibaeaqeaqcaibaeaqcaibaeaqcaibaeaqcaibaeaqcaibaeaqcaibaeaqdambqgaydambqgaydambqgaydaqcaibaeaqcaibaeaqcaibaeaqcaibaeaqcaibaeaqcaibaeaqcibkfd4oztiaqayculef6reia72aaaaaaaaaaaaaaaaaaaaaaadujcbfaw43tbebggc3lqiuy6vdi"
    );
}

#[test]
fn a_link_comes_back_as_the_invite() {
    let owner = person(1);
    let name = Name::parse("Anna").unwrap();
    let made = Invite::generate(&mut rng(1), &owner.list, name, List::new(), NOW.plus(INVITE_MS));
    assert_eq!(made.account, owner.account);
    assert_eq!(made.root_hash, owner.root.hash());
    assert_eq!(parse(&made.to_link().unwrap()), Ok(made.clone()));
    assert_eq!(parse(&invite().to_link().unwrap()), Ok(invite()));

    let again = Invite::generate(&mut rng(2), &owner.list, made.name.clone(), List::new(), made.expires);
    assert_ne!(again.id, made.id);
    assert_ne!(again.secret, made.secret);
}

#[test]
fn a_usual_link_fits_a_terminal() {
    let mut usual = invite();
    usual.addresses =
        vec!["192.168.178.23:4433".parse().unwrap(), "10.0.0.7:4433".parse().unwrap()].try_into().unwrap();
    let link = usual.to_link().unwrap();
    assert!(link.len() < 250, "{}", link.len());
}

#[test]
fn the_longest_invite_is_still_read() {
    let mut longest = invite();
    let address = "[2001:db8:ffff:ffff:ffff:ffff:ffff:ffff]:65535".parse().unwrap();
    longest.addresses = vec![address; INVITE_ADDRESSES].try_into().unwrap();
    longest.name = Name::parse(&"n".repeat(limits::NAME_BYTES)).unwrap();
    longest.expires = Wall(u64::MAX);
    let link = longest.to_link().unwrap();
    assert!(link.len() < INVITE_LINK_CHARS, "{}", link.len());
    assert_eq!(parse(&link), Ok(longest));
}

#[test]
fn a_link_may_be_pasted_carelessly() {
    let link = invite().to_link().unwrap();
    assert_eq!(parse(&link.to_ascii_uppercase()), Ok(invite()));
    let (start, end) = link.split_at(80);
    assert_eq!(parse(&format!("  {start}\r\n   {end}\n")), Ok(invite()));
}

#[test]
fn something_else_is_no_invite() {
    for text in ["", "hello", "https://example.org/invite/aaaa", "lamplit:", "lamplit:invite", "lämplit:invite/aaaa"] {
        assert_eq!(parse(text), Err(InviteError::NotAnInvite), "{text}");
    }
}

#[test]
fn half_a_link_is_damaged() {
    let link = invite().to_link().unwrap();
    for end in PREFIX.len()..link.len() {
        assert_eq!(parse(link.get(..end).unwrap()), Err(InviteError::Damaged), "{end}");
    }
    assert_eq!(parse(&format!("{link}a")), Err(InviteError::Damaged));
    assert_eq!(parse(&link.replace("invite/a", "invite/1")), Err(InviteError::Damaged));
}

#[test]
fn a_far_too_long_text_is_not_read() {
    assert_eq!(parse(&"a".repeat(INVITE_LINK_CHARS + 1)), Err(InviteError::TooLong));
}

#[test]
fn a_later_version_asks_for_an_update() {
    let error = parse(&link_of(&[2, 9, 9, 9])).unwrap_err();
    assert_eq!(error, InviteError::LaterVersion { version: 2 });
    assert!(error.to_string().contains("update"), "{error}");
    assert_eq!(parse(&link_of(&[0, 9, 9, 9])), Err(InviteError::Damaged));
    assert_eq!(parse(&link_of(&[])), Err(InviteError::Damaged));
}

#[test]
fn fields_that_do_not_fit_are_damage() {
    let fields = postcard::to_allocvec(&invite()).unwrap();
    assert_eq!(parse(&link_of(&[&[VERSION][..], &fields].concat())), Ok(invite()));
    assert_eq!(parse(&link_of(&[&[VERSION][..], &fields, &[0]].concat())), Err(InviteError::Damaged));

    let mut hidden = fields.clone();
    let last = hidden.len() - 1;
    hidden[last] = 0x07;
    assert_eq!(parse(&link_of(&[&[VERSION][..], &hidden].concat())), Err(InviteError::Damaged), "a bell in the name");

    let nine = vec!["192.168.178.23:4433".parse::<SocketAddr>().unwrap(); INVITE_ADDRESSES + 1];
    let start = (invite().id, invite().secret, invite().account, invite().root_hash, invite().expires);
    let nine = postcard::to_allocvec(&(start, nine, invite().name)).unwrap();
    assert_eq!(parse(&link_of(&[&[VERSION][..], &nine].concat())), Err(InviteError::Damaged), "nine addresses");
}

#[test]
fn an_expired_invite_says_when() {
    let link = invite().to_link().unwrap();
    let end = invite().expires;
    assert!(Invite::parse(&link, Wall(end.0 - 1)).is_ok());
    let error = Invite::parse(&link, end).unwrap_err();
    assert_eq!(error, InviteError::Expired { at: Date(end) });
    assert_eq!(error.to_string(), "this invite expired on 2027-01-22 08:00 UTC: ask for a new one");
}

#[test]
fn a_proof_holds_for_one_secret_one_link_and_one_side() {
    let secret = InviteSecret::from_bytes([2; 32]);
    let proof = secret.proof(b"handshake", Role::Initiator);
    assert!(secret.is_proof(b"handshake", Role::Initiator, &proof));
    assert!(!secret.is_proof(b"handshake", Role::Responder, &proof));
    assert!(!secret.is_proof(b"another handshake", Role::Initiator, &proof));
    assert!(!InviteSecret::from_bytes([3; 32]).is_proof(b"handshake", Role::Initiator, &proof));
    assert!(!secret.is_proof(b"handshake", Role::Initiator, &[0; 32]));
    assert_eq!(
        data_encoding::HEXLOWER.encode(&proof),
        "2c983edad52e9973559d37045c3ff910f6346fea694f23728f1fc63016ff7e16"
    );
}

#[test]
fn the_secret_is_never_printed() {
    let shown = format!("{:?}", invite());
    assert!(shown.contains("InviteSecret(…)"), "{shown}");
    assert!(!shown.contains("0202") && !shown.contains("2, 2"), "{shown}");
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text: String) {
        prop_assert!(parse(&text).is_err());
        let link = format!("{PREFIX}{text}");
        prop_assert!(parse(&link).is_err());
    }

    #[test]
    fn any_fields_are_read_or_refused(bytes: Vec<u8>) {
        if let Ok(invite) = parse(&link_of(&[&[VERSION][..], &bytes].concat())) {
            prop_assert_eq!(parse(&invite.to_link().unwrap()), Ok(invite));
        }
    }

    #[test]
    fn one_wrong_letter_is_noticed(at in 0usize..10_000, to in "[a-z2-7]") {
        let mut link = invite().to_link().unwrap();
        let at = PREFIX.len() + at % (link.len() - PREFIX.len());
        let same = link.get(at..=at) == Some(&to);
        link.replace_range(at..=at, &to);
        prop_assert_eq!(parse(&link).is_ok(), same);
    }
}
