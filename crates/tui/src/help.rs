//! The help, as rows for a screen, and how it is scrolled.

use core::iter;

use ratatui::layout::Rect;

use crate::{
    command,
    text::{width, wrap},
};

/// The widest the help gets, with its frame.
pub(crate) const WIDTH: u16 = 78;
/// Rows and columns of a frame.
const FRAME: usize = 2;
/// Cells inside the frame from which there is room for what a key does beside it; with fewer it stands below.
const BESIDE: usize = 60;
/// Cells of a key then, with one before and one after it.
const KEY: usize = 22;
/// Cells before what stands below a key.
const INDENT: usize = 3;

const KEYS: &[(&str, &str)] = &[
    ("Tab, Shift-Tab", "the next pane, the one before"),
    ("Ctrl-N", "the next person who said something"),
    ("Esc", "back; all people again"),
    ("Ctrl-C", "leave; the daemon goes on"),
    ("", ""),
    ("letters", "among the people: find by name, app or note"),
    ("Enter", "open the conversation; send what is typed"),
    ("Alt-Enter, Ctrl-J", "begin a new line"),
    ("PgUp, PgDn", "scroll the conversation, or this help"),
    ("Home, End", "its beginning, its end, if nothing is typed"),
    ("Ctrl-W, Ctrl-U", "delete a word, or all before the cursor"),
    ("", ""),
];
const MARKS: &[(&str, &str)] = &[
    ("", ""),
    ("● ○ ◇", "on some app, on none; a group"),
    ("· ✓ ✓✓", "kept here, delivered, read; with a number: by so many"),
];

/// A row: a key or a command, and what it does or a part of that.
pub(crate) type Row = (String, String);

/// All rows, for a screen of that size.
pub(crate) fn rows(screen: Rect) -> Vec<Row> {
    let room = usize::from(screen.width.min(WIDTH)).saturating_sub(FRAME);
    let owned = |(key, does): &(&str, &'static str)| ((*key).to_owned(), *does);
    let commands = command::ALL.iter().map(|known| (format!("/{} {}", known.name, known.with), known.does));
    let entries = KEYS.iter().map(owned).chain(commands).chain(MARKS.iter().map(owned));
    entries.flat_map(|(key, does)| entry(key.trim_end(), does, room)).collect()
}

/// A key or a command with what it does: beside it, or below it where there is less room.
fn entry(key: &str, does: &str, room: usize) -> Vec<Row> {
    if does.is_empty() {
        return vec![(String::new(), String::new())];
    }
    let key = format!(" {key}");
    if room < BESIDE {
        let below = wrap(does, room.saturating_sub(INDENT).saturating_sub(1)).into_iter();
        let below = below.map(|part| (String::new(), format!("{}{part}", " ".repeat(INDENT))));
        return iter::once((key, String::new())).chain(below).collect();
    }
    let aside = " ".repeat(KEY.saturating_sub(width(&key)));
    let keys = iter::once(format!("{key}{aside}")).chain(iter::repeat(" ".repeat(KEY)));
    keys.zip(wrap(does, room.saturating_sub(KEY))).collect()
}

/// The first row on the screen when all is scrolled up.
pub(crate) fn end(screen: Rect) -> usize {
    rows(screen).len().saturating_sub(usize::from(screen.height).saturating_sub(FRAME))
}

/// The first row on the screen after so many rows were scrolled by.
pub(crate) fn scrolled(top: usize, by: isize, screen: Rect) -> usize {
    let end = end(screen);
    top.min(end).saturating_add_signed(by).min(end)
}

/// Rows that a page goes by: one of the last screen stays, to go on from.
pub(crate) fn page(screen: Rect) -> isize {
    let rows = usize::from(screen.height).saturating_sub(FRAME).saturating_sub(1).max(1);
    isize::try_from(rows).unwrap_or(1)
}

#[cfg(test)]
mod tests;
