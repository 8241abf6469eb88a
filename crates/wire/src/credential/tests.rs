#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use core::fmt::Debug;

use data_encoding::HEXLOWER;
use proptest::prelude::*;
use serde::de::DeserializeOwned;

use super::*;

const SIGNATURE: Signature = Signature { r: [0x51; 32], s: [0x52; 32] };

fn claim() -> DeviceClaim {
    DeviceClaim {
        account: AccountId::from_bytes([0xA1; 16]),
        device: DeviceId::from_bytes([0xD1; 32]),
        noise_static: [0x01; 32],
        olm_identity: [0x02; 32],
    }
}

fn certificate() -> Certificate {
    let body = CertificateBody {
        claim: claim(),
        claim_signature: SIGNATURE,
        generation: 2,
        serial: 1,
        issued: Wall(1_800_000_000_000),
        expires: Wall(1_800_000_000_000 + 365 * limits::DAY_MS),
        device_name: Some(Name::parse("phone").unwrap()),
    };
    Signed { body, signature: SIGNATURE }
}

fn generation() -> Signed<Generation> {
    let removal = Removal { device: DeviceId::from_bytes([0xD2; 32]), cutoff: [0x03; 32] };
    let body = Generation {
        account: AccountId::from_bytes([0xA1; 16]),
        number: 2,
        list_key: [0x04; 32],
        recovery_key: [0x05; 32],
        previous: Some([0x06; 32]),
        removals: vec![removal].try_into().unwrap(),
    };
    Signed { body, signature: SIGNATURE }
}

fn list() -> DeviceList {
    DeviceList { root: [0x07; 32], generation: generation(), additions: vec![certificate()].try_into().unwrap() }
}

/// Repeats a byte as hex, so that the vectors below show their parts.
fn run(byte: &str, times: usize) -> String {
    byte.repeat(times)
}

fn claim_hex() -> String {
    [run("a1", 16), run("d1", 32), run("01", 32), run("02", 32)].concat()
}

fn signature_hex() -> String {
    [run("51", 32), run("52", 32)].concat()
}

fn certificate_hex() -> String {
    // Generation 2, serial 1, the two times as varints, then a name of five bytes.
    let own = ["02", "01", "80a0f1c2b134", "80f8b580a735", "01", "05", "70686f6e65"].concat();
    [claim_hex(), signature_hex(), own, signature_hex()].concat()
}

fn generation_hex() -> String {
    let before = [run("a1", 16), "02".into(), run("04", 32), run("05", 32), "01".into(), run("06", 32)].concat();
    let removals = ["01".into(), run("d2", 32), run("03", 32)].concat();
    [before, removals, signature_hex()].concat()
}

#[track_caller]
fn golden<T: Serialize + DeserializeOwned + PartialEq + Debug>(value: &T, hex: &str) {
    let wire = postcard::to_allocvec(value).unwrap();
    assert_eq!(HEXLOWER.encode(&wire), hex);
    assert_eq!(&postcard::from_bytes::<T>(&wire).unwrap(), value);
}

#[test]
fn a_claim_on_the_wire() {
    golden(&Signed { body: claim(), signature: SIGNATURE }, &[claim_hex(), signature_hex()].concat());
}

#[test]
fn a_certificate_on_the_wire() {
    golden(&certificate(), &certificate_hex());
}

#[test]
fn a_generation_on_the_wire() {
    golden(&generation(), &generation_hex());
}

#[test]
fn a_device_list_on_the_wire() {
    golden(&list(), &[run("07", 32), generation_hex(), "01".into(), certificate_hex()].concat());
}

#[test]
fn a_one_time_key_on_the_wire() {
    let body = OneTimeKey { device: DeviceId::from_bytes([0xD1; 32]), key: [0x08; 32] };
    golden(&Signed { body, signature: SIGNATURE }, &[run("d1", 32), run("08", 32), signature_hex()].concat());
}

#[test]
fn what_is_signed_is_the_label_a_zero_and_the_body() {
    let signed = [HEXLOWER.encode(b"lamplit/1/device-claim"), "00".into(), claim_hex()].concat();
    assert_eq!(HEXLOWER.encode(&signing_bytes(&claim()).unwrap()), signed);
}

#[test]
fn no_two_kinds_of_body_share_a_label() {
    let labels = [
        DeviceClaim::LABEL,
        CertificateBody::LABEL,
        Generation::LABEL,
        HeadContent::LABEL,
        OneTimeKey::LABEL,
        crate::RecordBody::LABEL,
        crate::Presence::LABEL,
    ];
    let different: std::collections::BTreeSet<_> = labels.iter().collect();
    assert_eq!(different.len(), labels.len());
    assert!(labels.iter().all(|label| label.starts_with("lamplit/1/") && !label.contains('\0')));
}

#[test]
fn a_head_is_of_what_is_said_and_not_of_how_it_was_signed() {
    let head = list().head().unwrap();
    assert_eq!(head.generation, 2);
    assert_eq!(HEXLOWER.encode(&head.hash), "9db4b1b555e6748aafb2b58b3cefa17de5ca91333d3d61064a686ea294c6e7ae");

    let mut signed_again = list();
    signed_again.generation.signature = Signature { r: [0; 32], s: [0; 32] };
    assert_eq!(signed_again.head().unwrap(), head);

    let mut renamed = certificate();
    renamed.body.device_name = None;
    let other = DeviceList { additions: vec![renamed].try_into().unwrap(), ..list() };
    assert_ne!(other.head().unwrap(), head);

    let empty = DeviceList { additions: List::new(), ..list() };
    assert_ne!(empty.head().unwrap(), head);
}

#[test]
fn a_list_of_too_many_devices_is_not_read() {
    let start = postcard::to_allocvec(&([0x07u8; 32], generation())).unwrap();
    let with = |devices: usize| {
        let certificates = vec![certificate(); devices];
        [start.clone(), postcard::to_allocvec(&certificates).unwrap()].concat()
    };
    assert!(postcard::from_bytes::<DeviceList>(&with(limits::DEVICES)).is_ok());
    assert!(postcard::from_bytes::<DeviceList>(&with(limits::DEVICES + 1)).is_err());
}

#[test]
fn a_device_name_that_could_fool_the_eye_is_not_read() {
    let hex = certificate_hex().replace("0570686f6e65", "057068e280ae");
    assert!(postcard::from_bytes::<Certificate>(&HEXLOWER.decode(hex.as_bytes()).unwrap()).is_err());
}

#[test]
fn a_later_pair_secret_wins_and_of_two_at_once_the_lower() {
    let first = PairId { generation: 1, id: [1; 8] };
    let rival = PairId { generation: 1, id: [2; 8] };
    let next = PairId { generation: 2, id: [9; 8] };
    assert!(first.wins_over(&rival) && !rival.wins_over(&first));
    assert!(next.wins_over(&first) && !first.wins_over(&next));
    assert!(!first.wins_over(&first));
}

#[test]
fn nothing_is_shown_whole() {
    let shown = format!("{:?} {:?} {:?}", SIGNATURE, RootHash([0xAB; 32]), list().head().unwrap());
    assert!(shown.starts_with("Signature(5151…) RootHash(abab…) ListHead(2, "), "{shown}");
    assert!(shown.len() < 64, "{shown}");
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(wire: Vec<u8>) {
        let _ = postcard::from_bytes::<Certificate>(&wire);
        let _ = postcard::from_bytes::<DeviceList>(&wire);
    }

    #[test]
    fn a_truncated_list_is_refused(cut in 0usize..10_000) {
        let wire = postcard::to_allocvec(&list()).unwrap();
        let cut = cut % wire.len();
        prop_assert!(postcard::from_bytes::<DeviceList>(&wire[..cut]).is_err());
    }

    #[test]
    fn a_list_with_a_changed_byte_is_refused_or_another(at in 0usize..10_000, change in 1u8..) {
        let mut wire = postcard::to_allocvec(&list()).unwrap();
        let at = at % wire.len();
        wire[at] ^= change;
        if let Ok(read) = postcard::from_bytes::<DeviceList>(&wire) {
            prop_assert_ne!(read, list());
        }
    }
}
