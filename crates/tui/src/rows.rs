//! A conversation as rows on a screen.

use jiff::civil::Date;

use crate::{
    limits,
    talk::{At, Entry, Talk},
};

/// One row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Row {
    Blank,
    /// Here it all began.
    Start,
    /// Older messages are on their way.
    Loading,
    Day(Date),
    /// What follows was not read when the conversation was opened.
    New,
    /// Who wrote what follows, and when.
    Head {
        entry: usize,
        time: String,
    },
    /// A row of a message, by its place among those at hand.
    Text {
        entry: usize,
        row: usize,
        last: bool,
    },
    /// A row of a message that is on its way to the daemon.
    Saying {
        saying: usize,
        row: usize,
        last: bool,
    },
}

/// How wide the text of messages is in a conversation of that width.
pub(crate) fn text_width(width: usize) -> usize {
    let room = if width < 56 { width.saturating_sub(6) } else { width.saturating_mul(4) / 5 };
    room.clamp(1, limits::MESSAGE_WIDTH)
}

pub(crate) fn rows(talk: &Talk) -> Vec<Row> {
    let mut rows = Vec::new();
    match (talk.is_loading(), talk.begins()) {
        (true, _) => return vec![Row::Loading],
        (false, true) => rows.push(Row::Start),
        (false, false) => rows.push(Row::Loading),
    }
    let mut before: Option<&Entry> = None;
    for (at, entry) in talk.entries().iter().enumerate() {
        introduce(&mut rows, talk, before, at, entry);
        let last = entry.rows.len().saturating_sub(1);
        rows.extend((0..entry.rows.len()).map(|row| Row::Text { entry: at, row, last: row == last }));
        before = Some(entry);
    }
    for (at, saying) in talk.saying().iter().enumerate() {
        rows.push(Row::Blank);
        let last = saying.rows.len().saturating_sub(1);
        rows.extend((0..saying.rows.len()).map(|row| Row::Saying { saying: at, row, last: row == last }));
    }
    rows
}

/// What stands before a message: its day, whether it is new, and who wrote it.
fn introduce(rows: &mut Vec<Row>, talk: &Talk, before: Option<&Entry>, at: usize, entry: &Entry) {
    let date = |entry: &Entry| entry.when.as_ref().map(|(date, _)| *date);
    let day = date(entry).filter(|_| before.and_then(date) != date(entry));
    if let Some(day) = day {
        rows.extend([Row::Blank, Row::Day(day)]);
    }
    let new = talk.new_from == Some(entry.message.index);
    if new {
        rows.extend([Row::Blank, Row::New]);
    }
    let together = before.is_some_and(|before| {
        let apart = entry.message.at_ms().abs_diff(before.message.at_ms());
        before.message.mine == entry.message.mine
            && before.message.from == entry.message.from
            && apart < limits::TOGETHER_MS
    });
    if day.is_some() || new || !together {
        let time = entry.when.as_ref().map(|(_, time)| time.clone()).unwrap_or_default();
        rows.extend([Row::Blank, Row::Head { entry: at, time }]);
    }
}
