#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use lamplit_wire::credential::RootHash;

use super::*;

const FOUNDING: Founding =
    Founding { founder: AccountId::from_bytes([1; 16]), root: RootHash([2; 32]), nonce: [3; 16] };

#[test]
fn a_groups_id_is_its_founders_alone() {
    let id = group_id(&FOUNDING);
    assert_eq!(group_id(&FOUNDING), id);
    let others = [
        Founding { founder: AccountId::from_bytes([9; 16]), ..FOUNDING },
        Founding { root: RootHash([9; 32]), ..FOUNDING },
        Founding { nonce: [9; 16], ..FOUNDING },
    ];
    for other in others {
        assert_ne!(group_id(&other), id);
    }
}

#[test]
fn two_members_share_one_secret_and_no_other_two_do() {
    let (group, secret) = (group_id(&FOUNDING), GroupSecret { generation: 7, secret: [4; 32] });
    let who = |n| AccountId::from_bytes([n; 16]);
    let shared = PairSecret::of_members(group, &secret, who(1), who(2));
    assert_eq!(shared.expose(), PairSecret::of_members(group, &secret, who(2), who(1)).expose());
    let later = GroupSecret { generation: 8, ..secret };
    let elsewhere = GroupId::from_bytes([5; 16]);
    for other in [
        PairSecret::of_members(group, &secret, who(1), who(3)),
        PairSecret::of_members(group, &later, who(1), who(2)),
        PairSecret::of_members(elsewhere, &secret, who(1), who(2)),
        PairSecret::of_members(group, &GroupSecret { secret: [6; 32], ..secret }, who(1), who(2)),
    ] {
        assert_ne!(shared.expose(), other.expose());
    }
}
