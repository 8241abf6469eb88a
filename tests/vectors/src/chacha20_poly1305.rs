//! ChaCha20-Poly1305: RFC 8439 and Wycheproof.

use chacha20poly1305::{
    ChaCha20Poly1305, KeyInit, Nonce,
    aead::{Aead, Payload},
};
use serde::Deserialize;

use crate::read::{hex, hex32, rows};

#[derive(Deserialize)]
struct Sealed {
    id: u32,
    comment: String,
    key: String,
    iv: String,
    aad: String,
    msg: String,
    ct: String,
    tag: String,
    result: String,
}

#[test]
fn rfc8439_section_2_8_2() {
    let message = "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, \
                   sunscreen would be it.";
    let sealed = "d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d63dbea45e8ca9671282fafb69da92728b\
                  1a71de0a9e060b2905d6a5b67ecd3b3692ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc\
                  3ff4def08e4b7a9de576d26586cec64b6116\
                  1ae10b594f09e26a7e902ecbd0600691";
    let cipher =
        ChaCha20Poly1305::new(&hex32("808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f").into());
    let nonce = Nonce::clone_from_slice(&hex("070000004041424344454647"));
    let aad = hex("50515253c0c1c2c3c4c5c6c7");

    let ours = cipher.encrypt(&nonce, Payload { msg: message.as_bytes(), aad: &aad });
    assert_eq!(ours, Ok(hex(sealed)));
    let opened = cipher.decrypt(&nonce, Payload { msg: &hex(sealed), aad: &aad });
    assert_eq!(opened, Ok(message.as_bytes().to_vec()));
    let other_aad = cipher.decrypt(&nonce, Payload { msg: &hex(sealed), aad: b"" });
    assert!(other_aad.is_err());
}

#[test]
fn wycheproof() {
    let vectors: Vec<Sealed> = rows(include_str!("../data/wycheproof_chacha20_poly1305.json"));
    let (mut good, mut bad, mut odd_nonces) = (0, 0, 0);
    for v in vectors {
        let iv = hex(&v.iv);
        if iv.len() != 12 {
            assert_eq!(v.result, "invalid", "vector {} {}", v.id, v.comment);
            odd_nonces += 1; // The nonce is an array of 12 bytes: such a call doesn't compile.
            continue;
        }
        let cipher = ChaCha20Poly1305::new(&hex32(&v.key).into());
        let nonce = Nonce::clone_from_slice(&iv);
        let (aad, message) = (hex(&v.aad), hex(&v.msg));
        let sealed = [hex(&v.ct), hex(&v.tag)].concat();

        let opened = cipher.decrypt(&nonce, Payload { msg: &sealed, aad: &aad });
        let ours = cipher.encrypt(&nonce, Payload { msg: &message, aad: &aad }).expect("short enough");
        if v.result == "valid" {
            assert_eq!(opened, Ok(message), "vector {} {}", v.id, v.comment);
            assert_eq!(ours, sealed, "vector {} {}", v.id, v.comment);
            good += 1;
        } else {
            assert!(opened.is_err(), "vector {} {}", v.id, v.comment);
            assert_ne!(ours, sealed, "vector {} {}", v.id, v.comment);
            bad += 1;
        }
    }
    assert_eq!((good, bad, odd_nonces), (100, 60, 9), "the selection is not complete");
}
