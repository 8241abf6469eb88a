//! The conversation that is open: the part of it that is at hand, what of that is on the screen, and what of it was seen.

use std::collections::{BTreeSet, VecDeque};

use jiff::tz::TimeZone;
use lamplit_rpc::api::{FileState, HistoryPage, Message, Progress, Transfer, TransferKind};

use crate::{
    limits,
    rows::{self, Row},
    text::{tame, tame_line, wrap},
    time::local_in,
    words,
};

/// A part of a conversation.
#[derive(Debug)]
pub(crate) struct Talk {
    pub(crate) contact: String,
    /// Oldest first, none left out in between.
    entries: VecDeque<Entry>,
    /// Whether there are older ones, and newer ones, than those at hand.
    older: bool,
    newer: bool,
    want: Option<Want>,
    saying: Vec<Saying>,
    /// The first message that was not read when the conversation was opened.
    pub(crate) new_from: Option<u64>,
    /// Messages of the other's that were on the screen.
    seen: BTreeSet<u64>,
    /// Up to where the daemon was told that all was read.
    marked: u64,
    place: Place,
    rows: Vec<Row>,
    laid_for: Option<usize>,
    top: usize,
    height: usize,
}

/// A message, and how it looks.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) message: Message,
    pub(crate) when: Option<(jiff::civil::Date, String)>,
    pub(crate) rows: Vec<String>,
    /// Of a file: what is shown in place of the text.
    file: Option<String>,
    width: usize,
}

/// A message that is on its way to the daemon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Saying {
    pub(crate) ticket: u64,
    pub(crate) text: String,
    pub(crate) rows: Vec<String>,
    /// Its id, once it is kept.
    id: Option<String>,
}

/// Which part is to be fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Want {
    Newest,
    Older,
    Newer,
}

/// Where the reader is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// At the end: what comes is seen.
    End,
    /// A row of a message is so many rows below the top of the screen, whatever comes.
    At { index: u64, row: usize, below: usize },
}

impl Talk {
    pub(crate) fn new(contact: String) -> Self {
        Self {
            contact,
            entries: VecDeque::new(),
            older: true,
            newer: false,
            want: Some(Want::Newest),
            saying: Vec::new(),
            new_from: None,
            seen: BTreeSet::new(),
            marked: 0,
            place: Place::End,
            rows: Vec::new(),
            laid_for: None,
            top: 0,
            height: 0,
        }
    }

    pub(crate) fn entries(&self) -> &VecDeque<Entry> {
        &self.entries
    }

    pub(crate) fn saying(&self) -> &[Saying] {
        &self.saying
    }

    /// Whether the beginning of the conversation is at hand.
    pub(crate) fn begins(&self) -> bool {
        !self.older
    }

    /// Whether nothing came yet.
    pub(crate) fn is_loading(&self) -> bool {
        self.entries.is_empty() && self.older
    }

    /// What is to be fetched, and before which message.
    pub(crate) fn want(&self) -> Option<(Want, Option<u64>)> {
        let page = u64::try_from(limits::PAGE).unwrap_or(u64::MAX);
        let before = match self.want? {
            Want::Newest => None,
            Want::Older => Some(self.entries.front()?.message.index),
            Want::Newer => Some(self.entries.back()?.message.index.saturating_add(page).saturating_add(1)),
        };
        Some((self.want?, before))
    }

    /// The newest are to be looked at again.
    pub(crate) fn refresh(&mut self) {
        self.want = Some(Want::Newest);
    }

    /// Takes what was fetched; `unread` of the other's messages were not read before.
    pub(crate) fn fetched(&mut self, want: Want, page: HistoryPage, unread: u64, zone: &TimeZone) {
        if self.want == Some(want) {
            self.want = None;
        }
        let first = self.is_loading();
        let mut entries: Vec<Entry> = page.messages.into_iter().map(|message| Entry::new(message, zone)).collect();
        entries.reverse();
        match want {
            Want::Newest => self.take_newest(entries, page.more),
            Want::Older => self.take_older(entries, page.more),
            Want::Newer => self.take_newer(entries),
        }
        if first {
            self.new_from = self.first_unread(unread);
            if let Some(index) = self.new_from {
                self.place = Place::At { index, row: 0, below: 2 };
            }
        }
        self.forget_what_was_kept();
        self.laid_for = None;
    }

    fn take_newest(&mut self, entries: Vec<Entry>, more: bool) {
        let last = self.entries.back().map_or(0, |entry| entry.message.index);
        let next = entries.first().map_or(0, |entry| entry.message.index);
        if self.newer && self.place != Place::End {
            // The reader is far up: what is new is fetched on the way down.
            return;
        }
        if self.is_loading() || self.newer || next > last.saturating_add(1) || entries.is_empty() {
            self.entries = entries.into();
            (self.older, self.newer) = (more, false);
        } else {
            for entry in entries {
                self.put(entry);
            }
        }
        self.trim_front();
    }

    fn take_older(&mut self, entries: Vec<Entry>, more: bool) {
        let first = self.entries.front().map_or(u64::MAX, |entry| entry.message.index);
        self.older = more;
        for entry in entries.into_iter().rev().filter(|entry| entry.message.index < first) {
            self.entries.push_front(entry);
        }
        while self.is_too_much() && self.entries.pop_back().is_some() {
            self.newer = true;
        }
    }

    fn take_newer(&mut self, entries: Vec<Entry>) {
        let before = self.entries.len();
        entries.into_iter().for_each(|entry| self.put(entry));
        self.newer = self.entries.len() > before;
        if !self.newer {
            self.refresh();
        }
        self.trim_front();
    }

    /// Adds a message at the end, or takes what is new about one that is there.
    fn put(&mut self, entry: Entry) {
        let index = entry.message.index;
        match self.entries.binary_search_by_key(&index, |known| known.message.index) {
            Ok(at) => {
                if let Some(known) = self.entries.get_mut(at) {
                    known.message.progress = known.message.progress.max_by_reach(entry.message.progress);
                    known.message.reach = entry.message.reach.or(known.message.reach);
                }
            }
            Err(at) if at == self.entries.len() => self.entries.push_back(entry),
            Err(_) => {}
        }
    }

    fn trim_front(&mut self) {
        while self.is_too_much() && self.entries.pop_front().is_some() {
            self.older = true;
        }
    }

    fn is_too_much(&self) -> bool {
        let bytes: usize = self.entries.iter().map(|entry| entry.message.text.len()).sum();
        self.entries.len() > limits::MESSAGES || (bytes > limits::TALK_BYTES && self.entries.len() > 1)
    }

    /// A message came in.
    pub(crate) fn came(&mut self, message: Message, zone: &TimeZone) {
        let last = self.entries.back().map_or(0, |entry| entry.message.index);
        if self.newer {
            return;
        }
        if self.is_loading() || message.index != last.saturating_add(1) {
            return self.refresh();
        }
        self.put(Entry::new(message, zone));
        if self.place == Place::End {
            self.trim_front();
        }
        self.forget_what_was_kept();
        self.laid_for = None;
    }

    /// What is known about a message that is a file changed.
    pub(crate) fn changed(&mut self, message: Message, zone: &TimeZone) {
        if let Some(entry) = self.entries.iter_mut().find(|entry| entry.message.id == message.id) {
            *entry = Entry::new(message, zone);
            self.laid_for = None;
        }
    }

    /// Shows how far files are that are under way.
    pub(crate) fn under_way(&mut self, transfers: &[Transfer]) {
        for entry in &mut self.entries {
            if entry.look_at(transfers) {
                self.laid_for = None;
            }
        }
    }

    /// Whether a file here is on its way.
    pub(crate) fn awaits_a_file(&self) -> bool {
        let wanted =
            |entry: &Entry| entry.message.file.as_ref().is_some_and(|file| matches!(file.state, FileState::Wanted));
        self.entries.iter().any(wanted)
    }

    /// The latest file that was offered and is not here.
    pub(crate) fn offered(&self) -> Option<&Message> {
        let offered = |message: &&Message| {
            message.file.as_ref().is_some_and(|file| !message.mine && matches!(file.state, FileState::Offered))
        };
        self.entries.iter().rev().map(|entry| &entry.message).find(offered)
    }

    /// The latest file that was sent and not taken back; with a name, the latest that is called so.
    pub(crate) fn sent(&self, name: Option<&str>) -> Option<&Message> {
        let sent = |message: &&Message| {
            message.file.as_ref().is_some_and(|file| {
                let is_meant = name.is_none_or(|name| file.name == name);
                message.mine && is_meant && !matches!(file.state, FileState::Withdrawn)
            })
        };
        self.entries.iter().rev().map(|entry| &entry.message).find(sent)
    }

    /// A message has come further. One that nobody knows here was said elsewhere.
    pub(crate) fn progressed(&mut self, id: &str, progress: Progress) {
        match self.entries.iter_mut().rev().find(|entry| entry.message.id == id) {
            // With how many of a group is not told.
            Some(entry) if entry.message.reach.is_some() => self.refresh(),
            Some(entry) => entry.message.progress = entry.message.progress.max_by_reach(Some(progress)),
            None if self.newer => {}
            None => self.refresh(),
        }
    }

    /// Says something: it stands at the end until it is kept. False if too much is on its way.
    pub(crate) fn say(&mut self, ticket: u64, text: &str) -> bool {
        if self.saying.len() >= limits::SAYING {
            return false;
        }
        self.saying.push(Saying { ticket, text: text.to_owned(), rows: Vec::new(), id: None });
        self.new_from = None;
        self.go_to_end();
        self.laid_for = None;
        true
    }

    /// What was said is kept, under this id.
    pub(crate) fn said(&mut self, ticket: u64, id: String) {
        if let Some(saying) = self.saying.iter_mut().find(|saying| saying.ticket == ticket) {
            saying.id = Some(id);
        }
        self.refresh();
        self.forget_what_was_kept();
    }

    /// What was to be said was refused.
    pub(crate) fn unsaid(&mut self, ticket: u64) {
        self.saying.retain(|saying| saying.ticket != ticket);
        self.laid_for = None;
    }

    fn forget_what_was_kept(&mut self) {
        let entries = &self.entries;
        let known = |id: &String| entries.iter().rev().any(|entry| entry.message.id == *id);
        let before = self.saying.len();
        self.saying.retain(|saying| !saying.id.as_ref().is_some_and(known));
        if self.saying.len() < before {
            self.laid_for = None;
        }
    }

    /// Puts everything into rows for a screen of that size, and finds the reader's place in them.
    pub(crate) fn lay(&mut self, width: usize, height: usize) {
        if self.laid_for != Some(width) {
            let text = rows::text_width(width);
            for entry in &mut self.entries {
                entry.lay(text);
            }
            for saying in &mut self.saying {
                saying.rows = folded(&tame(&saying.text), text);
            }
            self.rows = rows::rows(self);
            self.laid_for = Some(width);
        }
        self.height = height;
        let end = self.end();
        self.top = match self.place {
            Place::End => end,
            Place::At { index, row, below } => {
                self.find(index, row).map_or(end, |at| at.saturating_sub(below)).min(end)
            }
        };
        if self.top >= end && !self.newer {
            self.place = Place::End;
        }
        if self.want.is_none() && !self.is_loading() {
            let left = self.rows.len().saturating_sub(self.top.saturating_add(height));
            if self.older && self.top < limits::FETCH_AHEAD {
                self.want = Some(Want::Older);
            } else if self.newer && left < limits::FETCH_AHEAD {
                self.want = Some(Want::Newer);
            }
        }
    }

    /// The rows on the screen.
    pub(crate) fn on_screen(&self) -> &[Row] {
        let end = self.top.saturating_add(self.height).min(self.rows.len());
        self.rows.get(self.top..end).unwrap_or_default()
    }

    pub(crate) fn is_at_end(&self) -> bool {
        self.place == Place::End && !self.newer
    }

    pub(crate) fn scroll(&mut self, by: isize) {
        let top = self.top.saturating_add_signed(by).min(self.end());
        if top >= self.end() && !self.newer {
            self.place = Place::End;
        } else if let Some((below, index, row)) = self.first_text_from(top) {
            self.place = Place::At { index, row, below };
        }
    }

    pub(crate) fn page(&mut self, by: isize) {
        // One row of the last screen stays, to go on from.
        let rows = isize::try_from(self.height.saturating_sub(1).max(1)).unwrap_or(1);
        self.scroll(by.saturating_mul(rows));
    }

    pub(crate) fn go_to_start(&mut self) {
        self.scroll(isize::MIN);
    }

    pub(crate) fn go_to_end(&mut self) {
        self.place = Place::End;
        if self.newer {
            self.refresh();
        }
    }

    fn end(&self) -> usize {
        self.rows.len().saturating_sub(self.height)
    }

    fn find(&self, index: u64, row: usize) -> Option<usize> {
        let here = |entry: usize| self.entries.get(entry).map(|entry| entry.message.index);
        let at = |candidate: &Row| matches!(candidate, Row::Text { entry, row: number, .. } if here(*entry) == Some(index) && *number == row);
        self.rows.iter().position(at).or_else(|| (row > 0).then(|| self.find(index, 0)).flatten())
    }

    /// The first row of a message at or below `top`: how far below, and which.
    fn first_text_from(&self, top: usize) -> Option<(usize, u64, usize)> {
        let mut rows = self.rows.iter().skip(top).enumerate();
        rows.find_map(|(below, row)| match row {
            Row::Text { entry, row, .. } => Some((below, self.entries.get(*entry)?.message.index, *row)),
            _ => None,
        })
    }

    /// Takes note of what is on the screen. Returns up to where all is read, if that is news: nothing before it was
    /// left out.
    pub(crate) fn look(&mut self, unread: u64) -> Option<u64> {
        let ended: Vec<u64> = self.on_screen().iter().filter_map(|row| self.ended(row)).collect();
        if unread == 0 {
            self.seen.clear();
            return None;
        }
        self.seen.extend(ended);
        let first = self.first_unread(unread)?;
        let theirs =
            self.entries.iter().map(|entry| &entry.message).filter(|message| !message.mine && message.index >= first);
        let read = theirs.map(|message| message.index).take_while(|index| self.seen.contains(index)).last()?;
        if read <= self.marked {
            return None;
        }
        self.marked = read;
        Some(read)
    }

    /// The daemon did not take it: it is to be told again.
    pub(crate) fn unmark(&mut self) {
        self.marked = 0;
    }

    /// The message of the other's that ends in a row.
    fn ended(&self, row: &Row) -> Option<u64> {
        match row {
            Row::Text { entry, last: true, .. } => {
                self.entries.get(*entry).map(|entry| &entry.message).filter(|message| !message.mine).map(|it| it.index)
            }
            _ => None,
        }
    }

    /// The first of the last `unread` messages of the other's, if it is at hand.
    fn first_unread(&self, unread: u64) -> Option<u64> {
        let theirs = self.entries.iter().rev().map(|entry| &entry.message).filter(|message| !message.mine);
        let back = usize::try_from(unread).ok()?.checked_sub(1)?;
        if self.newer {
            return None;
        }
        theirs.map(|message| message.index).nth(back)
    }
}

impl Entry {
    fn new(mut message: Message, zone: &TimeZone) -> Self {
        message.text = tame(&message.text);
        message.from_name = message.from_name.as_deref().map(tame_line);
        // What came is dated by this device's clock, which its owner can check.
        let when = local_in(message.at_ms(), zone.clone());
        let mut entry = Self { message, when, rows: Vec::new(), file: None, width: 0 };
        entry.look_at(&[]);
        entry
    }

    /// Shows of a file how far it is. Returns whether that looks different.
    fn look_at(&mut self, transfers: &[Transfer]) -> bool {
        let Some(file) = &self.message.file else { return false };
        let kind = if self.message.mine { TransferKind::Serving } else { TransferKind::Fetching };
        let transfer = transfers.iter().find(|transfer| transfer.file == file.id && transfer.kind == kind);
        let shown = Some(tame(&words::file(&self.message, file, transfer)));
        let changed = self.file != shown;
        if changed {
            self.file = shown;
            self.width = 0;
        }
        changed
    }

    fn lay(&mut self, width: usize) {
        if self.width != width {
            self.rows = folded(self.file.as_deref().unwrap_or(&self.message.text), width);
            self.width = width;
        }
    }
}

/// A message in rows, not more than anybody reads.
fn folded(text: &str, width: usize) -> Vec<String> {
    let mut rows = wrap(text, width);
    let beyond = rows.len().saturating_sub(limits::MESSAGE_ROWS);
    if beyond > 0 {
        rows.truncate(limits::MESSAGE_ROWS);
        rows.push(format!("… and {beyond} rows more"));
    }
    rows
}

/// When a message stands in its conversation.
pub(crate) trait At {
    fn at_ms(&self) -> u64;
}

impl At for Message {
    fn at_ms(&self) -> u64 {
        if self.mine { self.sent_ms } else { self.arrived_ms }
    }
}

/// Progress goes one way only, in whatever order it is told.
trait Further {
    fn max_by_reach(self, other: Self) -> Self;
}

impl Further for Option<Progress> {
    fn max_by_reach(self, other: Self) -> Self {
        let reach = |progress: Option<Progress>| match progress {
            None => 0,
            Some(Progress::Sent) => 1,
            Some(Progress::Delivered) => 2,
            Some(Progress::Read) => 3,
        };
        if reach(other) > reach(self) { other } else { self }
    }
}

#[cfg(test)]
mod tests;
