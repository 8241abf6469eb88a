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
fn good_ids() {
    let longest = "x".repeat(limits::APP_ID_BYTES);
    for (input, expected) in [
        ("qq", "qq"),
        ("Sina-Weibo", "sina-weibo"),
        ("163.com", "163.com"),
        ("a", "a"),
        ("9", "9"),
        (&longest, &longest),
    ] {
        assert_eq!(AppId::parse(input).unwrap().as_str(), expected);
    }
}

#[test]
fn bad_ids() {
    let too_long = "x".repeat(limits::APP_ID_BYTES + 1);
    for input in
        ["", "-qq", ".qq", "q q", " qq", "qq\n", "q_q", "q/q", "../etc", "qq\u{0}", "\u{fc}", "\u{212a}", &too_long]
    {
        assert_eq!(AppId::parse(input), Err(AppIdError), "{input:?}");
    }
    assert!(AppIdError.to_string().contains("1 to 32 of a-z"), "{AppIdError}");
}

#[test]
fn which_app_is_not_shown_in_a_log() {
    let app = AppId::parse("canary").unwrap();
    assert_eq!(app.to_string(), "canary");
    assert_eq!(format!("{app:?}"), "AppId(…)");
}

#[test]
fn what_is_read_is_parsed() {
    let wire = |text: &str| postcard::to_allocvec(text).unwrap();
    assert_eq!(postcard::from_bytes::<AppId>(&wire("QQ")).unwrap().as_str(), "qq");
    assert!(postcard::from_bytes::<AppId>(&wire("../etc")).is_err());
    assert!(postcard::from_bytes::<AppId>(&wire("")).is_err());
}

proptest! {
    #[test]
    fn an_id_that_was_parsed_parses_to_itself(text in "[ -~]{0,34}|[a-zA-Z0-9.-]{0,34}") {
        if let Ok(app) = AppId::parse(&text) {
            prop_assert_eq!(AppId::parse(app.as_str()), Ok(app.clone()));
            prop_assert_eq!(app.as_str(), text.to_lowercase());
        }
    }
}
