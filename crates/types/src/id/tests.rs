#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use proptest::prelude::*;

use super::*;

#[test]
fn a_random_account_is_a_version_4_uuid() {
    for bytes in [[0; 16], [0xFF; 16], core::array::from_fn(|i| i as u8 * 17)] {
        let account = AccountId::from_random(bytes);
        let uuid = Uuid::from_bytes(*account.as_bytes());
        assert_eq!((uuid.get_version_num(), uuid.get_variant()), (4, uuid::Variant::RFC4122));
        let [_, _, _, _, _, _, version, _, variant, ..] = *account.as_bytes();
        assert_eq!((version >> 4, variant >> 6), (0b0100, 0b10));
    }
    // The other 122 bits are the random ones.
    assert_eq!(AccountId::from_random([0; 16]).to_string(), "00000000-0000-4000-8000-000000000000");
    assert_eq!(AccountId::from_random([0xFF; 16]).to_string(), "ffffffff-ffff-4fff-bfff-ffffffffffff");
}

#[test]
fn an_account_is_parsed_in_the_usual_forms() {
    let expected = AccountId::from_random([0xAB; 16]);
    for text in [
        "abababab-abab-4bab-abab-abababababab",
        "ABABABAB-ABAB-4BAB-ABAB-ABABABABABAB",
        "abababababab4bababababababababab",
        "urn:uuid:abababab-abab-4bab-abab-abababababab",
    ] {
        assert_eq!(text.parse::<AccountId>().unwrap(), expected, "{text}");
    }
    for text in ["", "abababab", "abababab-abab-4bab-abab-ababababababab", "gbababab-abab-4bab-abab-abababababab", " "]
    {
        assert!(text.parse::<AccountId>().is_err(), "{text}");
    }
}

#[test]
fn ids_are_shown_in_hex() {
    let bytes: [u8; 32] = core::array::from_fn(|i| i as u8);
    assert_eq!(
        DeviceId::from_bytes(bytes).to_string(),
        "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
    );
    assert_eq!(Beacon::from_bytes([0xFE; 8]).to_string(), "fefefefefefefefe");
}

#[test]
fn no_id_is_whole_in_a_log() {
    let long: [u8; 32] = core::array::from_fn(|i| 0xA0 + i as u8);
    let mid: [u8; 16] = core::array::from_fn(|i| 0xA0 + i as u8);
    let short: [u8; 8] = core::array::from_fn(|i| 0xA0 + i as u8);
    let device = DeviceId::from_bytes(long);
    let incarnation = Incarnation(0xA0A1_A2A3_A4A5_A6A7);
    let account = AccountId::from_bytes(mid);
    let shown = [
        (format!("{account:?}"), "AccountId(a0a1…)"),
        (format!("{device:?}"), "DeviceId(a0a1…)"),
        (format!("{:?}", MessageId::from_bytes(mid)), "MessageId(a0a1…)"),
        (format!("{:?}", EnvelopeId::from_bytes(mid)), "EnvelopeId(a0a1…)"),
        (format!("{:?}", AudienceId::from_bytes(mid)), "AudienceId(a0a1…)"),
        (format!("{:?}", InviteId::from_bytes(mid)), "InviteId(a0a1…)"),
        (format!("{:?}", Beacon::from_bytes(short)), "Beacon(a0a1…)"),
        (format!("{:?}", PairTag::from_bytes(short)), "PairTag(a0a1…)"),
        (format!("{incarnation:?}"), "Incarnation(a0a1…)"),
        (format!("{:?}", SpaceId::Account(account)), "Account(AccountId(a0a1…))"),
        (
            format!("{:?}", Author { device, incarnation }),
            "Author { device: DeviceId(a0a1…), incarnation: Incarnation(a0a1…) }",
        ),
    ];
    for (found, expected) in shown {
        assert_eq!(found, expected);
    }
}

#[test]
fn ids_are_bare_bytes_on_the_wire() {
    assert_eq!(postcard::to_allocvec(&AccountId::from_bytes([7; 16])).unwrap(), [7; 16]);
    assert_eq!(postcard::to_allocvec(&DeviceId::from_bytes([7; 32])).unwrap(), [7; 32]);
    assert_eq!(postcard::to_allocvec(&Beacon::from_bytes([7; 8])).unwrap(), [7; 8]);
}

#[test]
fn a_group_is_never_taken_for_an_account() {
    let (account, group) = (AccountId::from_bytes([0xAB; 16]), GroupId::from_bytes([0xAB; 16]));
    assert_eq!(group.to_string(), "group-abababababababababababababababab");
    for id in [ConversationId::from(account), ConversationId::from(group)] {
        assert_eq!(id.to_string().parse(), Ok(id));
    }
    assert_ne!(ConversationId::from(account), ConversationId::from(group));
    for text in
        ["", "group-", "group-abab", "abababababababababababababababab", "group-abababab-abab-abab-abab-abababababab"]
    {
        assert_eq!(text.parse::<GroupId>(), Err(ConversationIdError), "{text}");
    }
    assert_eq!("group-x".parse::<ConversationId>(), Err(ConversationIdError));
    assert_eq!(format!("{group:?}"), "GroupId(abab…)");
}

proptest! {
    #[test]
    fn an_account_shown_is_an_account_parsed(bytes: [u8; 16]) {
        for account in [AccountId::from_bytes(bytes), AccountId::from_random(bytes)] {
            prop_assert_eq!(account.to_string().parse::<AccountId>().unwrap(), account);
        }
    }

    #[test]
    fn ids_are_ordered_as_their_bytes_are(a: [u8; 32], b: [u8; 32]) {
        prop_assert_eq!(DeviceId::from_bytes(a).cmp(&DeviceId::from_bytes(b)), a.cmp(&b));
    }
}
