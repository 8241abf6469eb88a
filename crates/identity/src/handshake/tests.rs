#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use ed25519_dalek::{Signature, VerifyingKey};
use lamplit_types::AccountId;
use lamplit_wire::credential::signing_bytes;

use super::*;
use crate::fixture::device;

fn handshake(hash: &[u8]) -> Vec<u8> {
    [BEGIN.as_slice(), b"TLS 1.3, client CertificateVerify\0", hash].concat()
}

#[test]
fn a_handshake_is_signed_with_the_key_that_is_the_devices_id() {
    let device = device(1);
    let key = device.handshake_key();
    assert_eq!(key.public(), *device.id().as_bytes());
    let message = handshake(&[7; 32]);
    let signature = Signature::from_bytes(&key.sign(&message).unwrap());
    VerifyingKey::from_bytes(&key.public()).unwrap().verify_strict(&message, &signature).unwrap();
}

#[test]
fn nothing_else_is_signed() {
    let device = device(1);
    let key = device.handshake_key();
    let claim = device.claim(AccountId::from_bytes([1; 16]), [2; 32]).unwrap();
    let labelled = signing_bytes(&claim.body).unwrap();
    let server = [BEGIN.as_slice(), b"TLS 1.3, server CertificateVerify\0", &[7; 32]].concat();
    let short = handshake(&[7; 32]).split_off(1);
    for message in [labelled, server, short, Vec::new(), vec![b' '; 200]] {
        assert_eq!(key.sign(&message), None, "{message:?}");
    }
}
