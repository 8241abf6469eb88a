#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use chacha20::{ChaCha20Rng, rand_core::SeedableRng};
use lamplit_identity::{Cost, Phrase, RootKey};
use lamplit_types::{AudienceId, DeviceId, Name};
use lamplit_wire::{AccountSecrets, GenerationSecret};

use super::*;

const ACCOUNT: AccountId = AccountId::from_bytes([1; 16]);
const VERSION: KitVersion = KitVersion { generation: 2, friends: 7 };

fn rng() -> ChaCha20Rng {
    ChaCha20Rng::from_seed([7; 32])
}

fn root() -> RootKey {
    Phrase::generate(&mut rng()).unwrap().root_key(Cost { memory_kib: 8, passes: 1, lanes: 1 }).unwrap()
}

fn content(name: &str, keys: usize) -> KitContent {
    let key = GenerationSecret { generation: 7, day: 20_833, key: [6; 32], beacon: [7; 32] };
    KitContent {
        keys: AccountSecrets {
            generation: 2,
            list: [1; 32],
            own: [2; 32],
            index: [3; 32],
            data: [4; 32],
            secrets: [5; 32],
        },
        name: Name::parse(name).unwrap(),
        friends: AudienceId::from_bytes([8; 16]),
        friends_keys: vec![key; keys].try_into().unwrap(),
    }
}

fn kit(name: &str, keys: usize) -> Kit {
    let recovery = root().recovery_key(2).public();
    let sealed = seal(&mut rng(), &recovery, (ACCOUNT, VERSION), &content(name, keys)).unwrap();
    Kit { account: ACCOUNT, version: VERSION, device: DeviceId::from_bytes([9; 32]), sealed }
}

#[test]
fn the_recovery_key_of_the_generation_opens_it_and_no_other() {
    let secret = |generation| root().recovery_key(generation).to_bytes();
    assert!(open(&secret(2), &kit("Ada", 1)).unwrap() == content("Ada", 1));
    assert!(open(&secret(1), &kit("Ada", 1)).is_err());
}

#[test]
fn it_opens_as_what_it_was_made_for_alone() {
    let secret = root().recovery_key(2).to_bytes();
    let newer = KitVersion { friends: 8, ..VERSION };
    assert!(open(&secret, &Kit { version: newer, ..kit("Ada", 1) }).is_err());
    assert!(open(&secret, &Kit { account: AccountId::from_bytes([2; 16]), ..kit("Ada", 1) }).is_err());
}

#[test]
fn its_length_tells_nothing() {
    assert_eq!(kit("Ada", 1).sealed.len(), KIT_BYTES);
    assert_eq!(kit(&"n".repeat(64), 8).sealed.len(), KIT_BYTES);
}
