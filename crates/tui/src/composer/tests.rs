#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use super::*;

fn typed(text: &str) -> Composer {
    let mut composer = Composer::default();
    composer.insert(text).unwrap();
    composer
}

#[test]
fn the_cursor_goes_by_what_people_see_as_one_character() {
    let mut composer = typed("a👩‍🚀e\u{301}");
    composer.left();
    composer.left();
    composer.insert("-").unwrap();
    assert_eq!(composer.text(), "a-👩‍🚀e\u{301}");
    composer.delete();
    assert_eq!(composer.text(), "a-e\u{301}");
    composer.right();
    composer.backspace();
    assert_eq!(composer.text(), "a-");
}

#[test]
fn words_and_lines_go_at_once() {
    let mut composer = typed("one two three");
    composer.delete_word();
    assert_eq!(composer.text(), "one two ");
    composer.word_left();
    composer.word_left();
    composer.word_right();
    composer.insert("!").unwrap();
    assert_eq!(composer.text(), "one! two ");
    composer.delete_to_end();
    composer.insert("\nsecond").unwrap();
    composer.home();
    composer.insert("the ").unwrap();
    composer.delete_to_start();
    composer.end();
    assert_eq!(composer.take(), "one!\nsecond");
    assert!(composer.is_empty());
}

#[test]
fn up_and_down_keep_the_column_where_they_can() {
    let mut composer = typed("abcdef\nxy\n小野不由美");
    assert!(composer.up(20));
    assert!(composer.up(20));
    composer.insert("|").unwrap();
    assert_eq!(composer.text(), "ab|cdef\nxy\n小野不由美");
    assert!(!composer.up(20));
    assert!(composer.down(20));
    assert!(composer.down(20));
    assert!(!composer.down(20));
    composer.insert("|").unwrap();
    assert_eq!(composer.text(), "ab|cdef\nxy\n小|野不由美");
}

#[test]
fn rows_are_no_wider_than_there_is_room() {
    let composer = typed("小野不由美が書いた\nok");
    let rows = composer.rows(8);
    assert_eq!(rows.rows, ["小野不", "由美が", "書いた", "ok"]);
    assert_eq!((rows.row, rows.column), (3, 2));
}

#[test]
fn a_paste_brings_lines_and_no_commands() {
    let composer = typed("one\r\ntwo\rthree\u{1b}[31m\u{7}");
    assert_eq!(composer.text(), "one\ntwo\nthree[31m");
    // Shown as it is read, not as it would be obeyed.
    assert_eq!(typed("a\u{202E}b").rows(10).rows, ["a\u{FFFD}b"]);
}

#[test]
fn more_than_a_message_holds_is_not_taken() {
    let mut composer = Composer::default();
    assert_eq!(composer.insert(&"é".repeat(TEXT_BYTES)), Err(Full));
    assert_eq!(composer.text().len(), TEXT_BYTES);
}
