#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

use lamplit_rpc::api::{Compared, Event, FileState};
use ratatui::crossterm::event::KeyCode;

use super::*;
use crate::{
    calls::Input,
    state::tests::{Play, file_message, message},
};

/// Types a line and says what was asked for by it, if anything was.
fn asked(play: &mut Play, line: &str) -> Option<Call> {
    play.calls.clear();
    play.control('u');
    play.press(KeyCode::Esc);
    play.write(line);
    play.press(KeyCode::Enter);
    let quiet = |call: &Call| matches!(call, Call::Nearby | Call::Transfers | Call::FileSpace | Call::Fetch { .. });
    play.calls.iter().rfind(|call| !quiet(call)).cloned()
}

fn notice(play: &Play) -> &str {
    &play.state.notice.as_ref().unwrap().text
}

#[test]
fn a_picture_keeps_what_it_tells_only_when_that_was_asked_for() {
    let mut play = Play::begin(100, 30, Vec::new());
    let sent = |keep_metadata| {
        let (conversation, path) = ("g".to_owned(), "/tmp/a moth.heic".to_owned());
        Some(Call::SendFile { conversation, path, keep_metadata })
    };
    assert_eq!(asked(&mut play, "/send '/tmp/a moth.heic'"), sent(false));
    assert_eq!(asked(&mut play, "/send-as-is '/tmp/a moth.heic'"), sent(true));
    assert_eq!(asked(&mut play, "/send-as-is moth.heic"), None);
    assert!(notice(&play).contains("whole path"), "{}", notice(&play));
}

#[test]
fn what_came_of_comparing_a_safety_code_is_said_with_a_word_and_with_no_single_key() {
    let mut play = Play::begin(100, 30, Vec::new());
    let contact = || "g".to_owned();
    assert_eq!(asked(&mut play, "/safety"), Some(Call::Safety { contact: contact() }));
    "sdyn".chars().for_each(|key| play.press(KeyCode::Char(key)));
    assert!(!play.calls.iter().any(|call| matches!(call, Call::MarkSafety { .. })), "{:?}", play.calls);
    for (word, compared) in [
        ("same", Compared::Same),
        ("differs", Compared::Different),
        ("Different", Compared::Different),
        ("forget", Compared::NotYet),
    ] {
        play.press(KeyCode::Esc);
        let marked = Some(Call::MarkSafety { contact: contact(), compared });
        assert_eq!(asked(&mut play, &format!("/safety {word}")), marked);
        let Some(Overlay::Safety { shown: Some(shown), .. }) = &play.state.overlay else { panic!("it is shown") };
        assert_eq!(shown.compared, compared);
    }
    play.press(KeyCode::Esc);
    assert_eq!(asked(&mut play, "/safety sam"), None);
    assert!(notice(&play).contains("/safety same"), "{}", notice(&play));
    assert_eq!(play.state.composer.text(), "/safety sam", "what is typed stays");
}

#[test]
fn a_group_has_no_safety_code() {
    let mut play = Play::begin_in_circle(100, 30, Vec::new());
    play.press(KeyCode::Down);
    assert_eq!(asked(&mut play, "/safety"), None);
    assert!(notice(&play).contains("is a group"), "{}", notice(&play));
}

#[test]
fn the_latest_file_that_was_offered_is_declined_by_its_name() {
    let history = vec![
        file_message(1, false, FileState::Offered, ""),
        file_message(2, false, FileState::Offered, ""),
        file_message(3, false, FileState::Declined, ""),
        file_message(4, true, FileState::Offered, ""),
    ];
    let mut play = Play::begin(100, 30, history);
    let declined = Call::DeclineFile { message: "m2".to_owned(), name: "moth.jpg".to_owned() };
    assert_eq!(asked(&mut play, "/decline"), Some(declined));
    assert_eq!(notice(&play), "moth.jpg is declined.");
    assert_eq!(asked(&mut play, "/fetch"), Some(Call::FetchFile("m2".to_owned())));
}

#[test]
fn a_file_that_was_sent_is_taken_back_the_latest_or_by_its_name() {
    let here = FileState::Here { path: "/home/ada/moth.jpg".to_owned() };
    let mut history: Vec<_> = (1..=3).map(|index| file_message(index, true, here.clone(), "")).collect();
    history[0].file.as_mut().unwrap().name = "tables.pdf".to_owned();
    history.push(file_message(4, false, here, ""));
    let mut play = Play::begin(100, 30, history);
    let taken = |message: &str, name: &str| {
        let (message, name) = (message.to_owned(), name.to_owned());
        Some(Call::TakeFileBack { message, name })
    };
    assert_eq!(asked(&mut play, "/take-back"), taken("m3", "moth.jpg"));
    assert_eq!(notice(&play), "moth.jpg is taken back; whoever has it keeps it.");
    assert_eq!(asked(&mut play, "/take-back tables.pdf"), taken("m1", "tables.pdf"));
    // What is taken back already is nobody's to take back.
    let message = file_message(3, true, FileState::Withdrawn, "");
    play.take(Input::Happened(Box::new(Event::File { message })));
    assert_eq!(asked(&mut play, "/take-back"), taken("m2", "moth.jpg"));
}

#[test]
fn without_a_file_to_decline_or_take_back_nothing_is_asked_for_and_that_is_said() {
    let history = vec![message(1, true, "words", 3), file_message(2, true, FileState::Withdrawn, "")];
    let mut play = Play::begin(100, 30, history);
    for (line, why) in [
        ("/decline", "No file is offered"),
        ("/take-back", "No file of yours to take back"),
        ("/take-back moth.jpg", "No file moth.jpg of yours to take back"),
    ] {
        assert_eq!(asked(&mut play, line), None, "{line}");
        assert!(notice(&play).starts_with(why), "{line}: {}", notice(&play));
    }
}
