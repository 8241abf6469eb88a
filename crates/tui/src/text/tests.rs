#![allow(clippy::indexing_slicing, reason = "a test fails by panicking")]

use super::*;

#[test]
fn rows_break_between_words() {
    assert_eq!(wrap("good evening to you", 12), ["good evening", "to you"]);
    assert_eq!(wrap("a group, or all", 7), ["a", "group,", "or all"]);
    assert_eq!(wrap("type /forget (or not)", 7), ["type", "/forget", "(or", "not)"]);
    assert_eq!(wrap("one\n\ntwo", 10), ["one", "", "two"]);
    assert_eq!(wrap("", 10), [""]);
}

#[test]
fn a_word_longer_than_a_row_goes_on_in_the_next() {
    assert_eq!(wrap("https://example.org/a-long-way", 10).concat(), "https://example.org/a-long-way");
    assert!(wrap("x".repeat(95).as_str(), 10).iter().all(|row| width(row) <= 10));
}

#[test]
fn wide_characters_never_pass_the_edge() {
    for most in 1..12 {
        for text in ["小野不由美が十二国記を書いた。", "👩‍🚀🏳️‍🌈👍🏽 ok", "ｶﾞｶﾞｶﾞ", "é\u{301}\u{301} ñ"]
        {
            let rows = wrap(text, most);
            // A wide character in a row of fewer cells has nowhere else to go.
            assert!(rows.iter().all(|row| width(row) <= most.max(3)), "{rows:?} at {most}");
            let (kept, all): (String, String) = (rows.concat(), text.to_owned());
            assert_eq!(kept.replace(' ', ""), all.replace(' ', ""));
        }
    }
}

#[test]
fn marks_beyond_reason_are_left_out() {
    let tower = format!("a{}b", "\u{301}".repeat(500));
    let tame = tame(&tower);
    assert_eq!(tame.chars().count(), limits::CLUSTER_CHARS + 1);
    assert_eq!(width(&tame), 2);
}

#[test]
fn nothing_that_speaks_to_a_terminal_is_left() {
    assert_eq!(tame("a\u{1b}]0;x\u{7}\tb\u{202E}"), "a\u{FFFD}]0;x\u{FFFD}    b\u{FFFD}");
    assert_eq!(tame_line("one\ntwo"), "one two");
}

#[test]
fn what_was_cut_shows_that_it_was() {
    assert_eq!(cut("Ada Lovelace", 12), "Ada Lovelace");
    assert_eq!(cut("Ada Lovelace", 8), "Ada Lov…");
    assert_eq!(cut("小野不由美", 6), "小野…");
    assert_eq!(cut("Ada", 0), "");
}
