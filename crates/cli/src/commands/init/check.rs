//! Whether the recovery phrase stands on paper: some of its words are asked back.

use std::io::{self, BufRead, Read as _, Write};

/// Words that are asked back.
pub(super) const ASKED: usize = 3;
/// The longest line that is read, in bytes.
const LONGEST: u64 = 256;

/// Which words to ask for, from 0: as many as [`ASKED`], in their order, by some random bytes.
pub(super) fn places(drawn: &[u8], words: usize) -> Vec<usize> {
    let mut places = Vec::new();
    for byte in drawn {
        let Some(place) = usize::from(*byte).checked_rem(words) else { break };
        if places.len() < ASKED && !places.contains(&place) {
            places.push(place);
        }
    }
    places.sort_unstable();
    places
}

/// Asks for these words until each was typed as it is. Whether all were: an empty line, or the end, leaves it.
pub(super) fn ask(
    input: &mut impl BufRead,
    out: &mut impl Write,
    words: &[&str],
    places: &[usize],
) -> io::Result<bool> {
    out.write_all(b"\nTo be sure, some of it from your paper. Enter alone leaves this.\n")?;
    for &place in places {
        let Some(word) = words.get(place) else { continue };
        let number = place.saturating_add(1);
        loop {
            write!(out, "Word {number}: ")?;
            out.flush()?;
            let mut line = String::new();
            input.take(LONGEST).read_line(&mut line)?;
            let typed = line.trim();
            if typed.eq_ignore_ascii_case(word) {
                break;
            }
            if typed.is_empty() {
                out.write_all(
                    b"Not checked. Compare your paper with the words above now: they are not shown again.\n",
                )?;
                return Ok(false);
            }
            writeln!(
                out,
                "That is not word {number}. Compare your paper with the words above, put it right, and try again."
            )?;
        }
    }
    out.write_all(b"Right. Your paper is good.\n")?;
    Ok(true)
}

#[cfg(test)]
mod tests;
