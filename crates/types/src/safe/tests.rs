use super::*;

#[test]
fn what_others_write_cannot_speak_to_the_terminal() {
    assert_eq!(safe("a\u{1b}[2Jb\u{7}\u{9b}31m"), "a\u{FFFD}[2Jb\u{FFFD}\u{FFFD}31m");
    assert_eq!(safe("abc\u{202E}cba"), "abc\u{FFFD}cba");
    assert_eq!(safe("\u{2066}x\u{2069}\u{200F}\u{61C}\u{2028}"), "\u{FFFD}x\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}");
}

#[test]
fn what_people_write_stays() {
    assert_eq!(safe("one\n\ttwo"), "one\n\ttwo");
    assert_eq!(safe("嗨 👩‍🚀 é שלום"), "嗨 👩‍🚀 é שלום");
}
