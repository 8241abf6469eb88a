#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::{env, fs, path::PathBuf};

use lamplit_rpc::api::{
    Compared, Event, FileSpace, FileState, Hearing, Member, Progress, Status, Storage, Transfer, TransferKind,
};
use ratatui::{Terminal, backend::TestBackend, crossterm::event::KeyCode};

use super::*;
use crate::{
    calls::Input,
    state::tests::{Play, circle, file_message, in_circle, message, people, space, status},
};

/// Set to anything, the screens that tests compare with are written anew; look at them before you keep them.
const WRITE: &str = "LAMPLIT_WRITE_SCREENS";

fn drawn(play: &Play) -> Buffer {
    let area = play.state.area;
    let mut terminal = Terminal::new(TestBackend::new(area.width, area.height)).unwrap();
    terminal.draw(|frame| draw(&play.state, frame)).unwrap();
    terminal.backend().buffer().clone()
}

fn text(buffer: &Buffer) -> String {
    let mut text = String::new();
    for y in 0..buffer.area.height {
        let mut line = String::new();
        let mut hidden = 0;
        for x in 0..buffer.area.width {
            if hidden > 0 {
                hidden -= 1;
                continue;
            }
            let symbol = buffer[(x, y)].symbol();
            hidden = width(symbol).saturating_sub(1);
            line.push_str(symbol);
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// Compares a screen with the one that is kept of that name.
fn look(play: &Play, name: &str) {
    let shown = text(&drawn(play));
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src/draw/screens").join(format!("{name}.txt"));
    if env::var_os(WRITE).is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, &shown).unwrap();
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(shown, kept, "{name} looks different; {WRITE}=1 keeps what it looks like now:\n{shown}");
}

fn evening(width: u16, height: u16) -> Play {
    let mut history = vec![
        message(1, false, "Did you see the engine turn?", 26 * 60),
        message(
            2,
            true,
            "All night. It weaves algebraical patterns just as the loom weaves flowers and leaves.",
            25 * 60,
        ),
        message(3, false, "good evening", 9),
        message(4, false, "shall we go on where we stopped?", 9),
        message(5, true, "Yes!", 4),
        message(6, true, "I bring the tables.\nAnd tea 🍵, 茶也行。", 1),
    ];
    history[1].progress = Some(Progress::Read);
    history[4].progress = Some(Progress::Delivered);
    Play::begin(width, height, history)
}

#[test]
fn a_wide_screen_has_people_chat_and_nearby_side_by_side() {
    let mut play = evening(120, 30);
    play.press(KeyCode::Enter);
    play.write("Where is the second");
    look(&play, "wide");
}

#[test]
fn a_screen_of_the_usual_size_has_nearby_below_the_people() {
    let mut play = evening(80, 24);
    play.press(KeyCode::Enter);
    look(&play, "usual");
}

#[test]
fn where_devices_do_not_find_each_other_the_view_says_so_and_what_to_do() {
    let mut play = evening(80, 24);
    if let Some(nearby) = &mut play.state.nearby {
        (nearby.hearing, nearby.strangers) = (Hearing::Blocked, 0);
        nearby.people.clear();
    }
    play.press(KeyCode::Enter);
    look(&play, "blocked");
}

#[test]
fn a_narrow_screen_has_one_pane_at_a_time() {
    let mut play = evening(40, 20);
    look(&play, "narrow-people");
    play.press(KeyCode::Tab);
    look(&play, "narrow-chat");
    play.press(KeyCode::Tab);
    look(&play, "narrow-nearby");
}

#[test]
fn a_group_shows_who_is_in_it_and_who_says_what() {
    let history = vec![
        in_circle(1, "g", "Grace", "who brings the tea?", 9),
        in_circle(2, "x", "Xenia", "not me", 8),
        in_circle(3, "me", "Ada", "I do, and the cups", 7),
    ];
    for (columns, rows, name) in [(80, 24, "group"), (40, 14, "group-narrow")] {
        let mut play = Play::begin_in_circle(columns, rows, history.clone());
        play.press(KeyCode::Down);
        play.press(KeyCode::Enter);
        look(&play, name);
    }
}

#[test]
fn files_show_how_far_they_are() {
    let here = FileState::Here { path: "/home/ada/Downloads/moth.jpg".to_owned() };
    let history = vec![
        file_message(1, false, here, "as promised"),
        file_message(2, false, FileState::Wanted, ""),
        file_message(3, true, FileState::Offered, ""),
        file_message(4, false, FileState::Offered, ""),
    ];
    let mut play = Play::begin(80, 30, history);
    let transfer =
        Transfer { file: "f2".to_owned(), kind: TransferKind::Fetching, done: 700, total: 2048, trouble: None };
    play.transfers = vec![transfer];
    play.press(KeyCode::Enter);
    play.take(Input::Tick(crate::state::tests::NOW + 1_000));
    look(&play, "files");
}

#[test]
fn what_is_new_stands_below_a_line() {
    let mut contacts = people();
    contacts[0].unread = 2;
    let mut play = Play::begin_with(80, 24, contacts, evening(80, 24).history);
    play.press(KeyCode::Enter);
    look(&play, "new");
}

#[test]
fn commands_show_themselves_while_they_are_typed() {
    let mut play = evening(80, 24);
    play.write("/no");
    look(&play, "hints");
}

#[test]
fn nobody_yet_is_told_what_to_do() {
    let play = Play::begin_with(80, 24, Vec::new(), Vec::new());
    look(&play, "welcome");
}

#[test]
fn help_fits_or_scrolls() {
    let mut play = evening(80, 40);
    play.press(KeyCode::Char('?'));
    look(&play, "help");
    let mut play = evening(40, 12);
    play.press(KeyCode::Char('?'));
    look(&play, "help-narrow");
    play.press(KeyCode::End);
    look(&play, "help-narrow-end");
    // Beyond the end there is nothing to come back from.
    (0..40).for_each(|_| play.press(KeyCode::PageDown));
    look(&play, "help-narrow-end");
    (0..40).for_each(|_| play.press(KeyCode::PageUp));
    look(&play, "help-narrow");
}

#[test]
fn what_files_take_is_never_cut_and_says_when_there_is_no_room() {
    let shown = |columns: u16, here: u64| {
        let mut play = evening(columns, 30);
        play.state.space = Some(FileSpace { here, coming: 0, ..space() });
        play.press(KeyCode::BackTab);
        (0..3).for_each(|_| play.press(KeyCode::Down));
        text(&drawn(&play))
    };
    assert!(shown(120, 12_900 << 20).contains(" files 12.5 GiB of 64.0 GiB "));
    // One cell more than the pane has.
    let narrow = shown(80, 12_900 << 20);
    assert!(narrow.contains(" files 12.5 GiB ") && narrow.contains("   of 64.0 GiB "), "{narrow}");
    assert!(!shown(80, 1 << 20).contains("no more are fetched"));
    assert!(shown(80, 64 << 30).contains("no more are fetched"));
}

#[test]
fn the_first_screen_says_all_it_has_to_say_at_any_width() {
    for columns in [40, 64, 80, 120] {
        let mut play = Play::begin_with(columns, 30, Vec::new(), Vec::new());
        play.press(KeyCode::Tab);
        let shown = text(&drawn(&play));
        for word in ["Lamplit shows who", "directly when", "always.", "the link"] {
            assert!(shown.contains(word), "{word} at {columns}: {shown}");
        }
        assert!(!shown.contains("no server"), "{shown}");
    }
}

#[test]
fn an_invite_is_a_code_and_a_link_or_says_how_much_room_it_needs() {
    for (height, name) in [(40, "invite"), (20, "invite-low")] {
        let mut play = evening(80, height);
        play.write("/invite");
        play.press(KeyCode::Enter);
        look(&play, name);
    }
}

/// A view in which Grace's safety code was compared, or not.
fn after_comparing(columns: u16, rows: u16, compared: Compared) -> Play {
    let mut contacts = people();
    contacts[0].compared = compared;
    Play::begin_with(columns, rows, contacts, evening(columns, rows).history)
}

#[test]
fn a_safety_code_is_digits_with_what_to_do_and_a_code_for_a_camera_where_it_has_room() {
    for (columns, rows, name) in [(80, 40, "safety"), (80, 20, "safety-low"), (40, 20, "safety-narrow")] {
        let mut play = after_comparing(columns, rows, Compared::NotYet);
        play.press(KeyCode::Enter);
        play.write("/safety");
        play.press(KeyCode::Enter);
        look(&play, name);
    }
}

#[test]
fn where_codes_differ_that_is_said_first_wherever_the_contact_is_shown() {
    let mut play = after_comparing(80, 40, Compared::Different);
    play.press(KeyCode::Enter);
    play.write("/safety");
    play.press(KeyCode::Enter);
    look(&play, "safety-differs");
    for columns in [24, 40, 64, 80, 120] {
        let mut play = after_comparing(columns, 24, Compared::Different);
        assert!(text(&drawn(&play)).contains("differs"), "among the people at {columns}");
        play.press(KeyCode::Enter);
        assert!(text(&drawn(&play)).contains("CODES DIFFER"), "above the conversation at {columns}");
        play.write("/safety");
        play.press(KeyCode::Enter);
        let shown = text(&drawn(&play));
        // What to do goes before the digits where there is not room for all.
        for word in ["DIFFER", "strangers", "/forget", "34122"].into_iter().take(if columns == 24 { 2 } else { 4 }) {
            assert!(shown.contains(word), "{word} at {columns}: {shown}");
        }
    }
}

#[test]
fn who_was_compared_is_marked_above_the_conversation_where_there_is_room() {
    let shown = |columns, compared| {
        let mut play = after_comparing(columns, 24, compared);
        play.press(KeyCode::Enter);
        text(&drawn(&play))
    };
    assert!(shown(80, Compared::Same).contains("compared · near │"));
    assert!(shown(40, Compared::Same).contains("on qq (by hand, 5 min)"));
    assert!(!shown(80, Compared::NotYet).contains("compared"));
}

#[test]
fn trouble_is_told_on_the_last_row() {
    let mut play = evening(80, 24);
    let mut failing = status();
    failing.waiting = 3;
    failing.storage = Storage::Failing { reason: "the disk is full: make room".to_owned() };
    play.take(Input::Happened(Box::new(Event::StatusChanged { status: Box::new(failing) })));
    assert!(text(&drawn(&play)).contains("the disk is full: make room"));
    let removed = Box::new(Status { removed: true, ..status() });
    play.take(Input::Happened(Box::new(Event::StatusChanged { status: removed })));
    assert!(text(&drawn(&play)).contains("this device was removed from its account"));
    play.take(Input::Lost("no daemon is running: start it with `lamplit run`".to_owned()));
    assert!(text(&drawn(&play)).contains("no daemon is running: start it with `lamplit run`. Looking for it…"));
}

#[test]
fn how_far_messages_have_come_is_seen_without_colours() {
    let mut play = evening(80, 24);
    play.state.colours = false;
    let buffer = drawn(&play);
    assert!(text(&buffer).contains("✓✓"));
    let coloured = |cell: &ratatui::buffer::Cell| {
        cell.fg != ratatui::style::Color::Reset || cell.bg != ratatui::style::Color::Reset
    };
    assert!(!buffer.content.iter().any(coloured));
    play.state.colours = true;
    assert!(drawn(&play).content.iter().any(coloured));
}

/// Names and texts that would like to be something else.
const HOSTILE: &[&str] = &[
    "\u{1b}[2J\u{1b}[31mred\u{1b}]0;title\u{7}",
    "\u{9b}31m\u{90}q\u{9c}",
    "\u{202E}evil\u{2066}\u{2069}\u{200F}",
    "a\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}",
    "小野不由美が書いた十二国記",
    "👩‍🚀👨‍👩‍👧‍👦🏴󠁧󠁢󠁳󠁣󠁴󠁿🇩🇪❤️",
    "שלום וברכה ABC 123",
    "\n\n\n\ttabs\tand\nlines\r\n",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "\u{FEFF}\u{200B}\u{2060}",
    "│╭╮╰╯ ● near  9 ",
];

#[test]
fn nothing_hostile_reaches_the_terminal_and_no_frame_breaks() {
    for hostile in HOSTILE {
        for (columns, rows) in [(24, 8), (40, 12), (64, 20), (65, 24), (80, 24), (120, 30), (200, 60)] {
            let mut contacts = people();
            contacts[0].name = (*hostile).to_owned();
            contacts[0].note = Some((*hostile).to_owned());
            contacts[0].lit[0].app = (*hostile).to_owned();
            let history =
                (1..=30).map(|index| message(index, index % 2 == 0, &hostile.repeat(3), (30 - index) * 3)).collect();
            let mut play = Play::begin_with(columns, rows, contacts, history);
            for _ in 0..3 {
                play.take(Input::Happened(Box::new(Event::Warning { text: (*hostile).to_owned() })));
                play.take(Input::Paste((*hostile).to_owned()));
                check(&play, hostile);
                play.press(KeyCode::Tab);
            }
            play.press(KeyCode::Char('?'));
            check(&play, hostile);
        }
    }
}

fn check(play: &Play, hostile: &str) {
    let buffer = drawn(play);
    for cell in &buffer.content {
        let bad =
            cell.symbol().chars().find(|&c| c.is_control() || lamplit_types::safe(&c.to_string()) != c.to_string());
        assert_eq!(bad, None, "{hostile:?}");
    }
    // Frames are where they belong: nothing wide has pushed them aside.
    let panes = play.state.panes().unwrap();
    for pane in [panes.people, panes.chat, panes.nearby] {
        if pane.is_empty() || play.state.overlay.is_some() {
            continue;
        }
        for y in pane.y + 1..pane.bottom() - 1 {
            assert_eq!(buffer[(pane.x, y)].symbol(), "│", "{hostile:?} at {:?}", play.state.area);
            assert_eq!(buffer[(pane.right() - 1, y)].symbol(), "│", "{hostile:?} at {:?}", play.state.area);
        }
    }
}

#[test]
fn nothing_hostile_comes_through_a_group_or_a_file() {
    for hostile in HOSTILE {
        for (columns, rows) in [(24, 8), (40, 12), (65, 24), (120, 30)] {
            let mut play = Play::new(columns, rows);
            let mut group = circle();
            group.name = (*hostile).to_owned();
            group.members =
                (0..9).map(|_| Member { name: (*hostile).to_owned(), ..group.members[1].clone() }).collect();
            play.groups = vec![group];
            let mut file = file_message(2, false, FileState::Here { path: hostile.repeat(2) }, hostile);
            file.conversation = "group-1".to_owned();
            file.from_name = Some((*hostile).to_owned());
            if let Some(file) = &mut file.file {
                file.name = (*hostile).to_owned();
            }
            play.history = vec![in_circle(1, "x", hostile, hostile, 3), file];
            play.connect(people());
            play.press(KeyCode::Down);
            check(&play, hostile);
            play.press(KeyCode::Enter);
            check(&play, hostile);
        }
    }
}

#[test]
fn any_size_is_survived() {
    for columns in 1..50 {
        for rows in [1, 2, 3, 5, 8, 9, 13, 30] {
            let mut play = evening(columns, rows);
            drawn(&play);
            play.press(KeyCode::Tab);
            play.take(Input::Paste("one\ntwo\nthree\nfour".to_owned()));
            drawn(&play);
            play.press(KeyCode::F(1));
            drawn(&play);
        }
    }
}
