#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::collections::BTreeSet;

use lamplit_types::limits::DAY_MS;

use super::*;

const T: Wall = Wall(1_800_000_000_000);

fn key() -> CodeKey {
    CodeKey::from_bytes(Zeroizing::new([7; 32]))
}

fn number() -> PhoneNumber {
    PhoneNumber::parse("+8613800138000").unwrap()
}

fn device(seed: u8) -> DeviceId {
    DeviceId::from_bytes([seed; 32])
}

fn wrong(right: SmsCode) -> SmsCode {
    let codes = (0..2).map(SmsCode::from_random);
    codes.into_iter().find(|code| *code != right).unwrap()
}

#[test]
fn the_right_code_is_good_once_and_on_the_device_that_asked() {
    let mut codes = Codes::default();
    let code = codes.open(&key(), number(), device(1), T);
    assert_eq!(codes.show(&key(), number(), device(2), code, T), Verdict::Gone);
    assert_eq!(codes.show(&key(), number(), device(1), code, T), Verdict::Right);
    assert_eq!(codes.show(&key(), number(), device(1), code, T), Verdict::Gone);
    assert_eq!(codes, Codes::default(), "a right code clears what was counted");
}

#[test]
fn a_code_ends_by_time_and_by_tries() {
    let mut codes = Codes::default();
    let code = codes.open(&key(), number(), device(1), T);
    assert_eq!(codes.show(&key(), number(), device(1), code, T.plus(CODE_MS)), Verdict::Gone);

    let mut codes = Codes::default();
    let code = codes.open(&key(), number(), device(1), T);
    let verdicts: Vec<Verdict> =
        (0..6).map(|_| codes.show(&key(), number(), device(1), wrong(code), T.plus(CODE_MS - 1))).collect();
    let left = [4, 3, 2, 1, 0].map(Verdict::Wrong);
    assert_eq!(verdicts[..5], left);
    assert_eq!(verdicts[5], Verdict::Gone);
    assert_eq!(codes.show(&key(), number(), device(1), code, T), Verdict::Gone, "the right one comes too late");
}

#[test]
fn each_code_is_waited_for_longer_and_a_day_of_rest_ends_that() {
    let mut codes = Codes::default();
    let mut now = T;
    let mut waits = Vec::new();
    for _ in 0..7 {
        assert_eq!(codes.wait(now), 0);
        codes.open(&key(), number(), device(1), now);
        waits.push(codes.wait(now));
        now = now.plus(codes.wait(now));
    }
    assert_eq!(waits[..5], CODE_WAITS_MS);
    assert_eq!(waits[5..], [CODE_WAITS_MS[4]; 2]);
    assert!(!codes.is_over(now));
    let rested = codes.last.plus(DAY_MS);
    assert!(codes.is_over(rested));
    codes.open(&key(), number(), device(1), rested);
    assert_eq!(codes.wait(rested), CODE_WAITS_MS[0]);
}

#[test]
fn so_many_are_open_at_once_and_one_for_each_device() {
    let mut codes = Codes::default();
    for seed in 0..10 {
        codes.open(&key(), number(), device(seed), T.plus(u64::from(seed)));
        codes.open(&key(), number(), device(seed), T.plus(u64::from(seed)));
        assert!(codes.open.len() <= CODES_OPEN);
    }
    let devices: BTreeSet<DeviceId> = codes.open.iter().map(|open| open.device).collect();
    assert_eq!(devices, BTreeSet::from([device(7), device(8), device(9)]));
}

#[test]
fn a_code_follows_from_all_that_it_is_for_and_from_the_secret() {
    let other = PhoneNumber::parse("+8613800138001").unwrap();
    let mut found = BTreeSet::new();
    for (key, number, device, now) in [
        (key(), number(), device(1), T),
        (CodeKey::from_bytes(Zeroizing::new([8; 32])), number(), device(1), T),
        (key(), other, device(1), T),
        (key(), number(), device(2), T),
        (key(), number(), device(1), T.plus(1)),
    ] {
        found.insert(Codes::default().open(&key, number, device, now).to_string());
    }
    assert_eq!(found.len(), 5);
    assert!(!format!("{:?}", key()).contains('7'));
}
