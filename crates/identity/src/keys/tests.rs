#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use data_encoding::HEXLOWER;

use super::*;
use crate::fixture::{device, rng, root};

#[test]
fn device_keys_come_back_as_they_were() {
    let keys = device(1);
    let back = DeviceKeys::from_bytes(keys.to_bytes().as_slice()).unwrap();
    assert_eq!(back.id(), keys.id());
    assert_eq!(back.noise_public(), keys.noise_public());
    assert_eq!(*back.noise_private(), *keys.noise_private());
    assert_ne!(device(2).id(), keys.id());
}

#[test]
fn half_a_key_file_is_refused() {
    for found in [0, 31, 32, 63, 65] {
        let error = DeviceKeys::from_bytes(&vec![1; found]).unwrap_err();
        assert_eq!(error, KeyLengthError { expected: 64, found });
    }
}

#[test]
fn the_noise_key_is_x25519_as_in_rfc_7748() {
    // Section 6.1, Alice.
    let private = "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a";
    let public = "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a";
    let bytes = [vec![1; 32], HEXLOWER.decode(private.as_bytes()).unwrap()].concat();
    let keys = DeviceKeys::from_bytes(&bytes).unwrap();
    assert_eq!(HEXLOWER.encode(&keys.noise_public()), public);
}

#[test]
fn list_keys_come_back_as_they_were() {
    let key = ListKey::generate(&mut rng(3));
    assert_eq!(ListKey::from_bytes(&key.to_bytes()).public(), key.public());
}

#[test]
fn each_generation_has_its_own_recovery_key() {
    let root_key = root(1);
    assert_eq!(*root_key.recovery_key(1).to_bytes(), *root(1).recovery_key(1).to_bytes());
    assert_ne!(root_key.recovery_key(1).public(), root_key.recovery_key(2).public());
    assert_ne!(root_key.recovery_key(1).public(), root(2).recovery_key(1).public());
    let private = StaticSecret::from(*root_key.recovery_key(1).to_bytes());
    assert_eq!(PublicKey::from(&private).to_bytes(), root_key.recovery_key(1).public());
}

#[test]
fn golden_root() {
    let root = RootKey::from_master(Zeroizing::new([9; 32]));
    assert_eq!(HEXLOWER.encode(&root.public()), "5bb6a73bd548c654b930e753c120a44c63dd8748bc02587c0e038c3b8ac1c1d9");
    assert_eq!(HEXLOWER.encode(&root.hash().0), "abba41c55142f0b4986f41f631acf0fae09c9751c3ef9b014cf8a994a093aff4");
    assert_eq!(
        HEXLOWER.encode(&root.recovery_key(1).public()),
        "3e1ed293d1ffe9c64e7ea0ccdc4ca13b44c95494f4ed2f6dabec384e61e8be7a"
    );
}

#[test]
fn no_key_is_ever_printed() {
    let shown = format!("{:?} {:?} {:?}", root(1), device(1), root(1).recovery_key(1));
    assert_eq!(shown, "RootKey(…) DeviceKeys(…) RecoveryKey(…)");
}
