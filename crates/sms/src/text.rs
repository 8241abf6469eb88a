//! A text as telephones take it: in one part or several (3GPP TS 23.040, 9.2.3.24.1).

use crate::{SendError, limits};

/// Letters of one part, and of each part of several, which begins with six bytes of header.
const PLAIN: (usize, usize) = (160, 153);
/// The same in UTF-16 units.
const WIDE: (usize, usize) = (70, 67);

/// A part of a text.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Part {
    /// What the telephone gets: the header, where there are several parts, and the letters.
    pub(crate) bytes: Vec<u8>,
    /// Whether a header is there.
    pub(crate) has_header: bool,
    /// UCS-2; else the alphabet that every centre has.
    pub(crate) is_wide: bool,
}

/// How many parts it makes.
pub(crate) fn count(text: &str) -> Result<usize, SendError> {
    parts(text, 0).map(|parts| parts.len())
}

/// Cuts a text into parts, which `reference` holds together.
pub(crate) fn parts(text: &str, reference: u8) -> Result<Vec<Part>, SendError> {
    // No unit of UTF-16 takes more than three bytes of UTF-8: of what can't be sent nothing is looked at.
    let most = limits::PARTS * PLAIN.1.max(WIDE.1 * 3);
    if text.is_empty() || text.len() > most || text.chars().any(|c| c.is_control() && c != '\n') {
        return Err(SendError::Text);
    }
    let is_wide = !text.chars().all(is_plain);
    let (alone, of_several) = if is_wide { WIDE } else { PLAIN };
    let letters = |c: char| if is_wide { c.len_utf16() } else { 1 };
    if text.chars().map(letters).sum::<usize>() <= alone {
        return Ok(vec![Part { bytes: encode(text.chars(), is_wide), has_header: false, is_wide }]);
    }
    let mut pieces = vec![Vec::new()];
    let mut used = 0;
    for c in text.chars() {
        // A pair of surrogates is one letter: it is never cut.
        if used + letters(c) > of_several {
            pieces.push(Vec::new());
            used = 0;
        }
        used += letters(c);
        if let Some(piece) = pieces.last_mut() {
            piece.push(c);
        }
    }
    let total = u8::try_from(pieces.len()).map_err(|_| SendError::Text)?;
    if pieces.len() > limits::PARTS {
        return Err(SendError::Text);
    }
    let part = |(number, piece): (u8, Vec<char>)| {
        let mut bytes = vec![5, 0, 3, reference, total, number];
        bytes.extend(encode(piece.into_iter(), is_wide));
        Part { bytes, has_header: true, is_wide }
    };
    Ok((1..=total).zip(pieces).map(part).collect())
}

fn encode(letters: impl Iterator<Item = char>, is_wide: bool) -> Vec<u8> {
    if is_wide {
        let mut units = [0; 2];
        return letters.flat_map(|c| c.encode_utf16(&mut units).to_vec()).flat_map(u16::to_be_bytes).collect();
    }
    letters.filter_map(|c| u8::try_from(c).ok()).collect()
}

/// Letters that have the same number in the GSM alphabet, ASCII and Latin 1, so that whatever a centre takes for its own
/// alphabet it shows them as they are. All others go as UCS-2, which means the same everywhere.
fn is_plain(c: char) -> bool {
    matches!(c, '\n' | ' '..='#' | '%'..='?' | 'A'..='Z' | 'a'..='z')
}

#[cfg(test)]
mod tests;
