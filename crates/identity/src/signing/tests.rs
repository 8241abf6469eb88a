#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use data_encoding::HEXLOWER;
use lamplit_types::{AccountId, DeviceId};
use lamplit_wire::credential::{DeviceClaim, OneTimeKey};
use proptest::prelude::*;

use super::*;

fn bytes<const N: usize>(hex: &str) -> [u8; N] {
    HEXLOWER.decode(hex.as_bytes()).unwrap().try_into().unwrap()
}

/// RFC 8032, 7.1: secret key, public key, message, R, S.
const RFC_8032: [[&str; 5]; 3] = [
    [
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155",
        "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ],
    [
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da",
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ],
    [
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac",
        "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ],
];

#[test]
fn the_vectors_of_rfc_8032() {
    for [secret, public, message, r, s] in RFC_8032 {
        let signer = Signer::from_seed(&bytes(secret));
        let message = HEXLOWER.decode(message.as_bytes()).unwrap();
        let expected = Signature { r: bytes(r), s: bytes(s) };
        assert_eq!(signer.public(), bytes(public));
        assert_eq!(signer.sign_bytes(&message), expected);
        assert_eq!(verify_bytes(&message, &expected, &bytes(public)), Ok(()));
        assert_eq!(verify_bytes(b"another message", &expected, &bytes(public)), Err(SignatureError));
    }
}

#[test]
fn a_key_of_small_order_signs_nothing() {
    // The neutral point as key and as R, with S = 0, holds for every message unless verification is strict.
    let mut neutral = [0; 32];
    neutral[0] = 1;
    let signature = Signature { r: neutral, s: [0; 32] };
    let loose = VerifyingKey::from_bytes(&neutral).unwrap();
    let dalek = ed25519_dalek::Signature::from_components(signature.r, signature.s);
    assert!(ed25519_dalek::Verifier::verify(&loose, b"anything", &dalek).is_ok());
    assert_eq!(verify_bytes(b"anything", &signature, &neutral), Err(SignatureError));
}

#[test]
fn bytes_that_are_no_point_are_no_key() {
    let signature = Signer::from_seed(&[1; 32]).sign_bytes(b"x");
    let mut no_point = [0xFF; 32];
    no_point[31] = 0x7F;
    assert_eq!(verify_bytes(b"x", &signature, &no_point), Err(SignatureError));
    assert_eq!(verify_bytes(b"x", &signature, &[2; 32]), Err(SignatureError));
}

#[test]
fn a_signature_of_one_kind_is_none_of_another() {
    // Two kinds of body with the same bytes.
    #[derive(serde::Serialize)]
    struct Other(OneTimeKey);
    impl Signable for Other {
        const LABEL: &'static str = "lamplit/1/other";
    }
    let signer = Signer::from_seed(&[1; 32]);
    let body = OneTimeKey { device: DeviceId::from_bytes([2; 32]), key: [3; 32] };
    let signed = signer.sign(body).unwrap();
    assert_eq!(verify(&signed, &signer.public()), Ok(&body));
    let other = Signed { body: Other(body), signature: signed.signature };
    assert!(verify(&other, &signer.public()).is_err());
}

proptest! {
    #[test]
    fn any_change_is_noticed(at in 0usize..112, bit in 0u8..8, in_signature: bool, half: bool) {
        let signer = Signer::from_seed(&[1; 32]);
        let claim = DeviceClaim {
            account: AccountId::from_bytes([4; 16]),
            device: DeviceId::from_bytes([5; 32]),
            noise_static: [6; 32],
            olm_identity: [7; 32],
        };
        let mut signed = signer.sign(claim).unwrap();
        if in_signature {
            let part = if half { &mut signed.signature.r } else { &mut signed.signature.s };
            part[at % 32] ^= 1 << bit;
        } else {
            let mut wire = postcard::to_allocvec(&claim).unwrap();
            wire[at] ^= 1 << bit;
            signed.body = postcard::from_bytes(&wire).unwrap();
        }
        prop_assert_eq!(verify(&signed, &signer.public()), Err(SignatureError));
    }
}
