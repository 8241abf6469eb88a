use lamplit_rpc::api::{Compared, Message};
use ratatui::{
    buffer::Buffer,
    layout::{Position, Rect},
    style::Style,
    text::Line,
};

use super::{frame_around, row, rows_of, sign, title};
use crate::{
    command,
    panes::Focus,
    peer::{Circle, Peer},
    rows::Row,
    state::{PROMPT, State},
    talk::{Entry, Talk},
    text::{cut, width, wrap},
    theme::Theme,
    time::{age, day},
    words::{BARS, people, ticks, ticks_of},
};

/// Cells at the right of own messages, for how far they have come; in a group with how many, too.
const TICKS: usize = 3;
const TICKS_OF_GROUP: usize = 4;
/// Cells of the line about a contact from which it also says that the safety code was compared. That it differs is always said.
const ROOMY: u16 = 44;
/// Cells of what a command is called and goes with, where what it does stands beside it.
const HINT: usize = 19;

/// The conversation with whoever is chosen. Returns where the cursor is.
pub(super) fn draw(state: &State, theme: Theme, buffer: &mut Buffer, area: Rect) -> Position {
    let has_focus = state.focus == Focus::Chat;
    let style = if has_focus { theme.focus() } else { theme.strong() };
    let peer = state.people.chosen();
    let heading = title(peer.map_or("", |peer| &peer.name), style, area.width);
    frame_around(theme, buffer, area, heading, Line::default(), has_focus);
    let parts = state.chat_parts(area);
    match peer {
        Some(peer) => head(state, theme, buffer, parts.head, peer),
        None => welcome(state, theme, buffer, parts.history),
    }
    if let Some(talk) = &state.talk {
        for (area, shown) in rows_of(parts.history).zip(talk.on_screen()) {
            history_row(theme, buffer, area, talk, peer, shown);
        }
        rule(state, theme, buffer, parts.composer, talk);
    }
    hints(state, theme, buffer, parts.hints);
    composer(state, theme, buffer, parts.composer)
}

/// What they are on and whether they are near; what was noted about them.
fn head(state: &State, theme: Theme, buffer: &mut Buffer, area: Rect, peer: &Peer) {
    let mut rows = rows_of(area);
    if let Some(circle) = &peer.circle {
        return who_is_in_it(state, theme, buffer, area, circle);
    }
    if let Some(area) = rows.next() {
        let on = peer.lit.iter().map(|app| {
            let by = if app.source == "hand" { "by hand" } else { app.source.as_str() };
            format!("{} ({by}, {})", app.app, age(state.now_ms, app.since_ms))
        });
        let on: Vec<String> = on.collect();
        let text = if on.is_empty() { "on nothing".to_owned() } else { format!("on {}", on.join(", ")) };
        let style = if on.is_empty() { theme.quiet() } else { theme.lit() };
        let reach = if peer.near { ("near ", theme.near()) } else { ("not near ", theme.quiet()) };
        let left = [(" ".to_owned(), Style::new()), sign(theme, peer), (text, style)];
        let right = match peer.compared {
            Compared::Different => vec![("CODES DIFFER ", theme.bad())],
            Compared::Same if area.width >= ROOMY => vec![("compared · ", theme.quiet()), reach],
            Compared::Same | Compared::NotYet => vec![reach],
        };
        let right: Vec<_> = right.into_iter().map(|(text, style)| (text.to_owned(), style)).collect();
        row(buffer, area, &left, &right);
    }
    if let (Some(area), Some(note)) = (rows.next(), &peer.note) {
        row(buffer, area, &[(format!(" note: {}", note.replace('\n', " ")), theme.quiet())], &[]);
    }
}

/// How many are in a group, who, and how many of them are near.
fn who_is_in_it(state: &State, theme: Theme, buffer: &mut Buffer, area: Rect, circle: &Circle) {
    if !circle.joined {
        return row(buffer, area, &[(" you are in it no more".to_owned(), theme.quiet())], &[]);
    }
    let names = circle.members.iter().map(|member| if member.me { "you" } else { member.name.as_str() });
    let names: Vec<&str> = names.collect();
    let reach = match state.people.near_in(circle) {
        0 => ("nobody near ".to_owned(), theme.quiet()),
        near => (format!("{near} near "), theme.near()),
    };
    let left = [(format!(" {}: ", people(circle.members.len())), theme.theirs()), (names.join(", "), Style::new())];
    row(buffer, area, &left, &[reach]);
}

/// Who wrote a message, and the style of their name: of those in a group each has one of their own, as far as there are colours.
fn writer(theme: Theme, peer: Option<&Peer>, message: &Message) -> (String, Style) {
    let Some(peer) = peer else { return (String::new(), theme.theirs()) };
    let Some(circle) = &peer.circle else { return (peer.name.clone(), theme.theirs()) };
    let name = message.from_name.clone().unwrap_or_else(|| "somebody".to_owned());
    let others = circle.members.iter().filter(|member| !member.me);
    let at = others.enumerate().find(|(_, member)| member.id == message.from).map(|(at, _)| at);
    (name, at.map_or_else(|| theme.quiet(), |at| theme.one_of_many(at)))
}

/// How a row of a message looks: a file's name stands out, and so does how far it is.
fn row_style(theme: Theme, entry: &Entry, number: usize, text: &str) -> Style {
    match number {
        _ if entry.message.file.is_none() => Style::new(),
        0 => theme.strong(),
        1 if text.starts_with(BARS) => theme.near(),
        _ => Style::new(),
    }
}

fn history_row(theme: Theme, buffer: &mut Buffer, area: Rect, talk: &Talk, peer: Option<&Peer>, shown: &Row) {
    let aside = if peer.is_some_and(|peer| peer.circle.is_some()) { TICKS_OF_GROUP } else { TICKS };
    match shown {
        Row::Blank => {}
        Row::Start => centred(theme.quiet(), buffer, area, "This is where it begins", ' '),
        Row::Loading => centred(theme.quiet(), buffer, area, "…", ' '),
        Row::Day(date) => centred(theme.quiet(), buffer, area, &day(*date), '─'),
        Row::New => centred(theme.focus(), buffer, area, "new", '─'),
        Row::Head { entry, time } => {
            let Some(message) = talk.entries().get(*entry).map(|entry| &entry.message) else { return };
            if message.mine {
                let aside = " ".repeat(aside.saturating_add(1));
                row(buffer, area, &[], &[(format!("{time}  "), theme.quiet()), (format!("you{aside}"), theme.mine())]);
            } else {
                let (name, style) = writer(theme, peer, message);
                row(buffer, area, &[(format!(" {name}"), style), (format!("  {time}"), theme.quiet())], &[]);
            }
        }
        Row::Text { entry, row: number, last } => {
            let Some(entry) = talk.entries().get(*entry) else { return };
            let Some(text) = entry.rows.get(*number) else { return };
            let style = row_style(theme, entry, *number, text);
            if entry.message.mine {
                let mark = if *last { mark(&entry.message) } else { String::new() };
                own(theme, buffer, area, &entry.rows, (text, style), (&mark, aside));
            } else {
                row(buffer, area, &[(format!(" {text}"), style)], &[]);
            }
        }
        Row::Saying { saying, row: number, last } => {
            let Some(saying) = talk.saying().get(*saying) else { return };
            if let Some(text) = saying.rows.get(*number) {
                let mark = if *last { "…" } else { "" };
                own(theme, buffer, area, &saying.rows, (text, Style::new()), (mark, aside));
            }
        }
    }
}

/// A row of an own message: its rows begin under each other, and the longest ends at the right.
fn own(
    theme: Theme,
    buffer: &mut Buffer,
    area: Rect,
    all: &[String],
    (text, style): (&str, Style),
    (mark, aside): (&str, usize),
) {
    let widest = all.iter().map(|row| width(row)).max().unwrap_or(0);
    let room = usize::from(area.width).saturating_sub(aside).saturating_sub(1);
    let text = cut(text, room);
    let before = room.saturating_sub(widest);
    let x = area.x.saturating_add(u16::try_from(before).unwrap_or(u16::MAX));
    buffer.set_stringn(x, area.y, &text, room.saturating_sub(before), style);
    let x = area.x.saturating_add(u16::try_from(room.saturating_add(1)).unwrap_or(u16::MAX));
    let style = if mark == "·" || mark == "…" { theme.quiet() } else { theme.near() };
    buffer.set_stringn(x, area.y, mark, aside, style);
}

/// How far an own message has come.
fn mark(message: &Message) -> String {
    match (&message.reach, message.progress) {
        (Some(reach), _) => ticks_of(reach),
        (None, Some(progress)) => ticks(progress).to_owned(),
        (None, None) => String::new(),
    }
}

/// A text in the middle, with something at both sides.
fn centred(style: Style, buffer: &mut Buffer, area: Rect, text: &str, around: char) {
    let total = usize::from(area.width).saturating_sub(2);
    let text = cut(text, total.saturating_sub(4));
    let left = total.saturating_sub(width(&text)).saturating_sub(2);
    let side = |cells: usize| around.to_string().repeat(cells);
    let line = format!(" {} {text} {}", side(left / 2), side(left.saturating_sub(left / 2)));
    buffer.set_stringn(area.x, area.y, line, usize::from(area.width), style);
}

/// The line above what is typed; it tells when there is more below.
fn rule(state: &State, theme: Theme, buffer: &mut Buffer, composer: Rect, talk: &Talk) {
    let area = Rect { y: composer.y.saturating_sub(1), height: 1, ..composer };
    let line = "─".repeat(usize::from(area.width));
    buffer.set_stringn(area.x, area.y, line, usize::from(area.width), theme.quiet());
    if talk.is_at_end() || talk.is_loading() {
        return;
    }
    let unread = state.people.chosen().map_or(0, |contact| contact.unread);
    let text = if unread > 0 { format!(" {unread} new below ↓ ") } else { " more below ↓ ".to_owned() };
    row(buffer, area, &[], &[(text, theme.focus()), ("─".to_owned(), theme.quiet())]);
}

fn hints(state: &State, theme: Theme, buffer: &mut Buffer, area: Rect) {
    let hints = command::hints(&state.composer.text());
    for (area, known) in rows_of(area).zip(hints) {
        let words = format!(" /{} {}", known.name, known.with);
        let aside = " ".repeat(HINT.saturating_sub(width(&words)));
        row(buffer, area, &[(words, theme.focus()), (format!("{aside}{}", known.does), theme.quiet())], &[]);
    }
}

/// What is typed. Of more rows than there is room for, those around the cursor.
fn composer(state: &State, theme: Theme, buffer: &mut Buffer, area: Rect) -> Position {
    let typed = state.composer.rows(usize::from(area.width).saturating_sub(PROMPT));
    let height = usize::from(area.height);
    let top = typed.row.saturating_sub(height.saturating_sub(1));
    let prompt = if state.focus == Focus::Chat { theme.focus() } else { theme.quiet() };
    for (at, (area, text)) in rows_of(area).zip(typed.rows.iter().skip(top)).enumerate() {
        let sign = if at == 0 && top == 0 { "> " } else { "  " };
        row(buffer, area, &[(sign.to_owned(), prompt), (text.clone(), Style::new())], &[]);
    }
    if state.composer.is_empty() {
        let text = match state.people.chosen() {
            Some(contact) => format!("say something to {}, or / for more", contact.name),
            None => "/ for what there is to do".to_owned(),
        };
        row(buffer, area, &[("> ".to_owned(), prompt), (text, theme.quiet())], &[]);
    }
    let cells = |count: usize| u16::try_from(count).unwrap_or(u16::MAX);
    let x = area.x.saturating_add(cells(PROMPT.saturating_add(typed.column)));
    Position::new(x.min(area.right().saturating_sub(1)), area.y.saturating_add(cells(typed.row.saturating_sub(top))))
}

/// What it is all for.
const ABOUT: &str = "Lamplit shows who of your people is on and lets you talk: directly when near, sealed always.";

/// What to do first.
fn welcome(state: &State, theme: Theme, buffer: &mut Buffer, area: Rect) {
    let Some(status) = &state.status else { return };
    let greeting = format!("Good to see you, {}.", status.name);
    let lines: [(&str, Style); 7] = [
        ("", Style::new()),
        (&greeting, theme.strong()),
        ("", Style::new()),
        (ABOUT, Style::new()),
        ("", Style::new()),
        ("/invite      makes an invite for somebody", theme.lit()),
        ("/accept LINK takes one; or paste the link", theme.lit()),
    ];
    let room = usize::from(area.width).saturating_sub(3);
    let lines = lines.into_iter().flat_map(|(text, style)| wrap(text, room).into_iter().map(move |text| (text, style)));
    for (area, (text, style)) in rows_of(area).zip(lines) {
        row(buffer, area, &[(format!("  {text}"), style)], &[]);
    }
}
