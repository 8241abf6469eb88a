//! Text in cells of a terminal.

use lamplit_types::safe;
use ratatui::buffer::CellWidth;
use unicode_segmentation::UnicodeSegmentation;

use crate::limits;

/// What stands where text was cut off.
const CUT: &str = "…";

/// Text of other people as it may be shown: safe, with tabs as spaces, and no more marks on a letter than people use.
pub(crate) fn tame(text: &str) -> String {
    let tidy = |cluster: &str| cluster.chars().take(limits::CLUSTER_CHARS).collect::<String>();
    safe(text).replace('\t', "    ").graphemes(true).map(tidy).collect()
}

/// The same on one line.
pub(crate) fn tame_line(text: &str) -> String {
    tame(text).replace('\n', " ")
}

/// The cells a text takes on one line.
pub(crate) fn width(text: &str) -> usize {
    text.graphemes(true).map(cells).sum()
}

/// The cells of one cluster, as they are counted where it is drawn.
pub(crate) fn cells(cluster: &str) -> usize {
    if cluster == "\n" { 0 } else { usize::from(cluster.cell_width()) }
}

/// Text cut to a number of cells, with a mark where it was.
pub(crate) fn cut(text: &str, most: usize) -> String {
    if width(text) <= most {
        return text.to_owned();
    }
    let mut left = most.saturating_sub(width(CUT));
    let mut short = String::new();
    for cluster in text.graphemes(true) {
        let cells = cells(cluster);
        if cells > left {
            break;
        }
        left = left.saturating_sub(cells);
        short.push_str(cluster);
    }
    if most > 0 {
        short.push_str(CUT);
    }
    short
}

/// Tame text in rows of at most `most` cells, broken between words where there are any.
pub(crate) fn wrap(text: &str, most: usize) -> Vec<String> {
    let most = most.max(1);
    let mut rows = Vec::new();
    for line in text.split('\n') {
        let mut row = Row { rows: &mut rows, most, text: String::new(), used: 0 };
        for piece in line.split_word_bounds() {
            row.put(piece);
        }
        row.end();
    }
    rows
}

/// A row that is being filled.
struct Row<'r> {
    rows: &'r mut Vec<String>,
    most: usize,
    text: String,
    used: usize,
}

impl Row<'_> {
    fn put(&mut self, piece: &str) {
        let cells = width(piece);
        let blank = piece.chars().all(char::is_whitespace);
        if self.used.saturating_add(cells) <= self.most {
            self.push(piece, cells);
        } else if blank {
            // Space at the end of a row is seen by nobody.
            self.end();
        } else if cells <= self.most && !closes(piece) {
            let opener = self.take_opener(cells);
            self.end();
            self.push(&opener, width(&opener));
            self.push(piece, cells);
        } else if !self.take_along(piece, cells) {
            self.put_broken(piece);
        }
    }

    /// Takes what opens the word that comes next, such as the stroke of a command, off the end of the row: it goes with that word,
    /// if there is room for both.
    fn take_opener(&mut self, cells: usize) -> String {
        let rest = self.text.trim_end_matches(OPENERS);
        let opener = self.text.get(rest.len()..).unwrap_or_default().to_owned();
        if rest.is_empty() || width(&opener).saturating_add(cells) > self.most {
            return String::new();
        }
        self.text.truncate(rest.len());
        opener
    }

    /// Lets what may not begin a row take the word before it along to the next. Whether there is one, and room for both.
    fn take_along(&mut self, piece: &str, cells: usize) -> bool {
        let Some((_, word)) = self.text.rsplit_once(char::is_whitespace) else { return false };
        if word.is_empty() || !closes(piece) || width(word).saturating_add(cells) > self.most {
            return false;
        }
        let word = word.to_owned();
        self.text.truncate(self.text.len().saturating_sub(word.len()));
        self.end();
        self.push(&word, width(&word));
        self.push(piece, cells);
        true
    }

    /// A word longer than a row, or what may not begin one.
    fn put_broken(&mut self, piece: &str) {
        for cluster in piece.graphemes(true) {
            let cells = cells(cluster);
            if self.used > 0 && self.used.saturating_add(cells) > self.most {
                self.end();
            }
            self.push(cluster, cells);
        }
    }

    fn push(&mut self, piece: &str, cells: usize) {
        self.text.push_str(piece);
        self.used = self.used.saturating_add(cells);
    }

    fn end(&mut self) {
        let mut row = core::mem::take(&mut self.text);
        row.truncate(row.trim_end().len());
        self.rows.push(row);
        self.used = 0;
    }
}

/// What belongs to the word behind it.
const OPENERS: [char; 8] = ['/', '(', '[', '{', '“', '‘', '«', '`'];

/// Marks that belong to the word before.
fn closes(piece: &str) -> bool {
    piece.chars().all(|c| {
        matches!(c, '.' | ',' | ';' | ':' | '!' | '?' | ')' | ']' | '}' | '…' | '。' | '、' | '，' | '！' | '？')
    })
}

#[cfg(test)]
mod tests;
