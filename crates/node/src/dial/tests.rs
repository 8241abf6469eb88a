#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use super::*;

const TARGET: Target = Target::Invite(InviteId::from_bytes([1; 16]));

fn address(number: u8) -> Address {
    Address(format!("udp:10.0.0.{number}:1"))
}

/// Lets so many dials come to nothing; what was dialled, in order, and how long before the next.
fn dialled(dialer: &mut Dialer, many: usize) -> Vec<(Address, u64)> {
    let mut now = Mono(1_000_000);
    let mut dialled = Vec::new();
    for _ in 0..many {
        now = dialer.deadline().unwrap().max(now);
        let [(dial, target, address)] = dialer.due(now).try_into().unwrap();
        dialer.answered(dial).unwrap();
        dialer.failed(now, target);
        dialled.push((address, dialer.deadline().unwrap().since(now)));
    }
    dialled
}

#[test]
fn every_address_has_its_turn_and_all_of_them_wait_longer_each_round() {
    let mut dialer = Dialer::default();
    dialer.try_in_order(Mono(1_000_000), TARGET, (1..=3).map(address));
    let dialled = dialled(&mut dialer, 7);
    let order: Vec<Address> = dialled.iter().map(|(address, _)| address.clone()).collect();
    assert_eq!(order, [1, 2, 3, 1, 2, 3, 1].map(address));
    let waits: Vec<u64> = dialled.iter().map(|(_, wait)| *wait).collect();
    let (soon, first) = (limits::NEXT_ADDRESS_MS, limits::REDIAL_MS);
    assert_eq!(waits, [soon, soon, first, soon, soon, 2 * first, soon]);
}

#[test]
fn a_new_address_is_tried_next_and_the_old_ones_stay() {
    let mut dialer = Dialer::default();
    dialer.seen(Mono(1_000_000), TARGET, address(1), 0);
    assert_eq!(dialled(&mut dialer, 1), [(address(1), limits::REDIAL_MS)]);
    dialer.seen(Mono(1_000_100), TARGET, address(2), 0);
    assert_eq!(dialer.deadline(), Some(Mono(1_000_100)), "at once");
    let order: Vec<Address> = dialled(&mut dialer, 3).into_iter().map(|(address, _)| address).collect();
    assert_eq!(order, [2, 1, 2].map(address));
}

#[test]
fn what_was_shown_too_long_ago_goes_and_what_was_given_by_hand_stays() {
    let mut dialer = Dialer::default();
    dialer.seen(Mono(0), TARGET, address(1), 0);
    dialer.fix(Mono(0), TARGET, address(2));
    let later = Mono(limits::SIGHTING_MS + 1);
    dialer.due(later);
    dialer.failed(later, TARGET);
    let places: Vec<Address> =
        dialer.known.get(&TARGET).unwrap().places.iter().map(|place| place.address.clone()).collect();
    assert_eq!(places, [address(2)]);
}

#[test]
fn of_too_many_addresses_the_one_shown_longest_ago_goes() {
    let mut dialer = Dialer::default();
    dialer.fix(Mono(0), TARGET, address(0));
    for number in 1..=limits::ADDRESSES {
        dialer.seen(Mono(number as u64), TARGET, address(u8::try_from(number).unwrap()), 0);
    }
    let known = dialer.known.get(&TARGET).unwrap();
    assert_eq!(known.places.len(), limits::ADDRESSES);
    assert!(known.places.iter().any(|place| place.address == address(0)), "it was given by hand");
    assert!(known.places.iter().all(|place| place.address != address(1)));
}
