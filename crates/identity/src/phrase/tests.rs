#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use data_encoding::HEXLOWER;
use proptest::prelude::*;

use super::*;
use crate::fixture::{CHEAP, rng};

const WINNER: &str = "legal winner thank year wave sausage worth useful legal winner thank yellow";

/// From the test vectors of BIP 39: entropy (one byte, repeated) and words.
const BIP_39: [(u8, &str); 3] = [
    (0x00, "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about"),
    (0x7f, WINNER),
    (0x80, "letter advice cage absurd amount doctor acoustic avoid letter advice cage above"),
];

fn text(phrase: &Phrase) -> String {
    phrase.words().collect::<Vec<_>>().join(" ")
}

#[test]
fn the_words_are_those_of_bip_39() {
    for (byte, words) in BIP_39 {
        let phrase = Phrase::parse(words).unwrap();
        assert_eq!(text(&phrase), words);
        let (entropy, length) = phrase.0.to_entropy_array();
        assert_eq!(&entropy[..length], &[byte; ENTROPY_BYTES]);
    }
}

#[test]
fn a_phrase_may_be_typed_carelessly() {
    let careless = WINNER.to_uppercase().replace(' ', " \n\t ");
    assert_eq!(text(&Phrase::parse(&careless).unwrap()), WINNER);
}

#[test]
fn a_generated_phrase_is_random_and_can_be_read() {
    let phrase = Phrase::generate(&mut rng(1)).unwrap();
    assert_eq!(phrase.words().count(), PHRASE_WORDS);
    assert_eq!(text(&Phrase::parse(&text(&phrase)).unwrap()), text(&phrase));
    assert_ne!(text(&Phrase::generate(&mut rng(2)).unwrap()), text(&phrase));
}

#[test]
fn an_error_says_which_word_and_never_what_was_typed() {
    let wrong = WINNER.replace("wave", "wawe");
    let error = Phrase::parse(&wrong).unwrap_err();
    assert_eq!(error, PhraseError::Word { position: 5 });
    assert!(error.to_string().starts_with("word 5 "), "{error}");
    assert!(!error.to_string().contains("wawe"));
}

#[test]
fn swapped_words_and_missing_words_are_told_apart() {
    let swapped = WINNER.replace("legal winner thank year", "winner legal thank year");
    assert_eq!(Phrase::parse(&swapped).unwrap_err(), PhraseError::Checksum);
    assert_eq!(Phrase::parse("").unwrap_err(), PhraseError::Length { found: 0 });
    assert_eq!(Phrase::parse("legal winner").unwrap_err(), PhraseError::Length { found: 2 });
    // Good for BIP 39, but no phrase of ours.
    let fifteen = format!("{WINNER} legal winner thank");
    assert_eq!(Phrase::parse(&fifteen).unwrap_err(), PhraseError::Length { found: 15 });
}

#[test]
fn phrase_and_cost_decide_the_root() {
    let root = Phrase::parse(WINNER).unwrap().root_key(CHEAP).unwrap();
    assert_eq!(HEXLOWER.encode(&root.public()), "477d09a3ee51f69303ce1e8fa1247734e6b504a9e1f763bc55ad93dd5627167b");
    let dearer = Cost { passes: 2, ..CHEAP };
    assert_ne!(Phrase::parse(WINNER).unwrap().root_key(dearer).unwrap().public(), root.public());
    assert_ne!(Phrase::parse(BIP_39[0].1).unwrap().root_key(CHEAP).unwrap().public(), root.public());
}

#[test]
fn the_standard_cost_gives_this_root() {
    let root = Phrase::parse(WINNER).unwrap().root_key(Cost::STANDARD).unwrap();
    assert_eq!(HEXLOWER.encode(&root.public()), "2ab42ed32bf4ee9e4515e2b9ee1a64477d5a577151d7b291baef8719f47b5602");
}

#[test]
fn an_impossible_cost_is_refused() {
    let phrase = Phrase::parse(WINNER).unwrap();
    for cost in [Cost { memory_kib: 7, ..CHEAP }, Cost { passes: 0, ..CHEAP }, Cost { lanes: 0, ..CHEAP }] {
        let error = phrase.root_key(cost).unwrap_err();
        assert_eq!(error.cost, cost);
    }
}

#[test]
fn a_phrase_is_never_printed() {
    assert_eq!(format!("{:?}", Phrase::parse(WINNER).unwrap()), "Phrase(…)");
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text: String) {
        prop_assert!(Phrase::parse(&text).is_err());
    }

    #[test]
    fn any_twelve_words_are_read_or_refused(words in prop::collection::vec("[a-z]{3,8}|\\PC{1,4}", 12)) {
        let _ = Phrase::parse(&words.join(" "));
    }
}
