#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use data_encoding::HEXLOWER;

use super::*;
use crate::fixture::{device, person};

#[test]
fn a_one_time_key_is_believed_if_its_device_signed_it() {
    let keys = device(1);
    let signed = keys.sign_one_time_key([9; 32]).unwrap();
    assert_eq!(verify_one_time_key(&signed, &keys.id()), Ok([9; 32]));
}

#[test]
fn golden_one_time_key() {
    let signed = device(1).sign_one_time_key([9; 32]).unwrap();
    assert_eq!(
        HEXLOWER.encode(&postcard::to_allocvec(&signed).unwrap()),
        "4d4b18062f8502598de045ca7b69f067f59f93b16e3af8733a988adc2341f5c80909090909090909090909090909090909090909090909090909090909090909c148c5dc7cce7181c4117593cd4cf34ca386df15bba31131791dac2da45b0390404ad89ad20f827dd4925da1e2784e652cab876c4d8beca12c75c304a016270f"
    );
}

#[test]
fn a_one_time_key_of_another_is_not() {
    let (keys, other) = (device(1), device(2));
    let signed = keys.sign_one_time_key([9; 32]).unwrap();
    let error = verify_one_time_key(&signed, &other.id()).unwrap_err();
    assert_eq!(error, OneTimeKeyError::OtherDevice { expected: other.id(), found: keys.id() });

    // Another's key under this device's name, and a changed key.
    for (who, key) in [(other.id(), [9; 32]), (keys.id(), [8; 32])] {
        let mut forged = signed;
        forged.body = OneTimeKey { device: who, key };
        let error = verify_one_time_key(&forged, &who).unwrap_err();
        assert_eq!(error, OneTimeKeyError::Signature { device: who, error: SignatureError });
    }
}

#[test]
fn a_link_is_signed_by_the_device_at_its_end() {
    let owner = person(1);
    let certificate = owner.list.devices().next().unwrap();
    let signature = owner.first.sign_link(b"handshake", Role::Responder);
    assert_eq!(verify_link(certificate, b"handshake", Role::Responder, &signature), Ok(()));

    let refused = Err(LinkProofError { device: certificate.device });
    assert_eq!(verify_link(certificate, b"handshake", Role::Initiator, &signature), refused);
    assert_eq!(verify_link(certificate, b"another", Role::Responder, &signature), refused);
    let other = person(2);
    let of_other = other.first.sign_link(b"handshake", Role::Responder);
    assert_eq!(verify_link(certificate, b"handshake", Role::Responder, &of_other), refused);
}

#[test]
fn golden_link_signature() {
    let signature = device(1).sign_link(&[7; 32], Role::Initiator);
    assert_eq!(
        HEXLOWER.encode(&[signature.r, signature.s].concat()),
        "5a8e0d4c17ccbc772c97a0063fcae99e55c01e97f92a245e48c0d9f265696e299cc56bc1506bfe1ef4b02763a392ed284c6ecb8d0808cf5133cf3e351ea0d800"
    );
}

#[test]
fn each_end_is_the_other_ends_other() {
    assert_eq!(Role::Initiator.other(), Role::Responder);
    assert_eq!(Role::Responder.other(), Role::Initiator);
    assert_ne!(Role::Initiator.byte(), Role::Responder.byte());
}
