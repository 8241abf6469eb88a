#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use lamplit_types::limits;

use super::*;
use crate::fixture::{NOW, Person, device, name, person, rng, root};
use crate::{DeviceError, ListError, MergeOutcome};

fn removal(device: DeviceId) -> Removal {
    Removal { device, cutoff: [7; 32] }
}

fn remove(owner: &Person, list: &VerifiedList, devices: &[DeviceId]) -> Result<NewGeneration, RemoveError> {
    let removals = devices.iter().copied().map(removal).collect::<Vec<_>>().try_into().unwrap();
    remove_devices(&mut rng(77), list, &owner.root, removals, NOW.plus(1))
}

/// Whoever receives the list takes it.
#[track_caller]
fn holds(owner: &Person, list: &VerifiedList) {
    let back = VerifiedList::verify(list.wire().clone(), Some(owner.root.hash())).unwrap();
    assert_eq!(&back, list);
}

#[test]
fn a_new_account_has_one_device_in_generation_one() {
    let owner = person(1);
    holds(&owner, &owner.list);
    assert_eq!(owner.list.account(), owner.account);
    assert_eq!(owner.list.generation().number, 1);
    assert_eq!(owner.list.generation().list_key, owner.list_key.public());
    assert_eq!(owner.list.generation().recovery_key, owner.root.recovery_key(1).public());
    let certificate = owner.list.valid_device(&owner.first.id(), NOW).unwrap();
    assert_eq!(certificate.noise_static, owner.first.noise_public());
    assert_eq!(certificate.device_name, name("first"));
    assert_eq!(certificate.expires, NOW.plus(CERTIFICATE_MS));
}

#[test]
fn a_device_is_added_by_whoever_holds_the_list_key() {
    let owner = person(1);
    let list = owner.with(&owner.list, 20);
    holds(&owner, &list);
    assert_eq!(list.devices().len(), 2);
    assert!(list.valid_device(&device(20).id(), NOW).is_ok());
    assert_ne!(list.head(), owner.list.head());
}

#[test]
fn a_device_must_ask_for_this_very_account() {
    let (owner, other) = (person(1), person(2));
    let add = |claim| add_device(&owner.list, &owner.list_key, claim, None, NOW);
    assert_eq!(add(other.claim(20)), Err(AddError::OtherAccount));

    // Somebody else's device, with the account changed after it signed.
    let mut stolen = other.claim(20);
    stolen.body.account = owner.account;
    assert_eq!(add(stolen), Err(AddError::Claim(SignatureError)));

    let first = create_account(&mut rng(9), &owner.root, stolen, None, NOW);
    assert_eq!(first.unwrap_err(), SetUpError::Claim(SignatureError));
}

#[test]
fn another_generations_list_key_adds_nothing() {
    let (owner, other) = (person(1), person(2));
    let added = add_device(&owner.list, &other.list_key, owner.claim(20), None, NOW);
    assert_eq!(added, Err(AddError::WrongListKey { generation: 1 }));
}

#[test]
fn a_full_account_takes_no_further_device() {
    let owner = person(1);
    let mut list = owner.list.clone();
    for seed in 1..limits::DEVICES as u8 {
        list = owner.with(&list, seed);
    }
    holds(&owner, &list);
    assert_eq!(list.devices().len(), limits::DEVICES);
    let one_more = add_device(&list, &owner.list_key, owner.claim(99), None, NOW);
    assert_eq!(one_more, Err(AddError::Full));
    // One that is there may still be renewed.
    assert!(renew_device(&list, &owner.list_key, &owner.first.id(), NOW).is_ok());
}

#[test]
fn a_renewed_certificate_lasts_longer_over_the_same_keys() {
    let owner = person(1);
    let id = owner.first.id();
    let later = NOW.plus(CERTIFICATE_MS - 1);
    assert!(!owner.list.renewal_due(&id, NOW.plus(CERTIFICATE_MS / 2)));
    assert!(owner.list.renewal_due(&id, NOW.plus(CERTIFICATE_MS / 2 + 1)));

    let list = renew_device(&owner.list, &owner.list_key, &id, later).unwrap();
    holds(&owner, &list);
    assert_eq!(list.devices().len(), 1);
    assert!(list.valid_device(&id, later.plus(CERTIFICATE_MS - 1)).is_ok());
    assert_eq!(list.device(&id).unwrap().claim, owner.list.device(&id).unwrap().claim);
    assert_eq!(list.device(&id).unwrap().device_name, name("first"));
    assert!(!list.renewal_due(&id, later));
}

#[test]
fn a_renewal_counts_even_if_the_clock_was_set_back() {
    let owner = person(1);
    let id = owner.first.id();
    let list = renew_device(&owner.list, &owner.list_key, &id, Wall(5)).unwrap();
    let (before, after) = (owner.list.device(&id).unwrap(), list.device(&id).unwrap());
    assert!(after.issued < before.issued && after.serial > before.serial);
    holds(&owner, &list);
    let MergeOutcome::Grew(merged) = owner.list.merge(&list).unwrap() else { panic!("the renewal is the greater") };
    assert_eq!(merged.device(&id), Some(after));
}

#[test]
fn a_certificate_of_a_clock_a_year_ahead_is_renewed_as_soon_as_the_clock_is_right() {
    let owner = person(1);
    let id = owner.first.id();
    let issued = owner.list.device(&id).unwrap().issued;
    let year = 365 * limits::DAY_MS;
    let wrong = renew_device(&owner.list, &owner.list_key, &id, issued.plus(year)).unwrap();
    assert!(matches!(wrong.valid_device(&id, issued), Err(DeviceError::NotYetValid { .. })));
    assert!(wrong.renewal_due(&id, issued));
    let right = renew_device(&wrong, &owner.list_key, &id, issued).unwrap();
    assert!(right.valid_device(&id, issued).is_ok() && !right.renewal_due(&id, issued));
    assert!(matches!(wrong.merge(&right), Ok(MergeOutcome::Grew(_))));
}

#[test]
fn nobody_renews_a_stranger() {
    let owner = person(1);
    let stranger = device(20).id();
    assert_eq!(renew_device(&owner.list, &owner.list_key, &stranger, NOW), Err(AddError::Unknown(stranger)));
    assert!(!owner.list.renewal_due(&stranger, NOW));
}

#[test]
fn a_removal_starts_a_generation_without_the_device() {
    let owner = person(1);
    let before = owner.with(&owner.with(&owner.list, 20), 21);
    let lost = device(20).id();
    let NewGeneration { list, list_key } = remove(&owner, &before, &[lost]).unwrap();
    holds(&owner, &list);

    assert_eq!(list.generation().number, 2);
    assert_eq!(list.generation().previous, Some(before.generation().hash().unwrap()));
    assert_eq!(list.generation().recovery_key, owner.root.recovery_key(2).public());
    assert_ne!(list_key.public(), owner.list_key.public());
    assert_eq!(list.devices().len(), 2);
    assert_eq!(list.valid_device(&lost, NOW), Err(DeviceError::Removed(lost)));
    assert!(list.valid_device(&owner.first.id(), NOW).is_ok());
    assert!(list.valid_device(&device(21).id(), NOW).is_ok());

    // Neither the old list key nor a new claim brings it back.
    let old_key = add_device(&list, &owner.list_key, owner.claim(22), None, NOW);
    assert_eq!(old_key, Err(AddError::WrongListKey { generation: 2 }));
    assert_eq!(add_device(&list, &list_key, owner.claim(20), None, NOW), Err(AddError::Removed(lost)));
}

#[test]
fn a_removed_device_signed_in_by_force_is_not_believed() {
    let owner = person(1);
    let before = owner.with(&owner.list, 20);
    let NewGeneration { list, list_key } = remove(&owner, &before, &[device(20).id()]).unwrap();
    let forced = certify(&list_key, 2, 1, owner.claim(20), None, NOW).unwrap();
    let mut additions = list.wire().additions.clone().into_vec();
    additions.push(forced);
    additions.sort_by_key(|certificate| certificate.device);
    let shown = DeviceList { additions: additions.try_into().unwrap(), ..list.wire().clone() };
    let error = VerifiedList::verify(shown, None).unwrap_err();
    assert!(
        matches!(error, ListError::Certificate { device: found, fault: crate::CertificateFault::Removed } if found == device(20).id())
    );
}

#[test]
fn only_the_right_phrase_removes() {
    let owner = person(1);
    let list = owner.with(&owner.list, 20);
    let removals: List<Removal, { limits::DEVICES }> = vec![removal(device(20).id())].try_into().unwrap();
    let error = remove_devices(&mut rng(1), &list, &root(2), removals, NOW).unwrap_err();
    assert_eq!(error, RemoveError::WrongRoot);
}

#[test]
fn a_removal_makes_sense_or_is_refused() {
    let owner = person(1);
    let list = owner.with(&owner.list, 20);
    let (first, second, stranger) = (owner.first.id(), device(20).id(), device(21).id());
    let refused = |devices: &[DeviceId]| remove(&owner, &list, devices).unwrap_err();
    assert_eq!(refused(&[]), RemoveError::Nothing);
    assert_eq!(refused(&[stranger]), RemoveError::Unknown(stranger));
    assert_eq!(refused(&[first, first]), RemoveError::Twice(first));
    assert_eq!(refused(&[first, second]), RemoveError::NobodyLeft);
}
