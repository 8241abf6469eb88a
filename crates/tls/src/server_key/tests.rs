#![allow(clippy::unwrap_used, clippy::string_slice, reason = "a test fails by panicking")]

use super::*;

#[test]
fn a_key_and_its_text_say_the_same() {
    for bytes in [[0; 32], [255; 32], core::array::from_fn(|at| u8::try_from(at * 7).unwrap())] {
        let text = ServerKey(bytes).to_string();
        assert_eq!(text.len(), SERVER_KEY_CHARS);
        assert_eq!(text.parse(), Ok(ServerKey(bytes)));
    }
    assert!(ServerKey([0; 32]).to_string().bytes().all(|byte| byte == b'a'));
}

#[test]
fn a_key_has_one_text_and_no_other() {
    let good = ServerKey([9; 32]).to_string();
    assert!(good.parse::<ServerKey>().is_ok());
    let spoilt = [
        String::new(),
        good[1..].to_owned(),
        format!("{good}a"),
        good.to_ascii_uppercase(),
        format!("1{}", &good[1..]),
        format!("ä{}", &good[2..]),
        // The last character has four bits that belong to no byte.
        format!("{}b", &ServerKey([0; 32]).to_string()[1..]),
    ];
    for text in spoilt {
        assert_eq!(text.parse::<ServerKey>(), Err(ServerKeyError), "{text}");
    }
}
