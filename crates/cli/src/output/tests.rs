use super::*;

#[test]
fn tabs_of_others_take_no_more_room_than_they_are_given() {
    assert_eq!(safe("one\n\ttwo\u{1b}"), "one\n two\u{FFFD}");
}

#[test]
fn colours_only_where_wanted() {
    assert_eq!(paint(false, Style::Bold, "x"), "x");
    assert_eq!(paint(true, Style::Bold, "x"), "\u{1b}[1mx\u{1b}[0m");
    assert!(!colours(false));
}
