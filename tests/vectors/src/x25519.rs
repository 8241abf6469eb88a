//! X25519: RFC 7748 and Wycheproof.

use serde::Deserialize;
use x25519_dalek::{PublicKey, StaticSecret, x25519};

use crate::read::{hex32, rows};

#[test]
fn rfc7748_section_5_2_scalar_multiplication() {
    let vectors = [
        (
            "a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4",
            "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c",
            "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552",
        ),
        (
            "4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d",
            "e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493",
            "95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957",
        ),
    ];
    for (scalar, point, expected) in vectors {
        assert_eq!(x25519(hex32(scalar), hex32(point)), hex32(expected));
    }
}

#[test]
fn rfc7748_section_5_2_a_thousand_iterations() {
    let mut scalar = x25519_dalek::X25519_BASEPOINT_BYTES;
    let mut point = scalar;
    for round in 1..=1000 {
        let product = x25519(scalar, point);
        point = scalar;
        scalar = product;
        if round == 1 {
            assert_eq!(scalar, hex32("422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079"));
        }
    }
    assert_eq!(scalar, hex32("684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51"));
}

#[test]
fn rfc7748_section_6_1_diffie_hellman() {
    let alice = StaticSecret::from(hex32("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a"));
    let bob = StaticSecret::from(hex32("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb"));
    let alice_public = PublicKey::from(&alice);
    let bob_public = PublicKey::from(&bob);
    let shared = hex32("4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742");

    assert_eq!(alice_public.to_bytes(), hex32("8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a"));
    assert_eq!(bob_public.to_bytes(), hex32("de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f"));
    assert_eq!(alice.diffie_hellman(&bob_public).to_bytes(), shared);
    assert_eq!(bob.diffie_hellman(&alice_public).to_bytes(), shared);
}

#[derive(Deserialize)]
struct Agreement {
    id: u32,
    comment: String,
    public: String,
    private: String,
    shared: String,
    /// The public key has a low order: the shared secret is all zeros and must be refused.
    zero: bool,
}

#[test]
fn wycheproof() {
    let vectors: Vec<Agreement> = rows(include_str!("../data/wycheproof_x25519.json"));
    let mut low_order = 0;
    for v in vectors {
        let secret = StaticSecret::from(hex32(&v.private));
        let shared = secret.diffie_hellman(&PublicKey::from(hex32(&v.public)));
        assert_eq!(shared.to_bytes(), hex32(&v.shared), "vector {} {}", v.id, v.comment);
        assert_eq!(shared.was_contributory(), !v.zero, "vector {} {}", v.id, v.comment);
        low_order += u32::from(v.zero);
    }
    assert_eq!(low_order, 31, "the selection lost its low-order points");
}
