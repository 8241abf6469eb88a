//! Texts with places for the number and the text.

use url::form_urlencoded::byte_serialize;
use zeroize::Zeroizing;

use crate::ConfigError;

/// How what is put in is written, so that it stays one value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Escape {
    /// As in the query of a URL, or in a form.
    Url,
    /// As within the quotes of a JSON string.
    Json,
}

/// What is put in.
pub(crate) struct Values<'a> {
    /// In E.164.
    pub(crate) number: &'a str,
    /// The same without its `+`.
    pub(crate) digits: &'a str,
    pub(crate) text: &'a str,
}

/// A template that was read, which holds passwords too.
pub(crate) struct Template {
    pieces: Vec<Piece>,
    escape: Escape,
}

#[derive(Clone)]
enum Piece {
    Fixed(Zeroizing<String>),
    Number,
    Digits,
    Text,
}

impl Template {
    /// Reads a template: `{number}`, `{digits}` and `{text}` are places, other words in braces are mistakes, and other
    /// braces are themselves.
    pub(crate) fn read(template: &str, escape: Escape) -> Result<Self, ConfigError> {
        let mut pieces = Vec::new();
        let mut fixed = Zeroizing::new(String::new());
        let mut rest = template;
        while let Some((before, after)) = rest.split_once('{') {
            fixed.push_str(before);
            let word = after.split_once('}').filter(|(word, _)| is_word(word));
            let Some((word, behind)) = word else {
                fixed.push('{');
                rest = after;
                continue;
            };
            let place = match word {
                "number" => Piece::Number,
                "digits" => Piece::Digits,
                "text" => Piece::Text,
                _ => return Err(ConfigError::Place),
            };
            pieces.extend([Piece::Fixed(core::mem::take(&mut fixed)), place]);
            rest = behind;
        }
        fixed.push_str(rest);
        pieces.push(Piece::Fixed(fixed));
        Ok(Self { pieces, escape })
    }

    /// Whether the number has a place, and whether the text has.
    pub(crate) fn has(&self) -> (bool, bool) {
        let number = self.pieces.iter().any(|piece| matches!(piece, Piece::Number | Piece::Digits));
        (number, self.pieces.iter().any(|piece| matches!(piece, Piece::Text)))
    }

    pub(crate) fn fill(&self, values: &Values<'_>) -> Zeroizing<String> {
        let mut filled = Zeroizing::new(String::new());
        for piece in &self.pieces {
            match piece {
                Piece::Fixed(fixed) => filled.push_str(fixed),
                Piece::Number => self.put(&mut filled, values.number),
                Piece::Digits => self.put(&mut filled, values.digits),
                Piece::Text => self.put(&mut filled, values.text),
            }
        }
        filled
    }

    fn put(&self, filled: &mut String, value: &str) {
        match self.escape {
            // A space as %20: a plus is one in queries, and a space only in forms.
            Escape::Url => byte_serialize(value.as_bytes()).for_each(|piece| match piece {
                "+" => filled.push_str("%20"),
                piece => filled.push_str(piece),
            }),
            Escape::Json => value.chars().for_each(|c| match c {
                '"' => filled.push_str("\\\""),
                '\\' => filled.push_str("\\\\"),
                c if c < ' ' => filled.push_str(&format!("\\u{:04x}", u32::from(c))),
                c => filled.push(c),
            }),
        }
    }
}

fn is_word(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
}

#[cfg(test)]
mod tests;
