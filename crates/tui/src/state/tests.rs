#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test fails by panicking"
)]

use lamplit_rpc::api::{
    Clock, Compared, Contact, Family, File, FileState, Hearing, HistoryPage, LitApp, Member, NearDevice, NearPerson,
    Over, Progress, Reach, Role, TransferKind,
};
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::*;
use crate::{rows::Row, talk::Want};

/// Sunday, 22 November 2026, 22:30 UTC.
pub(crate) const NOW: u64 = 1_795_386_600_000;

pub(crate) fn contact(id: &str, name: &str) -> Contact {
    Contact {
        id: id.to_owned(),
        name: name.to_owned(),
        alias: None,
        note: None,
        number: None,
        compared: Compared::NotYet,
        devices: 1,
        since_ms: 0,
        unread: 0,
        near: false,
        lit: Vec::new(),
    }
}

pub(crate) fn lit(app: &str, minutes: u64) -> LitApp {
    LitApp { app: app.to_owned(), source: "hand".to_owned(), since_ms: NOW - minutes * 60_000 }
}

pub(crate) fn status() -> Status {
    Status {
        number: lamplit_rpc::api::Number::default(),
        removed: false,
        version: "0.1.0".to_owned(),
        account: "me".to_owned(),
        device: "d".to_owned(),
        name: "Ada".to_owned(),
        devices: 1,
        contacts: 3,
        unread: 0,
        waiting: 0,
        lit: vec![lit("qq", 3)],
        near: Vec::new(),
        strangers: 2,
        addresses: vec!["192.0.2.2:37106".to_owned()],
        discovery: true,
        hearing: Hearing::Others,
        clock: Clock::Unknown,
        storage: Storage::Working,
        server: None,
    }
}

pub(crate) fn nearby() -> Nearby {
    let device =
        |over, family| NearDevice { device: "d".to_owned(), since_ms: NOW - 120_000, over, family, address: None };
    let grace = NearPerson {
        contact: "g".to_owned(),
        name: "Grace".to_owned(),
        lit: vec![lit("qq", 5)],
        devices: vec![device(Over::Lan, Some(Family::Ipv4))],
    };
    Nearby {
        people: vec![grace],
        own: Vec::new(),
        strangers: 2,
        addresses: vec!["192.0.2.2:37106".to_owned(), "[fd00::2]:37106".to_owned()],
        discovery: true,
        hearing: Hearing::Others,
    }
}

/// The safety code with Grace.
pub(crate) fn safety(compared: Compared) -> Safety {
    let code = "34122 99506 86082 35485 55040 51611 94002 41381 52502 86878 97684 30247".to_owned();
    Safety { code, compared }
}

/// Three and a half of 64 gibibytes.
pub(crate) fn space() -> FileSpace {
    FileSpace { here: 3 << 30, coming: 512 << 20, limit: 64 << 30, free: Some(90 << 30) }
}

pub(crate) fn people() -> Vec<Contact> {
    vec![
        Contact { near: true, lit: vec![lit("qq", 5)], ..contact("g", "Grace") },
        contact("h", "Hedy"),
        Contact { note: Some("plays chess".to_owned()), ..contact("k", "Katherine") },
    ]
}

/// A message `minutes` ago.
pub(crate) fn message(index: u64, mine: bool, text: &str, minutes: u64) -> Message {
    Message {
        index,
        id: format!("m{index}"),
        from_name: None,
        reach: None,
        conversation: "g".to_owned(),
        from: if mine { "me" } else { "g" }.to_owned(),
        mine,
        text: text.to_owned(),
        file: None,
        sent_ms: NOW - minutes * 60_000,
        arrived_ms: NOW - minutes * 60_000,
        progress: mine.then_some(Progress::Sent),
    }
}

/// A picture of two kibibytes.
pub(crate) fn file_message(index: u64, mine: bool, state: FileState, said: &str) -> Message {
    let file = File {
        id: format!("f{index}"),
        name: "moth.jpg".to_owned(),
        size: 2048,
        picture: Some((640, 480)),
        state,
        fetched_by: Vec::new(),
        declined_by: Vec::new(),
    };
    Message { file: Some(Box::new(file)), ..message(index, mine, said, 2) }
}

/// A group of Ada, Grace, and somebody whom Ada does not know.
pub(crate) fn circle() -> Group {
    let member = |id: &str, name: &str, role| Member {
        id: id.to_owned(),
        name: name.to_owned(),
        role,
        me: id == "me",
        contact: id == "g",
    };
    let members = vec![
        member("me", "Ada", Role::Founder),
        member("g", "Grace", Role::Member),
        member("x", "Xenia", Role::Member),
    ];
    Group { id: "group-1".to_owned(), name: "Tea at eight".to_owned(), members, joined: true, unread: 0 }
}

/// A message in that group.
pub(crate) fn in_circle(index: u64, from: &str, name: &str, text: &str, minutes: u64) -> Message {
    let mine = from == "me";
    Message {
        conversation: "group-1".to_owned(),
        from: from.to_owned(),
        from_name: Some(name.to_owned()),
        reach: mine.then_some(Reach { members: 2, delivered: 2, read: 1 }),
        ..message(index, mine, text, minutes)
    }
}

/// A view and the daemon it believes to talk with.
pub(crate) struct Play {
    pub(crate) state: State,
    pub(crate) history: Vec<Message>,
    pub(crate) calls: Vec<Call>,
    pub(crate) groups: Vec<Group>,
    pub(crate) transfers: Vec<Transfer>,
    pub(crate) other: Vec<Effect>,
    /// A daemon that does not answer.
    pub(crate) silent: bool,
}

impl Play {
    pub(crate) fn new(width: u16, height: u16) -> Self {
        let state = State::new(width, height, NOW, TimeZone::UTC, true);
        Self {
            state,
            history: Vec::new(),
            calls: Vec::new(),
            groups: Vec::new(),
            transfers: Vec::new(),
            other: Vec::new(),
            silent: false,
        }
    }

    /// A view of a daemon with three contacts and these messages with Grace.
    pub(crate) fn begin(width: u16, height: u16, history: Vec<Message>) -> Self {
        Self::begin_with(width, height, people(), history)
    }

    pub(crate) fn begin_with(width: u16, height: u16, contacts: Vec<Contact>, history: Vec<Message>) -> Self {
        let mut play = Self::new(width, height);
        play.history = history;
        play.connect(contacts);
        play
    }

    /// A view of a daemon with three contacts, a group, and these messages.
    pub(crate) fn begin_in_circle(width: u16, height: u16, history: Vec<Message>) -> Self {
        let mut play = Self::new(width, height);
        play.history = history;
        play.groups = vec![circle()];
        play.connect(people());
        play
    }

    pub(crate) fn connect(&mut self, contacts: Vec<Contact>) {
        let (status, groups) = (Box::new(status()), self.groups.clone());
        self.take(Input::Whole { status, contacts, groups });
    }

    /// Gives the model something, and answers what it asks for as the daemon would.
    pub(crate) fn take(&mut self, input: Input) {
        let mut inputs = VecDeque::from([input]);
        while let Some(input) = inputs.pop_front() {
            for effect in self.state.update(input) {
                match effect {
                    Effect::Call(call) => {
                        inputs.extend(self.answer(&call).map(Input::Answered));
                        self.calls.push(call);
                    }
                    effect => self.other.push(effect),
                }
            }
        }
    }

    fn answer(&mut self, call: &Call) -> Option<Answer> {
        if self.silent {
            return None;
        }
        Some(match call {
            Call::Nearby => Answer::Nearby(nearby()),
            Call::Transfers => Answer::Transfers(self.transfers.clone()),
            Call::FileSpace => Answer::FileSpace(space()),
            Call::Found { .. } => Answer::Founded("group-1".to_owned()),
            Call::Fetch { contact, want, before } => {
                let all = self.history.iter().rev().filter(|it| it.conversation == *contact);
                let mut found: Vec<Message> = all
                    .filter(|it| before.is_none_or(|before| it.index < before))
                    .take(limits::PAGE + 1)
                    .cloned()
                    .collect();
                let more = found.len() > limits::PAGE;
                found.truncate(limits::PAGE);
                Answer::Fetched { contact: contact.clone(), want: *want, page: HistoryPage { messages: found, more } }
            }
            Call::Say { ticket, contact, text } => {
                let index = self.history.last().map_or(1, |last| last.index + 1);
                let said = Message { conversation: contact.clone(), ..message(index, true, text, 0) };
                self.history.push(said.clone());
                Answer::Said { ticket: *ticket, contact: contact.clone(), id: said.id }
            }
            Call::Invite => Answer::Invited(Invited { link: "lamplit:invite/abc".to_owned(), expires_ms: NOW }),
            Call::Safety { contact } => {
                let compared = self.state.people.get(contact).unwrap().compared;
                Answer::Safety { contact: contact.clone(), safety: safety(compared) }
            }
            Call::MarkSafety { contact, compared } => {
                Answer::Safety { contact: contact.clone(), safety: safety(*compared) }
            }
            call => Answer::Done(call.clone()),
        })
    }

    pub(crate) fn press(&mut self, code: KeyCode) {
        self.take(Input::Key(KeyEvent::new(code, KeyModifiers::NONE)));
    }

    pub(crate) fn control(&mut self, key: char) {
        self.take(Input::Key(KeyEvent::new(KeyCode::Char(key), KeyModifiers::CONTROL)));
    }

    pub(crate) fn write(&mut self, text: &str) {
        text.chars().for_each(|c| self.press(KeyCode::Char(c)));
    }

    /// A message comes in from Grace.
    pub(crate) fn hear(&mut self, text: &str) {
        let index = self.history.last().map_or(1, |last| last.index + 1);
        let message = message(index, false, text, 0);
        self.history.push(message.clone());
        let unread = self.unread() + 1;
        self.take(Input::Happened(Box::new(Event::Message { message, unread })));
    }

    /// What is unread of Grace's, as it is shown.
    fn unread(&self) -> u64 {
        self.state.people.get("g").unwrap().unread
    }

    fn marked(&self) -> Vec<u64> {
        let up_to = |call: &Call| if let Call::MarkRead { up_to, .. } = call { Some(*up_to) } else { None };
        self.calls.iter().filter_map(up_to).collect()
    }

    fn shown(&self) -> Vec<u64> {
        let talk = self.state.talk.as_ref().unwrap();
        let index = |row: &Row| match row {
            Row::Text { entry, last: true, .. } => Some(talk.entries()[*entry].message.index),
            _ => None,
        };
        talk.on_screen().iter().filter_map(index).collect()
    }
}

fn long(many: u64) -> Vec<Message> {
    (1..=many).map(|index| message(index, false, &format!("number {index}"), (many - index) * 7)).collect()
}

#[test]
fn what_is_typed_is_said_and_stands_there_once() {
    let mut play = Play::begin(100, 30, vec![message(1, false, "good evening", 3)]);
    play.press(KeyCode::Enter);
    play.write("hello");
    play.press(KeyCode::Enter);
    assert!(play.calls.contains(&Call::Say { ticket: 1, contact: "g".to_owned(), text: "hello".to_owned() }));
    assert_eq!(play.shown(), [1, 2]);
    assert!(play.state.talk.as_ref().unwrap().saying().is_empty());
    assert!(play.state.composer.is_empty());
}

#[test]
fn what_was_refused_is_typed_again() {
    let mut play = Play::begin(100, 30, Vec::new());
    play.silent = true;
    play.press(KeyCode::Enter);
    play.write("hello");
    play.press(KeyCode::Enter);
    play.write("more");
    let call = Call::Say { ticket: 1, contact: "g".to_owned(), text: "hello".to_owned() };
    play.take(Input::Answered(Answer::Refused(call, "the disk is full".to_owned())));
    assert_eq!(play.state.composer.text(), "hello\nmore");
    assert_eq!(play.state.notice.as_ref().unwrap().text, "the disk is full");
}

#[test]
fn what_was_refused_after_one_has_gone_elsewhere_waits_there() {
    let mut play = Play::begin(100, 30, Vec::new());
    play.silent = true;
    play.press(KeyCode::Enter);
    play.write("hello");
    play.press(KeyCode::Enter);
    play.press(KeyCode::Esc);
    play.press(KeyCode::Down);
    let call = Call::Say { ticket: 1, contact: "g".to_owned(), text: "hello".to_owned() };
    play.take(Input::Answered(Answer::Refused(call, "gone".to_owned())));
    assert!(play.state.composer.is_empty());
    play.press(KeyCode::Up);
    assert_eq!(play.state.composer.text(), "hello");
}

#[test]
fn what_is_typed_stays_with_whom_it_is_for() {
    let mut play = Play::begin(100, 30, Vec::new());
    play.press(KeyCode::Enter);
    play.write("for Grace");
    play.press(KeyCode::Esc);
    play.press(KeyCode::Down);
    assert_eq!(play.state.people.chosen().unwrap().name, "Hedy");
    assert!(play.state.composer.is_empty());
    play.press(KeyCode::Up);
    assert_eq!(play.state.composer.text(), "for Grace");
}

#[test]
fn only_what_was_on_the_screen_counts_as_read() {
    let mut contacts = people();
    contacts[0].unread = 30;
    let mut play = Play::begin_with(100, 30, contacts, long(40));
    // Whoever looks through the people has not read.
    assert_eq!(play.marked(), Vec::<u64>::new());
    play.press(KeyCode::Enter);
    let first = *play.shown().last().unwrap();
    assert!((11..40).contains(&first), "{first}");
    assert_eq!(play.shown()[0], 11, "it opens where the unread ones begin");
    assert_eq!(play.marked(), [first]);
    play.press(KeyCode::PageDown);
    let second = *play.shown().last().unwrap();
    assert_eq!(play.marked(), [first, second]);
    // To jump over some is not to read them.
    play.press(KeyCode::Home);
    play.press(KeyCode::End);
    assert_eq!(play.shown().last(), Some(&40));
    if second + u64::try_from(play.shown().len()).unwrap() < 40 {
        assert_eq!(play.marked(), [first, second]);
    }
    (0..9).for_each(|_| play.press(KeyCode::PageUp));
    (0..9).for_each(|_| play.press(KeyCode::PageDown));
    assert_eq!(play.marked().last(), Some(&40));
}

#[test]
fn nobody_reads_what_lies_behind_something_or_on_a_terminal_nobody_looks_at() {
    let mut play = Play::begin(100, 30, vec![message(1, false, "one", 3)]);
    play.press(KeyCode::Enter);
    play.take(Input::Watched(false));
    play.hear("two");
    play.press(KeyCode::F(1));
    play.take(Input::Watched(true));
    assert_eq!(play.marked(), Vec::<u64>::new());
    play.press(KeyCode::Esc);
    assert_eq!(play.marked(), [2]);
}

#[test]
fn a_long_history_comes_page_by_page_and_never_all_at_once() {
    let mut play = Play::begin(100, 30, long(2_000));
    play.press(KeyCode::Enter);
    assert_eq!(play.shown().last(), Some(&2_000));
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..2_000 {
        seen.extend(play.shown());
        assert!(play.state.talk.as_ref().unwrap().entries().len() <= limits::MESSAGES);
        play.press(KeyCode::PageUp);
    }
    assert_eq!(play.shown()[0], 1);
    assert_eq!(seen.len(), 2_000, "none is left out on the way up");
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..2_000 {
        seen.extend(play.shown());
        play.press(KeyCode::PageDown);
    }
    assert_eq!(seen.len(), 2_000, "nor on the way down");
    assert!(play.state.talk.as_ref().unwrap().is_at_end());
}

#[test]
fn who_reads_above_stays_there_when_something_comes() {
    let mut play = Play::begin(100, 30, long(60));
    play.press(KeyCode::Enter);
    play.press(KeyCode::PageUp);
    let before = play.shown();
    play.hear("new");
    play.take(Input::Resized(100, 30));
    assert_eq!(play.shown(), before);
    play.press(KeyCode::End);
    assert_eq!(play.shown().last(), Some(&61));
}

#[test]
fn the_place_survives_another_width() {
    let text =
        |index: u64| message(index, index.is_multiple_of(3), &"many words and more ".repeat(12), (100 - index) * 7);
    let mut play = Play::begin(120, 40, (1..=100).map(text).collect());
    play.press(KeyCode::Enter);
    (0..4).for_each(|_| play.press(KeyCode::PageUp));
    let first = play.shown()[0];
    play.take(Input::Resized(40, 20));
    play.take(Input::Resized(200, 50));
    play.take(Input::Resized(120, 40));
    assert!(play.shown()[0].abs_diff(first) <= 1, "{first} became {:?}", play.shown());
}

#[test]
fn progress_is_seen_and_goes_one_way() {
    let mut play = Play::begin(100, 30, vec![message(1, true, "hello", 3)]);
    for progress in [Progress::Read, Progress::Delivered] {
        let event = Event::Progress { conversation: "g".to_owned(), id: "m1".to_owned(), progress };
        play.take(Input::Happened(Box::new(event)));
    }
    assert_eq!(play.state.talk.as_ref().unwrap().entries()[0].message.progress, Some(Progress::Read));
}

#[test]
fn what_was_said_on_another_screen_is_fetched() {
    let mut play = Play::begin(100, 30, vec![message(1, false, "hello", 3)]);
    play.history.push(message(2, true, "from elsewhere", 0));
    let event = Event::Progress { conversation: "g".to_owned(), id: "m2".to_owned(), progress: Progress::Delivered };
    play.take(Input::Happened(Box::new(event)));
    assert_eq!(play.shown(), [1, 2]);
}

#[test]
fn after_missed_events_all_is_looked_at_again() {
    let mut play = Play::begin(100, 30, vec![message(1, false, "hello", 3)]);
    play.calls.clear();
    play.history.push(message(2, false, "missed", 0));
    play.connect(vec![contact("g", "Grace from work")]);
    assert_eq!(play.shown(), [1, 2]);
    assert_eq!(play.state.people.chosen().unwrap().name, "Grace from work");
    assert!(play.calls.contains(&Call::Nearby) && play.state.notice.is_none());
}

#[test]
fn what_changes_about_this_device_is_seen_at_once() {
    let mut play = Play::begin(100, 30, Vec::new());
    play.calls.clear();
    let reason = "the disk is full".to_owned();
    let status = Status { name: "Augusta".to_owned(), storage: Storage::Failing { reason }, ..status() };
    let status = Box::new(status);
    play.take(Input::Happened(Box::new(Event::StatusChanged { status })));
    assert_eq!(play.state.trouble().as_deref(), Some("the disk is full"));
    assert_eq!(play.state.status.as_ref().unwrap().name, "Augusta");
    // Strangers and addresses stand beside who is near.
    assert_eq!(play.calls, [Call::Nearby]);
}

#[test]
fn who_is_near_is_asked_again_when_that_was_refused() {
    let mut play = Play::new(100, 30);
    play.silent = true;
    play.connect(people());
    let asked = |play: &Play| play.calls.iter().filter(|call| matches!(call, Call::Nearby)).count();
    play.take(Input::Answered(Answer::Refused(Call::Nearby, "busy".to_owned())));
    assert_eq!(asked(&play), 1);
    play.take(Input::Tick(NOW + limits::PATIENCE_MS));
    assert_eq!(asked(&play), 2);
}

#[test]
fn what_files_take_is_asked_when_its_pane_is_opened_or_something_tells_of_it() {
    let asked = |play: &Play| play.calls.iter().filter(|call| matches!(call, Call::FileSpace)).count();
    let mut play = Play::begin(40, 20, vec![file_message(1, false, FileState::Offered, "")]);
    let file = |play: &mut Play| {
        let message = file_message(1, false, FileState::Wanted, "");
        play.take(Input::Happened(Box::new(Event::File { message })));
    };
    file(&mut play);
    assert_eq!(asked(&play), 0, "nobody sees it");
    play.press(KeyCode::BackTab);
    assert_eq!(play.state.focus, Focus::Nearby);
    assert_eq!((asked(&play), play.state.space.clone()), (1, Some(space())));
    (1..60).for_each(|seconds| play.take(Input::Tick(NOW + seconds * 1_000)));
    assert_eq!(asked(&play), 1, "time alone changes nothing");
    file(&mut play);
    assert_eq!(asked(&play), 2);
    play.take(Input::Happened(Box::new(Event::FileLimitChanged { limit: 1 << 30 })));
    assert_eq!(asked(&play), 3);
    play.press(KeyCode::Esc);
    play.press(KeyCode::BackTab);
    assert_eq!(asked(&play), 4);
    // While one question is under way, many happenings are one further question.
    play.silent = true;
    (0..9).for_each(|_| file(&mut play));
    assert_eq!(asked(&play), 5);
    play.take(Input::Answered(Answer::FileSpace(space())));
    assert_eq!(asked(&play), 6);
    play.take(Input::Answered(Answer::FileSpace(space())));
    assert_eq!(asked(&play), 6);
}

#[test]
fn what_files_take_is_asked_again_when_that_was_refused() {
    let mut play = Play::new(100, 30);
    play.silent = true;
    play.connect(people());
    let asked = |play: &Play| play.calls.iter().filter(|call| matches!(call, Call::FileSpace)).count();
    play.take(Input::Answered(Answer::Refused(Call::FileSpace, "busy".to_owned())));
    assert_eq!((asked(&play), play.state.notice.is_none()), (1, true));
    play.take(Input::Tick(NOW + limits::PATIENCE_MS));
    assert_eq!(asked(&play), 2);
}

#[test]
fn a_daemon_that_stops_is_waited_for_and_nothing_is_lost() {
    let mut play = Play::begin(100, 30, vec![message(1, false, "hello", 3)]);
    play.press(KeyCode::Enter);
    play.write("typed");
    play.take(Input::Lost("the daemon has stopped".to_owned()));
    assert!(!play.state.people.chosen().unwrap().near);
    play.press(KeyCode::Enter);
    assert_eq!(play.state.composer.text(), "typed");
    play.history.push(message(2, false, "meanwhile", 0));
    play.connect(people());
    assert!(play.state.down.is_none());
    assert_eq!(play.shown(), [1, 2]);
    assert_eq!(play.state.composer.text(), "typed");
}

#[test]
fn a_daemon_that_refuses_everything_is_not_asked_without_end() {
    let mut play = Play::begin(100, 30, long(300));
    play.press(KeyCode::Enter);
    play.silent = true;
    play.press(KeyCode::Home);
    let before = play.calls.len();
    for _ in 0..50 {
        let call = Call::Fetch { contact: "g".to_owned(), want: Want::Older, before: None };
        play.take(Input::Answered(Answer::Refused(call, "busy".to_owned())));
    }
    assert_eq!(play.calls.len(), before);
    play.take(Input::Tick(NOW + 60_000));
    assert!(play.calls.len() > before);
}

#[test]
fn a_slow_daemon_is_called_slow() {
    let mut play = Play::begin(100, 30, Vec::new());
    play.silent = true;
    play.press(KeyCode::Enter);
    play.write("hello");
    play.press(KeyCode::Enter);
    assert!(!play.state.is_slow());
    play.take(Input::Tick(NOW + limits::SLOW_MS));
    assert!(play.state.is_slow());
}

#[test]
fn commands_ask_for_what_they_say() {
    let mut play = Play::begin(100, 30, Vec::new());
    for (line, call) in [
        ("/on sina-weibo", Call::Light { app: "sina-weibo".to_owned(), on: true }),
        ("/off qq", Call::Light { app: "qq".to_owned(), on: false }),
        ("/name Ada L.", Call::SetName("Ada L.".to_owned())),
        ("/note likes tea", Call::Note { contact: "g".to_owned(), note: Some("likes tea".to_owned()) }),
        ("/rename", Call::Rename { contact: "g".to_owned(), name: None }),
        ("/dial 192.0.2.7:1", Call::Dial { contact: "g".to_owned(), address: "192.0.2.7:1".to_owned() }),
        ("/invite", Call::Invite),
    ] {
        // A slash leads from anywhere to where commands are typed.
        play.press(KeyCode::Esc);
        play.write(line);
        play.press(KeyCode::Enter);
        assert_eq!(
            play.calls.iter().rfind(|call| !matches!(call, Call::Nearby | Call::Transfers)),
            Some(&call),
            "{line}"
        );
        play.press(KeyCode::Esc);
    }
}

#[test]
fn names_of_commands_are_completed() {
    let mut play = Play::begin(100, 30, Vec::new());
    play.write("/acc");
    play.press(KeyCode::Tab);
    assert_eq!(play.state.composer.text(), "/accept ");
    play.control('u');
    play.write("/n");
    play.press(KeyCode::Tab);
    assert_eq!(play.state.composer.text(), "/note ");
    // With nothing to complete, it leads on.
    play.press(KeyCode::Tab);
    assert_eq!(play.state.focus, Focus::Nearby);
}

#[test]
fn somebody_is_forgotten_only_when_that_was_meant() {
    let mut play = Play::begin(100, 30, Vec::new());
    play.write("/forget");
    play.press(KeyCode::Enter);
    play.press(KeyCode::Enter);
    assert!(!play.calls.contains(&Call::Forget { contact: "g".to_owned() }));
    play.write("/forget");
    play.press(KeyCode::Enter);
    play.press(KeyCode::Char('y'));
    assert!(play.calls.contains(&Call::Forget { contact: "g".to_owned() }));
}

#[test]
fn an_invite_that_is_pasted_is_one_to_accept() {
    let mut play = Play::begin(100, 30, Vec::new());
    play.take(Input::Paste("lamplit:invite/\nabc def".to_owned()));
    assert_eq!(play.state.composer.text(), "/accept lamplit:invite/abcdef");
    play.press(KeyCode::Enter);
    assert!(play.calls.contains(&Call::Accept { link: "lamplit:invite/abcdef".to_owned() }));
    let zoe = contact("z", "Zoe");
    play.take(Input::Happened(Box::new(Event::ContactAdded { contact: zoe })));
    assert_eq!(play.state.people.chosen().unwrap().name, "Zoe");
    assert_eq!(play.state.notice.as_ref().unwrap().text, "Zoe is a contact now.");
}

#[test]
fn an_invite_shows_itself_and_goes_when_it_was_used() {
    let mut play = Play::begin(100, 30, Vec::new());
    play.write("/invite");
    play.press(KeyCode::Enter);
    assert!(matches!(&play.state.overlay, Some(Overlay::Invite(Some(_)))));
    play.press(KeyCode::Char('c'));
    assert!(play.other.contains(&Effect::Copy("lamplit:invite/abc".to_owned())));
    play.take(Input::Happened(Box::new(Event::ContactAdded { contact: contact("z", "Zoe") })));
    assert_eq!(play.state.overlay, None);
}

/// What is on the screen of a safety code, and what is said to have come of it.
fn safety_on_screen(play: &Play) -> Option<Compared> {
    match &play.state.overlay {
        Some(Overlay::Safety { contact, shown: Some(shown), .. }) if contact == "g" => Some(shown.compared),
        _ => None,
    }
}

#[test]
fn a_safety_code_on_the_screen_follows_what_is_said_elsewhere_and_goes_with_the_contact() {
    let mut play = Play::begin(100, 30, Vec::new());
    play.write("/safety");
    play.press(KeyCode::Enter);
    assert_eq!(safety_on_screen(&play), Some(Compared::NotYet));
    let grace = Contact { compared: Compared::Different, ..contact("g", "Grace") };
    play.take(Input::Happened(Box::new(Event::ContactChanged { contact: grace })));
    assert_eq!(safety_on_screen(&play), Some(Compared::Different));
    let hedy = Contact { compared: Compared::Same, ..contact("h", "Hedy") };
    play.take(Input::Happened(Box::new(Event::ContactChanged { contact: hedy })));
    assert_eq!(safety_on_screen(&play), Some(Compared::Different), "Hedy is somebody else");
    play.take(Input::Happened(Box::new(Event::ContactRemoved { contact: "g".to_owned() })));
    assert_eq!(play.state.overlay, None);
}

#[test]
fn a_safety_code_that_is_refused_leaves_the_screen_and_says_why() {
    let mut play = Play::begin(100, 30, Vec::new());
    play.silent = true;
    play.write("/safety same");
    play.press(KeyCode::Enter);
    let call = Call::MarkSafety { contact: "g".to_owned(), compared: Compared::Same };
    assert!(play.calls.contains(&call));
    assert!(matches!(&play.state.overlay, Some(Overlay::Safety { shown: None, .. })));
    play.take(Input::Answered(Answer::Refused(call, "the codes differ".to_owned())));
    assert_eq!(play.state.overlay, None);
    assert_eq!(play.state.notice.as_ref().unwrap().text, "the codes differ");
}

#[test]
fn leaving_asks_if_something_typed_would_be_lost() {
    let mut play = Play::begin(100, 30, Vec::new());
    play.press(KeyCode::Enter);
    play.write("half a");
    play.control('c');
    assert!(!play.other.contains(&Effect::Leave));
    play.write(" sentence");
    play.control('c');
    assert!(!play.other.contains(&Effect::Leave));
    play.control('c');
    assert!(play.other.contains(&Effect::Leave));
}

#[test]
fn several_lines_are_one_message() {
    let mut play = Play::begin(100, 30, Vec::new());
    play.press(KeyCode::Enter);
    play.write("one");
    play.take(Input::Key(KeyEvent::new(KeyCode::Enter, KeyModifiers::ALT)));
    play.write("two");
    play.control('j');
    play.take(Input::Paste("three\r\nfour".to_owned()));
    play.press(KeyCode::Enter);
    let said = Call::Say { ticket: 1, contact: "g".to_owned(), text: "one\ntwo\nthree\nfour".to_owned() };
    assert!(play.calls.contains(&said));
}

#[test]
fn the_title_counts_what_is_unread() {
    let mut play = Play::begin(100, 30, vec![message(1, false, "one", 3)]);
    play.hear("two");
    assert!(play.other.contains(&Effect::Title("(1) Lamplit".to_owned())));
}

/// Everybody, with so much unread of Grace's.
fn people_with_unread(unread: u64) -> Vec<Contact> {
    people().into_iter().map(|one| Contact { unread: if one.id == "g" { unread } else { 0 }, ..one }).collect()
}

#[test]
fn a_message_that_a_snapshot_has_counts_once_when_its_event_comes_too() {
    let mut play = Play::begin_with(100, 30, people_with_unread(1), long(40));
    let last = play.history[39].clone();
    play.take(Input::Happened(Box::new(Event::Message { message: last, unread: 1 })));
    assert_eq!(play.unread(), 1);
    let titles = play.other.iter().filter(|effect| matches!(effect, Effect::Title(_)));
    assert!(titles.eq([&Effect::Title("(1) Lamplit".to_owned())]));
    assert_eq!(play.state.talk.as_ref().unwrap().new_from, Some(40));
    play.press(KeyCode::Enter);
    assert_eq!(play.marked(), [40], "only the one that came was unread");
}

#[test]
fn what_was_missed_and_is_in_the_new_snapshot_counts_once_when_its_events_come_after_it() {
    let mut play = Play::begin_with(100, 30, people_with_unread(0), long(38));
    play.hear("number 39");
    assert_eq!(play.unread(), 1);
    // The event of the next one is missed; of the one after it the snapshot knows already.
    let texts = [(40, "number 40"), (41, "number 41")];
    play.history.extend(texts.map(|(index, text)| message(index, false, text, 0)));
    play.connect(people_with_unread(3));
    let last = play.history[40].clone();
    play.take(Input::Happened(Box::new(Event::Message { message: last, unread: 3 })));
    assert_eq!(play.unread(), 3);
    assert!(play.other.contains(&Effect::Title("(3) Lamplit".to_owned())));
    assert!(!play.other.contains(&Effect::Title("(4) Lamplit".to_owned())));
    play.press(KeyCode::Enter);
    assert_eq!(play.marked(), [41]);
    // Read here or on another device: what comes late of before does not count again.
    play.connect(people_with_unread(0));
    let own = message(42, true, "all read", 0);
    play.history.push(own.clone());
    play.take(Input::Happened(Box::new(Event::Message { message: own, unread: 0 })));
    assert_eq!(play.unread(), 0);
}

#[test]
fn ten_thousand_contacts_are_found_by_typing() {
    let crowd = (0..10_000).map(|number| contact(&format!("c{number}"), &format!("Person {number}"))).collect();
    let mut play = Play::begin_with(100, 30, crowd, Vec::new());
    play.write("person 9999");
    assert_eq!(play.state.people.shown().len(), 1);
    assert_eq!(play.state.people.chosen().unwrap().name, "Person 9999");
}

#[test]
fn escape_and_a_key_that_came_as_one_are_two() {
    let alt = |play: &mut Play, code| play.take(Input::Key(KeyEvent::new(code, KeyModifiers::ALT)));
    let mut play = Play::begin(100, 30, Vec::new());
    play.press(KeyCode::BackTab);
    assert_eq!(play.state.focus, Focus::Nearby);
    // Esc, Enter: back to the people, and into the conversation.
    alt(&mut play, KeyCode::Enter);
    assert_eq!(play.state.focus, Focus::Chat);
    assert!(play.state.composer.is_empty());
    play.press(KeyCode::Esc);
    play.write("x");
    alt(&mut play, KeyCode::Char('h'));
    assert_eq!(play.state.people.filter(), "h");
    play.press(KeyCode::Esc);
    // Esc says no, whatever comes after it.
    play.write("/forget");
    play.press(KeyCode::Enter);
    alt(&mut play, KeyCode::Char('y'));
    assert!(!play.calls.contains(&Call::Forget { contact: "g".to_owned() }));
}

#[test]
fn where_one_types_alt_means_what_it_does_in_a_shell() {
    let mut play = Play::begin(100, 30, Vec::new());
    play.press(KeyCode::Enter);
    play.write("good evening");
    play.take(Input::Key(KeyEvent::new(KeyCode::Char('b'), KeyModifiers::ALT)));
    play.write("late ");
    play.take(Input::Key(KeyEvent::new(KeyCode::Char('x'), KeyModifiers::ALT)));
    assert_eq!(play.state.composer.text(), "good late evening");
    assert_eq!(play.state.focus, Focus::Chat);
}

fn tea() -> Vec<Message> {
    vec![
        in_circle(1, "g", "Grace", "who brings the tea?", 9),
        in_circle(2, "x", "Xenia", "not me", 8),
        in_circle(3, "me", "Ada", "I do", 7),
    ]
}

#[test]
fn a_group_is_talked_in_like_a_contact() {
    let mut play = Play::begin_in_circle(100, 30, tea());
    play.press(KeyCode::Down);
    assert_eq!(play.state.people.chosen().unwrap().name, "Tea at eight");
    assert_eq!(play.shown(), [1, 2, 3]);
    let heads = |play: &Play| {
        let rows = play.state.talk.as_ref().unwrap().on_screen().iter();
        rows.filter(|row| matches!(row, Row::Head { .. })).count()
    };
    assert_eq!(heads(&play), 3, "each says something under their own name");
    play.press(KeyCode::Enter);
    play.write("good");
    play.press(KeyCode::Enter);
    let said = Call::Say { ticket: 1, contact: "group-1".to_owned(), text: "good".to_owned() };
    assert!(play.calls.contains(&said));
}

#[test]
fn what_is_said_in_a_group_counts_as_unread_and_is_read_when_it_was_seen() {
    let mut play = Play::begin_in_circle(100, 30, tea());
    let message = in_circle(4, "x", "Xenia", "and who brings cups?", 0);
    play.history.push(message.clone());
    play.take(Input::Happened(Box::new(Event::Message { message, unread: 1 })));
    assert_eq!(play.state.people.get("group-1").unwrap().unread, 1);
    assert!(play.other.contains(&Effect::Title("(1) Lamplit".to_owned())));
    play.control('n');
    assert!(play.calls.contains(&Call::MarkRead { contact: "group-1".to_owned(), up_to: 4 }));
    let read = Group { unread: 0, ..circle() };
    play.take(Input::Happened(Box::new(Event::GroupChanged { group: read })));
    assert_eq!(play.state.people.unread(), 0);
}

#[test]
fn how_many_have_a_message_is_asked_when_one_more_has() {
    let mut play = Play::begin_in_circle(100, 30, tea());
    play.press(KeyCode::Down);
    play.history[2].reach = Some(Reach { members: 2, delivered: 2, read: 2 });
    let event = Event::Progress { conversation: "group-1".to_owned(), id: "m3".to_owned(), progress: Progress::Read };
    play.take(Input::Happened(Box::new(event)));
    let read = play.state.talk.as_ref().unwrap().entries()[2].message.reach.unwrap().read;
    assert_eq!(read, 2);
}

#[test]
fn commands_of_groups_ask_for_what_they_say() {
    let mut play = Play::begin_in_circle(100, 30, Vec::new());
    let last = |play: &Play| {
        let quiet = |call: &&Call| !matches!(call, Call::Nearby | Call::Transfers | Call::Fetch { .. });
        play.calls.iter().rfind(quiet).cloned()
    };
    // Grace is chosen: a group begins with her, and is gone to.
    play.write("/group Tea at eight");
    play.press(KeyCode::Enter);
    assert_eq!(last(&play), Some(Call::Found { name: "Tea at eight".to_owned(), contact: "g".to_owned() }));
    assert_eq!(play.state.people.chosen().unwrap().id, "group-1");
    let group = || "group-1".to_owned();
    let name_admin = |member: &str, name: &str, admin| {
        let (member, name) = (member.to_owned(), name.to_owned());
        Call::NameAdmin { group: group(), member, name, admin }
    };
    for (line, call) in [
        ("/add hedy", Call::Add { group: group(), contact: "h".to_owned(), name: "Hedy".to_owned() }),
        ("/remove xen", Call::Remove { group: group(), member: "x".to_owned(), name: "Xenia".to_owned() }),
        ("/admin grace", name_admin("g", "Grace", true)),
        ("/rename Tea", Call::RenameGroup { group: group(), name: "Tea".to_owned() }),
    ] {
        play.write(line);
        play.press(KeyCode::Enter);
        assert_eq!(last(&play), Some(call), "{line}");
    }
    // Who is one is none after the same once more.
    let mut group_now = circle();
    group_now.members.iter_mut().filter(|member| member.id == "g").for_each(|grace| grace.role = Role::Admin);
    play.take(Input::Happened(Box::new(Event::GroupChanged { group: group_now })));
    play.write("/admin grace");
    play.press(KeyCode::Enter);
    assert_eq!(last(&play), Some(name_admin("g", "Grace", false)));
    assert!(play.state.notice.as_ref().unwrap().text.contains("like others"));
    play.write("/leave");
    play.press(KeyCode::Enter);
    play.press(KeyCode::Char('n'));
    assert!(!play.calls.contains(&Call::LeaveGroup { group: group() }));
    play.write("/leave");
    play.press(KeyCode::Enter);
    play.press(KeyCode::Char('y'));
    assert_eq!(last(&play), Some(Call::LeaveGroup { group: group() }));
}

#[test]
fn a_group_that_is_told_of_after_it_was_founded_is_gone_to_as_well() {
    let mut play = Play::begin(100, 30, Vec::new());
    play.write("/group Tea");
    play.press(KeyCode::Enter);
    assert_eq!(play.state.people.chosen().unwrap().id, "g");
    play.take(Input::Happened(Box::new(Event::GroupAdded { group: circle() })));
    assert_eq!(play.state.people.chosen().unwrap().id, "group-1");
    assert_eq!(play.state.focus, Focus::Chat);
}

#[test]
fn commands_that_are_not_for_the_chosen_one_say_so_and_stay_typed() {
    let mut play = Play::begin_in_circle(100, 30, Vec::new());
    for (down, line, why) in [
        (false, "/add Hedy", "no group"),
        (false, "/admin Hedy", "no group"),
        (false, "/leave", "no group"),
        (true, "/note tea", "is a group"),
        (true, "/group More", "is a group"),
        (true, "/add Nobody", "Nobody here is called"),
        (true, "/admin Nobody", "Nobody here is called"),
    ] {
        play.press(KeyCode::Home);
        if down {
            play.press(KeyCode::Down);
        }
        let before = play.calls.iter().filter(|call| !matches!(call, Call::Fetch { .. })).count();
        play.write(line);
        play.press(KeyCode::Enter);
        assert!(play.state.notice.as_ref().unwrap().text.contains(why), "{line}: {:?}", play.state.notice);
        assert_eq!(play.calls.iter().filter(|call| !matches!(call, Call::Fetch { .. })).count(), before);
        play.control('u');
        play.press(KeyCode::Esc);
    }
}

#[test]
fn a_group_that_ended_stays_until_one_goes_elsewhere() {
    let mut play = Play::begin_in_circle(100, 30, tea());
    play.press(KeyCode::Down);
    let group = Group { joined: false, ..circle() };
    play.take(Input::Happened(Box::new(Event::GroupEnded { group })));
    assert_eq!(play.shown(), [1, 2, 3]);
    assert!(play.state.notice.as_ref().unwrap().text.contains("no more"));
}

#[test]
fn how_far_a_file_is_is_asked_as_long_as_it_is_on_its_way() {
    let mut play = Play::begin(100, 30, vec![file_message(1, false, FileState::Wanted, "")]);
    let shown = |play: &Play| play.state.talk.as_ref().unwrap().entries()[0].rows.clone();
    assert_eq!(shown(&play)[1], "on its way");
    let transfer =
        Transfer { file: "f1".to_owned(), kind: TransferKind::Fetching, done: 1024, total: 2048, trouble: None };
    play.transfers = vec![transfer];
    play.take(Input::Tick(NOW + 1_000));
    assert_eq!(shown(&play)[1], "━━━━━━━━──────── 50 %");
    // It is here: nothing more is asked.
    play.transfers.clear();
    let here = FileState::Here { path: "/home/ada/moth.jpg".to_owned() };
    let message = file_message(1, false, here, "");
    play.take(Input::Happened(Box::new(Event::File { message })));
    assert_eq!(shown(&play)[1], "here: /home/ada/moth.jpg");
    let asked = |play: &Play| play.calls.iter().filter(|call| matches!(call, Call::Transfers)).count();
    let before = asked(&play);
    (2..8).for_each(|seconds| play.take(Input::Tick(NOW + seconds * 1_000)));
    assert_eq!(asked(&play), before);
}

#[test]
fn a_few_files_are_sent_at_a_time() {
    let mut play = Play::begin(100, 30, Vec::new());
    play.silent = true;
    let send = |play: &mut Play| {
        play.write("/send /tmp/moth.jpg");
        play.press(KeyCode::Enter);
    };
    (0..=limits::SENDING).for_each(|_| send(&mut play));
    let sent = |play: &Play| play.calls.iter().filter(|call| matches!(call, Call::SendFile { .. })).count();
    assert_eq!(sent(&play), limits::SENDING);
    assert!(play.state.notice.as_ref().unwrap().text.contains("when they are announced"));
    let call = play.calls.iter().rfind(|call| matches!(call, Call::SendFile { .. })).unwrap().clone();
    play.take(Input::Answered(Answer::Done(call)));
    send(&mut play);
    assert_eq!(sent(&play), limits::SENDING + 1);
}
