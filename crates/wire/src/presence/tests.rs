#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use lamplit_types::limits::APP_ID_BYTES;
use proptest::prelude::*;

use super::*;
use crate::{golden, samples};

#[test]
fn a_presence_is_what_was_agreed() {
    golden::check_value("SignedPresence", &samples::signed_presence());
}

#[test]
fn a_presence_holds_its_limits_and_not_one_more() {
    let presence = samples::signed_presence().body;
    let app = samples::app_presence();
    let apps = |count: usize| {
        let apps = vec![app.clone(); count];
        postcard::to_allocvec(&(presence.device, presence.counter, presence.expires, apps)).unwrap()
    };
    assert!(postcard::from_bytes::<Presence>(&apps(0)).is_ok());
    assert!(postcard::from_bytes::<Presence>(&apps(PRESENCE_APPS)).is_ok());
    assert!(postcard::from_bytes::<Presence>(&apps(PRESENCE_APPS + 1)).is_err());
    let id = |length: usize| postcard::to_allocvec(&("x".repeat(length), app.state, app.source, app.since)).unwrap();
    assert!(postcard::from_bytes::<AppPresence>(&id(APP_ID_BYTES)).is_ok());
    assert!(postcard::from_bytes::<AppPresence>(&id(APP_ID_BYTES + 1)).is_err());
    assert!(postcard::from_bytes::<AppPresence>(&id(0)).is_err());
}

#[test]
fn what_is_unknown_is_not_read() {
    let app = samples::app_presence();
    let wire = |state: u8, source: u8| postcard::to_allocvec(&(&app.app, state, source, app.since)).unwrap();
    assert_eq!(postcard::from_bytes::<AppPresence>(&wire(0, 0)).unwrap(), app);
    assert!(postcard::from_bytes::<AppPresence>(&wire(1, 0)).is_err());
    assert!(postcard::from_bytes::<AppPresence>(&wire(0, 1)).is_err());
}

#[test]
fn a_presence_leaves_room_for_a_datagram() {
    let sealed = vec![0; PRESENCE_BYTES].try_into().unwrap();
    let key = KeyId { generation: u32::MAX, day: u32::MAX };
    let wire = crate::Frame::Presence(SealedPresence { audience: samples::audience(), key, sealed }).encode().unwrap();
    assert!(wire.len() <= 320, "{}", wire.len());
}

#[test]
fn which_app_is_not_shown_in_a_log() {
    let signed = samples::signed_presence();
    let Some(app) = signed.apps.first() else { panic!("no app") };
    assert_eq!(app.app.to_string(), "qq");
    assert!(!format!("{signed:?}").contains("qq"));
}

proptest! {
    #[test]
    fn random_bytes_are_read_or_refused(wire: Vec<u8>) {
        if let Ok(signed) = postcard::from_bytes::<SignedPresence>(&wire) {
            let once = postcard::to_allocvec(&signed).unwrap();
            prop_assert_eq!(postcard::from_bytes::<SignedPresence>(&once).unwrap(), signed);
        }
    }
}
