#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use lamplit_types::{DeviceId, GroupId, Name};
use lamplit_wire::credential::{RootHash, Signature};
use proptest::prelude::*;

use super::*;

const GROUP: GroupId = GroupId::from_bytes([9; 16]);
const FOUNDER: AccountId = AccountId::from_bytes([1; 16]);

fn who(n: u8) -> AccountId {
    AccountId::from_bytes([n; 16])
}

fn signed<B>(body: B) -> Signed<B> {
    Signed { body, signature: Signature { r: [0; 32], s: [0; 32] } }
}

fn word(by: u8, account: u8, version: u32, rank: Rank, kept: Vec<StatementHash>) -> Statement {
    signed(Standing {
        group: GROUP,
        account: who(account),
        root: RootHash([account; 32]),
        name: Name::parse("somebody").unwrap(),
        version,
        rank,
        keeps: kept.try_into().unwrap(),
        by: who(by),
        device: DeviceId::from_bytes([by; 32]),
    })
}

fn called(by: u8, name: &str, version: u32) -> Signed<GroupName> {
    let device = DeviceId::from_bytes([by; 32]);
    signed(GroupName { group: GROUP, name: Name::parse(name).unwrap(), version, by: who(by), device })
}

/// The founder, 1; an admin, 2; a member whom the admin added, 3.
fn choir() -> Charter {
    Charter::new(FOUNDER).merge(
        [word(1, 1, 1, Rank::Admin, vec![]), word(1, 2, 1, Rank::Admin, vec![]), word(2, 3, 1, Rank::Member, vec![])],
        [called(1, "choir", 1)],
    )
}

/// What a device of `by` would say.
fn says(charter: &Charter, by: u8, account: u8, rank: Rank) -> Statement {
    let kept = if rank == Rank::Admin { vec![] } else { charter.signed_by(who(account)) };
    word(by, account, charter.next_version(who(account)), rank, kept)
}

fn name_of(charter: &Charter) -> &str {
    charter.name().unwrap().name.as_str()
}

#[test]
fn founder_and_admins_decide_who_is_in() {
    let choir = choir();
    assert!(choir.is_admin(who(1)) && choir.is_admin(who(2)) && choir.is_member(who(3)));
    let out = choir.merge([says(&choir, 2, 3, Rank::Out)], []);
    assert!(!out.is_member(who(3)));
    let again = out.merge([says(&out, 2, 3, Rank::Member)], []);
    assert!(again.is_member(who(3)));
    assert_eq!(choir.may_add(who(3)), Err(Denied::NotAnAdmin));
    assert_eq!(choir.may_add(who(7)), Err(Denied::NotAMember));
    assert_eq!(choir.may_remove(who(2), who(1)), Err(Denied::NotTheFounder));
    assert_eq!(choir.may_name_admins(who(2)), Err(Denied::NotTheFounder));
    assert_eq!(choir.may_remove(who(1), who(2)), Ok(()));
}

#[test]
fn who_claims_what_they_are_not_is_not_heard() {
    let choir = choir();
    let claims = [
        word(3, 3, 9, Rank::Admin, vec![]),
        word(3, 4, 9, Rank::Member, vec![]),
        word(3, 2, 9, Rank::Out, vec![]),
        word(2, 2, 9, Rank::Admin, vec![]),
        word(2, 1, 9, Rank::Out, vec![]),
        word(2, 3, 9, Rank::Admin, vec![]),
        word(7, 7, 9, Rank::Member, vec![]),
    ];
    for claim in claims {
        assert_eq!(choir.merge([claim.clone()], []), choir, "{claim:?}");
    }
    assert_eq!(name_of(&choir.merge([], [called(7, "mine", 9)])), "choir");
}

#[test]
fn an_old_state_changes_nothing() {
    let old = choir();
    let new = old.merge([says(&old, 1, 3, Rank::Out)], [called(2, "band", 2)]);
    assert_eq!(new.merge(old.statements().cloned(), old.name().cloned()), new);
}

#[test]
fn what_a_removed_admin_had_signed_stays_and_nothing_more() {
    let choir = choir();
    let without = choir.merge([says(&choir, 1, 2, Rank::Out)], []);
    assert!(!without.is_member(who(2)) && without.is_member(who(3)));
    // Whatever version they claim, and however early they say it was.
    for late in [word(2, 4, 1, Rank::Member, vec![]), word(2, 3, 50, Rank::Out, vec![])] {
        assert_eq!(without.merge([late], []), without);
    }
    assert_eq!(name_of(&without.merge([], [called(2, "mine", 50)])), "choir");
}

#[test]
fn leaving_is_ones_own_right_and_takes_nobody_along() {
    let choir = choir();
    for leaver in [1, 2, 3] {
        let left = choir.merge([says(&choir, leaver, leaver, Rank::Out)], []);
        assert!(!left.is_member(who(leaver)), "{leaver}");
        assert_eq!(left.members().count(), 2, "{leaver}");
        assert_eq!(name_of(&left), "choir");
    }
    assert_eq!(choir.merge([word(3, 2, 5, Rank::Out, vec![])], []), choir, "others cannot leave for them");
}

#[test]
fn a_removal_wins_over_what_was_said_at_the_same_time() {
    let choir = choir();
    let (out, up) = (says(&choir, 1, 3, Rank::Out), says(&choir, 1, 3, Rank::Admin));
    let merged = choir.merge([out.clone(), up.clone()], []);
    assert_eq!(merged, choir.merge([up], []).merge([out], []));
    assert!(!merged.is_member(who(3)));
}

#[test]
fn every_member_may_rename_and_the_last_name_stays_when_they_go() {
    let choir = choir();
    let renamed = choir.merge([], [called(3, "quartet", 2)]);
    assert_eq!(name_of(&renamed), "quartet");
    let gone = renamed.merge([says(&renamed, 2, 3, Rank::Out)], []);
    assert_eq!(name_of(&gone), "quartet");
    assert_eq!(name_of(&gone.merge([], [called(3, "mine", 3)])), "quartet");
}

#[test]
fn a_charter_has_room_for_so_many_people_whoever_brings_them() {
    let many = |from: u32| {
        (from..from + 150).map(move |n| {
            let mut id = [8; 16];
            id[..4].copy_from_slice(&n.to_be_bytes());
            let mut statement = word(1, 5, 1, Rank::Member, vec![]);
            statement.body.account = AccountId::from_bytes(id);
            statement
        })
    };
    let (one, other) = (choir().merge(many(0), []), choir().merge(many(1000), []));
    let (a, b) = (one.merge(other.statements().cloned(), []), other.merge(one.statements().cloned(), []));
    assert_eq!(a.people().count(), GROUP_PEOPLE);
    assert_eq!(a, b);
    assert!(a.is_member(FOUNDER));
}

/// Somebody, where they are, does something, or two meet.
#[derive(Clone, Copy, Debug)]
enum Turn {
    Say { at: usize, account: u8, rank: Rank },
    Name { at: usize, version: u32 },
    Meet { one: usize, other: usize },
}

fn turns() -> impl Strategy<Value = Vec<Turn>> {
    let rank = prop_oneof![Just(Rank::Admin), Just(Rank::Member), Just(Rank::Out)];
    let turn = prop_oneof![
        3 => (0..5_usize, 1..8_u8, rank).prop_map(|(at, account, rank)| Turn::Say { at, account, rank }),
        1 => (0..5_usize, 1..6_u32).prop_map(|(at, version)| Turn::Name { at, version }),
        2 => (0..5_usize, 0..5_usize).prop_map(|(one, other)| Turn::Meet { one, other }),
    ];
    proptest::collection::vec(turn, 0..40)
}

proptest! {
    /// Five people of whom some claim what they may not say; in the end all who meet have one group.
    #[test]
    fn changes_made_apart_come_together(turns in turns()) {
        let mut all: Vec<Charter> = vec![choir(); 5];
        let meet = |all: &mut Vec<Charter>, one: usize, other: usize| {
            let (a, b) = (all[one].clone(), all[other].clone());
            all[one] = a.merge(b.statements().cloned(), b.name().cloned());
            all[other] = b.merge(a.statements().cloned(), a.name().cloned());
            assert_eq!(all[one], all[other], "both came to the same");
        };
        for turn in turns {
            match turn {
                Turn::Say { at, account, rank } => {
                    let by = u8::try_from(at).unwrap() + 1;
                    let statement = says(&all[at], by, account, rank);
                    all[at] = all[at].merge([statement], []);
                }
                Turn::Name { at, version } => {
                    let by = u8::try_from(at).unwrap() + 1;
                    all[at] = all[at].merge([], [called(by, &format!("{by} {version}"), version)]);
                }
                Turn::Meet { one, other } => meet(&mut all, one, other),
            }
        }
        for _ in 0..4 {
            for one in 0..5 {
                for other in 0..5 {
                    meet(&mut all, one, other);
                }
            }
        }
        for charter in &all {
            prop_assert_eq!(charter, &all[0]);
            prop_assert_eq!(charter.merge(charter.statements().cloned(), charter.name().cloned()), charter.clone());
        }
    }
}
