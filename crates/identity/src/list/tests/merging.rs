#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use super::*;
use crate::fixture::rng;
use crate::{NewGeneration, remove_devices, renew_device};

fn next_generation(owner: &Person, list: &VerifiedList, lost: DeviceId, seed: u8) -> NewGeneration {
    let removals = vec![Removal { device: lost, cutoff: [seed; 32] }].try_into().unwrap();
    remove_devices(&mut rng(seed), list, &owner.root, removals, NOW).unwrap()
}

#[track_caller]
fn grown(ours: &VerifiedList, theirs: &VerifiedList) -> VerifiedList {
    match ours.merge(theirs).unwrap() {
        MergeOutcome::Grew(both) => both,
        other => panic!("{other:?}"),
    }
}

#[test]
fn two_devices_each_add_one_while_apart() {
    let owner = person(1);
    let (one, other) = (owner.with(&owner.list, 20), owner.with(&owner.list, 21));
    assert_ne!(one.head(), other.head());
    let both = grown(&one, &other);
    assert_eq!(both, grown(&other, &one));
    assert_eq!(both.devices().len(), 3);
    assert_eq!(VerifiedList::verify(both.wire().clone(), Some(owner.root.hash())).unwrap(), both);
    assert_eq!(both.merge(&both), Ok(MergeOutcome::Same));
    assert_eq!(both.merge(&one), Ok(MergeOutcome::Older));
    assert_eq!(grown(&one, &both), both);
}

#[test]
fn three_lists_give_one_in_whatever_order() {
    let owner = person(1);
    let lists = [20, 21, 22].map(|seed| owner.with(&owner.list, seed));
    let mut heads = Vec::new();
    for [a, b, c] in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        heads.push(grown(&grown(&lists[a], &lists[b]), &lists[c]).head());
    }
    heads.dedup();
    assert_eq!(heads.len(), 1);
}

#[test]
fn the_later_of_two_certificates_stays() {
    let owner = person(1);
    let id = owner.first.id();
    let renewed = renew_device(&owner.list, &owner.list_key, &id, NOW.plus(1000)).unwrap();
    assert_eq!(grown(&owner.list, &renewed), renewed);
    assert_eq!(renewed.merge(&owner.list), Ok(MergeOutcome::Older));
}

#[test]
fn two_certificates_of_one_moment_are_settled_alike_on_both_sides() {
    let owner = person(1);
    let rename = |text| {
        let list = with_certificate(&owner, |body| body.device_name = crate::fixture::name(text));
        VerifiedList::verify(list, None).unwrap()
    };
    let (one, other) = (rename("one"), rename("other"));
    assert_eq!(grown(&one, &other), other);
    assert_eq!(other.merge(&one), Ok(MergeOutcome::Older));
}

#[test]
fn a_new_generation_takes_the_place_of_the_old() {
    let owner = person(1);
    let old = owner.with(&owner.list, 20);
    let lost = device(20).id();
    let new = next_generation(&owner, &old, lost, 1).list;
    assert_eq!(old.merge(&new), Ok(MergeOutcome::Newer(new.clone())));
    assert_eq!(new.merge(&old), Ok(MergeOutcome::Older));
    // What the removed device adds to the old list changes nothing.
    let late = owner.with(&old, 22);
    assert_eq!(new.merge(&late), Ok(MergeOutcome::Older));
    // A list that was away for two generations.
    let newest = next_generation(&owner, &add(&owner, &new, 1), device(23).id(), 2).list;
    assert_eq!(old.merge(&newest), Ok(MergeOutcome::Newer(newest.clone())));
}

/// A device more in generation 2, whose list key came from `seed`.
fn add(owner: &Person, list: &VerifiedList, seed: u8) -> VerifiedList {
    let key = crate::ListKey::generate(&mut rng(seed));
    crate::add_device(list, &key, owner.claim(23), None, NOW).unwrap()
}

#[test]
fn two_generations_of_one_number_are_an_alarm() {
    let owner = person(1);
    let old = owner.with(&owner.with(&owner.list, 20), 21);
    let one = next_generation(&owner, &old, device(20).id(), 1);
    let other = next_generation(&owner, &old, device(21).id(), 2);
    let alarm = MergeError::Forked { number: 2 };
    assert_eq!(one.list.merge(&other.list), Err(alarm.clone()));
    assert_eq!(other.list.merge(&one.list), Err(alarm.clone()));
    assert!(alarm.is_alarm());

    // Also when one of them has gone on.
    let next = next_generation(&owner, &other.list, device(20).id(), 3).list;
    assert_eq!(one.list.merge(&next), Err(alarm.clone()));
    assert_eq!(next.merge(&one.list), Err(alarm));
}

#[test]
fn the_same_removal_signed_twice_with_other_cutoffs_is_an_alarm() {
    let owner = person(1);
    let old = owner.with(&owner.list, 20);
    let one = next_generation(&owner, &old, device(20).id(), 1).list;
    let mut body = one.generation().clone();
    body.removals = vec![Removal { device: device(20).id(), cutoff: [99; 32] }].try_into().unwrap();
    let list = DeviceList { generation: owner.root.sign(body).unwrap(), ..one.wire().clone() };
    let other = VerifiedList::verify(list, None).unwrap();
    assert_eq!(one.merge(&other), Err(MergeError::Forked { number: 2 }));
}

#[test]
fn lists_of_two_accounts_or_two_roots_never_merge() {
    let (owner, other) = (person(1), person(2));
    assert_eq!(owner.list.merge(&other.list), Err(MergeError::OtherAccount));
    assert!(!MergeError::OtherAccount.is_alarm());

    let claim = device(30).claim(owner.account, [1; 32]).unwrap();
    let impostor = crate::create_account(&mut rng(9), &other.root, claim, None, NOW).unwrap();
    assert_eq!(owner.list.merge(&impostor.list), Err(MergeError::OtherRoot));
    assert!(MergeError::OtherRoot.is_alarm());
}

#[test]
fn two_lists_that_are_too_long_together_stay_apart() {
    let owner = person(1);
    let mut nearly = owner.list.clone();
    for seed in 1..limits::DEVICES as u8 - 1 {
        nearly = owner.with(&nearly, seed);
    }
    let (one, other) = (owner.with(&nearly, 40), owner.with(&nearly, 41));
    let error = one.merge(&other).unwrap_err();
    assert_eq!(error, MergeError::Full { found: limits::DEVICES + 1 });
    assert!(!error.is_alarm());
}
