#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use super::*;
const EPOCH: u64 = 2_000_000;

fn id(byte: u8) -> (AccountId, DeviceId) {
    (AccountId::from_random([byte; 16]), DeviceId::from_bytes([byte; 32]))
}

#[test]
fn golden_beacon() {
    let shown = beacon(&BeaconKey::from_bytes([1; 32]), &DeviceId::from_bytes([2; 32]), EPOCH);
    assert_eq!(shown.to_string(), "58eee6d7b52a2054");
}

#[test]
fn golden_beacon_key() {
    let key = BeaconKey::of_turn(&[1; 32], id(2).0, 3);
    assert_eq!(key.as_bytes().first_chunk::<8>().unwrap(), &[0xc3, 0xa0, 0x50, 0xd5, 0x88, 0xb9, 0x8d, 0x78]);
}

#[test]
fn each_account_and_each_turn_has_a_beacon_key_of_its_own() {
    let of_turn = |own, account, turn| *BeaconKey::of_turn(&[own; 32], id(account).0, turn).as_bytes();
    let all = [of_turn(1, 1, 1), of_turn(2, 1, 1), of_turn(1, 2, 1), of_turn(1, 1, 2)];
    assert_eq!(std::collections::BTreeSet::from(all).len(), 4);
}

#[test]
fn key_device_and_epoch_change_it() {
    let (key, other) = (BeaconKey::from_bytes([1; 32]), BeaconKey::from_bytes([2; 32]));
    let all = std::collections::BTreeSet::from([
        beacon(&key, &id(1).1, EPOCH),
        beacon(&other, &id(1).1, EPOCH),
        beacon(&key, &id(2).1, EPOCH),
        beacon(&key, &id(1).1, EPOCH + 1),
    ]);
    assert_eq!(all.len(), 4);
}

#[test]
fn a_device_is_recognised_for_three_epochs() {
    let (anna, ben) = (BeaconKey::from_bytes([1; 32]), BeaconKey::from_bytes([2; 32]));
    let devices = [(id(1).0, id(1).1, &anna), (id(2).0, id(2).1, &ben)];
    let table = BeaconTable::new(devices, EPOCH);
    for epoch in EPOCH - 1..=EPOCH + 1 {
        assert_eq!(table.recognise(beacon(&anna, &id(1).1, epoch)), Some(id(1)));
        assert_eq!(table.recognise(beacon(&ben, &id(2).1, epoch)), Some(id(2)));
    }
    for epoch in [EPOCH - 2, EPOCH + 2] {
        assert_eq!(table.recognise(beacon(&anna, &id(1).1, epoch)), None);
    }
    assert_eq!(table.recognise(beacon(&anna, &id(2).1, EPOCH)), None);
    assert_eq!(table.left_out(), 0);
}

#[test]
fn a_beacon_key_is_never_printed() {
    assert_eq!(format!("{:?}", BeaconKey::from_bytes([1; 32])), "BeaconKey(…)");
}
