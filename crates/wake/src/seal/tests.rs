use data_encoding::BASE64URL_NOPAD;

use super::*;
use crate::receiver::Device;

fn bytes(text: &str) -> Vec<u8> {
    BASE64URL_NOPAD.decode(text.as_bytes()).unwrap()
}

fn private(text: &str) -> PrivateKey {
    PrivateKey::from_private_key(&ECDH_P256, &bytes(text)).unwrap()
}

/// The keys, the secret and the salt of RFC 8291, appendix A.
fn of_appendix_a() -> (Device, PrivateKey, [u8; 16]) {
    let auth = bytes("BTBZMqHH6r4Tts7J_aSIgg").try_into().unwrap();
    let device = Device::of(private("q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94"), auth).unwrap();
    let salt = bytes("DGv6ra1nlYgDCS1FRnbzlw").try_into().unwrap();
    (device, private("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"), salt)
}

#[test]
fn what_rfc_8291_seals_in_appendix_a_we_seal_too() {
    let (device, key, salt) = of_appendix_a();
    let public = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4";
    assert_eq!(device.keys().0, bytes(public));
    let target = device.target("https://push.example.net/push/JzLQ3raZJfFBR0aqvOMsLrt54w4rJUsV").unwrap();
    let record = [b"When I grow up, I want to be a watermelon".as_slice(), &[LAST]].concat();
    let sealed = seal_record(&target, &key, salt, record).unwrap();
    let expected = "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN";
    assert_eq!(BASE64URL_NOPAD.encode(&sealed), expected);
    assert_eq!(device.open(&bytes(expected)).unwrap(), b"When I grow up, I want to be a watermelon");
}

#[test]
fn every_wake_has_one_length_and_no_two_have_the_same_bytes() {
    let (one, other) = (Device::new().unwrap(), Device::new().unwrap());
    let seal_for = |device: &Device| seal(&device.target("https://push.example/").unwrap()).unwrap();
    let sealed = [seal_for(&one), seal_for(&one), seal_for(&other)];
    // Salt, length of a record, key with its length, what is said, tag.
    assert!(sealed.iter().all(|sealed| sealed.len() == 16 + 4 + 1 + 65 + SEALED_BYTES + 16));
    for (one, other) in [(0, 1), (0, 2), (1, 2)] {
        assert_ne!(sealed[one][..16], sealed[other][..16], "the same salt");
        assert_ne!(sealed[one][21..86], sealed[other][21..86], "the same key");
        assert_ne!(sealed[one][86..], sealed[other][86..]);
    }
}

#[test]
fn only_the_device_opens_it_and_only_as_it_was_sealed() {
    let (device, stranger) = (Device::new().unwrap(), Device::new().unwrap());
    let sealed = seal(&device.target("https://push.example/").unwrap()).unwrap();
    assert_eq!(device.open(&sealed).unwrap(), WORD);
    assert!(stranger.open(&sealed).is_err());
    for place in 0..sealed.len() {
        // The length of a record is no part of what is sealed.
        if (16..20).contains(&place) {
            continue;
        }
        let mut changed = sealed.clone();
        changed[place] ^= 1;
        assert!(device.open(&changed).is_err(), "{place}");
    }
    assert!(device.open(&sealed[..sealed.len() - 1]).is_err());
}
