#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use data_encoding::HEXLOWER;

use super::*;

const EPOCH: u64 = 2_000_000;
const ID: PairId = PairId { generation: 1, id: [5; 8] };

fn account(byte: u8) -> AccountId {
    AccountId::from_random([byte; 16])
}

fn dev(byte: u8) -> DeviceId {
    DeviceId::from_bytes([byte; 32])
}

fn secret() -> PairSecret {
    PairSecret::derive(ID, &[1; 32], (account(1), &[2; 32]), (account(2), &[3; 32]))
}

#[test]
fn both_sides_get_the_same_secret() {
    let turned = PairSecret::derive(ID, &[1; 32], (account(2), &[3; 32]), (account(1), &[2; 32]));
    assert_eq!(turned.expose(), secret().expose());
    assert_eq!(turned.id(), ID);
}

#[test]
fn every_part_counts() {
    let (one, two, three) = ([1; 32], [2; 32], [3; 32]);
    let other_id = PairId { id: [6; 8], ..ID };
    let later = PairId { generation: 2, ..ID };
    let secrets = [
        secret(),
        PairSecret::derive(ID, &[9; 32], (account(1), &two), (account(2), &three)),
        PairSecret::derive(ID, &one, (account(1), &[9; 32]), (account(2), &three)),
        PairSecret::derive(ID, &one, (account(1), &two), (account(2), &[9; 32])),
        PairSecret::derive(ID, &one, (account(1), &three), (account(2), &two)),
        PairSecret::derive(ID, &one, (account(1), &two), (account(3), &three)),
        PairSecret::derive(other_id, &one, (account(1), &two), (account(2), &three)),
        PairSecret::derive(later, &one, (account(1), &two), (account(2), &three)),
    ];
    let different: std::collections::BTreeSet<_> = secrets.iter().map(PairSecret::expose).collect();
    assert_eq!(different.len(), secrets.len());
}

#[test]
fn own_devices_share_a_secret_of_the_generation() {
    let own = |key: u8, generation| *PairSecret::of_own_devices(&[key; 32], account(1), generation).expose();
    assert_eq!(own(1, 1), own(1, 1));
    assert_ne!(own(1, 1), own(1, 2));
    assert_ne!(own(1, 1), own(2, 1));
}

#[test]
fn golden_pair() {
    assert_eq!(HEXLOWER.encode(secret().expose()), "6267f9fd5feb24f1bbf307fa8a187a98ce1d1a1e731d9ae2efcb7647be7857d2");
    assert_eq!(
        HEXLOWER.encode(psk(&secret()).as_slice()),
        "cad6fc285df6e4de5cfe5bdd5e973684a8ee833f839e169d0d9a5b196e1d8ca6"
    );
    assert_eq!(tag(&secret(), &dev(1), &dev(2), EPOCH).to_string(), "4b6f33b4879675d3");
    let own = PairSecret::of_own_devices(&[4; 32], account(1), 1);
    assert_eq!(HEXLOWER.encode(own.expose()), "f87b574f0d6a7959324046c0bbcd47808ec392f74d26880dde600f44d9e29a95");
}

#[test]
fn a_stored_secret_makes_the_same_tags() {
    let stored = PairSecret::new(ID, Zeroizing::new(*secret().expose()));
    assert_eq!(tag(&stored, &dev(1), &dev(2), EPOCH), tag(&secret(), &dev(1), &dev(2), EPOCH));
    assert_eq!(*psk(&stored), *psk(&secret()));
}

#[test]
fn a_tag_has_a_direction() {
    assert_ne!(tag(&secret(), &dev(1), &dev(2), EPOCH), tag(&secret(), &dev(2), &dev(1), EPOCH));
    assert_ne!(tag(&secret(), &dev(1), &dev(2), EPOCH), tag(&secret(), &dev(1), &dev(2), EPOCH + 1));
}

#[test]
fn a_caller_is_known_by_its_tag_for_three_epochs() {
    let (first, second) = (secret(), PairSecret::derive(ID, &[8; 32], (account(1), &[2; 32]), (account(3), &[3; 32])));
    let expected = [(account(2), dev(2), &first), (account(3), dev(3), &second)];
    let table = TagTable::new(dev(1), expected, EPOCH);
    for epoch in EPOCH - 1..=EPOCH + 1 {
        let callers: Vec<_> = table.callers(tag(&first, &dev(2), &dev(1), epoch)).copied().collect();
        assert_eq!(callers, [Caller { account: account(2), device: dev(2), pair: ID }]);
    }
    assert_eq!(table.callers(tag(&first, &dev(2), &dev(1), EPOCH + 2)).count(), 0);
    // Not what I would send, nor what is meant for another device of mine.
    assert_eq!(table.callers(tag(&first, &dev(1), &dev(2), EPOCH)).count(), 0);
    assert_eq!(table.callers(tag(&first, &dev(2), &dev(9), EPOCH)).count(), 0);
    assert_eq!(table.callers(PairTag::from_bytes([0; 8])).count(), 0);
    assert_eq!(table.left_out(), 0);
}

#[test]
fn all_who_share_a_tag_are_named() {
    // The same device and secret under two accounts is the one way to collide on purpose.
    let shared = secret();
    let table = TagTable::new(dev(1), [(account(2), dev(2), &shared), (account(3), dev(2), &shared)], EPOCH);
    let accounts: Vec<_> = table.callers(tag(&shared, &dev(2), &dev(1), EPOCH)).map(|caller| caller.account).collect();
    assert_eq!(accounts, [account(2), account(3)]);
}

#[test]
fn a_former_secret_is_recognised_beside_the_new_one() {
    let later =
        PairSecret::derive(PairId { generation: 2, ..ID }, &[8; 32], (account(1), &[2; 32]), (account(2), &[3; 32]));
    let former = secret();
    let table = TagTable::new(dev(1), [(account(2), dev(2), &former), (account(2), dev(2), &later)], EPOCH);
    for secret in [&former, &later] {
        let callers: Vec<_> = table.callers(tag(secret, &dev(2), &dev(1), EPOCH)).map(|caller| caller.pair).collect();
        assert_eq!(callers, [secret.id()]);
    }
}

#[test]
fn a_pair_secret_is_never_printed() {
    assert_eq!(format!("{:?}", secret()), "PairSecret(PairId(1, 0505…), …)");
}
