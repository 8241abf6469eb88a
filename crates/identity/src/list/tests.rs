#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod merging;

use data_encoding::HEXLOWER;
use lamplit_types::AccountId;
use lamplit_wire::bounded::List;
use lamplit_wire::credential::{CertificateBody, Removal};
use proptest::prelude::*;

use super::*;
use crate::fixture::{NOW, Person, device, person, root};

fn refused(list: DeviceList) -> ListError {
    VerifiedList::verify(list, None).unwrap_err()
}

/// The person's list in which the one certificate says something else, rightly signed by the list key.
fn with_certificate(owner: &Person, change: impl FnOnce(&mut CertificateBody)) -> DeviceList {
    let mut body = owner.list.devices().next().unwrap().body.clone();
    change(&mut body);
    let certificate = owner.list_key.sign(body).unwrap();
    DeviceList { additions: vec![certificate].try_into().unwrap(), ..owner.list.wire().clone() }
}

#[track_caller]
fn faulty(owner: &Person, change: impl FnOnce(&mut CertificateBody), expected: CertificateFault) {
    let error = refused(with_certificate(owner, change));
    assert!(matches!(error, ListError::Certificate { fault, .. } if fault == expected), "{error}");
}

#[test]
fn a_list_under_another_root_is_not_the_pinned_one() {
    let (owner, impostor) = (person(1), person(2));
    let pinned = owner.root.hash();
    assert!(VerifiedList::verify(owner.list.wire().clone(), Some(pinned)).is_ok());
    let error = VerifiedList::verify(impostor.list.wire().clone(), Some(pinned)).unwrap_err();
    assert_eq!(error, ListError::WrongRoot { pinned, found: impostor.root.hash() });
}

#[test]
fn the_root_must_have_signed_the_generation() {
    let owner = person(1);
    let mut other_key = owner.list.wire().clone();
    other_key.generation.body.list_key = person(2).list_key.public();
    assert_eq!(refused(other_key), ListError::RootSignature { number: 1 });

    let mut claimed_root = owner.list.wire().clone();
    claimed_root.root = root(2).public();
    assert_eq!(refused(claimed_root), ListError::RootSignature { number: 1 });
}

#[test]
fn a_generation_follows_another_unless_it_is_the_first() {
    let owner = person(1);
    for (number, previous) in [(0, None), (0, Some([1; 32])), (1, Some([1; 32])), (2, None)] {
        let generation = Generation { number, previous, ..owner.list.generation().clone() };
        let generation = owner.root.sign(generation).unwrap();
        let list = DeviceList { generation, additions: List::new(), ..owner.list.wire().clone() };
        assert_eq!(refused(list), ListError::Chain { number });
    }
}

#[test]
fn devices_come_in_order_and_once() {
    let owner = person(1);
    let list = owner.with(&owner.list, 20);
    let mut turned = list.wire().additions.clone().into_vec();
    turned.reverse();
    let turned = DeviceList { additions: turned.try_into().unwrap(), ..list.wire().clone() };
    assert_eq!(refused(turned), ListError::Order);

    let one = owner.list.devices().next().unwrap();
    let twice = vec![one.clone(), one.clone()].try_into().unwrap();
    assert_eq!(refused(DeviceList { additions: twice, ..owner.list.wire().clone() }), ListError::Order);
}

#[test]
fn a_certificate_that_does_not_belong_spoils_the_list() {
    let owner = person(1);
    let other = AccountId::from_random([9; 16]);
    assert!(VerifiedList::verify(with_certificate(&owner, |_| ()), None).is_ok());
    faulty(&owner, |body| body.claim.account = other, CertificateFault::OtherAccount);
    faulty(&owner, |body| body.generation = 2, CertificateFault::OtherGeneration);
    faulty(&owner, |body| body.expires = body.issued, CertificateFault::Lifetime);
    faulty(&owner, |body| body.expires = body.expires.plus(1), CertificateFault::Lifetime);
    faulty(&owner, |body| body.expires = Wall(0), CertificateFault::Lifetime);
    faulty(&owner, |body| body.claim.noise_static = [9; 32], CertificateFault::ClaimSignature);
    faulty(&owner, |body| body.claim.olm_identity = [9; 32], CertificateFault::ClaimSignature);
    faulty(&owner, |body| body.claim.device = device(20).id(), CertificateFault::ClaimSignature);
}

#[test]
fn a_stranger_cannot_sign_a_device_in() {
    let (owner, thief) = (person(1), person(2));
    let mut certificate = owner.list.devices().next().unwrap().clone();
    certificate = thief.list_key.sign(certificate.body).unwrap();
    let list = DeviceList { additions: vec![certificate].try_into().unwrap(), ..owner.list.wire().clone() };
    let error = refused(list);
    assert!(matches!(error, ListError::Certificate { fault: CertificateFault::ListSignature, .. }), "{error}");
}

#[test]
fn an_expired_certificate_says_when_and_what_to_do() {
    let owner = person(1);
    let id = owner.first.id();
    let end = NOW.plus(CERTIFICATE_MS);
    assert!(owner.list.valid_device(&id, Wall(end.0 - 1)).is_ok());
    let error = owner.list.valid_device(&id, end).unwrap_err();
    assert_eq!(error, DeviceError::Expired { device: id, at: Date(end) });
    assert!(error.to_string().contains("expired on 2028-01-15 08:00 UTC"), "{error}");
    assert!(error.to_string().contains("renews it"), "{error}");
    // It can still be found, to be renewed.
    assert!(owner.list.device(&id).is_some());
}

#[test]
fn a_certificate_from_a_clock_a_year_off_waits_for_its_time() {
    let owner = person(1);
    let id = owner.first.id();
    let just_ahead = Wall(NOW.0 - NOT_BEFORE_GRACE_MS);
    assert!(owner.list.valid_device(&id, just_ahead).is_ok());
    let error = owner.list.valid_device(&id, Wall(just_ahead.0 - 1)).unwrap_err();
    assert_eq!(error, DeviceError::NotYetValid { device: id, from: Date(NOW) });
    assert!(error.to_string().contains("clock"), "{error}");
}

#[test]
fn an_unknown_device_is_unknown() {
    let id = device(20).id();
    assert_eq!(person(1).list.valid_device(&id, NOW), Err(DeviceError::Unknown(id)));
    assert_eq!(person(1).list.device(&id), None);
}

#[test]
fn golden_signatures() {
    let owner = person(1);
    let certificate = owner.list.devices().next().unwrap();
    let hex = |signature: lamplit_wire::credential::Signature| HEXLOWER.encode(&[signature.r, signature.s].concat());
    assert_eq!(
        HEXLOWER.encode(certificate.device.as_bytes()),
        "4213b8be22f2dbee66446e8f73e7a91b867dc25f2343e4c60b4e80e379d7c8a4"
    );
    assert_eq!(
        hex(certificate.claim_signature),
        "ec3819d64bc909fbc27807c75f5597149333ccc4fc20225801f1abbc06d3de265e421953a569662ede1b67fb3cae8c34b591b2bcdf0ff3c3a3565fbfa60c2701"
    );
    assert_eq!(
        hex(certificate.signature),
        "2f8326dfbd26b8b56a7d5ef753d219b21bb7759e49c94a0d4ee8a7b3025f19a79aeeb950fe07ad23c6bca74b0f0bf124b279d3365f3d8fea5a4314fc4653b207"
    );
    assert_eq!(
        hex(owner.list.wire().generation.signature),
        "a6cf768774bf9446cd6ffd46b4a0a2759db4b8cc2d383ade65f8fc2fd88c5433502ce96b44d149e6589ee3d765f1f1c0eaf051fb426e9ea02f0ce8e210e7f506"
    );
    assert_eq!(
        HEXLOWER.encode(&owner.list.head().hash),
        "dfd3e229afaa6c92c92e9f93673bb776985e5753d12c923598f82086e8a005ee"
    );
}

proptest! {
    #[test]
    fn a_list_with_any_bit_changed_is_refused(at in 0usize..100_000, bit in 0u8..8) {
        let mut wire = postcard::to_allocvec(person(1).list.wire()).unwrap();
        let at = at % wire.len();
        wire[at] ^= 1 << bit;
        // As frames are read: bytes left over are an error. Otherwise a list cut off before its certificates is left, which
        // is a list of its own.
        if let Ok((list, [])) = postcard::take_from_bytes::<DeviceList>(&wire) {
            prop_assert!(VerifiedList::verify(list, None).is_err());
        }
    }
}
