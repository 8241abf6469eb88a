//! A line, or several, that are being typed.

use lamplit_types::limits::TEXT_BYTES;
use unicode_segmentation::UnicodeSegmentation;

use crate::text::{cells, tame};

/// What is being typed, and where in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Composer {
    before: String,
    after: String,
}

/// What is being typed, in rows.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Typed {
    pub(crate) rows: Vec<String>,
    /// Where the cursor is: its row, and the cells before it in there.
    pub(crate) row: usize,
    pub(crate) column: usize,
}

/// There is no room for that much.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a message has at most {max} KiB: the rest was not taken; send it as a file", max = TEXT_BYTES / 1024)]
pub(crate) struct Full;

impl Composer {
    pub(crate) fn is_empty(&self) -> bool {
        self.before.is_empty() && self.after.is_empty()
    }

    pub(crate) fn text(&self) -> String {
        format!("{}{}", self.before, self.after)
    }

    pub(crate) fn set(&mut self, text: &str) {
        self.before = text.to_owned();
        self.after.clear();
    }

    pub(crate) fn take(&mut self) -> String {
        let text = self.text();
        *self = Self::default();
        text
    }

    /// Types, or pastes. Control characters are left out but for line feeds and tabs, which come as messages may hold them.
    ///
    /// # Errors
    /// [`Full`] if it did not all go in.
    pub(crate) fn insert(&mut self, text: &str) -> Result<(), Full> {
        let text = text.replace("\r\n", "\n").replace('\r', "\n");
        for c in text.chars().filter(|&c| !c.is_control() || matches!(c, '\n' | '\t')) {
            let bytes = self.before.len().saturating_add(self.after.len()).saturating_add(c.len_utf8());
            if bytes > TEXT_BYTES {
                return Err(Full);
            }
            self.before.push(c);
        }
        Ok(())
    }

    pub(crate) fn left(&mut self) {
        let cluster = last(&self.before);
        self.take_back(cluster);
    }

    pub(crate) fn right(&mut self) {
        let cluster = first(&self.after);
        self.give_back(cluster);
    }

    pub(crate) fn word_left(&mut self) {
        let word = last_word(&self.before);
        self.take_back(word);
    }

    pub(crate) fn word_right(&mut self) {
        let word = first_word(&self.after);
        self.give_back(word);
    }

    /// To the beginning of the line.
    pub(crate) fn home(&mut self) {
        let line = self.before.rsplit('\n').next().map_or(0, str::len);
        self.take_back(line);
    }

    /// To the end of the line.
    pub(crate) fn end(&mut self) {
        let line = self.after.split('\n').next().map_or(0, str::len);
        self.give_back(line);
    }

    pub(crate) fn backspace(&mut self) {
        let cluster = last(&self.before);
        self.before.truncate(self.before.len().saturating_sub(cluster));
    }

    pub(crate) fn delete(&mut self) {
        self.after.drain(..first(&self.after));
    }

    pub(crate) fn delete_word(&mut self) {
        let word = last_word(&self.before);
        self.before.truncate(self.before.len().saturating_sub(word));
    }

    /// Deletes what is before the cursor in its line.
    pub(crate) fn delete_to_start(&mut self) {
        let line = self.before.rsplit('\n').next().map_or(0, str::len);
        self.before.truncate(self.before.len().saturating_sub(line));
    }

    /// Deletes what is after the cursor in its line.
    pub(crate) fn delete_to_end(&mut self) {
        let line = self.after.split('\n').next().map_or(0, str::len);
        self.after.drain(..line);
    }

    /// One row up, at that width. False if there is none.
    pub(crate) fn up(&mut self, width: usize) -> bool {
        let typed = self.rows(width);
        typed.row.checked_sub(1).is_some_and(|row| self.go_to(width, row, typed.column))
    }

    /// One row down, at that width. False if there is none.
    pub(crate) fn down(&mut self, width: usize) -> bool {
        let typed = self.rows(width);
        let row = typed.row.saturating_add(1);
        row < typed.rows.len() && self.go_to(width, row, typed.column)
    }

    /// In rows of at most `width` cells, with one to spare for the cursor.
    pub(crate) fn rows(&self, width: usize) -> Typed {
        let Laid { rows, places } = lay(&self.text(), width);
        let here = places.iter().find(|place| place.at >= self.before.len());
        let (row, column) = here.map_or((0, 0), |place| (place.row, place.column));
        Typed { rows, row, column }
    }

    /// Puts the cursor into a row, as near to a column as there is text.
    fn go_to(&mut self, width: usize, row: usize, column: usize) -> bool {
        let text = self.text();
        let places = lay(&text, width).places;
        let in_row = places.iter().filter(|place| place.row == row);
        let Some(nearest) = in_row.min_by_key(|place| place.column.abs_diff(column)) else { return false };
        let (before, after) = text.split_at_checked(nearest.at).unwrap_or((&text, ""));
        *self = Self { before: before.to_owned(), after: after.to_owned() };
        true
    }

    fn take_back(&mut self, bytes: usize) {
        let at = self.before.len().saturating_sub(bytes);
        if let Some((stays, goes)) = self.before.split_at_checked(at) {
            self.after.insert_str(0, goes);
            self.before.truncate(stays.len());
        }
    }

    fn give_back(&mut self, bytes: usize) {
        self.before.extend(self.after.drain(..bytes.min(self.after.len())));
    }
}

/// Text in rows, and where in them each cluster begins; the last place is behind the last of them.
struct Laid {
    rows: Vec<String>,
    places: Vec<Place>,
}

struct Place {
    at: usize,
    row: usize,
    column: usize,
}

fn lay(text: &str, width: usize) -> Laid {
    let width = width.saturating_sub(1).max(2);
    let (mut rows, mut places) = (Vec::new(), Vec::new());
    let (mut row, mut column) = (String::new(), 0_usize);
    for (at, cluster) in text.grapheme_indices(true) {
        let (shown, cells) = if cluster == "\n" { (String::new(), 0) } else { shown(cluster) };
        if column.saturating_add(cells) > width {
            rows.push(core::mem::take(&mut row));
            column = 0;
        }
        places.push(Place { at, row: rows.len(), column });
        row.push_str(&shown);
        column = column.saturating_add(cells);
        if cluster == "\n" {
            rows.push(core::mem::take(&mut row));
            column = 0;
        }
    }
    places.push(Place { at: text.len(), row: rows.len(), column });
    rows.push(row);
    Laid { rows, places }
}

/// A cluster as it is shown, and its cells.
fn shown(cluster: &str) -> (String, usize) {
    let shown = tame(cluster);
    let cells = if shown == "    " { 4 } else { cells(&shown) };
    (shown, cells)
}

fn first(text: &str) -> usize {
    text.graphemes(true).next().map_or(0, str::len)
}

fn last(text: &str) -> usize {
    text.graphemes(true).next_back().map_or(0, str::len)
}

/// The bytes of the first word, with the space before it.
fn first_word(text: &str) -> usize {
    let (mut bytes, mut inside) = (0_usize, false);
    for piece in text.split_word_bounds() {
        let blank = piece.chars().all(char::is_whitespace);
        if inside && blank {
            break;
        }
        inside |= !blank;
        bytes = bytes.saturating_add(piece.len());
    }
    bytes
}

/// The bytes of the last word, with the space after it.
fn last_word(text: &str) -> usize {
    let (mut bytes, mut inside) = (0_usize, false);
    for piece in text.split_word_bounds().rev() {
        let blank = piece.chars().all(char::is_whitespace);
        if inside && blank {
            break;
        }
        inside |= !blank;
        bytes = bytes.saturating_add(piece.len());
    }
    bytes
}

#[cfg(test)]
mod tests;
