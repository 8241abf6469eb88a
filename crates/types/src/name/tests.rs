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
fn a_name_is_trimmed_and_normalised() {
    let table = [
        ("Ada", "Ada"),
        ("  Ada\t\n", "Ada"),
        ("\u{3000}Ada\u{a0}", "Ada"),
        ("Ada  Lovelace", "Ada  Lovelace"),
        // Decomposed to composed, a singleton, and Hangul.
        ("Zoe\u{308}", "Zo\u{eb}"),
        ("\u{212b}ngstr\u{f6}m", "\u{c5}ngstr\u{f6}m"),
        ("\u{1112}\u{1161}\u{11ab}", "\u{d55c}"),
        // Joiners belong to scripts and pictures.
        ("\u{645}\u{6cc}\u{200c}\u{62e}", "\u{645}\u{6cc}\u{200c}\u{62e}"),
        ("\u{1f469}\u{200d}\u{1f52c}", "\u{1f469}\u{200d}\u{1f52c}"),
        // Not everything of one look is one: NFC, not NFKC.
        ("\u{ff21}da", "\u{ff21}da"),
    ];
    for (input, expected) in table {
        assert_eq!(Name::parse(input).unwrap().as_str(), expected, "{input:?}");
    }
}

#[test]
fn a_name_needs_something_to_see() {
    for input in
        ["", " ", "\t \n", "\u{3000}", "\u{200d}", "\u{200c} \u{200c}", "\u{3164}", "\u{ffa0}", "\u{2800}", "\u{fe0f}"]
    {
        assert_eq!(Name::parse(input), Err(NameError::Empty), "{input:?}");
    }
}

#[test]
fn a_name_holds_nothing_that_changes_other_text() {
    let bad = [
        '\0', '\u{1}', '\u{7}', '\u{8}', '\n', '\r', '\t', '\u{1b}', '\u{7f}', '\u{80}', '\u{85}', '\u{9b}', '\u{9f}',
        '\u{ad}', '\u{61c}', '\u{180e}', '\u{200b}', '\u{200e}', '\u{200f}', '\u{2028}', '\u{2029}', '\u{202a}',
        '\u{202b}', '\u{202c}', '\u{202d}', '\u{202e}', '\u{2060}', '\u{2064}', '\u{2066}', '\u{2067}', '\u{2068}',
        '\u{2069}', '\u{206a}', '\u{206f}', '\u{feff}', '\u{fff9}', '\u{fffb}',
    ];
    for c in bad {
        assert_eq!(Name::parse(&format!("a{c}b")), Err(NameError::Control(c)), "{c:?}");
    }
    assert_eq!(NameError::Control('\u{202e}').to_string(), "a name may not hold the control character U+202E");
}

#[test]
fn a_name_is_as_long_as_the_limit_and_no_longer() {
    let table = [("x", 64), ("\u{e9}", 32), ("\u{4eba}", 21), ("\u{1f600}", 16)];
    for (one, times) in table {
        assert!(Name::parse(&one.repeat(times)).is_ok(), "{one}");
        let found = one.len() * (times + 1);
        assert_eq!(Name::parse(&one.repeat(times + 1)), Err(NameError::TooLong { found }), "{one}");
    }
    // White space at the ends does not count.
    assert!(Name::parse(&format!("  {}  ", "x".repeat(64))).is_ok());
}

#[test]
fn a_name_that_grows_when_normalised_is_measured_after_it() {
    // U+0958 is three bytes, and six in NFC.
    assert_eq!(Name::parse("\u{958}").unwrap().as_str(), "\u{915}\u{93c}");
    assert!(Name::parse(&"\u{958}".repeat(10)).is_ok());
    assert_eq!(Name::parse(&"\u{958}".repeat(11)), Err(NameError::TooLong { found: 66 }));
}

#[test]
fn a_text_may_have_lines_and_tabs_and_nothing_else_a_terminal_obeys() {
    for good in ["x", " ", "two\nlines", "a\tb", "\u{202b}\u{5d0}\u{202c}", "\u{1f600}"] {
        assert_eq!(Text::parse(good).unwrap().as_str(), good);
    }
    for bad in
        ['\0', '\u{7}', '\u{8}', '\r', '\u{b}', '\u{c}', '\u{1b}', '\u{7f}', '\u{85}', '\u{90}', '\u{9b}', '\u{9d}']
    {
        assert_eq!(Text::parse(format!("a{bad}b")), Err(TextError::Control(bad)), "{bad:?}");
    }
    assert_eq!(TextError::Control('\u{1b}').to_string(), "a message may not hold the control character U+001B");
}

#[test]
fn a_text_is_as_long_as_the_limit_and_no_longer() {
    assert_eq!(Text::parse(""), Err(TextError::Empty));
    assert!(Text::parse("x".repeat(limits::TEXT_BYTES)).is_ok());
    let found = limits::TEXT_BYTES + 1;
    assert_eq!(Text::parse("x".repeat(found)), Err(TextError::TooLong { found }));
    assert_eq!(Text::parse("\u{e9}".repeat(found / 2 + 1)), Err(TextError::TooLong { found: found + 1 }));
    assert_eq!(
        TextError::TooLong { found }.to_string(),
        "a message has at most 16384 bytes of UTF-8, this one has 16385: send it as a file"
    );
}

#[test]
fn neither_is_shown_in_a_log() {
    let name = Name::parse("canary").unwrap();
    let text = Text::parse("canary").unwrap();
    assert!(format!("{name} {}", text.as_str()).contains("canary"));
    assert_eq!(format!("{name:?} {text:?}"), "Name(…) Text(…)");
}

#[test]
fn what_is_read_is_parsed() {
    let wire = |text: &str| postcard::to_allocvec(text).unwrap();
    assert_eq!(postcard::from_bytes::<Name>(&wire("Zoe\u{308}")).unwrap().as_str(), "Zo\u{eb}");
    assert_eq!(postcard::from_bytes::<Text>(&wire("Zoe\u{308}")).unwrap().as_str(), "Zoe\u{308}");
    for bad in ["", "\u{1b}[2J", &"x".repeat(limits::NAME_BYTES + 1)] {
        assert!(postcard::from_bytes::<Name>(&wire(bad)).is_err(), "{bad:?}");
    }
    for bad in ["", "\u{1b}[2J", &"x".repeat(limits::TEXT_BYTES + 1)] {
        assert!(postcard::from_bytes::<Text>(&wire(bad)).is_err(), "{bad:?}");
    }
    // Not UTF-8.
    assert!(postcard::from_bytes::<Name>(&[1, 0xFF]).is_err());
}

proptest! {
    #[test]
    fn a_name_that_was_parsed_parses_to_itself(text in "\\PC{0,40}|[ -~]{0,70}|.{0,40}") {
        if let Ok(name) = Name::parse(&text) {
            prop_assert!((1..=limits::NAME_BYTES).contains(&name.as_str().len()));
            prop_assert!(!name.as_str().chars().any(char::is_control));
            prop_assert_eq!(Name::parse(name.as_str()), Ok(name.clone()));
            let wire = postcard::to_allocvec(&name).unwrap();
            prop_assert_eq!(postcard::from_bytes::<Name>(&wire).unwrap(), name);
        }
    }

    #[test]
    fn two_spellings_of_one_name_are_one(text in "[a-zA-Z\u{c0}-\u{17f}]{1,16}") {
        let apart: String = text.nfd().collect();
        prop_assert_eq!(Name::parse(&apart).unwrap(), Name::parse(&text).unwrap());
    }

    #[test]
    fn a_text_is_kept_as_it_is(text: String) {
        if let Ok(parsed) = Text::parse(text.clone()) {
            prop_assert_eq!(parsed.as_str(), &text);
        }
    }
}
