#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use lamplit_rpc::api::{Event, Progress};
use ratatui::{Terminal, backend::TestBackend};

use super::*;

fn message(text: &str, mine: bool) -> Message {
    Message {
        index: 1,
        id: String::new(),
        conversation: String::new(),
        from: String::new(),
        from_name: None,
        reach: None,
        mine,
        text: text.to_owned(),
        file: None,
        sent_ms: 0,
        arrived_ms: 0,
        progress: mine.then_some(Progress::Read),
    }
}

fn drawn(screen: &Screen) -> String {
    let mut terminal = Terminal::new(TestBackend::new(80, 24)).unwrap();
    terminal.draw(|frame| screen.draw(frame)).unwrap();
    terminal.backend().to_string()
}

#[test]
fn the_end_of_a_long_conversation_is_in_sight() {
    let mut screen = Screen::default();
    let mut messages: Vec<Message> = (0..60)
        .map(|number| message(&format!("number {number} {}", "of many words ".repeat(number % 9)), number % 2 == 0))
        .collect();
    messages.push(message("the very last word", false));
    screen.take(Shown::View(Who::Left, Box::new(View { messages, ..View::default() }), None::<Box<Event>>));
    let drawn = drawn(&screen);
    assert!(drawn.contains("Grace: the very last word"), "{drawn}");
}

#[test]
fn keys_type_send_and_leave() {
    let mut screen = Screen::default();
    let key = |code| KeyEvent::new(code, KeyModifiers::NONE);
    for typed in "quiet".chars().skip(1) {
        screen.press(key(KeyCode::Char(typed)));
    }
    // Within a text it is a letter.
    assert!(matches!(screen.press(key(KeyCode::Char('q'))), Wish::Nothing));
    assert!(matches!(screen.press(key(KeyCode::Enter)), Wish::Send(Who::Left, text) if text == "uietq"));
    assert!(matches!(screen.press(key(KeyCode::Enter)), Wish::Nothing));
    screen.press(key(KeyCode::Tab));
    screen.press(key(KeyCode::Char('x')));
    assert!(matches!(screen.press(key(KeyCode::Enter)), Wish::Send(Who::Right, text) if text == "x"));
    assert!(matches!(screen.press(key(KeyCode::Char('q'))), Wish::Quit));
    let interrupt = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
    assert!(matches!(screen.press(interrupt), Wish::Quit));
}

#[test]
fn only_the_last_of_what_was_told_is_kept() {
    let mut screen = Screen::default();
    (0..10).for_each(|number| screen.take(Shown::Told(format!("line {number}"))));
    let drawn = drawn(&screen);
    assert!(drawn.contains("line 9") && !drawn.contains("line 5"), "{drawn}");
}
