use super::*;

#[test]
fn what_others_write_cannot_speak_to_the_terminal() {
    assert_eq!(safe("a\u{1b}[2Jb\u{7}"), "a\u{FFFD}[2Jb\u{FFFD}");
    assert_eq!(safe("abc\u{202E}cba"), "abc\u{FFFD}cba");
    assert_eq!(safe("one\n\ttwo"), "one\n two");
    assert_eq!(safe("嗨 👩‍🚀 é"), "嗨 👩‍🚀 é");
}

#[test]
fn colours_only_where_wanted() {
    assert_eq!(paint(false, Style::Bold, "x"), "x");
    assert_eq!(paint(true, Style::Bold, "x"), "\u{1b}[1mx\u{1b}[0m");
    assert!(!colours(false));
}
