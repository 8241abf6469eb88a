#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use super::*;

const WORDS: [&str; 4] = ["alpha", "bravo", "charlie", "delta"];

fn said(typed: &str, places: &[usize]) -> (bool, String) {
    let mut out = Vec::new();
    let all = ask(&mut typed.as_bytes(), &mut out, &WORDS, places).unwrap();
    (all, String::from_utf8(out).unwrap())
}

#[test]
fn three_words_are_asked_in_their_order_and_none_twice() {
    assert_eq!(places(&[7, 19, 2, 14, 11, 0], 12), [2, 7, 11]);
    assert_eq!(places(&[1, 1, 1], 12), [1]);
    assert!(places(&[1, 2, 3], 0).is_empty());
    for byte in 0..=u8::MAX {
        assert!(places(&[byte, byte / 2, byte / 3], 12).iter().all(|place| *place < 12));
    }
}

#[test]
fn the_right_words_are_right_however_they_are_typed() {
    let (all, said) = said("bravo\n Charlie \nDELTA\n", &[1, 2, 3]);
    assert!(all && said.contains("Word 2: Word 3: Word 4: Right."), "{said}");
}

#[test]
fn a_wrong_word_is_named_by_its_number_and_asked_again() {
    let (all, said) = said("bravo\nbravo\ncharlie\n", &[1, 2]);
    assert!(all && said.contains("That is not word 3."), "{said}");
    assert!(!said.contains("charlie"), "what is right is not told: {said}");
}

#[test]
fn an_empty_line_or_the_end_leaves_it() {
    for typed in ["bravo\n\n", "bravo\n", ""] {
        let (all, said) = said(typed, &[1, 2]);
        assert!(!all && said.contains("Not checked."), "{typed:?}: {said}");
    }
}
