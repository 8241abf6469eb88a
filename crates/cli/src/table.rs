//! Rows in columns as wide as their text, by terminal cells.

use unicode_width::UnicodeWidthStr;

/// A cell: its text, and the text with colours.
pub(crate) struct Cell {
    plain: String,
    painted: String,
}

impl Cell {
    pub(crate) fn new(plain: impl Into<String>, paint: impl FnOnce(&str) -> String) -> Self {
        let plain = plain.into();
        Self { painted: paint(&plain), plain }
    }
}

impl<T: Into<String>> From<T> for Cell {
    fn from(text: T) -> Self {
        Self::new(text, str::to_owned)
    }
}

/// Lines of a table, two spaces between columns, nothing after the last.
pub(crate) fn lines(rows: &[Vec<Cell>]) -> Vec<String> {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column| rows.iter().filter_map(|row| row.get(column)).map(|cell: &Cell| cell.plain.width()).max();
    let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
    rows.iter().map(|row| line(row, &widths)).collect()
}

fn line(row: &[Cell], widths: &[usize]) -> String {
    let mut line = String::new();
    let mut gap = 0;
    for (cell, width) in row.iter().zip(widths) {
        line.extend(core::iter::repeat_n(' ', gap));
        line.push_str(&cell.painted);
        gap = width.saturating_sub(cell.plain.width()).saturating_add(2);
    }
    line.truncate(line.trim_end().len());
    line
}

#[cfg(test)]
mod tests;
